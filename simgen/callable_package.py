"""Lets a package be called like the function that it is named after.

`simgen.build` and `simgen.render` are functions of the public interface and packages: Python binds the
package to that name as soon as anybody imports it. A callable package makes both readings work.
"""

from __future__ import annotations

import sys
import types
from typing import Any

__all__ = ["make_callable"]


def make_callable(package: str) -> None:
    """From now on a call of the package `simgen.x` is a call of its function `x`."""
    name = package.rpartition(".")[2]

    class CallablePackage(types.ModuleType):
        def __call__(self, *arguments: Any, **named: Any) -> Any:
            return getattr(self, name)(*arguments, **named)

    sys.modules[package].__class__ = CallablePackage
