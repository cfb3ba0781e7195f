"""What a solid can change in the picture: the points it may keep light from, and the tiles it may be part of.

All answers may be yes too often and are never no wrongly: the fast path leaves alone what they exclude.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel

__all__ = ["find_affected", "find_casters"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]
SLACK = 1e-6  # metres: far above rounding, far below a pixel


@kernel
def _meets(
    px: float, py: float, pz: float, ex: float, ey: float, ez: float,
    lx: float, ly: float, lz: float, last: float, wide: float,
    mx: float, my: float, mz: float, hx: float, hy: float, hz: float,
    xx: float, xy: float, xz: float, yx: float, yy: float, yz: float, zx: float, zy: float, zz: float,
) -> bool:  # fmt: skip
    """Whether p + s·l, 0 ≤ s ≤ last, comes near a box with middle m, half edges h and rotation rows x, y, z.

    Near: into the box widened by `wide` and by the half edges e (world axes) of a box around p. A segment
    from any point of that box stays within e of the segment from p, so the answer holds for all of them.
    """
    wx, wy, wz = px - mx, py - my, pz - mz
    dx, dy, dz = xx * lx + yx * ly + zx * lz, xy * lx + yy * ly + zy * lz, xz * lx + yz * ly + zz * lz
    ox, oy, oz = xx * wx + yx * wy + zx * wz, xy * wx + yy * wy + zy * wz, xz * wx + yz * wy + zz * wz
    hx += abs(xx) * ex + abs(yx) * ey + abs(zx) * ez + wide + SLACK
    hy += abs(xy) * ex + abs(yy) * ey + abs(zy) * ez + wide + SLACK
    hz += abs(xz) * ex + abs(yz) * ey + abs(zz) * ez + wide + SLACK
    ix = 1.0 / (dx if abs(dx) > 1e-12 else 1e-12)
    iy = 1.0 / (dy if abs(dy) > 1e-12 else 1e-12)
    iz = 1.0 / (dz if abs(dz) > 1e-12 else 1e-12)
    x0, x1 = (-hx - ox) * ix, (hx - ox) * ix
    y0, y1 = (-hy - oy) * iy, (hy - oy) * iy
    z0, z1 = (-hz - oz) * iz, (hz - oz) * iz
    enter = max(0.0, min(x0, x1), min(y0, y1), min(z0, z1))
    leave = min(last, max(x0, x1), max(y0, y1), max(z0, z1))
    return enter <= leave


@kernel
def _away(x: float, y: float, z: float) -> float:
    return math.sqrt(x * x + y * y + z * z)


@kernel
def _can_reach(
    solids: Floats, b: int, lights: Floats, light: int, world: Floats,
    x0: float, y0: float, z0: float, x1: float, y1: float, z1: float,
) -> bool:  # fmt: skip
    """Whether solid `b` can come between `light` and a point of the box from 0 to 1, which may be empty.

    Light -1 stands for ambient light, which is taken by what is near enough.
    """
    if x0 > x1:
        return False
    px, py, pz = 0.5 * (x0 + x1), 0.5 * (y0 + y1), 0.5 * (z0 + z1)
    ex, ey, ez = 0.5 * (x1 - x0), 0.5 * (y1 - y0), 0.5 * (z1 - z0)
    m, h, r = at.WORLD_MIDDLE, at.HALF, at.TURN
    mx, my, mz = solids[b, m], solids[b, m + 1], solids[b, m + 2]
    if light < 0:
        lx, ly, lz, last, wide = 0.0, 0.0, 0.0, 0.0, world[at.OCCLUSION]
        if wide <= 0.0:
            return False
    elif lights[light, at.POINT] > 0.0:
        p = at.PLACE
        lx, ly, lz = lights[light, p] - px, lights[light, p + 1] - py, lights[light, p + 2] - pz
        last, wide = 1.0, lights[light, at.SPREAD]
    else:
        t = at.TOWARDS
        lx, ly, lz = lights[light, t], lights[light, t + 1], lights[light, t + 2]
        last, wide = math.inf, lights[light, at.SPREAD]
        if wide > 0.0:
            wide *= _away(px - mx, py - my, pz - mz) + ex + ey + ez + solids[b, at.REACH]
        # for the balls around the box and the solid: closer than the boxes at their corners
        wx, wy, wz = mx - px, my - py, mz - pz
        along, both = wx * lx + wy * ly + wz * lz, _away(ex, ey, ez) + solids[b, at.REACH] + wide + SLACK
        if along < -both or wx * wx + wy * wy + wz * wz - along * along > both * both:
            return False
    return _meets(
        px, py, pz, ex, ey, ez, lx, ly, lz, last, wide, mx, my, mz,
        solids[b, h], solids[b, h + 1], solids[b, h + 2],
        solids[b, r], solids[b, r + 1], solids[b, r + 2], solids[b, r + 3], solids[b, r + 4],
        solids[b, r + 5], solids[b, r + 6], solids[b, r + 7], solids[b, r + 8],
    )  # fmt: skip


@kernel
def find_casters(
    count: int, mark: Integers, solids: Floats, lights: Floats, world: Floats, box: Floats, lists: Integers
) -> None:
    """List the solids that can shade one of the rays' points (in `box`), per light, and those near enough to
    occlude.
    """
    sole = -1  # when all points are on one convex solid, it shades none of them
    for i in range(count):
        b = mark[at.M_BODY + i]
        if b >= 0 and b != sole:
            if sole >= 0 or solids[b, at.CONVEX] == 0.0:
                sole = -2
                break
            sole = b
    for light in range(-1, lights.shape[0]):
        found = 0
        for b in range(solids.shape[0]):
            if solids[b, at.SHOWN] == 0.0 or b == sole:
                continue
            for k in range(0, at.BOX_SOLID, 6):
                if _can_reach(
                    solids, b, lights, light, world, box[k], box[k + 1], box[k + 2], box[k + 3], box[k + 4], box[k + 5]
                ):  # fmt: skip
                    found += 1
                    lists[at.CASTERS + light, found] = b
                    break
        lists[at.CASTERS + light, 0] = found


@kernel
def find_affected(
    solids: Floats, chosen: int, lights: Floats, world: Floats, bounds: Floats, among: Bytes, affected: Bytes
) -> None:
    """Set `affected` of those of the tiles `among` that a solid can change whose column `chosen` is not 0.

    It can when its rectangle touches the tile or a pixel beside it, or when it can come between a light
    and a point that the tile sees (all of them are within the tile's `bounds`), or near enough to such a
    point to take ambient light.
    """
    across = (int(world[at.WIDTH]) + at.TILE - 1) // at.TILE
    for b in range(solids.shape[0]):
        if solids[b, chosen] == 0.0:
            continue
        u0, v0 = solids[b, at.RECT], solids[b, at.RECT + 1]
        u1, v1 = solids[b, at.RECT + 2], solids[b, at.RECT + 3]
        for tile in range(among.shape[0]):
            x, y = (tile % across) * at.TILE, (tile // across) * at.TILE
            near = u0 < x + at.TILE + 1 and u1 > x - 1 and v0 < y + at.TILE + 1 and v1 > y - 1
            if among[tile] and near:
                affected[tile] = 1
        for light in range(-1, lights.shape[0]):
            for tile in range(among.shape[0]):
                if affected[tile] or not among[tile]:
                    continue
                for k in range(0, at.BOX_SOLID, 6):
                    if _can_reach(
                        solids, b, lights, light, world, bounds[tile, k], bounds[tile, k + 1], bounds[tile, k + 2],
                        bounds[tile, k + 3], bounds[tile, k + 4], bounds[tile, k + 5],
                    ):  # fmt: skip
                        affected[tile] = 1
                        break
