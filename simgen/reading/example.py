"""A clip as a training loop takes it: a dict of arrays, numbers and words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from simgen.reading.clip import Clip

__all__ = ["example"]


def example(clip: Clip, names: Sequence[str], bodies: int | None = None) -> dict[str, Any]:
    """`names` are names of columns: video, state, caption, key …; a dense pass is `depth` (in metres),
    `segmentation`, `normals` or `flow`; a further camera's have `_<camera>` behind them.
    """
    found: dict[str, Any] = {}
    for name in names:
        if name == "video":
            found[name] = clip.rgb
        elif name == "caption":
            found[name] = clip.caption
        else:
            value = clip.values[name]
            found[name] = np.array(value) if isinstance(value, np.ndarray) else value
    return found
