"""What a segmentation says about each body: how many pixels it covers, in which box, around which centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["outlines"]


def outlines(
    segmentation: NDArray[np.uint8], bodies: int, links: int = 0
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
    """Pixel counts (T, N), boxes x0 y0 x1 y1 (T, N, 4) and centroids x y (T, N, 2) of a segmentation (T, H, W).

    A box holds whole pixels: one pixel (row i, column j) gives (j, i, j + 1, i + 1). A body without pixels
    gets zeros. The labels after those of the bodies, of `links`, count for nothing."""
    frames, height, width = segmentation.shape
    pixels = np.zeros((frames, bodies), dtype=np.int32)
    boxes = np.zeros((frames, bodies, 4), dtype=np.float32)
    centroids = np.zeros((frames, bodies, 2), dtype=np.float32)
    # one histogram per frame over (body, column) and one over (body, row) hold all three
    bins = bodies + links + 1
    column_bin = np.arange(width, dtype=np.int64) * bins
    row_bin = np.arange(height, dtype=np.int64)[:, None] * bins
    for frame in range(frames):
        labels = segmentation[frame].astype(np.int64)
        columns = np.bincount((labels + column_bin).ravel(), minlength=width * bins).reshape(width, bins)[
            :, 1 : bodies + 1
        ]
        rows = np.bincount((labels + row_bin).ravel(), minlength=height * bins).reshape(height, bins)[
            :, 1 : bodies + 1
        ]
        count = columns.sum(axis=0)
        seen = count > 0
        pixels[frame] = count
        for axis, histogram in ((0, columns), (1, rows)):
            length = histogram.shape[0]
            mean = (np.arange(length) + 0.5) @ histogram / np.maximum(count, 1)
            centroids[frame, :, axis] = np.where(seen, mean, 0.0)
            boxes[frame, :, axis] = np.where(seen, (histogram > 0).argmax(axis=0), 0)
            boxes[frame, :, axis + 2] = np.where(seen, length - (histogram[::-1] > 0).argmax(axis=0), 0)
    return pixels, boxes, centroids
