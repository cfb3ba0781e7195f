"""`-o s3://…`: the real client against a real S3 server of its own, with a proxy in between that fails on demand.

Whatever goes wrong: the same call afterwards, and the store holds, to the byte, what a build on a disk makes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from simgen.build.driver import finish, outlook
from simgen.build.plan import Share
from simgen.build.store import Store
from simgen.dataset.storage import FileRecord
from simgen.errors import BuildError
from simgen.reading import open_dataset
from simgen.reading.retries import Patience
from simgen.verification import differences, verify
from tests.build.command import environment
from tests.build.hand import Output, content
from tests.hub.faults import Fault
from tests.stores.hand_build import QUICK, StoreRecipe, made

s3fs = pytest.importorskip("s3fs")
pytest.importorskip("moto")
pytest.importorskip("pybullet")  # the driver asks for it, though no clip here needs it

from tests.stores.s3 import Bucket  # noqa: E402

SHARDS = ["train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00002", "test-00001-of-00002"]


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], dict[str, bytes]]:
    """What a build of so many clips of each split makes on a disk."""
    known: dict[int, dict[str, bytes]] = {}

    def of(clips: int) -> dict[str, bytes]:
        if clips not in known:
            folder = tmp_path_factory.mktemp("disk")
            made(folder / "out", clips=clips)
            known[clips] = content(folder / "out")
        return known[clips]

    return of


Disk = Callable[[int], dict[str, bytes]]


def test_it_is_what_a_disk_would_hold(bucket: Bucket, on_disk: Disk, tmp_path: Path) -> None:
    report, names = made(bucket.url, tmp_path / "staging", 3)
    assert names == SHARDS
    assert (report.store, report.clips) == (bucket.url, 6)
    assert bucket.content() == on_disk(3)
    assert list((tmp_path / "staging").iterdir()) == []
    assert bucket.wrote("")[-1].startswith(f"PUT /{bucket.name}/in/hand/manifest.json")
    assert verify(bucket.url).ok
    made(tmp_path / "disk", clips=3)
    assert (
        list(differences(open_dataset(bucket.url, "train"), open_dataset(tmp_path / "disk", "train"))) == []
    )
    before = bucket.content()
    bucket.front.requests.clear()
    assert made(bucket.url, tmp_path / "staging", 3)[1] == []
    assert bucket.wrote("") == []
    assert bucket.content() == before
    only_what_the_store_cannot_vouch_for_is_read(bucket)


def only_what_the_store_cannot_vouch_for_is_read(bucket: Bucket) -> None:
    bucket.front.requests.clear()
    report = verify(bucket.url)
    assert (report.ok, report.files, report.kept) == (True, 8, 8)
    assert "8 files compared by the hashes that the store keeps (--read reads and hashes all)" in report.text
    gets = [asked for asked in bucket.front.requests if asked.startswith("GET ") and "list-type" not in asked]
    assert [asked.split("?")[0] for asked in gets if "/data/" in asked or "/webdataset/" in asked] == []
    before = bucket.content()
    name = "data/train-00000-of-00002.parquet"
    spoilt = before[name][:-9] + bytes([before[name][-9] ^ 1]) + before[name][-8:]
    bucket.put(name, spoilt)  # by somebody who tells no SHA-256
    report = verify(bucket.url)
    assert report.kept == 7
    assert [str(finding).split(" (")[0] for finding in report.findings] == [
        f"{name}: was changed since it was written"
    ]
    digest = base64.b64encode(hashlib.sha256(spoilt).digest()).decode()
    bucket.store.pipe_file(
        f"{bucket.place}/{name}", spoilt, ChecksumAlgorithm="SHA256", ChecksumSHA256=digest
    )
    report = verify(bucket.url)
    assert (report.ok, report.kept) == (False, 8)
    bucket.remove(name)
    assert [str(finding) for finding in verify(bucket.url).findings] == [f"{name}: is missing"]
    bucket.put(name, before[name])
    report = verify(bucket.url, read=True)
    assert (report.ok, report.kept) == (True, 0)


def test_a_fresh_machine_makes_only_what_is_missing(bucket: Bucket, on_disk: Disk, tmp_path: Path) -> None:
    """A marker is gone, a file is, a marker is torn, and a file was edited: its size is the same, its date tells."""
    made(bucket.url, tmp_path / "one", 3)
    name = f"data/{SHARDS[0]}.parquet"
    data = bucket.content()[name]
    wait_for_another_second(bucket)
    bucket.put(name, data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    bucket.put(f"data/{SHARDS[1]}.parquet", bucket.content()[f"data/{SHARDS[1]}.parquet"])  # only touched
    assert made(bucket.url, tmp_path / "another", 3)[1] == SHARDS[:1]
    assert bucket.content() == on_disk(3)
    bucket.remove(f".simgen/markers/{SHARDS[1]}.json")
    bucket.remove(f"webdataset/{SHARDS[2]}.tar")
    bucket.put(f".simgen/markers/{SHARDS[3]}.json", b'{"format": 1, "sh')
    assert made(bucket.url, tmp_path / "another", 3)[1] == SHARDS[1:]
    assert bucket.content() == on_disk(3)


def wait_for_another_second(bucket: Bucket) -> None:
    """S3 dates in whole seconds: until what is written now is younger than the dataset."""
    bucket.put("clock", b"")
    while bucket.date("clock") <= bucket.date(f".simgen/markers/{SHARDS[0]}.json"):
        threading.Event().wait(0.05)
        bucket.put("clock", b"")
    bucket.remove("clock")


def killed_at(bucket: Bucket, path: str, staging: Path) -> None:
    """A build in a process of its own, which SIGKILL ends while that file is on its way."""
    fault = bucket.front.fail(Fault(f"PUT /.*/{path}", first=lambda: os.kill(build.pid, signal.SIGKILL)))
    arguments = ["-m", "tests.stores.hand_build", bucket.url, str(staging), "3"]
    build = subprocess.Popen([sys.executable, *arguments], env=environment(), cwd=Path(__file__).parents[2])
    assert build.wait(timeout=120) == -signal.SIGKILL
    assert fault.happened


def test_killed_builds_are_continued(bucket: Bucket, on_disk: Disk, tmp_path: Path) -> None:
    """One by the same machine, and another one, which all shards have reached, by a machine that has none."""
    killed_at(bucket, "webdataset/train-00001", tmp_path / "one")
    there = {Path(path).stem for path in bucket.content() if path.startswith(".simgen/markers/")}
    here = {path.stem for path in (tmp_path / "one").glob("*/.simgen/markers/*")}
    assert "train-00001-of-00002" in here - there
    killed_at(bucket, "manifest.json", tmp_path / "one")
    assert all(
        len(bucket.wrote(f"data/{name}")) == 1 for name in there
    )  # what had arrived was not sent again
    assert made(bucket.url, tmp_path / "another", 3)[1] == []
    assert bucket.content() == on_disk(3)


def test_what_passes_is_not_noticed(bucket: Bucket, on_disk: Disk, tmp_path: Path) -> None:
    """Nor is a store that knows no SHA-256, as many that speak S3; a second build on this machine is refused."""
    faults = [
        Fault("PUT /.*/build.json", 501, "NotImplemented"),
        Fault("PUT /.*/recipe.yaml", 400, "BadDigest"),
        Fault("PUT /.*/data/", 503, "SlowDown", times=3),
        Fault("PUT /.*/webdataset/train", 500, times=1),
        Fault("PUT /.*/webdataset/test", cut_after=2000, times=4),
        Fault("PUT /.*/markers/", answer_lost=True, times=2),
        Fault("GET .*(list-type|markers)", 503, "SlowDown", times=3),
        Fault("HEAD /.*/data/", cut_after=0, times=2),
    ]
    for fault in faults:
        bucket.front.fail(fault)
    refused: list[str] = []

    def other(shard: Any) -> None:
        if str(shard) == SHARDS[0]:
            with pytest.raises(BuildError, match="Another build is writing to ") as failure:
                made(bucket.url, tmp_path, 3)
            refused.append(str(failure.value))

    made(bucket.url, tmp_path, 3, before=other)
    assert [fault.happened for fault in faults] == [1, 1, 3, 1, 4, 2, 3, 2]
    assert len(refused) == 1
    assert bucket.content() == on_disk(3)
    assert verify(bucket.url).kept == 0


def test_a_store_that_is_away_for_a_while(bucket: Bucket, on_disk: Disk, tmp_path: Path) -> None:
    """It goes when the third shard is begun, and comes back when a request has failed a few times."""
    front, back = bucket.front, threading.Timer(1.5, bucket.front.come)

    def begin(shard: Any) -> None:
        if str(shard) == SHARDS[2]:
            front.go()
            back.start()

    made(bucket.url, tmp_path, 3, before=begin, patience=Patience(40, 0.05, 0.2))
    assert bucket.content() == on_disk(3)


def test_a_store_that_stays_away(bucket: Bucket, on_disk: Disk, tmp_path: Path) -> None:
    front = bucket.front
    staging = tmp_path / "staging"

    def begin(shard: Any) -> None:
        if str(shard) == SHARDS[2]:
            front.go()

    try:
        with pytest.raises(BuildError) as failure:
            made(bucket.url, staging, 3, before=begin, patience=Patience(3, 0.01, 0.02))
    finally:
        front.come()
    (own,) = staging.iterdir()
    said = str(failure.value)
    assert re.match(
        rf"{bucket.url}/\S+ could not be (sent|read|looked at|removed|written) \(.*; tried 3 times in \d+ s\)\. ",
        said,
    )
    assert said.endswith(
        "The store or the network does not answer: look at both. "
        f"What is finished is kept, there and in {own}: run the same command again."
    )
    assert made(bucket.url, staging, 3)[1] == SHARDS[3:]
    assert bucket.content() == on_disk(3)
    assert list(staging.iterdir()) == []


def test_tasks_meet_in_the_store_alone(bucket: Bucket, on_disk: Disk, tmp_path: Path) -> None:
    def task(number: int) -> str:
        return made(bucket.url, tmp_path / f"machine{number}", 3, share=Share(number, 3))[0].outstanding

    first = task(1)
    assert first == (
        "3 shards are missing, of tasks 0/3, 2/3. The last task finishes the dataset, or the same command with "
        "--finish in place of --task."
    )
    with pytest.raises(BuildError, match=f"{bucket.url} is not complete: 3 of 4 shards are missing "):
        finish(StoreRecipe(), bucket.url, clips=3, staging=tmp_path)  # type: ignore[arg-type]
    told = outlook(StoreRecipe(), bucket.url, clips=3, share=Share(0, 3))  # type: ignore[arg-type]
    assert told.splitlines() == [
        f"{bucket.url}: 6 clips (train 3, test 3) in 4 shards as parquet and webdataset",
        "  task 0/3 makes 2 of them: 0 shards are done, 2 are to be made",
    ]
    assert "manifest.json" not in bucket.content()
    bucket.remove(f"data/{SHARDS[1]}.parquet")  # of task 1, whose marker stays
    with ThreadPoolExecutor() as pool:
        assert "1 shard is missing, of task 1/3" in " ".join(pool.map(task, (0, 2)))
    assert task(1) == ""
    assert bucket.content() == on_disk(3)
    bucket.remove("manifest.json")
    finish(StoreRecipe(), bucket.url, clips=3, staging=tmp_path)  # type: ignore[arg-type]
    assert bucket.content() == on_disk(3)


def test_two_builds_at_once(bucket: Bucket, on_disk: Disk, tmp_path: Path) -> None:
    """From two machines; neither knows of the other."""
    start = threading.Barrier(2)

    def machine(number: int) -> list[str]:
        return made(
            bucket.url,
            tmp_path / str(number),
            3,
            before=lambda shard: start.wait(30) if str(shard) == SHARDS[0] else None,
        )[1]

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(machine, (0, 1))) == [SHARDS, SHARDS]
    assert bucket.content() == on_disk(3)


def test_more_clips_later(bucket: Bucket, on_disk: Disk, tmp_path: Path) -> None:
    """Interrupted between copy, marker and removal, each time by another machine; what a person wrote stays."""
    made(bucket.url, tmp_path / "first", 3)
    mark = "<!-- yours: begin about -->"
    card = bucket.content()["README.md"].decode()
    bucket.put("README.md", card.replace(mark, f"{mark}\nMine.").encode())
    for number, at in enumerate(
        [
            "PUT /.*/webdataset/train-00000-of-00003",
            "PUT /.*/markers/train-00000-of-00003",
            "DELETE /.*/markers/train-00000-of-00002",
            "DELETE /.*/data/train-00000-of-00002",
        ]
    ):
        bucket.front.fail(Fault(at, 400, times=99))
        with pytest.raises(BuildError, match="The store refuses the request"):
            made(bucket.url, tmp_path / str(number), 5)
        bucket.front.faults.clear()
        assert "manifest.json" not in bucket.names()
    bucket.front.requests.clear()
    new = ["train-00001-of-00003", "train-00002-of-00003", "test-00001-of-00003", "test-00002-of-00003"]
    assert set(made(bucket.url, tmp_path / "last", 5)[1]) <= set(new)
    assert bucket.wrote("data/train-00000") == []  # it has been copied
    grown, disk = bucket.content(), on_disk(5)
    assert grown.pop("README.md").decode().replace("\nMine.", "") == disk["README.md"].decode()
    assert grown == {path: data for path, data in disk.items() if path != "README.md"}


def test_large_shards_go_in_parts(bucket: Bucket, tmp_path: Path) -> None:
    """S3 takes parts of 5 MB and more; the third is cut off, twice."""
    place, data = tmp_path / "shard.tar", os.urandom(13 << 20)
    place.write_bytes(data)
    record = FileRecord(len(data), hashlib.sha256(data).hexdigest())
    store = Store(bucket.url, "", QUICK, part_bytes=5 << 20)
    cut = bucket.front.fail(Fault("PUT /.*shard.tar.*partNumber=3", cut_after=100_000, times=2))
    store.send(place, "data/shard.tar", record)
    assert cut.happened == 2
    assert len([r for r in bucket.front.requests if "partNumber=2" in r]) >= 1
    assert bucket.content() == {"data/shard.tar": data}
    info = bucket.store.info(f"{bucket.place}/data/shard.tar")
    assert info["ETag"].endswith('-3"')
    reads = [r for r in bucket.front.requests if r.startswith("GET ") and "shard.tar" in r]
    assert reads == []  # the store's own account of the parts did
    assert store.copy("data/shard.tar", "data/other.tar", record)
    assert bucket.content()["data/other.tar"] == data


def test_other_bytes_than_were_sent(bucket: Bucket, tmp_path: Path) -> None:
    """A store that changes what it is given is found out, and so is a shard that is changed before it is sent."""
    place = tmp_path / "shard.tar"
    place.write_bytes(b"whole")
    store = Store(bucket.url, "", QUICK)
    with pytest.raises(
        BuildError, match=r"shard.tar was changed since it was written. Run the same command again"
    ):
        store.send(place, "data/shard.tar", FileRecord(5, hashlib.sha256(b"other").hexdigest()))
    record = FileRecord(5, hashlib.sha256(b"whole").hexdigest())
    checks = Fault("HEAD /.*shard.tar", first=lambda: bucket.put("data/shard.tar", b"wrong"), times=99)
    bucket.front.fail(checks)
    with pytest.raises(BuildError, match=r"other bytes arrived than were sent; tried 8 times"):
        store.send(place, "data/shard.tar", record)
    checks.times = 0
    store.send(place, "data/shard.tar", record)
    assert bucket.content() == {"data/shard.tar": b"whole"}


def test_another_dataset_is_refused(bucket: Bucket, on_disk: Disk, tmp_path: Path) -> None:
    made(bucket.url, tmp_path, 3)
    other = StoreRecipe(hash="cd" * 32)
    remedy = r"Give another folder with -o, or start again with --overwrite\."
    with pytest.raises(BuildError, match=rf"^{bucket.url} holds clips of another recipe: .*{remedy}$"):
        made(bucket.url, tmp_path, 3, recipe=other)
    with pytest.raises(BuildError, match=rf"^{bucket.url} has 2 clips per shard, .*{remedy}$"):
        made(bucket.url, tmp_path, 3, recipe=StoreRecipe(output=Output(clips_per_shard=4)))
    with pytest.raises(BuildError, match=rf"^{bucket.url} holds or is to hold 3 clips of train, now only 2"):
        made(bucket.url, tmp_path, 2)
    assert bucket.content() == on_disk(3)
    bucket.put("notes.txt", b"mine")
    bucket.put("data/mine.txt", b"mine")
    made(bucket.url, tmp_path, 2, overwrite=True)
    mine = {"notes.txt": b"mine", "data/mine.txt": b"mine"}
    assert bucket.content() == on_disk(2) | mine
    bucket.remove(".simgen")
    bucket.remove("manifest.json")
    with pytest.raises(
        BuildError,
        match=rf"^{bucket.url} already holds README.md and croissant.json and data and .*, and no build",
    ):
        made(bucket.url, tmp_path, 3)


def test_a_build_of_something_else_begins_meanwhile(bucket: Bucket, tmp_path: Path) -> None:
    def begin(shard: Any) -> None:
        if str(shard) == SHARDS[3]:
            target = json.loads(bucket.content()[".simgen/build.json"])
            bucket.put(".simgen/build.json", json.dumps({**target, "recipe_hash": "cd" * 32}).encode())

    with pytest.raises(BuildError, match=rf"^{bucket.url} is being filled with something else by now"):
        made(bucket.url, tmp_path, 3, before=begin)
    assert "manifest.json" not in bucket.content()


def test_mistakes_are_sentences(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        BuildError,
        match=r"^s3://nobody-has-this/x could not be listed: there is no bucket nobody-has-this\. Make it",
    ):
        made("s3://nobody-has-this/x", tmp_path)
    with pytest.raises(BuildError, match=r"nothing can be written to https:// this way"):
        made("https://host/x", tmp_path)
    with pytest.raises(BuildError, match=r"a URL with a password") as failure:
        made("s3://key:secret-word@host/x", tmp_path)
    assert "secret-word" not in str(failure.value)
    bucket.front.fail(Fault("PUT", 403, times=99))
    with pytest.raises(BuildError, match=r"could not be written .*tried once.*check the credentials"):
        made(bucket.url, tmp_path)
    bucket.front.faults.clear()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(BuildError, match=r"tried once.*check the credentials"):
        made(bucket.url, tmp_path)
    s3fs.S3FileSystem.clear_instance_cache()
