"""Shards that are cut, missing, replaced or spoilt inside: a sentence that names the file and the clips."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from simgen.errors import DatasetError
from simgen.reading import open_dataset
from tests.dataset.samples import HandRecipe, build

FORMATS = ("parquet", "webdataset")
REMEDY = "`simgen verify` checks every file, `simgen build` makes damaged shards again"


def shard(folder: Path, format: str, number: int = 1) -> Path:
    kind, suffix = ("data", "parquet") if format == "parquet" else ("webdataset", "tar")
    return folder / kind / f"train-{number:05d}-of-00003.{suffix}"


@pytest.fixture
def copy(plain: Path, tmp_path: Path) -> Path:
    return shutil.copytree(plain, tmp_path / "copy")


def said(folder: Path, format: str, place: int) -> str:
    with pytest.raises(DatasetError) as caught:
        dict(open_dataset(folder, "train", format=format)[place].values)
    return str(caught.value)


@pytest.mark.parametrize("format", FORMATS)
def test_every_length_of_a_truncated_shard(copy: Path, format: str) -> None:
    file = shard(copy, format)
    whole = file.read_bytes()
    for size in (0, 1, 511, 512, len(whole) // 3, len(whole) - 1024, len(whole) - 1):
        file.write_bytes(whole[:size])
        text = said(copy, format, 20)
        assert text.startswith(f"{file} is damaged")
        assert f"it is truncated: {size:,} bytes instead of {len(whole):,}" in text
        assert text.endswith(REMEDY)
    file.write_bytes(whole + b"x")
    assert "it is longer than it was written" in said(copy, format, 20)


@pytest.mark.parametrize("format", FORMATS)
def test_a_missing_shard(copy: Path, format: str) -> None:
    shard(copy, format).unlink()
    assert said(copy, format, 20) == f"{shard(copy, format)} is missing. `simgen verify` lists what is"
    assert open_dataset(copy, "train", format=format)[3].index == 3


@pytest.mark.parametrize("format", FORMATS)
def test_a_shard_in_the_place_of_another(tmp_path: Path, format: str) -> None:
    """Of the same length, so that only its clips tell."""
    folder = tmp_path / "data"
    build(folder, HandRecipe(), {"train": [14, 14, 14]})
    first, second = shard(folder, format, 0), shard(folder, format, 1)
    data = first.read_bytes()
    first.write_bytes(
        (second.read_bytes() + bytes(len(data)))[: len(data)] if format == "webdataset" else data
    )
    if format == "parquet":
        table = pq.read_table(second)
        pq.write_table(table, first, row_group_size=16)
        manifest = folder / "manifest.json"
        text = manifest.read_text()
        manifest.write_text(text.replace(f'"bytes":{len(data)}', f'"bytes":{first.stat().st_size}'))
    text = said(folder, format, 0)
    assert text.startswith(
        f"{first} holds clip hand-train-00000014 where that of train with the number 0 belongs"
    )
    assert text.endswith(f"it was replaced by another file. {REMEDY}")


def test_a_spoilt_row_group_names_its_clips(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    build(folder, HandRecipe(frame_count=3), {"train": [16, 40, 3]}, ("parquet",))
    file = shard(folder, "parquet")
    chunks = pq.ParquetFile(file).metadata.row_group(1)
    columns = [chunks.column(place) for place in range(chunks.num_columns)]
    (state,) = [column for column in columns if column.path_in_schema.startswith("state.")]
    data = bytearray(file.read_bytes())
    noise = np.random.default_rng(0).integers(0, 256, state.total_compressed_size, np.uint8)
    data[state.data_page_offset : state.data_page_offset + len(noise)] = noise.tobytes()
    file.write_bytes(data)
    dataset = open_dataset(folder, "train")
    for place in (16, 31, 48, 55, 58):
        assert dataset[place].index == place
    for place in (32, 47):
        with pytest.raises(DatasetError) as caught:
            dataset[place]
        assert str(caught.value).startswith(
            f"{file}, clips 32 to 47 of train, is damaged or not from this dataset"
        )
        assert str(caught.value).endswith(REMEDY)
    assert open_dataset(folder, "train", columns=["law"])[40].law  # what was not asked for was not read


def test_a_spoilt_field_names_its_clip(copy: Path) -> None:
    file = shard(copy, "webdataset")
    data = bytearray(file.read_bytes())
    place = data.index(b"hand-train-00000020.state.npy") + 512
    data[place : place + 6] = b"nonsen"
    file.write_bytes(data)
    assert said(copy, "webdataset", 20).startswith(f"{file}, clip hand-train-00000020, is damaged")
    dataset = open_dataset(copy, "train", format="webdataset")
    assert [dataset[place].index for place in (14, 19, 21, 27)] == [14, 19, 21, 27]


def test_a_spoilt_header_stops_at_its_clip(copy: Path) -> None:
    file = shard(copy, "webdataset")
    data = bytearray(file.read_bytes())
    place = data.index(b"hand-train-00000020.state.npy")
    data[place + 124 : place + 135] = b"77777777777"
    file.write_bytes(data)
    assert f"no file header at byte {place}" in said(copy, "webdataset", 20)
    assert open_dataset(copy, "train", format="webdataset")[18].index == 18


def test_a_tar_with_other_clips_than_the_manifest_says(copy: Path) -> None:
    manifest = copy / "manifest.json"
    lines = manifest.read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if '"shard":2' in line and '"train"' in line)
    for clips, text in (
        (11, "holds 12 clips or more, the manifest says 11"),
        (13, "holds 12 clips, the manifest says 13"),
    ):
        changed = [*lines[:at], lines[at].replace('"clips":12', f'"clips":{clips}'), *lines[at + 1 :]]
        manifest.write_text("\n".join(changed))
        with pytest.raises(DatasetError, match=text):
            list(open_dataset(copy, "train", format="webdataset"))
