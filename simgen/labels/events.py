"""Events: what happened, derived from scene and trace alone. `simgen.labels.find_events` finds them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EVENT_KINDS", "SIDES", "Event"]

# The value of `leaves_frame` and `enters_frame` is the place of the side in this list.
SIDES = ("left", "right", "top", "bottom")

# Each kind: when it happens; what `value` is. docs/events.md is made from this table.
EVENT_KINDS: dict[str, str] = {
    "first_contact": (
        "two bodies, one of them free to move, touch for the first time (not if they touch at the start);"
        " closing speed along the contact normal, m/s"
    ),
    "bounce": (
        "a moving body touches a fixed one after having been apart from it, and parts from it again for "
        "at least as long as lies between two frames; speed along the normal with which it leaves, m/s"
    ),
    "collision": (
        "two moving bodies that were apart touch at 0.05 m/s or more; closing speed along the normal, m/s"
    ),
    "apex": (
        "a body that touches nothing rises no further and begins to sink; height of its centre of mass "
        "above the origin, m"
    ),
    "starts_moving": (
        "a body at rest since the start is set in motion (not one that is let go at the start); its speed"
        " at the frame, m/s"
    ),
    "comes_to_rest": (
        "a body that has moved lies still until the end of the video, for 0.1 s at least; distance from "
        "where it started, m"
    ),
    "starts_rolling": (
        "a round body that slips on a fixed one stops slipping and rolls on it; its speed at the frame, m/s"
    ),
    "topples": (
        "a body tips over on its support: the axis that was most upright passes 45° of tilt; its tilt at "
        "the end of the video, degrees"
    ),
    "leaves_frame": (
        "the centre of mass leaves the main camera's picture; the side: 0 left, 1 right, 2 top, 3 bottom"
    ),
    "enters_frame": (
        "the centre of mass comes into the main camera's picture; the side, as for leaves_frame"
    ),
    "hidden": (
        "the last of a body goes behind a screen, as the main camera sees it; the side of the screen where "
        "it was last seen, as for leaves_frame"
    ),
    "reappears": (
        "the first of a body comes out from behind a screen; how long all of it was hidden, s (since the "
        "start of the video, if it was hidden then)"
    ),
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at `time_s`; `frame` is the first frame at or after it."""

    kind: str  # a key of EVENT_KINDS
    frame: int
    time_s: float
    bodies: tuple[int, ...]  # indices into SceneSpec.bodies, increasing
    value: float  # by kind, see EVENT_KINDS
