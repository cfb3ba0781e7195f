"""Bodies that touch nothing follow the parabola to rounding, whatever the frame rate and the profile."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.physics import simulate
from simgen.scene.spec import Body, Shape
from tests.physics.scenes import GROUND, G, scene

PROFILES = ("universal", "resting", "restitution", "joints")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("fps", [12.0, 24.0, 29.97, 60.0])
def test_thrown_body_follows_the_parabola(profile: str, fps: float) -> None:
    start, velocity = np.array([0.2, -0.1, 25.0]), np.array([3.0, -1.0, 5.0])
    ball = Body("ball", Shape("sphere", (0.1,)), tuple(start), velocity_m_s=tuple(velocity))
    trace = simulate(scene(GROUND, ball, fps=fps, profile=profile))
    t = trace.time_s[:, None]
    fall = np.array([0.0, 0.0, -G])
    # Rounding only: 5,000 additions of numbers near 25.
    assert np.abs(trace.position_m[:, 1] - (start + velocity * t + fall * t**2 / 2)).max() < 1e-11
    assert np.abs(trace.velocity_m_s[:, 1] - (velocity + fall * t)).max() < 1e-11
    assert len(trace.contacts) == 0


def test_spin_of_a_ball_is_kept_and_turns_it() -> None:
    ball = Body("ball", Shape("sphere", (0.1,)), (0.0, 0.0, 30.0), angular_velocity_rad_s=(0.0, 0.0, 5.0))
    trace = simulate(scene(ball))
    assert np.abs(trace.angular_velocity_rad_s[:, 0] - [0.0, 0.0, 5.0]).max() < 1e-12
    x, y, z, w = trace.orientation_xyzw[:, 0].T
    assert np.abs(x).max() < 1e-12
    assert np.abs(y).max() < 1e-12
    assert np.abs(2 * np.unwrap(np.arctan2(z, w)) - 5.0 * trace.time_s).max() < 1e-9


@pytest.mark.parametrize("gravity", [(0.0, 0.0, 0.0), (1.0, -2.0, -1.62)])
def test_any_gravity(gravity: tuple[float, float, float]) -> None:
    box = Body("box", Shape("box", (0.1, 0.2, 0.3)), (0.0, 0.0, 0.0), velocity_m_s=(1.0, 2.0, 3.0))
    trace = simulate(scene(box, gravity_m_s2=gravity))
    t = trace.time_s[:, None]
    expected = np.array([1.0, 2.0, 3.0]) * t + np.array(gravity) * t**2 / 2
    assert np.abs(trace.position_m[:, 0] - expected).max() < 1e-11
