"""The closed forms against what they solve.

Equations of motion integrated by scipy, and what must be conserved.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from scipy.special import ellipk

from simgen.physics import laws
from simgen.scene.spec import Shape

G = 9.81
TIGHT = {"rtol": 1e-11, "atol": 1e-13}
positive = st.floats(0.05, 20)


def integrate(
    slope: Callable[[float, Sequence[float]], Sequence[float]],
    start: Sequence[float],
    until: float,
    event: Callable[[float, Sequence[float]], float] | None = None,
) -> tuple[float, np.ndarray]:
    """(time, state) at `until`, or at the event (rising through zero) if one is given."""
    if event is not None:
        event.terminal, event.direction = True, 1  # type: ignore[attr-defined]
    solution = solve_ivp(slope, (0, until), start, events=event, method="DOP853", **TIGHT)
    assert solution.status == (1 if event else 0)
    return float(solution.t[-1]), solution.y[:, -1]


@given(positive, positive, st.floats(0, 10))
def test_fall(height: float, g: float, down: float) -> None:
    t = laws.fall_time(height, g, down)
    assert down * t + g * t * t / 2 == pytest.approx(height, rel=1e-9)
    assert laws.fall_speed(height, g, down) == pytest.approx(down + g * t, rel=1e-9)


@given(positive, st.floats(5, 85), st.floats(0, 10))
def test_projectile(speed: float, elevation: float, drop: float) -> None:
    vx, vz = speed * math.cos(math.radians(elevation)), speed * math.sin(math.radians(elevation))
    t = laws.projectile_flight_time(speed, elevation, G, drop)
    assert vz * t - G * t * t / 2 == pytest.approx(-drop, abs=1e-9)
    assert laws.projectile_range(speed, elevation, G, drop) == pytest.approx(vx * t, rel=1e-12)
    top = vz / G  # when it no longer rises
    assert laws.projectile_apex(speed, elevation, G) == pytest.approx(vz * top - G * top**2 / 2, rel=1e-9)
    level = laws.projectile_range(speed, elevation, G)
    assert level == pytest.approx(speed**2 * math.sin(2 * math.radians(elevation)) / G, rel=1e-9)


def test_drag() -> None:
    m, c, until = 0.3, 0.02, 3.0
    _, (fallen, speed) = integrate(lambda t, y: (y[1], G - c / m * y[1] * abs(y[1])), (0.0, 0.0), until)
    assert laws.drag_fall_speed(m, c, G, until) == pytest.approx(speed, rel=1e-9)
    assert laws.drag_fall_distance(m, c, G, until) == pytest.approx(fallen, rel=1e-9)
    limit = laws.terminal_speed(m, c, G)
    assert c * limit**2 == pytest.approx(m * G)
    assert laws.drag_fall_speed(m, c, G, 1e6) == pytest.approx(limit)
    assert math.isfinite(laws.drag_fall_distance(m, c, G, 1e6))
    assert 0.7 * laws.terminal_speed_linear(m, 0.7, G) == pytest.approx(m * G)


@pytest.mark.parametrize(
    ("shape", "k"),
    [
        (Shape("sphere", (0.3,)), 2 / 5),
        (Shape("cylinder", (0.3, 0.1)), 1 / 2),
        (Shape("tube", (0.3, 0.1, 1e-9)), 1.0),
        (Shape("tube", (0.3, 0.1, 0.3)), 1 / 2),
    ],
)
def test_shape_factor(shape: Shape, k: float) -> None:
    assert laws.shape_factor(shape) == pytest.approx(k)
    with pytest.raises(ValueError, match="does not roll"):
        laws.shape_factor(Shape("box", (1.0, 1.0, 1.0)))


@given(st.floats(1, 80), st.floats(0.01, 2), st.sampled_from([2 / 5, 1 / 2, 2 / 3, 1.0]))
def test_incline_obeys_newton(angle: float, friction: float, k: float) -> None:
    """m = r = 1.

    A = g sin θ − f and k α = f, with f at most μ N; either a = α, or f is at its most and a > α.
    """
    a = laws.incline_acceleration(angle, friction, k, G)
    alpha = laws.incline_angular_acceleration(angle, friction, k, 1.0, G)
    force = G * math.sin(math.radians(angle)) - a
    most = friction * G * math.cos(math.radians(angle))
    assert k * alpha == pytest.approx(force, rel=1e-9)
    assert force <= most * (1 + 1e-9)
    if laws.rolls_without_slipping(angle, friction, k):
        assert a == pytest.approx(alpha, rel=1e-12)
    else:
        assert force == pytest.approx(most, rel=1e-9)
        assert a > alpha * (1 - 1e-9)


def test_blocks_on_slopes() -> None:
    angle, mu, v = 30.0, 0.2, 4.0
    sin, cos = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    time_s, (way, _) = integrate(
        lambda t, y: (y[1], -G * (sin + mu * cos)), (0.0, v), 9.0, lambda t, y: -y[1]
    )
    assert laws.uphill_distance(v, angle, mu, G) == pytest.approx(way, rel=1e-9)
    assert time_s < 9.0
    down = laws.sliding_acceleration(angle, mu, G)
    assert laws.uphill_return_speed(v, angle, mu) == pytest.approx(math.sqrt(2 * down * way), rel=1e-9)
    assert laws.sliding_acceleration(10.0, 0.2, G) == 0.0
    assert laws.uphill_return_speed(v, 10.0, 0.2) == 0.0
    assert laws.sliding_acceleration(90.0, 0.2, G) == pytest.approx(G)


def test_stopping() -> None:
    time_s, (way, _) = integrate(lambda t, y: (y[1], -0.3 * G), (0.0, 2.0), 9.0, lambda t, y: -y[1])
    assert laws.stopping_distance(2.0, 0.3, G) == pytest.approx(way, rel=1e-9)
    assert laws.stopping_time(2.0, 0.3, G) == pytest.approx(time_s, rel=1e-9)


@pytest.mark.parametrize("spin", [-3.0, 0.0, 1.0])
def test_slip_to_roll(spin: float) -> None:
    mu, k, v = 0.3, 2 / 5, 4.0
    time_s, (way, speed, _) = integrate(
        lambda t, y: (y[1], -mu * G, mu * G / k), (0.0, v, spin), 9.0, lambda t, y: y[2] - y[1]
    )
    assert laws.slip_to_roll_time(v, mu, k, G, spin) == pytest.approx(time_s, rel=1e-9)
    assert laws.slip_to_roll_speed(v, k, spin) == pytest.approx(speed, rel=1e-9)
    assert laws.slip_to_roll_distance(v, mu, k, G, spin) == pytest.approx(way, rel=1e-9)


def test_rolling_and_spinning_friction() -> None:
    """Newton for m = 2, r = 0.1, k = 2/5.

    M a = F backwards, I α = F r − μ_r m g turned the other way, a = α r.
    """
    m, r, k, mu = 2.0, 0.1, 2 / 5, 0.004
    a = laws.rolling_friction_deceleration(mu, r, k, G)
    assert k * m * r**2 * a / r == pytest.approx(mu * m * G - m * a * r)
    assert laws.spinning_friction_deceleration(0.01, m, 0.5, G) == pytest.approx(0.01 * m * G / 0.5)


def test_bounces() -> None:
    """Followed bounce by bounce."""
    h, e = 1.7, 0.6
    clock, height = math.sqrt(2 * h / G), h
    for n in range(1, 5):
        assert laws.bounce_time(h, e, n, G) == pytest.approx(clock)
        speed = e * math.sqrt(2 * G * height)
        height = speed**2 / (2 * G)
        clock += 2 * speed / G
        assert laws.bounce_apex(h, e, n) == pytest.approx(height)


@given(positive, st.floats(-5, 5), positive, st.floats(-5, 5), st.floats(0, 1))
def test_head_on(ma: float, va: float, mb: float, vb: float, e: float) -> None:
    a, b = laws.head_on_collision(ma, va, mb, vb, e)
    assert ma * a + mb * b == pytest.approx(ma * va + mb * vb, abs=1e-9)
    assert b - a == pytest.approx(-e * (vb - va), abs=1e-9)


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6), positive, positive, st.floats(0, 1))
def test_oblique(velocities: list[float], ma: float, mb: float, e: float) -> None:
    before_a, before_b, normal = (
        np.array(velocities[:3]),
        np.array(velocities[3:]),
        np.array([0.6, 0.0, -0.8]),
    )
    a, b = laws.oblique_collision(ma, before_a, mb, before_b, 5 * normal, e)
    assert np.allclose(ma * a + mb * b, ma * before_a + mb * before_b, atol=1e-9)
    assert (a - b) @ normal == pytest.approx(-e * (before_a - before_b) @ normal, abs=1e-9)
    assert np.allclose(np.cross(a, normal), np.cross(before_a, normal), atol=1e-9)
    assert np.allclose(np.cross(b, normal), np.cross(before_b, normal), atol=1e-9)


def test_equal_balls_part_at_right_angles() -> None:
    angle = math.radians(laws.scattering_angle_deg(0.06, 0.1))
    assert math.sin(angle) == pytest.approx(0.6)
    a, b = laws.oblique_collision(1, (2, 0, 0), 1, (0, 0, 0), (math.cos(angle), math.sin(angle), 0), 1.0)
    assert a @ b == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("amplitude", [0.1, 5, 45, 90, 150, 170, 179])
def test_pendulum_period(amplitude: float) -> None:
    modulus = math.sin(math.radians(amplitude) / 2)
    expected = 4 * math.sqrt(0.8 / G) * ellipk(modulus**2)
    assert laws.pendulum_period(0.8, amplitude, G) == pytest.approx(expected, rel=1e-12)


def test_physical_pendulum() -> None:
    """A quarter period, from release to the lowest point, of I θ'' = −m g L sin θ about the pivot."""
    length, inertia = 0.5, 0.03
    quarter, (_, speed) = integrate(
        lambda t, y: (y[1], -G * length * math.sin(y[0]) / (length**2 + inertia)),
        (-math.radians(120), 0.0),
        9.0,
        lambda t, y: y[0],
    )
    assert laws.pendulum_period(length, 120, G, inertia) == pytest.approx(4 * quarter, rel=1e-9)
    assert laws.pendulum_speed(length, 120, 0, G, inertia) == pytest.approx(speed, rel=1e-9)


def test_circles() -> None:
    """On a string of 1.3 m at 30° from the vertical: the pull inwards is g tan θ."""
    radius = 1.3 * math.sin(math.radians(30))
    speed = laws.circular_speed(radius, G * math.tan(math.radians(30)))
    assert laws.conical_pendulum_period(1.3, 30, G) == pytest.approx(2 * math.pi * radius / speed)


def test_springs() -> None:
    m, k, b = 0.4, 30.0, 0.5
    _, (x, _) = integrate(lambda t, y: (y[1], -(k * y[0] + b * y[1]) / m), (0.1, 0.7), 1.9)
    assert laws.damped_spring_position(m, k, b, 0.1, 0.7, 1.9) == pytest.approx(x, rel=1e-9)
    period = laws.spring_period(m, k)
    _, (x, v) = integrate(lambda t, y: (y[1], -k * y[0] / m), (0.1, 0.7), period)
    assert (x, v) == pytest.approx((0.1, 0.7), rel=1e-8)
    with pytest.raises(ValueError, match="overdamped"):
        laws.spring_period(1.0, 1.0, 10.0)


def test_coupled_springs_and_reduced_mass() -> None:
    wall, middle, m = 3.0, 5.0, 0.7
    stiffness = np.array([[wall + middle, -middle], [-middle, wall + middle]])
    expected = np.sqrt(np.linalg.eigvalsh(stiffness / m))
    assert laws.coupled_spring_frequencies(m, wall, middle) == pytest.approx(expected)
    pair = np.array([[middle, -middle], [-middle, middle]]) / np.array([[m], [2.0]])
    fastest = math.sqrt(max(np.linalg.eigvals(pair).real))
    assert 2 * math.pi / laws.spring_period(laws.reduced_mass(m, 2.0), middle) == pytest.approx(fastest)


def test_orbit_comes_back_after_the_period() -> None:
    strength, far, axis = 4.0, 1.5, 1.1

    def pull(t: float, y: Sequence[float]) -> Sequence[float]:
        cube = math.hypot(y[0], y[1]) ** 3
        return (y[2], y[3], -strength * y[0] / cube, -strength * y[1] / cube)

    start = (far, 0.0, 0.0, laws.orbit_speed(far, axis, strength))
    period = laws.kepler_period(axis, strength)
    _, end = integrate(pull, start, period)
    assert end == pytest.approx(start, abs=1e-7)
    near = 2 * axis - far
    _, half = integrate(pull, start, period / 2)
    assert half[0] == pytest.approx(-near, rel=1e-8)


def test_charges_turn_round() -> None:
    strength, mu, v, start = 0.5, 0.3, 2.0, 3.0
    _, (distance, _) = integrate(
        lambda t, y: (y[1], strength / mu / y[0] ** 2), (start, -v), 9.0, lambda t, y: y[1]
    )
    assert laws.closest_approach(start, v, strength, mu) == pytest.approx(distance, rel=1e-9)


def test_balance() -> None:
    # Atwood, from the tension: m_b g − T = m_b a, T − m_a g = m_a a.
    a = laws.atwood_acceleration(1.0, 1.5, G)
    assert 1.5 * (G - a) == pytest.approx(1.0 * (G + a))
    assert laws.seesaw_angular_acceleration([1.0, 2.0], [-1.0, 0.5], 0.3, G) == 0.0
    assert laws.seesaw_angular_acceleration([1.0], [0.5], 0.0, G) == pytest.approx(G / 0.5)
    # Four equal blocks reach 25/24 of a length: Hall 2005.
    assert laws.overhang_limit(4, 1.0) == pytest.approx(25 / 24)
    assert laws.topple_angle_deg(1.0, 1.0) == pytest.approx(45)


def test_toppling_block() -> None:
    base, height, start = 0.1, 0.4, 16.0
    diagonal, beta = math.hypot(base, height), math.atan2(base, height)
    _, (tilt, speed) = integrate(
        lambda t, y: (y[1], 3 / 2 * G / diagonal * math.sin(y[0] - beta)), (math.radians(start), 0.0), 0.7
    )
    reached = laws.topple_angular_speed(base, height, start, math.degrees(tilt), G)
    assert reached == pytest.approx(speed, rel=1e-8)
    assert math.degrees(tilt) > 40


def test_agm_is_the_mean_that_ellipk_gives() -> None:
    value = brentq(lambda x: laws.agm(1.0, x) - 0.5, 1e-6, 1.0)
    assert math.pi / (2 * ellipk(1 - value**2)) == pytest.approx(0.5)
