"""Follow a few hundred camera rays at once: what they meet, and where.

The rays of a tile are kept in columns (`layout.T_…`, `layout.M_…`) and every step runs over all of them for one solid
before it turns to the next, so the kind of the solid is looked at once per tile and not once per ray.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel
from simgen.render.raycast.solids import first_hit, surface

__all__ = ["cast", "locate"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]


@kernel
def cast(
    count: int,
    track: Floats,
    mark: Integers,
    solids: Floats,
    tags: Integers,
    nearby: Integers,
    nearby_count: int,
    near: float,
    far: float,
    alone: Integers,
) -> None:
    """Find for `count` rays the nearest of the `nearby` solids; add to `alone` the number of rays that meet each."""
    for i in range(count):
        track[at.T_DEPTH, i] = far
        mark[at.M_BODY, i] = -1
    for k in range(nearby_count):
        b = nearby[k]
        kind = tags[b, at.KIND]
        ox, oy, oz = solids[b, at.ORIGIN], solids[b, at.ORIGIN + 1], solids[b, at.ORIGIN + 2]
        oxu, oyu, ozu = solids[b, at.ORIGIN_U], solids[b, at.ORIGIN_U + 1], solids[b, at.ORIGIN_U + 2]
        oxv, oyv, ozv = solids[b, at.ORIGIN_V], solids[b, at.ORIGIN_V + 1], solids[b, at.ORIGIN_V + 2]
        rx, ry, rz = solids[b, at.RAY], solids[b, at.RAY + 1], solids[b, at.RAY + 2]
        rxu, ryu, rzu = solids[b, at.RAY_U], solids[b, at.RAY_U + 1], solids[b, at.RAY_U + 2]
        rxv, ryv, rzv = solids[b, at.RAY_V], solids[b, at.RAY_V + 1], solids[b, at.RAY_V + 2]
        s0, s1, s2 = solids[b, at.SIZE], solids[b, at.SIZE + 1], solids[b, at.SIZE + 2]
        met = 0
        for i in range(count):
            u, v = track[at.T_U, i], track[at.T_V, i]
            t = first_hit(
                kind,
                ox + u * oxu + v * oxv,
                oy + u * oyu + v * oyv,
                oz + u * ozu + v * ozv,
                rx + u * rxu + v * rxv,
                ry + u * ryu + v * ryv,
                rz + u * rzu + v * rzv,
                s0,
                s1,
                s2,
                near,
            )
            if t < far:
                met += 1
                if t < track[at.T_DEPTH, i]:
                    track[at.T_DEPTH, i] = t
                    mark[at.M_BODY, i] = b
        alone[b] += met


@kernel
def locate(
    count: int, track: Floats, mark: Integers, solids: Floats, tags: Integers, rays: Floats, box: Floats
) -> None:
    """World point and normal (towards the camera) and face of every ray that met something; `box` = their bounds."""
    x0, y0, z0 = math.inf, math.inf, math.inf
    x1, y1, z1 = -math.inf, -math.inf, -math.inf
    for i in range(count):
        b = mark[at.M_BODY, i]
        if b < 0:
            continue
        u, v, t = track[at.T_U, i], track[at.T_V, i], track[at.T_DEPTH, i]
        px = rays[0] + u * rays[3] + v * rays[6] + t * (rays[9] + u * rays[12] + v * rays[15])
        py = rays[1] + u * rays[4] + v * rays[7] + t * (rays[10] + u * rays[13] + v * rays[16])
        pz = rays[2] + u * rays[5] + v * rays[8] + t * (rays[11] + u * rays[14] + v * rays[17])
        track[at.T_POINT, i], track[at.T_POINT + 1, i], track[at.T_POINT + 2, i] = px, py, pz
        x0, y0, z0 = min(x0, px), min(y0, py), min(z0, pz)
        x1, y1, z1 = max(x1, px), max(y1, py), max(z1, pz)
        o, d = at.ORIGIN, at.RAY
        dx = solids[b, d] + u * solids[b, d + 3] + v * solids[b, d + 6]
        dy = solids[b, d + 1] + u * solids[b, d + 4] + v * solids[b, d + 7]
        dz = solids[b, d + 2] + u * solids[b, d + 5] + v * solids[b, d + 8]
        x = solids[b, o] + u * solids[b, o + 3] + v * solids[b, o + 6] + t * dx
        y = solids[b, o + 1] + u * solids[b, o + 4] + v * solids[b, o + 7] + t * dy
        z = solids[b, o + 2] + u * solids[b, o + 5] + v * solids[b, o + 8] + t * dz
        nx, ny, nz, face = surface(
            tags[b, at.KIND], x, y, z, solids[b, at.SIZE], solids[b, at.SIZE + 1], solids[b, at.SIZE + 2]
        )
        if nx * dx + ny * dy + nz * dz > 0.0:  # seen from inside
            nx, ny, nz = -nx, -ny, -nz
        mark[at.M_FACE, i] = face
        for axis in range(3):
            row = at.TURN + 3 * axis
            track[at.T_NORMAL + axis, i] = (
                solids[b, row] * nx + solids[b, row + 1] * ny + solids[b, row + 2] * nz
            )
    box[0], box[1], box[2], box[3], box[4], box[5] = x0, y0, z0, x1, y1, z1
