"""What a training loop takes of a clip, by name."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simgen.dataset.column_table import Layout
from simgen.dataset.values import values_of
from simgen.errors import DatasetError
from simgen.reading import Clip, View, open_dataset, unpatch
from simgen.reading.decoding import nearest
from simgen.render.frames import PASSES
from simgen.scene.camera import project
from tests.dataset.samples import HandRecipe, make_sample


@pytest.fixture(scope="module")
def clip(dense: Path) -> Clip:
    return open_dataset(dense, passes=PASSES)[1]


def shown(clip: Clip, **view: Any) -> Clip:
    return Clip(clip.values, clip.layout, View(**view), (1, 2, 3))


VIDEO_FORMS = [
    ({}, "uint8", "THWC"),
    ({"layout": "TCHW"}, "uint8", "TCHW"),
    ({"layout": "CTHW", "dtype": "float32"}, "float32", "CTHW"),
    ({"dtype": "float32", "size": (32, 24)}, "float32", "THWC"),
]


@pytest.mark.parametrize(("view", "dtype", "layout"), VIDEO_FORMS)
def test_videos_in_every_form(clip: Clip, view: dict[str, Any], dtype: str, layout: str) -> None:
    cut = shown(clip, frames=3, start=1, **view)
    found = cut.example(["video", "video_side"])
    assert set(found) == {"video", "video_side"}
    for name, pictures in (("video", cut.rgb), ("video_side", cut.video("side"))):
        expected = np.einsum(f"THWC->{layout}", pictures)
        if dtype == "float32":
            expected = expected.astype(np.float32) / np.float32(255)
            assert found[name].min() >= 0 and found[name].max() <= 1
        assert found[name].dtype == dtype and np.array_equal(found[name], expected)
    assert cut.rgb.dtype == np.uint8 and cut.rgb.shape[0] == 3 and cut.rgb.shape[3] == 3


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_videos_as_tokens(clip: Clip, dtype: str) -> None:
    cut = shown(clip, frames=4, start=0, patches=(2, 16, 16), dtype=dtype)
    found = cut.example(["key", "video", "video_side"])
    assert set(found) == {"key", "video", "video_side", "positions"}
    assert found["video"].shape == (2 * 3 * 4, 2 * 16 * 16 * 3) and found["video"].dtype == dtype
    whole = shown(clip, frames=4, start=0, dtype=dtype).example(["video", "video_side"])
    for name, video in whole.items():
        assert np.array_equal(unpatch(found[name], found["positions"], (2, 16, 16)), video)


def test_arrays_and_words(clip: Clip) -> None:
    cut = shown(clip, frames=3, start=1)
    names = ["key", "index", "split", "scenario", "caption", "captions", "fps", "frame_count", "width", "height",
             "frame_indices", "state", "visible", "boxes", "boxes_side", "centroids", "projected_px", "depth", "depth_side",
             "segmentation", "normals", "flow", "flow_occluded", "flow_occluded_side", "camera", "camera_side",
             "decision", "scene", "contacts", "events", "law", "bodies", "recipe_hash", "generator_version",
             "attempt", "depth_scale_m"]  # fmt: skip
    found = cut.example(names)
    assert list(found) == names
    for name in (
        "key",
        "index",
        "split",
        "caption",
        "captions",
        "fps",
        "events",
        "law",
        "recipe_hash",
        "attempt",
    ):
        assert found[name] == getattr(cut, name), name
    assert (found["frame_count"], found["width"], found["height"]) == (3, 64, 48)
    for name in ("state", "visible", "boxes", "centroids", "projected_px", "segmentation", "normals", "flow"):
        assert np.array_equal(found[name], getattr(cut, name)), name
    assert np.array_equal(found["depth"], cut.depth_m) and found["depth"].dtype == np.float32
    assert np.array_equal(found["depth_side"], cut.dense("depth", "side")["depth_m"])
    assert np.array_equal(found["flow_occluded_side"], cut.dense("flow", "side")["flow_occluded"])
    assert np.array_equal(found["boxes_side"], cut.frames("side").boxes)
    assert found["decision"] == asdict(cut.decision)
    assert np.array_equal(found["camera_side"]["world_to_camera"], cut.cameras["side"].world_to_camera)
    assert json.loads(found["scene"]) == json.loads(clip.scene_json)
    assert found["frame_indices"].tolist() == [1, 2, 3]
    arrays = [
        value for value in (*found.values(), *found["camera"].values()) if isinstance(value, np.ndarray)
    ]
    assert len(arrays) > 15
    assert all(array.flags.c_contiguous and array.flags.writeable for array in arrays)


@pytest.mark.parametrize("view", [{}, {"frames": 3}, {"size": 24}])
def test_writing_into_an_example_changes_no_clip(clip: Clip, view: dict[str, Any]) -> None:
    names = ["state", "boxes", "camera", "camera_side", "video", "segmentation", "frame_indices"]
    first, again = shown(clip, **view).example(names), shown(clip, **view).example(names)
    for value in (*first.values(), *first["camera"].values(), *first["camera_side"].values()):
        if isinstance(value, np.ndarray):
            value[:] = 77
    third = shown(clip, **view).example(names)
    for name in ("state", "boxes", "video", "segmentation", "frame_indices"):
        assert np.array_equal(again[name], third[name])
    assert np.array_equal(again["camera"]["intrinsics"], third["camera"]["intrinsics"])
    assert np.array_equal(again["camera_side"]["world_to_camera"], third["camera_side"]["world_to_camera"])


def test_pixel_coordinates_follow_the_size(clip: Clip) -> None:
    """The projection of the bodies with the scaled camera gives the scaled pixels, and the boxes stay on the bodies."""
    cut = shown(clip, size=(32, 36))  # half as wide, three quarters as high
    label = cut.cameras["main"]
    pixels, _ = project(
        cut.state[:, :, :3].astype(float), label.intrinsics, label.world_to_camera, label.projection
    )
    assert pixels == pytest.approx(cut.projected_px, abs=1e-3)
    assert cut.projected_px == pytest.approx(clip.projected_px * [0.5, 0.75])
    assert cut.boxes == pytest.approx(clip.boxes * [0.5, 0.75, 0.5, 0.75])
    assert cut.centroids == pytest.approx(clip.centroids * [0.5, 0.75])
    assert np.array_equal(cut.visible, clip.visible)
    assert cut.rgb.shape == (5, 36, 32, 3) and cut.depth_m.shape == (5, 36, 32)
    assert cut.normals.shape == (5, 36, 32, 3) and cut.flow.shape == (5, 36, 32, 2)
    # the ball's label lies within its box, give or take the old pixel that a new one is taken from
    for frame in range(5):
        rows, columns = np.nonzero(cut.segmentation[frame] == 2)
        x0, y0, x1, y1 = cut.boxes[frame, 1]
        assert (
            len(rows)
            and x0 - 1 <= columns.min()
            and columns.max() <= x1
            and y0 - 1 <= rows.min()
            and rows.max() <= y1
        )
    # labels are not blended: only those that are there
    assert set(np.unique(cut.segmentation)) <= set(np.unique(clip.segmentation))
    assert set(np.unique(cut.depth_m)) <= set(np.unique(clip.depth_m))
    assert cut.flow == pytest.approx(nearest(clip.flow, (32, 36)) * [0.5, 0.75])


@pytest.mark.parametrize(
    ("size", "shape"), [(24, (24, 32)), (48, (48, 64)), (96, (96, 128)), ((20, 30), (30, 20))]
)
def test_one_number_is_the_shorter_side(clip: Clip, size: Any, shape: tuple[int, int]) -> None:
    cut = shown(clip, size=size, frames=2)
    assert cut.rgb.shape[1:3] == cut.segmentation.shape[1:3] == shape
    assert cut.size == shape[::-1]
    assert cut.example(["height", "width"]) == {"height": shape[0], "width": shape[1]}


def test_bodies_are_filled_up(clip: Clip) -> None:
    names = ["state", "visible", "boxes", "boxes_side", "centroids", "projected_px"]
    padded, plain = clip.example(names, bodies=7), clip.example(names)
    assert padded.pop("body_count") == 3
    for name in names:
        assert padded[name].shape == (5, 7, *plain[name].shape[2:])
        assert np.array_equal(padded[name][:, :3], plain[name])
        assert not padded[name][:, 3:].any() and padded[name].dtype == plain[name].dtype
    assert np.array_equal(clip.example(["state"], bodies=3)["state"], clip.state)
    with pytest.raises(
        DatasetError, match=r"hand-train-00000001.* has 3 bodies, which do not fit into bodies=2"
    ):
        clip.example(["state"], bodies=2)


def test_parameters_have_one_type_in_the_whole_dataset() -> None:
    sample = make_sample(HandRecipe(), 1)
    mixed = Layout(
        params=(("angle_deg", "float"), ("count", "int"), ("shape", "str"), ("fast", "bool"), ("other_m", "float"),
                ("word", "str"), ("on", "bool")),
        mixture=(("hand", ("angle_deg", "count", "shape", "fast")), ("else", ("other_m", "word", "on"))),
    )  # fmt: skip
    found = Clip(values_of(sample, mixed), mixed).example(["params"])["params"]
    assert {name: type(value) for name, value in found.items()} == {
        **dict.fromkeys(("angle_deg", "count", "fast", "other_m", "on"), float), "shape": str, "word": str,
    }  # fmt: skip
    assert (
        found["count"] == 1.0
        and found["fast"] == 1.0
        and found["shape"] == "cylinder"
        and found["word"] == ""
    )
    assert math.isnan(found["other_m"]) and math.isnan(found["on"])


def test_examples_can_be_put_together_to_batches(plain: Path) -> None:
    """By torch's own way, without a warning."""
    torch = pytest.importorskip("torch")
    from torch.utils.data import default_collate

    names = ["key", "index", "caption", "fps", "video", "state", "boxes", "params", "decision", "camera"]
    view = {"frames": 4, "patches": (2, 8, 8), "dtype": "float32", "size": (32, 16)}
    clips = [shown(clip, **view) for clip in open_dataset(plain)[:4]]
    batch = default_collate([clip.example(names, bodies=5) for clip in clips])
    assert batch["video"].shape == (4, 2 * 2 * 4, 2 * 8 * 8 * 3) and batch["video"].dtype == torch.float32
    assert batch["positions"].shape == (4, 16, 3)
    assert batch["state"].shape == (4, 4, 5, 13)
    assert batch["body_count"].tolist() == [3] * 4
    assert batch["key"] == [clip.key for clip in clips]
    assert batch["params"]["count"].tolist() == [0.0, 1.0, 2.0, 3.0]
    videos = unpatch(batch["video"], batch["positions"], (2, 8, 8))
    for number, clip in enumerate(clips):
        assert np.array_equal(videos[number].numpy(), clip.rgb / np.float32(255))


@pytest.mark.parametrize("view", [{}, {"frames": 4, "stride": 2, "size": 24}, {"fps": 8}])
@pytest.mark.parametrize("name", ["frame_indices", "frame_count", "width", "height", "fps"])
def test_what_follows_from_the_view_can_be_asked_for_alone(
    plain: Path, name: str, view: dict[str, Any]
) -> None:
    told = open_dataset(plain).numpy([name], **view).example(0, 2)[name]
    clip = open_dataset(plain, **view)[2]
    expected = {
        "frame_indices": clip.frame_indices,
        "frame_count": len(clip.rgb),
        "height": clip.rgb.shape[1],
        "width": clip.rgb.shape[2],
        "fps": clip.fps,
    }
    assert np.array_equal(told, expected[name])


def test_flow_of_a_view_that_leaves_frames_out_is_refused_at_once(dense: Path) -> None:
    """Not clip by clip: with on_error="skip" a loop would look through the whole dataset for one that has it."""
    dataset = open_dataset(dense, "train", on_error="skip")
    for view in ({"stride": 2}, {"frames": 2, "fps": 12}):
        with pytest.raises(
            DatasetError, match=r"and this view leaves frames out\. Read flow without stride and fps"
        ):
            dataset.numpy(["flow_side"], **view)
    for view in ({"frames": 1, "stride": 2}, {"frames": 3, "fps": 24.0, "start": 1}):
        example = dataset.numpy(["flow_side"], **view).example(0, 0)
        assert len(example["flow_side"]) == view["frames"] and example["skipped"] == 0


def test_a_wrong_name_is_said_in_a_sentence(clip: Clip, plain: Path) -> None:
    for name, text in (
        ("capton", "There is no column 'capton' to make an example of. Did you mean 'caption'?"),
        ("video_top", "There is no column 'video_top' to make an example of. Did you mean 'video"),
        ("depths", "There is no column 'depths' to make an example of. Did you mean 'depth'?"),
    ):
        with pytest.raises(DatasetError) as caught:
            clip.example([name])
        assert str(caught.value).startswith(text)
    few = open_dataset(plain, columns=["state"])[0]
    for name in (
        "video",
        "caption",
        "boxes",
        "params",
        "decision",
        "camera",
        "scene",
        "frame_indices",
        "key_",
    ):
        with pytest.raises(DatasetError, match=r"read without the column|There is no column 'key_'"):
            few.example([name])
    with pytest.raises(DatasetError, match=r"read without the column 'depth': .*`passes`, for a dense pass"):
        open_dataset(plain)[0].example(["depth"])
    with pytest.raises(DatasetError, match=r"has no camera 'sid', but main and side. Did you mean 'side'"):
        clip.video("sid")


def test_views_are_read_without_engine_renderer_and_torch(dense: Path) -> None:
    """In a process in which they cannot be imported at all."""
    code = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pybullet", "numba", "ray", "torch", "torchcodec", "torchdata", "datasets", "PIL"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
from simgen.reading import Clip, View, open_dataset, unpatch
dataset = open_dataset(sys.argv[1], passes=["depth"])
for view in (View(frames=2, size=24, caption="random"), View(frames=4, patches=(2, 8, 8), dtype="float32")):
    view.check(dataset.manifest, sys.argv[1])
    for number, clip in enumerate(dataset):
        found = Clip(clip.values, clip.layout, view, (0, 0, number)).example(["video", "depth", "state", "caption"], 4)
        assert found["depth"].shape[0] == view.frames and found["caption"]
        if view.patches:
            assert unpatch(found["video"], found["positions"], view.patches).shape == (4, 48, 64, 3)
print("read")
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(dense)], capture_output=True, text=True
    )
    assert done.stdout == "read\n", done.stderr
