"""From a recipe to a dataset: `generate` one clip, `generate_shard`, `build` everything.

The package is called like its main function, so it can be called itself: `simgen.build(recipe,
"datasets/incline")` works whether `simgen.build` is the function or, once somebody has imported it, this
package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from simgen.callable_package import make_callable

_HOME = {
    "ATTEMPTS": "clip",
    "BuildReport": "run",
    "Plan": "plan",
    "ShardPlan": "plan",
    "build": "driver",
    "generate": "clip",
    "generate_shard": "shard",
    "plan_of": "driver",
}

__all__ = [
    "ATTEMPTS",
    "BuildReport",
    "Plan",
    "ShardPlan",
    "build",
    "generate",
    "generate_shard",
    "plan_of",
]

if TYPE_CHECKING:
    from simgen.build.clip import ATTEMPTS, generate
    from simgen.build.driver import build, plan_of
    from simgen.build.plan import Plan, ShardPlan
    from simgen.build.run import BuildReport
    from simgen.build.shard import generate_shard


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"simgen.build.{_HOME[name]}"), name)
    raise AttributeError(f"module 'simgen.build' has no attribute {name!r}")


make_callable(__name__)
