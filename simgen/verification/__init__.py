"""Is a dataset what it says it is: every file against its hash, every label against what follows from others.

Imported on first use. Nothing here imports the physics engine or the renderer.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "VerifyReport": "dataset",
    "differences": "comparison",
    "verify": "dataset",
}

if TYPE_CHECKING:
    from simgen.verification.comparison import differences
    from simgen.verification.dataset import VerifyReport, verify

__all__ = [
    "VerifyReport",
    "differences",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"simgen.verification.{_HOME[name]}"), name)
    raise AttributeError(f"module 'simgen.verification' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
