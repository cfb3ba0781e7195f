"""The kernel that films a clip: frame after frame on one canvas, drawing what has changed and no more."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import entry, kernel
from simgen.render.raycast.flow import trace_flow
from simgen.render.raycast.frame import Canvas, draw_tiles, restore
from simgen.render.raycast.reach import drop_missed, enclose, find_affected, find_candidates

__all__ = ["Arguments", "Results", "Room", "film"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]
# rgb (F, H·W·3) · segmentation (F, H·W) · depth (F, H·W) · normals (F, H·W·3) · flow (F, H·W·2) zero ·
# occluded (F, H·W) zero: each (0, 0) when not wanted · visible (F, N) · alone (F, N) · boxes (F, N, 4) ·
# centroids (F, N, 2) · changed (F, 4): x0 y0 x1 y1 around the tiles that differ from the frame before
Results = tuple[
    Bytes, Bytes, Singles, Singles, Singles, Bytes, Integers, Integers, Singles, Singles, Integers
]
# what the kernel works with, made by the caller because numba takes long to compile `np.zeros`: ahead (N,
# SOLID) · track (TRACK,) · mark (MARK,) · lists (CASTERS + L, N + 1) · box (BOUNDS,) · dirty (tiles,) · chosen
# (tiles,) · row_of (256,) · balls (8, tiles): see `reach.enclose` · plain (H·W·3,): see
# `frame.draw_tiles`, of no length when there is no picture
Room = tuple[Floats, Floats, Integers, Integers, Floats, Bytes, Bytes, Integers, Floats, Floats]
# every · places · cameras · solids · nodes · corners · lights · world · table · canvas · base · results · room
Arguments = tuple[
    bool, Floats, Floats, Floats, Floats, Floats, Floats, Floats, Bytes, Canvas, Canvas, Results, Room
]


@kernel
def _measure(f: int, label: int, canvas: Canvas, results: Results) -> None:
    """Count the pixels with this label and fill its box and centroid."""
    rows, columns = canvas[6], canvas[7]
    visible, boxes, centroids = results[6], results[8], results[9]
    total, moment, x0, x1 = 0, 0, -1, 0
    for x in range(columns.shape[1]):
        n = columns[label, x]
        if n > 0:
            total += n
            moment += n * (2 * x + 1)
            x0 = x if x0 < 0 else x0
            x1 = x + 1
    visible[f, label - 1] = total
    if total == 0:
        boxes[f, label - 1] = 0.0
        centroids[f, label - 1] = 0.0
        return
    boxes[f, label - 1, 0], boxes[f, label - 1, 2] = x0, x1
    centroids[f, label - 1, 0] = 0.5 * moment / total
    moment, y0, y1 = 0, -1, 0
    for y in range(rows.shape[1]):
        n = rows[label, y]
        if n > 0:
            moment += n * (2 * y + 1)
            y0 = y if y0 < 0 else y0
            y1 = y + 1
    boxes[f, label - 1, 1], boxes[f, label - 1, 3] = y0, y1
    centroids[f, label - 1, 1] = 0.5 * moment / total


@kernel
def _surround(tiles: Bytes, width: int, height: int, rectangle: Integers) -> None:
    """The `rectangle` (4,) of pixels around the chosen tiles, x0 y0 x1 y1; all 0 when there is none."""
    across = (width + at.TILE - 1) // at.TILE
    left, top, right, bottom = width, height, 0, 0
    for tile in range(tiles.shape[0]):
        if tiles[tile]:
            x, y = (tile % across) * at.TILE, (tile // across) * at.TILE
            left, top = min(left, x), min(top, y)
            right, bottom = max(right, x + at.TILE), max(bottom, y + at.TILE)
    rectangle[0], rectangle[1] = min(left, right), min(top, bottom)
    rectangle[2], rectangle[3] = min(right, width), min(bottom, height)


@kernel
def _copy(f: int, canvas: Canvas, results: Results, straight: bool) -> None:
    """The canvas as frame f of what is wanted; `straight`: picture and normals are there already."""
    label, depth, _, picture, facing, _, _, _, _ = canvas
    rgb, segmentation, depth_m, normals, _, _, _, _, _, _, _ = results
    if rgb.shape[0] > 0 and not straight:
        for k in range(picture.shape[0]):
            rgb[f, k] = picture[k]
    if segmentation.shape[0] > 0:
        for k in range(label.shape[0]):
            segmentation[f, k] = label[k]
    if depth_m.shape[0] > 0:
        for k in range(depth.shape[0]):
            depth_m[f, k] = depth[k] if depth[k] < math.inf else 0.0
    if normals.shape[0] > 0 and not straight:
        for k in range(facing.shape[0]):
            normals[f, k] = facing[k]


@entry
def film(
    every: bool,
    places: Floats,
    cameras: Floats,
    solids: Floats,
    nodes: Floats,
    corners: Floats,
    lights: Floats,
    world: Floats,
    table: Bytes,
    canvas: Canvas,
    base: Canvas,
    results: Results,
    room: Room,
) -> None:
    """Film the solids in their places (F, N, PLACED) with the cameras (F or 1, CAMERA).

    `every`: draw every tile of every frame; else start from `base`, which shows what does not move, and
    draw only what differs from the frame before. `solids` and `canvas` keep their state for a call that
    goes on from here.
    """
    rgb, normals, flow, occluded = results[0], results[3], results[4], results[5]
    n = solids.shape[0]
    width, height = int(world[at.WIDTH]), int(world[at.HEIGHT])
    over, bounds, bounds0 = canvas[8], canvas[5], base[5]
    ahead, track, mark, lists, box, dirty, chosen, row_of, balls, plain = room
    if not every:
        chosen[:] = 1
        enclose(chosen, bounds, balls)
    for b in range(n):
        for k in range(at.SOLID):
            ahead[b, k] = solids[b, k]
        row_of[int(solids[b, at.LABEL])] = b
    for f in range(places.shape[0]):
        still = f > 0 and cameras.shape[0] == 1
        for k in range(at.CAMERA):
            world[k] = cameras[min(f, cameras.shape[0] - 1), k]
        for b in range(n):
            ahead[b, at.CHANGED] = 0.0
            if ahead[b, at.SHOWN] > 0.0:
                for k in range(at.PLACED):
                    if (k < at.POSE or k >= at.SIZE) and ahead[b, k] != places[f, b, k]:
                        ahead[b, at.CHANGED] = 1.0
                    ahead[b, k] = places[f, b, k]
        if f > 0 and flow.shape[0] > 0:
            trace_flow(
                f - 1,
                still,
                row_of,
                canvas[0],
                canvas[1],
                solids,
                ahead,
                nodes,
                corners,
                world,
                flow,
                occluded,
            )
        dirty[:] = 1
        if not every:
            dirty[:] = 0
            # what a solid that has moved was part of: only of tiles that something moving had reached
            for b in range(n):
                solids[b, at.CHANGED] = ahead[b, at.CHANGED]
            find_affected(solids, at.CHANGED, lights, world, bounds, over, dirty)
            # what it becomes part of; where it was not and is not, the bounds of before still hold
            find_candidates(ahead, at.CHANGED, lights, world, balls, chosen)
            find_affected(ahead, at.CHANGED, lights, world, bounds, chosen, dirty)
            for tile in range(dirty.shape[0]):
                if dirty[tile]:
                    over[tile] = 0
            find_affected(ahead, at.MOVES, lights, world, bounds0, dirty, over)
            drop_missed(ahead, at.MOVES, lights, world, bounds0, base[1], over)
            for tile in range(dirty.shape[0]):
                chosen[tile] = 1 if dirty[tile] and not over[tile] else 0
            restore(chosen, canvas, base, width, height)  # nothing that moves reaches these any more
            for tile in range(dirty.shape[0]):
                dirty[tile], chosen[tile] = 1 if dirty[tile] and over[tile] else 0, dirty[tile]
            _surround(chosen, width, height, results[10][f])
        for b in range(n):
            for k in range(at.SOLID):
                solids[b, k] = ahead[b, k]
            solids[b, at.MET] = 0.0
        target, straight = canvas, every and rgb.shape[0] > 0
        if straight:  # every pixel is new: into the results without a detour
            facing = normals[f] if normals.shape[0] > 0 else canvas[4]
            target = (canvas[0], canvas[1], canvas[2], rgb[f], facing, bounds, canvas[6], canvas[7], over)
        draw_tiles(
            dirty, solids, nodes, corners, lights, world, table, target, track, mark, lists, box, plain
        )
        if not every:
            enclose(chosen, bounds, balls)
        for b in range(n):
            if solids[b, at.SHOWN] > 0.0:
                if every or solids[b, at.CHANGED] > 0.0:
                    solids[b, at.ALONE] = solids[b, at.MET]
                ahead[b, at.ALONE] = solids[b, at.ALONE]
                value = int(solids[b, at.LABEL])
                _measure(f, value, canvas, results)
                results[7][f, value - 1] = int(solids[b, at.ALONE])
        _copy(f, canvas, results, straight)
