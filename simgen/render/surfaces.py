"""Triangle surfaces of the primitive shapes, with normals and texture coordinates, for engines that draw
triangles.

Texture coordinates count periods of a pattern (two cells of a checker), measured along the surface: a flat
face keeps its own two axes, a round one is unrolled (angle, height), so that a texture of a given size is
that size on every body. A whole number of periods goes around a round body: there is no seam. The charts are
those of the ray caster's textures."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgen.errors import RenderError
from simgen.scene.meshes import mesh
from simgen.scene.spec import Shape

__all__ = ["Surface", "surface", "wavefront"]

_CREASE = math.cos(math.radians(40))
_TINY = 1e-9  # instead of a radius of zero: keeps the direction of a pole's vertex

_Profile = list[
    tuple[float, float, float, float, float]
]  # radius, height, normal out, normal up, texture row


@dataclass(frozen=True, slots=True)
class Surface:
    """V vertices and F triangles (counter-clockwise seen from outside), in the body's own frame."""

    vertices: NDArray[np.float64]  # (V, 3) m
    normals: NDArray[np.float64]  # (V, 3)
    periods: NDArray[np.float64]  # (V, 2) texture coordinates, one unit is one period of the pattern
    triangles: NDArray[np.int64]  # (F, 3)


def surface(shape: Shape, cell_m: float, around: int = 48) -> Surface:
    """The surface of `shape` for a pattern whose cells are `cell_m` wide (two of them make a period).

    A round body has `around` facets, a multiple of 4: with 48 its outline is within 0.15 % of the radius.
    Raises RenderError for a shape it does not know.
    """
    if shape.kind == "sphere":
        (radius,) = shape.size_m
        rows = _whole(math.pi * radius / (2 * cell_m))  # periods from pole to pole
        return _turned(
            _arc(radius, 0.0, -90.0, 90.0, around // 2, rows / math.pi, 0.0), radius, cell_m, around
        )
    if shape.kind == "box":
        x, y, z = shape.size_m
        return _box(x, y, z, cell_m)
    if shape.kind == "cylinder":
        radius, length = shape.size_m
        half = length / 2
        return _join(
            _turned(_straight(radius, -half, radius, half, cell_m), radius, cell_m, around),
            _ring(0.0, radius, half, 1.0, cell_m, around),
            _ring(0.0, radius, -half, -1.0, cell_m, around),
        )
    if shape.kind == "capsule":
        radius, length = shape.size_m
        half, rows = length / 2, _whole(math.pi * radius / (2 * cell_m))
        low = _arc(radius, -half, -90.0, 0.0, around // 4, rows / math.pi, -half / (2 * cell_m))
        high = _arc(radius, half, 0.0, 90.0, around // 4, rows / math.pi, half / (2 * cell_m))
        return _turned(low + high, radius, cell_m, around)
    if shape.kind == "cone":
        radius, height = shape.size_m
        side = _straight(radius, -height / 4, _TINY, height * 3 / 4, cell_m)
        return _join(
            _turned(side, radius, cell_m, around), _ring(0.0, radius, -height / 4, -1.0, cell_m, around)
        )
    if shape.kind == "tube":
        outer, length, wall = shape.size_m
        inner, half = outer - wall, length / 2
        return _join(
            _turned(_straight(outer, -half, outer, half, cell_m), outer, cell_m, around),
            _turned(_straight(inner, half, inner, -half, cell_m), outer, cell_m, around),
            _ring(inner, outer, half, 1.0, cell_m, around),
            _ring(inner, outer, -half, -1.0, cell_m, around),
        )
    if shape.kind == "mesh":
        return _mesh(shape.mesh, shape.size_m, cell_m)
    raise RenderError(f"This engine cannot draw the shape {shape.kind!r}; use `render: {{engine: raycast}}`.")


def wavefront(surface: Surface) -> str:
    """The surface as the text of a Wavefront OBJ file."""
    lines = [f"v {x!r} {y!r} {z!r}" for x, y, z in surface.vertices.tolist()]
    lines += [f"vt {u!r} {v!r}" for u, v in surface.periods.tolist()]
    lines += [f"vn {x!r} {y!r} {z!r}" for x, y, z in surface.normals.tolist()]
    lines += [f"f {a}/{a}/{a} {b}/{b}/{b} {c}/{c}/{c}" for a, b, c in (surface.triangles + 1).tolist()]
    return "\n".join(lines) + "\n"


def _grown(corners: int) -> float:
    """How much wider than a circle the regular polygon of its area is: it is right on average."""
    angle = 2 * math.pi / corners
    return math.sqrt(angle / math.sin(angle))


def _whole(periods: float) -> int:
    return max(1, math.floor(periods + 0.5))


def _arc(
    radius: float, centre: float, low_deg: float, high_deg: float, steps: int, rows_per_rad: float, row: float
) -> _Profile:
    """A profile along a circle around (0, centre), at latitudes from `low_deg` to `high_deg`."""
    grown = radius * _grown(round(steps * 360 / (high_deg - low_deg)))
    return [
        (
            max(grown * math.cos(a), _TINY),
            centre + grown * math.sin(a),
            math.cos(a),
            math.sin(a),
            row + a * rows_per_rad,
        )
        for a in np.radians(np.linspace(low_deg, high_deg, steps + 1))
    ]


def _straight(radius0: float, height0: float, radius1: float, height1: float, cell_m: float) -> _Profile:
    """A profile along a line; outside is to the right of its direction."""
    length = math.hypot(radius1 - radius0, height1 - height0)
    out, up = (height1 - height0) / length, (radius0 - radius1) / length
    return [
        (radius0, height0, out, up, height0 / (2 * cell_m)),
        (radius1, height1, out, up, height1 / (2 * cell_m)),
    ]


def _ring(inner: float, outer: float, height: float, up: float, cell_m: float, around: int) -> Surface:
    """A flat ring (or disc) at `height` that faces up (1) or down (-1): sectors and rings."""
    rim = [(radius, height, 0.0, up, radius / (2 * cell_m)) for radius in (outer, max(inner, _TINY))]
    return _turned(rim if up > 0 else rim[::-1], outer, cell_m, around)


def _turned(profile: _Profile, radius: float, cell_m: float, around: int) -> Surface:
    """The surface that a profile sweeps about z; outside is to the right of the profile's direction."""
    points = np.asarray(profile)
    angle = np.linspace(0.0, 2 * math.pi, around + 1)[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    columns = angle / (2 * math.pi) * _whole(math.pi * radius / cell_m)
    radius_m, height_m, out, up, row = points.T
    radius_m = radius_m * _grown(around)
    vertices = np.stack(np.broadcast_arrays(radius_m * cos, radius_m * sin, height_m), axis=-1)
    normals = np.stack(np.broadcast_arrays(out * cos, out * sin, up), axis=-1)
    periods = np.stack(np.broadcast_arrays(columns, row), axis=-1)
    i, j = np.meshgrid(np.arange(around), np.arange(len(points) - 1), indexing="ij")
    a = i * len(points) + j
    b = a + len(points)
    triangles = np.stack([a, b, b + 1, a, b + 1, a + 1], axis=-1)
    return Surface(
        vertices.reshape(-1, 3), normals.reshape(-1, 3), periods.reshape(-1, 2), triangles.reshape(-1, 3)
    )


def _box(x: float, y: float, z: float, cell_m: float) -> Surface:
    half = np.array([x, y, z]) / 2
    parts = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for sign in (1.0, -1.0):
            corners = np.zeros((4, 3))
            corners[:, axis] = sign * half[axis]
            corners[:, u] = half[u] * np.array([-1, 1, 1, -1])
            corners[:, v] = half[v] * np.array([-1, -1, 1, 1])
            normal = np.zeros(3)
            normal[axis] = sign
            order = [[0, 1, 2], [0, 2, 3]] if sign > 0 else [[0, 2, 1], [0, 3, 2]]
            flat = corners[:, sorted((u, v))] / (2 * cell_m)
            parts.append(Surface(corners, np.tile(normal, (4, 1)), flat, np.asarray(order)))
    return _join(*parts)


@functools.lru_cache(maxsize=16)
def _mesh(name: str, size_m: tuple[float, ...], cell_m: float) -> Surface:
    """A mesh of `simgen.scene.meshes`, smooth where its faces meet at less than 40°."""
    try:
        solid = mesh(name)
    except KeyError as error:
        raise RenderError(f"A body cannot be drawn: {error.args[0]}.") from None
    points = solid.vertices * np.asarray(size_m)
    a, b, c = (points[solid.triangles[:, k]] for k in range(3))
    areas = np.cross(b - a, c - a)  # twice the area, outwards
    flat = areas / np.linalg.norm(areas, axis=1, keepdims=True)
    corner_of = solid.triangles.ravel()
    order = np.argsort(corner_of, kind="stable")
    normals = np.empty((len(corner_of), 3))
    for around in np.split(order, np.flatnonzero(np.diff(corner_of[order])) + 1):  # the corners at one vertex
        faces = around // 3
        smooth = flat[faces] @ flat[faces].T > _CREASE
        mean = smooth @ areas[faces]
        normals[around] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    # the two axes across which a face lies, in their order, as on a box
    axes = np.array([(1, 2), (0, 2), (0, 1)])[np.abs(flat).argmax(axis=1)].repeat(3, axis=0)
    periods = np.take_along_axis(points[corner_of], axes, axis=1) / (2 * cell_m)
    corners, index = np.unique(
        np.hstack([points[corner_of], normals, periods]).round(9), axis=0, return_inverse=True
    )
    return Surface(corners[:, :3], corners[:, 3:6], corners[:, 6:], index.reshape(-1, 3))


def _join(*parts: Surface) -> Surface:
    offsets = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    return Surface(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.periods for part in parts]),
        np.concatenate([part.triangles + offset for part, offset in zip(parts, offsets, strict=True)]),
    )
