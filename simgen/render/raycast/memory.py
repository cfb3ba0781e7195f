"""Large arrays whose memory is used again for the next clip.

The passes of a clip take tens to hundreds of megabytes. The C library gives blocks of that size back to
the operating system when they are freed, and memory that comes from there is cleared page by page on first
use: measured, that cost more than drawing what is in them. So a block that nothing refers to any more
waits here for the next array of its size.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["array"]

LARGE = 8 << 20  # bytes; the C library keeps smaller blocks by itself
_spare: dict[int, NDArray[np.uint8]] = {}  # at most one block per size


def array(shape: tuple[int, ...], kind: DTypeLike, *, zero: bool = False) -> NDArray[Any]:
    """An array with any content, or of zeros."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    if size < LARGE:
        return np.zeros(shape, kind) if zero else np.empty(shape, kind)
    block = _spare.pop(size, None)
    if block is None:
        block = np.zeros(size, np.uint8) if zero else np.empty(size, np.uint8)
    elif zero:
        block.fill(0)
    first = np.frombuffer(block.data, np.uint8)  # what every view of it keeps alive
    weakref.finalize(first, _spare.__setitem__, size, block)
    return first.view(kind).reshape(shape)
