"""Closed forms of falling through a medium whose drag is proportional to the speed, and of drag by shape.

The drag that grows with the square of the speed is in `simgen.physics.laws`. See there for units.
"""

from __future__ import annotations

import math

__all__ = ["drag_fall_time", "linear_drag_fall_distance", "linear_drag_fall_speed", "quadratic_drag_kg_m"]


def quadratic_drag_kg_m(drag_coefficient: float, area_m2: float, density_kg_m3: float) -> float:
    """c = ρ C A / 2 (kg/m) of a drag c v². Halliday, Resnick, Walker, 10th ed., ch. 6 (drag force)."""
    return density_kg_m3 * drag_coefficient * area_m2 / 2


def drag_fall_time(terminal_m_s: float, gravity_m_s2: float, height_m: float) -> float:
    """Time (s) to fall `height_m` from rest against c v²: (v_t/g) arcosh(exp(g h / v_t²)).

    The inverse of x = (v_t²/g) ln cosh(g t / v_t). Taylor, Classical Mechanics, ch. 2. With y = g h / v_t²,
    arcosh(eʸ) = y + ln(1 + √(1 − e⁻²ʸ)), which does not overflow.
    """
    y = gravity_m_s2 * height_m / terminal_m_s**2
    return terminal_m_s / gravity_m_s2 * (y + math.log1p(math.sqrt(-math.expm1(-2 * y))))


def linear_drag_fall_speed(terminal_m_s: float, gravity_m_s2: float, time_s: float) -> float:
    """Speed (m/s) after a fall from rest against b v: v_t (1 − exp(−g t / v_t)). Taylor, ch. 2."""
    return -terminal_m_s * math.expm1(-gravity_m_s2 * time_s / terminal_m_s)


def linear_drag_fall_distance(terminal_m_s: float, gravity_m_s2: float, time_s: float) -> float:
    """Distance (m) fallen from rest against b v: v_t t − (v_t²/g) (1 − exp(−g t / v_t)). Taylor, ch. 2."""
    lag = terminal_m_s / gravity_m_s2
    return terminal_m_s * (time_s + lag * math.expm1(-time_s / lag))
