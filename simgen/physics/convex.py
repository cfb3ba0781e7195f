"""The meshes of `simgen.scene.meshes` as convex pieces, which is all that the engine collides.

The pieces are made by the same formulas as the meshes, coarser where the surface is round; a test compares
the two. Units are those of a mesh: largest extent 1, centre of mass at the origin.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simgen.scene.meshes import (
    GEAR_HUB,
    GEAR_HUB_THICK,
    GEAR_THICK,
    MUG_AROUND,
    MUG_ROWS,
    arch_lines,
    gear_outline,
    mesh,
    mug_handle,
)

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
    circle = [(1 + math.cos(a) / 3, math.sin(a) / 3) for a in (2 * math.pi * k / 20 for k in range(20))]
    return [_turned(circle, angles) for angles in _around(20)]


def _bowl() -> list[Points]:
    """Tiles of the shell, and pieces of the round rim above them.

    A tile bridges the hollow inside of it, so it is thinner by half of what it bridges.
    """
    wall, rows, count = 0.125, 8, 24
    inner = 1 - wall + 0.006
    pieces = []
    for row in range(rows):
        lats = [math.pi / 2 * (row + part) / rows for part in (0, 0.5, 1)]
        tile = [(r * math.sin(a), -r * math.cos(a)) for a in lats for r in (1.0, inner)]
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
    return [
        [(x, y, z) for x, z in ((-1 / 3, -1 / 6), (2 / 3, -1 / 6), (-1 / 3, 1 / 3)) for y in (-0.25, 0.25)]
    ]


def _slabs(outlines: list[list[tuple[float, float]]], thickness: float) -> list[Points]:
    """Plates along y on convex outlines (x, z)."""
    return [[(x, y, z) for x, z in outline for y in (-thickness / 2, thickness / 2)] for outline in outlines]


def _gear() -> list[Points]:
    """The disc that the teeth stand on, each tooth with the one across from it, and the hub."""
    rim = gear_outline()
    teeth = [[*rim[4 * k : 4 * k + 4], *rim[4 * k + 24 : 4 * k + 28]] for k in range(6)]
    disc = [point for k, point in enumerate(rim) if k % 4 in (0, 3)]
    hub = [(GEAR_HUB * x / math.hypot(x, z), GEAR_HUB * z / math.hypot(x, z)) for x, z in rim]
    return _slabs([disc, *teeth], GEAR_THICK) + _slabs([hub], GEAR_HUB_THICK)


def _arch() -> list[Points]:
    outside, inside = arch_lines()
    return _slabs([[*outside[k : k + 2], *inside[k : k + 2]] for k in range(len(outside) - 1)], 0.7)


def _boxes(*spans: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]) -> list[Points]:
    return [[(x, y, z) for x in xs for y in ys for z in zs] for xs, ys, zs in spans]


def _cross() -> list[Points]:
    long, thick = (-1.5, 1.5), (-0.5, 0.5)
    arms = [(0.5, 1.5), (-1.5, -0.5)]
    return _boxes(
        (long, thick, thick), *((thick, arm, thick) for arm in arms), *((thick, thick, arm) for arm in arms)
    )


def _staircase() -> list[Points]:
    return _boxes(*(((float(x), x + 1.0), (-1.5, 1.5), (0.0, 0.7 * (x + 1))) for x in range(3)))


def _stacked(profile: list[tuple[float, float]], around: int) -> list[Points]:
    """A turned solid as one piece between each radius and height of its profile and the next."""
    angles = [2 * math.pi * k / around for k in range(around)]
    return [_turned([low, high], angles) for low, high in itertools.pairwise(profile)]


def _dumbbell() -> list[Points]:
    disc, bar = [(0.5, -1.0), (0.5, -0.6)], [(0.16, -0.6), (0.16, 0.6)]
    return [piece for part in (disc, bar, [(0.5, 0.6), (0.5, 1.0)]) for piece in _stacked(part, 48)]


def _pyramid() -> list[Points]:
    return [[(-0.5, -0.5, 0.0), (0.5, -0.5, 0.0), (0.5, 0.5, 0.0), (-0.5, 0.5, 0.0), (0.0, 0.0, 0.8)]]


def _spinning_top() -> list[Points]:
    """The tip and the cone and the rim are convex together."""
    angles = [2 * math.pi * k / 48 for k in range(48)]
    body = [(0.0, 0.0), (0.06, 0.02), (0.7, 0.75), (0.7, 0.95), (0.1, 1.1)]
    return [_turned(body, angles), *_stacked([(0.1, 1.1), (0.1, 1.5)], 48)]


def _mug() -> list[Points]:
    """Sectors of the wall, the bottom, and the handle's stretches between its sections."""
    wall = [(r, z) for r in (0.86, 1.0) for z in (0.16, MUG_ROWS[-1])]
    bottom = _stacked([(1.0, 0.0), (1.0, 0.16)], MUG_AROUND)
    sections = mug_handle()
    handle = [low + high for low, high in itertools.pairwise(sections)]
    return [*(_turned(wall, angles) for angles in _around(24)), *bottom, *handle]


_PIECES: dict[str, Callable[[], list[Points]]] = {
    "arch": _arch,
    "bowl": _bowl,
    "cross": _cross,
    "dumbbell": _dumbbell,
    "gear": _gear,
    "mug": _mug,
    "pyramid": _pyramid,
    "spinning_top": _spinning_top,
    "staircase": _staircase,
    "star": _star,
    "torus": _torus,
    "wedge": _wedge,
}


@cache
def convex_parts(name: str) -> tuple[NDArray[np.float64], ...]:
    """Corners (V, 3) of each convex piece of the mesh of that name. KeyError if there is no such mesh."""
    whole = mesh(name)
    if name not in _PIECES:
        raise KeyError(f"the mesh {name!r} has no convex pieces, so it cannot collide")
    return tuple((np.array(piece) - whole.centre) * whole.scale for piece in _PIECES[name]())
