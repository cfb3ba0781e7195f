"""Motion along a way: special cases by hand, the captions of every outcome, and independent integrations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simgen.scenarios.lane import rolling_spin
from tests.scenarios.clips import Clip, draw, make

ROUND = ("sphere", "cylinder", "hoop")


def law(made: Clip) -> dict:
    return {check.name: check for check in made.law}


def event(made: Clip, kind: str):
    return next((event for event in made.events if event.kind == kind), None)


@pytest.mark.parametrize("shape", [*ROUND, "box"])
def test_nothing_slows_uniform_motion(shape: str) -> None:
    made = make("uniform_motion", *draw("uniform_motion", 1, shape=shape, speed_m_s=1.0, heading_deg=30.0))
    time = made.trace.time_s
    side = 1.0 if made.params["direction"] == "right" else -1.0
    way = made.trace.position_m[:, 0] - made.trace.position_m[0, 0]
    assert way[:, 0] == pytest.approx(side * math.cos(math.pi / 6) * time, abs=1e-4)
    assert way[:, 1] == pytest.approx(0.5 * time, abs=1e-4)
    spin = np.linalg.norm(made.trace.angular_velocity_rad_s[-1, 0]) * made.params["radius_m"]
    assert spin == pytest.approx(0.0 if shape == "box" else 1.0, abs=1e-3)
    assert "away from the camera" in made.captions["qualitative"]
    assert ("roll" in made.captions["numeric"]) == (shape != "box")


def test_the_outcome_of_uniform_motion_says_where_it_leaves() -> None:
    made = make("uniform_motion", *draw("uniform_motion", 2, speed_m_s=3.5, direction="left"))
    assert event(made, "leaves_frame").value == 0
    assert "leaves the picture on the left" in made.captions["outcome"]


def test_a_rolling_body_does_not_slip() -> None:
    """v + ω × (−r n) = 0 where it touches, whatever the slope and the way."""
    velocity, normal = np.array([0.3, -1.1, 0.2]), np.array([0.0, 2.0, 11.0]) / math.hypot(2, 11)
    spin = np.array(rolling_spin(velocity, 0.4, tuple(normal)))
    assert velocity @ normal == pytest.approx(0.0, abs=1e-12)
    assert velocity + np.cross(spin, -0.4 * normal) == pytest.approx(np.zeros(3), abs=1e-12)
