"""Free bodies that turn about no principal axis, against Euler's equations integrated by scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simgen.physics import simulate
from simgen.physics.inertia import body_inertia
from simgen.scene.rotation import matrix, multiply
from simgen.scene.spec import Body, Shape
from tests.physics.scenes import scene


@pytest.mark.parametrize("spin", [(0.1, 10.0, 0.1), (3.0, 4.0, 5.0), (20.0, 0.5, 0.0)])
def test_box_tumbles_as_euler_says(spin: tuple[float, float, float]) -> None:
    """The first turns about its middle axis and flips over, which doubles any error many times."""
    box = Body("box", Shape("box", (0.1, 0.2, 0.4)), (0.0, 0.0, 30.0), angular_velocity_rad_s=spin)
    trace = simulate(scene(box))
    inertia = np.array(body_inertia(box))

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        turn, omega = y[:4], y[4:]  # orientation xyzw, spin in the body's own axes
        rate = multiply(tuple(turn), (*omega, 0.0))
        return np.concatenate([np.array(rate) / 2, -np.cross(omega, inertia * omega) / inertia])

    start = [0.0, 0.0, 0.0, 1.0, *spin]
    exact = solve_ivp(slope, (0, 2), start, t_eval=trace.time_s, rtol=1e-11, atol=1e-12, method="DOP853").y
    turn = matrix(exact[:4].T)
    assert np.abs(matrix(trace.orientation_xyzw[:, 0]) - turn).max() < 1e-3
    world = np.einsum("tij,jt->ti", turn, exact[4:])
    assert np.abs(trace.angular_velocity_rad_s[:, 0] - world).max() < 2e-3 * np.linalg.norm(spin)
    own = np.einsum("tij,ti->tj", matrix(trace.orientation_xyzw[:, 0]), trace.angular_velocity_rad_s[:, 0])
    energy = (inertia * own**2).sum(axis=1)
    assert energy == pytest.approx(np.full_like(energy, energy[0]), rel=1e-4)
