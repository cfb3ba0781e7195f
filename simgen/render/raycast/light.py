"""Light: shadows, the colour of a surface and of the sky, all in linear light.

Diffuse light is Lambert's, the highlight is the GGX distribution (Walter et al. 2007) with Schlick's Fresnel term, both
made of arithmetic that has the same bits everywhere. Light from everywhere is a little weaker from below, which gives
undersides a shape. Distance mixes in the horizon's colour, so a large ground ends in the sky instead of at an edge.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel
from simgen.render.raycast.solids import first_hit
from simgen.render.raycast.textures import pattern

__all__ = ["paint"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
LIFT = 1e-6  # metres: a shadow ray starts this far from its surface


@kernel
def _cast_shadow(
    count: int,
    track: Floats,
    mark: Integers,
    solids: Floats,
    tags: Integers,
    b: int,
    light: int,
    point: bool,
    sx: float,
    sy: float,
    sz: float,
) -> None:
    """Close T_OPEN of the rays whose points solid `b` hides from the light; s is where it is or the way to it."""
    kind, convex = tags[b, at.KIND], tags[b, at.CONVEX]
    mx, my, mz = solids[b, at.WORLD_MIDDLE], solids[b, at.WORLD_MIDDLE + 1], solids[b, at.WORLD_MIDDLE + 2]
    cx, cy, cz = solids[b, at.CENTRE], solids[b, at.CENTRE + 1], solids[b, at.CENTRE + 2]
    r = at.TURN
    xx, xy, xz = solids[b, r], solids[b, r + 1], solids[b, r + 2]
    yx, yy, yz = solids[b, r + 3], solids[b, r + 4], solids[b, r + 5]
    zx, zy, zz = solids[b, r + 6], solids[b, r + 7], solids[b, r + 8]
    s0, s1, s2 = solids[b, at.SIZE], solids[b, at.SIZE + 1], solids[b, at.SIZE + 2]
    reach = solids[b, at.REACH]
    for i in range(count):
        own = mark[at.M_BODY + i]
        if own < 0 or (own == b and convex) or track[at.T_OPEN + i] == 0.0:
            continue
        x, y, z = track[at.T_X + i], track[at.T_Y + i], track[at.T_Z + i]
        lx, ly, lz, distance = sx, sy, sz, math.inf
        if point:
            lx, ly, lz = sx - x, sy - y, sz - z
            distance = math.sqrt(lx * lx + ly * ly + lz * lz)
            lx, ly, lz = lx / distance, ly / distance, lz / distance
        wx, wy, wz = mx - x, my - y, mz - z
        along = wx * lx + wy * ly + wz * lz
        if along < -reach or wx * wx + wy * wy + wz * wz - along * along > reach * reach:
            continue
        nx, ny, nz = track[at.T_NX + i], track[at.T_NY + i], track[at.T_NZ + i]
        if nx * lx + ny * ly + nz * lz <= 0.0:
            continue
        px, py, pz = x + LIFT * nx - cx, y + LIFT * ny - cy, z + LIFT * nz - cz
        hit = first_hit(
            kind,
            xx * px + yx * py + zx * pz,
            xy * px + yy * py + zy * pz,
            xz * px + yz * py + zz * pz,
            xx * lx + yx * ly + zx * lz,
            xy * lx + yy * ly + zy * lz,
            xz * lx + yz * ly + zz * lz,
            s0,
            s1,
            s2,
            1e-4 * reach if own == b else 0.0,
        )
        if hit < distance:
            mark[at.M_SHADE + i] |= 1 << light
            track[at.T_OPEN + i] = 0.0


@kernel
def _add_texture(
    count: int, track: Floats, mark: Integers, solids: Floats, tags: Integers, looks: Floats, b: int
) -> None:
    """Mix the second colour into the rays that see solid `b`, as much as its texture says."""
    o, d = at.ORIGIN, at.RAY
    kind, texture, size = tags[b, at.KIND], int(looks[b, at.TEXTURE]), looks[b, at.TEXTURE_SIZE]
    s0, s1 = solids[b, at.SIZE], solids[b, at.SIZE + 1]
    dx0, dy0, dz0 = solids[b, d], solids[b, d + 1], solids[b, d + 2]
    dxu, dyu, dzu = solids[b, d + 3], solids[b, d + 4], solids[b, d + 5]
    dxv, dyv, dzv = solids[b, d + 6], solids[b, d + 7], solids[b, d + 8]
    oxu, oyu, ozu = solids[b, o + 3], solids[b, o + 4], solids[b, o + 5]
    oxv, oyv, ozv = solids[b, o + 6], solids[b, o + 7], solids[b, o + 8]
    red = looks[b, at.SECOND] - looks[b, at.COLOUR]
    green = looks[b, at.SECOND + 1] - looks[b, at.COLOUR + 1]
    blue = looks[b, at.SECOND + 2] - looks[b, at.COLOUR + 2]
    for i in range(count):
        if mark[at.M_BODY + i] != b:
            continue
        u, v, t = track[at.T_U + i], track[at.T_V + i], track[at.T_DEPTH + i]
        mx, my, mz = track[at.T_MX + i], track[at.T_MY + i], track[at.T_MZ + i]
        dx, dy, dz = dx0 + u * dxu + v * dxv, dy0 + u * dyu + v * dyv, dz0 + u * dzu + v * dzv
        # how the point moves on its tangent plane for a step of one pixel: the step minus its normal part along the ray
        facing = 1.0 / min(dx * mx + dy * my + dz * mz, -1e-9)
        ax, ay, az = oxu + t * dxu, oyu + t * dyu, ozu + t * dzu
        bx, by, bz = oxv + t * dxv, oyv + t * dyv, ozv + t * dzv
        a, c = (ax * mx + ay * my + az * mz) * facing, (bx * mx + by * my + bz * mz) * facing
        part = pattern(
            texture, size, kind, mark[at.M_FACE + i],
            track[at.T_OX + i], track[at.T_OY + i], track[at.T_OZ + i], mx, my, mz,
            ax - a * dx, ay - a * dy, az - a * dz, bx - c * dx, by - c * dy, bz - c * dz, s0, s1,
        )  # fmt: skip
        track[at.T_RED + i] += part * red
        track[at.T_GREEN + i] += part * green
        track[at.T_BLUE + i] += part * blue


@kernel
def _own_colours(
    count: int,
    track: Floats,
    mark: Integers,
    solids: Floats,
    tags: Integers,
    looks: Floats,
    around: Floats,
    rays: Floats,
    height: int,
    nearby: Integers,
    nearby_count: int,
) -> None:
    """The colour of every ray's surface without light, its gloss, or the sky's colour."""
    flat = (
        rays[12] == 0.0 and rays[13] == 0.0 and rays[14] == 0.0
    )  # orthographic: one direction, the sky by height
    for i in range(count):
        u, v = track[at.T_U + i], track[at.T_V + i]
        dx = rays[9] + u * rays[12] + v * rays[15]
        dy = rays[10] + u * rays[13] + v * rays[16]
        dz = rays[11] + u * rays[14] + v * rays[17]
        length = math.sqrt(dx * dx + dy * dy + dz * dz)
        inverse = -1.0 / length
        track[at.T_FAR + i] = length * track[at.T_DEPTH + i]
        track[at.T_VX + i], track[at.T_VY + i], track[at.T_VZ + i] = dx * inverse, dy * inverse, dz * inverse
        mark[at.M_SHADE + i] = 0
    for i in range(count):
        b = mark[at.M_BODY + i]
        if b < 0:
            up = 1.0 - track[at.T_V + i] / height if flat else -track[at.T_VZ + i]
            up = min(max(up, 0.0), 1.0)
            up = up * (2.0 - up)
            track[at.T_RED + i] = around[at.HORIZON] + (around[at.ZENITH] - around[at.HORIZON]) * up
            track[at.T_GREEN + i] = (
                around[at.HORIZON + 1] + (around[at.ZENITH + 1] - around[at.HORIZON + 1]) * up
            )
            track[at.T_BLUE + i] = (
                around[at.HORIZON + 2] + (around[at.ZENITH + 2] - around[at.HORIZON + 2]) * up
            )
            track[at.T_SPECULAR + i], track[at.T_ALPHA + i] = 0.0, 1.0
            track[at.T_NX + i], track[at.T_NY + i], track[at.T_NZ + i] = 0.0, 0.0, 1.0
            continue
        for c in range(3):
            track[at.T_RED + c * at.ROOM + i] = looks[b, at.COLOUR + c]
        track[at.T_SPECULAR + i], track[at.T_ALPHA + i] = looks[b, at.SPECULAR], looks[b, at.ALPHA]
    for k in range(nearby_count):
        if looks[nearby[k], at.TEXTURE] > 0.0:
            _add_texture(count, track, mark, solids, tags, looks, nearby[k])


@kernel
def _add_light(
    count: int,
    track: Floats,
    point: bool,
    sx: float,
    sy: float,
    sz: float,
    red: float,
    green: float,
    blue: float,
) -> None:
    """Add one light's diffuse light and highlight to every ray; s is where it is or the way to it."""
    for i in range(count):
        lx, ly, lz = sx, sy, sz
        if point:
            lx, ly, lz = sx - track[at.T_X + i], sy - track[at.T_Y + i], sz - track[at.T_Z + i]
            scale = 1.0 / math.sqrt(lx * lx + ly * ly + lz * lz + 1e-12)
            lx, ly, lz = lx * scale, ly * scale, lz * scale
        nx, ny, nz = track[at.T_NX + i], track[at.T_NY + i], track[at.T_NZ + i]
        vx, vy, vz = track[at.T_VX + i], track[at.T_VY + i], track[at.T_VZ + i]
        cosine = max(nx * lx + ny * ly + nz * lz, 0.0)
        gain = cosine * track[at.T_OPEN + i]
        hx, hy, hz = lx + vx, ly + vy, lz + vz
        square = hx * hx + hy * hy + hz * hz + 1e-12
        scale = 1.0 / math.sqrt(square)
        nh = (nx * hx + ny * hy + nz * hz) * scale
        alpha = track[at.T_ALPHA + i]
        a2 = alpha * alpha
        bell = nh * nh * (a2 - 1.0) + 1.0
        away = 1.0 - 0.5 * square * scale  # 1 − l·h, because |h|² = 2 + 2 l·v and l·h = |h| / 2
        fresnel = 0.08 + 0.92 * (away * away) * (away * away) * away
        k = 0.5 * alpha
        facing = max(nx * vx + ny * vy + nz * vz, 1e-3)
        masking = 4.0 * (cosine * (1.0 - k) + k) * (facing * (1.0 - k) + k)
        shine = track[at.T_SPECULAR + i] * fresnel * a2 / (bell * bell * masking) * gain
        track[at.T_SUM + i] += red * gain
        track[at.T_SUM + at.ROOM + i] += green * gain
        track[at.T_SUM + 2 * at.ROOM + i] += blue * gain
        track[at.T_SHINE + i] += red * shine
        track[at.T_SHINE + at.ROOM + i] += green * shine
        track[at.T_SHINE + 2 * at.ROOM + i] += blue * shine


@kernel
def paint(
    count: int,
    track: Floats,
    mark: Integers,
    solids: Floats,
    tags: Integers,
    looks: Floats,
    lights: Floats,
    around: Floats,
    rays: Floats,
    height: int,
    nearby: Integers,
    nearby_count: int,
    casters: Integers,
    caster_count: Integers,
) -> None:
    """Colour (linear) and shadow bits of every ray."""
    _own_colours(count, track, mark, solids, tags, looks, around, rays, height, nearby, nearby_count)
    if around[at.UNLIT] > 0.0:
        return
    for i in range(count):
        fill = 0.8 + 0.2 * track[at.T_NZ + i]
        track[at.T_FILL + i] = fill
        for c in range(3):
            track[at.T_SUM + c * at.ROOM + i] = around[at.AMBIENT + c] * fill
            track[at.T_SHINE + c * at.ROOM + i] = 0.0
    for light in range(lights.shape[0]):
        point = lights[light, at.POINT] > 0.0
        sx, sy, sz = lights[light, at.TOWARDS], lights[light, at.TOWARDS + 1], lights[light, at.TOWARDS + 2]
        if point:
            sx, sy, sz = lights[light, at.PLACE], lights[light, at.PLACE + 1], lights[light, at.PLACE + 2]
        for i in range(count):
            track[at.T_OPEN + i] = 1.0
        for k in range(caster_count[light]):
            _cast_shadow(count, track, mark, solids, tags, casters[light, k], light, point, sx, sy, sz)
        _add_light(
            count, track, point, sx, sy, sz,
            lights[light, at.POWER], lights[light, at.POWER + 1], lights[light, at.POWER + 2],
        )  # fmt: skip
    haze = around[at.HAZE]
    per_metre = 1.0 / haze if haze > 0.0 else 0.0
    for i in range(count):
        far = track[at.T_FAR + i] * per_metre
        clear = 1.0 / (1.0 + far * far)
        clear *= clear
        seen = mark[at.M_BODY + i] >= 0
        for c in range(3):
            own = track[at.T_RED + c * at.ROOM + i]
            lit = own * track[at.T_SUM + c * at.ROOM + i] + track[at.T_SHINE + c * at.ROOM + i]
            lit = around[at.HORIZON + c] + (lit - around[at.HORIZON + c]) * clear
            track[at.T_RED + c * at.ROOM + i] = lit if seen else own
