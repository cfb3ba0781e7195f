"""Ropes over pulleys: Atwood's machine, a swinging one against scipy, slack ropes, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simgen.errors import SimulationError
from simgen.physics import simulate
from simgen.physics.pulls import accelerations, carried
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, Force, Joint, SceneSpec, Shape, Vector
from tests.physics.scenes import GROUND, G, ball, scene

TOP, RADIUS = 2.0, 0.25


def machine(
    mass_a: float,
    mass_b: float,
    pulley_kg: float = 0.0,
    height: float = 1.0,
    at_a: Vector | None = None,
    **others: Any,
) -> SceneSpec:
    """Two balls of 0.1 m on a rope over a pulley, or over two points when it has no mass, b on the right."""
    place_a, place_b = at_a or (-RADIUS, 0.0, height), (RADIUS, 0.0, height)
    tops = (-RADIUS, 0.0, TOP), (RADIUS, 0.0, TOP)
    bodies = [
        ball("a", position_m=place_a, mass_kg=mass_a, elasticity=0.0),
        ball("b", position_m=place_b, mass_kg=mass_b, elasticity=0.0),
    ]
    joints = ()
    if pulley_kg:
        turn = about_axis((1.0, 0.0, 0.0), math.pi / 2)
        wheel = Shape("cylinder", (RADIUS, 0.1))
        bodies.append(Body("wheel", wheel, (0.0, 0.0, TOP), turn, mass_kg=pulley_kg))
        joints = (Joint("axle", "hinge", "", "wheel", (0.0, 0.0, TOP), (0.0, 1.0, 0.0)),)
    length = math.dist(place_a, tops[0]) + math.dist(place_b, tops[1])
    rope = Force(
        *("rope", "a", "b", tops[0]),
        length_m=length,
        anchor_b_m=tops[1],
        pulley="wheel" if pulley_kg else "",
    )
    return scene(*bodies, GROUND, joints=joints, forces=(rope,), **others)


@pytest.mark.parametrize(("mass_a", "mass_b", "pulley_kg"), [(1, 2, 0), (1, 2, 1.5), (3, 2.9, 8), (2, 2, 1)])
@pytest.mark.parametrize("profile", ["universal", "resting"])
def test_atwood(mass_a: float, mass_b: float, pulley_kg: float, profile: Any) -> None:
    """a = g (m_b − m_a) / (m_a + m_b + M / 2), and the rim goes with the rope."""
    trace = simulate(machine(mass_a, mass_b, pulley_kg, seconds=0.6, profile=profile))
    expected = G * (mass_b - mass_a) / (mass_a + mass_b + pulley_kg / 2)
    sunk = 1.0 - trace.position_m[:, 1, 2]
    assert sunk == pytest.approx(expected * trace.time_s**2 / 2, abs=1e-12)
    assert trace.position_m[:, 0, 2] - 1.0 == pytest.approx(sunk, abs=1e-12)
    assert trace.velocity_m_s[:, 1, 2] == pytest.approx(-expected * trace.time_s, abs=1e-10)
    if pulley_kg:
        # where b, on the right, sinks, the wheel turns so that its right rim goes down: about +y
        assert trace.angular_velocity_rad_s[:, 2, 1] * RADIUS == pytest.approx(
            expected * trace.time_s, abs=1e-10
        )


def test_a_swinging_machine_against_scipy() -> None:
    """A swings while b goes up and down: r'' (m_a + m_b) = m_a r θ'² + g (m_a cos θ − m_b), r θ'' = −2 r' θ' − g sin θ.

    Tufillaro, Abbott, Griffiths, Swinging Atwood's machine, Am. J. Phys. 52 (1984).
    """
    angle, reach, mass_a, mass_b = math.radians(40), 0.8, 1.0, 1.1
    start = (-RADIUS, -reach * math.sin(angle), TOP - reach * math.cos(angle))  # across, past b
    trace = simulate(machine(mass_a, mass_b, height=1.2, at_a=start, seconds=1.5))

    def change(_: float, y: np.ndarray) -> tuple[float, ...]:
        r, theta, rate, spin = y
        pull = mass_a * r * spin**2 + G * (mass_a * math.cos(theta) - mass_b)
        return rate, spin, pull / (mass_a + mass_b), (-2 * rate * spin - G * math.sin(theta)) / r

    way = (0.0, trace.time_s[-1])
    solution = solve_ivp(change, way, (reach, angle, 0.0, 0.0), t_eval=trace.time_s, rtol=1e-11, atol=1e-12)
    r, theta = solution.y[:2]
    assert np.ptp(r) > 0.1
    assert trace.position_m[:, 0, 1] == pytest.approx(-r * np.sin(theta), abs=3e-4)
    assert trace.position_m[:, 0, 2] == pytest.approx(TOP - r * np.cos(theta), abs=3e-4)
    assert trace.position_m[:, 1, 2] == pytest.approx(1.2 + r - reach, abs=3e-4)


@pytest.mark.parametrize("pulley_kg", [0.0, 1.0])
def test_a_landing_makes_the_rope_slack_and_the_other_flies_on(pulley_kg: float) -> None:
    told = machine(1.0, 2.0, pulley_kg, height=0.4, seconds=2.0)
    trace = simulate(told)
    gain = G / (3.0 + pulley_kg / 2)
    landing = math.sqrt(2 * 0.3 / gain)
    first = np.flatnonzero((trace.contacts.a == 1) | (trace.contacts.b == 1))[0]
    assert trace.contacts.time_s[first] == pytest.approx(landing, abs=1e-6)
    speed = gain * landing
    flight = (trace.time_s > landing) & (trace.time_s < landing + 1.9 * speed / G)
    later = trace.time_s[flight] - landing
    assert len(later) > 3
    assert trace.position_m[flight, 0, 2] == pytest.approx(0.7 + speed * later - G * later**2 / 2, abs=1e-5)
    length = (TOP - trace.position_m[:, :2, 2]).sum(axis=1)
    assert (
        length - told.forces[0].length_m
    ).max() < 0.01  # it gives a little where it is pulled taut at once
    assert trace.velocity_m_s[-1, :2] == pytest.approx(0.0, abs=0.02)  # and all comes to rest


def test_accelerations_from_states_are_those_of_the_engine() -> None:
    told = machine(1.0, 1.7, 2.0, seconds=0.5)
    trace = simulate(told)
    expected = G * 0.7 / 3.7
    gains = accelerations(told, trace.state)
    assert gains[:, 0, 2] == pytest.approx(expected, rel=1e-9)
    assert gains[:, 1, 2] == pytest.approx(-expected, rel=1e-9)
    massless = machine(1.0, 1.7, seconds=0.5)
    later = carried(massless, simulate(massless).state[0], 0.4)
    assert later[1, 2] == pytest.approx(1.0 - G * 0.7 / 2.7 * 0.08, abs=1e-9)


def test_ropes_that_mean_nothing_are_refused_with_the_reason() -> None:
    told = machine(1.0, 2.0, 1.0)
    (rope,) = told.forces
    for wrong, sentence in (
        ({"b": ""}, "the rope on 'a': it needs a moving body at both ends"),
        ({"b": "ground"}, "the rope on 'a': it needs a moving body at both ends"),
        ({"pulley": "b"}, "its pulley 'b' must turn on a hinge that stands still"),
        ({"pulley": "nobody"}, "there is no body named 'nobody'"),
    ):
        fields = {name: getattr(rope, name) for name in rope.__slots__} | wrong
        broken = scene(*told.bodies, joints=told.joints, forces=(Force(**fields),))
        with pytest.raises(SimulationError, match=sentence):
            simulate(broken)
