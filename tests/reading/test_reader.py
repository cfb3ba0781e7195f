"""What was written comes back, from both formats, in any process, without the engine."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simgen import GENERATOR_VERSION
from simgen.dataset import Sample, ShardWriter, decode_video
from simgen.dataset.column_table import Layout
from simgen.dataset.finish import finish_dataset
from simgen.dataset.values import values_of
from simgen.errors import DatasetError, MissingDependencyError
from simgen.labels.events import Event
from simgen.physics.trace import Contacts
from simgen.reading import open_dataset
from simgen.render.frames import PASSES
from simgen.scenarios.base import LawCheck
from simgen.verification import differences, verify
from simgen.verification.comparison import differing_columns, same
from tests.dataset.samples import HandRecipe, build, make_sample

FORMATS = ("parquet", "webdataset")


@pytest.mark.parametrize("format", FORMATS)
def test_a_sample_comes_back(dense: Path, dense_recipe: HandRecipe, format: str) -> None:
    dataset = open_dataset(dense, "train", passes=PASSES, format=format)
    for index in (0, 3, 5):
        written, read = make_sample(dense_recipe, index), dataset[index].sample()
        stored = {field.name for field in fields(Sample)} - {
            "frames",
            "cameras",
            "seconds",
            "rejections",
            "contacts",
        }
        for name in stored:
            one, other = getattr(written, name), getattr(read, name)
            assert same(one, other) if isinstance(one, np.ndarray) else one == other, name
        assert same(written.contacts, read.contacts)
        for camera, label in written.cameras.items():
            assert same(label.intrinsics, read.cameras[camera].intrinsics)
            assert same(label.world_to_camera, read.cameras[camera].world_to_camera)
            assert label.projection == read.cameras[camera].projection
            one, other = written.frames[camera], read.frames[camera]
            assert np.array_equal(one.segmentation, other.segmentation)
            assert np.array_equal(one.flow_occluded, other.flow_occluded)
            assert same(one.boxes, other.boxes)
            assert other.rgb.shape == one.rgb.shape
            assert np.abs(other.rgb.astype(int) - one.rgb).mean() < 8
        assert np.array_equal(dataset[index].depth_m, read.frames["main"].depth_m)


def test_both_formats_hold_the_same(dense: Path, plain: Path) -> None:
    for folder, passes in ((dense, PASSES), (plain, ())):
        pair = [open_dataset(folder, passes=passes, format=format) for format in FORMATS]
        assert list(differences(*pair)) == []


def test_other_shards_same_clips(tmp_path: Path, plain: Path) -> None:
    build(tmp_path, HandRecipe(), {"train": [17, 1, 20, 2], "test": [1, 2]}, ("webdataset",))
    assert list(differences(open_dataset(plain), open_dataset(tmp_path))) == []
    shorter = open_dataset(tmp_path, "train", take=39)
    assert list(differences(open_dataset(plain, "train"), shorter)) == [
        "clip 39: only the first dataset has it"
    ]


def test_a_difference_is_found(tmp_path: Path, plain: Path) -> None:
    def change(values: dict[str, Any]) -> None:
        values["state"][3, 1, 0] += 1e-6
        values["params"] = {**values["params"], "count": 77}

    build(tmp_path, HandRecipe(), {"train": [40], "test": [3]}, ("parquet",), change)
    assert list(differences(open_dataset(plain), open_dataset(tmp_path))) == [
        "hand-train-00000001: params, state"
    ]


def test_comparison_is_strict() -> None:
    array = np.array([1.0, np.nan, 0.0])
    assert same(array, array.copy())
    assert not same(array, np.array([1.0, np.nan, -0.0]))
    assert not same(array, array.astype(np.float32))
    assert not same(1, 1.0)
    assert not same(True, 1)
    assert not same([1], [1, 2])
    assert differing_columns({"a": 1, "b": 2}, {"b": 3, "c": 4}) == ["a", "b", "c"]


@pytest.mark.parametrize("format", FORMATS)
def test_it_is_a_sequence(plain: Path, format: str) -> None:
    dataset = open_dataset(plain, format=format)
    assert len(dataset) == 43
    keys = [clip.key for clip in dataset]
    assert keys == [f"hand-train-{index:08d}" for index in range(40)] + [
        f"hand-test-{index:08d}" for index in range(3)
    ]
    for place in (0, 13, 14, 39, 40, 42, -1, -43):
        assert dataset[place].key == keys[place]
    assert [clip.key for clip in dataset[12:16]] == keys[12:16]
    for place in (43, -44):
        with pytest.raises(IndexError):
            dataset[place]
    assert [clip.key for clip in open_dataset(plain, "test", format=format)] == keys[40:]
    few = open_dataset(plain, take=15, format=format)
    assert len(few) == 15
    assert [clip.key for clip in few] == keys[:15]
    assert len(open_dataset(plain, take=0)) == 0
    assert list(open_dataset(plain, take=0)) == []
    assert len(open_dataset(plain, take=99)) == 43
    assert repr(dataset) == f"Dataset({str(plain)!r}, train, test: 43 clips, {format})"


@pytest.mark.parametrize("format", FORMATS)
def test_only_the_columns_asked_for(dense: Path, format: str) -> None:
    dataset = open_dataset(dense, columns=["state", "caption"], passes=["segmentation"], format=format)
    assert set(dataset.columns) == {"key", "state", "caption", "segmentation", "segmentation_side"}
    clip = dataset[4]
    assert set(clip.values) == set(dataset.columns)
    assert clip.segmentation.shape == (5, 48, 64)
    with pytest.raises(DatasetError, match="read without the column 'video': add it to `columns`"):
        _ = clip.rgb
    with pytest.raises(DatasetError, match="read without the column 'depth'"):
        _ = clip.depth_m
    only = open_dataset(dense, columns=["index"], format=format)[5]
    assert only.values == {"key": "hand-train-00000005", "index": 5}
    assert "depth" not in open_dataset(dense).columns


def test_further_cameras(dense: Path) -> None:
    clip = open_dataset(dense, passes=PASSES)[0]
    assert np.array_equal(clip.video("side"), decode_video(clip.values["video_side"]))
    assert not np.array_equal(clip.video("side"), clip.rgb)
    assert clip.frames("side").normals is not None
    assert len(clip.cameras["side"].world_to_camera) == 5
    assert len(clip.cameras["main"].world_to_camera) == 1


@pytest.mark.parametrize("format", FORMATS)
def test_a_dataset_can_be_pickled(plain: Path, format: str) -> None:
    dataset = open_dataset(plain, format=format)
    first = dataset[20]
    again = pickle.loads(pickle.dumps(dataset))
    assert same(again[20].values, first.values)


def test_file_urls_are_locations(plain: Path) -> None:
    assert len(open_dataset(f"file://{plain}")) == 43


@pytest.mark.parametrize("format", FORMATS)
def test_any_store_that_fsspec_knows(plain: Path, format: str) -> None:
    """A store without folders, renames or local paths."""
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    for path in plain.rglob("*"):
        if path.is_file():
            store.pipe(f"/bucket/hand/{path.relative_to(plain)}", path.read_bytes())
    try:
        remote = open_dataset("memory://bucket/hand", format=format)
        assert list(differences(remote, open_dataset(plain))) == []
        assert remote[20].rgb.shape == (14, 48, 64, 3)
        assert verify("memory://bucket/hand", deep=True).ok
        store.rm("/bucket/hand/data/test-00000-of-00001.parquet")
        assert [str(finding) for finding in verify("memory://bucket/hand").findings] == [
            "data/test-00000-of-00001.parquet: is missing"
        ]
    finally:
        store.rm("/bucket", recursive=True)


def test_reading_imports_neither_engine_nor_renderer(dense: Path) -> None:
    """In a process in which they cannot be imported at all."""
    code = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pybullet", "pybullet_data", "numba", "ray", "torch", "datasets", "click",
        "tqdm"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
import simgen
for format in ("parquet", "webdataset"):
    for clip in simgen.open_dataset(sys.argv[1], passes=["depth", "normals"], format=format):
        sample = clip.sample()
        assert sample.rgb.shape == (5, 48, 64, 3) and sample.scene.bodies[1].name == "ball"
        assert clip.depth_m.max() > 0
report = simgen.verify(sys.argv[1], deep=True)
assert report.ok, report.text
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(dense)], check=True)


def test_what_is_not_a_dataset_is_said_in_a_sentence(tmp_path: Path, plain: Path) -> None:
    cases = {
        tmp_path / "nowhere": "There is no dataset at {0}: nothing is there",
        tmp_path: "{0} is not a simgen dataset: it has no manifest.json",
    }
    for place, text in cases.items():
        with pytest.raises(DatasetError) as caught:
            open_dataset(place)
        assert str(caught.value) == text.format(place)
    unfinished = tmp_path / "unfinished"
    shutil.copytree(plain, unfinished)
    (unfinished / "manifest.json").unlink()
    with pytest.raises(DatasetError, match=r"is not finished: .* Run the same `simgen build` again"):
        open_dataset(unfinished)
    with pytest.raises((DatasetError, MissingDependencyError), match="cannot be opened"):
        open_dataset("nosuchstore://bucket/data")


def test_a_wrong_request_is_said_in_a_sentence(plain: Path) -> None:
    for arguments, text in (
        ({"split": "trian"}, "has no split 'trian', but train and test. Did you mean 'train'?"),
        (
            {"columns": ["capton"]},
            "has no column 'capton'. Did you mean 'caption'? Its manifest.json lists all",
        ),
        ({"passes": ["depth"]}, "has no dense pass 'depth'; it has none"),
        ({"split": ["train"]}, "has no split '['train']', but train and test."),
        ({"format": "zip"}, "is not stored as 'zip' but as parquet and webdataset"),
    ):
        with pytest.raises(DatasetError) as caught:
            open_dataset(plain, **arguments)  # type: ignore[arg-type]
        assert str(caught.value) == f"{plain} {text}"


def test_names_are_given_as_a_list(plain: Path) -> None:
    for read, text in (
        (
            lambda: open_dataset(plain, columns="state"),
            "columns='state': it is a list of names, for example ['state']",
        ),
        (
            lambda: open_dataset(plain, passes="depth"),
            "passes='depth': it is a list of names, for example ['depth']",
        ),
        (
            lambda: open_dataset(plain).numpy("video"),
            "columns='video': it is a list of names, for example ['video']",
        ),
        (lambda: open_dataset(plain).numpy(None), "columns=None: it is a list of names, for example "),
        (lambda: open_dataset(plain).numpy([3]), "columns=[3]: it is a list of names, for example "),
    ):
        with pytest.raises(DatasetError) as caught:
            read()  # type: ignore[no-untyped-call]
        assert str(caught.value).startswith(text)


def test_a_newer_dataset_is_not_guessed_at(plain: Path, tmp_path: Path) -> None:
    value = json.loads((plain / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**value, "format": 2}))
    with pytest.raises(
        DatasetError, match=r"newer simgen \(format 2, .* pip install --upgrade simgen-physics"
    ):
        open_dataset(tmp_path)


@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_shard_is_named(plain: Path, tmp_path: Path, format: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(plain, copy)
    name = {
        "parquet": "data/train-00001-of-00003.parquet",
        "webdataset": "webdataset/train-00001-of-00003.tar",
    }[format]
    data = (copy / name).read_bytes()
    dataset = open_dataset(copy, "train", format=format)
    for spoilt in (data[: len(data) // 2], b"", bytes(len(data))):
        (copy / name).write_bytes(spoilt)
        dataset.close()
        assert dataset[3].key == "hand-train-00000003"
        with pytest.raises(DatasetError) as caught:
            dataset[20]
        assert name in str(caught.value)
        assert "simgen build" in str(caught.value)
    (copy / name).unlink()
    dataset.close()
    with pytest.raises(DatasetError, match=f"{name} is missing"):
        list(dataset)


finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=0, max_size=20)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_values_survive_both_formats(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Other numbers of bodies, contacts and events in every clip, extreme numbers, any words."""
    recipe = HandRecipe(frame_count=2, size=(16, 16))
    layout = Layout.of(recipe)
    rows = []
    for index in range(data.draw(st.integers(1, 4))):
        sample = make_sample(recipe, index)
        count = data.draw(st.integers(0, 3))
        numbers = np.array(data.draw(st.lists(finite, min_size=6, max_size=6)))
        bodies = data.draw(st.integers(1, 5))
        sample = replace(
            sample,
            captions=dict.fromkeys(sample.captions, data.draw(words)),
            params={
                "angle_deg": float(numbers[0]),
                "count": -(2**40),
                "shape": data.draw(words),
                "fast": True,
            },
            state=np.resize(numbers, (2, bodies, 13)).astype(np.float32),
            boxes=np.resize(numbers, (2, bodies, 4)).astype(np.float32),
            visible=np.resize(numbers, (2, bodies)).astype(np.float32),
            centroids=np.resize(numbers, (2, bodies, 2)).astype(np.float32),
            projected_px=np.resize(numbers, (2, bodies, 2)).astype(np.float32),
            events=tuple(
                Event(data.draw(words), 1, float(n), (0,) * k, float(n))
                for k, n in enumerate(numbers[:count])
            ),
            law=tuple(LawCheck("x", float(n), float(n), abs(float(n))) for n in numbers[:count]),
            contacts=Contacts(
                frame=np.arange(count, dtype=np.int32),
                time_s=numbers[:count] / 3,
                a=np.zeros(count, np.int32),
                b=np.ones(count, np.int32),
                position_m=np.resize(numbers, (count, 3)) / 7,
                normal=np.resize(numbers, (count, 3)),
                impulse_n_s=numbers[:count],
            ),
        )
        rows.append(values_of(sample, layout))
    folder = tmp_path_factory.mktemp("any")
    with ShardWriter(folder, recipe, "train", 0, 1) as writer:
        for values in rows:
            writer.add_values(values)
        writer.finish()
    finish_dataset(folder, recipe, [writer.marker()], GENERATOR_VERSION)
    for format in FORMATS:
        for values, clip in zip(rows, open_dataset(folder, format=format), strict=True):
            assert differing_columns(values, clip.values) == []
