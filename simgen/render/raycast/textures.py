"""Procedural textures in the body's own coordinates, averaged over what a pixel covers.

A texture says how much of the second colour shows at a point, 0..1. A pixel covers the parallelogram
spanned by two vectors on the surface (how the point moves for a step of one pixel right and down); regular
patterns are averaged over it exactly, per coordinate, and noise loses the octaves that are finer than it.
So nothing shimmers in the distance and texture edges need no further samples.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.arithmetic import arc, noise, square_wave
from simgen.render.raycast.compile import kernel, spliced

__all__ = ["add_texture"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]


@spliced
def add_texture(count: int, track: Floats, mark: Integers, solids: Floats, b: int) -> None:
    """Mix the second colour into the rays that see solid `b`, as much as its texture says."""
    kind, texture, size = int(solids[b, at.KIND]), int(solids[b, at.TEXTURE]), solids[b, at.TEXTURE_SIZE]
    _find_spans(count, track, solids, b)
    if texture in (at.CHECKER, at.STRIPES):
        if kind in (at.BOX, at.MESH):
            _lay_tiles(count, track, size, texture == at.CHECKER)
        else:
            _wrap_tiles(count, track, mark, solids, b, size, texture == at.CHECKER)
    else:
        _grow(count, track, texture, size)
    red = solids[b, at.SECOND] - solids[b, at.COLOUR]
    green = solids[b, at.SECOND + 1] - solids[b, at.COLOUR + 1]
    blue = solids[b, at.SECOND + 2] - solids[b, at.COLOUR + 2]
    for i in range(count):
        part = track[at.T_PART + i]
        part = part if mark[at.M_BODY + i] == b else 0.0
        track[at.T_RED + i] += part * red
        track[at.T_GREEN + i] += part * green
        track[at.T_BLUE + i] += part * blue


@kernel
def _find_spans(count: int, track: Floats, solids: Floats, b: int) -> None:
    """T_A… and T_B…: how the point moves on its tangent plane for a step of one pixel, in the frame of `b`.

    It is the step of the ray's end minus as much of the ray as brings it back to the plane.
    """
    o, d = at.ORIGIN, at.RAY
    dx0, dy0, dz0 = solids[b, d], solids[b, d + 1], solids[b, d + 2]
    dxu, dyu, dzu = solids[b, d + 3], solids[b, d + 4], solids[b, d + 5]
    dxv, dyv, dzv = solids[b, d + 6], solids[b, d + 7], solids[b, d + 8]
    oxu, oyu, ozu = solids[b, o + 3], solids[b, o + 4], solids[b, o + 5]
    oxv, oyv, ozv = solids[b, o + 6], solids[b, o + 7], solids[b, o + 8]
    for i in range(count):
        u, v, t = track[at.T_U + i], track[at.T_V + i], track[at.T_DEPTH + i]
        mx, my, mz = track[at.T_MX + i], track[at.T_MY + i], track[at.T_MZ + i]
        dx, dy, dz = dx0 + u * dxu + v * dxv, dy0 + u * dyu + v * dyv, dz0 + u * dzu + v * dzv
        facing = 1.0 / min(dx * mx + dy * my + dz * mz, -1e-9)
        ax, ay, az = oxu + t * dxu, oyu + t * dyu, ozu + t * dzu
        bx, by, bz = oxv + t * dxv, oyv + t * dyv, ozv + t * dzv
        a, c = (ax * mx + ay * my + az * mz) * facing, (bx * mx + by * my + bz * mz) * facing
        track[at.T_AX + i], track[at.T_AY + i], track[at.T_AZ + i] = ax - a * dx, ay - a * dy, az - a * dz
        track[at.T_BX + i], track[at.T_BY + i], track[at.T_BZ + i] = bx - c * dx, by - c * dy, bz - c * dz


@kernel
def _lay_tiles(count: int, track: Floats, size: float, squares: bool) -> None:
    """T_PART of squares or stripes on flat faces: in the two coordinates that the normal has the least of."""
    scale = 1.0 / size
    for i in range(count):
        mx, my, mz = abs(track[at.T_MX + i]), abs(track[at.T_MY + i]), abs(track[at.T_MZ + i])
        x, y, z = track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i]
        on_z, on_x = mz >= max(mx, my), mx > max(my, mz)
        wx = abs(track[at.T_AX + i]) + abs(track[at.T_BX + i])
        wy = abs(track[at.T_AY + i]) + abs(track[at.T_BY + i])
        wz = abs(track[at.T_AZ + i]) + abs(track[at.T_BZ + i])
        along = square_wave((y if on_x else x) * scale, (wy if on_x else wx) * scale)
        across = square_wave((y if on_z else z) * scale, (wy if on_z else wz) * scale)
        track[at.T_PART + i] = 0.5 - 0.5 * along * (across if squares else 1.0)


@kernel
def _wrap_tiles(
    count: int, track: Floats, mark: Integers, solids: Floats, b: int, size: float, squares: bool
) -> None:
    """T_PART of squares or stripes on a round body: around its axis, and along it or from pole to pole."""
    kind, radius, half = int(solids[b, at.KIND]), solids[b, at.SIZE], solids[b, at.SIZE + 1]
    # a whole number of pairs of cells around the axis and from pole to pole, so that the pattern closes
    cells = 2.0 * max(1.0, np.floor(3.141592653589793 * radius / size + 0.5))
    rows = 4.0 * max(1.0, np.floor(0.5 * 3.141592653589793 * radius / size + 0.5))
    around, from_pole = cells * 0.15915494309189535, rows * 0.15915494309189535 / radius
    for i in range(count):
        x, y = track[at.T_OX + i], track[at.T_OY + i]
        ax, ay, bx, by = track[at.T_AX + i], track[at.T_AY + i], track[at.T_BX + i], track[at.T_BY + i]
        width = (abs(x * ay - y * ax) + abs(x * by - y * bx)) * (around / max(x * x + y * y, 1e-12))
        track[at.T_PART + i] = 0.5 * square_wave(arc(y, x) * cells, width)
    if squares and kind in (at.SPHERE, at.CAPSULE):
        half = 0.0 if kind == at.SPHERE else half
        for i in range(count):
            x, y, z = track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i]
            ax, ay, az = track[at.T_AX + i], track[at.T_AY + i], track[at.T_AZ + i]
            bx, by, bz = track[at.T_BX + i], track[at.T_BY + i], track[at.T_BZ + i]
            h, rho = min(max(z, -half), half), math.sqrt(max(x * x + y * y, 1e-12))
            width = math.sqrt(ax * ax + ay * ay + az * az) + math.sqrt(bx * bx + by * by + bz * bz)
            track[at.T_PART + i] *= square_wave(arc(z - h, rho) * rows + h / size, width * from_pole)
    elif squares:
        for i in range(count):
            x, y, z = track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i]
            ax, ay, az = track[at.T_AX + i], track[at.T_AY + i], track[at.T_AZ + i]
            bx, by, bz = track[at.T_BX + i], track[at.T_BY + i], track[at.T_BZ + i]
            # the ends of cylinders and tubes: sectors and rings
            end, rho = mark[at.M_FACE + i] >= 4 and kind != at.CONE, math.sqrt(max(x * x + y * y, 1e-12))
            width = (abs(x * ax + y * ay) + abs(x * bx + y * by)) / (rho * size)
            width = width if end else (abs(az) + abs(bz)) / size
            track[at.T_PART + i] *= square_wave((rho if end else z) / size, width)
    for i in range(count):
        track[at.T_PART + i] = 0.5 - track[at.T_PART + i]


@spliced
def _grow(count: int, track: Floats, texture: int, size: float) -> None:
    """T_PART of wood, noise and brushed metal: solid textures, cut by the surface."""
    for i in range(count):
        ax, ay, az = track[at.T_AX + i], track[at.T_AY + i], track[at.T_AZ + i]
        bx, by, bz = track[at.T_BX + i], track[at.T_BY + i], track[at.T_BZ + i]
        track[at.T_SPAN + i] = math.sqrt(max(ax * ax + ay * ay + az * az, bx * bx + by * by + bz * bz))
        track[at.T_PART + i] = 0.5
    scale = 1.0 / size
    if texture == at.WOOD:
        # growth rings about an axis beside the piece along x, bent by slow noise; fine fibres along x
        ring = 0.35 * size
        _add_noise(count, track, 0.7 * scale, 1.5 * scale, 1.5 * scale, 0.0, 1.0, math.inf)
        for i in range(count):
            y, z, bend = (
                track[at.T_OY + i] + 2.3 * size,
                track[at.T_OZ + i] + 3.1 * size,
                track[at.T_PART + i],
            )
            turns = math.sqrt(y * y + z * z) / ring + 2.2 * bend
            phase = turns - np.floor(turns)
            rise, fall = phase * phase * (3.0 - 2.0 * phase), (1.0 - phase) * 4.48  # they meet at 0.8
            left = min(max(1.5 - 1.5 * track[at.T_SPAN + i] / ring, 0.0), 1.0)
            track[at.T_PART + i] = 0.45 + ((rise if phase < 0.8 else fall) - 0.45) * 0.75 * left
        _add_noise(count, track, 3.0 * scale, 45.0 * scale, 45.0 * scale, 0.0, 0.5, size / 30.0)
    elif texture == at.NOISE:
        weight, period = 0.8, size
        for octave in range(4):
            _add_noise(count, track, 1.0 / period, 1.0 / period, 1.0 / period, 17.0 * octave, weight, period)
            weight, period = 0.5 * weight, 0.5 * period
    elif texture == at.BRUSHED:
        # long scratches along x, fine and coarse
        fine = 16.0 * scale
        _add_noise(count, track, 0.6 * scale, fine, fine, 0.0, 0.7, 1.0 / fine)
        _add_noise(count, track, 0.3 * scale, 0.3 * fine, 0.3 * fine, 9.0, 0.6, 3.3 / fine)
    for i in range(count):
        track[at.T_PART + i] = min(max(track[at.T_PART + i], 0.0), 1.0)


@kernel
def _add_noise(
    count: int, track: Floats, sx: float, sy: float, sz: float, shift: float, weight: float, period: float
) -> None:
    """T_PART += noise about 0, of the point times s plus `shift`; nothing where a pixel spans `period` or
    more.
    """
    widest = 0.0
    for i in range(count):
        widest = max(widest, 1.5 - 1.5 * track[at.T_SPAN + i] / period)
    if widest <= 0.0:
        return
    for i in range(count):
        x, y, z = (
            track[at.T_OX + i] * sx + shift,
            track[at.T_OY + i] * sy + shift,
            track[at.T_OZ + i] * sz + shift,
        )
        left = min(max(1.5 - 1.5 * track[at.T_SPAN + i] / period, 0.0), 1.0)
        track[at.T_PART + i] += weight * left * (noise(x, y, z) - 0.5)
