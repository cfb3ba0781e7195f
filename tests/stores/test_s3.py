"""s3:// through the real client, against a real S3 server on localhost in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simgen.errors import DatasetError
from simgen.reading import Dataset, open_dataset
from simgen.reading.cache import ShardCache
from simgen.reading.folder import Folder, read_manifest
from simgen.reading.retries import Patience
from simgen.verification import differences, verify

s3fs = pytest.importorskip("s3fs")
pytest.importorskip("moto")

FORMATS = ("parquet", "webdataset")
SERVER = """
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
input()
server.stop()
"""


@contextmanager
def moto_server() -> Iterator[Any]:
    """A store that is empty; its URL and credentials are in the environment while it runs."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with (
        subprocess.Popen([sys.executable, "-c", SERVER], text=True, **pipes) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        assert server.stdout is not None
        set_up(patch, f"http://127.0.0.1:{int(server.stdout.readline())}")
        yield s3fs.S3FileSystem()
        server.communicate("\n", timeout=60)


@pytest.fixture(scope="module")
def bucket(plain: Path) -> Iterator[tuple[str, str]]:
    """The URL of a dataset, and that of the server."""
    with moto_server() as store:
        store.mkdir("clips")
        store.put(str(plain), "clips/hand", recursive=True)
        yield "s3://clips/hand", os.environ["AWS_ENDPOINT_URL"]


def set_up(patch: pytest.MonkeyPatch, url: str) -> None:
    """What a user sets, too."""
    patch.setenv("AWS_ENDPOINT_URL", url)
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_MAX_ATTEMPTS", "1")  # botocore tries again by itself, too
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.parametrize("format", FORMATS)
def test_clips_come_back(bucket: tuple[str, str], plain: Path, format: str) -> None:
    url, _ = bucket
    remote = open_dataset(url, "train", format=format)
    assert remote[20].rgb.shape == (14, 48, 64, 3)
    assert list(differences(remote, open_dataset(plain, "train", format=format))) == []
    labels = open_dataset(url, "train", columns=["state", "params"], format=format)
    assert sum(len(clip.state) for clip in labels) == 40 * 14


def test_it_can_be_verified(bucket: tuple[str, str]) -> None:
    url, _ = bucket
    assert verify(url, deep=True).ok
    store = s3fs.S3FileSystem()
    store.pipe("clips/hand/data/stray.parquet", b"x")
    try:
        found = [str(finding) for finding in verify(url).findings]
    finally:
        store.rm("clips/hand/data/stray.parquet")
        store.invalidate_cache()
    assert found == [
        "data/stray.parquet: does not belong to the dataset; remove it, or `datasets` will load it too"
    ]


def test_it_can_be_cached(bucket: tuple[str, str], tmp_path: Path) -> None:
    url, _ = bucket
    folder = Folder(url, ShardCache(tmp_path))
    record = read_manifest(folder).shards[0].files["data/train-00000-of-00003.parquet"]
    assert folder.cache is not None
    file = folder.cache.open(
        record.sha256,
        record,
        lambda: [(0, record.bytes)],
        lambda spans: folder.spans("data/train-00000-of-00003.parquet", spans),
        url,
    )
    assert file is not None
    assert file.size() == record.bytes


def test_mistakes_are_sentences(bucket: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    _, url = bucket
    for place in ("s3://clips/other", "s3://nobucket/other"):
        with pytest.raises(DatasetError, match=f"There is no dataset at {place}: nothing is there"):
            open_dataset(place)
    quick = Patience(attempts=2, first_wait_s=0.01, longest_wait_s=0.02)
    set_up(monkeypatch, "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(
        DatasetError, match=r"manifest.json could not be read .*tried 2 times.*does not answer"
    ):
        read_manifest(Folder("s3://clips/hand", patience=quick))
    set_up(monkeypatch, url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(DatasetError, match=r"tried once.*check the credentials"):
        read_manifest(Folder("s3://clips/hand", patience=quick))
    s3fs.S3FileSystem.clear_instance_cache()


def _child(dataset: Dataset, queue: multiprocessing.Queue[str]) -> None:
    queue.put(dataset[33].key)


def test_forked_workers_read_on(bucket: tuple[str, str]) -> None:
    url, _ = bucket
    dataset = open_dataset(url)
    assert dataset[20].key == "hand-train-00000020"
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    children = [fork.Process(target=_child, args=(dataset, queue)) for _ in range(2)]
    for child in children:
        child.start()
    assert [queue.get(timeout=60) for _ in children] == ["hand-train-00000033"] * 2
    for child in children:
        child.join()
