"""Draw one frame into a canvas, tile by tile, and only the tiles that can have changed.

A canvas holds the current picture and its labels, one entry per pixel, row by row. A tile is drawn in two
sweeps: first one ray through every pixel's centre, which gives all labels, the colour and a key (solid,
face, shadows); then, when the keys of all pixels are known, the other rays of SAMPLES × SAMPLES for the
pixels whose key differs from a neighbour's. Labels are never blended.

What a tile shows depends only on the solids whose rectangle touches it (widened by half a pixel, to the
centres of its neighbours, for their keys), and on the solids that may stand between a light and a point seen in it. `bounds` keeps
boxes around all those points: the tile's, those of the pixels just outside it, and those of its additional
rays.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import kernel, part, spliced
from simgen.render.raycast.light import paint
from simgen.render.raycast.rays import cast, locate
from simgen.render.raycast.reach import find_casters

__all__ = ["Canvas", "draw_tiles", "restore"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]
# label (H·W,) · depth (H·W,) inf where nothing · key (H·W,) · rgb (H·W·3,) and normals (H·W·3,) camera frame,
# of no length when not wanted · bounds (tiles, BOUNDS) · rows (N+1, H) and columns (N+1, W): pixels of every label
# · over (tiles,): something that moves reaches the tile
Canvas = tuple[Bytes, Floats, Integers, Bytes, Singles, Floats, Integers, Integers, Bytes]
CENTRE = at.SAMPLES * at.SAMPLES // 2  # which of a pixel's rays goes through its centre
ENCODE = 4095.0  # last index of the table from the square root of linear light to sRGB bytes


@kernel
def _find_nearby(solids: Floats, x: int, y: int, lists: Integers) -> None:
    """List the solids that rays through the tile at (x, y) can meet."""
    found = 0
    for b in range(solids.shape[0]):
        if (
            solids[b, at.SHOWN] > 0.0
            and solids[b, at.RECT] < x + at.TILE
            and solids[b, at.RECT + 2] > x
            and solids[b, at.RECT + 1] < y + at.TILE
            and solids[b, at.RECT + 3] > y
        ):
            found += 1
            lists[at.NEARBY, found] = b
    lists[at.NEARBY, 0] = found


@kernel
def _code(linear: float) -> float:
    """Where a colour stands in the table from roots of linear light to sRGB bytes."""
    return math.sqrt(min(max(linear, 0.0), 1.0)) * ENCODE + 0.5


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
    """SAMPLES × SAMPLES rays, less the one through its centre, for every pixel whose key differs from a
    neighbour's; how many.
    """
    # most tiles have none, which the compiler sees for several pixels at once
    first, others = key[y0 * width + x0], 0
    left, right = max(x0 - 1, 0), min(x1 + 1, width)
    for y in range(max(y0 - 1, 0), min(y1 + 1, height)):
        for p in range(y * width + left, y * width + right):
            others += 1 if key[p] != first else 0
    if others == 0:
        return 0
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
                    if sample == CENTRE:
                        continue
                    track[at.T_U + count] = x + (sample % at.SAMPLES + 0.5) / at.SAMPLES
                    track[at.T_V + count] = y + (sample // at.SAMPLES + 0.5) / at.SAMPLES
                    count += 1
    return count


@kernel
def _store_labels(
    x0: int,
    y0: int,
    x1: int,
    y1: int,
    width: int,
    track: Floats,
    mark: Integers,
    solids: Floats,
    canvas: Canvas,
) -> None:
    """Label, depth and key of the tile's pixels, and the counts of labels in rows and columns."""
    label, depth, key, _, _, _, rows, columns, _ = canvas
    i, last, value = 0, -1, 0
    for y in range(y0, y1):
        lost, won, many = 0, 0, 0  # a run of pixels that go from one label to another
        for x in range(x0, x1):
            p = y * width + x
            b = mark[at.M_BODY + i]
            if b != last:
                value = int(solids[b, at.LABEL]) if b >= 0 else 0
                last = b
            depth[p] = track[at.T_DEPTH + i] if b >= 0 else math.inf
            key[p] = value << 16 | mark[at.M_FACE + i] << 8 | mark[at.M_SHADE + i] if b >= 0 else 0
            before = label[p]
            if before != value:
                if before != lost or value != won:
                    rows[lost, y] -= many
                    rows[won, y] += many
                    lost, won, many = before, value, 0
                many += 1
                columns[before, x] -= 1
                columns[value, x] += 1
                label[p] = value
            i += 1
        rows[lost, y] -= many
        rows[won, y] += many


@kernel
def _turn_normals(count: int, track: Floats, mark: Integers, world: Floats) -> None:
    """T_A…: the normals in the camera's frame, 0 where there is nothing."""
    xx, xy, xz, yx, yy, yz = world[0], world[1], world[2], world[3], world[4], world[5]
    zx, zy, zz = world[6], world[7], world[8]
    for i in range(count):
        seen = mark[at.M_BODY + i] >= 0
        nx, ny, nz = track[at.T_NX + i], track[at.T_NY + i], track[at.T_NZ + i]
        track[at.T_AX + i] = xx * nx + xy * ny + xz * nz if seen else 0.0
        track[at.T_AY + i] = yx * nx + yy * ny + yz * nz if seen else 0.0
        track[at.T_AZ + i] = zx * nx + zy * ny + zz * nz if seen else 0.0


@kernel
def _include_rim(
    x0: int,
    y0: int,
    x1: int,
    y1: int,
    width: int,
    height: int,
    own: int,
    label: Bytes,
    depth: Floats,
    world: Floats,
    box: Floats,
) -> None:
    """Widen `box` by the points seen through the pixels just outside the tile; `own` labels its first box."""
    w = at.W_ORIGIN
    for y in range(max(y0 - 1, 0), min(y1 + 1, height)):
        step = 1 if y < y0 or y >= y1 else x1 - x0 + 1  # the rows above and below, and of the others the ends
        for x in range(x0 - 1, x1 + 1, step):
            p = y * width + x
            if x >= 0 and x < width and label[p] > 0:
                u, v, t = x + 0.5, y + 0.5, depth[p]
                low = 0 if label[p] == own else 6
                for axis in range(3):
                    at_0 = w + axis
                    point = world[at_0] + u * world[at_0 + 3] + v * world[at_0 + 6]
                    point += t * (world[at_0 + 9] + u * world[at_0 + 12] + v * world[at_0 + 15])
                    box[low + axis] = min(box[low + axis], point)
                    box[low + 3 + axis] = max(box[low + 3 + axis], point)


@spliced
def draw_tiles(
    dirty: Bytes,
    solids: Floats,
    nodes: Floats,
    corners: Floats,
    lights: Floats,
    world: Floats,
    table: Bytes,
    canvas: Canvas,
    track: Floats,
    mark: Integers,
    lists: Integers,
    box: Floats,
    plain: Floats,
) -> None:
    """Draw every tile whose `dirty` is set; add to the column MET how many of the centre rays meet each
    solid. `plain` (H·W·3,) takes the linear light of the centre rays from the first sweep to the second.
    """
    label, depth, key, rgb, normals, bounds, _, _, _ = canvas
    width, height = int(world[at.WIDTH]), int(world[at.HEIGHT])
    across = (width + at.TILE - 1) // at.TILE
    paints, turns = rgb.shape[0] > 0, normals.shape[0] > 0
    for tile in range(dirty.shape[0]):
        if not dirty[tile]:
            continue
        x0, y0 = (tile % across) * at.TILE, (tile // across) * at.TILE
        x1, y1 = min(x0 + at.TILE, width), min(y0 + at.TILE, height)
        _find_nearby(solids, x0, y0, lists)
        count = _centres(x0, y0, x1, y1, track)
        cast(count, track, mark, solids, nodes, corners, world, lists, at.MET)
        box[at.BOX_SOLID] = -1.0
        locate(count, track, mark, solids, corners, world, lists, box)
        for k in range(at.BOUNDS):
            bounds[tile, k] = box[k]
        if paints:
            find_casters(count, mark, solids, lights, world, box, lists)
            paint(count, track, mark, solids, nodes, corners, lights, world, lists)
            i = 0
            for y in range(y0, y1):
                for p in range(3 * (y * width + x0), 3 * (y * width + x1), 3):
                    plain[p], plain[p + 1] = track[at.T_RED + i], track[at.T_GREEN + i]
                    plain[p + 2] = track[at.T_BLUE + i]
                    i += 1
            for i in range(count):
                track[at.T_RED + i] = _code(track[at.T_RED + i])
                track[at.T_GREEN + i] = _code(track[at.T_GREEN + i])
                track[at.T_BLUE + i] = _code(track[at.T_BLUE + i])
        _store_labels(x0, y0, x1, y1, width, track, mark, solids, canvas)
        if turns:
            _turn_normals(count, track, mark, world)
        i = 0
        for y in range(y0, y1):
            for p in range(3 * (y * width + x0), 3 * (y * width + x1), 3):
                if turns:
                    normals[p], normals[p + 1] = track[at.T_AX + i], track[at.T_AY + i]
                    normals[p + 2] = track[at.T_AZ + i]
                if paints:
                    rgb[p], rgb[p + 1] = table[int(track[at.T_RED + i])], table[int(track[at.T_GREEN + i])]
                    rgb[p + 2] = table[int(track[at.T_BLUE + i])]
                i += 1
    if not paints:
        return
    part = 1.0 / (at.SAMPLES * at.SAMPLES)
    for tile in range(dirty.shape[0]):
        if not dirty[tile]:
            continue
        x0, y0 = (tile % across) * at.TILE, (tile // across) * at.TILE
        x1, y1 = min(x0 + at.TILE, width), min(y0 + at.TILE, height)
        count = _edges(x0, y0, x1, y1, width, height, key, track)
        box[at.BOX_SOLID], bounds[tile, at.EDGES] = bounds[tile, at.BOX_SOLID], count
        if count > 0:
            _find_nearby(solids, x0, y0, lists)
            cast(count, track, mark, solids, nodes, corners, world, lists, at.MET_MORE)
            locate(count, track, mark, solids, corners, world, lists, box)
            find_casters(count, mark, solids, lights, world, box, lists)
            paint(count, track, mark, solids, nodes, corners, lights, world, lists)
            i = 0
            while i < count:
                p = int(track[at.T_V + i]) * width + int(track[at.T_U + i])
                red, green, blue = 0.0, 0.0, 0.0
                for sample in range(at.SAMPLES * at.SAMPLES):
                    if sample == CENTRE:
                        red += min(plain[3 * p], 1.0)
                        green += min(plain[3 * p + 1], 1.0)
                        blue += min(plain[3 * p + 2], 1.0)
                    else:
                        red += min(track[at.T_RED + i], 1.0)
                        green += min(track[at.T_GREEN + i], 1.0)
                        blue += min(track[at.T_BLUE + i], 1.0)
                        i += 1
                rgb[3 * p] = table[int(_code(red * part))]
                rgb[3 * p + 1] = table[int(_code(green * part))]
                rgb[3 * p + 2] = table[int(_code(blue * part))]
        else:
            for axis in range(3):
                box[axis], box[3 + axis] = math.inf, -math.inf
                box[6 + axis], box[9 + axis] = math.inf, -math.inf
        if world[at.BOUNDED] == 0.0:
            continue
        own = int(box[at.BOX_SOLID])
        own_label = int(solids[own, at.LABEL]) if own >= 0 else -1
        _include_rim(x0, y0, x1, y1, width, height, own_label, label, depth, world, box)
        for axis in range(3):
            bounds[tile, axis] = min(bounds[tile, axis], box[axis])
            bounds[tile, 3 + axis] = max(bounds[tile, 3 + axis], box[3 + axis])
            bounds[tile, 6 + axis] = min(bounds[tile, 6 + axis], box[6 + axis])
            bounds[tile, 9 + axis] = max(bounds[tile, 9 + axis], box[9 + axis])


@part
def restore(tiles: Bytes, canvas: Canvas, base: Canvas, width: int, height: int) -> None:
    """Make the chosen tiles of `canvas` what they are in `base`."""
    label, depth, key, rgb, normals, bounds, rows, columns, _ = canvas
    label0, depth0, key0, rgb0, normals0, bounds0, _, _, _ = base
    across = (width + at.TILE - 1) // at.TILE
    for tile in range(tiles.shape[0]):
        if not tiles[tile]:
            continue
        for k in range(at.BOUNDS):
            bounds[tile, k] = bounds0[tile, k]
        x0, y0 = (tile % across) * at.TILE, (tile // across) * at.TILE
        for y in range(y0, min(y0 + at.TILE, height)):
            for x in range(x0, min(x0 + at.TILE, width)):
                p = y * width + x
                before, after = label[p], label0[p]
                if before != after:
                    rows[before, y] -= 1
                    columns[before, x] -= 1
                    rows[after, y] += 1
                    columns[after, x] += 1
                    label[p] = after
                depth[p], key[p] = depth0[p], key0[p]
                for k in range(3 * p, 3 * p + 3):
                    if rgb.shape[0] > 0:
                        rgb[k] = rgb0[k]
                    if normals.shape[0] > 0:
                        normals[k] = normals0[k]
