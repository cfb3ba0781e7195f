"""The solids that scenarios let go, throw and roll: one of each kind of the same size."""

from __future__ import annotations

from typing import Literal

from simgen.scene.spec import Shape

__all__ = ["HOOP_WALL", "SolidKind", "solid"]

HOOP_WALL = 0.15  # thickness of a hoop's wall as a part of its outer radius

SolidKind = Literal["sphere", "cylinder", "hoop", "box"]


def solid(kind: str, radius_m: float) -> Shape:
    """A solid that fits a square of 2 × radius_m: a ball, a cylinder, a hoop, or a cube of that edge.

    Raises KeyError for another kind.
    """
    if kind == "sphere":
        return Shape("sphere", (radius_m,))
    if kind == "cylinder":
        return Shape("cylinder", (radius_m, 1.6 * radius_m))
    if kind == "hoop":
        return Shape("tube", (radius_m, 0.8 * radius_m, HOOP_WALL * radius_m))
    if kind == "box":
        return Shape("box", (2 * radius_m, 2 * radius_m, 2 * radius_m))
    raise KeyError(kind)
