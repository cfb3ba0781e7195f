"""Closed triangle meshes made from formulas: what `Shape(kind="mesh", mesh=name)` names.

Every mesh is a solid: closed, triangles counter-clockwise seen from outside, its centre of mass (as a
homogeneous body) at the origin, its largest extent 1; `Shape.size_m` scales it along its three axes.
Coordinates are rounded to 2⁻³⁰, so that they do not depend on the C library's sine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["MESHES", "Mesh", "mesh"]


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """V vertices and F triangles of a unit-sized solid."""

    vertices: NDArray[np.float64]  # (V, 3)
    triangles: NDArray[np.int32]  # (F, 3) indices into vertices

    @property
    def volume(self) -> float:
        """Of the solid enclosed, by the divergence theorem."""
        a, b, c = (self.vertices[self.triangles[:, k]] for k in range(3))
        return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def _revolve(profile: list[tuple[float, float]], around: int, *, ring: bool) -> Mesh:
    """The solid that a profile of (radius, z) sweeps when it turns about z.

    The profile runs counter-clockwise in the (radius, z) plane. `ring`: it is closed and never meets the
    axis; else it starts and ends on it (radius 0).
    """
    angles = [2 * math.pi * k / around for k in range(around)]
    inner = profile if ring else profile[1:-1]
    vertices = [(r * math.cos(a), r * math.sin(a), z) for r, z in inner for a in angles]
    triangles = []
    rows = len(inner)
    for row in range(rows if ring else rows - 1):
        after = (row + 1) % rows
        for k in range(around):
            a, b = row * around + k, row * around + (k + 1) % around
            c, d = after * around + k, after * around + (k + 1) % around
            triangles += [(a, b, d), (a, d, c)]
    if not ring:
        start, end = len(vertices), len(vertices) + 1
        vertices += [(0.0, 0.0, profile[0][1]), (0.0, 0.0, profile[-1][1])]
        last = (rows - 1) * around
        for k in range(around):
            n = (k + 1) % around
            triangles += [(start, n, k), (end, last + k, last + n)]
    return _finish(vertices, triangles)


def _extrude(outline: list[tuple[float, float]], thickness: float) -> Mesh:
    """A prism along y on a counter-clockwise outline in the (z, x) plane that its centre sees as a whole."""
    n = len(outline)
    vertices = [(x, side * thickness / 2, z) for side in (-1, 1) for z, x in outline]
    vertices += [(0.0, side * thickness / 2, 0.0) for side in (-1, 1)]
    triangles = []
    for k in range(n):
        after = (k + 1) % n
        triangles += [(k, after, n + after), (k, n + after, n + k)]
        triangles += [(2 * n, after, k), (2 * n + 1, n + k, n + after)]
    return _finish(vertices, triangles)


def _finish(vertices: list[tuple[float, float, float]], triangles: list[tuple[int, int, int]]) -> Mesh:
    """Outward, centred on the centre of mass, largest extent 1."""
    points, faces = np.array(vertices), np.array(triangles, dtype=np.int32)
    a, b, c = (points[faces[:, k]] for k in range(3))
    parts = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
    if parts.sum() < 0:
        faces = faces[:, ::-1]
    centre = (parts[:, None] * (a + b + c) / 4).sum(axis=0) / parts.sum()
    points = (points - centre) / np.ptp(points, axis=0).max()
    return Mesh(np.ldexp(np.rint(np.ldexp(points, 30)), -30), np.ascontiguousarray(faces))


def bowl() -> Mesh:
    """Half a hollow ball, open upwards, with a round rim; the wall is an eighth of the radius."""
    wall, steps = 0.125, 24
    outer = [(math.sin(a), -math.cos(a)) for a in (math.pi / 2 * k / steps for k in range(steps + 1))]
    rim = [
        (1 - wall / 2 + wall / 2 * math.cos(a), wall / 2 * math.sin(a))
        for a in (math.pi * k / 8 for k in range(1, 8))
    ]
    inside = [((1 - wall) * r, (1 - wall) * z) for r, z in reversed(outer)]
    return _revolve([*outer, *rim, *inside], 64, ring=False)


def wedge() -> Mesh:
    """A ramp: a right-angled triangle in the x-z plane, as wide (y) as half its length, half as high."""
    corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 0.5)]  # x, z
    mx, mz = sum(x for x, _ in corners) / 3, sum(z for _, z in corners) / 3
    return _extrude([(z - mz, x - mx) for x, z in corners], 0.5)


def torus() -> Mesh:
    """A ring about z whose tube is a third of the ring's radius thick."""
    steps = 24
    circle = [(1 + math.cos(a) / 3, math.sin(a) / 3) for a in (2 * math.pi * k / steps for k in range(steps))]
    return _revolve(circle, 64, ring=True)


def star() -> Mesh:
    """A five-pointed star in the x-z plane, a quarter as thick."""
    points = []
    for k in range(10):
        radius = 1.0 if k % 2 == 0 else 0.45
        points.append((radius * math.cos(math.pi * k / 5), radius * math.sin(math.pi * k / 5)))
    return _extrude(points, 0.5)


MESHES: dict[str, Callable[[], Mesh]] = {"bowl": bowl, "star": star, "torus": torus, "wedge": wedge}


@cache
def mesh(name: str) -> Mesh:
    """The mesh of that name; KeyError with the names there are if there is none. Do not write into its
    arrays.
    """
    if name not in MESHES:
        raise KeyError(f"there is no mesh {name!r}; there are {', '.join(MESHES)}")
    return MESHES[name]()
