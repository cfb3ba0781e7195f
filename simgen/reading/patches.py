"""Space-time patches: a video as tokens, the way that transformers over patches take it, and back.

A patch (t, y, x) is a block of t frames, y rows and x columns. Its token holds the block's numbers in the order (frame,
row, column, channel); tokens come in the order of their blocks, column after column, row after row, t frames after t
frames. Nothing but the order of the numbers changes, so that the way back is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["patchify", "unpatch"]

Patch = tuple[int, int, int]  # frames, rows, columns


def patchify(video: Any, patch: Patch) -> tuple[Any, NDArray[np.int64]]:
    """Tokens (…, N, t·y·x·C) of a video (…, T, H, W, C) and the position (N, 3) of each: (t, y, x) of its block in
    the grid of blocks, counted in blocks.

    The video may be a NumPy array or a torch tensor; tokens are of the same kind, positions always NumPy. Raises
    ValueError when the video is no whole number of patches.
    """
    if len(video.shape) < 4:
        raise ValueError(f"a video is (…, T, H, W, C), not {tuple(video.shape)}")
    *batch, frames, rows, columns, channels = video.shape
    t, y, x = patch
    if frames % t or rows % y or columns % x:
        raise ValueError(
            f"{frames} frames of {rows} x {columns} pixels are no whole number of patches {patch}"
        )
    grid = frames // t, rows // y, columns // x
    blocks = video.reshape(*batch, grid[0], t, grid[1], y, grid[2], x, channels)
    # (T', t, Y', y, X', x) to (T', Y', X', t, y, x); swapaxes is what NumPy and torch both have
    blocks = blocks.swapaxes(-6, -5).swapaxes(-5, -3).swapaxes(-4, -3)
    tokens = blocks.reshape(*batch, grid[0] * grid[1] * grid[2], t * y * x * channels)
    return tokens, np.stack(np.unravel_index(np.arange(int(np.prod(grid))), grid), axis=1).astype(np.int64)


def unpatch(tokens: Any, positions: Any, patch: Patch) -> Any:
    """The video (…, T, H, W, C) of tokens (…, N, t·y·x·C): the inverse of `patchify`.

    positions: (N, 3), or (…, N, 3) as batches have them; tokens and positions may be in any order, the same for both.
    Raises ValueError unless each block of the grid, from (0, 0, 0) to the largest position, is there once.
    """
    *batch, count, width = tokens.shape
    t, y, x = patch
    places = np.asarray(positions)
    if places.shape[-2:] != (count, 3) or width % (t * y * x):
        raise ValueError(
            f"tokens {tuple(tokens.shape)} at positions {places.shape} are no patches {patch} of a video"
        )
    grid = tuple(int(last) + 1 for last in places.reshape(-1, 3).max(axis=0))
    if count != np.prod(grid) or places.min() < 0:
        raise ValueError(f"{count} tokens are not the {'×'.join(map(str, grid))} blocks of a video")
    number = np.ravel_multi_index(tuple(np.moveaxis(places, -1, 0)), grid)  # (…, N) where each token belongs
    order = np.argsort(number, axis=-1)
    if (np.take_along_axis(number, order, axis=-1) != np.arange(count)).any():
        raise ValueError("two tokens have the same position")
    if (order != np.arange(count)).any():
        clips = int(np.prod(batch))
        flat = np.arange(clips)[:, None] * count + np.broadcast_to(order, (*batch, count)).reshape(
            clips, count
        )
        tokens = tokens.reshape(clips * count, width)[flat.reshape(-1)]
    blocks = tokens.reshape(*batch, *grid, t, y, x, width // (t * y * x))
    blocks = blocks.swapaxes(-4, -3).swapaxes(-5, -3).swapaxes(-6, -5)
    return blocks.reshape(*batch, grid[0] * t, grid[1] * y, grid[2] * x, -1)
