"""What a shard's reader promises to an order of clips: rows, blocks, row groups that are kept, lazy columns."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from simgen.dataset.column_table import Column, columns
from simgen.errors import DatasetError
from simgen.reading.folder import Folder, read_manifest
from simgen.reading.rows import Row
from simgen.reading.shard_readers import ParquetShard, ShardReader, open_shard
from tests.dataset.samples import HandRecipe, build

FORMATS = ("parquet", "webdataset")


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """70 clips in one shard: row groups of 16, 16, 16, 16 and 6."""
    folder = tmp_path_factory.mktemp("long")
    build(folder, HandRecipe(frame_count=2, size=(16, 16)), {"train": [70]})
    return folder


def reader(folder: Path, format: str, names: tuple[str, ...] = (), keep_groups: int = 1) -> ShardReader:
    store = Folder(folder)
    manifest = read_manifest(store)
    table: list[Column] = [c for c in columns(manifest.layout) if not names or c.name in ("key", *names)]
    return open_shard(store, manifest.shards[0], table, format, keep_groups)


@pytest.mark.parametrize("format", FORMATS)
def test_rows_and_blocks(long: Path, format: str) -> None:
    rows = reader(long, format)
    assert len(rows) == 70
    assert rows.blocks == (16, 16, 16, 16, 6)
    for row in (69, 0, 15, 16, 33):
        assert rows[row]["index"] == row
    assert [values["index"] for values in rows] == list(range(70))
    with pytest.raises(IndexError):
        rows[70]
    with pytest.raises(IndexError):
        rows[-1]
    rows.close()


def test_so_many_row_groups_are_kept(long: Path) -> None:
    """Hopping between two groups reads each once when two are kept, and every time when one is."""
    for keep_groups, expected in ((1, 8), (2, 2), (3, 2)):
        rows = reader(long, "parquet", (), keep_groups)
        assert isinstance(rows, ParquetShard)
        first = [rows[place] for place in (0, 16, 1, 17, 2, 18, 3, 19)]
        groups = {id(row._group) for row in first if isinstance(row, Row)}
        assert len(groups) == expected


def test_a_row_is_a_mapping_that_converts_what_is_asked_for(long: Path) -> None:
    row = reader(long, "parquet", ("state", "video", "params"))[20]
    assert isinstance(row, Row)
    assert set(row) == {"key", "params", "video", "state"}
    assert len(row) == 4
    assert "state" in row
    assert "law" not in row
    with pytest.raises(KeyError):
        row["law"]
    copy = pickle.loads(pickle.dumps(row))
    assert type(copy) is dict
    assert copy["state"].tobytes() == row["state"].tobytes()
    assert len(pickle.dumps(row)) < 2 * sum(len(pickle.dumps(value)) for value in copy.values())


def test_a_kept_clip_does_not_keep_its_neighbours_videos(long: Path) -> None:
    row = reader(long, "parquet", ("video",))[0]
    table = pq.read_table(long / "data" / "train-00000-of-00001.parquet", columns=["video"])
    assert row["video"] == table["video"][0]["bytes"].as_py()
    assert type(row["video"]) is bytes


def test_a_dense_file_of_other_clips(dense: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(dense, tmp_path / "copy")
    first, second = (copy / "dense" / f"train-0000{n}-of-00002.parquet" for n in (0, 1))
    shutil.copyfile(second, first)
    text = (copy / "manifest.json").read_text()
    sizes = json.loads(text)["shards"][0]["files"]["dense/train-00000-of-00002.parquet"]
    (copy / "manifest.json").write_text(
        text.replace(f'"bytes":{sizes["bytes"]}', f'"bytes":{first.stat().st_size}')
    )
    with pytest.raises(
        DatasetError, match=r"dense/train-00000-of-00002.parquet holds other clips than .*data/train"
    ):
        reader(copy, "parquet")[0]
