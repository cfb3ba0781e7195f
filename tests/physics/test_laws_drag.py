"""Falling against drag: the closed forms against integrated equations of motion."""

from __future__ import annotations

import pytest
from scipy.integrate import solve_ivp

from simgen.physics import laws, laws_drag

G = 9.81


def fallen(drag, time_s: float) -> tuple[float, float]:
    """Distance and speed after a fall from rest with the deceleration drag(v), integrated."""
    path = solve_ivp(lambda _, y: (y[1], G - drag(y[1])), (0.0, time_s), (0.0, 0.0), rtol=1e-11, atol=1e-13)
    return float(path.y[0, -1]), float(path.y[1, -1])


@pytest.mark.parametrize("terminal", [0.4, 2.0, 30.0])
@pytest.mark.parametrize("time_s", [0.05, 0.6, 3.0])
def test_linear_drag(terminal: float, time_s: float) -> None:
    distance, speed = fallen(lambda v: G * v / terminal, time_s)
    assert laws_drag.linear_drag_fall_distance(terminal, G, time_s) == pytest.approx(distance, rel=1e-7)
    assert laws_drag.linear_drag_fall_speed(terminal, G, time_s) == pytest.approx(speed, rel=1e-7)


@pytest.mark.parametrize("terminal", [0.4, 2.0, 30.0])
@pytest.mark.parametrize("time_s", [0.05, 0.6, 3.0])
def test_the_time_of_a_fall_against_quadratic_drag(terminal: float, time_s: float) -> None:
    distance, speed = fallen(lambda v: G * v * v / terminal**2, time_s)
    assert laws_drag.drag_fall_time(terminal, G, distance) == pytest.approx(time_s, rel=1e-7)
    drag = G / terminal**2  # of 1 kg
    assert laws.drag_fall_distance(1.0, drag, G, time_s) == pytest.approx(distance, rel=1e-7)
    assert laws.drag_fall_speed(1.0, drag, G, time_s) == pytest.approx(speed, rel=1e-7)


def test_the_drag_of_a_football() -> None:
    """C = 0.25, 22 cm across, in air: a terminal speed of 30 m/s for 0.43 kg."""
    drag = laws_drag.quadratic_drag_kg_m(0.25, 3.14159 * 0.11**2, 1.2)
    assert laws.terminal_speed(0.43, drag, G) == pytest.approx(27.2, abs=0.1)
