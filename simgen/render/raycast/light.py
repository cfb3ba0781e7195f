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
from simgen.render.raycast.placing import may_shade
from simgen.render.raycast.solids import first_hit
from simgen.render.raycast.textures import pattern

__all__ = ["find_casters", "paint"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
LIFT = 1e-6  # metres: a shadow ray starts this far from its surface


@kernel
def find_casters(
    solids: Floats, shown: Integers, lights: Floats, box: Floats, casters: Integers, caster_count: Integers
) -> None:
    """For every light the solids that can shade a point of `box`: `casters` (L, N) and how many."""
    for light in range(lights.shape[0]):
        found = 0
        for b in range(solids.shape[0]):
            if shown[b] and may_shade(solids, b, lights, light, box):
                casters[light, found] = b
                found += 1
        caster_count[light] = found


@kernel
def _hidden(
    solids: Floats,
    tags: Integers,
    own: int,
    x: float,
    y: float,
    z: float,
    lx: float,
    ly: float,
    lz: float,
    distance: float,
    casters: Integers,
    count: int,
    light: int,
) -> bool:
    """Whether something stands on the way from (x, y, z) along the unit vector l, up to `distance`."""
    for k in range(count):
        b = casters[light, k]
        start = 0.0
        if b == own:
            if tags[b, at.CONVEX]:
                continue
            start = 1e-4 * solids[b, at.REACH]
        wx = solids[b, at.WORLD_MIDDLE] - x
        wy = solids[b, at.WORLD_MIDDLE + 1] - y
        wz = solids[b, at.WORLD_MIDDLE + 2] - z
        along = wx * lx + wy * ly + wz * lz
        reach = solids[b, at.REACH]
        if along < -reach or wx * wx + wy * wy + wz * wz - along * along > reach * reach:
            continue
        px, py, pz = x - solids[b, at.CENTRE], y - solids[b, at.CENTRE + 1], z - solids[b, at.CENTRE + 2]
        t = at.TURN
        hit = first_hit(
            tags[b, at.KIND],
            solids[b, t] * px + solids[b, t + 3] * py + solids[b, t + 6] * pz,
            solids[b, t + 1] * px + solids[b, t + 4] * py + solids[b, t + 7] * pz,
            solids[b, t + 2] * px + solids[b, t + 5] * py + solids[b, t + 8] * pz,
            solids[b, t] * lx + solids[b, t + 3] * ly + solids[b, t + 6] * lz,
            solids[b, t + 1] * lx + solids[b, t + 4] * ly + solids[b, t + 7] * lz,
            solids[b, t + 2] * lx + solids[b, t + 5] * ly + solids[b, t + 8] * lz,
            solids[b, at.SIZE],
            solids[b, at.SIZE + 1],
            solids[b, at.SIZE + 2],
            start,
        )
        if hit < distance:
            return True
    return False


@kernel
def _second_colour(
    solids: Floats, tags: Integers, looks: Floats, b: int, face: int, u: float, v: float, t: float,
    nx: float, ny: float, nz: float,
) -> float:  # fmt: skip
    """How much of the texture's second colour the ray at pixel coordinates (u, v) and depth t sees."""
    o, d, turn = at.ORIGIN, at.RAY, at.TURN
    dx = solids[b, d] + u * solids[b, d + 3] + v * solids[b, d + 6]
    dy = solids[b, d + 1] + u * solids[b, d + 4] + v * solids[b, d + 7]
    dz = solids[b, d + 2] + u * solids[b, d + 5] + v * solids[b, d + 8]
    x = solids[b, o] + u * solids[b, o + 3] + v * solids[b, o + 6] + t * dx
    y = solids[b, o + 1] + u * solids[b, o + 4] + v * solids[b, o + 7] + t * dy
    z = solids[b, o + 2] + u * solids[b, o + 5] + v * solids[b, o + 8] + t * dz
    mx = solids[b, turn] * nx + solids[b, turn + 3] * ny + solids[b, turn + 6] * nz
    my = solids[b, turn + 1] * nx + solids[b, turn + 4] * ny + solids[b, turn + 7] * nz
    mz = solids[b, turn + 2] * nx + solids[b, turn + 5] * ny + solids[b, turn + 8] * nz
    # how the point moves on its tangent plane for a step of one pixel: the step minus its normal part along the ray
    facing = dx * mx + dy * my + dz * mz
    if abs(facing) < 1e-9:
        facing = -1e-9
    ax, ay, az = solids[b, o + 3] + t * solids[b, d + 3], solids[b, o + 4] + t * solids[b, d + 4], solids[b, o + 5] + t * solids[b, d + 5]  # fmt: skip
    bx, by, bz = solids[b, o + 6] + t * solids[b, d + 6], solids[b, o + 7] + t * solids[b, d + 7], solids[b, o + 8] + t * solids[b, d + 8]  # fmt: skip
    a, c = (ax * mx + ay * my + az * mz) / facing, (bx * mx + by * my + bz * mz) / facing
    return pattern(
        int(looks[b, at.TEXTURE]), looks[b, at.TEXTURE_SIZE], tags[b, at.KIND], face,
        x, y, z, mx, my, mz,
        ax - a * dx, ay - a * dy, az - a * dz, bx - c * dx, by - c * dy, bz - c * dz,
        solids[b, at.SIZE], solids[b, at.SIZE + 1],
    )  # fmt: skip


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
    casters: Integers,
    caster_count: Integers,
) -> None:
    """Colour (linear) and shadow bits of every ray."""
    flat = rays[12] == 0.0 and rays[13] == 0.0 and rays[14] == 0.0  # orthographic
    unlit = around[at.UNLIT] > 0.0
    for i in range(count):
        b = mark[at.M_BODY, i]
        u, v = track[at.T_U, i], track[at.T_V, i]
        dx = rays[9] + u * rays[12] + v * rays[15]
        dy = rays[10] + u * rays[13] + v * rays[16]
        dz = rays[11] + u * rays[14] + v * rays[17]
        length = math.sqrt(dx * dx + dy * dy + dz * dz)
        mark[at.M_SHADE, i] = 0
        if b < 0:
            up = 1.0 - v / height if flat else dz / length
            up = min(max(up, 0.0), 1.0)
            up = up * (2.0 - up)
            for c in range(3):
                track[at.T_RED + c, i] = (
                    around[at.HORIZON + c] + (around[at.ZENITH + c] - around[at.HORIZON + c]) * up
                )
            continue
        t = track[at.T_DEPTH, i]
        nx, ny, nz = track[at.T_NORMAL, i], track[at.T_NORMAL + 1, i], track[at.T_NORMAL + 2, i]
        red, green, blue = looks[b, at.COLOUR], looks[b, at.COLOUR + 1], looks[b, at.COLOUR + 2]
        if looks[b, at.TEXTURE] > 0.0:
            part = _second_colour(solids, tags, looks, b, mark[at.M_FACE, i], u, v, t, nx, ny, nz)
            red += part * (looks[b, at.SECOND] - red)
            green += part * (looks[b, at.SECOND + 1] - green)
            blue += part * (looks[b, at.SECOND + 2] - blue)
        if unlit:
            track[at.T_RED, i], track[at.T_RED + 1, i], track[at.T_RED + 2, i] = red, green, blue
            continue
        vx, vy, vz = -dx / length, -dy / length, -dz / length
        x, y, z = track[at.T_POINT, i], track[at.T_POINT + 1, i], track[at.T_POINT + 2, i]
        facing = max(nx * vx + ny * vy + nz * vz, 1e-3)
        fill = 0.8 + 0.2 * nz
        sum_r, sum_g, sum_b = (
            around[at.AMBIENT] * fill,
            around[at.AMBIENT + 1] * fill,
            around[at.AMBIENT + 2] * fill,
        )
        shine_r, shine_g, shine_b = 0.0, 0.0, 0.0
        shade = 0
        for light in range(lights.shape[0]):
            if lights[light, at.POINT] > 0.0:
                lx, ly, lz = (
                    lights[light, at.PLACE] - x,
                    lights[light, at.PLACE + 1] - y,
                    lights[light, at.PLACE + 2] - z,
                )
                distance = math.sqrt(lx * lx + ly * ly + lz * lz)
                lx, ly, lz = lx / distance, ly / distance, lz / distance
            else:
                lx, ly, lz = (
                    lights[light, at.TOWARDS],
                    lights[light, at.TOWARDS + 1],
                    lights[light, at.TOWARDS + 2],
                )
                distance = math.inf
            cosine = nx * lx + ny * ly + nz * lz
            if cosine <= 0.0:
                continue
            if _hidden(
                solids, tags, b, x + LIFT * nx, y + LIFT * ny, z + LIFT * nz, lx, ly, lz, distance,
                casters, caster_count[light], light,
            ):  # fmt: skip
                shade |= 1 << light
                continue
            pr, pg, pb = lights[light, at.POWER], lights[light, at.POWER + 1], lights[light, at.POWER + 2]
            sum_r += pr * cosine
            sum_g += pg * cosine
            sum_b += pb * cosine
            strength = looks[b, at.SPECULAR]
            if strength > 0.0:
                hx, hy, hz = lx + vx, ly + vy, lz + vz
                scale = 1.0 / math.sqrt(max(hx * hx + hy * hy + hz * hz, 1e-12))
                nh = (nx * hx + ny * hy + nz * hz) * scale
                lh = (lx * hx + ly * hy + lz * hz) * scale
                a2 = looks[b, at.ALPHA] * looks[b, at.ALPHA]
                bell = nh * nh * (a2 - 1.0) + 1.0
                away = 1.0 - lh
                fresnel = 0.08 + 0.92 * away * away * away * away * away
                k = 0.5 * looks[b, at.ALPHA]
                masking = 4.0 * (cosine * (1.0 - k) + k) * (facing * (1.0 - k) + k)
                gain = strength * fresnel * a2 / (bell * bell * masking) * cosine
                shine_r += pr * gain
                shine_g += pg * gain
                shine_b += pb * gain
        mark[at.M_SHADE, i] = shade
        red, green, blue = red * sum_r + shine_r, green * sum_g + shine_g, blue * sum_b + shine_b
        if around[at.HAZE] > 0.0:
            far = t * length / around[at.HAZE]
            clear = 1.0 / (1.0 + far * far)
            clear *= clear
            red = around[at.HORIZON] + (red - around[at.HORIZON]) * clear
            green = around[at.HORIZON + 1] + (green - around[at.HORIZON + 1]) * clear
            blue = around[at.HORIZON + 2] + (blue - around[at.HORIZON + 2]) * clear
        track[at.T_RED, i], track[at.T_RED + 1, i], track[at.T_RED + 2, i] = red, green, blue
