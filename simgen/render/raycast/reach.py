"""What a solid can change in the picture: the points it may keep light from, and the tiles it may be part of.

All answers may be yes too often and are never no wrongly: the fast path leaves alone what they exclude.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel, part

__all__ = ["drop_missed", "enclose", "find_affected", "find_candidates", "find_casters"]

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
def _extent(solids: Floats, b: int, row: int) -> float:
    """How far solid `b` reaches from its middle along the world axis whose `row` of the rotation is given."""
    kind, h, r = int(solids[b, at.KIND]), at.HALF, at.TURN + row
    if kind == at.SPHERE:
        return float(solids[b, h])
    x, y, z = solids[b, r], solids[b, r + 1], solids[b, r + 2]
    if kind == at.CYLINDER or kind == at.TUBE:  # of the circle at its end
        return float(abs(z) * solids[b, h + 2] + math.sqrt(x * x + y * y) * solids[b, h])
    return float(abs(x) * solids[b, h] + abs(y) * solids[b, h + 1] + abs(z) * solids[b, h + 2])


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
    # in the world's axes, in which the points' box is no larger than it must be …
    hx, hy, hz = _extent(solids, b, 0), _extent(solids, b, 3), _extent(solids, b, 6)
    if not _meets(
        px, py, pz, ex, ey, ez, lx, ly, lz, last, wide, mx, my, mz, hx, hy, hz,
        1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0,
    ):  # fmt: skip
        return False
    # … and in the solid's, in which its own box is not
    return solids[b, at.KIND] == at.SPHERE or _meets(
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
def enclose(chosen: Bytes, bounds: Floats, balls: Floats) -> None:
    """Bring `balls` (8, tiles) up to date for the `chosen` tiles: around each of a tile's two boxes a ball, the
    middle x y z and the radius, which is -inf when the box is empty.
    """
    for tile in range(chosen.shape[0]):
        if not chosen[tile]:
            continue
        for k in range(2):
            square = 0.0
            for axis in range(3):
                low, high = bounds[tile, 6 * k + axis], bounds[tile, 6 * k + 3 + axis]
                balls[4 * k + axis, tile] = 0.5 * (low + high) if low <= high else 0.0
                square += (0.5 * (high - low)) ** 2
            empty = bounds[tile, 6 * k] > bounds[tile, 6 * k + 3]
            balls[4 * k + 3, tile] = -math.inf if empty else math.sqrt(square)


@part
def find_candidates(
    solids: Floats, chosen: int, lights: Floats, world: Floats, balls: Floats, candidates: Bytes
) -> None:
    """Set `candidates` of the tiles that `find_affected` must look at, and clear the others.

    For it takes long for a tile. Here a shadow is the ball around its solid, swept away from the light, and what a
    tile sees is `balls`, which the compiler tries for several tiles at once.
    """
    across = (int(world[at.WIDTH]) + at.TILE - 1) // at.TILE
    candidates[:] = 0
    for b in range(solids.shape[0]):
        if solids[b, chosen] == 0.0:
            continue
        left, top, right, bottom = _touched(solids, b, world)
        for row in range(top, bottom):
            for tile in range(row * across + left, row * across + right):
                candidates[tile] = 1
        m, t = at.WORLD_MIDDLE, at.TOWARDS
        mx, my, mz = solids[b, m], solids[b, m + 1], solids[b, m + 2]
        for light in range(lights.shape[0]):
            lx, ly, lz = lights[light, t], lights[light, t + 1], lights[light, t + 2]
            reach = solids[b, at.REACH] + SLACK
            if lights[light, at.POINT] > 0.0 or lights[light, at.SPREAD] > 0.0:
                reach = math.inf  # its shadow widens: every tile
            for k in range(0, 8, 4):
                for tile in range(candidates.shape[0]):
                    wx, wy, wz = mx - balls[k, tile], my - balls[k + 1, tile], mz - balls[k + 2, tile]
                    along, both = wx * lx + wy * ly + wz * lz, reach + balls[k + 3, tile]
                    beside = wx * wx + wy * wy + wz * wz - along * along
                    candidates[tile] |= 1 if along >= -both and beside <= both * both else 0
    if world[at.OCCLUSION] > 0.0:
        candidates[:] = 1


@kernel
def _touched(solids: Floats, b: int, world: Floats) -> tuple[int, int, int, int]:
    """The first column and row of tiles that solid `b` can be seen in, and those after the last.

    They are also those whose edges its outline can change: for that it must hide the centre of a pixel beside the
    tile, half a pixel from it.
    """
    across = (int(world[at.WIDTH]) + at.TILE - 1) // at.TILE
    down = (int(world[at.HEIGHT]) + at.TILE - 1) // at.TILE
    r = at.RECT
    u0, v0, u1, v1 = solids[b, r], solids[b, r + 1], solids[b, r + 2], solids[b, r + 3]
    if not (u0 < u1 and v0 < v1):
        return 0, 0, 0, 0
    left, top = math.floor((u0 - 0.5) / at.TILE), math.floor((v0 - 0.5) / at.TILE)
    right, bottom = math.floor((u1 + 0.5) / at.TILE) + 1.0, math.floor((v1 + 0.5) / at.TILE) + 1.0
    return (
        int(min(max(left, 0.0), across)), int(min(max(top, 0.0), down)),
        int(min(max(right, 0.0), across)), int(min(max(bottom, 0.0), down)),
    )  # fmt: skip


@kernel
def find_affected(
    solids: Floats, chosen: int, lights: Floats, world: Floats, bounds: Floats, among: Bytes, affected: Bytes
) -> None:
    """Set `affected` of those of the tiles `among` that a solid can change whose column `chosen` is not 0.

    It can when its rectangle touches the tile or the centre of a pixel beside it, or when it can come between a light
    and a point that the tile sees (all of them are within the tile's `bounds`), or near enough to such a
    point to take ambient light.
    """
    across = (int(world[at.WIDTH]) + at.TILE - 1) // at.TILE
    for b in range(solids.shape[0]):
        if solids[b, chosen] == 0.0:
            continue
        left, top, right, bottom = _touched(solids, b, world)
        for row in range(top, bottom):
            for tile in range(row * across + left, row * across + right):
                if among[tile]:
                    affected[tile] = 1
        for light in range(-1 if world[at.OCCLUSION] > 0.0 else 0, lights.shape[0]):
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


@kernel
def drop_missed(
    solids: Floats, chosen: int, lights: Floats, world: Floats, bounds: Floats, depth: Floats, affected: Bytes
) -> None:
    """Clear `affected` of tiles that no solid changes after all whose column `chosen` is not 0.

    Boxes around what a tile sees, and rectangles around round solids, affect up to a third more tiles than change.
    Where a tile has no edge, only rays through pixels' centres count: its own, and those of the pixels beside it, whose
    change would make an edge. So they are asked one by one, whether they or the ways from where they end (`depth`, of
    the picture without the chosen solids) to the lights meet a solid's bounding box or ball.
    """
    if world[at.OCCLUSION] > 0.0:
        return
    for light in range(lights.shape[0]):
        if lights[light, at.POINT] > 0.0 or lights[light, at.SPREAD] > 0.0:
            return
    width, height = int(world[at.WIDTH]), int(world[at.HEIGHT])
    across = (width + at.TILE - 1) // at.TILE
    for tile in range(affected.shape[0]):
        if not affected[tile] or bounds[tile, at.EDGES] > 0.0:
            continue
        row, column = tile // across, tile % across
        x0, x1 = max(column * at.TILE - 1, 0), min((column + 1) * at.TILE + 1, width)
        y0, y1 = max(row * at.TILE - 1, 0), min((row + 1) * at.TILE + 1, height)
        met = 0
        for b in range(solids.shape[0]):
            if met > 0 or solids[b, chosen] == 0.0:
                continue
            left, top, right, bottom = _touched(solids, b, world)
            if column >= left and column < right and row >= top and row < bottom:
                met = _count_meeting(solids, b, lights, -1, x0, y0, x1, y1, width, depth)
            for light in range(lights.shape[0]):
                for k in range(0, at.BOX_SOLID, 6):
                    if met == 0 and _can_reach(
                        solids, b, lights, light, world, bounds[tile, k], bounds[tile, k + 1], bounds[tile, k + 2],
                        bounds[tile, k + 3], bounds[tile, k + 4], bounds[tile, k + 5],
                    ):  # fmt: skip
                        met = _count_meeting(solids, b, lights, light, x0, y0, x1, y1, width, depth)
        if met == 0:
            affected[tile] = 0


@kernel
def _count_meeting(
    solids: Floats,
    b: int,
    lights: Floats,
    light: int,
    x0: int,
    y0: int,
    x1: int,
    y1: int,
    width: int,
    depth: Floats,
) -> int:
    """How many rays through centres of the pixels [x0, x1) × [y0, y1) meet the bounding box and ball of solid `b`: the
    camera's (`light` -1), or those from where they end at `depth` to the light.
    """
    o, d, r = at.ORIGIN, at.RAY, at.TURN
    ox, oy, oz = (
        solids[b, o] - solids[b, at.MIDDLE],
        solids[b, o + 1] - solids[b, at.MIDDLE + 1],
        solids[b, o + 2] - solids[b, at.MIDDLE + 2],
    )
    oxu, oyu, ozu = solids[b, o + 3], solids[b, o + 4], solids[b, o + 5]
    oxv, oyv, ozv = solids[b, o + 6], solids[b, o + 7], solids[b, o + 8]
    rx, ry, rz = solids[b, d], solids[b, d + 1], solids[b, d + 2]
    rxu, ryu, rzu = solids[b, d + 3], solids[b, d + 4], solids[b, d + 5]
    rxv, ryv, rzv = solids[b, d + 6], solids[b, d + 7], solids[b, d + 8]
    lx, ly, lz = 0.0, 0.0, 0.0
    if light >= 0:
        sx, sy, sz = lights[light, at.TOWARDS], lights[light, at.TOWARDS + 1], lights[light, at.TOWARDS + 2]
        lx = solids[b, r] * sx + solids[b, r + 3] * sy + solids[b, r + 6] * sz
        ly = solids[b, r + 1] * sx + solids[b, r + 4] * sy + solids[b, r + 7] * sz
        lz = solids[b, r + 2] * sx + solids[b, r + 5] * sy + solids[b, r + 8] * sz
    wide = 4.0 * SLACK  # a shadow ray starts a little off its surface
    hx, hy, hz = solids[b, at.HALF] + wide, solids[b, at.HALF + 1] + wide, solids[b, at.HALF + 2] + wide
    ball = (solids[b, at.REACH] + wide) ** 2
    met = 0
    for y in range(y0, y1):
        for x in range(x0, x1):
            u, v, t = x + 0.5, y + 0.5, depth[y * width + x]
            px, py, pz = ox + u * oxu + v * oxv, oy + u * oyu + v * oyv, oz + u * ozu + v * ozv
            dx, dy, dz = rx + u * rxu + v * rxv, ry + u * ryu + v * ryv, rz + u * rzu + v * rzv
            seen = t < math.inf
            t = t if seen and light >= 0 else 0.0
            px, py, pz = px + t * dx, py + t * dy, pz + t * dz
            dx, dy, dz = lx if light >= 0 else dx, ly if light >= 0 else dy, lz if light >= 0 else dz
            along, square = px * dx + py * dy + pz * dz, dx * dx + dy * dy + dz * dz
            beside = px * px + py * py + pz * pz - along * along / square
            ix = 1.0 / (dx if abs(dx) > 1e-12 else 1e-12)
            iy = 1.0 / (dy if abs(dy) > 1e-12 else 1e-12)
            iz = 1.0 / (dz if abs(dz) > 1e-12 else 1e-12)
            ax, bx = (-hx - px) * ix, (hx - px) * ix
            ay, by = (-hy - py) * iy, (hy - py) * iy
            az, bz = (-hz - pz) * iz, (hz - pz) * iz
            enter = max(max(0.0, min(ax, bx)), max(min(ay, by), min(az, bz)))
            leave = min(max(ax, bx), min(max(ay, by), max(az, bz)))
            hit = (beside <= ball) & (enter <= leave) & (seen | (light < 0))
            met += 1 if hit else 0
        if met > 0:
            return met
    return met
