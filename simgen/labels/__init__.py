"""Labels that follow from scene and trace: events, where bodies are in the picture, the words of captions.

The names below are imported on first use: `simgen.labels.events` is part of every stored clip's record, and
reading one should cost nothing more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simgen.labels.events import EVENT_KINDS

__all__ = ["EVENT_KINDS", "find_events"]

if TYPE_CHECKING:
    from simgen.labels.detection import find_events


def __getattr__(name: str) -> Any:
    if name == "find_events":
        from simgen.labels.detection import find_events

        return find_events
    raise AttributeError(f"module 'simgen.labels' has no attribute {name!r}")
