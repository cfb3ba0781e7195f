"""The tests' own geometry, for every shape: gaps and places that are known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simgen.scene.meshes import MESHES, mesh
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, Camera, Quaternion, Shape, Vector, Video
from tests.scenarios.geometry import gap, outline, picture_box

X, Y = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
UPRIGHT = (0.0, 0.0, 0.0, 1.0)
FLOOR = Body("floor", Shape("box", (60.0, 60.0, 1.0)), (0.0, 0.0, -0.5))


def body(
    kind: str, size: tuple[float, ...], place: Vector, turn: Quaternion = UPRIGHT, name: str = ""
) -> Body:
    return Body("body", Shape(kind, size, name), place, turn)  # type: ignore[arg-type]


STANDING = [  # a body and the height of its centre when it stands on the floor
    (body("sphere", (0.2,), (3, 4, 0)), 0.2),
    (body("box", (0.2, 0.4, 0.6), (3, 4, 0)), 0.3),
    (body("box", (0.2, 0.2, 0.2), (3, 4, 0), about_axis(X, math.pi / 4)), 0.1 * math.sqrt(2)),
    (body("cylinder", (0.2, 0.5), (3, 4, 0)), 0.25),
    (body("cylinder", (0.2, 0.5), (3, 4, 0), about_axis(X, math.pi / 2)), 0.2),
    (body("tube", (0.2, 0.5, 0.03), (3, 4, 0), about_axis(Y, math.pi / 2)), 0.2),
    (body("capsule", (0.1, 0.4), (3, 4, 0)), 0.3),
    (body("capsule", (0.1, 0.4), (3, 4, 0), about_axis(Y, math.pi / 2)), 0.1),
    (body("cone", (0.2, 0.4), (3, 4, 0)), 0.1),
    (body("cone", (0.2, 0.4), (3, 4, 0), about_axis(X, math.pi)), 0.3),
    *(
        (body("mesh", (0.5, 0.5, 0.5), (3, 4, 0), name=name), -0.5 * float(mesh(name).vertices[:, 2].min()))
        for name in MESHES
    ),
]


def lifted(standing: Body, height: float) -> Body:
    x, y, _ = standing.position_m
    return Body("body", standing.shape, (x, y, height), standing.orientation_xyzw)


@pytest.mark.parametrize(("standing", "height"), STANDING)
def test_the_gap_to_the_floor(standing: Body, height: float) -> None:
    for above in (0.0, 1e-3, 0.7):
        for pair in ((lifted(standing, height + above), FLOOR), (FLOOR, lifted(standing, height + above))):
            assert gap(*pair) == pytest.approx(above, abs=2e-7)
    assert gap(lifted(standing, height - 1e-3), FLOOR) < -1e-4
    assert outline_bottom(lifted(standing, 0.0)) == pytest.approx(-height, rel=0.01)


def outline_bottom(standing: Body) -> float:
    if standing.shape.kind == "sphere":
        return -standing.shape.size_m[0]
    return float(outline(standing)[:, 2].min())


def test_edge_over_edge_and_skew_rods() -> None:
    lying = body("box", (1.0, 0.2, 0.2), (0, 0, 0), about_axis(X, math.pi / 4))
    across = body("box", (0.2, 1.0, 0.2), (0, 0, 0.3), about_axis(Y, math.pi / 4))
    assert gap(lying, across) == pytest.approx(0.3 - 0.2 * math.sqrt(2))
    rods = (
        body("capsule", (0.1, 2.0), (0, 0, 0), about_axis(Y, math.pi / 2)),
        body("capsule", (0.1, 2.0), (0.3, 0.2, 0.25), about_axis(X, math.pi / 2)),
    )
    assert gap(*rods) == pytest.approx(0.05)


@pytest.mark.parametrize("apart", [1e-4, 0.01, 0.3])
def test_a_corner_and_a_ball_are_parted_without_a_likely_way(apart: float) -> None:
    """Gilbert's algorithm finds a way that parts them."""
    corner = body("box", (0.2, 0.2, 0.2), (0, 0, 0))
    direction = np.array([1.0, 2.0, 3.0]) / math.sqrt(14)
    centre = 0.1 + (0.2 + apart) * direction
    ball = body("sphere", (0.2,), tuple(centre))
    assert 0 < gap(corner, ball) <= apart + 1e-9
    assert gap(corner, body("sphere", (0.2 + 1.01 * apart,), ball.position_m)) < 0


def test_a_ball_in_a_bowl_touches_nothing() -> None:
    """The bowl's hull holds the ball; its pieces do not."""
    bowl = body("mesh", (1.0, 1.0, 1.0), (0, 0, 0), name="bowl")
    bottom = (
        float(mesh("bowl").vertices[:, 2].min()) + 0.125 / 2
    )  # its wall is an eighth of its radius of 1/2
    ball = body("sphere", (0.1,), (0.0, 0.0, bottom + 0.1 + 0.01))
    assert 0 < gap(bowl, ball) <= 0.0101
    assert gap(bowl, lifted(ball, bottom + 0.05)) < -0.01


def test_the_box_in_the_picture() -> None:
    """An orthographic camera along +y, 64 pixels to 4 m: every shape is as wide and high as it is."""
    camera = Camera(position_m=(0, -10, 2), target_m=(0, 0, 2), projection="orthographic", height_m=4.0)
    video = Video(64, 64)
    for shape, wide, high in (
        (("sphere", (0.5,)), 1.0, 1.0),
        (("box", (0.5, 3.0, 1.5)), 0.5, 1.5),
        (("cylinder", (0.5, 1.5)), 1.0, 1.5),
        (("tube", (0.5, 0.4, 0.1)), 1.0, 0.4),
        (("capsule", (0.25, 1.0)), 0.5, 1.5),
        (("cone", (0.5, 1.0)), 1.0, 1.0),
    ):
        left, top, right, bottom = picture_box(body(*shape, (0, 0, 2)), camera, video)
        assert right - left == pytest.approx(16 * wide, rel=0.01), shape
        assert bottom - top == pytest.approx(16 * high, rel=0.01), shape
        assert left + right == pytest.approx(64), shape
