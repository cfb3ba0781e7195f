"""Which recorded frames a view takes of a clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.video import frame_rate

__all__ = ["offsets"]


def offsets(count: int, stride: int, fps: float | None, recorded_fps: float) -> NDArray[np.int64]:
    """(count,) how many recorded frames after the first one each frame of a window is.

    With `fps`: the recorded frame nearest to k / fps, the later one of two (in fractions, not in floating
    point, so that a tie is a tie on every machine).
    """
    numbers = np.arange(count, dtype=np.int64)
    if fps is None:
        return numbers * stride
    step = frame_rate(recorded_fps) / frame_rate(fps)
    return (2 * numbers * step.numerator + step.denominator) // (2 * step.denominator)
