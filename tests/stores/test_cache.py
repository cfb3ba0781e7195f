"""Shards kept on the local disk: once per machine, whole or not there, bounded, and never in the way."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from simgen.dataset.column_table import columns as columns_of
from simgen.dataset.manifest import Manifest
from simgen.errors import DatasetError
from simgen.reading import Dataset, open_dataset
from simgen.reading.cache import ShardCache, bytes_of
from simgen.reading.folder import Folder, read_manifest
from simgen.reading.remote_file import Span
from simgen.reading.retries import Patience
from simgen.reading.shard_readers import ShardReader, open_shard
from simgen.verification import differences
from tests.dataset.samples import HandRecipe, build
from tests.stores.web import Fault, WebServer, serve

pytest.importorskip("aiohttp")

FORMATS = ("parquet", "webdataset")
QUICK = Patience(attempts=3, first_wait_s=0.01, longest_wait_s=0.05, silence_s=20.0)
SHARD = {"parquet": "data/train-00001-of-00003.parquet", "webdataset": "webdataset/train-00001-of-00003.tar"}


@pytest.fixture
def web(plain: Path) -> Iterator[WebServer]:
    with serve(plain) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def dataset(
    url: str, cache: ShardCache, format: str = "parquet", columns: list[str] | None = None
) -> Dataset:
    return open_dataset(
        url, "train", columns=columns, format=format, cache=cache.folder, cache_bytes=cache.limit
    )


def kept(place: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (place / "files").iterdir()}


def manifest_of(server: WebServer) -> Manifest:
    return Manifest.from_text((server.folder / "manifest.json").read_bytes())


@pytest.mark.parametrize("format", FORMATS)
def test_the_second_epoch_asks_for_nothing(web: WebServer, place: Path, plain: Path, format: str) -> None:
    cache = ShardCache(place)
    assert list(differences(dataset(web.url, cache, format), open_dataset(plain, "train"))) == []
    files = {
        path: record for shard in manifest_of(web).of_split("train") for path, record in shard.files.items()
    }
    kind = "data" if format == "parquet" else "webdataset"
    expected = {record.sha256: record.bytes for path, record in files.items() if path.startswith(kind)}
    assert kept(place) == expected
    assert list((place / "unfinished").iterdir()) == []
    web.requests.clear()
    assert list(differences(dataset(web.url, cache, format), open_dataset(plain, "train"))) == []
    assert [r.path for r in web.requests] == ["manifest.json"]


def test_labels_alone_do_not_download_videos(heavy: Path, place: Path) -> None:
    with serve(heavy) as server:
        cache = ShardCache(place)
        labels = sum(path.stat().st_size for path in heavy.glob("data/*")) - 80 * 20_000
        for _ in range(2):
            server.requests.clear()
            clips = list(dataset(server.url, cache, columns=["state", "params"]))
            assert [clip.state.shape for clip in clips] == [(4, 3, 13)] * 80
            assert server.bytes_sent("data") < 3 * labels  # the footer twice, and what is asked ahead of it
        assert [r.path for r in server.requests] == ["manifest.json"]
        assert sum(path.stat().st_blocks * 512 for path in (place / "files").iterdir()) < 2 * labels
        # other columns are another file, and a whole shard serves everybody
        assert [clip.law[0].name for clip in dataset(server.url, cache, columns=["law"])][79]
        assert len(kept(place)) == 2
        assert len(dataset(server.url, cache)[79].video_bytes()) == 20_000
        assert len(kept(place)) == 3
        server.requests.clear()
        assert dataset(server.url, cache, columns=["caption"])[79].caption
        assert [r.path for r in server.requests] == ["manifest.json"]


def test_a_local_dataset_is_not_copied(plain: Path, place: Path) -> None:
    assert Folder(plain, ShardCache(place)).cache is None
    assert not place.exists()


def test_what_is_in_the_store_is_checked(web: WebServer, place: Path) -> None:
    web.fail(SHARD["parquet"], Fault(wrong=True), Fault(wrong=True))
    clips = dataset(web.url, ShardCache(place))
    assert clips[20].key == "hand-train-00000020"
    assert len(web.gets(SHARD["parquet"])) == 3
    web.always[SHARD["webdataset"]] = Fault(wrong=True)
    with pytest.raises(
        DatasetError, match=r"train-00001-of-00003.tar is not what the manifest says .*3 times.*changed"
    ):
        dataset(web.url, ShardCache(place), "webdataset")[20]
    assert len(kept(place)) == 1
    assert list((place / "unfinished").iterdir()) == []


def test_a_dataset_that_changes_is_not_mixed_up(tmp_path: Path, place: Path) -> None:
    folder = tmp_path / "data"
    build(folder, HandRecipe(), {"train": [3]}, ("parquet",))
    with serve(folder) as server:
        before = dataset(server.url, ShardCache(place))
        assert before[1].params["count"] != 77
        shutil.rmtree(folder)
        build(
            folder,
            HandRecipe(),
            {"train": [3]},
            ("parquet",),
            lambda values: values["params"].update(count=77),
        )
        after = dataset(server.url, ShardCache(place))
        assert after[1].params["count"] == 77
        assert before[2].params["count"] != 77
        assert len(kept(place)) == 2


def shards(server: WebServer, cache: ShardCache, number: int) -> ShardReader:
    folder = Folder(server.url, cache, QUICK)
    manifest = read_manifest(folder)
    return open_shard(folder, manifest.shards[number], columns_of(manifest.layout), "parquet")


def test_it_stays_below_its_limit(web: WebServer, place: Path) -> None:
    """The shard that was used longest ago goes, and who reads it notices nothing."""
    records = [shard.files[shard.file("data") or ""] for shard in manifest_of(web).shards]
    limit = records[0].bytes + records[1].bytes + records[2].bytes - 1
    cache = ShardCache(place, limit)
    first, second = shards(web, cache, 0), shards(web, cache, 1)
    assert set(kept(place)) == {records[0].sha256, records[1].sha256}
    later = time.time() + 100
    os.utime(place / "files" / records[1].sha256, (later, later))
    third = shards(web, cache, 2)
    assert set(kept(place)) == {records[1].sha256, records[2].sha256}
    assert sum(kept(place).values()) <= limit
    for number, reader in enumerate((first, second, third)):
        assert [row["index"] for row in reader] == list(range(14 * number, min(14 * number + 14, 40)))
        reader.close()
    for number, age_s in ((1, 200), (2, 100)):
        then = time.time() - age_s
        os.utime(place / "files" / records[number].sha256, (then, then))
    shards(web, cache, 1).close()  # the older one is used now
    shards(web, cache, 0).close()
    assert set(kept(place)) == {records[0].sha256, records[1].sha256}


def test_a_shard_that_is_too_large_is_read_from_the_store(web: WebServer, place: Path) -> None:
    clips = dataset(web.url, ShardCache(place, "1kB"))
    with pytest.warns(
        UserWarning, match=r"does not take a shard \(it has .* the cache may have 1,000\)"
    ) as said:
        assert [clip.index for clip in clips] == list(range(40))
    assert len(said) == 1
    assert kept(place) == {}


def test_a_shard_that_was_cut_on_the_disk_is_fetched_again(web: WebServer, place: Path) -> None:
    cache = ShardCache(place)
    shards(web, cache, 0).close()
    (path,) = (place / "files").iterdir()
    os.truncate(path, 100)
    assert len(list(shards(web, cache, 0))) == 14
    assert path.stat().st_size == manifest_of(web).shards[0].files["data/train-00000-of-00003.parquet"].bytes


def test_the_folder_may_be_deleted_at_any_time(web: WebServer, place: Path) -> None:
    clips = dataset(web.url, ShardCache(place))
    for _ in range(2):
        assert clips[20].index == 20
        assert clips[3].index == 3
        shutil.rmtree(place)
        clips.close()  # what it has in memory it would not look for
    assert clips[20].index == 20
    assert len(kept(place)) == 1


def test_a_fork_during_a_download_does_not_keep_its_lock(web: WebServer, place: Path) -> None:
    """A child that was forked meanwhile has the locked file open, too, and lives on."""
    cache, forked = ShardCache(place), threading.Event()
    (record,) = [r for path, r in manifest_of(web).shards[0].files.items() if path.startswith("data/")]
    data = (web.folder / "data" / "train-00000-of-00003.parquet").read_bytes()
    children: list[int] = []

    def fetch(spans: Sequence[Span]) -> list[bytes]:
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        children.append(child)
        forked.set()
        return [data[start:end] for start, end in spans]

    try:
        thread = threading.Thread(
            target=cache.open, args=(record.sha256, record, lambda: [(0, record.bytes)], fetch, "shard")
        )
        thread.start()
        assert forked.wait(30)
        thread.join()
        with (place / "files" / record.sha256).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError if the child held it
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


READ = """
import json, sys
import simgen
print(json.dumps([clip.index for clip in simgen.open_dataset(sys.argv[1], "train", cache=sys.argv[2])]))
"""


def start(server: WebServer, place: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", READ, server.url, str(place)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_processes_share_one_download(web: WebServer, place: Path) -> None:
    for path in SHARD["parquet"], SHARD["parquet"].replace("00001", "00000", 1):
        web.always[path] = Fault(silent_s=0.5)  # so that all of them want it before it is there
    processes = [start(web, place) for _ in range(4)]
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert json.loads(out) == list(range(40))
    assert sorted(r.path for r in web.gets("data")) == sorted(
        path
        for shard in manifest_of(web).of_split("train")
        for path in shard.files
        if path.startswith("data")
    )


MANY = """
import random, sys, warnings
import simgen

warnings.simplefilter("ignore")  # others may fill the cache for a moment: then the store is read
dataset = simgen.open_dataset(sys.argv[1], cache=sys.argv[2], cache_bytes=sys.argv[3])
draws = random.Random(sys.argv[4])
for _ in range(60):
    place = draws.randrange(43)
    clip = dataset[place]
    assert clip.index == (place if place < 40 else place - 40)
    assert len(clip.video_bytes()) > 1000
"""


def test_many_processes_in_a_small_cache(web: WebServer, place: Path) -> None:
    """Shards come and go under readers; room for about two."""
    records = [shard.files[shard.file("data") or ""] for shard in manifest_of(web).shards]
    limit = records[0].bytes + records[1].bytes + 1000
    arguments = [[web.url, str(place), str(limit), str(number)] for number in range(3)]
    processes = [subprocess.Popen([sys.executable, "-c", MANY, *words]) for words in arguments]
    while any(process.poll() is None for process in processes):
        if (place / "files").exists():
            sizes = []
            for path in (*(place / "files").iterdir(), *(place / "unfinished").iterdir()):
                with contextlib.suppress(FileNotFoundError):
                    sizes.append(path.stat().st_size)
            assert len(sizes) <= 4
        time.sleep(0.01)
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sum(kept(place).values()) <= limit
    assert list((place / "unfinished").iterdir()) == []
    by_name = {record.sha256: record for record in records}
    for path in (place / "files").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == by_name[path.name].sha256


def test_forked_workers_share_one_download(web: WebServer, place: Path) -> None:
    web.always[SHARD["parquet"]] = Fault(silent_s=0.3)
    clips = dataset(web.url, ShardCache(place))
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    workers = [fork.Process(target=lambda: queue.put(clips[20].key)) for _ in range(3)]
    for worker in workers:
        worker.start()
    assert [queue.get(timeout=60) for _ in workers] == ["hand-train-00000020"] * 3
    for worker in workers:
        worker.join()
    assert len(web.gets(SHARD["parquet"])) == 1


def test_what_a_killed_process_leaves_is_nobodys_data(web: WebServer, place: Path) -> None:
    name = "data/train-00000-of-00003.parquet"
    web.fail(name, Fault(silent_s=5.0))
    process = start(web, place)
    deadline = time.monotonic() + 60
    while not (place / "unfinished").exists() or not list((place / "unfinished").iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)  # the request is on its way
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (left,) = (place / "unfinished").iterdir()
    assert left.stat().st_size > 0  # reserved, and empty
    assert kept(place) == {}
    # who reads another shard cleans up; who reads this one downloads it
    shards(web, ShardCache(place), 1).close()
    assert list((place / "unfinished").iterdir()) == []
    left.write_bytes(bytes(left.stat().st_size if left.exists() else 100))
    assert [row["index"] for row in shards(web, ShardCache(place), 0)] == list(range(14))
    assert list((place / "unfinished").iterdir()) == []
    assert len(kept(place)) == 2


def test_an_unfinished_file_in_use_is_left_alone(web: WebServer, place: Path) -> None:
    shards(web, ShardCache(place), 1).close()
    busy = place / "unfinished" / "busy"
    with busy.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        shards(web, ShardCache(place), 0).close()
        assert busy.exists()
    shards(web, ShardCache(place), 2).close()
    assert not busy.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "none", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a file system needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_is_a_warning(web: WebServer, small_disk: Path) -> None:
    """Room for one shard of three: that one stays in use, the others are read from the store."""
    clips = dataset(web.url, ShardCache(small_disk / "cache"))
    with pytest.warns(
        UserWarning, match=r"does not take a shard \(the disk is full\); it is read from the store"
    ) as said:
        assert [clip.index for clip in clips] == list(range(40))
    assert len(said) == 1
    assert len(kept(small_disk / "cache")) == 1
    assert list((small_disk / "cache" / "unfinished").iterdir()) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [clip.index for clip in clips] == list(range(40))


def test_a_place_that_cannot_be_a_folder_is_a_warning(web: WebServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    clips = dataset(web.url, ShardCache(tmp_path / "file"))
    with pytest.warns(UserWarning, match="does not take a shard"):
        assert len(list(clips)) == 40


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (5, 5),
        ("5", 5),
        ("50GB", 50_000_000_000),
        ("1.5 TB", 1_500_000_000_000),
        ("20GiB", 20 * 2**30),
        ("3k", 3000),
    ],
)
def test_sizes(text: int | str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1", "5 XB", "1e9"])
def test_what_is_not_a_size(text: str) -> None:
    with pytest.raises(
        DatasetError, match=f"'{text}' is not a size: write bytes as a number, or for example"
    ):
        bytes_of(text)


def test_a_wrong_size_is_said_when_the_dataset_is_opened(web: WebServer, place: Path) -> None:
    with pytest.raises(DatasetError, match="'much' is not a size"):
        open_dataset(web.url, cache=place, cache_bytes="much")
