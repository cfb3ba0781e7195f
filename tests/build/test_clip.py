"""`generate`: a pure function of (recipe, split, index), and what it does with draws that are not fit."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simgen.build import ATTEMPTS, generate
from simgen.dataset.column_table import Layout
from simgen.dataset.values import values_of
from simgen.errors import BuildError, RecipeError, Rejected, SimulationError
from simgen.recipe import Recipe, recipe_from_data
from simgen.scenarios.drop import Drop
from simgen.scene.json import scene_to_json

pytest.importorskip("pybullet")
ROOT = Path(__file__).parents[2]


def recipe(**more: Any) -> Recipe:
    data = {
        "name": "small",
        "scenario": "drop",
        "seed": 4,
        "splits": {"train": 3, "test": 3},
        "video": {"size": 32, "fps": 12, "seconds": 1},
    }
    return recipe_from_data({**data, **more})


def digest(sample: Any, of: Recipe) -> str:
    """Everything that is stored of a sample, as a hash."""
    found = hashlib.sha256()
    for name, value in values_of(sample, Layout.of(of)).items():
        found.update(name.encode())
        if isinstance(value, np.ndarray):
            found.update(value.tobytes())
        else:
            found.update(value if isinstance(value, bytes) else repr(value).encode())
    return found.hexdigest()


PROGRAM = """
import sys
from tests.build.test_clip import digest, recipe
from simgen.build import generate
for index in reversed(range(3)):
    print(index, digest(generate(recipe(), index, "test"), recipe()))
"""


def test_another_process_in_another_order_gives_the_same_bits() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    there = dict(line.split() for line in done.stdout.splitlines() if line[0].isdigit())
    assert there == {str(index): digest(generate(recipe(), index, "test"), recipe()) for index in range(3)}
    assert len(set(there.values())) == 3


def test_splits_seeds_and_indices_give_other_clips() -> None:
    samples = [
        generate(recipe(), 0),
        generate(recipe(), 1),
        generate(recipe(), 0, "test"),
        generate(recipe(seed=5), 0),
        generate(recipe(), 10_000),  # beyond the count: the clip of a larger build
    ]
    assert len({scene_to_json(sample.scene) for sample in samples}) == len(samples)
    assert [sample.key for sample in samples] == [
        *("small-train-00000000", "small-train-00000001", "small-test-00000000"),
        *("small-train-00000000", "small-train-00010000"),
    ]


def test_counts_and_output_change_no_clip() -> None:
    one, other = (
        recipe(),
        recipe(splits={"train": 300}, output={"format": "webdataset", "clips_per_shard": 7}),
    )
    assert one.hash == other.hash
    assert digest(generate(one, 2), one) == digest(generate(other, 2), other)


def test_the_sample_is_complete_and_consistent() -> None:
    sample = generate(recipe(passes=["depth", "segmentation"], cameras={"side": {"azimuth_deg": 90}}), 0)
    frames, bodies = 12, len(sample.scene.bodies)
    assert sample.rgb.shape == (frames, 32, 32, 3)
    assert sample.state.shape == (frames, bodies, 13)
    assert sample.state.dtype == np.float32
    assert list(sample.frames) == list(sample.cameras) == ["main", "side"]
    assert all(body.look is not None for body in sample.scene.bodies)
    assert sample.visible.shape == (frames, bodies)
    assert 0 <= sample.visible.min() <= sample.visible.max() <= 1
    assert list(sample.captions) == ["plain", "qualitative", "numeric", "outcome", "hidden", "counterfactual"]
    assert sample.caption == sample.captions["plain"]
    main = sample.frames["main"]
    assert main.segmentation is not None
    for body in range(bodies):  # counted here, not by the renderer
        pixels = (main.segmentation == body + 1).sum(axis=(1, 2))
        assert main.visible_pixels is not None
        assert (pixels == main.visible_pixels[:, body]).all()
        alone = main.alone_pixels[:, body]  # type: ignore[index]
        assert np.allclose(sample.visible[:, body], np.where(alone > 0, pixels / np.maximum(alone, 1), 0))


def test_the_decision_is_the_landing() -> None:
    """A drop: gravity is known from three frames, the bounce when it has been seen."""
    sample = generate(recipe(params={"height_m": 0.5, "elasticity": 0.8}), 0)
    landing = next(event for event in sample.events if event.kind == "first_contact")
    assert landing.time_s == pytest.approx((2 * 0.5 / 9.81) ** 0.5)
    decision = sample.decision
    assert (decision.kind, decision.frame, decision.time_s) == (
        "first_contact",
        landing.frame,
        landing.time_s,
    )
    assert (decision.in_video, decision.event_frames, decision.outcome_frames) == (True, 3, landing.frame + 2)
    assert decision.horizon_s == 11 / 12  # nothing chaotic: to the last frame


def test_projected_centres_are_those_of_a_pinhole() -> None:
    """u = W/2 + f x/z with the camera's axes built from its position and target alone."""
    sample = generate(recipe(), 1)
    camera, video = sample.scene.cameras[0], sample.scene.video
    eye, target = np.array(camera.position_m), np.array(camera.target_m)
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, camera.up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    offset = sample.state[:, :, :3].astype(float) - eye
    depth = offset @ forward
    focal = video.height / 2 / np.tan(np.radians(camera.vertical_fov_deg) / 2)
    expected = np.stack(
        [
            video.width / 2 + focal * (offset @ right) / depth,
            video.height / 2 + focal * (offset @ down) / depth,
        ],
        -1,
    )
    seen = depth > 0.1
    assert seen[:, sample.scene.body_index(_subject(sample))].all()
    assert np.abs(sample.projected_px - expected)[seen].max() < 1e-3


def _subject(sample: Any) -> str:
    return next(body.name for body in sample.scene.bodies if body.role == "subject")


def test_a_rejected_draw_is_drawn_again_at_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Drop.scene

    def reject_three(self: Drop, params: Any, draws: Any, video: Any) -> Any:
        if draws.attempt < 2:
            raise Rejected("overlap", "too near")
        if draws.attempt == 2:
            raise SimulationError("a body was shot away")
        return scene(self, params, draws, video)

    plain = generate(recipe(), 0)
    with monkeypatch.context() as patch:
        patch.setattr(Drop, "scene", reject_three)
        sample = generate(recipe(), 0)
    assert (sample.attempt, sample.rejections) == (3, ("overlap", "overlap", "simulation"))
    assert (plain.attempt, plain.rejections) == (0, ())
    assert sample.params != plain.params


def test_a_residual_above_the_tolerance_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = tuple(dataclasses.replace(law, tolerance=0.0) for law in Drop.laws)
    monkeypatch.setattr(Drop, "laws", strict)
    with pytest.raises(BuildError) as caught:
        generate(recipe(params={"elasticity": 0.5}), 1, "test")
    words = str(caught.value)
    assert words.startswith(f"test clip 1: all {ATTEMPTS} draws were rejected (law-drop_")
    assert "is above 0.00%. Change the ranges under `params` of small; they drew height_m " in words
    assert "elasticity" not in words.split("they drew")[1]  # it was constant: no range to change


def test_a_residual_that_is_no_number_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    measure = Drop.measure

    def broken(self: Drop, *arguments: Any) -> Any:
        return tuple(dataclasses.replace(check, residual=float("nan")) for check in measure(self, *arguments))

    monkeypatch.setattr(Drop, "measure", broken)
    with pytest.raises(BuildError, match="all 20 draws were rejected \\(law-drop_"):
        generate(recipe(), 0)


def test_an_unknown_split_and_a_negative_index() -> None:
    with pytest.raises(RecipeError) as caught:
        generate(recipe(), 0, "tests")
    assert str(caught.value) == "small: splits: there is no split 'tests', only train and test"
    with pytest.raises(ValueError, match="clips are numbered from 0; there is no clip -1"):
        generate(recipe(), -1)


def test_seconds_are_measured_but_not_stored() -> None:
    sample = generate(recipe(), 0)
    assert set(sample.seconds) == {"scene", "simulate", "render", "label"}
    assert sample.seconds["simulate"] > 0
    assert "seconds" not in json.dumps(list(values_of(sample, Layout.of(recipe()))))
