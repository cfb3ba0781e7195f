"""Shapes as the engine collides them, and the few lengths that the simulation needs to know of a shape."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import SimulationError
from simgen.scene.spec import Shape, Vector

__all__ = ["bounding_radius_m", "collision_shape", "inner_radius_m", "mesh_parts"]

CONE_SIDES = 64  # the engine has no cone: a pyramid of that many sides stands for it

Part = tuple[NDArray[np.float64], NDArray[np.int64]]


def mesh_parts(shape: Shape) -> tuple[Part, ...]:
    """Convex parts (vertices (V, 3) in metres, triangles (F, 3)) of a `mesh` shape, scaled by its size.

    Raises SimulationError when no mesh of that name exists.
    """
    try:
        meshes = importlib.import_module("simgen.scene.meshes")
    except ImportError:
        raise SimulationError(f"no mesh is named {shape.mesh!r}") from None
    parts = meshes.convex_parts(shape.mesh)
    scale = np.asarray(shape.size_m, dtype=np.float64)
    return tuple((np.asarray(v, dtype=np.float64) * scale, np.asarray(f, dtype=np.int64)) for v, f in parts)


def collision_shape(bullet: Any, client: int, shape: Shape, centre: Vector = (0.0, 0.0, 0.0)) -> int:
    """The engine's id of a collision shape, axis along z, centre of mass at `centre` of its frame."""
    kind, size = shape.kind, shape.size_m
    solid: dict[str, Any]
    if kind == "sphere":
        solid = {"shapeType": bullet.GEOM_SPHERE, "radius": size[0]}
    elif kind == "box":
        solid = {"shapeType": bullet.GEOM_BOX, "halfExtents": [length / 2 for length in size]}
    elif kind == "capsule":
        solid = {"shapeType": bullet.GEOM_CAPSULE, "radius": size[0], "height": size[1]}
    elif kind == "cone":
        solid = {"shapeType": bullet.GEOM_MESH, "vertices": _cone_vertices(*size)}
    elif kind in ("cylinder", "tube"):  # a tube's hole lets nothing through
        # Two halves side by side: the engine finds one point per step and shape, and a cylinder that rolls on
        # points found now at one end, now at the other gains speed (up to 0.5 %). Each half finds its own.
        radius, length = size[:2]
        x, y, z = centre
        return int(
            bullet.createCollisionShapeArray(
                shapeTypes=[bullet.GEOM_CYLINDER] * 2,
                radii=[radius] * 2,
                lengths=[length / 2] * 2,
                collisionFramePositions=[[x, y, z - length / 4], [x, y, z + length / 4]],
                collisionFrameOrientations=[[0.0, 0.0, 0.0, 1.0]] * 2,
                physicsClientId=client,
            )
        )
    else:
        hulls = [vertices.tolist() for vertices, _ in mesh_parts(shape)]
        if len(hulls) > 1:
            return int(
                bullet.createCollisionShapeArray(
                    shapeTypes=[bullet.GEOM_MESH] * len(hulls),
                    vertices=hulls,
                    collisionFramePositions=[list(centre)] * len(hulls),
                    collisionFrameOrientations=[[0.0, 0.0, 0.0, 1.0]] * len(hulls),
                    physicsClientId=client,
                )
            )
        solid = {"shapeType": bullet.GEOM_MESH, "vertices": hulls[0]}
    if any(centre):  # the engine wraps a shape that is off its frame, so only where it must be
        solid["collisionFramePosition"] = list(centre)
    return int(bullet.createCollisionShape(physicsClientId=client, **solid))


def _cone_vertices(radius: float, height: float) -> list[list[float]]:
    angles = [2 * math.pi * side / CONE_SIDES for side in range(CONE_SIDES)]
    base = [[radius * math.cos(angle), radius * math.sin(angle), -height / 4] for angle in angles]
    return [*base, [0.0, 0.0, height * 3 / 4]]


def bounding_radius_m(shape: Shape) -> float:
    """The distance of the shape's furthest point from its centre of mass."""
    size = shape.size_m
    if shape.kind == "sphere":
        return size[0]
    if shape.kind == "box":
        return math.hypot(*size) / 2
    if shape.kind in ("cylinder", "tube"):
        return math.hypot(size[0], size[1] / 2)
    if shape.kind == "capsule":
        return size[0] + size[1] / 2
    if shape.kind == "cone":
        return max(0.75 * size[1], math.hypot(size[0], size[1] / 4))
    return max(float(np.linalg.norm(vertices, axis=1).max()) for vertices, _ in mesh_parts(shape))


def inner_radius_m(shape: Shape) -> float:
    """Half the thinnest extent: a body that moves further in one step can pass through another."""
    size = shape.size_m
    if shape.kind == "sphere":
        return size[0]
    if shape.kind == "box":
        return min(size) / 2
    if shape.kind in ("cylinder", "tube"):
        return min(size[0], size[1] / 2)
    if shape.kind == "capsule":
        return size[0]
    if shape.kind == "cone":
        return min(size[0], size[1]) / 2
    return min(float(np.ptp(vertices, axis=0).min()) / 2 for vertices, _ in mesh_parts(shape))
