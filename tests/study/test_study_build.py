"""A study, declared, built in one go, checked, read and shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import simgen
from simgen.dataset.manifest import Manifest
from simgen.recipe import Recipe, parse_recipe
from simgen.study.design_report import design_report
from simgen.verification import verify
from simgen.verification.design import design_rows, design_words, plot_design

STUDY = """\
name: study
scenario: incline
seed: 3
params: {shape: sphere, angle_deg: {uniform: [5, 30]}, radius_m: 0.2}
splits:
  train: {ladder: [2, 5, 9]}
  train_hole: {clips: 2, params: {angle_deg: {uniform: [[5, 10], [20, 30]]}}, against: train_hole}
  test_hole: {clips: 2, params: {angle_deg: {uniform: [12, 18]}}, against: train_hole}
  far: {clips: 3, params: {angle_deg: {uniform: [35, 60]}}}
  cover: {clips: 3, mix: {from: far, clips: [0, 2]}}
  control: {clips: 2, same_as: train, hide: [ramp, stop]}
sweeps: {angle: {vary: {angle_deg: [10, 50]}, groups: 2}}
pairs: {slip: {set: {friction: 0}, at_s: 0.25, groups: 1}}
twins: {gone: {violations: [vanish], groups: 1}}
study: {question: "Does it work?", factors: [angle_deg]}
video: {size: 48, fps: 8, seconds: 1.25}
output: {format: both, clips_per_shard: 3}
"""


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return parse_recipe(STUDY, "study.yaml")


@pytest.fixture(scope="module")
def folder(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("study") / "study"
    report = simgen.build(recipe, place, workers=1)
    assert report.clips == 9 + 2 + 2 + 3 + 3 + 3 + 2 + 4 + 2 + 2
    return place


def test_everything_in_it_is_true(folder: Path) -> None:
    report = verify(folder, deep=True)
    assert report.ok, report.text
    assert not report.notes


def test_shards_end_at_every_size_of_the_ladder_and_never_within_a_group(folder: Path) -> None:
    manifest = Manifest.from_text((folder / "manifest.json").read_bytes())
    ends = [shard.start + shard.clips for shard in manifest.of_split("train")]
    assert ends == [2, 5, 8, 9]
    assert [shard.clips for shard in manifest.of_split("sweep_angle")] == [2, 2]


@pytest.mark.parametrize("format", ["parquet", "webdataset"])
def test_columns_come_back_from_both_formats(folder: Path, recipe: Recipe, format: str) -> None:
    places = {clip.key: clip.study for clip in simgen.open_dataset(folder, format=format)}
    for split, design in recipe.designs.items():
        for index in range(design.clips):
            made = simgen.generate(recipe, index, split).study
            read = places[f"study-{split}-{index:08d}"]
            assert read.present is not None
            assert (np.asarray(read.present) == made.present).all()
            for name in ("group", "varied", "level", "plausible", "violation", "violation_frame", "ood"):
                assert getattr(read, name) == getattr(made, name), (split, name)
            assert (read.intervention, read.later_frame) == (made.intervention, made.later_frame)


def test_what_is_out_of_range(folder: Path) -> None:
    outside = {
        split: [clip.study.ood for clip in simgen.open_dataset(folder, split=split)]
        for split in ("train", "train_hole", "test_hole", "far", "cover_2", "sweep_angle", "pairs_slip")
    }
    assert outside["train"] == [()] * 9
    assert outside["train_hole"] == [()] * 2
    assert outside["test_hole"] == [("angle_deg",)] * 2  # in the hole of the split that it is held against
    assert outside["far"] == [("angle_deg",)] * 3
    assert outside["cover_2"] == [("angle_deg",), ("angle_deg",), ()]
    assert outside["sweep_angle"] == [(), ("angle_deg",)] * 2
    assert outside["pairs_slip"] == [(), ("friction",)]


def test_the_nearest_training_clip_is_the_one_whose_angle_is_nearest(folder: Path) -> None:
    """In units of the range in training, which is 25°; by comparing with every clip."""
    train = simgen.open_dataset(folder, split="train")
    angles = np.array([clip.params["angle_deg"] for clip in train])
    for split in ("far", "cover_0", "sweep_angle", "control", "train"):
        for clip in simgen.open_dataset(folder, split=split):
            away = np.abs(angles - clip.params["angle_deg"]) / 25
            assert clip.nearest_train_distance == pytest.approx(away.min(), abs=1e-9)
            assert clip.nearest_train_key == train[int(away.argmin())].key
    held = simgen.open_dataset(folder, split="train_hole")
    for clip in simgen.open_dataset(folder, split="test_hole"):
        away = [abs(other.params["angle_deg"] - clip.params["angle_deg"]) / 25 for other in held]
        assert clip.nearest_train_distance == pytest.approx(min(away), abs=1e-9)
        assert clip.nearest_train_key.startswith("study-train_hole-")
    table = pq.read_table(folder / "study" / "far.parquet")
    assert table.column_names == ["key", "index", "nearest_train_distance", "nearest_train_key"]
    assert table["key"].to_pylist() == [f"study-far-{index:08d}" for index in range(3)]


def test_distances_are_read_when_they_are_asked_for_alone(folder: Path) -> None:
    dataset = simgen.open_dataset(folder, split="far", columns=["nearest_train_distance"])
    assert all(clip.nearest_train_distance > 0 for clip in dataset)
    without = simgen.open_dataset(folder, split="far", columns=["index"])
    assert "nearest_train_distance" not in without[0].values


def test_a_table_that_is_not_what_was_written_is_found_and_written_again(
    folder: Path, recipe: Recipe, tmp_path: Path
) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    path = copy / "study" / "far.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    assert [finding.path for finding in verify(copy).findings] == ["study/far.parquet"]
    simgen.build(recipe, copy, workers=1)
    assert path.read_bytes() == whole
    assert verify(copy).ok


def test_a_larger_study_keeps_its_clips_and_knows_its_new_neighbours(folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    larger = parse_recipe(STUDY.replace("[2, 5, 9]", "[2, 5, 12]"), "study.yaml")
    report = simgen.build(larger, copy, workers=1)
    assert report.made <= 7  # those behind the fifth: shards of three no longer end at nine
    before, after = (
        [clip.nearest_train_distance for clip in simgen.open_dataset(place, split="far")]
        for place in (folder, copy)
    )
    assert all(new <= old for new, old in zip(after, before, strict=True))
    one, other = (simgen.open_dataset(place, split="train", take=9) for place in (folder, copy))
    assert [clip.params for clip in one] == [clip.params for clip in other]
    assert verify(copy).ok


def test_the_design_as_a_table_and_as_a_picture(folder: Path, tmp_path: Path) -> None:
    rows = {row.split: row for row in design_rows(folder)}
    assert rows["train"].made_of == "trained on; ladder 2, 5, 9"
    assert rows["sweep_angle"].made_of == "2 groups of 2: angle_deg"
    assert rows["far"].outside == {"angle_deg": 3}
    assert rows["control"].nearest == (0.0, 0.0)
    lines = design_words(design_rows(folder))
    assert lines[0] == "  design:"
    assert len(lines) == 2 + len(rows)
    plot_design(folder, tmp_path / "design.png")
    with Image.open(tmp_path / "design.png") as picture:
        blue = (np.asarray(picture) == (38, 110, 200)).all(axis=-1)
        orange = (np.asarray(picture) == (214, 96, 40)).all(axis=-1)
    assert blue.any()
    assert orange.any()


def test_the_report_names_what_each_split_is(recipe: Recipe) -> None:
    report = design_report(recipe)
    assert report is not None
    said = {entry.split: entry for entry in report.splits}
    assert said["far"].words == ("far is disjoint from train: angle_deg is 35 to 60, and 5 to 30 in train.")
    assert said["test_hole"].words.startswith("test_hole is disjoint from train_hole: ")
    assert said["control"].kind == "control"
    assert not any(entry.leaks for entry in report.splits)
    ((_, factors),) = report.factors
    assert not factors.shortcuts
    ((_, frames),) = report.first_frame
    assert [score.factor for score in frames.scores if score.told] == ["angle_deg"]  # the ramp is seen
    assert not frames.shortcuts  # and the ball tells nothing


def test_a_leak_is_named() -> None:
    leaking = STUDY.replace("[35, 60]", "[25, 60]")
    report = design_report(parse_recipe(leaking, "study.yaml"))
    assert report is not None
    (leak,) = (entry for entry in report.splits if entry.leaks)
    assert leak.split == "far"
    assert "25 to 30" in leak.words


def test_both_formats_hold_the_same_columns(folder: Path) -> None:
    names = pq.read_schema(next((folder / "data").glob("train-*"))).names
    for label in ("group", "varied", "level", "intervention", "plausible", "violation", "ood", "present"):
        assert label in names
    kind = pq.read_schema(next((folder / "data").glob("far-*"))).field("ood").type
    assert pa.types.is_list(kind)


def test_the_card_tells_the_study_and_names_the_nested_sets(folder: Path, tmp_path: Path) -> None:
    import shutil

    import yaml

    from simgen.publish.card import write_card

    copy = Path(shutil.copytree(folder, tmp_path / "study"))
    write_card(copy)
    card = (copy / "README.md").read_text()
    assert "**Question.** Does it work?" in card
    assert "| `far` |" in card
    assert "Shortcut audit" in card
    assert "more than chance" in card
    configs = {entry["config_name"]: entry for entry in yaml.safe_load(card.split("---\n")[1])["configs"]}
    assert list(configs) == ["default", "train_2", "train_5", "train_9"]
    for size in (2, 5, 9):
        (files,) = configs[f"train_{size}"]["data_files"]
        keys = [key for path in files["path"] for key in pq.read_table(copy / path)["key"].to_pylist()]
        assert keys == [f"study-train-{index:08d}" for index in range(size)]
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(copy), "train_5", split="train", streaming=True)
    assert len(list(loaded.decode(False))) == 5
