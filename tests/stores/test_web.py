"""A dataset behind a real web server: what is asked for, how often, and what happens when the server fails."""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simgen.dataset import Manifest
from simgen.errors import DatasetError
from simgen.reading import Dataset, open_dataset
from simgen.reading.folder import Folder, read_manifest
from simgen.reading.retries import Patience
from simgen.reading.shard_readers import open_shard
from simgen.verification import differences, verify
from tests.stores.web import Fault, WebServer, serve

pytest.importorskip("aiohttp")

FORMATS = ("parquet", "webdataset")
QUICK = Patience(attempts=4, first_wait_s=0.01, longest_wait_s=0.05, longest_asked_s=2.0, silence_s=1.0)
SHARD = "data/train-00001-of-00003.parquet"
TAR = "webdataset/train-00001-of-00003.tar"


@pytest.fixture
def web(plain: Path) -> Iterator[WebServer]:
    with serve(plain) as server:
        yield server


def reader(server: WebServer, format: str, columns: list[str] | None = None, number: int = 1, **options):  # type: ignore[no-untyped-def]
    """The reader of training shard 1, with short waits."""
    folder = Folder(server.url, patience=QUICK, **options)
    manifest = read_manifest(folder)
    dataset = open_dataset(server.folder, columns=columns, format=format)
    server.requests.clear()
    return open_shard(folder, manifest.shards[number], dataset.table, format)


@pytest.mark.parametrize("format", FORMATS)
def test_clips_come_back(web: WebServer, plain: Path, format: str) -> None:
    remote = open_dataset(web.url, format=format)
    assert list(differences(remote, open_dataset(plain, format=format))) == []
    assert remote[20].rgb.shape == (14, 48, 64, 3)
    assert verify(web.url, deep=True).ok


def test_only_the_manifest_and_the_shards_are_asked_for(web: WebServer) -> None:
    dataset = open_dataset(web.url, "train")
    assert dataset[3].key == "hand-train-00000003"
    assert {(r.method, r.path) for r in web.requests} == {
        ("GET", "manifest.json"),
        ("GET", "data/train-00000-of-00003.parquet"),
    }


def test_a_shard_costs_few_requests(web: WebServer) -> None:
    """One for the footer, one for a row group, or one for each stretch of columns that are wanted."""
    rows = reader(web, "parquet")
    assert len(rows[0]) > 20
    assert [r.path for r in web.requests] == [SHARD] * len(web.requests)
    assert len(web.requests) <= 2
    labels = reader(web, "parquet", ["state", "params"])
    assert [values["state"].shape for values in labels] == [(14, 3, 13)] * 14
    assert len(web.requests) <= 4


@pytest.mark.parametrize("format", FORMATS)
def test_a_large_shard_costs_few_requests(heavy: Path, format: str) -> None:
    """Five row groups with videos that are larger than what is worth reading over."""
    with serve(heavy) as server:
        everything = reader(server, format, number=0)
        assert everything.blocks == (16,) * 5
        assert sum(1 for _ in everything) == 80
        all_bytes = server.bytes_sent()
        assert len(server.requests) <= 4
        labels = reader(server, format, ["state", "params"], number=0)
        one = labels[70]
        assert one["key"] == "hand-train-00000070"
        single = len(server.requests)
        assert single <= (3 if format == "parquet" else 4)
        assert [values["key"] for values in labels] == [f"hand-train-{index:08d}" for index in range(80)]
        if format == "parquet":  # footer, then every row group's labels: none of the 320 kB of video in each
            assert server.bytes_sent() < all_bytes - 80 * 20_000
            assert len(server.requests) <= single + 2 * 5


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503),
        Fault(status=500),
        Fault(status=429, headers=(("Retry-After", "0"),)),
        Fault(cut=True),
        Fault(short=True),
        Fault(silent_s=1.5),
    ],
    ids=["503", "500", "429", "cut", "short", "silent"],
)
def test_what_passes_is_tried_again(web: WebServer, plain: Path, format: str, fault: Fault) -> None:
    name = SHARD if format == "parquet" else TAR
    web.fail(name, fault, fault)
    rows = list(reader(web, format))
    expected = [clip.values for clip in open_dataset(plain, "train", format=format)][14:28]
    assert [row["key"] for row in rows] == [values["key"] for values in expected]
    assert [row["video"] for row in rows] == [values["video"] for values in expected]
    assert not web.faults[name]


def test_the_manifest_is_tried_again(web: WebServer) -> None:
    web.fail("manifest.json", Fault(status=502), Fault(cut=True))
    assert len(read_manifest(Folder(web.url, patience=QUICK)).shards) == 4


def test_a_store_says_how_long_to_wait(web: WebServer) -> None:
    web.fail(SHARD, Fault(status=429, headers=(("Retry-After", "1"),)))
    rows = reader(web, "parquet")
    assert rows[0]["key"] == "hand-train-00000014"
    web.fail(SHARD, Fault(status=503, headers=(("Retry-After", "1"),)))
    started = time.monotonic()
    assert Folder(web.url, patience=QUICK).spans(SHARD, [(0, 4)]) == [b"PAR1"]
    assert time.monotonic() - started >= 1.0


def test_a_server_without_ranges(web: WebServer, plain: Path) -> None:
    web.always[SHARD] = Fault(whole=True)
    assert [row["index"] for row in reader(web, "parquet")] == list(range(14, 28))


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault(status=503), "status 503: .*; tried 4 times in .* s.*does not answer: look at both"),
        (Fault(status=429), "status 429: .*; tried 4 times .* The store asks for fewer requests"),
        (Fault(cut=True), "ClientPayloadError: .*; tried 4 times"),
        (Fault(short=True), "ShortReadError: .* bytes came instead of .*; tried 4 times"),
        (Fault(status=403), "status 403: .*; tried once.*check the credentials"),
        (Fault(status=401), "status 401: .*; tried once.*check the credentials"),
        (Fault(status=400), "status 400: .*; tried once.*check the URL"),
    ],
    ids=["503", "429", "cut", "short", "403", "401", "400"],
)
@pytest.mark.parametrize("name", ["manifest.json", SHARD])
def test_what_does_not_pass_is_a_sentence(web: WebServer, fault: Fault, text: str, name: str) -> None:
    if fault.short and name == "manifest.json":  # nobody knows how long a manifest is
        fault = Fault(cut=True)
        text = "ClientPayloadError: .*; tried 4 times"
    folder = Folder(web.url, patience=QUICK)
    web.always[name] = fault
    if name == SHARD:
        del web.always[name]
        rows = reader(web, "parquet")
        web.always[name] = fault
    with pytest.raises(DatasetError, match=f"(?s){name} could not be read .{text}"):
        read_manifest(folder) if name == "manifest.json" else rows[0]
    failed = [r for r in web.requests if r.path == name and r.method == "GET"]
    before = 0 if name == "manifest.json" else 1  # the footer
    looked = 1 if fault.short else 0  # how large the file is, as fsspec asks a server that does not say it
    assert len(failed) == before + looked + (4 if "tried 4" in text else 1)


def test_what_is_missing_is_not_asked_for_again(web: WebServer) -> None:
    web.always[SHARD] = Fault(status=404)
    with pytest.raises(DatasetError, match=f"{SHARD} is missing. `simgen verify` lists what is"):
        reader(web, "parquet")
    assert len(web.requests) == 1
    with pytest.raises(
        DatasetError, match=r"There is no dataset at .*/nowhere: .*manifest.json is not there"
    ):
        open_dataset(f"{web.url}/nowhere")


@pytest.mark.parametrize("kind", ["dataset", "stream"])
def test_a_store_that_fails_is_no_damage_to_skip(web: WebServer, kind: str) -> None:
    """A shard that is gone is passed over; one that the store refuses, or does not give just now, is not."""

    def read() -> list[str]:
        dataset = open_dataset(web.url, "train", columns=["params"], on_error="skip")
        dataset.folder.patience = QUICK
        return (
            [clip.key for clip in dataset]
            if kind == "dataset"
            else [e["key"] for e in dataset.numpy(["params"])]
        )

    for fault, text in (
        (Fault(status=503), "status 503: .*; tried 4 times"),
        (Fault(status=403), "status 403: .*; tried once"),
    ):
        web.always[SHARD] = fault
        with pytest.raises(DatasetError, match=f"(?s){SHARD} could not be read .{text}"):
            read()
    for status in (404, 416):
        web.always[SHARD] = Fault(status=status)
        with pytest.warns(RuntimeWarning, match="is skipped"):
            assert len(set(read())) == 26


def test_nobody_listens() -> None:
    with serve(Path("/nowhere")) as server:
        url = server.url
    with pytest.raises(
        DatasetError, match=r"manifest.json could not be read .*tried 4 times.*does not answer"
    ):
        read_manifest(Folder(url, patience=QUICK))


@pytest.mark.parametrize("format", FORMATS)
def test_a_truncated_shard_is_named_at_once(web: WebServer, tmp_path: Path, plain: Path, format: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(plain, copy)
    name = SHARD if format == "parquet" else TAR
    (copy / name).write_bytes((plain / name).read_bytes()[:20_000])
    with serve(copy) as server:
        with pytest.raises(DatasetError, match=f"{name} could not be read .*(truncated|416).*tried once"):
            list(reader(server, format))
        assert next(str(f) for f in verify(server.url).findings).startswith(
            f"{name}: is truncated: 20,000 bytes"
        )


def _child(dataset: Dataset, queue: multiprocessing.Queue[str]) -> None:
    queue.put(dataset[20].key + dataset[33].key)


def test_forked_workers_read_on(web: WebServer) -> None:
    """What a DataLoader does: the parent has opened the dataset and read from it, then it forks."""
    dataset = open_dataset(web.url)
    assert dataset[20].key == "hand-train-00000020"
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    children = [fork.Process(target=_child, args=(dataset, queue)) for _ in range(2)]
    for child in children:
        child.start()
    assert {queue.get(timeout=60) for _ in children} == {"hand-train-00000020hand-train-00000033"}
    for child in children:
        child.join()
    assert dataset[34].key == "hand-train-00000034"


def test_the_manifest_is_all_that_is_known_of_a_folder(web: WebServer) -> None:
    folder = Folder(web.url)
    assert isinstance(read_manifest(folder), Manifest)
    assert folder.files("data") == {}


def test_a_size_is_asked_for_again(web: WebServer, plain: Path) -> None:
    """fsspec asks twice, with HEAD and with GET, and calls the file missing whatever the server answers."""
    web.fail(SHARD, *[Fault(status=503)] * 4)
    with Folder(web.url, patience=QUICK).open(SHARD) as file:
        assert file.read() == (plain / SHARD).read_bytes()
    web.always[SHARD] = Fault(status=403)
    with pytest.raises(DatasetError, match=r"status 403.*check the credentials"):
        Folder(web.url, patience=QUICK).open(SHARD)
    (finding,) = verify(web.url).findings
    assert finding.path == SHARD
    assert "cannot be read: " in finding.message
    web.always[SHARD] = Fault(status=404)
    with pytest.raises(FileNotFoundError):
        Folder(web.url, patience=QUICK).open(SHARD)
    assert [str(finding) for finding in verify(web.url).findings] == [f"{SHARD}: is missing"]


def test_passwords_and_proxies_come_from_the_environment(
    web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.password = "jo:secret"
    with pytest.raises(DatasetError, match=r"status 401.*tried once.*check the credentials"):
        read_manifest(Folder(web.url))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login jo password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert len(read_manifest(Folder(web.url)).shards) == 4
    with pytest.raises(DatasetError, match=r"simgen.invalid/hand/manifest.json could not be read"):
        read_manifest(Folder("http://simgen.invalid/hand", patience=QUICK))
    web.password = ""
    monkeypatch.setenv("HTTP_PROXY", web.url)
    monkeypatch.setenv("http_proxy", web.url)
    with pytest.raises(DatasetError, match=r"There is no dataset at http://simgen.invalid/hand"):
        read_manifest(Folder("http://simgen.invalid/hand", patience=QUICK))  # the proxy's answer


@pytest.mark.parametrize("format", FORMATS)
def test_a_dataset_in_a_store_can_be_pickled(web: WebServer, tmp_path: Path, format: str) -> None:
    for cache in (None, tmp_path):
        dataset = open_dataset(web.url, format=format, cache=cache)
        first = dataset[20]
        again = pickle.loads(pickle.dumps(dataset))
        assert again[20].key == first.key
        assert again[20].state.tobytes() == first.state.tobytes()
