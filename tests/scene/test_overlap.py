"""Distances of solids against closed forms, against points sampled on them, and against PyBullet's own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simgen.scene.overlap import overlapping, separation_m
from simgen.scene.rotation import about_axis, matrix
from simgen.scene.spec import Body, Camera, Joint, SceneSpec, Shape, Vector, Video

SKIN = 2e-4  # flat-faced shapes are taken a little smaller, so that touching is not overlapping


def body(name: str, kind: Any, size: tuple[float, ...], place: Vector, **more: Any) -> Body:
    return Body(name, Shape(kind, size), place, **more)


def scene(*bodies: Body, joints: tuple[Joint, ...] = ()) -> SceneSpec:
    return SceneSpec(bodies, Video(), (Camera(),), joints)


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        (body("a", "sphere", (1.0,), (0, 0, 0)), body("b", "sphere", (0.5,), (3, 0, 4)), 3.5),
        (body("a", "sphere", (0.3,), (0, 0, 0.8)), body("b", "box", (2, 2, 1), (0, 0, 0)), 0.0),
        (body("a", "sphere", (0.2,), (2, 2, 0)), body("b", "box", (2, 2, 2), (0, 0, 0)), math.sqrt(2) - 0.2),
        (body("a", "capsule", (0.1, 2.0), (0, 0, 0)), body("b", "capsule", (0.2, 2.0), (1, 0, 1)), 0.7),
        (body("a", "cylinder", (0.5, 1.0), (0, 0, 0)), body("b", "sphere", (0.25,), (0, 0, 1.5)), 0.75),
        (body("a", "cylinder", (0.5, 1.0), (0, 0, 0)), body("b", "sphere", (0.25,), (1.5, 0, 0)), 0.75),
        (body("a", "tube", (0.5, 1.0, 0.1), (0, 0, 0)), body("b", "sphere", (0.25,), (1.5, 0, 0)), 0.75),
        (body("a", "cone", (0.5, 1.0), (0, 0, 0)), body("b", "sphere", (0.25,), (0, 0, 2.0)), 1.0),
        (body("a", "cone", (0.5, 1.0), (0, 0, 0)), body("b", "sphere", (0.25,), (0, 0, -1.0)), 0.5),
        (body("a", "box", (1, 1, 1), (0, 0, 0)), body("b", "box", (60, 60, 1), (0, 0, -1.5)), 0.5),
        (
            body("a", "box", (1, 1, 1), (0, 0, 0), orientation_xyzw=about_axis((0, 0, 1), math.pi / 4)),
            body("b", "box", (1, 1, 1), (2, 0, 0)),
            1.5 - math.sqrt(0.5),
        ),
    ],
)
def test_closed_forms(first: Body, second: Body, distance: float) -> None:
    assert separation_m(first, second) == pytest.approx(distance, abs=SKIN)
    assert separation_m(second, first) == pytest.approx(distance, abs=SKIN)


KINDS = {"sphere": 1, "box": 3, "cylinder": 2, "capsule": 2, "cone": 2, "tube": 3}


@st.composite
def solids(draw: st.DrawFn, name: str) -> Body:
    kind = draw(st.sampled_from(sorted(KINDS)))
    size = tuple(draw(st.lists(st.floats(0.05, 0.6), min_size=KINDS[kind], max_size=KINDS[kind])))
    turn = draw(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: math.hypot(*q) > 0.1))
    x, y, z = draw(st.tuples(*[st.floats(-0.8, 0.8)] * 3))
    a, b, c, d = (value / math.hypot(*turn) for value in turn)
    return body(name, kind, size, (x, y, z), orientation_xyzw=(a, b, c, d))


def inside(solid: Body, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points of the world, (P, 3), are in the solid, by its own definition."""
    local = (points - np.asarray(solid.position_m)) @ matrix(solid.orientation_xyzw)
    size, across = solid.shape.size_m, np.hypot(local[:, 0], local[:, 1])
    z = local[:, 2]
    if solid.shape.kind == "sphere":
        return np.linalg.norm(local, axis=1) <= size[0]
    if solid.shape.kind == "box":
        return np.all(np.abs(local) <= np.asarray(size) / 2, axis=1)
    if solid.shape.kind == "capsule":
        return np.hypot(across, np.maximum(np.abs(z) - size[1] / 2, 0)) <= size[0]
    if solid.shape.kind == "cone":
        return (z >= -size[1] / 4) & (across <= size[0] * (0.75 - z / size[1]))
    return (across <= size[0]) & (np.abs(z) <= size[1] / 2)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(solids("a"), solids("b"), st.integers(0, 2**32 - 1))
def test_a_common_point_means_overlap_and_distance_is_kept(a: Body, b: Body, seed: int) -> None:
    """Points of a that are in b exist only if they overlap; and no two points are nearer than the
    distance.
    """
    random = np.random.default_rng(seed)
    clouds = []
    for solid in (a, b):
        points = random.uniform(-1, 1, (4000, 3)) * 1.3 + np.asarray(solid.position_m)
        clouds.append(points[inside(solid, points)][:150])
    distance = separation_m(a, b)
    if inside(b, clouds[0]).any() or inside(a, clouds[1]).any():
        assert distance <= SKIN
    gaps = np.linalg.norm(clouds[0][:, None] - clouds[1][None], axis=2)
    if gaps.size and distance > 0:
        assert gaps.min() >= distance - SKIN


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(solids("a"), solids("b"))
def test_pybullet_says_the_same(a: Body, b: Body) -> None:
    """Its collision margins and the 64 sides of its cone leave up to 2 mm."""
    pybullet = pytest.importorskip("pybullet")
    from simgen.physics.shapes import collision_shape

    client = pybullet.connect(pybullet.DIRECT)
    try:
        ids = [
            pybullet.createMultiBody(
                1, collision_shape(pybullet, client, one.shape), -1, one.position_m, one.orientation_xyzw,
                physicsClientId=client,
            )
            for one in (a, b)
        ]  # fmt: skip
        theirs = min(point[8] for point in pybullet.getClosestPoints(*ids, 5, physicsClientId=client))
    finally:
        pybullet.disconnect(client)
    ours = separation_m(a, b)
    if ours > 0:
        assert ours == pytest.approx(theirs, abs=3e-3)
    else:
        assert theirs < 3e-3


def test_touching_is_not_overlapping() -> None:
    table = body("table", "box", (1, 1, 0.1), (0, 0, 0.75), fixed=True)
    for lift, expected in ((0.0, []), (-5e-5, []), (-5e-4, [("table", "ball")]), (1e-3, [])):
        assert overlapping(scene(table, body("ball", "sphere", (0.1,), (0, 0, 0.9 + lift)))) == expected
        assert (
            overlapping(scene(table, body("ball", "box", (0.2, 0.2, 0.2), (0.3, 0, 0.9 + lift)))) == expected
        )


def test_what_may_overlap() -> None:
    post = body("post", "box", (1, 1, 1), (0, 0, 0), fixed=True)
    wall = body("wall", "box", (1, 1, 1), (0.5, 0, 0), fixed=True)
    arm = body("arm", "box", (1, 0.1, 0.1), (0.5, 0, 0))
    assert overlapping(scene(post, wall)) == [], "both fixed"
    assert overlapping(scene(post, arm)) == [("post", "arm")]
    assert overlapping(scene(post, arm, joints=(Joint("j", "hinge", "post", "arm", (0, 0, 0)),))) == [], (
        "jointed"
    )
