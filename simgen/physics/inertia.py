"""Volumes and principal moments of inertia of homogeneous solids, in closed form, about the centre of mass.

The engine's own values are a bounding box's for some shapes (a capsule, anything wrapped in a compound), so
every body is given its moments explicitly. Sources: Goldstein, Classical Mechanics, ch. 5; the list in any
handbook. The moments are (Ixx, Iyy, Izz) in kg m² with z the axis of the solid.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.scene.meshes import mesh
from simgen.scene.rotation import IDENTITY, quaternions
from simgen.scene.spec import Body, Quaternion, Shape, Vector

__all__ = ["body_inertia", "mass_properties", "principal_axes", "shape_inertia", "shape_volume"]

UNEVEN = 1e-6  # of the largest moment: a product of inertia below that is rounding


def body_inertia(body: Body) -> Vector:
    """The body's own `inertia_kg_m2`, or its shape's as a homogeneous solid: about `principal_axes(body)`."""
    if body.inertia_kg_m2 is not None:
        return body.inertia_kg_m2
    return shape_inertia(body.shape, body.mass_kg)


def principal_axes(body: Body) -> Quaternion:
    """The turn from the frame of the principal axes to the body's own; none but for meshes without symmetry."""
    if body.shape.kind != "mesh" or body.inertia_kg_m2 is not None:
        return IDENTITY
    return _principal(body.shape)[0]


def shape_volume(shape: Shape) -> float:
    """Volume (m³) of that shape as a solid. Raises ValueError for an unknown kind."""
    size = shape.size_m
    if shape.kind == "sphere":
        return 4 / 3 * math.pi * size[0] ** 3
    if shape.kind == "box":
        return size[0] * size[1] * size[2]
    if shape.kind == "cylinder":
        return math.pi * size[0] ** 2 * size[1]
    if shape.kind == "tube":
        return math.pi * (size[0] ** 2 - max(0.0, size[0] - size[2]) ** 2) * size[1]
    if shape.kind == "capsule":
        return math.pi * size[0] ** 2 * (size[1] + 4 / 3 * size[0])
    if shape.kind == "cone":
        return math.pi / 3 * size[0] ** 2 * size[1]
    if shape.kind == "mesh":
        return mesh(shape.mesh).volume * size[0] * size[1] * size[2]
    raise ValueError(f"unknown shape {shape.kind!r}")


def shape_inertia(shape: Shape, mass_kg: float) -> Vector:
    """(Ixx, Iyy, Izz) in kg m² of that shape as a homogeneous solid.

    Raises ValueError for an unknown kind.
    """
    m = mass_kg
    if shape.kind == "sphere":
        (radius,) = shape.size_m
        moment = 2 / 5 * m * radius**2
        return (moment, moment, moment)
    if shape.kind == "box":
        x, y, z = shape.size_m
        return (m / 12 * (y * y + z * z), m / 12 * (x * x + z * z), m / 12 * (x * x + y * y))
    if shape.kind == "cylinder":
        radius, length = shape.size_m
        across = m / 12 * (3 * radius**2 + length**2)
        return (across, across, m / 2 * radius**2)
    if shape.kind == "tube":
        outer, length, wall = shape.size_m
        inner = max(0.0, outer - wall)
        squares = outer**2 + inner**2
        across = m / 12 * (3 * squares + length**2)
        return (across, across, m / 2 * squares)
    if shape.kind == "capsule":
        return _capsule(m, *shape.size_m)
    if shape.kind == "cone":
        radius, height = shape.size_m
        across = 3 / 80 * m * (4 * radius**2 + height**2)
        return (across, across, 3 / 10 * m * radius**2)
    if shape.kind == "mesh":
        x, y, z = _principal(shape)[1]
        return (m * x, m * y, m * z)
    raise ValueError(f"unknown shape {shape.kind!r}")


def _capsule(mass_kg: float, radius: float, straight: float) -> Vector:
    """A cylinder and two half balls of one density; a half ball's centre is 3r/8 from its flat face."""
    cylinder_volume = math.pi * radius**2 * straight
    ball_volume = 4 / 3 * math.pi * radius**3
    cylinder = mass_kg * cylinder_volume / (cylinder_volume + ball_volume)
    ball = mass_kg - cylinder
    axial = cylinder * radius**2 / 2 + ball * 2 / 5 * radius**2
    # Steiner: 2/5 r² about a ball's centre, moved to each half's centre of mass and out to the capsule's
    # ends.
    across_ball = ball * (2 / 5 * radius**2 + straight**2 / 4 + 3 / 8 * straight * radius)
    across = cylinder * (radius**2 / 4 + straight**2 / 12) + across_ball
    return (across, across, axial)


@lru_cache(maxsize=64)
def _principal(shape: Shape) -> tuple[Quaternion, Vector]:
    """Principal axes of a mesh and the moments per mass about them, the axes as near to its own as can be.

    By Jacobi's rotations (Numerical Recipes, 11.1).
    """
    solid = mesh(shape.mesh)
    _, _, tensor = mass_properties(solid.vertices * np.asarray(shape.size_m), solid.triangles)
    largest = float(np.diag(tensor).max())
    turn, least = np.eye(3), UNEVEN * largest
    for _ in range(32):
        p, q = max(((0, 1), (0, 2), (1, 2)), key=lambda pair: abs(tensor[pair]))
        if abs(tensor[p, q]) <= least:
            break
        least = 1e-15 * largest
        ratio = float(tensor[q, q] - tensor[p, p]) / (2 * float(tensor[p, q]))
        tangent = math.copysign(1.0, ratio) / (abs(ratio) + math.sqrt(ratio * ratio + 1))
        cosine = 1 / math.sqrt(tangent * tangent + 1)
        step = np.eye(3)
        step[p, p] = step[q, q] = cosine
        step[p, q], step[q, p] = tangent * cosine, -tangent * cosine
        tensor, turn = step.T @ tensor @ step, turn @ step
    x, y, z = (float(moment) for moment in np.diag(tensor))
    if (turn == np.eye(3)).all():
        return IDENTITY, (x, y, z)
    a, b, c, d = (float(part) for part in quaternions(turn))
    return (a, b, c, d), (x, y, z)


def mass_properties(
    vertices: NDArray[np.float64], triangles: NDArray[np.integer[Any]]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Volume (m³), centre of mass (3,) and inertia tensor per unit mass (3, 3) of a closed surface.

    `vertices` (V, 3), `triangles` (F, 3) counter-clockwise seen from outside. The tensor is about the
    centre of mass. Sum over signed tetrahedra from the origin (Tonon 2004, J. Math. Stat. 1(1):8-11).
    """
    corners = vertices[triangles]  # (F, 3, 3)
    determinant = np.linalg.det(corners)
    volume = float(determinant.sum()) / 6
    if not volume > 0:
        raise ValueError("a mesh must enclose a volume, its triangles counter-clockwise seen from outside")
    total = corners.sum(axis=1)
    centre = (determinant[:, None] * total).sum(axis=0) / 24 / volume
    outer = np.einsum("fki,fkj->fij", corners, corners) + np.einsum("fi,fj->fij", total, total)
    spread = (determinant[:, None, None] * outer).sum(axis=0) / 120 / volume - np.outer(centre, centre)
    return volume, centre, np.trace(spread) * np.eye(3) - spread
