"""The pendulum's exact motion against its equation of motion, and bodies on one rod against their sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import ellipj

from simgen.physics.laws_links import compound_pendulum, elliptic_sine, pendulum_angle
from simgen.physics.laws_periodic import pendulum_period


@pytest.mark.parametrize("modulus", [0.0, 0.1, 0.7, 0.99, math.sin(math.radians(85.0))])
def test_elliptic_sine(modulus: float) -> None:
    u = np.linspace(-9.0, 9.0, 37)
    assert elliptic_sine(u, modulus) == pytest.approx(ellipj(u, modulus**2)[0], abs=1e-12)


@pytest.mark.parametrize("amplitude_deg", [10.0, 60.0, 120.0, 170.0])
def test_pendulum_angle_solves_the_equation_of_motion(amplitude_deg: float) -> None:
    """θ″ = −(g/L) sin θ, integrated."""
    length, gravity = 0.7, 3.7
    time = np.linspace(0.0, 6.0, 61)
    start = [math.radians(amplitude_deg), 0.0]
    exact = solve_ivp(
        lambda _, y: [y[1], -gravity / length * math.sin(y[0])],
        (0, 6),
        start,
        t_eval=time,
        rtol=1e-11,
        atol=1e-12,
        method="DOP853",
    ).y[0]
    period = pendulum_period(length, amplitude_deg, gravity)
    assert pendulum_angle(amplitude_deg, period, time) == pytest.approx(exact, abs=2e-8)


def test_compound_pendulum_is_the_sum_over_its_points() -> None:
    """A rod and a ball as very many points."""
    rng = np.random.default_rng(0)
    rod = np.stack([np.zeros(40_000), np.linspace(0.0, 0.6, 40_000)])
    ball = rng.normal(size=(3, 400_000))
    ball = 0.2 * rng.random(400_000) ** (1 / 3) * ball / np.linalg.norm(ball, axis=0)
    ball = ball[:2] + np.array([[0.0], [0.8]])
    points = np.concatenate([rod, ball], axis=1)
    mass = np.concatenate([np.full(40_000, 0.3 / 40_000), np.full(400_000, 1.5 / 400_000)])
    distance = float(mass @ points[1]) / 1.8
    about_centre = float(mass @ (points[0] ** 2 + (points[1] - distance) ** 2)) / 1.8
    given = compound_pendulum((0.3, 1.5), (0.3, 0.8), (0.3 * 0.6**2 / 12, 2 / 5 * 1.5 * 0.2**2))
    assert given == pytest.approx((distance, about_centre), rel=1e-3)
