"""A shard: whole or not there, the same bytes again, one encode for both formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from simgen.dataset import Manifest, Marker, ShardWriter
from simgen.dataset.storage import PRIVATE
from tests.dataset.samples import HandRecipe, make_sample


def write_shard(
    folder: Path, recipe: HandRecipe, clips: int, formats: tuple[str, ...] = ("parquet", "webdataset")
) -> Marker:
    with ShardWriter(folder, recipe, "train", 0, 1, formats) as writer:
        for index in range(clips):
            writer.add(make_sample(recipe, index))
        writer.finish()
        marker = writer.marker()
    marker.write(folder)
    return marker


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_samples_same_bytes(tmp_path: Path) -> None:
    recipe = HandRecipe(passes=("depth", "segmentation"), camera_names=("main", "side"))
    for name in "ab":
        marker = write_shard(tmp_path / name, recipe, 5)
        Manifest.of(recipe, [marker], 1).write(tmp_path / name)
    first, second = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert first == second
    assert sorted(first) == [
        ".simgen/markers/train-00000-of-00001.json",
        "data/train-00000-of-00001.parquet",
        "dense/train-00000-of-00001.parquet",
        "manifest.json",
        "webdataset/train-00000-of-00001.tar",
    ]


def test_an_exception_leaves_no_file(tmp_path: Path) -> None:
    recipe = HandRecipe()
    with pytest.raises(ZeroDivisionError), ShardWriter(tmp_path, recipe, "train", 0, 1) as writer:
        writer.add(make_sample(recipe, 0))
        raise ZeroDivisionError
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert PRIVATE in {path.name for path in tmp_path.iterdir()}
