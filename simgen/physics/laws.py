"""Closed forms of first-year mechanics, as pure functions of plain numbers.

Scenarios predict with them, tests compare the engine with them. SI units throughout, angles of arguments in
degrees and named so; `gravity_m_s2` is the strength g > 0. k is the shape factor of a rolling body, I = k m
r²: 2/5 solid ball, 2/3 hollow ball, 1/2 cylinder, 1 hoop. HRW is Halliday, Resnick, Walker, Fundamentals of
Physics, 10th edition. Oscillations, links and long-range forces are in `simgen.physics.laws_periodic`,
re-exported here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simgen.physics.inertia import shape_inertia
from simgen.physics.laws_periodic import (
    agm,
    circular_speed,
    closest_approach,
    conical_pendulum_period,
    coupled_spring_frequencies,
    damped_spring_position,
    kepler_period,
    orbit_speed,
    pendulum_period,
    pendulum_speed,
    reduced_mass,
    spring_period,
)
from simgen.scene.spec import Shape

__all__ = [
    "agm",
    "atwood_acceleration",
    "bounce_apex",
    "bounce_time",
    "circular_speed",
    "closest_approach",
    "conical_pendulum_period",
    "coupled_spring_frequencies",
    "damped_spring_position",
    "drag_fall_distance",
    "drag_fall_speed",
    "fall_speed",
    "fall_time",
    "head_on_collision",
    "incline_acceleration",
    "incline_angular_acceleration",
    "kepler_period",
    "oblique_collision",
    "orbit_speed",
    "overhang_limit",
    "pendulum_period",
    "pendulum_speed",
    "projectile_apex",
    "projectile_flight_time",
    "projectile_range",
    "reduced_mass",
    "rolling_friction_deceleration",
    "rolls_without_slipping",
    "scattering_angle_deg",
    "seesaw_angular_acceleration",
    "shape_factor",
    "sliding_acceleration",
    "slip_to_roll_distance",
    "slip_to_roll_speed",
    "slip_to_roll_time",
    "spinning_friction_deceleration",
    "spring_period",
    "stopping_distance",
    "stopping_time",
    "terminal_speed",
    "terminal_speed_linear",
    "topple_angle_deg",
    "topple_angular_speed",
    "uphill_distance",
    "uphill_return_speed",
]


# Falling and throwing


def fall_time(height_m: float, gravity_m_s2: float, speed_down_m_s: float = 0.0) -> float:
    """Time (s) to fall `height_m`: h = v t + g t²/2 solved for t. HRW ch. 2, constant acceleration."""
    v = speed_down_m_s
    return (math.sqrt(v * v + 2 * gravity_m_s2 * height_m) - v) / gravity_m_s2


def fall_speed(height_m: float, gravity_m_s2: float, speed_m_s: float = 0.0) -> float:
    """Speed (m/s) after a fall of `height_m` that began at `speed_m_s` in any direction: √(v² + 2 g h).

    HRW ch. 8.
    """
    return math.sqrt(speed_m_s**2 + 2 * gravity_m_s2 * height_m)


def projectile_apex(speed_m_s: float, elevation_deg: float, gravity_m_s2: float) -> float:
    """Height (m) of the top above the start: (v sin α)² / (2 g). HRW ch. 4."""
    return (speed_m_s * math.sin(math.radians(elevation_deg))) ** 2 / (2 * gravity_m_s2)


def projectile_flight_time(
    speed_m_s: float, elevation_deg: float, gravity_m_s2: float, drop_m: float = 0.0
) -> float:
    """Time (s) until the body is `drop_m` below its start, on the way down. HRW ch. 4."""
    up = speed_m_s * math.sin(math.radians(elevation_deg))
    return (up + math.sqrt(up * up + 2 * gravity_m_s2 * drop_m)) / gravity_m_s2


def projectile_range(
    speed_m_s: float, elevation_deg: float, gravity_m_s2: float, drop_m: float = 0.0
) -> float:
    """Horizontal distance (m) until the body is `drop_m` below its start; v² sin 2α / g when 0. HRW ch. 4."""
    time_s = projectile_flight_time(speed_m_s, elevation_deg, gravity_m_s2, drop_m)
    return speed_m_s * math.cos(math.radians(elevation_deg)) * time_s


def terminal_speed(mass_kg: float, drag_kg_m: float, gravity_m_s2: float) -> float:
    """√(m g / c) (m/s) for a drag c v², c = ρ C A / 2. HRW ch. 6."""
    return math.sqrt(mass_kg * gravity_m_s2 / drag_kg_m)


def terminal_speed_linear(mass_kg: float, drag_kg_s: float, gravity_m_s2: float) -> float:
    """m g / b (m/s) for a drag b v. Taylor, Classical Mechanics, ch. 2."""
    return mass_kg * gravity_m_s2 / drag_kg_s


def drag_fall_speed(mass_kg: float, drag_kg_m: float, gravity_m_s2: float, time_s: float) -> float:
    """Speed (m/s) after a fall from rest against c v²: v_t tanh(g t / v_t). Taylor, ch. 2."""
    limit = terminal_speed(mass_kg, drag_kg_m, gravity_m_s2)
    return limit * math.tanh(gravity_m_s2 * time_s / limit)


def drag_fall_distance(mass_kg: float, drag_kg_m: float, gravity_m_s2: float, time_s: float) -> float:
    """Distance (m) fallen from rest against c v²: (v_t²/g) ln cosh(g t / v_t). Taylor, ch. 2."""
    limit = terminal_speed(mass_kg, drag_kg_m, gravity_m_s2)
    x = gravity_m_s2 * time_s / limit
    log_cosh = x + math.log1p(math.exp(-2 * x)) - math.log(2)  # cosh itself overflows on a long fall
    return limit**2 / gravity_m_s2 * log_cosh


# Slopes, sliding, rolling


def shape_factor(shape: Shape) -> float:
    """k of I = k m r² for rolling about the axis (sphere, cylinder, tube, capsule).

    Raises ValueError for others.
    """
    if shape.kind not in ("sphere", "cylinder", "tube", "capsule"):
        raise ValueError(f"a {shape.kind} does not roll about its axis")
    return shape_inertia(shape, 1.0)[2] / shape.size_m[0] ** 2


def rolls_without_slipping(angle_deg: float, friction: float, k: float) -> bool:
    """tan θ ≤ μ (1 + 1/k): the friction that rolling needs, m g sin θ k/(1+k), is at most μ m g cos θ.

    HRW ch. 11.
    """
    return math.tan(math.radians(angle_deg)) <= friction * (1 + 1 / k)


def incline_acceleration(angle_deg: float, friction: float, k: float, gravity_m_s2: float) -> float:
    """Of a round body released at rest (m/s², downhill): g sin θ / (1 + k) if it rolls, g (sin θ − μ cos θ)
    if it slips.

    HRW ch. 11; the threshold is `rolls_without_slipping`.
    """
    angle = math.radians(angle_deg)
    if rolls_without_slipping(angle_deg, friction, k):
        return gravity_m_s2 * math.sin(angle) / (1 + k)
    return gravity_m_s2 * (math.sin(angle) - friction * math.cos(angle))


def incline_angular_acceleration(
    angle_deg: float, friction: float, k: float, radius_m: float, gravity_m_s2: float
) -> float:
    """Of the same body (rad/s²).

    A / r if it rolls, μ g cos θ / (k r) if it slips (torque of sliding friction).
    """
    if rolls_without_slipping(angle_deg, friction, k):
        return incline_acceleration(angle_deg, friction, k, gravity_m_s2) / radius_m
    return friction * gravity_m_s2 * math.cos(math.radians(angle_deg)) / (k * radius_m)


def sliding_acceleration(angle_deg: float, friction: float, gravity_m_s2: float) -> float:
    """Of a block released at rest (m/s², downhill): g (sin θ − μ cos θ), 0 where tan θ ≤ μ holds it.

    HRW ch. 6.
    """
    angle = math.radians(angle_deg)
    return max(0.0, gravity_m_s2 * (math.sin(angle) - friction * math.cos(angle)))


def uphill_distance(speed_m_s: float, angle_deg: float, friction: float, gravity_m_s2: float) -> float:
    """How far (m, along the slope) a block pushed uphill slides: v² / (2 g (sin θ + μ cos θ)). HRW ch. 6."""
    angle = math.radians(angle_deg)
    return speed_m_s**2 / (2 * gravity_m_s2 * (math.sin(angle) + friction * math.cos(angle)))


def uphill_return_speed(speed_m_s: float, angle_deg: float, friction: float) -> float:
    """Speed (m/s) of that block back at its start.

    V √((sin θ − μ cos θ)/(sin θ + μ cos θ)), 0 if it stays up there.
    """
    angle = math.radians(angle_deg)
    down, up = (math.sin(angle) + sign * friction * math.cos(angle) for sign in (-1, 1))
    return speed_m_s * math.sqrt(max(0.0, down) / up)


def stopping_distance(speed_m_s: float, friction: float, gravity_m_s2: float) -> float:
    """Of a block sliding on the level (m): v² / (2 μ g). HRW ch. 6."""
    return speed_m_s**2 / (2 * friction * gravity_m_s2)


def stopping_time(speed_m_s: float, friction: float, gravity_m_s2: float) -> float:
    """Of a block sliding on the level (s): v / (μ g). HRW ch. 6."""
    return speed_m_s / (friction * gravity_m_s2)


def slip_to_roll_time(
    speed_m_s: float, friction: float, k: float, gravity_m_s2: float, spin_m_s: float = 0.0
) -> float:
    """When (s) a ball that slides on the level starts to roll: |v − s| k / (μ g (1 + k)).

    `spin_m_s` is s = ω r at the start, positive in the sense of rolling. Friction slows v by μ g and raises
    s by μ g / k until they meet. HRW ch. 11, the bowling ball.
    """
    return abs(speed_m_s - spin_m_s) * k / (friction * gravity_m_s2 * (1 + k))


def slip_to_roll_speed(speed_m_s: float, k: float, spin_m_s: float = 0.0) -> float:
    """Its speed (m/s) from then on.

    (v + k s) / (1 + k), 5/7 v for a ball without spin; whatever the friction.
    """
    return (speed_m_s + k * spin_m_s) / (1 + k)


def slip_to_roll_distance(
    speed_m_s: float, friction: float, k: float, gravity_m_s2: float, spin_m_s: float = 0.0
) -> float:
    """How far (m) it has come by then: the mean of the two speeds times the time."""
    time_s = slip_to_roll_time(speed_m_s, friction, k, gravity_m_s2, spin_m_s)
    return (speed_m_s + slip_to_roll_speed(speed_m_s, k, spin_m_s)) / 2 * time_s


def rolling_friction_deceleration(
    rolling_friction_m: float, radius_m: float, k: float, gravity_m_s2: float
) -> float:
    """Of a body rolling on the level (m/s²): (μ_r / r) g / (1 + k), a torque μ_r N against the spin."""
    return rolling_friction_m / radius_m * gravity_m_s2 / (1 + k)


def spinning_friction_deceleration(
    spinning_friction_m: float, mass_kg: float, inertia_kg_m2: float, gravity_m_s2: float
) -> float:
    """Of a body that spins about the vertical on the level (rad/s²).

    Μ_s m g / I, a torque μ_s N against the spin.
    """
    return spinning_friction_m * mass_kg * gravity_m_s2 / inertia_kg_m2


# Impact


def bounce_apex(height_m: float, elasticity: float, bounces: int) -> float:
    """Height (m) of a dropped ball's lowest point after n bounces: e²ⁿ h.

    Each impact leaves e of the speed. HRW ch. 9.
    """
    return elasticity ** (2 * bounces) * height_m


def bounce_time(height_m: float, elasticity: float, bounce: int, gravity_m_s2: float) -> float:
    """When (s) a ball dropped at rest hits for the n-th time (n = 1, 2, …).

    √(2h/g) (1 + 2 (e + e² + … + eⁿ⁻¹)).
    """
    first = math.sqrt(2 * height_m / gravity_m_s2)
    return first * (1 + 2 * sum(elasticity**n for n in range(1, bounce)))


def head_on_collision(
    mass_a_kg: float, velocity_a_m_s: float, mass_b_kg: float, velocity_b_m_s: float, elasticity: float
) -> tuple[float, float]:
    """Velocities (m/s) of a and b after: momentum kept, the relative velocity turned round and scaled by e.

    HRW ch. 9.
    """
    impulse = (
        (1 + elasticity) * (velocity_a_m_s - velocity_b_m_s) * mass_a_kg * mass_b_kg / (mass_a_kg + mass_b_kg)
    )
    return velocity_a_m_s - impulse / mass_a_kg, velocity_b_m_s + impulse / mass_b_kg


def oblique_collision(
    mass_a_kg: float,
    velocity_a_m_s: ArrayLike,
    mass_b_kg: float,
    velocity_b_m_s: ArrayLike,
    normal: ArrayLike,
    elasticity: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Velocities (3,) of two smooth balls after: `head_on_collision` along the line of centres, nothing
    across it.

    `normal` is any vector along the line of centres. HRW ch. 9, collisions in two dimensions.
    """
    a, b = np.asarray(velocity_a_m_s, dtype=np.float64), np.asarray(velocity_b_m_s, dtype=np.float64)
    n = np.asarray(normal, dtype=np.float64)
    n = n / np.linalg.norm(n)
    before = float(a @ n), float(b @ n)
    after = head_on_collision(mass_a_kg, before[0], mass_b_kg, before[1], elasticity)
    return a + (after[0] - before[0]) * n, b + (after[1] - before[1]) * n


def scattering_angle_deg(impact_parameter_m: float, radii_sum_m: float) -> float:
    """Angle between the incoming ball's path and the line along which a resting ball is hit.

    Asin(b / (r₁ + r₂)).
    """
    return math.degrees(math.asin(impact_parameter_m / radii_sum_m))


# Balance


def atwood_acceleration(
    mass_a_kg: float, mass_b_kg: float, gravity_m_s2: float, pulley_inertia_over_r2_kg: float = 0.0
) -> float:
    """Of b downwards (m/s²): (m_b − m_a) g / (m_a + m_b + I/r²). HRW ch. 5 and 10."""
    total = mass_a_kg + mass_b_kg + pulley_inertia_over_r2_kg
    return (mass_b_kg - mass_a_kg) * gravity_m_s2 / total


def seesaw_angular_acceleration(
    masses_kg: Sequence[float], arms_m: Sequence[float], inertia_kg_m2: float, gravity_m_s2: float
) -> float:
    """Of a level beam at release (rad/s², positive where the positive arm sinks): Σ m x g / (I + Σ m x²).
    HRW ch. 10.

    Loads sit at the signed distances `arms_m` and stay on the beam; `inertia_kg_m2` is the beam's about the
    pivot.
    """
    pairs = list(zip(masses_kg, arms_m, strict=True))
    torque = sum(m * x for m, x in pairs) * gravity_m_s2
    return torque / (inertia_kg_m2 + sum(m * x * x for m, x in pairs))


def overhang_limit(count: int, length_m: float) -> float:
    """Furthest reach (m) past the edge of n equal blocks, one on another: (L/2) (1 + 1/2 + … + 1/n).

    Each centre of mass of the blocks above a block must not be past that block's edge. Hall, Am. J. Phys.
    73 (2005).
    """
    return length_m / 2 * sum(1 / n for n in range(1, count + 1))


def topple_angle_deg(base_m: float, height_m: float) -> float:
    """Tilt at which a uniform block's centre of mass is above its edge: atan(b / h). HRW ch. 12."""
    return math.degrees(math.atan2(base_m, height_m))


def topple_angular_speed(
    base_m: float, height_m: float, start_deg: float, angle_deg: float, gravity_m_s2: float
) -> float:
    """Of a block turning about its bottom edge (rad/s), from rest at `start_deg` to `angle_deg` of tilt.

    Energy: ω² = (3 g / d) (cos(θ₀ − β) − cos(θ − β)) with d² = b² + h² the diagonal, β = atan(b / h) and the
    moment m d² / 3 about the edge. Tilts are from upright; `start_deg` is past β. HRW ch. 10.
    """
    diagonal = math.hypot(base_m, height_m)
    beta = math.atan2(base_m, height_m)
    drop = math.cos(math.radians(start_deg) - beta) - math.cos(math.radians(angle_deg) - beta)
    return math.sqrt(max(0.0, 3 * gravity_m_s2 / diagonal * drop))
