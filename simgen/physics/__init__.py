"""Physics: a scene becomes a trace. `simulate` is imported on first use: reading needs no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["simulate"]

if TYPE_CHECKING:
    from simgen.physics.simulation import simulate


def __getattr__(name: str) -> Any:
    if name == "simulate":
        from simgen.physics.simulation import simulate

        return simulate
    raise AttributeError(f"module 'simgen.physics' has no attribute {name!r}")
