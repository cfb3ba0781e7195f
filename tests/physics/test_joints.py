"""Linked bodies: periods, energies, and joints that hold what they should and nothing else."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ellipk

from simgen.errors import SimulationError
from simgen.physics import simulate
from simgen.physics.energy import mechanical_energy
from simgen.scene.rotation import about_axis, matrix
from simgen.scene.spec import Body, Joint, SceneSpec, Shape
from tests.physics.scenes import GROUND, G, ball, scene, vector

PIVOT = (0.0, 0.0, 2.0)
ROD = Shape("box", (0.04, 0.04, 0.8))


def pendulum(
    shape: Shape, length: float, angle_deg: float, kind: str = "hinge", seconds: float = 6.0
) -> SceneSpec:
    """A body on one joint to the world, its centre of mass `length` from it and `angle_deg` from below."""
    angle = math.radians(angle_deg)
    position = (length * math.sin(angle), 0.0, 2.0 - length * math.cos(angle))
    bob = Body("bob", shape, position, about_axis((0.0, 1.0, 0.0), -angle), mass_kg=0.7)
    joint = Joint("pivot", kind, "", "bob", PIVOT)
    return scene(bob, joints=(joint,), profile="joints", fps=240.0, seconds=seconds)


def swing_times(angle: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """When the angle passes through zero, by linear interpolation (a frame is 4 ms)."""
    at = np.flatnonzero(angle[:-1] * angle[1:] < 0)
    return time_s[at] + (time_s[at + 1] - time_s[at]) * angle[at] / (angle[at] - angle[at + 1])


@pytest.mark.parametrize("kind", ["hinge", "point"])
@pytest.mark.parametrize("amplitude_deg", [5.0, 45.0, 90.0, 150.0, 170.0])
def test_pendulum_period(kind: str, amplitude_deg: float) -> None:
    length, radius = 0.8, 0.05
    trace = simulate(pendulum(Shape("sphere", (radius,)), length, amplitude_deg, kind))
    position = trace.position_m[:, 0] - PIVOT
    assert np.linalg.norm(position, axis=1) == pytest.approx(length, abs=1e-12)
    angle = np.arctan2(position[:, 0], -position[:, 2])
    crossings = swing_times(angle, trace.time_s)
    effective = length + 2 / 5 * radius**2 / length
    period = 4 * math.sqrt(effective / G) * ellipk(math.sin(math.radians(amplitude_deg) / 2) ** 2)
    assert crossings[0] == pytest.approx(period / 4, rel=2e-6)
    assert crossings[-1] == pytest.approx(period / 4 + (len(crossings) - 1) * period / 2, rel=2e-6)
    assert np.degrees(np.abs(angle).max()) == pytest.approx(amplitude_deg, abs=0.01)
    # ω from energy at every frame: half the square is g (cos θ − cos θ₀) / L.
    spin = trace.angular_velocity_rad_s[:, 0, 1]
    expected = 2 * G / effective * (np.cos(angle) - math.cos(math.radians(amplitude_deg)))
    assert spin**2 == pytest.approx(expected, abs=1e-5 * expected.max())
    assert trace.velocity_m_s[:, 0] == pytest.approx(
        np.cross(trace.angular_velocity_rad_s[:, 0], position), abs=1e-9
    )


@pytest.mark.parametrize("shape", [ROD, Shape("cylinder", (0.02, 0.8)), Shape("capsule", (0.02, 0.76))])
def test_physical_pendulum(shape: Shape) -> None:
    """A rod hung by its end: its inertia is its own, not a bounding box's, although it is off its frame."""
    trace = simulate(pendulum(shape, 0.4, 40.0, seconds=4.0))
    across = {"box": (0.8**2 + 0.04**2) / 12, "cylinder": 0.8**2 / 12 + 0.02**2 / 4}.get(shape.kind)
    if across is None:  # the capsule, by slices along its axis
        z = np.linspace(-0.4, 0.4, 200_001)
        square = np.where(np.abs(z) < 0.38, 0.02**2, np.maximum(0.0, 0.02**2 - (np.abs(z) - 0.38) ** 2))
        across = float((square * (z**2 + square / 4)).sum() / square.sum())
    effective = 0.4 + across / 0.4
    period = 4 * math.sqrt(effective / G) * ellipk(math.sin(math.radians(20.0)) ** 2)
    position = trace.position_m[:, 0] - PIVOT
    crossings = swing_times(np.arctan2(position[:, 0], -position[:, 2]), trace.time_s)
    assert crossings[-1] == pytest.approx(period / 4 + (len(crossings) - 1) * period / 2, rel=5e-6)


def test_conical_pendulum_circles() -> None:
    length, angle = 0.6, math.radians(35.0)
    radius, period = length * math.sin(angle), 2 * math.pi * math.sqrt(length * math.cos(angle) / G)
    speed = 2 * math.pi * radius / period
    bob = ball(
        "bob", 0.001, position_m=(radius, 0.0, 2.0 - length * math.cos(angle)), velocity_m_s=(0.0, speed, 0.0)
    )
    arm = np.array(bob.position_m) - PIVOT
    spin = np.cross(arm, bob.velocity_m_s) / length**2
    spec = scene(
        replace(bob, angular_velocity_rad_s=vector(spin)),
        joints=(Joint("pivot", "point", "", "bob", PIVOT),),
        profile="joints",
        seconds=2.0,
    )
    trace = simulate(spec)
    angle_at = np.unwrap(np.arctan2(trace.position_m[:, 0, 1], trace.position_m[:, 0, 0]))
    assert angle_at == pytest.approx(2 * math.pi * trace.time_s / period, abs=2e-3)
    assert trace.position_m[:, 0, 2] == pytest.approx(np.full(49, bob.position_m[2]), abs=5e-4)


def test_slider_falls_along_its_axis() -> None:
    axis = np.array([math.cos(math.radians(30)), 0.0, -math.sin(math.radians(30))])
    box = Body("box", Shape("box", (0.1, 0.1, 0.1)), (0.0, 0.0, 1.0), velocity_m_s=vector(-0.5 * axis))
    trace = simulate(
        scene(
            box, joints=(Joint("rail", "slider", "", "box", (0.0, 0.0, 1.0), vector(axis)),), profile="joints"
        )
    )
    t = trace.time_s[:, None]
    assert trace.position_m[:, 0] == pytest.approx(
        [0, 0, 1] + axis * (-0.5 * t + G / 2 * t**2 / 2), abs=1e-10
    )
    assert trace.velocity_m_s[:, 0] == pytest.approx(axis * (-0.5 + G / 2 * t), abs=1e-10)


def double_pendulum(seconds: float = 2.0) -> SceneSpec:
    bodies = (
        ball("upper", 0.05, position_m=(0.5, 0.0, 2.0)),
        ball("lower", 0.05, position_m=(0.5, 0.0, 1.5)),
    )
    joints = (
        Joint("top", "hinge", "", "upper", PIVOT),
        Joint("middle", "hinge", "upper", "lower", (0.5, 0.0, 2.0)),
    )
    return scene(*bodies, joints=joints, profile="joints", seconds=seconds)


def test_double_pendulum_keeps_its_lengths_and_energy() -> None:
    spec = double_pendulum()
    trace = simulate(spec)
    upper, lower = trace.position_m[:, 0] - PIVOT, trace.position_m[:, 1] - trace.position_m[:, 0]
    assert np.linalg.norm(upper, axis=1) == pytest.approx(0.5, abs=1e-12)
    assert np.linalg.norm(lower, axis=1) == pytest.approx(0.5, abs=1e-12)
    energy, _ = mechanical_energy(spec, trace.state)
    assert energy == pytest.approx(np.full(49, energy[0]), abs=1e-4 * 4 * G * 0.5)
    assert np.abs(np.diff(lower[:, 0])).max() > 0.01


@pytest.mark.parametrize("kind", ["fixed", "hinge", "point"])
def test_thrown_pair_of_linked_bodies(kind: str) -> None:
    """The common centre of mass flies a parabola; nothing but the joint holds the two together."""
    spin, velocity = np.array([0.0, 3.0, 0.0]), np.array([1.0, 0.0, 5.0])
    a = ball(
        "a", position_m=(0.0, 0.0, 5.0), velocity_m_s=vector(velocity), angular_velocity_rad_s=vector(spin)
    )
    b = replace(
        a,
        name="b",
        mass_kg=2.0,
        position_m=(0.5, 0.0, 5.0),
        velocity_m_s=vector(velocity + np.cross(spin, (0.5, 0, 0))),
    )
    spec = scene(a, b, joints=(Joint("bar", kind, "a", "b", (0.25, 0.0, 5.0)),), profile="joints")
    trace = simulate(spec)
    centre = (trace.position_m[:, 0] + 2 * trace.position_m[:, 1]) / 3
    start = (np.array(a.velocity_m_s) + 2 * np.array(b.velocity_m_s)) / 3
    t = trace.time_s[:, None]
    assert centre == pytest.approx(centre[0] + start * t - np.array([0, 0, G / 2]) * t**2, abs=2e-3)
    pivots = [
        trace.position_m[:, i] + matrix(trace.orientation_xyzw[:, i]) @ arm
        for i, arm in enumerate([np.array([0.25, 0.0, 0.0]), np.array([-0.25, 0.0, 0.0])])
    ]
    assert pivots[0] == pytest.approx(pivots[1], abs=1e-9)


def test_joined_bodies_do_not_collide_and_others_do() -> None:
    """A ball on a hinge inside the post that carries it; another ball rolls into the first."""
    post = Body("post", Shape("box", (0.3, 0.3, 1.0)), (0.0, 0.0, 2.0), fixed=True)
    bob = ball("bob", position_m=(0.0, 0.0, 1.6), friction=0.0)
    hung = Joint("hinge", "hinge", "post", "bob", PIVOT)
    still = simulate(scene(post, bob, joints=(hung,), profile="joints", seconds=0.5))
    assert len(still.contacts) == 0
    assert np.abs(still.velocity_m_s).max() < 1e-9
    other = ball("other", position_m=(-1.0, 0.0, 1.6), velocity_m_s=(4.0, 0.0, 0.0), friction=0.0)
    low = replace(bob, position_m=(0.0, 0.0, 1.2))
    level = replace(other, position_m=(-1.0, 0.0, 1.2))
    spec = scene(
        post, low, level, joints=(hung,), profile="joints", seconds=0.5, gravity_m_s2=(0.0, 0.0, 0.0)
    )
    trace = simulate(spec)
    assert set(zip(trace.contacts.a.tolist(), trace.contacts.b.tolist(), strict=True)) == {(1, 2)}
    # The bob turns about its hinge as a mass I/L² = m (1 + 2/5 r²/L²) would move.
    moved = 1 + 0.4 * 0.1**2 / 0.8**2
    assert trace.velocity_m_s[-1, 2, 0] == pytest.approx(4 * (1 - moved) / (1 + moved), abs=1e-3)
    assert np.linalg.norm(trace.velocity_m_s[-1, 1]) == pytest.approx(8 / (1 + moved), rel=1e-4)


def linked(*joints: Joint, **changes: object) -> SceneSpec:
    bodies = [ball(name, position_m=(0.5 * i, 0.0, 1.0)) for i, name in enumerate(("a", "b", "c"))]
    bodies[0] = replace(bodies[0], **changes)
    return scene(*bodies, GROUND, joints=joints, profile="joints", seconds=0.1)


@pytest.mark.parametrize(
    ("joints", "text"),
    [
        ([Joint("j", "hinge", "a", "nobody", PIVOT)], "joint 'j': there is no body named 'nobody'"),
        (
            [Joint("j", "hinge", "a", "ground", PIVOT)],
            "joint 'j': its child 'ground' is fixed; swap parent and child",
        ),
        ([Joint("j", "hinge", "", "a", PIVOT, (0.0, 0.0, 0.0))], "joint 'j': its axis has no length"),
        (
            [Joint("i", "hinge", "", "a", PIVOT), Joint("j", "hinge", "b", "a", PIVOT)],
            "joint 'j': 'a' already hangs on 'i', and a body can be the child of one joint only",
        ),
        (
            [Joint("i", "hinge", "b", "a", PIVOT), Joint("j", "hinge", "a", "b", PIVOT)],
            "joint 'i' closes a loop; joints must form trees",
        ),
    ],
)
def test_joints_that_mean_nothing(joints: list[Joint], text: str) -> None:
    with pytest.raises(SimulationError) as error:
        simulate(linked(*joints))
    assert str(error.value) == text


def test_velocity_that_a_joint_does_not_allow() -> None:
    with pytest.raises(SimulationError) as error:
        simulate(linked(Joint("j", "hinge", "", "a", PIVOT), angular_velocity_rad_s=(0.0, 2.0, 0.0)))
    assert str(error.value) == (
        "body 'a' moves in a way that joint 'j' does not allow; the nearest that it does "
        "is velocity_m_s (-2, 0, 0) and angular_velocity_rad_s (0, 2, 0)"
    )


def test_the_restitution_profile_has_no_joints() -> None:
    with pytest.raises(SimulationError, match="a scene with joints needs the profile 'joints'"):
        simulate(replace(linked(Joint("j", "hinge", "", "a", PIVOT)), profile="restitution"))
