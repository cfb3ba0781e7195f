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
from simgen.render.raycast.compile import kernel, part
from simgen.render.raycast.mesh import mesh_hit, mesh_normal
from simgen.render.raycast.solids import (
    INFINITE,
    ball_hit,
    box_hit,
    cylinder_hit,
    first_hit,
    surface,
    tube_hit,
)

__all__ = ["cast", "locate", "meet", "seeing"]

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
        hits, s0 = 0, solids[b, at.SIZE]
        if kind == at.SPHERE:  # a formula of its own, without cancellation far away
            for i in range(count):
                u, v = track[at.T_U + i], track[at.T_V + i]
                px, py, pz = ox + u * oxu + v * oxv, oy + u * oyu + v * oyv, oz + u * ozu + v * ozv
                dx, dy, dz = rx + u * rxu + v * rxv, ry + u * ryu + v * ryv, rz + u * rzu + v * rzv
                inverse = 1.0 / (dx * dx + dy * dy + dz * dz)
                middle = -(px * dx + py * dy + pz * dz) * inverse
                # the distance of the ray from the centre, from its nearest point
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
            for i in range(count):
                u, v = track[at.T_U + i], track[at.T_V + i]
                track[at.T_OX + i] = ox + u * oxu + v * oxv
                track[at.T_OY + i] = oy + u * oyu + v * oyv
                track[at.T_OZ + i] = oz + u * ozu + v * ozv
                track[at.T_MX + i] = rx + u * rxu + v * rxv
                track[at.T_MY + i] = ry + u * ryu + v * ryv
                track[at.T_MZ + i] = rz + u * rzu + v * rzv
                track[at.T_START + i], track[at.T_WAY + i] = near, far
            meet(count, track, mark, solids, nodes, corners, b)
            for i in range(count):
                t, depth = track[at.T_HIT + i], track[at.T_DEPTH + i]
                hits += 1 if t < far else 0
                nearer = t < far and t < depth
                mark[at.M_BODY + i] = b if nearer else mark[at.M_BODY + i]
                mark[at.M_FACE + i] = mark[at.M_TRIANGLE + i] if nearer else mark[at.M_FACE + i]
                track[at.T_DEPTH + i] = t if nearer else depth
        solids[b, met] += hits


@part
def meet(
    count: int, track: Floats, mark: Integers, solids: Floats, nodes: Floats, corners: Floats, b: int
) -> None:
    """T_HIT = where `count` rays in the frame of solid `b` first cross its surface; infinite when they do not.

    T_OX… is where a ray comes from, T_MX… the way it goes; crossings before T_START do not count, those from
    T_WAY on need not be right. M_TRIANGLE says which triangle of a mesh was met.
    """
    kind = int(solids[b, at.KIND])
    s0, s1, s2 = solids[b, at.SIZE], solids[b, at.SIZE + 1], solids[b, at.SIZE + 2]
    root, end = int(solids[b, at.ROOT]), int(solids[b, at.ROOT_END])
    # one loop per kind, most of them without branches, which the compiler runs for several rays at once
    for i in range(count if kind == at.SPHERE else 0):
        track[at.T_HIT + i] = ball_hit(
            track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i],
            track[at.T_MX + i], track[at.T_MY + i], track[at.T_MZ + i], s0, track[at.T_START + i],
        )  # fmt: skip
    for i in range(count if kind == at.BOX else 0):
        track[at.T_HIT + i] = box_hit(
            track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i],
            track[at.T_MX + i], track[at.T_MY + i], track[at.T_MZ + i], s0, s1, s2, track[at.T_START + i],
        )  # fmt: skip
    for i in range(count if kind == at.CYLINDER else 0):
        track[at.T_HIT + i] = cylinder_hit(
            track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i],
            track[at.T_MX + i], track[at.T_MY + i], track[at.T_MZ + i], s0, s1, track[at.T_START + i],
        )  # fmt: skip
    for i in range(count if kind == at.TUBE else 0):
        track[at.T_HIT + i] = tube_hit(
            track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i],
            track[at.T_MX + i], track[at.T_MY + i], track[at.T_MZ + i], s0, s1, s2, track[at.T_START + i],
        )  # fmt: skip
    for i in range(count if kind in (at.CAPSULE, at.CONE, at.COIL, at.MESH) else 0):
        way, start = track[at.T_WAY + i], track[at.T_START + i]
        ox, oy, oz = track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i]
        dx, dy, dz = track[at.T_MX + i], track[at.T_MY + i], track[at.T_MZ + i]
        hit, triangle = INFINITE, 0
        if way > start:
            if kind == at.MESH:
                hit, triangle = mesh_hit(nodes, corners, root, end, ox, oy, oz, dx, dy, dz, start, way)
            else:
                hit = first_hit(kind, ox, oy, oz, dx, dy, dz, s0, s1, s2, start)
        track[at.T_HIT + i], mark[at.M_TRIANGLE + i] = hit, triangle


@kernel
def locate(
    count: int,
    track: Floats,
    mark: Integers,
    solids: Floats,
    corners: Floats,
    world: Floats,
    lists: Integers,
    box: Floats,
) -> None:
    """Point and normal (towards the camera) and face of every ray that met something, and the points' bounds.

    `box` (BOUNDS,) says whose points are the first of its two boxes; if it names no solid yet, the first seen.
    """
    w = at.W_ORIGIN
    ox, oy, oz = world[w], world[w + 1], world[w + 2]
    oxu, oyu, ozu = world[w + 3], world[w + 4], world[w + 5]
    oxv, oyv, ozv = world[w + 6], world[w + 7], world[w + 8]
    dx, dy, dz = world[w + 9], world[w + 10], world[w + 11]
    dxu, dyu, dzu = world[w + 12], world[w + 13], world[w + 14]
    dxv, dyv, dzv = world[w + 15], world[w + 16], world[w + 17]
    for i in range(count):
        u, v, t = track[at.T_U + i], track[at.T_V + i], track[at.T_DEPTH + i]
        track[at.T_X + i] = ox + u * oxu + v * oxv + t * (dx + u * dxu + v * dxv)
        track[at.T_Y + i] = oy + u * oyu + v * oyv + t * (dy + u * dyu + v * dyv)
        track[at.T_Z + i] = oz + u * ozu + v * ozv + t * (dz + u * dzu + v * dzv)
    if box[at.BOX_SOLID] < 0.0:
        first = 0
        while first < count and mark[at.M_BODY + first] < 0:
            first += 1
        box[at.BOX_SOLID] = mark[at.M_BODY + first] if first < count else -1.0
    _bound(count, track, mark, int(box[at.BOX_SOLID]), box)
    for k in range(lists[at.NEARBY, 0]):
        b = lists[at.NEARBY, k + 1]
        first, end = seeing(count, mark, b)
        if first < end:
            _face(end - first, track[first:], mark[first:], solids, corners, b)


@kernel
def _bound(count: int, track: Floats, mark: Integers, solid: int, box: Floats) -> None:
    """The two boxes of `box`: around the points on `solid`, and around those on all others.

    The compiler does not reorder minima, so a loop to one minimum would take the rays one by one. Eighths of the
    rays are folded onto the first of them instead, several rays at once, in rows that are free until `_face`.
    """
    eighth = count // 8
    for axis in range(3):
        row = at.T_X + axis * at.ROOM
        for i in range(eighth):
            low, high, low_rest, high_rest = math.inf, -math.inf, math.inf, -math.inf
            for k in range(8):
                x, b = track[row + i + k * eighth], mark[at.M_BODY + i + k * eighth]
                own, rest = b == solid, b >= 0 and b != solid
                low, high = min(low, x if own else math.inf), max(high, x if own else -math.inf)
                low_rest = min(low_rest, x if rest else math.inf)
                high_rest = max(high_rest, x if rest else -math.inf)
            track[at.T_OX + i], track[at.T_OY + i] = low, high
            track[at.T_OZ + i], track[at.T_MX + i] = low_rest, high_rest
        low, high, low_rest, high_rest = math.inf, -math.inf, math.inf, -math.inf
        for i in range(8 * eighth, count):
            x, b = track[row + i], mark[at.M_BODY + i]
            own, rest = b == solid, b >= 0 and b != solid
            low, high = min(low, x if own else math.inf), max(high, x if own else -math.inf)
            low_rest = min(low_rest, x if rest else math.inf)
            high_rest = max(high_rest, x if rest else -math.inf)
        for i in range(eighth):
            low, high = min(low, track[at.T_OX + i]), max(high, track[at.T_OY + i])
            low_rest, high_rest = min(low_rest, track[at.T_OZ + i]), max(high_rest, track[at.T_MX + i])
        box[axis], box[3 + axis] = low, high
        box[6 + axis], box[9 + axis] = low_rest, high_rest


@kernel
def seeing(count: int, mark: Integers, b: int) -> tuple[int, int]:
    """The first of the rays that see solid `b`, and the one after the last; equal when none does.

    `track[first:]` has the same rows as `track`, with that ray as the first of each.
    """
    first, end = 0, count
    while first < end and mark[at.M_BODY + first] != b:
        first += 1
    while first < end and mark[at.M_BODY + end - 1] != b:
        end -= 1
    return first, end


@kernel
def _face(count: int, track: Floats, mark: Integers, solids: Floats, corners: Floats, b: int) -> None:
    """Body-frame point, normal and face, and world-frame normal, of the rays that see solid `b`."""
    o, d, r, s = at.ORIGIN, at.RAY, at.TURN, at.SIZE
    ox, oy, oz = solids[b, o], solids[b, o + 1], solids[b, o + 2]
    oxu, oyu, ozu = solids[b, o + 3], solids[b, o + 4], solids[b, o + 5]
    oxv, oyv, ozv = solids[b, o + 6], solids[b, o + 7], solids[b, o + 8]
    dx, dy, dz = solids[b, d], solids[b, d + 1], solids[b, d + 2]
    dxu, dyu, dzu = solids[b, d + 3], solids[b, d + 4], solids[b, d + 5]
    dxv, dyv, dzv = solids[b, d + 6], solids[b, d + 7], solids[b, d + 8]
    xx, xy, xz = solids[b, r], solids[b, r + 1], solids[b, r + 2]
    yx, yy, yz = solids[b, r + 3], solids[b, r + 4], solids[b, r + 5]
    zx, zy, zz = solids[b, r + 6], solids[b, r + 7], solids[b, r + 8]
    s0, s1, s2 = solids[b, s], solids[b, s + 1], solids[b, s + 2]
    kind = int(solids[b, at.KIND])
    for i in range(count):
        u, v, t = track[at.T_U + i], track[at.T_V + i], track[at.T_DEPTH + i]
        own = mark[at.M_BODY + i] == b
        x = ox + u * oxu + v * oxv + t * (dx + u * dxu + v * dxv)
        y = oy + u * oyu + v * oyv + t * (dy + u * dyu + v * dyv)
        z = oz + u * ozu + v * ozv + t * (dz + u * dzu + v * dzv)
        track[at.T_OX + i] = x if own else track[at.T_OX + i]
        track[at.T_OY + i] = y if own else track[at.T_OY + i]
        track[at.T_OZ + i] = z if own else track[at.T_OZ + i]
    if kind == at.BOX:  # as `solids.surface`, without branches
        for i in range(count):
            x, y, z = track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i]
            own = mark[at.M_BODY + i] == b
            ax, ay, az = abs(abs(x) - s0), abs(abs(y) - s1), abs(abs(z) - s2)
            on_x = ax <= ay and ax <= az
            on_y = not on_x and ay <= az
            along = x if on_x else (y if on_y else z)
            side = 1.0 if along > 0.0 else -1.0
            face = (0 if on_x else (2 if on_y else 4)) + (0 if along > 0.0 else 1)
            nx, ny = side if on_x else 0.0, side if on_y else 0.0
            nz = side - nx - ny
            track[at.T_MX + i] = nx if own else track[at.T_MX + i]
            track[at.T_MY + i] = ny if own else track[at.T_MY + i]
            track[at.T_MZ + i] = nz if own else track[at.T_MZ + i]
            mark[at.M_FACE + i] = face if own else mark[at.M_FACE + i]
    elif kind == at.SPHERE:
        scale = 1.0 / s0
        for i in range(count):
            own = mark[at.M_BODY + i] == b
            track[at.T_MX + i] = track[at.T_OX + i] * scale if own else track[at.T_MX + i]
            track[at.T_MY + i] = track[at.T_OY + i] * scale if own else track[at.T_MY + i]
            track[at.T_MZ + i] = track[at.T_OZ + i] * scale if own else track[at.T_MZ + i]
            mark[at.M_FACE + i] = 0 if own else mark[at.M_FACE + i]
    else:
        for i in range(count):
            if mark[at.M_BODY + i] != b:
                continue
            x, y, z = track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i]
            if kind == at.MESH:
                triangle = mark[at.M_FACE + i]
                nx, ny, nz = mesh_normal(corners, triangle, x, y, z)
                # smooth groups, and whether it is nearly side-on, so that a fold in front of itself has an
                # edge
                u, v = track[at.T_U + i], track[at.T_V + i]
                gx, gy, gz = dx + u * dxu + v * dxv, dy + u * dyu + v * dyv, dz + u * dzu + v * dzv
                away, square = nx * gx + ny * gy + nz * gz, gx * gx + gy * gy + gz * gz
                steep = 4 if away > -0.3 * math.sqrt(square) else 0
                face = (int(corners[triangle, at.GROUP]) * 9 + steep) & 0xFF
                if away > 0.0:  # a smooth normal beyond the outline: turned back onto it
                    nx, ny, nz = nx - away / square * gx, ny - away / square * gy, nz - away / square * gz
                    scale = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
                    nx, ny, nz = nx * scale, ny * scale, nz * scale
            else:
                nx, ny, nz, face = surface(kind, x, y, z, s0, s1, s2)
            track[at.T_MX + i], track[at.T_MY + i], track[at.T_MZ + i] = nx, ny, nz
            mark[at.M_FACE + i] = face
    inside = math.inf if kind == at.MESH else 0.0  # a normal along the ray: seen from inside, turned round
    for i in range(count):
        own = mark[at.M_BODY + i] == b
        u, v = track[at.T_U + i], track[at.T_V + i]
        nx, ny, nz = track[at.T_MX + i], track[at.T_MY + i], track[at.T_MZ + i]
        away = nx * (dx + u * dxu + v * dxv) + ny * (dy + u * dyu + v * dyv) + nz * (dz + u * dzu + v * dzv)
        turn = -1.0 if own and away > inside else 1.0
        nx, ny, nz = nx * turn, ny * turn, nz * turn
        track[at.T_MX + i], track[at.T_MY + i], track[at.T_MZ + i] = nx, ny, nz
        track[at.T_NX + i] = xx * nx + xy * ny + xz * nz if own else track[at.T_NX + i]
        track[at.T_NY + i] = yx * nx + yy * ny + yz * nz if own else track[at.T_NY + i]
        track[at.T_NZ + i] = zx * nx + zy * ny + zz * nz if own else track[at.T_NZ + i]
