"""A published dataset is read back by the real clients: simgen's reader, `datasets`, huggingface_hub, fsspec."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.server import HubServer, serve_hub
from tests.publish.command import OWNER, python, shards, simgen, snapshot

pytest.importorskip("huggingface_hub")


@pytest.fixture(scope="module")
def published(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServer]:
    folder = tmp_path_factory.mktemp("published")
    with serve_hub(folder / "hub", OWNER) as hub:
        done = simgen(hub, "publish", plain, "user/hand", "--tag", "v1", cwd=folder)
        assert done.returncode == 0, done.stderr
        yield hub


SAME = """
import sys
import simgen
from simgen.verification import differences

location, local, format = sys.argv[1:4]
remote = simgen.open_dataset(location, "train", format=format)
assert list(differences(remote, simgen.open_dataset(local, "train", format=format))) == []
print(len(remote), remote[20].rgb.shape)
"""


@pytest.mark.parametrize(
    ("location", "format"),
    [
        ("hf://datasets/user/hand", "parquet"),
        ("hf://datasets/user/hand@v1", "parquet"),
        ("hf://datasets/user/hand-wds", "webdataset"),
    ],
)
def test_simgen_reads_it(
    published: HubServer, plain: Path, tmp_path: Path, location: str, format: str
) -> None:
    assert python(published, SAME, location, plain, format, cwd=tmp_path) == "40 (14, 48, 64, 3)"
    info = simgen(published, "info", location, "--json", cwd=tmp_path)
    assert json.loads(info.stdout)["splits"] == {"train": 40, "test": 3}
    verified = simgen(published, "verify", location, "--deep", cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "All is as it should be." in verified.stdout


DATASETS = """
import json, sys
import datasets

datasets.config.TORCHCODEC_AVAILABLE = False
name, streaming = sys.argv[1], sys.argv[2] == "streaming"
loaded = datasets.load_dataset(name, streaming=streaming)
counts = {}
for split, clips in loaded.items():
    column = "video" if "video" in clips.features else "mp4"
    clips = clips.cast_column(column, datasets.Video(decode=False))
    rows = list(clips)
    assert all(row[column]["bytes"][4:8] == b"ftyp" for row in rows)
    counts[split] = [len(rows), rows[-1].get("key") or rows[-1]["__key__"], sorted(rows[-1])]
print(json.dumps(counts))
"""


@pytest.mark.parametrize("how", ["streaming", "whole"])
@pytest.mark.parametrize("name", ["user/hand", "user/hand-wds"])
def test_datasets_loads_it(published: HubServer, tmp_path: Path, how: str, name: str) -> None:
    pytest.importorskip("datasets")
    counts = json.loads(python(published, DATASETS, name, how, cwd=tmp_path).splitlines()[-1])
    assert {split: found[:2] for split, found in counts.items()} == {
        "train": [40, "hand-train-00000039"],
        "test": [3, "hand-test-00000002"],
    }
    assert ("state" if name == "user/hand" else "state.npy") in counts["train"][2]


FILE_SYSTEM = """
import sys
from huggingface_hub import HfFileSystem

files = HfFileSystem()
print(sorted(files.glob("datasets/user/hand/data/*")))
with files.open("datasets/user/hand/data/train-00001-of-00003.parquet") as file:
    file.seek(1000)
    assert file.read(500) == open(sys.argv[1], "rb").read()[1000:1500]
"""


def test_the_file_system_of_the_client_reads_it(published: HubServer, plain: Path, tmp_path: Path) -> None:
    shard = plain / "data" / "train-00001-of-00003.parquet"
    listed = python(published, FILE_SYSTEM, shard, cwd=tmp_path)
    assert listed == str([f"datasets/user/hand/{path}" for path in sorted(shards(plain, "data"))])


def test_a_snapshot_is_a_dataset(published: HubServer, plain: Path, tmp_path: Path) -> None:
    from simgen import verify

    there = snapshot(published, "user/hand", tmp_path)
    for path, data in there.items():
        place = tmp_path / "snapshot" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    assert verify(tmp_path / "snapshot", deep=True).ok


# Where Arrow's threads still hold a Python file when the interpreter ends, they abort it; so it does not end by itself.
ARROW = """
import os
import pyarrow.parquet as pq
from huggingface_hub import HfFileSystem
print(pq.read_table("datasets/user/hand/data", filesystem=HfFileSystem(), columns=["key"]).num_rows, flush=True)
os._exit(0)
"""


def test_arrow_reads_it(published: HubServer, tmp_path: Path) -> None:
    assert python(published, ARROW, cwd=tmp_path) == "43"


def test_a_private_one_needs_the_token(published: HubServer, tmp_path: Path) -> None:
    code = """
import simgen
try:
    print(len(simgen.open_dataset("hf://datasets/user/hand", "test")))
except simgen.errors.DatasetError as error:
    print(error)
"""
    published.repositories["user/hand"].private = True
    try:
        assert python(published, code, cwd=tmp_path) == "3"
        said = python(published, code, cwd=tmp_path, token="")
    finally:
        published.repositories["user/hand"].private = False
    assert "hf://datasets/user/hand" in said
