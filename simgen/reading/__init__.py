"""Gives the clips of a dataset back: from any store, in any order, cut to what a training loop wants.

Imported on first use. Nothing here needs the physics engine, the renderer or a cluster engine.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "Clip": "clip",
    "Dataset": "reader",
    "View": "view",
    "open_dataset": "reader",
    "patchify": "patches",
    "unpatch": "patches",
}

if TYPE_CHECKING:
    from simgen.reading.clip import Clip
    from simgen.reading.patches import patchify, unpatch
    from simgen.reading.reader import Dataset, open_dataset
    from simgen.reading.view import View

__all__ = [
    "Clip",
    "Dataset",
    "View",
    "open_dataset",
    "patchify",
    "unpatch",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"simgen.reading.{_HOME[name]}"), name)
    raise AttributeError(f"module 'simgen.reading' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
