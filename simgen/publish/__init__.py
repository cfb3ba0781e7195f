"""A finished dataset for others: its card with pictures, Croissant metadata, the way to the Hugging Face Hub.

Reads what is on disk and simulates nothing. Everything is imported on first use; the Hub's client is needed only
to send something.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "PublishReport": "upload",
    "publish": "upload",
}

__all__ = ["PublishReport", "publish"]

if TYPE_CHECKING:
    from simgen.publish.upload import PublishReport, publish


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"simgen.publish.{_HOME[name]}"), name)
    raise AttributeError(f"module 'simgen.publish' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
