"""Tossed objects: what is tossed, where it starts, and the free flights in which its laws are measured."""

from __future__ import annotations

import numpy as np
import pytest

from simgen.physics import simulate
from simgen.physics.inertia import shape_volume
from simgen.scenarios import get_scenario
from simgen.scenarios.tossed_objects import SOLIDS, flights
from simgen.scene.meshes import MESHES
from simgen.scene.spec import Video
from tests.scenarios.clips import draw, make
from tests.scenarios.geometry import gap

SCENARIO = get_scenario("tossed_objects")


def scene_of(index: int, **fixed: object):
    params, draws = draw("tossed_objects", index, **fixed)
    return SCENARIO.scene(params, draws, Video())


def test_every_shape_has_its_turn() -> None:
    seen = {"solids": set(), "meshes": set(), "mixed": set()}
    for index in range(25):
        for kind, shapes in seen.items():
            for body in scene_of(index, shape=kind, count=12).bodies[:-1]:
                shapes.add(body.shape.mesh or body.shape.kind)
    assert seen["solids"] == {"sphere", "box", "cylinder", "capsule", "cone"}
    assert {"bowl", "star", "torus"} <= seen["meshes"] <= set(MESHES)
    assert seen["mixed"] == seen["solids"] | seen["meshes"]
    assert len(SOLIDS) > len(seen["solids"]), "boxes and cylinders come in two proportions"


@pytest.mark.parametrize("shape", ["solids", "meshes"])
def test_twelve_start_apart_and_move_inwards(shape: str) -> None:
    for index in range(3):
        bodies = scene_of(index, count=12, size_m=0.48, shape=shape).bodies[:-1]
        assert len(bodies) == 12
        for place, first in enumerate(bodies):
            assert np.dot(first.position_m[:2], first.velocity_m_s[:2]) < 0
            for second in bodies[place + 1 :]:
                assert gap(first, second) > 0


def test_all_have_one_density() -> None:
    for body in scene_of(3, mass_kg=2.0, size_m=0.46, count=8).bodies[:-1]:
        density = body.mass_kg / shape_volume(body.shape)
        assert density == pytest.approx(2.0 / (4 / 3 * np.pi * 0.23**3))


def test_flights_are_free_of_contacts() -> None:
    made = make("tossed_objects", *draw("tossed_objects", 4, count=5, shape="solids"))
    contacts = made.trace.contacts
    found = list(flights(made.scene, made.trace))
    assert {body for body, _, _ in found} == set(range(5))
    for body, first, last in found:
        assert first < last
        mine = contacts.frame[(contacts.a == body) | (contacts.b == body)]
        assert not ((mine > first) & (mine <= last)).any()
        if first:
            assert made.trace.time_s[last] - made.trace.time_s[first] >= 0.1
            assert made.trace.position_m[first:last, body, 2].min() > 0.05


def test_without_gravity_to_speak_of_they_go_straight_until_they_meet() -> None:
    """By hand: the first body's place at the last frame of its first flight."""
    params, draws = draw("tossed_objects", 5, count=3, shape="solids", spin_rad_s=0.0)
    scene = SCENARIO.scene(params, draws, Video())
    trace = simulate(scene)
    body, first, last = next(flights(scene, trace))
    start, time = scene.bodies[body], trace.time_s[last]
    expected = np.array(start.position_m) + np.array(start.velocity_m_s) * time
    expected[2] -= params["gravity_m_s2"] * time**2 / 2
    assert first == 0
    assert trace.position_m[last, body] == pytest.approx(expected, abs=1e-9)


def test_it_is_declared_chaotic() -> None:
    assert SCENARIO.is_chaotic(draw("tossed_objects", 0)[0])
