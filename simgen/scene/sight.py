"""What a box hides from a camera, as a part of space.

The points that a convex solid hides form a convex region: it lies beyond the faces that look at the camera
and inside the planes that touch the solid's outline as the camera sees it. A body is wholly hidden when it
reaches across none of these planes, which is exact for convex bodies and for the hull of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simgen.scene.meshes import mesh
from simgen.scene.rotation import matrix
from simgen.scene.spec import Body, Shape

__all__ = ["Region", "hidden_region", "reach_m"]

_SIGNS = (-1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """All points x with normals @ x ≤ offsets_m. K planes, unit normals that point out of the region."""

    normals: NDArray[np.float64]  # (K, 3)
    offsets_m: NDArray[np.float64]  # (K,)

    def outside_m(
        self, shape: Shape, position_m: ArrayLike, orientation_xyzw: ArrayLike
    ) -> NDArray[np.float64]:
        """(K,) how far a body of that shape and pose reaches across each plane; none positive: it is inside."""
        own = self.normals @ matrix(orientation_xyzw)
        centre = np.asarray(position_m, dtype=np.float64)
        distance: NDArray[np.float64] = self.normals @ centre + reach_m(shape, own) - self.offsets_m
        return distance


def reach_m(shape: Shape, directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """(...,) how far the solid reaches from its origin along unit vectors (..., 3) of its own frame, metres."""
    kind, size = shape.kind, shape.size_m
    if kind == "sphere":
        return np.full(directions.shape[:-1], size[0])
    if kind == "box":
        return np.asarray(np.abs(directions) @ (np.asarray(size) / 2))
    if kind == "mesh":
        corners = mesh(shape.mesh).vertices * np.asarray(size)
        return np.asarray((directions @ corners.T).max(axis=-1))
    across, along = np.hypot(directions[..., 0], directions[..., 1]), directions[..., 2]
    if kind == "capsule":
        return np.asarray(size[0] + size[1] / 2 * np.abs(along))
    if kind == "cone":
        return np.asarray(np.maximum(0.75 * size[1] * along, size[0] * across - 0.25 * size[1] * along))
    return np.asarray(size[0] * across + size[1] / 2 * np.abs(along))  # cylinder, tube


def hidden_region(screen: Body, world_to_camera: NDArray[np.float64], projection: str) -> Region | None:
    """What a box at its place at the start hides from a camera of that pose (4, 4); None from inside it."""
    if screen.shape.kind != "box":
        raise ValueError(f"a screen is a box, not a {screen.shape.kind}")
    turn, half = matrix(screen.orientation_xyzw), np.asarray(screen.shape.size_m) / 2
    centre = np.asarray(screen.position_m)
    forward = world_to_camera[2, :3]
    eye = -world_to_camera[:3, :3].T @ world_to_camera[:3, 3]

    def towards_camera(point: NDArray[np.float64]) -> NDArray[np.float64]:
        return eye - point if projection == "perspective" else -forward

    normals: list[NDArray[np.float64]] = []
    offsets: list[float] = []
    seen: dict[tuple[int, float], bool] = {}
    for axis in range(3):
        for sign in _SIGNS:
            normal = sign * turn[:, axis]
            point = centre + half[axis] * normal
            seen[axis, sign] = float(normal @ towards_camera(point)) > 0
            if seen[axis, sign]:
                normals.append(normal)
                offsets.append(float(normal @ point))
    if not normals:
        return None
    for one, other in combinations(range(3), 2):
        rest = 3 - one - other
        for a in _SIGNS:
            for b in _SIGNS:
                if seen[one, a] == seen[other, b]:
                    continue  # no part of the outline: both faces are seen, or neither
                point = centre + a * half[one] * turn[:, one] + b * half[other] * turn[:, other]
                normal = np.cross(towards_camera(point), turn[:, rest])
                normal = normal / np.linalg.norm(normal)
                if float(normal @ (centre - point)) > 0:
                    normal = -normal
                normals.append(normal)
                offsets.append(float(normal @ point))
    return Region(np.array(normals), np.array(offsets))
