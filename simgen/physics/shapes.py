"""Shapes as the engine collides them, and the few lengths that the simulation needs to know of a shape."""

from __future__ import annotations

import atexit
import functools
import hashlib
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.errors import SimulationError
from simgen.physics.convex import convex_parts
from simgen.scene.meshes import mesh
from simgen.scene.rotation import IDENTITY, matrix
from simgen.scene.spec import Quaternion, Shape, Vector

__all__ = ["bounding_radius_m", "collision_shape", "hulls", "inner_radius_m", "rounding_m"]

CONE_SIDES = 64  # the engine has no cone: a pyramid of that many sides stands for it


def hulls(shape: Shape) -> list[NDArray[np.float64]]:
    """Corners (V, 3) in metres of the convex pieces of a `mesh` shape.

    SimulationError if there is no such mesh.
    """
    try:
        parts = convex_parts(shape.mesh)
    except KeyError as error:
        raise SimulationError(str(error.args[0])) from None
    return [part * np.asarray(shape.size_m) for part in parts]


def collision_shape(
    bullet: Any,
    client: int,
    shape: Shape,
    centre: Vector = (0.0, 0.0, 0.0),
    axes: Quaternion = IDENTITY,
) -> int:
    """The engine's id of a collision shape, axis along z, centre of mass at `centre` of its frame.

    `axes` is the turn from its frame to the shape's own, for meshes only."""
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
        parts = hulls(shape)
        if axes != IDENTITY:
            parts = [part @ matrix(axes) for part in parts]
        if len(parts) > 1:
            return _compound(bullet, client, parts, centre)
        solid = {"shapeType": bullet.GEOM_MESH, "vertices": parts[0].tolist()}
    if any(centre):  # the engine wraps a shape that is off its frame, so only where it must be
        solid["collisionFramePosition"] = list(centre)
    return int(bullet.createCollisionShape(physicsClientId=client, **solid))


def _compound(bullet: Any, client: int, parts: list[NDArray[np.float64]], centre: Vector) -> int:
    """Several convex hulls as one shape. The engine takes them from a file only, one object each."""
    lines: list[str] = []
    first = 1
    for number, part in enumerate(parts):
        lines.append(f"o part{number}")
        lines += [f"v {x!r} {y!r} {z!r}" for x, y, z in part.tolist()]
        # Its reader wants faces; their corners are all that it uses.
        lines += [f"f {first} {first + k} {first + k + 1}" for k in range(1, len(part) - 1)]
        first += len(part)
    text = "\n".join(lines) + "\n"
    # The engine reads the file again when a body is made of the shape, so it stays until the process ends.
    file = _folder() / f"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}.obj"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)  # a forked process that ended may have removed it
        file.write_text(text)
    return int(
        bullet.createCollisionShape(
            bullet.GEOM_MESH, fileName=str(file), collisionFramePosition=list(centre), physicsClientId=client
        )
    )


@functools.cache
def _folder() -> Path:
    """A folder of this process's own, gone when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="simgen-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


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
    return max(float(np.linalg.norm(part, axis=1).max()) for part in hulls(shape))


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
    # Its pieces are thinner than its walls are. Twice its volume over its surface is the radius of a torus's
    # tube, less than that of a ball, and the thickness of a shell: of that nothing passes through even at
    # half of it per step, as impacts end steps (tests/physics/test_impacts.py).
    solid = mesh(shape.mesh)
    a, b, c = (solid.vertices[solid.triangles[:, corner]] * np.asarray(shape.size_m) for corner in range(3))
    surface = float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()) / 2
    return 2 * solid.volume * math.prod(shape.size_m) / surface


def rounding_m(shape: Shape, margin_m: float) -> float:
    """By how much the engine's distance of an edge or corner can be too large.

    It rounds them by the margin.
    """
    if shape.kind in ("cylinder", "tube"):
        return margin_m * (math.sqrt(2) - 1)
    return margin_m * (math.sqrt(3) - 1) if shape.kind == "box" else 0.0
