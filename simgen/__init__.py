"""simgen makes physics video datasets that can be trusted. See README.md and `simgen --help`.

The names below are the public interface. They are imported on first use, so that `import simgen` and
`simgen --help` stay quick and reading a dataset never imports the physics engine or the renderer.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Raised whenever the same recipe would give different data.
GENERATOR_VERSION = 2

_HOME = {
    "load_recipe": "simgen.recipe",
    "generate": "simgen.build",
    "build": "simgen.build",
    "simulate": "simgen.physics",
    "render": "simgen.render",
    "open_dataset": "simgen.reading",
    "verify": "simgen.verification",
}

__all__ = [
    "GENERATOR_VERSION",
    "__version__",
    "build",
    "generate",
    "load_recipe",
    "open_dataset",
    "render",
    "simulate",
    "verify",
]

if TYPE_CHECKING:
    from simgen.build import build, generate
    from simgen.physics import simulate
    from simgen.reading import open_dataset
    from simgen.recipe import load_recipe
    from simgen.render import render
    from simgen.verification import verify


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'simgen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
