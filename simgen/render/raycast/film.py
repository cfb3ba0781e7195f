"""The kernel that films a clip: frame after frame on one canvas, drawing what has changed and nothing else."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast import layout as at
from simgen.render.raycast.compile import entry, kernel
from simgen.render.raycast.frame import draw_tiles
from simgen.render.raycast.placing import camera_rays, find_affected, place

__all__ = ["film"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]


@kernel
def _measure(label: int, rows: Integers, columns: Integers, boxes: Floats) -> int:
    """Pixels with this label; fill boxes (6,) = x0, y0, x1, y1, mean x, mean y."""
    total, moment, x0, x1 = 0, 0, -1, 0
    for x in range(columns.shape[1]):
        n = columns[label, x]
        if n > 0:
            total += n
            moment += n * (2 * x + 1)
            x0 = x if x0 < 0 else x0
            x1 = x + 1
    if total == 0:
        for k in range(6):
            boxes[k] = 0.0
        return 0
    boxes[0], boxes[2], boxes[4] = x0, x1, 0.5 * moment / total
    moment, y0, y1 = 0, -1, 0
    for y in range(rows.shape[1]):
        n = rows[label, y]
        if n > 0:
            moment += n * (2 * y + 1)
            y0 = y if y0 < 0 else y0
            y1 = y + 1
    boxes[1], boxes[3], boxes[5] = y0, y1, 0.5 * moment / total
    return total


@entry
def film(
    every: bool,
    width: int,
    height: int,
    poses: Floats,
    cameras: Floats,
    solids: Floats,
    tags: Integers,
    shown: Integers,
    looks: Floats,
    lights: Floats,
    around: Floats,
    table: Bytes,
    canvas: tuple[Bytes, Floats, Integers, Bytes, Singles, Floats, Integers, Integers, Integers, Bytes],
    base: tuple[Bytes, Floats, Integers, Bytes, Singles, Floats, Integers, Integers, Integers, Bytes],
    rgb: Bytes,
    segmentation: Bytes,
    depth_m: Singles,
    normals: Singles,
    visible: Integers,
    alone: Integers,
    boxes: Singles,
    centroids: Singles,
) -> None:
    """Film F frames. `every`: draw every tile of every frame; else only what differs from the frame before."""
    label, depth, key, picture, facing, bounds, rows, columns, met, over = canvas
    label0, depth0, key0, picture0, facing0, bounds0, rows0, columns0, met0, over0 = base
    n = solids.shape[0]
    pixels = width * height
    across, down = (width + at.TILE - 1) // at.TILE, (height + at.TILE - 1) // at.TILE
    dirty = np.zeros(across * down, np.uint8)
    track = np.empty(at.TRACK, np.float64)
    mark = np.zeros(at.MARK, np.int32)
    lists = np.zeros((3 + lights.shape[0], max(n, lights.shape[0], 1)), np.int32)
    changed = np.zeros(n, np.int32)
    moving = np.zeros(n, np.int32)
    for b in range(n):
        moving[b] = shown[b] and tags[b, at.MOVES]
    whole = np.ones(across * down, np.uint8)
    count = np.zeros(n, np.int32)
    rays = np.empty(18, np.float64)
    box = np.empty(6, np.float64)
    spot = np.empty(6, np.float64)
    for f in range(poses.shape[0]):
        camera = cameras[min(f, cameras.shape[0] - 1)]
        camera_rays(camera, width, height, rays)
        for b in range(n):
            changed[b] = 0
            count[b] = 0
            if shown[b]:
                for k in range(12):
                    if every or solids[b, k] != poses[f, b, k]:
                        changed[b] = 1
        dirty[:] = 1 if every else 0
        if (
            not every
        ):  # what a solid that has moved was part of: of tiles that nothing moving reached it was not
            find_affected(solids, changed, lights, around, bounds, across, over, dirty)
        for b in range(n):
            if changed[b]:
                place(solids, tags, b, poses[f, b], camera, rays, width, height)
        if not every:  # what it becomes part of; where it was not and is not, the bounds of before still hold
            find_affected(solids, changed, lights, around, bounds, across, whole, dirty)
            for tile in range(dirty.shape[0]):
                if dirty[tile]:
                    over[tile] = 0
            find_affected(solids, moving, lights, around, bounds0, across, dirty, over)
            for tile in range(dirty.shape[0]):
                if dirty[tile] and not over[tile]:  # nothing that moves reaches it any more: as without them
                    dirty[tile] = 0
                    for k in range(6):
                        bounds[tile, k] = bounds0[tile, k]
                    x, y = (tile % across) * at.TILE, (tile // across) * at.TILE
                    for py in range(y, min(y + at.TILE, height)):
                        for px in range(x, min(x + at.TILE, width)):
                            p = py * width + px
                            if label[p] != label0[p]:
                                rows[label[p], py] -= 1
                                columns[label[p], px] -= 1
                                rows[label0[p], py] += 1
                                columns[label0[p], px] += 1
                                label[p] = label0[p]
                            depth[p], key[p] = depth0[p], key0[p]
                            if picture.shape[0] > 0:
                                for k in range(3 * p, 3 * p + 3):
                                    picture[k] = picture0[k]
                            if facing.shape[0] > 0:
                                for k in range(3 * p, 3 * p + 3):
                                    facing[k] = facing0[k]
        draw_tiles(
            dirty, width, height, camera, rays, solids, tags, shown, looks, lights, around, table,
            label, depth, key, picture, facing, bounds, rows, columns, count, track, mark, lists, box,
        )  # fmt: skip
        for b in range(n):
            if changed[b]:
                met[b] = count[b]
            if shown[b]:
                value = tags[b, at.LABEL]
                visible[f, value - 1] = _measure(value, rows, columns, spot)
                alone[f, value - 1] = met[b]
                for k in range(4):
                    boxes[f, value - 1, k] = spot[k]
                centroids[f, value - 1, 0], centroids[f, value - 1, 1] = spot[4], spot[5]
        if rgb.shape[0] > 0:
            for k in range(3 * pixels):
                rgb[f, k] = picture[k]
        if segmentation.shape[0] > 0:
            for k in range(pixels):
                segmentation[f, k] = label[k]
        if depth_m.shape[0] > 0:
            for k in range(pixels):
                depth_m[f, k] = depth[k] if depth[k] < math.inf else 0.0
        if normals.shape[0] > 0:
            for k in range(3 * pixels):
                normals[f, k] = facing[k]
