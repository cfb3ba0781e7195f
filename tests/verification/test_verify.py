"""`verify` names what is wrong with which file and clip, and finds nothing wrong with what is right."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simgen import GENERATOR_VERSION
from simgen.build.clip import compose
from simgen.dataset import Layout, Manifest, Marker, Shard
from simgen.dataset.dense import encode_pass
from simgen.dataset.video import encode_video
from simgen.errors import DatasetError
from simgen.labels.decision import Decision
from simgen.labels.tiers import hidden
from simgen.reading import Clip, open_dataset
from simgen.recipe import parse_recipe
from simgen.recipe.draws import Draws
from simgen.render.frames import Frames
from simgen.scene.json import scene_to_json
from simgen.verification import verify
from simgen.verification.rederivation import Rederivation
from tests.dataset.samples import HandRecipe, build

SHARD = "data/train-00001-of-00003.parquet"
TAR = "webdataset/train-00002-of-00003.tar"


@pytest.fixture
def copy(plain: Path, tmp_path: Path) -> Path:
    shutil.copytree(plain, tmp_path / "copy")
    return tmp_path / "copy"


def found(folder: Path, deep: bool = False) -> list[str]:
    return [str(finding) for finding in verify(folder, deep=deep).findings]


def test_a_good_dataset_is_good(plain: Path, dense: Path) -> None:
    heard: list[tuple[int, int]] = []
    report = verify(plain, progress=lambda done, total: heard.append((done, total)))
    assert report.ok
    assert (report.shards, report.files, report.clips) == (4, 8, 43)
    assert report.text.endswith("All is as it should be.")
    assert heard == [(14, 43), (28, 43), (40, 43), (43, 43)]
    heard.clear()
    for folder in (plain, dense):
        report = verify(folder, deep=True, progress=lambda done, total: heard.append((done, total)))
        assert report.ok, report.text
    assert heard == [(done, 43) for done in range(1, 44)] + [(done, 6) for done in range(1, 7)]
    assert "not drawn again" in report.text, "the hand-made recipe is none that the recipe language knows"


def test_truncated_edited_missing_and_foreign_files_are_named(copy: Path) -> None:
    data = (copy / SHARD).read_bytes()
    (copy / SHARD).write_bytes(data[:-100])
    edited = bytearray((copy / TAR).read_bytes())
    edited[5000] ^= 1
    (copy / TAR).write_bytes(edited)
    (copy / "data" / "test-00000-of-00001.parquet").unlink()
    (copy / "data" / "train-00000-of-00009.parquet").write_bytes(b"?")
    with (copy / "webdataset" / "test-00000-of-00001.tar").open("ab") as file:
        file.write(b"more")
    (copy / "recipe.yaml").write_text("name: other\n")
    lines = found(copy)
    size = len(data)
    assert lines[0] == (
        "data/train-00000-of-00009.parquet: does not belong to the dataset; remove it, or `datasets` will "
        "load it too"
    )
    assert lines[1].startswith("recipe.yaml: is not the recipe that the dataset was built from")
    assert lines[2] == f"{SHARD}: is truncated: {size - 100:,} bytes instead of {size:,}"
    assert re.fullmatch(rf"{TAR}: was changed since it was written \(sha256 .*\)", lines[3])
    assert lines[4] == "data/test-00000-of-00001.parquet: is missing"
    assert lines[5].startswith("webdataset/test-00000-of-00001.tar: is longer than it was written: ")
    assert len(lines) == 6
    text = verify(copy).text
    assert "6 files with something wrong" in text
    assert "`simgen build` with the same recipe and folder makes damaged shards again" in text


def test_deep_goes_on_after_damage(copy: Path) -> None:
    """A shard whose bytes are spoilt is reported, and the clips of the others are still checked."""
    path = copy / SHARD
    data = bytearray(path.read_bytes())
    data[-3000:-2990] = bytes(10)
    path.write_bytes(data)
    heard: list[int] = []
    report = verify(copy, deep=True, progress=lambda done, total: heard.append(done))
    assert {finding.path for finding in report.findings} == {SHARD}
    assert heard[-1] == 43


def test_deep_names_the_clip_whose_bytes_are_spoilt(copy: Path) -> None:
    """One bit in the middle of the video of clip 30, in the tar."""
    video = open_dataset(copy, "train", format="webdataset")[30].video_bytes()
    data = bytearray((copy / TAR).read_bytes())
    at = data.index(video) + len(video) // 2
    data[at : at + 40] = bytes(byte ^ 0xFF for byte in data[at : at + 40])
    (copy / TAR).write_bytes(data)
    lines = found(copy, deep=True)
    assert lines[0].startswith(f"{TAR}: was changed since it was written")
    assert (
        f"{TAR}: hand-train-00000030: is not the same clip as in data/train-00002-of-00003.parquet: video "
        "differ" in lines
    )
    assert all("hand-train-00000030" in line for line in lines[1:])


def test_a_format_of_the_future_and_other_places(copy: Path, tmp_path: Path) -> None:
    value = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**value, "format": 2}))
    with pytest.raises(DatasetError, match=r"written by a newer simgen \(format 2, .*upgrade"):
        verify(copy)
    (copy / "manifest.json").unlink()
    with pytest.raises(DatasetError, match="is not finished"):
        verify(copy)
    with pytest.raises(DatasetError, match="nothing is there"):
        verify(tmp_path / "nowhere")


def edit(name: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    def spoil(values: dict[str, Any]) -> None:
        values[name] = change(values[name])

    return spoil


def put(place: Any, value: Any) -> Callable[[Any], Any]:
    def change(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array[place] = value
        return array

    return change


def member(name: str, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: {**value, name: change(value[name])}


def contact(**changes: Any) -> Callable[[Any], Any]:
    """Clip 1 has two contacts, at frames 1 and 2."""
    return lambda contacts: dataclasses.replace(
        contacts, **{name: put(0, value)(getattr(contacts, name)) for name, value in changes.items()}
    )


def video(frames: int = 14, size: tuple[int, int] = (48, 64), fps: float = 24.0) -> bytes:
    return encode_video(np.zeros((frames, *size, 3), np.uint8), fps)


def scene(change: Callable[[dict[str, Any]], None]) -> Callable[[str], str]:
    def rewrite(text: str) -> str:
        value = json.loads(text)
        change(value)
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    return rewrite


SPOILT: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "key": (
        edit("key", lambda _: "hand-train-00000009"),
        "key is 'hand-train-00000009', expected 'hand-train-00000001'",
    ),
    "recipe hash": (edit("recipe_hash", lambda _: "0"), "recipe_hash is '0', expected"),
    "fps": (edit("fps", lambda _: 25.0), "fps is 25.0, expected 24.0"),
    "parameter": (
        edit("params", member("angle_deg", lambda _: np.inf)),
        "parameter angle_deg is inf, not a finite float",
    ),
    "caption": (edit("caption", lambda _: "Something else."), "caption is not the tier plain of captions"),
    "empty caption": (edit("captions", member("outcome", lambda _: " ")), "the caption outcome is empty"),
    "frames missing": (
        edit("video", lambda _: video(13)),
        r"the video of camera main is \(13, 48, 64, 3\), expected \(14,",
    ),
    "picture size": (
        edit("video", lambda _: video(size=(48, 62))),
        r"is \(14, 48, 62, 3\), expected \(14, 48, 64, 3\)",
    ),
    "speed": (edit("video", lambda _: video(fps=12.0)), "plays at 12 frames/s, not 24.0"),
    "no video": (
        edit("video", lambda _: b"nothing"),
        "the video of clip hand-train-00000001 cannot be decoded",
    ),
    "body": (
        edit("bodies", lambda bodies: [bodies[0], {**bodies[1], "mass_kg": 9.0}, bodies[2]]),
        "bodies are not those of the scene",
    ),
    "scene's picture": (
        edit("scene", scene(lambda value: value["video"].update(fps=30.0))),
        "the scene is filmed as .*30.0",
    ),
    "scene": (edit("scene", lambda text: text[:-5]), "JSONDecodeError"),
    "not finite": (edit("state", put((4, 1, 8), np.nan)), "state of ball at frame 4 is not finite"),
    "quaternion": (
        edit("state", put((5, 2, 6), 0.9)),
        "the quaternion of box at frame 5 is not of unit length",
    ),
    "start": (edit("state", put((0, 1, 0), 3.0)), "the position of ball at frame 0 is not that of the scene"),
    "fixed": (edit("state", put((6, 0, 0), 0.1)), "ground at frame 6 is fixed but moves"),
    "shape of state": (
        edit("state", lambda array: array[:, :2]),
        r"state is \(14, 2, 13\), expected \(14, 3, 13\)",
    ),
    "contact too late": (
        edit("contacts", contact(time_s=0.5)),
        "the time of a contact is outside the interval",
    ),
    "contact's frame": (
        edit("contacts", contact(frame=14)),
        "a contact is at a frame that the clip does not have",
    ),
    "contact's bodies": (
        edit("contacts", contact(b=3)),
        "a contact is not between two bodies a < b of the clip",
    ),
    "contact twice": (
        edit("contacts", contact(frame=2, time_s=0.06)),
        "contacts are not in the order of frame",
    ),
    "contact pulls": (edit("contacts", contact(impulse_n_s=-1.0)), "a contact pulls"),
    "event": (
        edit("events", lambda events: [{**events[0], "frame": 5}]),
        "the event first_contact at .* s is not of frame 5",
    ),
    "decision": (
        edit("decision", member("frame", lambda frame: frame + 1)),
        "decision names first_contact at frame .*, the events say otherwise",
    ),
    "frames needed": (
        edit("decision", member("outcome_frames", lambda _: 99)),
        "decision needs 1 and 99 first frames of 14",
    ),
    "horizon": (
        edit("decision", member("horizon_s", lambda _: 9.0)),
        "decision has a horizon of 9.0 s, outside the video",
    ),
    "law": (
        edit("law", lambda law: [{**law[0], "residual": -1.0}]),
        "the law hand_law has a number that is not finite, or",
    ),
    "camera": (
        edit("camera", member("world_to_camera", put((0, 0, 0), 0.5))),
        "world_to_camera of main is not a rotation",
    ),
    "intrinsics": (
        edit("camera", member("intrinsics", put((0, 0), 1.0))),
        "the intrinsics of camera main are not",
    ),
    "projection": (edit("projected_px", put((3, 1, 0), 1.0)), "projected_px is not where the camera sees"),
    "box outside": (
        edit("boxes", put((2, 1, 2), 64.5)),
        "the box of camera main of ball at frame 2 is not inside the picture",
    ),
    "box without": (
        edit("visible", put((2, 1), 0.0)),
        "ball at frame 2 is visible without a box of camera main, or has",
    ),
    "visible": (
        edit("visible", put((2, 1), 1.5)),
        "visible of camera main of ball at frame 2 is not between 0 and 1",
    ),
    "centroid": (
        edit("centroids", put((2, 1), 0.0)),
        "the centroid of camera main of ball at frame 2 is not inside its box",
    ),
}


@pytest.mark.parametrize("what", SPOILT)
def test_deep_finds_a_wrong_label(what: str, tmp_path: Path) -> None:
    """The hashes fit, for the wrong label is what was written; only reading the clip tells."""
    spoil, message = SPOILT[what]
    build(tmp_path, HandRecipe(), {"train": [3]}, ("parquet",), spoil)
    report = verify(tmp_path, deep=True)
    assert verify(tmp_path).ok
    assert {finding.path for finding in report.findings} == {"data/train-00000-of-00001.parquet"}
    assert {finding.key for finding in report.findings} == {"hand-train-00000001"}
    assert any(re.search(message, finding.message) for finding in report.findings), report.text


def repack(name: str, **fields: Any) -> Callable[[dict[str, Any]], None]:
    def spoil(values: dict[str, Any]) -> None:
        frames = Frames(rgb=np.zeros((5, 48, 64, 3), np.uint8), **fields)
        values.update(encode_pass(name, frames, 24.0))

    return spoil


def zeros(*last: int, dtype: Any = np.float32) -> np.ndarray:
    return np.zeros((5, 48, 64, *last), dtype)


DENSE: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "segmentation": (
        repack("segmentation", segmentation=zeros(dtype=np.uint8)),
        "the box of ball is not around its pixels in segmentation",
    ),
    "more bodies": (
        repack("segmentation", segmentation=zeros(dtype=np.uint8) + 9),
        "names body 8, there are 3",
    ),
    "depth": (repack("depth", depth_m=zeros()), "pixels are background in one of segmentation and depth_m"),
    "normals": (
        repack("normals", normals=zeros(3)),
        "pixels are background in one of segmentation and normals",
    ),
    "last flow": (
        repack("flow", flow=zeros(2) + 1, flow_occluded=zeros(dtype=np.bool_)),
        "flow of the last frame is not 0",
    ),
    "size": (
        repack("segmentation", segmentation=np.zeros((5, 48, 32), np.uint8)),
        r"segmentation of camera main is not of \(5, 48, 64\) pixels",
    ),
    "bytes": (
        edit("depth", lambda data: data[:-200]),
        "a dense pass of clip hand-train-00000001 cannot be decoded|depth_m",
    ),
}


@pytest.mark.parametrize("what", DENSE)
def test_deep_finds_a_wrong_pass(what: str, tmp_path: Path, dense_recipe: HandRecipe) -> None:
    spoil, message = DENSE[what]
    build(tmp_path, dense_recipe, {"train": [2]}, ("webdataset",), spoil)
    report = verify(tmp_path, deep=True)
    assert {finding.key for finding in report.findings} == {"hand-train-00000001"}, report.text
    assert any(re.search(message, finding.message) for finding in report.findings), report.text


def test_deep_finds_two_formats_that_disagree(tmp_path: Path, plain: Path) -> None:
    build(tmp_path, HandRecipe(), {"train": [14, 14, 12], "test": [3]})
    other = tmp_path / "other"
    build(
        other,
        HandRecipe(),
        {"train": [14, 14, 12], "test": [3]},
        ("webdataset",),
        edit("attempt", lambda _: 7),
    )
    name = "webdataset/train-00000-of-00003.tar"
    shutil.copy(other / name, tmp_path / name)
    assert (
        f"{name}: hand-train-00000001: is not the same clip as in data/train-00000-of-00003.parquet: "
        "attempt differ" in found(tmp_path, deep=True)
    )


def test_parameters_and_scene_are_drawn_again(tmp_path: Path) -> None:
    """Of a real recipe: another parameter than drawn, and a body moved by a hair, are found."""
    recipe = parse_recipe("name: slope\nscenario: incline\nclips: 3\nvideo: {size: 32}\n", "slope.yaml")
    marker = Marker(Shard("train", 0, 0, 3, {}), 1, recipe.hash, GENERATOR_VERSION, ("parquet",))
    rederivation = Rederivation(Manifest.of(recipe, [marker], GENERATOR_VERSION))
    assert rederivation.possible, rederivation.why_not
    draws = Draws(recipe.seed, "train", 2, attempt=1)
    design = recipe.clip("train", 2)
    params = recipe.draw_params(design, draws)
    scene = compose(recipe, design, params, draws)
    text = scene_to_json(scene)
    # nothing happens in it, and gravity is known from three frames on
    decision = dataclasses.asdict(Decision(event_frames=3, outcome_frames=3, horizon_s=1.0))
    values = {"split": "train", "index": 2, "attempt": 1, "params": params, "scene": text}
    values |= {"scenario": "incline", "events": [], "state": np.zeros((48, 4, 13)), "decision": decision}
    values |= {"captions": {"hidden": hidden(recipe.scenario_object("train", 2), params, scene)}}
    layout = Layout.of(recipe)
    assert list(rederivation.check(Clip(values, layout))) == []
    (finding,) = rederivation.check(Clip(values | {"captions": {"hidden": "Nothing is."}}, layout))
    assert finding.startswith("the caption hidden is 'Nothing is.', the scenario says 'The mass of the ")
    name = next(name for name, value in params.items() if isinstance(value, float))
    changed = {**params, name: params[name] * 1.001}
    (line,) = rederivation.check(Clip({**values, "params": changed}, layout))
    assert line.startswith(f"parameter {name} is {changed[name]!r}, the recipe draws {params[name]!r}")
    moved = json.loads(text)
    moved["bodies"][1]["position_m"][0] += 1e-6
    (line,) = rederivation.check(Clip({**values, "scene": json.dumps(moved)}, layout))
    assert line.endswith("bodies[1].position_m[0] differs")
    sooner = {**decision, "outcome_frames": 2}
    (line,) = rederivation.check(Clip({**values, "decision": sooner}, layout))
    assert line.startswith("decision is Decision(kind='', ")
    newer = Manifest.of(recipe, [dataclasses.replace(marker, generator_version=99)], 99)
    assert "generator version 99" in Rederivation(newer).why_not


def test_many_findings_are_cut_short_for_a_person(tmp_path: Path) -> None:
    build(tmp_path, HandRecipe(frame_count=2, size=(16, 16)), {"train": [2]}, ("parquet",))
    for number in range(60):
        (tmp_path / "data" / f"stray-{number}.parquet").write_bytes(b"")
    text = verify(tmp_path).text
    assert "… and 10 more" in text
    assert text.count("stray-") == 50
