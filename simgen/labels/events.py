"""Events: what happened, derived from scene and trace alone."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Event"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at `time_s`; `frame` is the first frame at or after it."""

    kind: str  # first_contact | bounce | comes_to_rest | leaves_frame | topples | ...
    frame: int
    time_s: float
    bodies: tuple[int, ...]  # indices into SceneSpec.bodies
    value: float  # by kind, see `EVENT_KINDS`; 0.0 where the kind has none
