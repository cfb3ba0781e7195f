"""What a box hides, against rays from the camera to points and through the box."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simgen.scene.camera import look_at
from simgen.scene.rotation import about_axis, multiply
from simgen.scene.sight import hidden_region, reach_m
from simgen.scene.spec import Body, Shape
from tests.scenarios.geometry import axes

BOX = Body(
    "screen",
    Shape("box", (1.2, 0.3, 0.8)),
    (0.2, 0.1, 0.6),
    multiply(about_axis((0.0, 0.0, 1.0), 0.4), about_axis((1.0, 0.0, 0.0), -0.2)),
    fixed=True,
    role="screen",
)
POINT = Shape("sphere", (0.0,))


def ray_meets_box(start: np.ndarray, end: np.ndarray) -> bool:
    """Whether the segment passes through the box: the slab method, in the box's own frame."""
    turn = axes(BOX)
    origin, way = (start - BOX.position_m) @ turn, (end - start) @ turn
    half = np.array(BOX.shape.size_m) / 2
    with np.errstate(divide="ignore"):
        first, second = (-half - origin) / way, (half - origin) / way
    enter, leave = np.minimum(first, second).max(), np.maximum(first, second).min()
    return bool(enter <= leave and enter <= 1 and leave >= 0)


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
@pytest.mark.parametrize("eye", [(0.3, -4.0, 0.5), (3.0, -3.0, 3.0), (-2.0, 2.5, 1.5)])
def test_hidden_points_are_those_behind_the_box(eye: tuple[float, float, float], projection: str) -> None:
    pose = look_at(eye, BOX.position_m, (0.0, 0.0, 1.0))
    region = hidden_region(BOX, pose, projection)
    assert region is not None
    random = np.random.default_rng(0)
    counts = [0, 0]
    for point in random.uniform(-2.5, 2.5, (2000, 3)):
        back = point - np.array(eye)
        start = np.array(eye) if projection == "perspective" else point - 50 * pose[2, :3]
        if back @ pose[2, :3] <= 0:
            continue  # behind the camera
        hidden = float(region.outside_m(POINT, point, (0.0, 0.0, 0.0, 1.0)).max()) <= 0
        assert hidden == ray_meets_box(start, point), point
        counts[hidden] += 1
    assert min(counts) > 20


def test_from_inside_it_hides_nothing() -> None:
    assert (
        hidden_region(BOX, look_at(BOX.position_m, (5.0, 0.0, 0.6), (0.0, 0.0, 1.0)), "perspective") is None
    )


@pytest.mark.parametrize(
    "shape",
    [
        Shape("sphere", (0.3,)),
        Shape("box", (0.2, 0.3, 0.4)),
        Shape("cylinder", (0.2, 0.5)),
        Shape("tube", (0.2, 0.1, 0.05)),
        Shape("capsule", (0.1, 0.4)),
        Shape("cone", (0.2, 0.6)),
        Shape("mesh", (0.3, 0.4, 0.5), "star"),
    ],
    ids=lambda shape: shape.kind,
)
def test_reach_is_the_furthest_point_of_the_surface(shape: Shape) -> None:
    from simgen.scene.meshes import mesh

    around = np.linspace(0, math.tau, 721)[:, None]
    z = np.linspace(-1, 1, 401)
    size = shape.size_m
    if shape.kind == "mesh":
        surface = mesh(shape.mesh).vertices * np.array(size)
    elif shape.kind == "box":
        corners = np.array(np.meshgrid(*[(-1, 1)] * 3)).reshape(3, -1).T
        surface = corners * np.array(size) / 2
    else:
        if shape.kind == "sphere":
            radius, height = size[0] * np.sqrt(1 - z**2), size[0] * z
        elif shape.kind == "cone":
            radius, height = size[0] * (1 - z) / 2, size[1] * ((z + 1) / 2 - 0.25)
        elif shape.kind == "capsule":
            total = size[1] / 2 + size[0]
            beyond = np.maximum(np.abs(z * total) - size[1] / 2, 0)
            radius, height = np.sqrt(np.maximum(size[0] ** 2 - beyond**2, 0)), z * total
        else:
            radius, height = np.full_like(z, size[0]), size[1] / 2 * z
        rings = (radius * np.cos(around), radius * np.sin(around), np.broadcast_to(height, (721, 401)))
        surface = np.stack(rings, axis=-1).reshape(-1, 3)
    for direction in np.random.default_rng(1).normal(size=(20, 3)):
        unit = direction / np.linalg.norm(direction)
        assert reach_m(shape, unit) == pytest.approx((surface @ unit).max(), rel=1e-3)
