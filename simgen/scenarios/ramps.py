"""Ramps: one solid block per ramp, whose top runs between two points above the ground.

A ramp made of two bodies has a seam that a rolling body feels; one made of a thin plank shows what is under
it. A block that reaches below the ground everywhere looks like a solid hill, and hides nothing but what is
behind it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, Shape

__all__ = ["board", "downhill", "normal", "ramp"]


def downhill(angle_rad: float, side: float) -> NDArray[np.float64]:
    """Unit vector (3,) down a slope that descends to +x (side 1) or −x (side −1)."""
    return np.array([side * math.cos(angle_rad), 0.0, -math.sin(angle_rad)])


def normal(angle_rad: float, side: float) -> NDArray[np.float64]:
    """Unit vector (3,) out of that slope."""
    return np.array([side * math.sin(angle_rad), 0.0, math.cos(angle_rad)])


def ramp(
    top: NDArray[np.float64],
    length_m: float,
    width_m: float,
    angle_rad: float,
    side: float,
    name: str = "ramp",
) -> Body:
    """The block whose upper face begins at `top` (its uphill edge, in the plane y = 0) and is `length_m` long."""
    thickness = float(top[2]) / math.cos(angle_rad) + 0.1
    middle = top + length_m / 2 * downhill(angle_rad, side) - thickness / 2 * normal(angle_rad, side)
    return Body(
        name=name,
        shape=Shape("box", (length_m, width_m, thickness)),
        position_m=(float(middle[0]), 0.0, float(middle[2])),
        orientation_xyzw=about_axis((0.0, 1.0, 0.0), side * angle_rad),
        mass_kg=0.0,
        elasticity=0.0,  # what rolls or slides on it does not bounce off it
        fixed=True,
        role="support",
    )


def board(
    foot: NDArray[np.float64],
    height_m: float,
    thickness_m: float,
    width_m: float,
    angle_rad: float,
    side: float,
    name: str = "stop",
) -> Body:
    """A board at right angles to the slope, its uphill face at `foot` on the slope's surface, a little sunk in."""
    sunk = 0.1
    middle = (
        foot + thickness_m / 2 * downhill(angle_rad, side) + (height_m - sunk) / 2 * normal(angle_rad, side)
    )
    return Body(
        name=name,
        shape=Shape("box", (thickness_m, width_m, height_m + sunk)),
        position_m=(float(middle[0]), 0.0, float(middle[2])),
        orientation_xyzw=about_axis((0.0, 1.0, 0.0), side * angle_rad),
        mass_kg=0.0,
        fixed=True,
        role="support",
    )
