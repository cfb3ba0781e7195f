"""Physics: a scene becomes a trace. Its functions are imported on first use: reading needs no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["continue_from", "simulate"]

if TYPE_CHECKING:
    from simgen.physics.continuing import continue_from
    from simgen.physics.simulation import simulate


def __getattr__(name: str) -> Any:
    if name == "simulate":
        from simgen.physics.simulation import simulate

        return simulate
    if name == "continue_from":
        from simgen.physics.continuing import continue_from

        return continue_from
    raise AttributeError(f"module 'simgen.physics' has no attribute {name!r}")
