"""Procedural textures in the body's own coordinates, averaged over what a pixel covers.

`pattern` gives how much of the second colour shows at a point, 0..1. A pixel covers the parallelogram
spanned by two vectors on the surface (how the point moves for a step of one pixel right and down); regular
patterns are averaged over it exactly, per coordinate, and noise loses the octaves that are finer than it.
So nothing shimmers in the distance and texture edges need no further samples.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.render.raycast.arithmetic import arc, noise, square_wave
from simgen.render.raycast.compile import kernel
from simgen.render.raycast.layout import (
    BOX,
    BRUSHED,
    CAPSULE,
    CHECKER,
    CONE,
    MESH,
    NOISE,
    SPHERE,
    STRIPES,
    WOOD,
)

__all__ = ["pattern"]


@kernel
def _fade(width: float, period: float) -> float:
    """How much is left of a wave of `period` after averaging over `width`: 1 when narrow, 0 from one period
    on.
    """
    return min(max(1.5 - 1.5 * width / period, 0.0), 1.0)


@kernel
def _part(value: float) -> float:
    return float(min(max(value, 0.0), 1.0))


@kernel
def pattern(
    texture: int,
    size: float,
    kind: int,
    face: int,
    x: float,
    y: float,
    z: float,
    nx: float,
    ny: float,
    nz: float,
    ax: float,
    ay: float,
    az: float,
    bx: float,
    by: float,
    bz: float,
    s0: float,
    s1: float,
) -> float:
    """The second colour's part at (x, y, z), normal n, of a pixel that spans a and b (all in the body frame,
    metres).
    """
    if texture in (CHECKER, STRIPES):
        if kind in (BOX, MESH):
            mx, my, mz = abs(nx), abs(ny), abs(nz)
            if mz >= mx and mz >= my:
                u, v = x / size, y / size
                wu, wv = (abs(ax) + abs(bx)) / size, (abs(ay) + abs(by)) / size
            elif my >= mx:
                u, v = x / size, z / size
                wu, wv = (abs(ax) + abs(bx)) / size, (abs(az) + abs(bz)) / size
            else:
                u, v = y / size, z / size
                wu, wv = (abs(ay) + abs(by)) / size, (abs(az) + abs(bz)) / size
        else:
            # cells around the axis: a whole number of pairs, so that the pattern closes
            cells = 2.0 * max(1.0, np.floor(3.141592653589793 * s0 / size + 0.5))
            round2 = max(x * x + y * y, 1e-12)
            u = arc(y, x) * cells
            scale = cells * 0.15915494309189535 / round2
            wu = (abs(x * ay - y * ax) + abs(x * by - y * bx)) * scale
            if kind in (SPHERE, CAPSULE):
                h = 0.0 if kind == SPHERE else min(max(z, -s1), s1)
                rho = math.sqrt(round2)
                rows = 2.0 * max(1.0, np.floor(0.5 * 3.141592653589793 * s0 / size + 0.5))
                v = arc(z - h, rho) * rows * 2.0 + h / size
                wv = (math.sqrt(ax * ax + ay * ay + az * az) + math.sqrt(bx * bx + by * by + bz * bz)) * (
                    rows * 0.3183098861837907 / s0
                )
            elif face >= 4 and kind != CONE:  # the ends of cylinders and tubes: sectors and rings
                rho = math.sqrt(round2)
                v = rho / size
                wv = (abs(x * ax + y * ay) + abs(x * bx + y * by)) / (rho * size)
            else:
                v = z / size
                wv = (abs(az) + abs(bz)) / size
        if texture == STRIPES:
            return 0.5 - 0.5 * square_wave(u, wu)
        return 0.5 - 0.5 * square_wave(u, wu) * square_wave(v, wv)
    width = max(
        math.sqrt(ax * ax + ay * ay + az * az),
        math.sqrt(bx * bx + by * by + bz * bz),
    )
    if texture == WOOD:
        # growth rings about an axis outside the piece along x, bent by slow noise; fine fibres along x
        ring = 0.35 * size
        bend = noise(0.7 * x / size, 1.5 * y / size, 1.5 * z / size)
        yy, zz = y + 2.3 * size, z + 3.1 * size
        grow = math.sqrt(yy * yy + zz * zz) / ring + 2.2 * bend
        phase = grow - np.floor(grow)
        rise = phase * phase * (3.0 - 2.0 * phase) if phase < 0.8 else (1.0 - phase) * 5.0 * 0.896
        fibre = noise(3.0 * x / size, 45.0 * y / size, 45.0 * z / size)
        mean = 0.45
        rings, fibres = 0.75 * _fade(width, ring), 0.5 * _fade(width, size / 30.0)
        return _part(mean + (rise - mean) * rings + (fibre - 0.5) * fibres)
    if texture == NOISE:
        total, weight, period = 0.0, 0.5, size
        for octave in range(4):
            left = _fade(width, period)
            if left <= 0.0:
                break
            total += (
                weight * left * (noise(x / period + 17.0 * octave, y / period + 31.0, z / period + 5.0) - 0.5)
            )
            weight *= 0.5
            period *= 0.5
        return _part(0.5 + 1.6 * total)
    if texture == BRUSHED:
        # long fine scratches along x
        fine = 0.06 * size
        scratch = noise(0.6 * x / size, y / fine, z / fine)
        coarse = noise(0.3 * x / size + 9.0, 0.3 * y / fine, 0.3 * z / fine)
        streaks, bands = 0.7 * _fade(width, fine), 0.6 * _fade(width, 3.3 * fine)
        return _part(0.5 + (scratch - 0.5) * streaks + (coarse - 0.5) * bands)
    return 0.0
