"""The meshes of `simgen.scene.meshes` as convex pieces, which is all that the engine collides.

The pieces are made by the same formulas as the meshes, coarser where the surface is round; a test compares
the two. Units are those of a mesh: largest extent 1, centre of mass at the origin.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simgen.scene.meshes import mesh

__all__ = ["convex_parts"]

Points = list[tuple[float, float, float]]


def _turned(profile: list[tuple[float, float]], angles: list[float]) -> Points:
    """A profile of (radius, z) at each of the angles about z."""
    return [(r * math.cos(a), r * math.sin(a), z) for a in angles for r, z in profile]


def _around(count: int) -> list[list[float]]:
    """Sectors of a turn.

    The angles of both sides and of the middle, where a piece must bulge as the surface does.
    """
    width = 2 * math.pi / count
    return [[width * k, width * (k + 0.5), width * (k + 1)] for k in range(count)]


def _torus() -> list[Points]:
    circle = [(1 + math.cos(a) / 3, math.sin(a) / 3) for a in (2 * math.pi * k / 24 for k in range(24))]
    return [_turned(circle, angles) for angles in _around(32)]


def _bowl() -> list[Points]:
    """Tiles of the shell, and pieces of the round rim above them."""
    wall, rows, count = 0.125, 8, 24
    pieces = []
    for row in range(rows):
        lats = [math.pi / 2 * (row + part) / rows for part in (0, 0.5, 1)]
        tile = [(r * math.sin(a), -r * math.cos(a)) for a in lats for r in (1.0, 1 - wall)]
        # as wide everywhere: the engine is slow where many pieces touch at once, as they would at the pole
        pieces += [_turned(tile, angles) for angles in _around(max(6, math.ceil(28 * math.sin(lats[2]))))]
    rim = [
        (1 - wall / 2 + wall / 2 * math.cos(a), wall / 2 * math.sin(a))
        for a in (math.pi * k / 8 for k in range(9))
    ]
    return pieces + [_turned(rim, angles) for angles in _around(count)]


def _star() -> list[Points]:
    """Five kites: the centre, two notches and the point between them."""

    def corner(k: int) -> tuple[float, float]:
        radius = 1.0 if k % 2 == 0 else 0.45
        return radius * math.sin(math.pi * k / 5), radius * math.cos(math.pi * k / 5)

    outlines = [[(0.0, 0.0), corner(k - 1), corner(k), corner(k + 1)] for k in range(0, 10, 2)]
    return [[(x, y, z) for x, z in outline for y in (-0.25, 0.25)] for outline in outlines]


def _wedge() -> list[Points]:
    return [[(x, y, z) for x, z in ((0.0, 0.0), (1.0, 0.0), (0.0, 0.5)) for y in (-0.25, 0.25)]]


_PIECES: dict[str, Callable[[], list[Points]]] = {
    "bowl": _bowl,
    "star": _star,
    "torus": _torus,
    "wedge": _wedge,
}


@cache
def convex_parts(name: str) -> tuple[NDArray[np.float64], ...]:
    """Corners (V, 3) of each convex piece of the mesh of that name. KeyError if there is no such mesh."""
    whole = mesh(name).vertices
    if name not in _PIECES:
        raise KeyError(f"the mesh {name!r} has no convex pieces, so it cannot collide")
    pieces = [np.array(piece) for piece in _PIECES[name]()]
    everything = np.concatenate(pieces)
    # Into the place and size of the mesh. All four are symmetric or have a corner in every lowest coordinate.
    scale = 1 / np.ptp(everything, axis=0).max()
    shift = whole.min(axis=0) - everything.min(axis=0) * scale
    return tuple(piece * scale + shift for piece in pieces)
