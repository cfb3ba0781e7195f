"""Moments of inertia in closed form, against sums over many small pieces."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from simgen.physics.convex import convex_parts
from simgen.physics.inertia import (
    body_inertia,
    mass_properties,
    principal_axes,
    shape_inertia,
    shape_volume,
)
from simgen.scene.meshes import MESHES, mesh
from simgen.scene.rotation import IDENTITY, matrix
from simgen.scene.spec import Body, Shape


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


def columns(points: np.ndarray, cells: int = 400) -> tuple[float, np.ndarray, np.ndarray]:
    """Volume, centre and second moments (3, 3) of the solid in triangles (F, 3, 3), summed over vertical columns.

    A triangle that looks up adds all below it in its columns, one that looks down takes it away.
    """
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    step = (high - low)[:2] / cells
    volume, first, second = 0.0, np.zeros(3), np.zeros((3, 3))
    for a, b, c in points:
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if abs(area) < 1e-14:
            continue
        corner = np.floor((np.min([a, b, c], axis=0)[:2] - low[:2]) / step - 0.5).astype(int)
        end = np.ceil((np.max([a, b, c], axis=0)[:2] - low[:2]) / step + 0.5).astype(int)
        x, y = np.meshgrid(
            low[0] + (np.arange(corner[0], end[0]) + 0.5) * step[0],
            low[1] + (np.arange(corner[1], end[1]) + 0.5) * step[1],
        )
        v = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
        w = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / area
        inside = (v >= 0) & (w >= 0) & (v + w <= 1)
        x, y, z = x[inside], y[inside], (a[2] + v * (b[2] - a[2]) + w * (c[2] - a[2]))[inside]
        sign = math.copysign(step[0] * step[1], area)
        volume += sign * z.sum()
        first += sign * np.array([(x * z).sum(), (y * z).sum(), (z * z).sum() / 2])
        xx, xy, xz = (x * x * z).sum(), (x * y * z).sum(), (x * z * z).sum() / 2
        yy, yz, zz = (y * y * z).sum(), (y * z * z).sum() / 2, (z**3).sum() / 3
        second += sign * np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    return volume, first / volume, second / volume


@pytest.mark.parametrize("name", sorted(MESHES))
def test_mass_properties_of_meshes_against_a_numeric_integral(name: str) -> None:
    """And that a free body of it turns about its principal axes, at whatever proportions."""
    size = (0.3, 0.5, 0.4)
    solid = mesh(name)
    volume, centre, second = columns(solid.vertices[solid.triangles] * size)
    assert volume == pytest.approx(solid.volume * math.prod(size), rel=0.01)
    np.testing.assert_allclose(centre, 0.0, atol=2e-3)
    tensor = np.trace(second) * np.eye(3) - second
    body = Body("thing", Shape("mesh", size, name), (0.0, 0.0, 0.0), mass_kg=2.0)
    axes = matrix(principal_axes(body))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    about = axes.T @ (2.0 * tensor) @ axes
    largest = about.max()
    np.testing.assert_allclose(about, np.diag(body_inertia(body)), atol=0.01 * largest)
    assert (principal_axes(body) == IDENTITY) == (name not in ("mug", "staircase", "wedge"))


@pytest.mark.parametrize("name", sorted(MESHES))
def test_convex_pieces_fill_the_mesh(name: str) -> None:
    """Every point of the surface is within 3.3 thousandths of the pieces' surface, together, and they within the
    mesh's extent: 1 mm of a mesh of 0.3 m. (A piece of a bowl bridges its hollow.)
    """
    whole = mesh(name)
    parts = [ConvexHull(part).equations for part in convex_parts(name)]
    random = np.random.default_rng(1)
    corners = whole.vertices[whole.triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chosen = random.choice(len(corners), 3000, p=area / area.sum())
    weights = random.dirichlet((1.0, 1.0, 1.0), 3000)
    points = np.einsum("pk,pki->pi", weights, corners[chosen])
    # a point's height over a convex piece is at least the largest of its heights over the faces' planes
    over = np.min([(points @ part[:, :3].T + part[:, 3]).max(axis=1) for part in parts], axis=0)
    assert over.max() < 3.3e-3  # no point of the surface stands out of the pieces
    inside = over < -3.3e-3
    assert inside.mean() < 0.02, name  # nor lies deep in one; where two pieces meet inside the solid none is
    everything = np.concatenate(convex_parts(name))
    assert everything.min(axis=0) == pytest.approx(whole.vertices.min(axis=0), abs=2e-3)
    assert everything.max(axis=0) == pytest.approx(whole.vertices.max(axis=0), abs=2e-3)
