"""Textures as small pictures that repeat without a seam, for engines that take pictures.

They stand for the ray caster's procedural textures: the same two colours, the same cells, grain along the
same axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simgen.scene.spec import Look

__all__ = ["cell_size_m", "tile"]

# how many cells of `texture_size_m` the picture spans, two of them being a period of a checker
_SPAN = {"checker": 2.0, "stripes": 2.0, "wood": 8.0, "noise": 8.0, "brushed": 8.0}


def cell_size_m(look: Look) -> float:
    """Half the length that one picture covers on the surface."""
    return look.texture_size_m * _SPAN.get(look.texture, 2.0) / 2


def tile(look: Look, pixels: int = 64) -> NDArray[np.uint8]:
    """The picture, shape (P, P, 3), sRGB; row 0 is at the texture coordinate v = 0, column 0 at u = 0."""
    share = _share(look.texture, pixels)[..., None]
    blended = (1 - share) * np.asarray(look.colour) + share * np.asarray(look.texture_colour)
    picture: NDArray[np.uint8] = np.round(np.clip(blended, 0.0, 1.0) * 255).astype(np.uint8)
    return picture


def _share(texture: str, pixels: int) -> NDArray[np.float64]:
    """How much of the second colour shows, (P, P), 0..1."""
    centres = (np.arange(pixels) + 0.5) / pixels
    u, v = np.meshgrid(centres, centres)
    if texture == "checker":
        return np.asarray((u >= 0.5) != (v >= 0.5), dtype=np.float64)
    if texture == "stripes":
        return np.asarray(u >= 0.5, dtype=np.float64)
    if texture == "wood":
        bend = _waves(u, v, 1, 3) * 0.35
        rings = (v * 8 + bend) % 1.0
        fibre = _waves(u, v, 1, 23) * 0.18
        return np.clip(0.15 + 0.6 * rings + fibre, 0.0, 1.0)
    if texture == "noise":
        return np.clip(0.5 + 0.4 * (_waves(u, v, 3, 3) + 0.5 * _waves(u, v, 7, 7)), 0.0, 1.0)
    if texture == "brushed":
        return np.clip(0.5 + 0.3 * (_waves(u, v, 1, 19) + _waves(u, v, 1, 29)), 0.0, 1.0)
    return np.zeros((pixels, pixels))


def _waves(u: NDArray[np.float64], v: NDArray[np.float64], across: int, along: int) -> NDArray[np.float64]:
    """A sum of whole waves in scattered directions and phases: irregular to the eye, no seam."""
    total = np.zeros_like(u)
    for k in range(5):
        a, b = across * (k - 2), along + (k * 7) % 5 - 2
        total += np.sin(2 * np.pi * (a * u + b * v + 0.381966 * k * k))
    return total / 2.2
