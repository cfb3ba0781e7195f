"""Moments of inertia in closed form, against sums over many small pieces."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from simgen.physics.convex import convex_parts
from simgen.physics.inertia import mass_properties, shape_inertia, shape_volume
from simgen.scene.meshes import MESHES, mesh
from simgen.scene.spec import Shape


def inside(shape: Shape, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Which points are in the solid, by its definition."""
    size, across = shape.size_m, np.hypot(x, y)
    if shape.kind == "sphere":
        return across**2 + z**2 <= size[0] ** 2
    if shape.kind == "box":
        return (abs(x) <= size[0] / 2) & (abs(y) <= size[1] / 2) & (abs(z) <= size[2] / 2)
    if shape.kind == "cylinder":
        return (across <= size[0]) & (abs(z) <= size[1] / 2)
    if shape.kind == "tube":
        return (across <= size[0]) & (across >= size[0] - size[2]) & (abs(z) <= size[1] / 2)
    if shape.kind == "capsule":
        return across**2 + np.maximum(0.0, abs(z) - size[1] / 2) ** 2 <= size[0] ** 2
    height = z + size[1] / 4  # a cone's origin is a quarter of its height above its base
    return (height >= 0) & (across <= size[0] * (1 - height / size[1]))


@pytest.mark.parametrize(
    "shape",
    [
        Shape("sphere", (0.3,)),
        Shape("box", (0.2, 0.4, 0.6)),
        Shape("cylinder", (0.3, 0.5)),
        Shape("tube", (0.3, 0.5, 0.1)),
        Shape("capsule", (0.2, 0.3)),
        Shape("cone", (0.3, 0.6)),
    ],
    ids=lambda shape: shape.kind,
)
def test_inertia_is_the_sum_over_small_cubes(shape: Shape) -> None:
    """160³ cubes: their edges blur a surface by some thousandths."""
    grid = (np.arange(160) + 0.5) / 160 - 0.5
    x, y, z = np.meshgrid(grid, grid, grid, indexing="ij")
    filled = inside(shape, x, y, z)
    x, y, z = x[filled], y[filled], z[filled]
    assert abs(z.mean()) < 1e-3  # the origin is the centre of mass
    assert shape_volume(shape) == pytest.approx(filled.mean(), rel=5e-3)
    squares = np.array([(y**2 + z**2).mean(), (x**2 + z**2).mean(), (x**2 + y**2).mean()])
    assert shape_inertia(shape, 2.0) == pytest.approx(2.0 * squares, rel=5e-3)


def test_limits() -> None:
    thin = Shape("tube", (0.3, 1e-9, 1e-9))
    assert shape_inertia(thin, 1.0) == pytest.approx((0.045, 0.045, 0.09))  # a hoop: m r² and half of it
    full = shape_inertia(Shape("tube", (0.3, 0.5, 0.3)), 1.0)
    assert full == pytest.approx(shape_inertia(Shape("cylinder", (0.3, 0.5)), 1.0))
    short = shape_inertia(Shape("capsule", (0.3, 1e-12)), 1.0)
    assert short == pytest.approx(shape_inertia(Shape("sphere", (0.3,)), 1.0))
    with pytest.raises(ValueError, match="unknown shape 'blob'"):
        shape_inertia(Shape("blob", (1.0,)), 1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown shape 'blob'"):
        shape_volume(Shape("blob", (1.0,)))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", MESHES)
def test_the_volume_of_a_mesh_is_scaled_along_each_axis(name: str) -> None:
    size = np.array([0.2, 0.5, 1.5])
    volume, _, _ = mass_properties(mesh(name).vertices * size, mesh(name).triangles)
    assert shape_volume(Shape("mesh", tuple(size), name)) == pytest.approx(volume, rel=1e-9)


CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=np.float64)
# Two triangles a face, counter-clockwise from outside; corner 4x + 2y + z.
FACES = np.array(
    [
        [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
        [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3],
    ]
)  # fmt: skip


def test_triangulated_solid() -> None:
    size, corner = np.array([0.2, 0.4, 0.6]), np.array([1.0, -2.0, 0.5])
    volume, centre, tensor = mass_properties(CORNERS * size + corner, FACES)
    assert volume == pytest.approx(math.prod(size))
    assert centre == pytest.approx(corner + size / 2)
    expected = np.diag(shape_inertia(Shape("box", tuple(size.tolist())), 1.0))
    assert tensor == pytest.approx(expected, abs=1e-12)
    with pytest.raises(ValueError, match="must enclose a volume"):
        mass_properties(CORNERS, FACES[:, ::-1])


def test_meshes() -> None:
    # A torus of radius R and tube r: m (R² + 3/4 r²) about its axis, m (R²/2 + 5/8 r²) across; here R + r =
    # 1/2.
    ring, tube = 0.375, 0.125
    exact = (ring**2 / 2 + 5 / 8 * tube**2,) * 2 + (ring**2 + 3 / 4 * tube**2,)
    assert shape_inertia(Shape("mesh", (1.0, 1.0, 1.0), "torus"), 1.0) == pytest.approx(exact, rel=0.02)
    star = shape_inertia(Shape("mesh", (1.0, 1.0, 1.0), "star"), 3.0)
    assert star[0] == pytest.approx(star[2])
    assert star[1] > star[0]
    with pytest.raises(ValueError, match="the axes of mesh 'wedge' are not its principal axes"):
        shape_inertia(Shape("mesh", (1.0, 1.0, 1.0), "wedge"), 1.0)


@pytest.mark.parametrize("name", sorted(MESHES))
def test_convex_pieces_fill_the_mesh(name: str) -> None:
    """Their volume is the mesh's within 4 % (a piece of a bowl bridges its hollow), and so is their extent."""
    whole = mesh(name)
    parts = convex_parts(name)
    volume = sum(ConvexHull(part).volume for part in parts)
    assert volume == pytest.approx(whole.volume, rel=0.04)
    everything = np.concatenate(parts)
    assert everything.min(axis=0) == pytest.approx(whole.vertices.min(axis=0), abs=2e-3)
    assert everything.max(axis=0) == pytest.approx(whole.vertices.max(axis=0), abs=2e-3)
