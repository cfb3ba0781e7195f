"""What a renderer gives for one camera: pictures and, pixel by pixel, the truth behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PASSES", "Frames"]

PASSES = ("depth", "segmentation", "normals", "flow")


@dataclass(frozen=True, slots=True)
class Frames:
    """T frames of H×W pixels from one camera; N bodies.

    Pixel (row i, column j) covers [j, j+1) × [i, i+1), its centre is (j + 0.5, i + 0.5), x right, y down. Labels are
    taken at pixel centres and never blended. A pass that was not asked for is None.
    """

    rgb: NDArray[np.uint8]  # (T, H, W, 3) sRGB
    segmentation: NDArray[np.uint8] | None = None  # (T, H, W) 0 background, i + 1 body i, N + 1 + k link k
    depth_m: NDArray[np.float32] | None = None  # (T, H, W) along the camera axis, 0 where there is nothing
    normals: NDArray[np.float32] | None = (
        None  # (T, H, W, 3) camera frame, unit length, 0 where there is nothing
    )
    flow: NDArray[np.float32] | None = None  # (T, H, W, 2) to the next frame, pixels (x, y); last frame 0
    flow_occluded: NDArray[np.bool_] | None = (
        None  # (T, H, W) the surface point is hidden or outside in the next frame
    )
    visible_pixels: NDArray[np.int32] | None = None  # (T, N) pixels in which the body is seen
    alone_pixels: NDArray[np.int32] | None = (
        None  # (T, N) pixels in the picture it would have with no other body there
    )
    boxes: NDArray[np.float32] | None = None  # (T, N, 4) x0 y0 x1 y1 of the visible pixels, 0 when none
    centroids: NDArray[np.float32] | None = (
        None  # (T, N, 2) mean pixel centre of the visible pixels, 0 when none
    )
    # (T, 4) x0 y0 x1 y1: outside of it the picture is that of the frame before (frame 0: not meant). None when a
    # renderer does not know.
    changed: NDArray[np.int32] | None = None
