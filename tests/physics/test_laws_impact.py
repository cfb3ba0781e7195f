"""Closed forms of impacts and orbits against integrated motion and against what must be conserved."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simgen.physics import laws
from simgen.physics.laws_impact import chain_speed, oblique_bounce, off_centre_impact
from simgen.physics.laws_orbit import nearest_distance, orbit_radius, orbit_state


@pytest.mark.parametrize("spin", [0.0, -3.0, 5.0])
@pytest.mark.parametrize("friction", [0.05, 0.9])
def test_oblique_bounce_is_a_stiff_and_short_push(friction: float, spin: float) -> None:
    """The normal force as a half sine, friction μ N against the slip as long as there is any."""
    across, down, elasticity, k = 2.0, 3.0, 0.6, 0.4
    duration = 1e-3
    peak = (1 + elasticity) * down * math.pi / (2 * duration)  # per mass

    def rate(time: float, state: np.ndarray) -> list[float]:
        slip = state[0] - state[1]
        push = friction * peak * math.sin(math.pi * time / duration) * math.tanh(slip / 1e-4)
        return [-push, push / k]

    end = solve_ivp(rate, (0.0, duration), (across, spin), method="LSODA", rtol=1e-9, atol=1e-9).y[:, -1]
    assert oblique_bounce(across, down, friction, elasticity, k, spin) == pytest.approx(end, abs=2e-4)


def test_a_gripping_ball_rolls() -> None:
    speed, surface = oblique_bounce(1.4, 5.0, 0.8, 0.5, 0.4)
    assert speed == pytest.approx(surface)
    assert speed == pytest.approx(1.0)  # 5/7


def test_chain_is_head_on_collisions_one_after_the_other() -> None:
    speed = 2.0
    for impacts in range(1, 6):
        _, speed = laws.head_on_collision(1.0, speed, 1.0, 0.0, 0.8)
        assert chain_speed(2.0, 0.8, impacts) == pytest.approx(speed, rel=1e-12)


def test_off_centre_impact_keeps_what_it_must() -> None:
    """The point that hits turns round with e; the angular momentum about it stays, as the impulse has no arm there."""
    mass, inertia = 2.0, np.diag([0.1, 0.25, 0.2])
    velocity, spin = np.array([0.5, -0.3, -3.0]), np.array([1.0, -2.0, 0.5])
    arm, normal = np.array([0.2, -0.1, -0.3]), np.array([0.0, 0.0, 1.0])
    after, turning, impulse = off_centre_impact(velocity, spin, arm, normal, mass, inertia, 0.6)
    before = float((velocity + np.cross(spin, arm)) @ normal)
    assert float((after + np.cross(turning, arm)) @ normal) == pytest.approx(-0.6 * before)
    about = [inertia @ w - np.cross(arm, mass * v) for v, w in ((velocity, spin), (after, turning))]
    assert about[1] == pytest.approx(about[0])
    assert mass * (after - velocity) == pytest.approx(impulse * normal)
    # elastic: no energy is lost
    after, turning, _ = off_centre_impact(velocity, spin, arm, normal, mass, inertia, 1.0)
    energies = [mass * v @ v + w @ inertia @ w for v, w in ((velocity, spin), (after, turning))]
    assert energies[1] == pytest.approx(energies[0])


def test_hit_in_the_middle_is_a_ball() -> None:
    after, turning, _ = off_centre_impact(
        (0, 0, -2.0), (0, 0, 0), (0, 0, -0.3), (0, 0, 1), 1.5, np.eye(3), 0.4
    )
    assert after == pytest.approx([0, 0, 0.8])
    assert turning == pytest.approx([0, 0, 0])


def relative_path(place, velocity, strength: float, reduced: float, seconds: float):
    """The separation (2, T) under S/r², S > 0 attracting, integrated."""

    def rate(_: float, state: np.ndarray) -> np.ndarray:
        apart = state[:2]
        pull = -strength / reduced * apart / np.linalg.norm(apart) ** 3
        return np.concatenate([state[2:], pull])

    times = np.linspace(0.0, seconds, 4001)
    start = np.concatenate([place, velocity])
    return solve_ivp(rate, (0.0, seconds), start, t_eval=times, rtol=1e-11, atol=1e-12, method="DOP853").y


@pytest.mark.parametrize("anomaly", [-150.0, 0.0, 70.0, 180.0])
def test_orbit_state_follows_its_ellipse(anomaly: float) -> None:
    axis, eccentricity, strength = 0.8, 0.35, 5.0
    place, velocity = orbit_state(axis, eccentricity, anomaly, strength)
    assert np.linalg.norm(place) == pytest.approx(orbit_radius(axis, eccentricity, anomaly))
    assert np.linalg.norm(velocity) == pytest.approx(
        laws.orbit_speed(float(np.linalg.norm(place)), axis, strength)
    )
    period = laws.kepler_period(axis, strength)
    path = relative_path(place, velocity, strength, 1.0, period)
    assert path[:2, -1] == pytest.approx(place, abs=1e-7)
    distance = np.linalg.norm(path[:2], axis=0)
    angle = np.degrees(np.arctan2(path[1], path[0]))
    expected = [orbit_radius(axis, eccentricity, float(a)) for a in angle]
    assert distance == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("strength", [-0.8, 0.3, 1.2])
@pytest.mark.parametrize("aside", [0.1, 0.6])
def test_nearest_distance_against_integration(strength: float, aside: float) -> None:
    place, velocity, reduced = np.array([1.5, 0.0]), np.array([-1.2, aside]), 0.4

    def rate(_: float, state: np.ndarray) -> np.ndarray:
        pull = -strength / reduced * state[:2] / np.linalg.norm(state[:2]) ** 3
        return np.concatenate([state[2:], pull])

    def nearing(_: float, state: np.ndarray) -> float:
        return float(state[:2] @ state[2:])

    start = np.concatenate([place, velocity])
    done = solve_ivp(rate, (0.0, 3.0), start, events=nearing, rtol=1e-11, atol=1e-12, method="DOP853")
    measured = float(np.linalg.norm(done.y_events[0][0][:2]))
    assert measured == pytest.approx(nearest_distance(place, velocity, strength, reduced), rel=1e-7)


def test_nearest_distance_head_on_is_the_known_formula() -> None:
    assert nearest_distance((3.0, 0.0), (-2.0, 0.0), -0.5, 2 / 3) == pytest.approx(
        laws.closest_approach(3.0, 2.0, 0.5, 2 / 3)
    )
