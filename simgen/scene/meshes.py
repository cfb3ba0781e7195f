"""Closed triangle meshes made from formulas: what `Shape(kind="mesh", mesh=name)` names.

Every mesh is a solid: closed, triangles counter-clockwise seen from outside, its centre of mass (as a
homogeneous body) at the origin, its largest extent 1; `Shape.size_m` scales it along its three axes.
Coordinates are rounded to 2⁻³⁰, so that they do not depend on the C library's sine.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "GEAR_HUB",
    "GEAR_HUB_THICK",
    "GEAR_THICK",
    "MESHES",
    "MUG_AROUND",
    "MUG_ROWS",
    "Mesh",
    "arch_lines",
    "gear_outline",
    "mesh",
    "mug_handle",
]

Surface = tuple[list[tuple[float, float, float]], list[tuple[int, int, int]]]  # vertices, triangles


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """V vertices and F triangles of a unit-sized solid."""

    vertices: NDArray[np.float64]  # (V, 3)
    triangles: NDArray[np.int32]  # (F, 3) indices into vertices
    centre: NDArray[np.float64]  # (3,) the centre of mass in the formulas' own units …
    scale: float  # … and by how much they are scaled: vertices = (own − centre) · scale

    @property
    def volume(self) -> float:
        """Of the solid enclosed, by the divergence theorem."""
        a, b, c = (self.vertices[self.triangles[:, k]] for k in range(3))
        return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def _revolve(profile: list[tuple[float, float]], around: int, *, ring: bool) -> Mesh:
    """The solid that a profile of (radius, z) sweeps when it turns about z, see `_revolved`."""
    return _finish(*_revolved(profile, around, ring=ring))


def _revolved(profile: list[tuple[float, float]], around: int, *, ring: bool) -> Surface:
    """What a profile of (radius, z) sweeps when it turns about z.

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
    return vertices, triangles


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


def _strip(first: list[tuple[float, float]], second: list[tuple[float, float]], thickness: float) -> Mesh:
    """A plate along y on the strip between two lines of as many points (x, z)."""
    n = len(first)
    vertices = [(x, side * thickness / 2, z) for side in (-1, 1) for line in (first, second) for x, z in line]
    quads = [(0, n, 3 * n, 2 * n), (n - 1, 3 * n - 1, 4 * n - 1, 2 * n - 1)]
    for k in range(n - 1):
        quads.append((k, k + 1, n + k + 1, n + k))  # the face at −y
        quads.append((2 * n + k, 3 * n + k, 3 * n + k + 1, 2 * n + k + 1))
        quads.append((k, 2 * n + k, 2 * n + k + 1, k + 1))  # along the first line
        quads.append((n + k, n + k + 1, 3 * n + k + 1, 3 * n + k))
    return _finish(vertices, [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])


def _cells(filled: set[tuple[int, int, int]], lines: tuple[list[float], list[float], list[float]]) -> Mesh:
    """Boxes of a grid with those lines in x, y and z, as one solid."""
    index: dict[tuple[int, int, int], int] = {}
    triangles = []
    for cell in sorted(filled):
        for axis in range(3):
            u, v = (axis + 1) % 3, (axis + 2) % 3
            for side in (0, 1):
                beside = list(cell)
                beside[axis] += 2 * side - 1
                if tuple(beside) in filled:
                    continue
                face = []
                for du, dv in ((0, 0), (1, 0), (1, 1), (0, 1)):
                    corner = list(cell)
                    corner[axis] += side
                    corner[u] += du
                    corner[v] += dv
                    x, y, z = corner
                    face.append(index.setdefault((x, y, z), len(index)))
                a, b, c, d = face if side else face[::-1]
                triangles += [(a, b, c), (a, c, d)]
    return _finish([(lines[0][x], lines[1][y], lines[2][z]) for x, y, z in index], triangles)


def _oriented(triangles: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The same triangles, each turned round so that neighbours run the same way as the first."""
    sharing: dict[tuple[int, int], list[int]] = {}
    for face, (a, b, c) in enumerate(triangles):
        for edge in ((a, b), (b, c), (c, a)):
            sharing.setdefault((min(edge), max(edge)), []).append(face)
    result, seen, waiting = list(triangles), {0}, [0]
    while waiting:
        face = waiting.pop()
        a, b, c = result[face]
        for start, end in ((a, b), (b, c), (c, a)):
            for other in sharing[min(start, end), max(start, end)]:
                if other in seen:
                    continue
                x, y, z = result[other]
                if (start, end) in ((x, y), (y, z), (z, x)):
                    result[other] = (x, z, y)
                seen.add(other)
                waiting.append(other)
    return result


def _finish(vertices: list[tuple[float, float, float]], triangles: list[tuple[int, int, int]]) -> Mesh:
    """Outward, centred on the centre of mass, largest extent 1."""
    points, faces = np.array(vertices), np.array(triangles, dtype=np.int32)
    a, b, c = (points[faces[:, k]] for k in range(3))
    parts = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
    if parts.sum() < 0:
        faces = faces[:, ::-1]
    centre = (parts[:, None] * (a + b + c) / 4).sum(axis=0) / parts.sum()
    scale = 1 / float(np.ptp(points, axis=0).max())
    points = (points - centre) / np.ptp(points, axis=0).max()
    return Mesh(np.ldexp(np.rint(np.ldexp(points, 30)), -30), np.ascontiguousarray(faces), centre, scale)


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


def gear_outline() -> list[tuple[float, float]]:
    """The outline of a gear of twelve teeth, four points each, (x, z): root, tip, tip, root."""
    angles = [math.radians(30 * tooth + turn) for tooth in range(12) for turn in (-9, -5, 5, 9)]
    radii = [0.78, 1.0, 1.0, 0.78] * 12
    return [(r * math.cos(a), r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]


GEAR_THICK, GEAR_HUB, GEAR_HUB_THICK = 0.3, 0.32, 0.5  # the hub's radius, and how long it is


def gear() -> Mesh:
    """A gear wheel of twelve teeth with a hub that stands out on both sides, its axis y."""
    outline = gear_outline()
    n = len(outline)
    shrunk = [GEAR_HUB / math.hypot(x, z) for x, z in outline]
    hub = [(x * s, z * s) for (x, z), s in zip(outline, shrunk, strict=True)]
    rings = ((outline, GEAR_THICK), (hub, GEAR_THICK), (hub, GEAR_HUB_THICK))
    vertices = [(x, side * thick / 2, z) for side in (-1, 1) for line, thick in rings for x, z in line]
    vertices += [(0.0, side * GEAR_HUB_THICK / 2, 0.0) for side in (-1, 1)]
    triangles = []
    for k in range(n):
        after = (k + 1) % n
        chain = [(ring * n + k, ring * n + after) for ring in (2, 1, 0, 3, 4, 5)]  # from hub to rim to hub
        for (a, b), (d, c) in itertools.pairwise(chain):
            triangles += [(a, b, c), (a, c, d)]
        triangles += [(6 * n, 2 * n + after, 2 * n + k), (6 * n + 1, 5 * n + k, 5 * n + after)]
    return _finish(vertices, triangles)


def arch_lines() -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """An arch's outside, a rectangle 2 wide and 1.25 high, and its inside, a half circle on posts, (x, z)."""
    inside, outside = [(0.65, 0.0)], [(1.0, 0.0)]
    for k in range(9):
        c, s = math.cos(math.pi * k / 8), math.sin(math.pi * k / 8)
        reach = 1 / max(abs(c), s)  # along the ray, to the rectangle
        inside.append((0.65 * c, 0.25 + 0.65 * s))
        outside.append((reach * c, 0.25 + reach * s))
    return [*outside, (-1.0, 0.0)], [*inside, (-0.65, 0.0)]


def arch() -> Mesh:
    """A block with a round-headed opening, 1.6 times as wide as high, about half as deep (y) as high."""
    return _strip(*arch_lines(), 0.7)


def cross() -> Mesh:
    """Three square bars through each other at right angles, three times as long as thick."""
    lines = [-1.5, -0.5, 0.5, 1.5]
    arms = {(1, 1, 1), (0, 1, 1), (2, 1, 1), (1, 0, 1), (1, 2, 1), (1, 1, 0), (1, 1, 2)}
    return _cells(arms, (lines, lines, lines))


def staircase() -> Mesh:
    """Three steps that rise towards +x, as wide (y) as they are long."""
    lines = [0.0, 1.0, 2.0, 3.0]
    return _cells(
        {(x, 0, z) for x in range(3) for z in range(x + 1)}, (lines, [-1.5, 1.5], [0.0, 0.7, 1.4, 2.1])
    )


def dumbbell() -> Mesh:
    """Two discs on a bar along z."""
    profile = [
        (0.0, -1.0),
        (0.5, -1.0),
        (0.5, -0.6),
        (0.16, -0.6),
        (0.16, 0.6),
        (0.5, 0.6),
        (0.5, 1.0),
        (0.0, 1.0),
    ]
    return _revolve(profile, 48, ring=False)


def pyramid() -> Mesh:
    """A pyramid on a square base, as high as four fifths of its edge."""
    corners = [(-0.5, -0.5, 0.0), (0.5, -0.5, 0.0), (0.5, 0.5, 0.0), (-0.5, 0.5, 0.0), (0.0, 0.0, 0.8)]
    return _finish(corners, [(0, 2, 1), (0, 3, 2), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)])


def spinning_top() -> Mesh:
    """A top: a cone on its rounded tip, a rim, and a stem to spin it by."""
    profile = [(0.0, 0.0), (0.06, 0.02), (0.7, 0.75), (0.7, 0.95), (0.1, 1.1), (0.1, 1.5), (0.0, 1.5)]
    return _revolve(profile, 48, ring=False)


MUG_AROUND, MUG_ROWS = 48, (0.0, 0.45, 0.75, 1.45, 1.75, 2.2)


def mug_handle() -> list[list[tuple[float, float, float]]]:
    """Sections of a mug's handle, six points each, from where it leaves the wall below to where it meets it above."""
    sides = [(math.cos(a), math.sin(a)) for a in (2 * math.pi * k / MUG_AROUND for k in (-1, 0, 1))]
    low, high, below, above = MUG_ROWS[1:5]

    def ends(outer: float, inner: float) -> list[tuple[float, float, float]]:
        return [(x, y, outer) for x, y in sides] + [(x, y, inner) for x, y in reversed(sides)]

    sections = [ends(low, high)]
    for k in range(1, 12):
        turn = math.radians(-90 + 15 * k)
        c, s = math.cos(turn), math.sin(turn)
        section = []
        for out, y in ((0.13, -0.13), (0.15, 0.0), (0.13, 0.13), (-0.13, 0.13), (-0.15, 0.0), (-0.13, -0.13)):
            section.append((1.12 + (0.5 + out) * c, y, 1.1 + (0.5 + out) * s))
        sections.append(section)
    return [*sections, ends(above, below)]


def mug() -> Mesh:
    """A mug, open upwards, with a handle towards +x; the wall is a seventh of the radius."""
    profile = [(0.0, 0.0), *((1.0, z) for z in MUG_ROWS), (0.86, MUG_ROWS[-1]), (0.86, 0.16), (0.0, 0.16)]
    vertices, triangles = _revolved(profile, MUG_AROUND, ring=False)
    n = MUG_AROUND

    def corner(row: int, k: int) -> int:
        return row * n + k % n

    holes, loops = set(), []
    for outer, inner in ((1, 2), (4, 3)):  # rows of the wall, on the handle's outside and inside
        loops.append([corner(outer, k) for k in (-1, 0, 1)] + [corner(inner, k) for k in (1, 0, -1)])
        holes |= set(loops[-1])
    triangles = [triangle for triangle in triangles if not any(set(triangle) <= set(loop) for loop in loops)]
    rings = [loops[0]]
    for section in mug_handle()[1:-1]:
        rings.append(list(range(len(vertices), len(vertices) + 6)))
        vertices += section
    rings.append(loops[1])
    for ring, after in itertools.pairwise(rings):
        for k in range(6):
            a, b, c, d = ring[k], ring[(k + 1) % 6], after[(k + 1) % 6], after[k]
            triangles += [(a, b, c), (a, c, d)]
    return _finish(vertices, _oriented(triangles))


MESHES: dict[str, Callable[[], Mesh]] = {
    "arch": arch,
    "bowl": bowl,
    "cross": cross,
    "dumbbell": dumbbell,
    "gear": gear,
    "mug": mug,
    "pyramid": pyramid,
    "spinning_top": spinning_top,
    "staircase": staircase,
    "star": star,
    "torus": torus,
    "wedge": wedge,
}


@cache
def mesh(name: str) -> Mesh:
    """The mesh of that name; KeyError with the names there are if there is none. Do not write into its
    arrays.
    """
    if name not in MESHES:
        raise KeyError(f"there is no mesh {name!r}; there are {', '.join(MESHES)}")
    return MESHES[name]()
