"""Closed forms of what repeats: pendulums, springs, circles, orbits, and charges that meet.

See `simgen.physics.laws`.
"""

from __future__ import annotations

import math

__all__ = [
    "agm",
    "circular_speed",
    "closest_approach",
    "conical_pendulum_period",
    "coupled_spring_frequencies",
    "damped_spring_position",
    "kepler_period",
    "orbit_speed",
    "pendulum_period",
    "pendulum_speed",
    "reduced_mass",
    "spring_period",
]


def agm(a: float, b: float) -> float:
    """The arithmetic-geometric mean of two positive numbers."""
    while abs(a - b) > 1e-15 * a:
        a, b = (a + b) / 2, math.sqrt(a * b)
    return a


def pendulum_period(
    length_m: float, amplitude_deg: float, gravity_m_s2: float, inertia_over_mass_m2: float = 0.0
) -> float:
    """T = 2π √(L_eff/g) / agm(1, cos(θ₀/2)) (s), exact at every amplitude below 180°.

    `length_m` is from the pivot to the centre of mass, `inertia_over_mass_m2` is I/m of the bob about its
    own centre of mass and the hinge's axis: L_eff = L + (I/m)/L (physical pendulum, HRW ch. 15). The
    amplitude's factor is the complete elliptic integral, 2 K(sin(θ₀/2)) / π = 1 / agm(1, cos(θ₀/2)) (Gauss;
    Landau & Lifshitz, Mechanics, § 11).
    """
    effective = length_m + inertia_over_mass_m2 / length_m
    half = math.cos(math.radians(amplitude_deg) / 2)
    return 2 * math.pi * math.sqrt(effective / gravity_m_s2) / agm(1.0, half)


def pendulum_speed(
    length_m: float,
    amplitude_deg: float,
    angle_deg: float,
    gravity_m_s2: float,
    inertia_over_mass_m2: float = 0.0,
) -> float:
    """Angular speed (rad/s) at `angle_deg`: ω² = 2 (g/L_eff) (cos θ − cos θ₀), from energy.

    HRW ch. 8 and 15.
    """
    effective = length_m + inertia_over_mass_m2 / length_m
    drop = math.cos(math.radians(angle_deg)) - math.cos(math.radians(amplitude_deg))
    return math.sqrt(max(0.0, 2 * gravity_m_s2 / effective * drop))


def conical_pendulum_period(length_m: float, angle_deg: float, gravity_m_s2: float) -> float:
    """2π √(L cos θ / g) (s), of a point on a string that circles at a constant angle from the vertical.

    HRW ch. 6.
    """
    return 2 * math.pi * math.sqrt(length_m * math.cos(math.radians(angle_deg)) / gravity_m_s2)


def circular_speed(radius_m: float, acceleration_m_s2: float) -> float:
    """√(a r) (m/s): the speed at which an acceleration towards the centre keeps a circle. HRW ch. 4."""
    return math.sqrt(radius_m * acceleration_m_s2)


def spring_period(mass_kg: float, stiffness_n_m: float, damping_kg_s: float = 0.0) -> float:
    """2π / √(k/m − (b/2m)²) (s). HRW ch. 15. Raises ValueError when the damping leaves no oscillation."""
    square = stiffness_n_m / mass_kg - (damping_kg_s / (2 * mass_kg)) ** 2
    if square <= 0:
        raise ValueError("an overdamped spring does not oscillate")
    return 2 * math.pi / math.sqrt(square)


def damped_spring_position(
    mass_kg: float, stiffness_n_m: float, damping_kg_s: float, start_m: float, speed_m_s: float, time_s: float
) -> float:
    """Displacement (m) at `time_s` of an underdamped spring that starts at `start_m` with `speed_m_s`.

    HRW ch. 15.
    """
    omega = 2 * math.pi / spring_period(mass_kg, stiffness_n_m, damping_kg_s)
    decay = damping_kg_s / (2 * mass_kg)
    swing = start_m * math.cos(omega * time_s) + (speed_m_s + decay * start_m) / omega * math.sin(
        omega * time_s
    )
    return math.exp(-decay * time_s) * swing


def reduced_mass(mass_a_kg: float, mass_b_kg: float) -> float:
    """m_a m_b / (m_a + m_b) (kg): two bodies on one spring, or in orbit, move as one of that mass.

    Goldstein ch. 3.
    """
    return mass_a_kg * mass_b_kg / (mass_a_kg + mass_b_kg)


def coupled_spring_frequencies(
    mass_kg: float, wall_stiffness_n_m: float, middle_stiffness_n_m: float
) -> tuple[float, float]:
    """Angular frequencies (rad/s) of two equal masses between walls: in step √(k/m), against √((k + 2 k′)/m).

    k to each wall, k′ between the masses. Taylor, Classical Mechanics, ch. 11.
    """
    slow = math.sqrt(wall_stiffness_n_m / mass_kg)
    return slow, math.sqrt((wall_stiffness_n_m + 2 * middle_stiffness_n_m) / mass_kg)


def kepler_period(semi_major_axis_m: float, strength_m3_s2: float) -> float:
    """2π √(a³/GM) (s), Kepler's third law; `strength_m3_s2` is GM (of both bodies if both move).

    HRW ch. 13.
    """
    return 2 * math.pi * math.sqrt(semi_major_axis_m**3 / strength_m3_s2)


def orbit_speed(distance_m: float, semi_major_axis_m: float, strength_m3_s2: float) -> float:
    """√(GM (2/r − 1/a)) (m/s), the vis-viva equation. Goldstein ch. 3."""
    return math.sqrt(strength_m3_s2 * (2 / distance_m - 1 / semi_major_axis_m))


def closest_approach(
    distance_m: float, closing_speed_m_s: float, strength_n_m2: float, reduced_mass_kg: float
) -> float:
    """Distance (m) at which two charges that repel by S/r² and meet head-on turn round: 1/r = 1/r₀ + μ
    v²/(2 S).

    Energy of the relative motion. HRW ch. 24.
    """
    return 1 / (1 / distance_m + reduced_mass_kg * closing_speed_m_s**2 / (2 * strength_n_m2))
