"""Follow a few hundred camera rays at once: what they meet, and where.

The rays of a tile are kept in rows (`layout.T_…`, `layout.M_…`) and every step runs over all of them for
one solid before it turns to the next, so the kind of the solid is looked at once per tile and not once per
ray.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel
from simgen.render.raycast.mesh import mesh_hit, mesh_normal
from simgen.render.raycast.solids import INFINITE, TINY, first_hit, surface

__all__ = ["cast", "locate"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]


@kernel
def cast(
    count: int,
    track: Floats,
    mark: Integers,
    solids: Floats,
    nodes: Floats,
    corners: Floats,
    world: Floats,
    lists: Integers,
    met: int,
) -> None:
    """Find for `count` rays the nearest of the solids NEARBY; add to column `met` how many rays meet each."""
    near, far = world[at.NEAR], world[at.FAR]
    for i in range(count):
        track[at.T_DEPTH + i] = far
        mark[at.M_BODY + i] = -1
    for k in range(lists[at.NEARBY, 0]):
        b = lists[at.NEARBY, k + 1]
        kind = int(solids[b, at.KIND])
        ox, oy, oz = solids[b, at.ORIGIN], solids[b, at.ORIGIN + 1], solids[b, at.ORIGIN + 2]
        oxu, oyu, ozu = solids[b, at.ORIGIN_U], solids[b, at.ORIGIN_U + 1], solids[b, at.ORIGIN_U + 2]
        oxv, oyv, ozv = solids[b, at.ORIGIN_V], solids[b, at.ORIGIN_V + 1], solids[b, at.ORIGIN_V + 2]
        rx, ry, rz = solids[b, at.RAY], solids[b, at.RAY + 1], solids[b, at.RAY + 2]
        rxu, ryu, rzu = solids[b, at.RAY_U], solids[b, at.RAY_U + 1], solids[b, at.RAY_U + 2]
        rxv, ryv, rzv = solids[b, at.RAY_V], solids[b, at.RAY_V + 1], solids[b, at.RAY_V + 2]
        s0, s1, s2 = solids[b, at.SIZE], solids[b, at.SIZE + 1], solids[b, at.SIZE + 2]
        hits = 0
        if (
            kind == at.BOX
        ):  # the two commonest kinds as loops without branches, which the compiler runs in parallel
            for i in range(count):
                u, v = track[at.T_U + i], track[at.T_V + i]
                px, py, pz = ox + u * oxu + v * oxv, oy + u * oyu + v * oyv, oz + u * ozu + v * ozv
                dx, dy, dz = rx + u * rxu + v * rxv, ry + u * ryu + v * ryv, rz + u * rzu + v * rzv
                ix = 1.0 / (dx if abs(dx) > TINY else TINY)
                iy = 1.0 / (dy if abs(dy) > TINY else TINY)
                iz = 1.0 / (dz if abs(dz) > TINY else TINY)
                x0, x1 = (-s0 - px) * ix, (s0 - px) * ix
                y0, y1 = (-s1 - py) * iy, (s1 - py) * iy
                z0, z1 = (-s2 - pz) * iz, (s2 - pz) * iz
                enter = max(min(x0, x1), min(y0, y1), min(z0, z1))
                leave = min(max(x0, x1), max(y0, y1), max(z0, z1))
                t = enter if enter >= near else leave
                t = t if enter <= leave and t >= near else INFINITE
                depth = track[at.T_DEPTH + i]
                hits += 1 if t < far else 0
                mark[at.M_BODY + i] = b if t < depth else mark[at.M_BODY + i]
                track[at.T_DEPTH + i] = t if t < depth else depth
        elif kind == at.SPHERE:
            for i in range(count):
                u, v = track[at.T_U + i], track[at.T_V + i]
                px, py, pz = ox + u * oxu + v * oxv, oy + u * oyu + v * oyv, oz + u * ozu + v * ozv
                dx, dy, dz = rx + u * rxu + v * rxv, ry + u * ryu + v * ryv, rz + u * rzu + v * rzv
                inverse = 1.0 / (dx * dx + dy * dy + dz * dz)
                middle = -(px * dx + py * dy + pz * dz) * inverse
                # the distance of the ray from the centre, from its nearest point: no cancellation far away
                qx, qy, qz = px + middle * dx, py + middle * dy, pz + middle * dz
                square = (s0 * s0 - (qx * qx + qy * qy + qz * qz)) * inverse
                half = math.sqrt(max(square, 0.0))
                t = middle - half if middle - half >= near else middle + half
                t = t if square > 0.0 and t >= near else INFINITE
                depth = track[at.T_DEPTH + i]
                hits += 1 if t < far else 0
                mark[at.M_BODY + i] = b if t < depth else mark[at.M_BODY + i]
                track[at.T_DEPTH + i] = t if t < depth else depth
        else:
            root, end = int(solids[b, at.ROOT]), int(solids[b, at.ROOT_END])
            for i in range(count):
                u, v = track[at.T_U + i], track[at.T_V + i]
                px, py, pz = ox + u * oxu + v * oxv, oy + u * oyu + v * oyv, oz + u * ozu + v * ozv
                dx, dy, dz = rx + u * rxu + v * rxv, ry + u * ryu + v * ryv, rz + u * rzu + v * rzv
                triangle = 0
                if kind == at.MESH:
                    t, triangle = mesh_hit(nodes, corners, root, end, px, py, pz, dx, dy, dz, near, far)
                else:
                    t = first_hit(kind, px, py, pz, dx, dy, dz, s0, s1, s2, near)
                if t < far:
                    hits += 1
                    if t < track[at.T_DEPTH + i]:
                        track[at.T_DEPTH + i] = t
                        mark[at.M_BODY + i] = b
                        mark[at.M_FACE + i] = triangle
        solids[b, met] += hits


@kernel
def locate(
    count: int, track: Floats, mark: Integers, solids: Floats, corners: Floats, world: Floats, box: Floats
) -> None:
    """Point and normal (towards the camera) and face of every ray that met something; `box` = the points'
    bounds.
    """
    x0, y0, z0 = math.inf, math.inf, math.inf
    x1, y1, z1 = -math.inf, -math.inf, -math.inf
    o, d, w, r = at.ORIGIN, at.RAY, at.W_ORIGIN, at.TURN
    for i in range(count):
        b = mark[at.M_BODY + i]
        if b < 0:
            continue
        u, v, t = track[at.T_U + i], track[at.T_V + i], track[at.T_DEPTH + i]
        px = (
            world[w]
            + u * world[w + 3]
            + v * world[w + 6]
            + t * (world[w + 9] + u * world[w + 12] + v * world[w + 15])
        )
        py = (
            world[w + 1]
            + u * world[w + 4]
            + v * world[w + 7]
            + t * (world[w + 10] + u * world[w + 13] + v * world[w + 16])
        )
        pz = (
            world[w + 2]
            + u * world[w + 5]
            + v * world[w + 8]
            + t * (world[w + 11] + u * world[w + 14] + v * world[w + 17])
        )
        track[at.T_X + i], track[at.T_Y + i], track[at.T_Z + i] = px, py, pz
        x0, y0, z0 = min(x0, px), min(y0, py), min(z0, pz)
        x1, y1, z1 = max(x1, px), max(y1, py), max(z1, pz)
        dx = solids[b, d] + u * solids[b, d + 3] + v * solids[b, d + 6]
        dy = solids[b, d + 1] + u * solids[b, d + 4] + v * solids[b, d + 7]
        dz = solids[b, d + 2] + u * solids[b, d + 5] + v * solids[b, d + 8]
        x = solids[b, o] + u * solids[b, o + 3] + v * solids[b, o + 6] + t * dx
        y = solids[b, o + 1] + u * solids[b, o + 4] + v * solids[b, o + 7] + t * dy
        z = solids[b, o + 2] + u * solids[b, o + 5] + v * solids[b, o + 8] + t * dz
        kind = int(solids[b, at.KIND])
        if kind == at.MESH:
            triangle = mark[at.M_FACE + i]
            nx, ny, nz = mesh_normal(corners, triangle, x, y, z)
            # smooth groups, and which way it faces, so that a fold in front of itself has an edge
            face = int(corners[triangle, at.GROUP]) * 9
            side = nx * dx + ny * dy + nz * dz
            length = math.sqrt(dx * dx + dy * dy + dz * dz)
            face += 4 if side > -0.3 * length else 0
            face = face & 0xFF
        else:
            nx, ny, nz, face = surface(
                kind, x, y, z, solids[b, at.SIZE], solids[b, at.SIZE + 1], solids[b, at.SIZE + 2]
            )
        away = nx * dx + ny * dy + nz * dz
        if away > 0.0 and kind != at.MESH:  # seen from inside
            nx, ny, nz = -nx, -ny, -nz
        elif away > 0.0:  # a smooth normal beyond the outline: turned back onto it
            square = dx * dx + dy * dy + dz * dz
            nx, ny, nz = nx - away / square * dx, ny - away / square * dy, nz - away / square * dz
            scale = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
            nx, ny, nz = nx * scale, ny * scale, nz * scale
        mark[at.M_FACE + i] = face
        track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i] = x, y, z
        track[at.T_MX + i], track[at.T_MY + i], track[at.T_MZ + i] = nx, ny, nz
        track[at.T_NX + i] = solids[b, r] * nx + solids[b, r + 1] * ny + solids[b, r + 2] * nz
        track[at.T_NY + i] = solids[b, r + 3] * nx + solids[b, r + 4] * ny + solids[b, r + 5] * nz
        track[at.T_NZ + i] = solids[b, r + 6] * nx + solids[b, r + 7] * ny + solids[b, r + 8] * nz
    box[0], box[1], box[2], box[3], box[4], box[5] = x0, y0, z0, x1, y1, z1
