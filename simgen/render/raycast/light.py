"""Light: shadows, the colour of a surface and of the sky, all in linear light.

Diffuse light is Lambert's, the highlight is the GGX distribution (Walter et al. 2007) with Schlick's
Fresnel term, both made of arithmetic that has the same bits everywhere. Light from everywhere is a little
weaker from below, which gives undersides a shape. Distance mixes in the horizon's colour, so a large
ground ends in the sky instead of at an edge.

Soft shadows and ambient occlusion (`quality: high`) are many hard shadows: of lights at points of the
source, and of lights all around that reach no further than OCCLUSION. The points are the same for all
rays, which leaves no noise.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel, part, spliced
from simgen.render.raycast.rays import meet, seeing
from simgen.render.raycast.textures import add_texture

__all__ = ["paint"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
OCCLUDERS = 128  # directions of ambient occlusion, half of which a surface faces
LIFT = 1e-6  # metres: a shadow ray starts this far from its surface


@kernel
def _cast_shadows(
    count: int,
    track: Floats,
    mark: Integers,
    solids: Floats,
    nodes: Floats,
    corners: Floats,
    lists: Integers,
    row: int,
    point: bool,
    sx: float,
    sy: float,
    sz: float,
    limit: float,
) -> None:
    """T_OPEN = 0 where a solid of the list `row` is in the light's way, else 1.

    s is where the light is (`point`) or the unit vector to it. A finite `limit` lets light past what is
    far: a part that grows with its distance, all of it from `limit` on.
    """
    for i in range(count):
        track[at.T_OPEN + i] = 1.0
    for k in range(lists[row, 0]):
        b = lists[row, k + 1]
        convex = solids[b, at.CONVEX] > 0.0
        mx, my, mz = (
            solids[b, at.WORLD_MIDDLE],
            solids[b, at.WORLD_MIDDLE + 1],
            solids[b, at.WORLD_MIDDLE + 2],
        )
        cx, cy, cz = solids[b, at.CENTRE], solids[b, at.CENTRE + 1], solids[b, at.CENTRE + 2]
        r = at.TURN
        xx, xy, xz = solids[b, r], solids[b, r + 1], solids[b, r + 2]
        yx, yy, yz = solids[b, r + 3], solids[b, r + 4], solids[b, r + 5]
        zx, zy, zz = solids[b, r + 6], solids[b, r + 7], solids[b, r + 8]
        reach = solids[b, at.REACH]
        for i in range(count):
            own = mark[at.M_BODY + i]
            x, y, z = track[at.T_X + i], track[at.T_Y + i], track[at.T_Z + i]
            lx, ly, lz, distance = sx, sy, sz, limit
            if point:
                lx, ly, lz = sx - x, sy - y, sz - z
                distance = math.sqrt(lx * lx + ly * ly + lz * lz)
                lx, ly, lz = lx / distance, ly / distance, lz / distance
            wx, wy, wz = mx - x, my - y, mz - z
            along = wx * lx + wy * ly + wz * lz
            nx, ny, nz = track[at.T_NX + i], track[at.T_NY + i], track[at.T_NZ + i]
            shaded = own >= 0 and not (own == b and convex) and track[at.T_OPEN + i] > 0.0
            shaded = shaded and nx * lx + ny * ly + nz * lz > 0.0
            shaded = (
                shaded and along >= -reach and wx * wx + wy * wy + wz * wz - along * along <= reach * reach
            )
            px, py, pz = x + LIFT * nx - cx, y + LIFT * ny - cy, z + LIFT * nz - cz
            track[at.T_OX + i] = xx * px + yx * py + zx * pz
            track[at.T_OY + i] = xy * px + yy * py + zy * pz
            track[at.T_OZ + i] = xz * px + yz * py + zz * pz
            track[at.T_MX + i] = xx * lx + yx * ly + zx * lz
            track[at.T_MY + i] = xy * lx + yy * ly + zy * lz
            track[at.T_MZ + i] = xz * lx + yz * ly + zz * lz
            track[at.T_START + i] = 1e-3 * reach if own == b else 0.0
            track[at.T_WAY + i] = distance if shaded else -1.0
        first, last = 0, count
        while first < last and track[at.T_WAY + first] < 0.0:
            first += 1
        while first < last and track[at.T_WAY + last - 1] < 0.0:
            last -= 1
        if first == last:
            continue
        meet(last - first, track[first:], mark[first:], solids, nodes, corners, b)
        for i in range(first, last):
            hit, free = track[at.T_HIT + i], track[at.T_OPEN + i]
            track[at.T_OPEN + i] = min(free, hit / limit) if hit < track[at.T_WAY + i] else free


@kernel
def _spread(k: int, count: int) -> tuple[float, float]:
    """Point k of `count` evenly spread over the unit disc: a sunflower, turned by the golden angle each time.

    The turns are made by multiplying rotations, because sine and cosine differ between C libraries.
    """
    cosine, sine = -0.7373688780783197, 0.6754902942615238  # of the golden angle, 2.399963… rad
    x, y = 1.0, 0.0
    for _ in range(k):
        x, y = x * cosine - y * sine, x * sine + y * cosine
    scale = math.sqrt((k + 0.5) / count) / math.sqrt(x * x + y * y)
    return x * scale, y * scale


@spliced
def _shade(
    count: int,
    track: Floats,
    mark: Integers,
    solids: Floats,
    nodes: Floats,
    corners: Floats,
    lights: Floats,
    world: Floats,
    lists: Integers,
    light: int,
) -> None:
    """T_OPEN = the part of the light that arrives at every ray's point, and the light's bit in M_SHADE if not
    all.
    """
    row = at.CASTERS + light
    point = lights[light, at.POINT] > 0.0
    sx, sy, sz = lights[light, at.TOWARDS], lights[light, at.TOWARDS + 1], lights[light, at.TOWARDS + 2]
    if point:
        sx, sy, sz = lights[light, at.PLACE], lights[light, at.PLACE + 1], lights[light, at.PLACE + 2]
    spread, spots = lights[light, at.SPREAD], int(world[at.SPOTS])
    if spread <= 0.0 or lists[row, 0] == 0:
        _cast_shadows(
            count, track, mark, solids, nodes, corners, lists, row, point, sx, sy, sz, math.inf
        )  # fmt: skip
    else:
        for i in range(count):
            track[at.T_LIT + i] = 0.0
        # two directions across the light's: a disc for the sun, and for a lamp a disc that faces straight up
        tx, ty, tz, bx, by, bz = 1.0, 0.0, 0.0, 0.0, 1.0, 0.0
        if not point:
            if abs(sz) > 0.9:
                scale = 1.0 / math.sqrt(sy * sy + sz * sz)
                ty, tz, tx = sz * scale, -sy * scale, 0.0
            else:
                scale = 1.0 / math.sqrt(sx * sx + sy * sy)
                tx, ty, tz = -sy * scale, sx * scale, 0.0
            bx, by, bz = sy * tz - sz * ty, sz * tx - sx * tz, sx * ty - sy * tx
        for k in range(spots):
            a, b = _spread(k, spots)
            a, b = a * spread, b * spread
            lx, ly, lz = sx + a * tx + b * bx, sy + a * ty + b * by, sz + a * tz + b * bz
            if not point:
                scale = 1.0 / math.sqrt(lx * lx + ly * ly + lz * lz)
                lx, ly, lz = lx * scale, ly * scale, lz * scale
            _cast_shadows(
                count, track, mark, solids, nodes, corners, lists, row, point, lx, ly, lz, math.inf
            )  # fmt: skip
            for i in range(count):
                track[at.T_LIT + i] += track[at.T_OPEN + i]
        part = 1.0 / spots
        for i in range(count):
            track[at.T_OPEN + i] = track[at.T_LIT + i] * part
    for i in range(count):
        if track[at.T_OPEN + i] < 1.0:
            mark[at.M_SHADE + i] |= 1 << light


@spliced
def _occlude(
    count: int,
    track: Floats,
    mark: Integers,
    solids: Floats,
    nodes: Floats,
    corners: Floats,
    world: Floats,
    lists: Integers,
) -> None:
    """T_OPEN = the part of the light from everywhere that nothing within OCCLUSION keeps away, weighted by
    Lambert.
    """
    reach = world[at.OCCLUSION]
    for i in range(count):
        track[at.T_LIT + i], track[at.T_WEIGHT + i] = 0.0, 0.0
    # evenly over the sphere: heights in equal steps, a point of the disc's rim for the direction
    for k in range(OCCLUDERS):
        lz = 1.0 - (2.0 * k + 1.0) / OCCLUDERS
        a, b = _spread(k, OCCLUDERS)
        scale = math.sqrt((1.0 - lz * lz) / (a * a + b * b))
        lx, ly = a * scale, b * scale
        _cast_shadows(
            count, track, mark, solids, nodes, corners, lists, at.CLOSE, reach < 0.0, lx, ly, lz, reach
        )  # fmt: skip
        for i in range(count):
            weight = max(track[at.T_NX + i] * lx + track[at.T_NY + i] * ly + track[at.T_NZ + i] * lz, 0.0)
            track[at.T_WEIGHT + i] += weight
            track[at.T_LIT + i] += weight * track[at.T_OPEN + i]
    for i in range(count):
        track[at.T_OPEN + i] = track[at.T_LIT + i] / track[at.T_WEIGHT + i]


@spliced
def _own_colours(
    count: int, track: Floats, mark: Integers, solids: Floats, world: Floats, lists: Integers
) -> None:
    """The colour of every ray's surface without light, its gloss, or the sky's colour."""
    w, flat = at.W_RAY, world[at.FLAT] > 0.0
    x0, y0, z0 = world[w], world[w + 1], world[w + 2]
    xu, yu, zu = world[w + 3], world[w + 4], world[w + 5]
    xv, yv, zv = world[w + 6], world[w + 7], world[w + 8]
    for i in range(count):
        u, v = track[at.T_U + i], track[at.T_V + i]
        dx, dy, dz = x0 + u * xu + v * xv, y0 + u * yu + v * yv, z0 + u * zu + v * zv
        length = math.sqrt(dx * dx + dy * dy + dz * dz)
        inverse = -1.0 / length
        track[at.T_FAR + i] = length * track[at.T_DEPTH + i]
        track[at.T_VX + i], track[at.T_VY + i], track[at.T_VZ + i] = dx * inverse, dy * inverse, dz * inverse
        mark[at.M_SHADE + i] = 0
    skies = 0
    for i in range(count):
        skies += 1 if mark[at.M_BODY + i] < 0 else 0
    if skies > 0:  # by the height of the view; in an orthographic picture, where that is one, by row
        red, green, blue = world[at.HORIZON], world[at.HORIZON + 1], world[at.HORIZON + 2]
        more_red, more_green, more_blue = (
            world[at.ZENITH] - red,
            world[at.ZENITH + 1] - green,
            world[at.ZENITH + 2] - blue,
        )
        per_row = 1.0 / world[at.HEIGHT]
        for i in range(count):
            by_row, by_view = 1.0 - track[at.T_V + i] * per_row, -track[at.T_VZ + i]
            up = min(max(by_row if flat else by_view, 0.0), 1.0)
            up = up * (2.0 - up)
            track[at.T_RED + i], track[at.T_GREEN + i] = red + more_red * up, green + more_green * up
            track[at.T_BLUE + i] = blue + more_blue * up
            track[at.T_SPECULAR + i], track[at.T_ALPHA + i] = 0.0, 1.0
            # a normal for all that follows, though nothing of it will be seen
            nothing = mark[at.M_BODY + i] < 0
            nx, ny, nz = track[at.T_NX + i], track[at.T_NY + i], track[at.T_NZ + i]
            track[at.T_NX + i], track[at.T_NY + i] = 0.0 if nothing else nx, 0.0 if nothing else ny
            track[at.T_NZ + i] = 1.0 if nothing else nz
    for k in range(lists[at.NEARBY, 0]):
        b = lists[at.NEARBY, k + 1]
        first, end = seeing(count, mark, b)
        if first < end:
            _own_colour(end - first, track[first:], mark[first:], solids, b)


@kernel
def _own_colour(count: int, track: Floats, mark: Integers, solids: Floats, b: int) -> None:
    """The colour and gloss of the rays that see solid `b`."""
    red, green, blue = solids[b, at.COLOUR], solids[b, at.COLOUR + 1], solids[b, at.COLOUR + 2]
    specular, alpha = solids[b, at.SPECULAR], solids[b, at.ALPHA]
    for i in range(count):
        own = mark[at.M_BODY + i] == b
        r, g, bl = track[at.T_RED + i], track[at.T_GREEN + i], track[at.T_BLUE + i]
        s, a = track[at.T_SPECULAR + i], track[at.T_ALPHA + i]
        track[at.T_RED + i], track[at.T_GREEN + i] = red if own else r, green if own else g
        track[at.T_BLUE + i] = blue if own else bl
        track[at.T_SPECULAR + i], track[at.T_ALPHA + i] = specular if own else s, alpha if own else a
    if solids[b, at.TEXTURE] > 0.0:
        add_texture(count, track, mark, solids, b)


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
        track[at.T_SUM_R + i] += red * gain
        track[at.T_SUM_G + i] += green * gain
        track[at.T_SUM_B + i] += blue * gain
        track[at.T_SHINE_R + i] += red * shine
        track[at.T_SHINE_G + i] += green * shine
        track[at.T_SHINE_B + i] += blue * shine


@part
def paint(
    count: int,
    track: Floats,
    mark: Integers,
    solids: Floats,
    nodes: Floats,
    corners: Floats,
    lights: Floats,
    world: Floats,
    lists: Integers,
) -> None:
    """Colour (linear) and shadow bits of every ray."""
    _own_colours(count, track, mark, solids, world, lists)
    seen = 0
    for i in range(count):
        seen += 1 if mark[at.M_BODY + i] >= 0 else 0
    if world[at.UNLIT] > 0.0 or seen == 0:  # a tile of nothing but sky: light would not show
        return
    if world[at.OCCLUSION] > 0.0 and lists[at.CLOSE, 0] > 0:
        _occlude(count, track, mark, solids, nodes, corners, world, lists)
    else:
        for i in range(count):
            track[at.T_OPEN + i] = 1.0
    red, green, blue = world[at.AMBIENT], world[at.AMBIENT + 1], world[at.AMBIENT + 2]
    for i in range(count):
        fill = (0.8 + 0.2 * track[at.T_NZ + i]) * track[at.T_OPEN + i]
        track[at.T_SUM_R + i], track[at.T_SUM_G + i], track[at.T_SUM_B + i] = (
            red * fill,
            green * fill,
            blue * fill,
        )
        track[at.T_SHINE_R + i], track[at.T_SHINE_G + i], track[at.T_SHINE_B + i] = 0.0, 0.0, 0.0
    for light in range(lights.shape[0]):
        _shade(count, track, mark, solids, nodes, corners, lights, world, lists, light)
        point = lights[light, at.POINT] > 0.0
        way = at.PLACE if point else at.TOWARDS
        _add_light(
            count, track, point, lights[light, way], lights[light, way + 1], lights[light, way + 2],
            lights[light, at.POWER], lights[light, at.POWER + 1], lights[light, at.POWER + 2],
        )  # fmt: skip
    per_metre = 1.0 / world[at.HAZE] if world[at.HAZE] > 0.0 else 0.0
    red, green, blue = world[at.HORIZON], world[at.HORIZON + 1], world[at.HORIZON + 2]
    for i in range(count):
        far = track[at.T_FAR + i] * per_metre
        clear = 1.0 / (1.0 + (far * far) * (far * far))
        r, g, b = track[at.T_RED + i], track[at.T_GREEN + i], track[at.T_BLUE + i]
        lit_r = red + (r * track[at.T_SUM_R + i] + track[at.T_SHINE_R + i] - red) * clear
        lit_g = green + (g * track[at.T_SUM_G + i] + track[at.T_SHINE_G + i] - green) * clear
        lit_b = blue + (b * track[at.T_SUM_B + i] + track[at.T_SHINE_B + i] - blue) * clear
        seen = mark[at.M_BODY + i] >= 0
        track[at.T_RED + i] = lit_r if seen else r
        track[at.T_GREEN + i] = lit_g if seen else g
        track[at.T_BLUE + i] = lit_b if seen else b
