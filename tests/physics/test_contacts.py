"""The table of contacts: who pushed whom, where, when and by how much."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simgen.physics import laws, simulate
from simgen.physics.trace import Contacts, Trace
from simgen.scene.spec import Body, SceneSpec, Shape
from tests.physics.scenes import GROUND, G, ball, on_slope, scene


def lively(profile: str) -> SceneSpec:
    """Balls and boxes that fall, bounce, slide and hit each other."""
    e = 0.0 if profile == "resting" else 0.5
    bodies = [
        ball("low", position_m=(0.0, 0.0, 0.1), elasticity=e, friction=0.5),
        ball("high", position_m=(0.06, 0.02, 0.7), elasticity=e, friction=0.5, mass_kg=0.3),
        ball("thrown", position_m=(-1.0, 0.0, 0.4), velocity_m_s=(2.0, 0.0, 1.0), elasticity=e, friction=0.5),
        Body(
            "box",
            Shape("box", (0.2, 0.2, 0.2)),
            (1.0, 0.0, 0.1),
            velocity_m_s=(-1.0, 0.0, 0.0),
            friction=0.5,
            elasticity=e,
        ),
    ]
    return scene(GROUND, *bodies, profile=profile, seconds=1.5)


def impulses(scene: SceneSpec, trace: Trace) -> np.ndarray:
    """Sum of the normal impulses on each body in each interval, (T, N, 3), from the table alone."""
    table = trace.contacts
    total = np.zeros((len(trace.time_s), len(scene.bodies), 3))
    push = table.impulse_n_s[:, None] * table.normal
    np.add.at(total, (table.frame, table.a), push)
    np.add.at(total, (table.frame, table.b), -push)
    return total


@pytest.mark.parametrize("profile", ["universal", "resting", "restitution"])
def test_impulses_are_the_change_of_momentum(profile: str) -> None:
    """Without friction nothing but the table's impulses and gravity changes momentum."""
    bodies = [
        ball("a", position_m=(0.0, 0.0, 0.6), velocity_m_s=(1.0, 0.1, 0.0), friction=0.0, elasticity=0.7),
        ball("b", position_m=(0.9, 0.0, 0.1), friction=0.0, elasticity=0.7, mass_kg=3.0),
        ball("c", position_m=(2.0, 0.0, 0.1), friction=0.0, elasticity=0.7, mass_kg=0.5),
        Body(
            "d", Shape("box", (0.2, 0.2, 0.2)), (-1.0, 0.0, 0.1), velocity_m_s=(-1.0, 0.0, 0.0), friction=0.0
        ),
    ]
    spec = scene(GROUND, *bodies, profile=profile, seconds=1.5)
    trace = simulate(spec)
    mass = np.array([body.mass_kg for body in spec.bodies[1:]])[:, None]
    gained = np.diff(trace.velocity_m_s[:, 1:], axis=0) * mass
    gained -= mass * np.array(spec.gravity_m_s2) * np.diff(trace.time_s)[:, None, None]
    pushed = impulses(spec, trace)[1:, 1:]
    if (
        profile == "restitution"
    ):  # whose boxes chatter, so that velocities at frames are those of single steps
        gained, pushed = gained[:, :3], pushed[:, :3]
    # A bounce at less than 2 cm/s in the very step of a frame may be counted to either side of it.
    assert gained.sum(axis=0) == pytest.approx(pushed.sum(axis=0), abs=1e-7)
    assert gained == pytest.approx(pushed, abs=0.02 if profile == "restitution" else 1e-7)
    assert (np.abs(pushed) > 0.1).any(axis=(0, 2)).all()


def test_rows_are_in_order_and_say_who_pushes_whom() -> None:
    spec = lively("universal")
    trace = simulate(spec)
    table = trace.contacts
    keys = list(zip(table.frame.tolist(), table.a.tolist(), table.b.tolist(), strict=True))
    assert keys == sorted(set(keys))
    assert (table.a < table.b).all()
    assert ((table.frame >= 1) & (table.frame < len(trace.time_s))).all()
    assert (table.impulse_n_s > 0).all()
    assert np.linalg.norm(table.normal, axis=1) == pytest.approx(np.ones(len(table)))
    earliest = trace.time_s[table.frame - 1]
    assert (table.time_s >= earliest - 1e-9).all()
    assert (table.time_s <= trace.time_s[table.frame]).all()
    ground = table.a == 0
    assert table.normal[ground] == pytest.approx(np.tile([0.0, 0.0, -1.0], (ground.sum(), 1)), abs=1e-6)
    assert table.position_m[ground, 2] == pytest.approx(np.zeros(ground.sum()), abs=1e-4)
    assert {(int(a), int(b)) for a, b in zip(table.a, table.b, strict=True)} >= {
        (0, 1),
        (0, 2),
        (0, 3),
        (1, 2),
    }


def rows_of(table: Contacts, a: int, b: int) -> np.ndarray:
    return np.flatnonzero((table.a == a) & (table.b == b))


@pytest.mark.parametrize("profile", ["universal", "resting", "restitution"])
def test_normal_force_on_a_slope(profile: str) -> None:
    """m g cos θ in every interval, the first and the last included."""
    ramp, body, _ = on_slope(25.0, ball(friction=0.7, mass_kg=2.5), 0.1)
    trace = simulate(scene(ramp, body, profile=profile, seconds=1.0))
    table = trace.contacts
    assert len(table) == 24
    assert table.impulse_n_s * 24 == pytest.approx(2.5 * G * math.cos(math.radians(25.0)), rel=1e-6)
    # Touching all the time; `resting` notices a contact when it has sunk by its 10 µm.
    assert table.time_s == pytest.approx(trace.time_s[:-1], abs=2e-3 if profile == "resting" else 1e-9)
    normal = (-math.sin(math.radians(25.0)), 0.0, -math.cos(math.radians(25.0)))
    assert table.normal == pytest.approx(np.tile(normal, (24, 1)), abs=1e-6)


@pytest.mark.parametrize(
    ("profile", "exact_s"), [("universal", 1e-8), ("restitution", 1e-8), ("resting", 1e-6)]
)
def test_position_and_time_of_a_thrown_balls_touch(profile: str, exact_s: float) -> None:
    thrown = ball(height=1.0, velocity_m_s=(1.5, -0.5, 0.0), friction=0.3, elasticity=0.6)
    table = simulate(scene(GROUND, thrown, seconds=1.0, profile=profile)).contacts
    touch = laws.fall_time(1.0, G)
    first = rows_of(table, 0, 1)[0]
    assert table.time_s[first] == pytest.approx(touch, abs=exact_s)
    assert table.frame[first] == math.ceil(touch * 24)
    assert table.position_m[first] == pytest.approx(
        [1.5 * touch, -0.5 * touch, 0.0], abs=1e-6 if profile != "resting" else 3e-3
    )


def test_bodies_that_never_meet_have_no_rows() -> None:
    table = simulate(
        scene(GROUND, ball(height=30.0), ball("other", position_m=(0.5, 0.0, 40.0)), seconds=1.0)
    ).contacts
    assert len(table) == 0
    assert table.position_m.shape == (0, 3)
    assert table.normal.shape == (0, 3)
