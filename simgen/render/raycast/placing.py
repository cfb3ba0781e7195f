"""Where things are in a frame: camera rays, solids seen from them, and what a solid can touch.

All bounds here may be too wide and are never too narrow: the fast path leaves alone what they exclude.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel

__all__ = ["camera_rays", "find_affected", "find_casters", "place"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]
SLACK = 1e-6  # metres: far above rounding, far below a pixel
MARGIN = 0.01  # pixels


@kernel
def camera_rays(camera: Floats, width: int, height: int, rays: Floats) -> None:
    """Fill `rays` (18,): world-frame origin, its change per pixel, direction, its change per pixel."""
    scale = 1.0 / camera[at.FOCAL]
    cu, cv = -0.5 * width * scale, -0.5 * height * scale
    flat = camera[at.FLAT] > 0.0
    for axis in range(3):
        right, down, ahead = camera[at.VIEW + axis], camera[at.VIEW + 3 + axis], camera[at.VIEW + 6 + axis]
        corner = cu * right + cv * down
        rays[axis] = camera[at.EYE + axis] + (corner if flat else 0.0)
        rays[3 + axis] = scale * right if flat else 0.0
        rays[6 + axis] = scale * down if flat else 0.0
        rays[9 + axis] = ahead if flat else ahead + corner
        rays[12 + axis] = 0.0 if flat else scale * right
        rays[15 + axis] = 0.0 if flat else scale * down


@kernel
def _rectangle(solids: Floats, b: int, kind: int, camera: Floats, width: int, height: int) -> None:
    """Fill RECT: the part of the picture outside of which no ray meets the solid's bounding volume."""
    focal, near = camera[at.FOCAL], camera[at.NEAR]
    cu, cv = 0.5 * width, 0.5 * height
    u0, v0, u1, v1 = math.inf, math.inf, -math.inf, -math.inf
    mx = solids[b, at.WORLD_MIDDLE] - camera[at.EYE]
    my = solids[b, at.WORLD_MIDDLE + 1] - camera[at.EYE + 1]
    mz = solids[b, at.WORLD_MIDDLE + 2] - camera[at.EYE + 2]
    x = camera[0] * mx + camera[1] * my + camera[2] * mz
    y = camera[3] * mx + camera[4] * my + camera[5] * mz
    z = camera[6] * mx + camera[7] * my + camera[8] * mz
    reach = solids[b, at.REACH]
    if z + reach < near or z - reach > camera[at.FAR]:
        pass
    elif camera[at.FLAT] > 0.0:
        if kind == at.SPHERE:
            u0, u1, v0, v1 = x - reach, x + reach, y - reach, y + reach
        else:
            ex, ey = 0.0, 0.0
            for axis in range(3):
                half = solids[b, at.HALF + axis]
                rx, ry, rz = (
                    solids[b, at.TURN + axis],
                    solids[b, at.TURN + 3 + axis],
                    solids[b, at.TURN + 6 + axis],
                )
                ex += half * abs(camera[0] * rx + camera[1] * ry + camera[2] * rz)
                ey += half * abs(camera[3] * rx + camera[4] * ry + camera[5] * rz)
            u0, u1, v0, v1 = x - ex, x + ex, y - ey, y + ey
        u0, u1, v0, v1 = u0 * focal + cu, u1 * focal + cu, v0 * focal + cv, v1 * focal + cv
    elif kind == at.SPHERE and z - reach > near:
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
                px += half * (camera[0] * rx + camera[1] * ry + camera[2] * rz)
                py += half * (camera[3] * rx + camera[4] * ry + camera[5] * rz)
                pz += half * (camera[6] * rx + camera[7] * ry + camera[8] * rz)
            if pz <= 0.5 * near:
                behind += 1
            else:
                u, v = px / pz * focal + cu, py / pz * focal + cv
                u0, u1, v0, v1 = min(u0, u), max(u1, u), min(v0, v), max(v1, v)
        if behind == 8:
            u0, u1 = math.inf, -math.inf
        elif behind > 0:
            u0, v0, u1, v1 = 0.0, 0.0, float(width), float(height)
    solids[b, at.RECT] = u0 - MARGIN
    solids[b, at.RECT + 1] = v0 - MARGIN
    solids[b, at.RECT + 2] = u1 + MARGIN
    solids[b, at.RECT + 3] = v1 + MARGIN


@kernel
def place(
    solids: Floats,
    tags: Integers,
    b: int,
    pose: Floats,
    camera: Floats,
    rays: Floats,
    width: int,
    height: int,
) -> None:
    """Fill the columns of solid `b` that depend on its pose, `pose` (12,) = centre and rotation, and on the camera."""
    for column in range(12):
        solids[b, column] = pose[column]
    for axis in range(3):
        solids[b, at.WORLD_MIDDLE + axis] = (
            pose[axis]
            + pose[3 + 3 * axis] * solids[b, at.MIDDLE]
            + pose[4 + 3 * axis] * solids[b, at.MIDDLE + 1]
            + pose[5 + 3 * axis] * solids[b, at.MIDDLE + 2]
        )
        # column `axis` of the rotation turns world vectors into the body's axis
        rx, ry, rz = pose[3 + axis], pose[6 + axis], pose[9 + axis]
        solids[b, at.ORIGIN + axis] = (
            rx * (rays[0] - pose[0]) + ry * (rays[1] - pose[1]) + rz * (rays[2] - pose[2])
        )
        for group in range(1, 6):
            solids[b, at.ORIGIN + 3 * group + axis] = (
                rx * rays[3 * group] + ry * rays[3 * group + 1] + rz * rays[3 * group + 2]
            )
    _rectangle(solids, b, tags[b, at.KIND], camera, width, height)


@kernel
def _meets(
    px: float, py: float, pz: float, ex: float, ey: float, ez: float,
    lx: float, ly: float, lz: float, last: float, wide: float,
    mx: float, my: float, mz: float, hx: float, hy: float, hz: float,
    xx: float, xy: float, xz: float, yx: float, yy: float, yz: float, zx: float, zy: float, zz: float,
) -> bool:  # fmt: skip
    """Whether p + s·l, 0 ≤ s ≤ last, comes near a box with middle m, half edges h and rotation rows x, y, z.

    Near: into the box widened by `wide` and by the half edges e (world axes) of a box around p. A segment from any point
    of that box stays within e of the segment from p, so the answer holds for all of them.
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
def find_casters(
    count: int,
    mark: Integers,
    solids: Floats,
    tags: Integers,
    shown: Integers,
    lights: Floats,
    box: Floats,
    casters: Integers,
    caster_count: Integers,
) -> None:
    """For every light the solids that can shade one of the rays' points (in `box`): `casters` (L, N) and how many."""
    sole = -1  # when all points are on one convex solid, it shades none of them
    for i in range(count):
        b = mark[at.M_BODY + i]
        if b >= 0 and b != sole:
            if sole >= 0 or not tags[b, at.CONVEX]:
                sole = -2
                break
            sole = b
    px, py, pz = 0.5 * (box[0] + box[3]), 0.5 * (box[1] + box[4]), 0.5 * (box[2] + box[5])
    ex, ey, ez = 0.5 * (box[3] - box[0]), 0.5 * (box[4] - box[1]), 0.5 * (box[5] - box[2])
    for light in range(lights.shape[0]):
        found = 0
        for b in range(solids.shape[0]):
            if not shown[b] or b == sole or box[0] > box[3]:
                continue
            mx, my, mz = (
                solids[b, at.WORLD_MIDDLE],
                solids[b, at.WORLD_MIDDLE + 1],
                solids[b, at.WORLD_MIDDLE + 2],
            )
            lx, ly, lz = (
                lights[light, at.TOWARDS],
                lights[light, at.TOWARDS + 1],
                lights[light, at.TOWARDS + 2],
            )
            wide, last = lights[light, at.SPREAD], math.inf
            if lights[light, at.POINT] > 0.0:
                lx, ly, lz = (
                    lights[light, at.PLACE] - px,
                    lights[light, at.PLACE + 1] - py,
                    lights[light, at.PLACE + 2] - pz,
                )
                last = 1.0
            elif wide > 0.0:
                wide *= (
                    math.sqrt((px - mx) ** 2 + (py - my) ** 2 + (pz - mz) ** 2)
                    + ex
                    + ey
                    + ez
                    + solids[b, at.REACH]
                )
            r = at.TURN
            if _meets(
                px, py, pz, ex, ey, ez, lx, ly, lz, last, wide, mx, my, mz,
                solids[b, at.HALF], solids[b, at.HALF + 1], solids[b, at.HALF + 2],
                solids[b, r], solids[b, r + 1], solids[b, r + 2], solids[b, r + 3], solids[b, r + 4],
                solids[b, r + 5], solids[b, r + 6], solids[b, r + 7], solids[b, r + 8],
            ):  # fmt: skip
                casters[light, found] = b
                found += 1
        caster_count[light] = found


@kernel
def find_affected(
    solids: Floats,
    chosen: Integers,
    lights: Floats,
    around: Floats,
    bounds: Floats,
    across: int,
    among: Bytes,
    affected: Bytes,
) -> None:
    """Set `affected` of the tiles `among` those given that a chosen solid can change.

    It can when its rectangle touches the tile or a pixel beside it, or when it can come between a light and a point that
    the tile sees (all of them are within the tile's `bounds`), or near enough to such a point to take ambient light.
    """
    for b in range(solids.shape[0]):
        if not chosen[b]:
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
                    if around[at.OCCLUSION] <= 0.0:
                        continue
                x0, y0, z0 = bounds[tile, 0], bounds[tile, 1], bounds[tile, 2]
                x1, y1, z1 = bounds[tile, 3], bounds[tile, 4], bounds[tile, 5]
                if x0 > x1:
                    continue
                px, py, pz = 0.5 * (x0 + x1), 0.5 * (y0 + y1), 0.5 * (z0 + z1)
                ex, ey, ez = 0.5 * (x1 - x0), 0.5 * (y1 - y0), 0.5 * (z1 - z0)
                if light < 0:
                    lx, ly, lz, last, wide = 0.0, 0.0, 0.0, 0.0, around[at.OCCLUSION]
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
                        wide *= (
                            math.sqrt((px - mx) ** 2 + (py - my) ** 2 + (pz - mz) ** 2)
                            + ex
                            + ey
                            + ez
                            + solids[b, at.REACH]
                        )
                if _meets(
                    px, py, pz, ex, ey, ez, lx, ly, lz, last, wide, mx, my, mz, hx, hy, hz,
                    xx, xy, xz, yx, yy, yz, zx, zy, zz,
                ):  # fmt: skip
                    affected[tile] = 1
