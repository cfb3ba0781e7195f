"""What a clip is about, and how much of it must be seen to know how it goes on.

A scenario says which events decide its clips (`Scenario.decisive`) and what reveals each of its parameters to
somebody who knows all laws of physics (`Parameter.revealed`). From the events of a clip follow then

* the decisive event: the first one of a decisive kind, if the video shows it;
* from how many first frames that event is determined, in principle: every parameter that is revealed before
  it counts (what is revealed by the event itself, or after it, cannot have had a part in it);
* from how many first frames everything that the video shows is determined.

A picture is one frame, a velocity takes two, an acceleration three; what an event reveals is known when the
velocity after it can be read: at the event's frame and the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simgen.labels.events import EVENT_KINDS, Event

__all__ = ["FRAMES_NEEDED", "NEVER", "REVEALED", "Decision", "decide"]

FRAMES_NEEDED = {"picture": 1, "velocity": 2, "acceleration": 3}
NEVER = "never"
REVEALED = (*FRAMES_NEEDED, *EVENT_KINDS, NEVER)  # what `Parameter.revealed` may say


@dataclass(frozen=True, slots=True)
class Decision:
    """The decisive event of a clip and what it takes to foresee it. Numbers of frames count from 1."""

    kind: str = ""  # of the decisive event; "" when the video shows none
    frame: int = -1  # its frame, -1 when the video shows none
    time_s: float = -1.0
    in_video: bool = False
    event_frames: int = 0  # first frames that determine whether and when it happens; 0: not all of them do
    outcome_frames: int = 0  # first frames that determine the rest of the video; 0: not all of them do
    # Up to which the motion is reproducible: a chaotic clip's ends before the video; a qualitative one claims none.
    horizon_s: float = 0.0


def decide(
    decisive: Iterable[str],
    revealed: Mapping[str, str],
    events: Iterable[Event],
    frame_count: int,
    horizon_s: float,
) -> Decision:
    """The decision of a clip of `frame_count` frames; `revealed`: what reveals each parameter (`REVEALED`).

    A parameter that only an event reveals which does not happen in the video plays no part in what it shows.
    """
    events, kinds = tuple(events), tuple(decisive)
    first: dict[str, Event] = {}
    for entry in events:
        first.setdefault(entry.kind, entry)
    event = next((entry for entry in events if entry.kind in kinds), None)
    before = needed = 1
    for way in revealed.values():
        if way in FRAMES_NEEDED:
            needed = max(needed, FRAMES_NEEDED[way])
            before = max(before, FRAMES_NEEDED[way])
        elif way in first:
            shown = first[way].frame + 2
            needed = max(needed, shown)
            if event is None or first[way].time_s < event.time_s:
                before = max(before, shown)
    return Decision(
        kind="" if event is None else event.kind,
        frame=-1 if event is None else event.frame,
        time_s=-1.0 if event is None else event.time_s,
        in_video=event is not None,
        event_frames=before if before <= frame_count else 0,
        outcome_frames=needed if needed <= frame_count else 0,
        horizon_s=horizon_s,
    )
