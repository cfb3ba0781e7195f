"""`datasets` loads a dataset by the front matter of its card, with the types that are in the files."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from simgen.dataset.manifest import Manifest
from simgen.publish.card_edits import metadata_of
from simgen.publish.front_matter import tar_files_front
from simgen.reading import open_dataset
from tests.ffmpeg import run_python

datasets = pytest.importorskip("datasets")

_READ = """
import pickle, sys
import datasets

found = []
for number, (folder, streaming) in enumerate([(sys.argv[1], True), (sys.argv[1], False), (sys.argv[2], False)]):
    clips = datasets.load_dataset(folder, split="train", streaming=streaming, cache_dir=f"{sys.argv[3]}/{number}")
    features = clips.features
    for name, feature in features.items():
        if isinstance(feature, datasets.Video):
            clips = clips.cast_column(name, datasets.Video(decode=False))
    found.append((features._to_yaml_list(), list(clips)))
with open("read", "wb") as file:
    pickle.dump(found, file)
"""
Read = tuple[list[dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def tars(
    ramp: Path, plain: Path, ffmpeg_libraries: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[list[dict[str, Any]], Read]]:
    """What the card says and what `datasets` reads, in one process, which begins with importing it."""
    folder = tmp_path_factory.mktemp("tars")
    told = {name: _tars_alone(dataset, folder / name) for name, dataset in (("ramp", ramp), ("plain", plain))}
    places = (str(folder / name) for name in ("ramp", "plain", "cache"))
    run_python(_READ, ffmpeg_libraries, folder, *places)
    streamed, whole, plain_read = pickle.loads((folder / "read").read_bytes())
    return {
        "streamed": (told["ramp"], streamed),
        "whole": (told["ramp"], whole),
        "plain": (told["plain"], plain_read),
    }


@pytest.mark.parametrize("config", ["default", "dense"])
def test_the_configurations_of_the_card_load(ramp: Path, config: str, tmp_path: Path) -> None:
    clips = datasets.load_dataset(str(ramp), config, cache_dir=str(tmp_path))
    assert {split: len(rows) for split, rows in clips.items()} == {"train": 12, "steep": 6}
    folder = "data" if config == "default" else "dense"
    schema = pq.read_schema(ramp / folder / "train-00000-of-00002.parquet")
    in_files = datasets.Features.from_arrow_schema(schema)
    assert clips["train"].features == in_files
    builder = datasets.load_dataset_builder(str(ramp), config, cache_dir=str(tmp_path))
    assert builder.info.features == in_files, "by the card alone"
    size = sum(path.stat().st_size for path in (ramp / folder).iterdir())
    assert builder.info.download_size == size
    if config == "default":
        assert clips["train"].features["video"] == datasets.Video()


def test_metadata_is_what_the_hub_knows(ramp: Path) -> None:
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(ramp / "README.md")
    assert card.data.license == "cc-by-4.0"
    assert card.data.language == ["en"]
    assert card.data.task_categories == ["text-to-video", "video-classification"]
    assert card.data.size_categories == ["n<1K"]
    assert {"video", "physics", "synthetic"} <= set(card.data.tags)


def _tars_alone(dataset: Path, folder: Path) -> list[dict[str, Any]]:
    """A repository of tars, with a card; returns the features that the card names."""
    shutil.copytree(dataset / "webdataset", folder / "webdataset")
    front = tar_files_front(Manifest.from_text((dataset / "manifest.json").read_text()))
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n\n# Tars\n")
    assert metadata_of((folder / "README.md").read_text()) == front
    features: list[dict[str, Any]] = front["dataset_info"][0]["features"]
    return features


@pytest.mark.parametrize("how", ["streamed", "whole"])
def test_the_tars_load_by_their_card(ramp: Path, how: str, tars: dict[str, Any]) -> None:
    features, (found, rows) = tars[how]
    assert found == features
    ours = open_dataset(ramp, split="train", passes=["depth", "segmentation", "flow"])
    assert len(rows) == len(ours) == 12
    for row, clip in zip(rows, ours, strict=True):
        assert row["__key__"].endswith(clip.key)
        assert row["txt"] == clip.caption
        assert row["mp4"]["bytes"] == clip.video_bytes()
        assert row["json"]["params_angle_deg"] == clip.params["angle_deg"]
        assert isinstance(row["json"]["params_gravity_m_s2"], float)
        assert json.loads(row["json"]["law"])[0]["name"] == clip.law[0].name
        assert row["json"]["decision_in_video"] is clip.decision.in_video
        assert np.array_equal(np.array(row["state.npy"], np.float32), clip.state)
        assert np.array_equal(np.array(row["camera_intrinsics.npy"]), clip.camera().intrinsics)
        assert np.array(row["contacts.npy"]).shape[1] == 11
        assert np.array_equal(np.array(row["mask.npy.gz"], np.uint8), clip.segmentation)
        occluded = clip.dense("flow")["flow_occluded"]
        assert np.array_equal(np.array(row["flow_occluded.npy.gz"]) > 0, occluded)
        assert row["depth.mkv"]["bytes"] == clip.values["depth"]


def test_types_come_from_the_card_and_not_from_the_first_samples(plain: Path, tars: dict[str, Any]) -> None:
    """`plain` begins with a whole number that is meant as a float, and with a clip without contacts."""
    features, (found, rows) = tars["plain"]
    assert {feature["name"] for feature in features} >= {
        "__key__",
        "__url__",
        "mp4",
        "txt",
        "json",
        "state.npy",
    }
    assert found == features
    for row, clip in zip(rows, open_dataset(plain, split="train"), strict=True):
        assert row["json"]["params_angle_deg"] == clip.params["angle_deg"]
        assert row["json"]["params_count"] == clip.params["count"]
        assert row["json"]["params_fast"] is clip.params["fast"]


def test_no_path_of_this_machine_is_in_a_card(ramp: Path) -> None:
    text = (ramp / "README.md").read_text() + (ramp / "croissant.json").read_text()
    assert str(ramp.parent) not in text
    assert os.environ.get("HOME", "/root") not in text
