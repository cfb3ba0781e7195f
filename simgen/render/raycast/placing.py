"""Where things are in a frame: camera rays, solids seen from them, and what a solid can touch.

All bounds here may be too wide and are never too narrow: the fast path leaves alone what they exclude.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel

__all__ = ["camera_rays", "may_shade", "place"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
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
def may_shade(solids: Floats, b: int, lights: Floats, light: int, box: Floats) -> bool:
    """Whether solid `b` can stand between the light and some point of the world-frame `box` (6,) = low, high.

    A segment from a point of the box to the light stays within the box's half edges of the segment from the box's
    middle, so it is enough to widen the solid's bounding box by them (in its axes) and test that one segment.
    """
    if box[0] > box[3]:
        return False
    px, py, pz = 0.5 * (box[0] + box[3]), 0.5 * (box[1] + box[4]), 0.5 * (box[2] + box[5])
    ex, ey, ez = 0.5 * (box[3] - box[0]), 0.5 * (box[4] - box[1]), 0.5 * (box[5] - box[2])
    wx = px - solids[b, at.WORLD_MIDDLE]
    wy = py - solids[b, at.WORLD_MIDDLE + 1]
    wz = pz - solids[b, at.WORLD_MIDDLE + 2]
    if lights[light, at.POINT] > 0.0:
        lx, ly, lz = (
            lights[light, at.PLACE] - px,
            lights[light, at.PLACE + 1] - py,
            lights[light, at.PLACE + 2] - pz,
        )
        wide, last = lights[light, at.SPREAD], 1.0
    else:
        lx, ly, lz = lights[light, at.TOWARDS], lights[light, at.TOWARDS + 1], lights[light, at.TOWARDS + 2]
        far = (
            math.sqrt(wx * wx + wy * wy + wz * wz)
            + math.sqrt(ex * ex + ey * ey + ez * ez)
            + solids[b, at.REACH]
        )
        wide, last = lights[light, at.SPREAD] * far, math.inf
    enter, leave = 0.0, last
    for axis in range(3):
        rx, ry, rz = solids[b, at.TURN + axis], solids[b, at.TURN + 3 + axis], solids[b, at.TURN + 6 + axis]
        half = solids[b, at.HALF + axis] + abs(rx) * ex + abs(ry) * ey + abs(rz) * ez + wide + SLACK
        o = rx * wx + ry * wy + rz * wz
        d = rx * lx + ry * ly + rz * lz
        if abs(d) < 1e-12:
            d = 1e-12
        first, second = (-half - o) / d, (half - o) / d
        enter = max(enter, min(first, second))
        leave = min(leave, max(first, second))
    return enter <= leave
