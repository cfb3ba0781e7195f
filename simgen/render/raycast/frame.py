"""Draw one frame into a canvas, tile by tile, and only the tiles that can have changed.

A canvas holds the current picture and its labels, one row per pixel, row by row. A tile is drawn in two sweeps: first
one ray through every pixel's centre, which gives all labels, the colour and a key (solid, face, shadows); then, when
the keys of all pixels are known, SAMPLES × SAMPLES rays for the pixels whose key differs from a neighbour's. Labels are
never blended.

What a tile shows depends only on the solids whose rectangle touches it (widened by a pixel, for the neighbours' keys),
and on the solids that may stand between a light and a point seen in it. `bounds` keeps a box around all those points:
the tile's, those of the pixels just outside it, and those of its additional rays.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel
from simgen.render.raycast.light import paint
from simgen.render.raycast.placing import find_casters
from simgen.render.raycast.rays import cast, locate

__all__ = ["draw_tiles"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]
ENCODE = 4095.0  # last index of the table from the square root of linear light to sRGB bytes


@kernel
def _nearby(solids: Floats, shown: Integers, x: int, y: int, nearby: Integers) -> int:
    """The solids that rays through the tile can meet, and how many."""
    found = 0
    for b in range(solids.shape[0]):
        if (
            shown[b]
            and solids[b, at.RECT] < x + at.TILE
            and solids[b, at.RECT + 2] > x
            and solids[b, at.RECT + 1] < y + at.TILE
            and solids[b, at.RECT + 3] > y
        ):
            nearby[found] = b
            found += 1
    return found


@kernel
def _code(linear: float) -> float:
    """Where in the table from roots of linear light to sRGB bytes a colour stands."""
    return math.sqrt(min(max(linear, 0.0), 1.0)) * ENCODE + 0.5


@kernel
def _include(box: Floats, tile: int, bounds: Floats) -> None:
    for axis in range(3):
        bounds[tile, axis] = min(bounds[tile, axis], box[axis])
        bounds[tile, 3 + axis] = max(bounds[tile, 3 + axis], box[3 + axis])


@kernel
def _centres(x0: int, y0: int, x1: int, y1: int, track: Floats) -> int:
    """Rays through the centres of the pixels [x0, x1) × [y0, y1), row by row; how many."""
    count = (x1 - x0) * (y1 - y0)
    for i in range(count):
        track[at.T_U + i] = x0 + i % (x1 - x0) + 0.5
        track[at.T_V + i] = y0 + i // (x1 - x0) + 0.5
    return count


@kernel
def _edges(x0: int, y0: int, x1: int, y1: int, width: int, height: int, key: Integers, track: Floats) -> int:
    """SAMPLES × SAMPLES rays for every pixel whose key differs from a neighbour's; how many."""
    count = 0
    for y in range(y0, y1):
        for x in range(x0, x1):
            p = y * width + x
            own = key[p]
            if (
                (x > 0 and key[p - 1] != own)
                or (x + 1 < width and key[p + 1] != own)
                or (y > 0 and key[p - width] != own)
                or (y + 1 < height and key[p + width] != own)
            ):
                for sample in range(at.SAMPLES * at.SAMPLES):
                    track[at.T_U + count] = x + (sample % at.SAMPLES + 0.5) / at.SAMPLES
                    track[at.T_V + count] = y + (sample // at.SAMPLES + 0.5) / at.SAMPLES
                    count += 1
    return count


@kernel
def draw_tiles(
    dirty: Bytes,
    width: int,
    height: int,
    camera: Floats,
    rays: Floats,
    solids: Floats,
    tags: Integers,
    shown: Integers,
    looks: Floats,
    lights: Floats,
    around: Floats,
    table: Bytes,
    label: Bytes,
    depth: Floats,
    key: Integers,
    rgb: Bytes,
    normals: Singles,
    bounds: Floats,
    rows: Integers,
    columns: Integers,
    met: Integers,
    track: Floats,
    mark: Integers,
    lists: Integers,
    box: Floats,
) -> None:
    """Draw every tile whose `dirty` is set. `rgb` or `normals` of no length: not wanted.

    label (H·W,), depth (H·W,) inf where nothing, key (H·W,), rgb (H·W·3,), normals (H·W·3,) camera frame. rows (N+1, H)
    and columns (N+1, W) count the pixels of every label; met (N,) grows by the centre rays that meet each solid. lists
    (2 + L, N) is room for lists of solids.
    """
    near, far = camera[at.NEAR], camera[at.FAR]
    across = (width + at.TILE - 1) // at.TILE
    nearby, caster_count, casters = lists[0], lists[1], lists[3:]
    ignored = lists[2]
    paints = rgb.shape[0] > 0
    for tile in range(dirty.shape[0]):
        if not dirty[tile]:
            continue
        x0, y0 = (tile % across) * at.TILE, (tile // across) * at.TILE
        x1, y1 = min(x0 + at.TILE, width), min(y0 + at.TILE, height)
        found = _nearby(solids, shown, x0, y0, nearby)
        count = _centres(x0, y0, x1, y1, track)
        cast(count, track, mark, solids, tags, nearby, found, near, far, met)
        locate(count, track, mark, solids, tags, rays, box)
        for k in range(6):
            bounds[tile, k] = box[k]
        if paints:
            find_casters(count, mark, solids, tags, shown, lights, box, casters, caster_count)
            paint(
                count,
                track,
                mark,
                solids,
                tags,
                looks,
                lights,
                around,
                rays,
                height,
                nearby,
                found,
                casters,
                caster_count,
            )
            for i in range(count):
                for c in range(3):
                    track[at.T_RED + c * at.ROOM + i] = _code(track[at.T_RED + c * at.ROOM + i])
        i = 0
        for y in range(y0, y1):
            for x in range(x0, x1):
                p = y * width + x
                b = mark[at.M_BODY + i]
                if b >= 0:
                    value = tags[b, at.LABEL]
                    depth[p] = track[at.T_DEPTH + i]
                    key[p] = value << 16 | mark[at.M_FACE + i] << 8 | mark[at.M_SHADE + i]
                else:
                    value = 0
                    depth[p] = math.inf
                    key[p] = 0
                before = label[p]
                if before != value:
                    rows[before, y] -= 1
                    columns[before, x] -= 1
                    rows[value, y] += 1
                    columns[value, x] += 1
                    label[p] = value
                if normals.shape[0] > 0:
                    for axis in range(3):
                        n = 0.0
                        if b >= 0:
                            for k in range(3):
                                n += camera[at.VIEW + 3 * axis + k] * track[at.T_NX + k * at.ROOM + i]
                        normals[3 * p + axis] = n
                if paints:
                    for c in range(3):
                        rgb[3 * p + c] = table[int(track[at.T_RED + c * at.ROOM + i])]
                i += 1
    if not paints:
        return
    for tile in range(dirty.shape[0]):
        if not dirty[tile]:
            continue
        x0, y0 = (tile % across) * at.TILE, (tile // across) * at.TILE
        x1, y1 = min(x0 + at.TILE, width), min(y0 + at.TILE, height)
        for y in range(max(y0 - 1, 0), min(y1 + 1, height)):
            for x in range(max(x0 - 1, 0), min(x1 + 1, width)):
                p = y * width + x
                if (y < y0 or y >= y1 or x < x0 or x >= x1) and label[p] > 0:
                    u, v, t = x + 0.5, y + 0.5, depth[p]
                    for axis in range(3):
                        w = rays[axis] + u * rays[3 + axis] + v * rays[6 + axis]
                        w += t * (rays[9 + axis] + u * rays[12 + axis] + v * rays[15 + axis])
                        bounds[tile, axis] = min(bounds[tile, axis], w)
                        bounds[tile, 3 + axis] = max(bounds[tile, 3 + axis], w)
        count = _edges(x0, y0, x1, y1, width, height, key, track)
        if count == 0:
            continue
        found = _nearby(solids, shown, x0, y0, nearby)
        cast(count, track, mark, solids, tags, nearby, found, near, far, ignored)
        locate(count, track, mark, solids, tags, rays, box)
        _include(box, tile, bounds)
        find_casters(count, mark, solids, tags, shown, lights, box, casters, caster_count)
        paint(
            count,
            track,
            mark,
            solids,
            tags,
            looks,
            lights,
            around,
            rays,
            height,
            nearby,
            found,
            casters,
            caster_count,
        )
        i = 0
        while i < count:
            p = int(track[at.T_V + i]) * width + int(track[at.T_U + i])
            red, green, blue = 0.0, 0.0, 0.0
            for _ in range(at.SAMPLES * at.SAMPLES):
                red += min(track[at.T_RED + i], 1.0)
                green += min(track[at.T_GREEN + i], 1.0)
                blue += min(track[at.T_BLUE + i], 1.0)
                i += 1
            part = 1.0 / (at.SAMPLES * at.SAMPLES)
            rgb[3 * p] = table[int(_code(red * part))]
            rgb[3 * p + 1] = table[int(_code(green * part))]
            rgb[3 * p + 2] = table[int(_code(blue * part))]
