"""The horizon of a chaotic clip: up to where a finer simulation agrees, and a much finer one as well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simgen.build import generate
from simgen.labels.horizon import AGREES, FINER, horizon_s
from simgen.physics import simulate
from simgen.recipe import Recipe, load_recipe, recipe_from_data
from tests.scenarios.clips import clip

pytest.importorskip("pybullet")

THICKNESS_M = 0.05


def double_pendulum(seconds: float) -> Recipe:
    """Two bars of half a metre, let go far out."""
    bar = {"shape": "box", "size": [THICKNESS_M, THICKNESS_M, 0.5], "orientation": [0, "=-angle_deg", 0]}
    x, z = "sin(rad(angle_deg))", "cos(rad(angle_deg))"
    hinge = {"kind": "hinge", "axis": [0, 1, 0]}
    data: dict[str, Any] = {
        "name": "double",
        "scenario": "scene",
        "clips": 3,
        "params": {"angle_deg": {"uniform": [100, 140]}},
        "bodies": {
            "post": {"shape": "box", "size": [0.1, 0.3, 0.1], "position": [0, -0.3, 1.5], "fixed": True},
            "upper": {**bar, "position": [f"=0.25*{x}", 0, f"=1.5 - 0.25*{z}"]},
            "lower": {**bar, "position": [f"=0.75*{x}", 0.08, f"=1.5 - 0.75*{z}"]},
        },
        "joints": {
            "top": {**hinge, "parent": "post", "child": "upper", "pivot": [0, 0, 1.5]},
            "elbow": {
                **hinge,
                "parent": "upper",
                "child": "lower",
                "pivot": [f"=0.5*{x}", 0, f"=1.5 - 0.5*{z}"],
            },
        },
        "ground": False,
        "video": {"size": 16, "fps": 24, "seconds": seconds},
    }
    return recipe_from_data(data)


def test_a_double_pendulum_can_be_foretold_for_some_seconds_only() -> None:
    sample = generate(double_pendulum(4.0), 2)
    last_s = 95 / 24
    assert 1.0 < sample.decision.horizon_s < last_s
    # twice as fine still: as near up to the horizon, and beyond it the coarse one is far off
    truth = simulate(sample.scene, 2 * FINER)
    apart = np.linalg.norm(sample.state[:, :, :3] - truth.position_m, axis=2).max(axis=1)
    until = round(sample.decision.horizon_s * 24)
    assert apart[: until + 1].max() < 1.1 * AGREES * THICKNESS_M / 2
    assert apart[until + 1 :].max() > AGREES * THICKNESS_M / 2


def test_a_short_clip_of_it_agrees_to_the_end() -> None:
    assert generate(double_pendulum(1.0), 2).decision.horizon_s == 23 / 24


def test_two_pendulums_side_by_side_are_not_chaotic() -> None:
    pair, double = load_recipe("pendulum_pair"), double_pendulum(1.0)
    assert not pair.scenario_object(pair.clip("train", 0)).is_chaotic({})
    assert double.scenario_object(double.clip("train", 0)).is_chaotic({})


def test_the_horizon_is_the_last_frame_before_a_body_is_elsewhere() -> None:
    made = clip("drop", 0)  # a fixed ground far larger than what falls
    time_s = made.trace.time_s
    assert horizon_s(made.scene, made.trace, made.trace) == time_s[-1]
    radius = made.scene.bodies[0].shape.size_m[0] / (1 if made.scene.bodies[0].shape.kind == "sphere" else 2)
    for part, expected in ((0.09, time_s[-1]), (0.11, time_s[9])):
        state = made.trace.state.copy()
        state[10:, 0, 1] += part * radius
        assert horizon_s(made.scene, made.trace, replace(made.trace, state=state)) == expected


def test_finer_steps_divide_the_step() -> None:
    scene = clip("drop", 0).scene
    assert simulate(scene, 3).step_s == pytest.approx(simulate(scene).step_s / 3)
