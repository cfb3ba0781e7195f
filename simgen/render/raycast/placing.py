"""Where things are in a frame: camera rays, solids seen from them, and what a solid can touch.

All bounds here may be too wide and are never too narrow: the fast path leaves alone what they exclude.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel

__all__ = ["find_affected", "find_casters", "place", "place_camera"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]
SLACK = 1e-6  # metres: far above rounding, far below a pixel
MARGIN = 0.01  # pixels


@kernel
def place_camera(cameras: Floats, f: int, world: Floats) -> None:
    """Fill what `world` knows of the camera of frame f, `cameras` (F or 1, CAMERA), and of its rays."""
    for column in range(at.CAMERA):
        world[column] = cameras[min(f, cameras.shape[0] - 1), column]
    scale = 1.0 / world[at.FOCAL]
    cu, cv = -0.5 * world[at.WIDTH] * scale, -0.5 * world[at.HEIGHT] * scale
    flat = world[at.FLAT] > 0.0
    for axis in range(3):
        right, down, ahead = world[at.VIEW + axis], world[at.VIEW + 3 + axis], world[at.VIEW + 6 + axis]
        corner = cu * right + cv * down
        world[at.W_ORIGIN + axis] = world[at.EYE + axis] + (corner if flat else 0.0)
        world[at.W_ORIGIN_U + axis] = scale * right if flat else 0.0
        world[at.W_ORIGIN_V + axis] = scale * down if flat else 0.0
        world[at.W_RAY + axis] = ahead if flat else ahead + corner
        world[at.W_RAY_U + axis] = 0.0 if flat else scale * right
        world[at.W_RAY_V + axis] = 0.0 if flat else scale * down


@kernel
def _rectangle(solids: Floats, b: int, world: Floats) -> None:
    """Fill RECT: the part of the picture outside of which no ray meets the solid's bounding volume."""
    focal, near = world[at.FOCAL], world[at.NEAR]
    cu, cv = 0.5 * world[at.WIDTH], 0.5 * world[at.HEIGHT]
    u0, v0, u1, v1 = math.inf, math.inf, -math.inf, -math.inf
    mx = solids[b, at.WORLD_MIDDLE] - world[at.EYE]
    my = solids[b, at.WORLD_MIDDLE + 1] - world[at.EYE + 1]
    mz = solids[b, at.WORLD_MIDDLE + 2] - world[at.EYE + 2]
    x = world[0] * mx + world[1] * my + world[2] * mz
    y = world[3] * mx + world[4] * my + world[5] * mz
    z = world[6] * mx + world[7] * my + world[8] * mz
    reach = solids[b, at.REACH]
    round_one = solids[b, at.KIND] == at.SPHERE
    if z + reach < near or z - reach > world[at.FAR]:
        pass
    elif round_one and world[at.FLAT] > 0.0:
        u0, u1 = (x - reach) * focal + cu, (x + reach) * focal + cu
        v0, v1 = (y - reach) * focal + cv, (y + reach) * focal + cv
    elif round_one and z - reach > near:
        # tangents from the eye to the sphere's circle in the x-z and the y-z plane
        below = z * z - reach * reach
        ru = reach * math.sqrt(max(x * x + below, 0.0))
        rv = reach * math.sqrt(max(y * y + below, 0.0))
        u0, u1 = (x * z - ru) / below * focal + cu, (x * z + ru) / below * focal + cu
        v0, v1 = (y * z - rv) / below * focal + cv, (y * z + rv) / below * focal + cv
    else:
        behind = 0
        for corner in range(8):
            px, py, pz = x, y, z
            for axis in range(3):
                half = solids[b, at.HALF + axis]
                if (corner >> axis) & 1:
                    half = -half
                rx, ry, rz = (
                    solids[b, at.TURN + axis],
                    solids[b, at.TURN + 3 + axis],
                    solids[b, at.TURN + 6 + axis],
                )
                px += half * (world[0] * rx + world[1] * ry + world[2] * rz)
                py += half * (world[3] * rx + world[4] * ry + world[5] * rz)
                pz += half * (world[6] * rx + world[7] * ry + world[8] * rz)
            if world[at.FLAT] > 0.0:
                pz = 1.0
            if pz <= 0.5 * near:
                behind += 1
            else:
                u, v = px / pz * focal + cu, py / pz * focal + cv
                u0, u1, v0, v1 = min(u0, u), max(u1, u), min(v0, v), max(v1, v)
        if behind == 8:
            u0, u1 = math.inf, -math.inf
        elif behind > 0:
            u0, v0, u1, v1 = 0.0, 0.0, world[at.WIDTH], world[at.HEIGHT]
    solids[b, at.RECT] = u0 - MARGIN
    solids[b, at.RECT + 1] = v0 - MARGIN
    solids[b, at.RECT + 2] = u1 + MARGIN
    solids[b, at.RECT + 3] = v1 + MARGIN


@kernel
def place(solids: Floats, b: int, poses: Floats, f: int, world: Floats) -> None:
    """Fill the columns of solid `b` that depend on its pose, `poses[f, b]` = centre and rotation, and on the
    camera.
    """
    for column in range(12):
        solids[b, column] = poses[f, b, column]
    cx, cy, cz = poses[f, b, 0], poses[f, b, 1], poses[f, b, 2]
    for axis in range(3):
        solids[b, at.WORLD_MIDDLE + axis] = (
            poses[f, b, axis]
            + poses[f, b, 3 + 3 * axis] * solids[b, at.MIDDLE]
            + poses[f, b, 4 + 3 * axis] * solids[b, at.MIDDLE + 1]
            + poses[f, b, 5 + 3 * axis] * solids[b, at.MIDDLE + 2]
        )
        # column `axis` of the rotation turns world vectors into the body's axis
        rx, ry, rz = poses[f, b, 3 + axis], poses[f, b, 6 + axis], poses[f, b, 9 + axis]
        w = at.W_ORIGIN
        solids[b, at.ORIGIN + axis] = (
            rx * (world[w] - cx) + ry * (world[w + 1] - cy) + rz * (world[w + 2] - cz)
        )
        for group in range(1, 6):
            w = at.W_ORIGIN + 3 * group
            solids[b, at.ORIGIN + 3 * group + axis] = rx * world[w] + ry * world[w + 1] + rz * world[w + 2]
    _rectangle(solids, b, world)


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
    px, py, pz = 0.5 * (box[0] + box[3]), 0.5 * (box[1] + box[4]), 0.5 * (box[2] + box[5])
    ex, ey, ez = 0.5 * (box[3] - box[0]), 0.5 * (box[4] - box[1]), 0.5 * (box[5] - box[2])
    for light in range(-1, lights.shape[0]):
        found = 0
        for b in range(solids.shape[0]):
            if solids[b, at.SHOWN] == 0.0 or b == sole or box[0] > box[3]:
                continue
            mx, my, mz = (
                solids[b, at.WORLD_MIDDLE],
                solids[b, at.WORLD_MIDDLE + 1],
                solids[b, at.WORLD_MIDDLE + 2],
            )
            if light < 0:
                lx, ly, lz, last, wide = 0.0, 0.0, 0.0, 0.0, world[at.OCCLUSION]
                if wide <= 0.0:
                    break
            elif lights[light, at.POINT] > 0.0:
                lx, ly, lz = (
                    lights[light, at.PLACE] - px,
                    lights[light, at.PLACE + 1] - py,
                    lights[light, at.PLACE + 2] - pz,
                )
                last, wide = 1.0, lights[light, at.SPREAD]
            else:
                lx, ly, lz = (
                    lights[light, at.TOWARDS],
                    lights[light, at.TOWARDS + 1],
                    lights[light, at.TOWARDS + 2],
                )
                last, wide = math.inf, lights[light, at.SPREAD]
                if wide > 0.0:
                    wide *= _away(px - mx, py - my, pz - mz) + ex + ey + ez + solids[b, at.REACH]
            r = at.TURN
            if _meets(
                px, py, pz, ex, ey, ez, lx, ly, lz, last, wide, mx, my, mz,
                solids[b, at.HALF], solids[b, at.HALF + 1], solids[b, at.HALF + 2],
                solids[b, r], solids[b, r + 1], solids[b, r + 2], solids[b, r + 3], solids[b, r + 4],
                solids[b, r + 5], solids[b, r + 6], solids[b, r + 7], solids[b, r + 8],
            ):  # fmt: skip
                found += 1
                lists[at.CASTERS + light, found] = b
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
        mx, my, mz = (
            solids[b, at.WORLD_MIDDLE],
            solids[b, at.WORLD_MIDDLE + 1],
            solids[b, at.WORLD_MIDDLE + 2],
        )
        hx, hy, hz = solids[b, at.HALF], solids[b, at.HALF + 1], solids[b, at.HALF + 2]
        r = at.TURN
        xx, xy, xz = solids[b, r], solids[b, r + 1], solids[b, r + 2]
        yx, yy, yz = solids[b, r + 3], solids[b, r + 4], solids[b, r + 5]
        zx, zy, zz = solids[b, r + 6], solids[b, r + 7], solids[b, r + 8]
        for light in range(-1, lights.shape[0]):
            for tile in range(among.shape[0]):
                if affected[tile] or not among[tile]:
                    continue
                if light < 0:
                    x, y = (tile % across) * at.TILE, (tile // across) * at.TILE
                    if u0 < x + at.TILE + 1 and u1 > x - 1 and v0 < y + at.TILE + 1 and v1 > y - 1:
                        affected[tile] = 1
                        continue
                    if world[at.OCCLUSION] <= 0.0:
                        continue
                x0, y0, z0 = bounds[tile, 0], bounds[tile, 1], bounds[tile, 2]
                x1, y1, z1 = bounds[tile, 3], bounds[tile, 4], bounds[tile, 5]
                if x0 > x1:
                    continue
                px, py, pz = 0.5 * (x0 + x1), 0.5 * (y0 + y1), 0.5 * (z0 + z1)
                ex, ey, ez = 0.5 * (x1 - x0), 0.5 * (y1 - y0), 0.5 * (z1 - z0)
                if light < 0:
                    lx, ly, lz, last, wide = 0.0, 0.0, 0.0, 0.0, world[at.OCCLUSION]
                elif lights[light, at.POINT] > 0.0:
                    lx, ly, lz = (
                        lights[light, at.PLACE] - px,
                        lights[light, at.PLACE + 1] - py,
                        lights[light, at.PLACE + 2] - pz,
                    )
                    last, wide = 1.0, lights[light, at.SPREAD]
                else:
                    lx, ly, lz = (
                        lights[light, at.TOWARDS],
                        lights[light, at.TOWARDS + 1],
                        lights[light, at.TOWARDS + 2],
                    )
                    last, wide = math.inf, lights[light, at.SPREAD]
                    if wide > 0.0:
                        wide *= _away(px - mx, py - my, pz - mz) + ex + ey + ez + solids[b, at.REACH]
                if _meets(
                    px, py, pz, ex, ey, ez, lx, ly, lz, last, wide, mx, my, mz, hx, hy, hz,
                    xx, xy, xz, yx, yy, yz, zx, zy, zz,
                ):  # fmt: skip
                    affected[tile] = 1
