"""Springs, drag, wind and attraction against their closed forms.

The tolerance is that of leapfrog steps at 960 Hz: (ω h)² / 24 of a period, 1e-5 for ω = 15 rad/s.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from simgen.errors import SimulationError
from simgen.physics import forces, laws, simulate
from simgen.physics.trace import Trace
from simgen.scene.spec import Force, SceneSpec
from tests.physics.scenes import GROUND, G, ball, scene

WEIGHTLESS = (0.0, 0.0, 0.0)


@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_spring_on_the_world(damping: float) -> None:
    mass, stiffness = 0.5, 60.0
    bob = ball("bob", position_m=(1.3, 0.0, 0.0), velocity_m_s=(0.7, 0.0, 0.0), mass_kg=mass)
    spring = Force("spring", "bob", stiffness_n_m=stiffness, length_m=1.0, damping_kg_s=damping)
    trace = simulate(scene(bob, forces=(spring,), gravity_m_s2=WEIGHTLESS, seconds=10.0))
    expected = [
        1.0 + laws.damped_spring_position(mass, stiffness, damping, 0.3, 0.7, float(t)) for t in trace.time_s
    ]
    assert trace.position_m[:, 0, 0] == pytest.approx(expected, abs=2e-4)  # the phase after 17 swings
    assert np.abs(trace.position_m[:, 0, 1:]).max() < 1e-12
    if damping == 0.0:
        energy = mass * trace.velocity_m_s[:, 0, 0] ** 2 + stiffness * (trace.position_m[:, 0, 0] - 1) ** 2
        # It goes up and down by (ω h)², with nothing left after a swing.
        assert energy == pytest.approx(np.full_like(energy, energy[0]), rel=1.3e-4)


def test_hanging_spring_swings_about_its_stretched_length() -> None:
    bob = ball("bob", position_m=(0.0, 0.0, -1.0), mass_kg=0.5)
    spring = Force("spring", "bob", stiffness_n_m=60.0, length_m=1.0)
    trace = simulate(scene(bob, forces=(spring,), seconds=3.0))
    stretch = 0.5 * G / 60.0
    swing = stretch * np.cos(2 * math.pi / laws.spring_period(0.5, 60.0) * trace.time_s)
    assert trace.position_m[:, 0, 2] == pytest.approx(-1.0 - stretch + swing, abs=2e-5)


def test_two_bodies_on_a_spring() -> None:
    a = ball("a", position_m=(0.0, 0.0, 0.0), mass_kg=1.0)
    b = ball("b", position_m=(1.2, 0.0, 0.0), mass_kg=3.0)
    spring = Force("spring", "a", "b", stiffness_n_m=40.0, length_m=1.0)
    trace = simulate(scene(a, b, forces=(spring,), gravity_m_s2=WEIGHTLESS, seconds=5.0))
    omega = 2 * math.pi / laws.spring_period(laws.reduced_mass(1.0, 3.0), 40.0)
    stretch = trace.position_m[:, 1, 0] - trace.position_m[:, 0, 0] - 1.0
    assert stretch == pytest.approx(0.2 * np.cos(omega * trace.time_s), abs=1e-4)
    momentum = trace.velocity_m_s[:, 0] + 3 * trace.velocity_m_s[:, 1]
    assert np.abs(momentum).max() < 1e-10


def test_normal_modes_of_coupled_springs() -> None:
    """Any start is a sum of the two modes."""
    wall, middle, mass = 30.0, 12.0, 0.8
    bodies = (
        ball("a", position_m=(1.1, 0.0, 0.0), mass_kg=mass),
        ball("b", position_m=(2.0, 0.0, 0.0), mass_kg=mass),
    )
    forces = (
        Force("spring", "a", anchor_m=(0.0, 0.0, 0.0), stiffness_n_m=wall, length_m=1.0),
        Force("spring", "a", "b", stiffness_n_m=middle, length_m=1.0),
        Force("spring", "b", anchor_m=(3.0, 0.0, 0.0), stiffness_n_m=wall, length_m=1.0),
    )
    trace = simulate(scene(*bodies, forces=forces, gravity_m_s2=WEIGHTLESS, seconds=5.0))
    slow, fast = laws.coupled_spring_frequencies(mass, wall, middle)
    a, b = trace.position_m[:, 0, 0] - 1.0, trace.position_m[:, 1, 0] - 2.0
    assert a + b == pytest.approx(0.1 * np.cos(slow * trace.time_s), abs=1e-4)
    assert a - b == pytest.approx(0.1 * np.cos(fast * trace.time_s), abs=1e-4)


def test_fall_against_drag() -> None:
    falling = ball(height=200.0, mass_kg=0.3)
    trace = simulate(scene(falling, forces=(Force("drag", "ball", quadratic_kg_m=0.02),), seconds=4.0))
    t = trace.time_s[1:]
    fallen = [laws.drag_fall_distance(0.3, 0.02, G, float(x)) for x in t]
    speed = [laws.drag_fall_speed(0.3, 0.02, G, float(x)) for x in t]
    assert 200.1 - trace.position_m[1:, 0, 2] == pytest.approx(fallen, rel=1e-6)
    assert -trace.velocity_m_s[1:, 0, 2] == pytest.approx(speed, rel=1e-6)
    slow = simulate(scene(falling, forces=(Force("drag", "ball", linear_kg_s=1.5),), seconds=4.0))
    limit = laws.terminal_speed_linear(0.3, 1.5, G)
    assert -slow.velocity_m_s[-1, 0, 2] == pytest.approx(limit, rel=1e-7)


def test_wind_carries_along() -> None:
    wind = Force("drag", "ball", linear_kg_s=2.0, wind_m_s=(3.0, -1.0, 0.0))
    trace = simulate(scene(ball(), forces=(wind,), gravity_m_s2=WEIGHTLESS, seconds=2.0))
    gained = 1 - np.exp(-2.0 * trace.time_s)
    assert trace.velocity_m_s[:, 0, 0] == pytest.approx(3.0 * gained, abs=1e-5)
    assert trace.velocity_m_s[:, 0, 1] == pytest.approx(-gained, abs=1e-5)


def orbit(axis: float, far: float) -> tuple[SceneSpec, float]:
    """A planet of 0.1 kg about a fixed sun, from its furthest point; and the strength GM."""
    strength = 4.0
    sun = replace(ball("sun", 0.02, position_m=(0.0, 0.0, 0.0)), fixed=True)
    speed = laws.orbit_speed(far, axis, strength)
    planet = ball("planet", 0.02, position_m=(far, 0.0, 0.0), velocity_m_s=(0.0, speed, 0.0), mass_kg=0.1)
    pull = Force("attraction", "planet", "sun", strength_n_m2=0.1 * strength)
    return scene(sun, planet, forces=(pull,), gravity_m_s2=WEIGHTLESS, seconds=12.0, fps=60.0), strength


@pytest.mark.parametrize("far", [1.0, 1.6])
def test_orbit_obeys_kepler(far: float) -> None:
    axis = 1.0
    spec, strength = orbit(axis, far)
    trace = simulate(spec)
    x, y = trace.position_m[:, 1, 0], trace.position_m[:, 1, 1]
    # The radius of the ellipse at each true anomaly, from the nearest point (which is on the other side).
    eccentricity = far / axis - 1
    anomaly = np.arctan2(y, x) - math.pi
    radius = axis * (1 - eccentricity**2) / (1 + eccentricity * np.cos(anomaly))
    assert np.hypot(x, y) == pytest.approx(radius, rel=1e-3)
    spin = x * trace.velocity_m_s[:, 1, 1] - y * trace.velocity_m_s[:, 1, 0]
    assert spin == pytest.approx(np.full_like(spin, spin[0]), rel=1e-5)  # the second law
    turned = np.unwrap(np.arctan2(y, x))
    period = laws.kepler_period(axis, strength)
    laps = np.interp(np.arange(1, 4) * 2 * math.pi, turned, trace.time_s)
    assert laps == pytest.approx(np.arange(1, 4) * period, rel=1e-4)


def test_equal_charges_turn_round() -> None:
    a = ball("a", 0.02, position_m=(0.0, 0.0, 0.0), mass_kg=1.0)
    b = ball("b", 0.02, position_m=(3.0, 0.0, 0.0), mass_kg=2.0, velocity_m_s=(-2.0, 0.0, 0.0))
    push = Force("attraction", "a", "b", strength_n_m2=-0.5)
    trace = simulate(scene(a, b, forces=(push,), gravity_m_s2=WEIGHTLESS, seconds=3.0, fps=240.0))
    nearest = (trace.position_m[:, 1, 0] - trace.position_m[:, 0, 0]).min()
    expected = laws.closest_approach(3.0, 2.0, 0.5, laws.reduced_mass(1.0, 2.0))
    assert nearest == pytest.approx(expected, abs=1e-3)  # between two frames it can be nearer
    assert trace.velocity_m_s[:, 0, 0] + 2 * trace.velocity_m_s[:, 1, 0] == pytest.approx(-4.0, abs=1e-10)


def test_attracted_body_hits_on_time() -> None:
    """A spring pulls a ball onto the ground: steps are cut at its impact as under gravity."""
    dropped = ball(height=0.5, elasticity=0.8)
    spring = Force("spring", "ball", anchor_m=(0.0, 0.0, -1.4), stiffness_n_m=9.0)
    trace = simulate(scene(GROUND, dropped, forces=(spring,), gravity_m_s2=WEIGHTLESS, seconds=1.0))
    # From 2 m above the anchor, ω = 3 rad/s, the ball touches 1.5 m above it.
    touch = math.acos(0.75) / 3
    assert trace.contacts.time_s[0] == pytest.approx(touch, abs=2e-6)
    speed = 3 * math.sqrt(4 - 2.25)
    assert trace.contacts.impulse_n_s[0] == pytest.approx(1.8 * speed, rel=1e-4)


@pytest.mark.parametrize(
    ("force", "text"),
    [
        (Force("spring", "nobody"), "the spring on 'nobody': there is no body named 'nobody'"),
        (Force("attraction", "ball", "ball"), "the attraction on 'ball': a body cannot act on itself"),
        (
            Force("drag", "ball", linear_kg_s=-1.0),
            "the drag on 'ball': linear_kg_s must not be negative, not -1.0",
        ),
        (
            Force("drag", "ball", wind_m_s=(math.nan, 0.0, 0.0)),
            "the drag on 'ball': its numbers must be finite",
        ),
    ],
)
def test_forces_that_mean_nothing(force: Force, text: str) -> None:
    with pytest.raises(SimulationError) as error:
        simulate(scene(ball(), forces=(force,)))
    assert str(error.value) == text


def lattice(side: int, *extra: Force) -> SceneSpec:
    """Balls in a square, joined along its rows and columns by springs, all of them pulled out of place."""
    at = {(row, column): f"ball_{row}_{column}" for row in range(side) for column in range(side)}
    balls = [
        ball(
            name, radius=0.02, position_m=(0.3 * row, 0.3 * column, 1.0 + 0.02 * ((3 * row + 5 * column) % 7))
        )
        for (row, column), name in at.items()
    ]
    springs = [
        Force("spring", name, at[other], stiffness_n_m=20.0 + row, length_m=0.27, damping_kg_s=0.2 * column)
        for (row, column), name in at.items()
        for other in ((row + 1, column), (row, column + 1))
        if other in at
    ]
    return scene(*balls, forces=(*springs, *extra), gravity_m_s2=WEIGHTLESS, seconds=0.5)


def test_many_springs_at_once_do_what_each_does_by_itself() -> None:
    """40 springs between bodies, and one to the world."""
    net = lattice(5, Force("spring", "ball_0_0", anchor_m=(-0.3, 0.0, 1.0), stiffness_n_m=15.0, length_m=0.2))
    assert len([force for force in net.forces if force.b]) >= forces.MANY
    together = simulate(net)
    single = one_by_one(net)
    assert together.state == pytest.approx(single.state, abs=1e-10)
    assert np.abs(together.position_m[-1] - together.position_m[0]).max() > 0.01


def one_by_one(net: SceneSpec) -> Trace:
    """The net's trace with every spring worked out by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forces, "MANY", 10**6)
        return simulate(net)


def test_a_net_keeps_its_momentum() -> None:
    """Newton's third law, 40 springs at once: what one ball gains another loses."""
    trace = simulate(lattice(5))
    assert np.abs(trace.velocity_m_s.sum(axis=1)).max() < 1e-10
    assert np.abs(trace.velocity_m_s).max() > 0.05
