"""Links as rigid capsules that keep their size, for engines that draw rigid bodies.

A straight link that changes its length is several capsules that slide over each other; a coil is one for every
piece of its wire, as long as that is at its longest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgen.physics.trace import Trace
from simgen.scene.links import WIRE, link_ends, link_frames, link_look
from simgen.scene.presence import links_drawn
from simgen.scene.spec import Look, SceneSpec, Shape

__all__ = ["Piece", "pieces"]

Floats = NDArray[np.float64]
TURNS, STEPS, LEAD = 10, 8, 0.1  # of a coil, as the ray caster's but for its finer steps
MOST = 32  # capsules for one straight link


@dataclass(frozen=True, slots=True)
class Piece:
    """A capsule that shows a part of link `link`."""

    link: int
    shape: Shape
    look: Look
    position_m: Floats  # (T, 3)
    rotation: Floats  # (T, 3, 3) from its own frame to the world
    facets: int  # around its axis


def pieces(scene: SceneSpec, trace: Trace) -> list[Piece]:
    """What stands for all links of the scene, in their order."""
    if not scene.links:
        return []
    middle, axes, length = link_frames(link_ends(scene, trace))
    result: list[Piece] = []
    for number in links_drawn(scene):
        link = scene.links[number]
        look, radius = link_look(link), link.radius_m
        if link.kind == "spring":
            wire, facets = WIRE * radius, 8
            local = _coil(radius - wire, length[:, number] / 2)
        else:
            wire, facets = radius, 16
            local = _overlapping(length[:, number])
        world = middle[:, number, None] + np.einsum("tij,tpj->tpi", axes[:, number], local)
        ends = np.stack([world[:, :-1], world[:, 1:]], axis=2) if link.kind == "spring" else _pairs(world)
        middles, turns, lengths = link_frames(ends)
        for k in range(ends.shape[1]):
            shape = Shape("capsule", (wire, float(lengths[:, k].max())))
            result.append(Piece(number, shape, look, middles[:, k], turns[:, k], facets))
    return result


def _pairs(points: Floats) -> Floats:
    """(T, 2·P, 3) → (T, P, 2, 3)."""
    return points.reshape(len(points), -1, 2, 3)


def _overlapping(length: Floats) -> Floats:
    """The ends (T, 2·P, 3), along z, of P stretches of one length that cover `length` (T,) together."""
    longest, shortest = float(length.max()), float(length.min())
    own = max(shortest, longest / MOST, 1e-9)
    count = max(1, math.ceil(longest / own - 1e-9))
    place = np.linspace(0.0, 1.0, count) if count > 1 else np.zeros(1)
    free = np.maximum(length - own, 0.0)[:, None]
    start = place * free - length[:, None] / 2
    z = np.stack([start, start + np.minimum(own, length)[:, None]], axis=-1).reshape(len(length), -1)
    return np.stack([np.zeros_like(z), np.zeros_like(z), z], axis=-1)


def _coil(radius: float, half: Floats) -> Floats:
    """Points (T, P, 3) along the wire of a coil of half lengths (T,)."""
    angle = 2 * math.pi * np.arange(TURNS * STEPS + 1) / STEPS
    x = np.concatenate([[0.0, 0.0], radius * np.cos(angle), [0.0, 0.0]])
    y = np.concatenate([[0.0, 0.0], radius * np.sin(angle), [0.0, 0.0]])
    helix = 1.0 - LEAD
    z = np.concatenate([[-1.0, -helix], np.linspace(-helix, helix, len(angle)), [helix, 1.0]])
    x, y, z = np.broadcast_arrays(x[None], y[None], half[:, None] * z)
    return np.stack([x, y, z], axis=-1)
