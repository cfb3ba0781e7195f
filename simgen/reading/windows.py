"""Which recorded frames a view takes of a clip, and what of its labels lies within them.

A window is the recorded frames i[0] < i[1] < … of a clip. Its time begins at its first frame: t = 0 there. What
is told about moments (contacts, events, the decision) belongs to the window's first frame at or after it, as
it does in the recording; what happened before the window's first frame or after its last one is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.column_table import CAPTION_TIERS
from simgen.dataset.video import frame_rate
from simgen.labels.decision import Decision
from simgen.labels.events import Event
from simgen.physics.trace import Contacts

if TYPE_CHECKING:
    from simgen.reading.view import View

__all__ = [
    "contacts_within",
    "decision_within",
    "events_within",
    "frame_indices",
    "is_whole",
    "offset",
    "tiers_told",
]

Indices = NDArray[np.int64]
SAME_S = 1e-9  # times less apart are the same


def offset(number: Any, stride: int, fps: float | None, recorded_fps: float) -> Any:
    """How many recorded frames after the first one frame `number` of a window is (a whole number, or an array of them).

    With `fps`: the recorded frame nearest to number / fps, the later one of two (in fractions, not in floating
    point, so that a tie is a tie on every machine).
    """
    if fps is None:
        return number * stride
    step = frame_rate(recorded_fps) / frame_rate(fps)
    return (2 * number * step.numerator + step.denominator) // (2 * step.denominator)


def frame_indices(view: View, recorded: int, recorded_fps: float, draw: np.random.Generator) -> Indices:
    """(T,) the recorded frames of the window, rising. Raises ValueError when the clip has too few of them."""
    if view.fps is not None and view.fps > recorded_fps:
        raise ValueError(f"it has {recorded_fps:g} frames per second, fewer than {view.fps:g}")
    first = 0 if isinstance(view.start, str) else int(view.start)
    if view.frames is None:
        indices: Indices = first + offset(np.arange(recorded), view.stride, view.fps, recorded_fps)
        indices = indices[indices < recorded]
        if not len(indices):
            raise ValueError(f"the window begins at frame {first}, the clip has {recorded} frames")
        return indices
    within: Indices = offset(np.arange(view.frames), view.stride, view.fps, recorded_fps)
    room = recorded - int(within[-1])  # first frames from which the window ends in time
    if first >= room:
        raise ValueError(
            f"the window ends at frame {first + int(within[-1])}, the clip has {recorded} frames"
        )
    if view.start == "random":
        first = int(draw.integers(room))
    elif view.start == "middle":
        first = (room - 1) // 2
    return first + within


def frame_of(indices: Indices, recorded: Any) -> Any:
    """The window's first frames at or after recorded ones."""
    return np.searchsorted(indices, recorded, side="left")


def is_whole(indices: Indices, recorded: int, events: Sequence[Event]) -> bool:
    """Whether the window tells the whole story: it begins with the clip, what follows its last frame is less than
    the longest step between two of its frames, and no event lies in that rest.
    """
    last = int(indices[-1])
    step = int(np.diff(indices).max()) if len(indices) > 1 else 1
    return (
        int(indices[0]) == 0 and recorded - 1 - last < step and all(event.frame <= last for event in events)
    )


def contacts_within(contacts: Contacts, indices: Indices, recorded_fps: float) -> Contacts:
    """The contacts between the window's first frame and its last one, a row per pair and interval between two
    frames of the window, ordered by (frame, a, b).

    Where the window leaves frames out, the intervals that lie between two of its frames become one, by the
    definition of a row: the first touch, the sum of the impulses, position and normal weighted by impulse.
    """
    inside = (contacts.frame > indices[0]) & (contacts.frame <= indices[-1])
    frame = frame_of(indices, contacts.frame[inside])
    start_s = float(indices[0]) / recorded_fps
    keys = np.stack([frame, contacts.a[inside], contacts.b[inside]], axis=1).astype(np.int32)
    keys, row = np.unique(keys, axis=0, return_inverse=True)
    row = row.reshape(-1)
    impulse = contacts.impulse_n_s[inside]
    if len(keys) == len(impulse):  # every row stays a row: unique has sorted them, as they already were
        order = np.argsort(row)
        time_s, total = contacts.time_s[inside][order], impulse[order]
        position, normal = contacts.position_m[inside][order], contacts.normal[inside][order]
    else:
        time_s = np.full(len(keys), np.inf)
        np.minimum.at(time_s, row, contacts.time_s[inside])
        total = np.bincount(row, impulse, len(keys))
        rows = np.bincount(row, minlength=len(keys))
        # rows without any impulse weigh the same
        weight = np.where(total[row] > 0, impulse / np.where(total > 0, total, 1)[row], 1 / rows[row])
        position = _sums(row, weight, contacts.position_m[inside], len(keys))
        normal = _sums(row, weight, contacts.normal[inside], len(keys))
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        normal /= np.where(length > 0, length, 1.0)
    return Contacts(
        frame=np.ascontiguousarray(keys[:, 0]),
        time_s=np.maximum(time_s - start_s, 0.0),
        a=np.ascontiguousarray(keys[:, 1]),
        b=np.ascontiguousarray(keys[:, 2]),
        position_m=position,
        normal=normal,
        impulse_n_s=total,
    )


def _sums(
    row: NDArray[Any], weight: NDArray[np.float64], vectors: NDArray[np.float64], rows: int
) -> NDArray[np.float64]:
    return np.stack([np.bincount(row, weight * vectors[:, axis], rows) for axis in range(3)], axis=1)


def _happens(frame: int, time_s: float, indices: Indices, recorded_fps: float) -> bool:
    """Whether the window shows a moment: not before its first frame, not after its last one."""
    first, last = int(indices[0]), int(indices[-1])
    return first <= frame <= last and (frame > first or time_s >= first / recorded_fps - SAME_S)


def events_within(events: Sequence[Event], indices: Indices, recorded_fps: float) -> tuple[Event, ...]:
    """The events of the window, with its frames and times."""
    start_s = float(indices[0]) / recorded_fps
    return tuple(
        replace(
            event,
            frame=int(frame_of(indices, event.frame)),
            time_s=max(event.time_s - start_s, 0.0),
        )
        for event in events
        if _happens(event.frame, event.time_s, indices, recorded_fps)
    )


def decision_within(decision: Decision, indices: Indices, recorded_fps: float) -> Decision:
    """The decision of the window: no event where the window does not show it.

    `event_frames` and `outcome_frames` still speak of the recording: from how many first frames of the window the
    decisive event and the rest of the recording follow. They are 0, "not all of them do", for a window that does not
    begin with the clip, since what reveals a parameter may lie before it.
    """
    start_s, last_s = float(indices[0]) / recorded_fps, float(indices[-1]) / recorded_fps
    shown = decision.in_video and _happens(decision.frame, decision.time_s, indices, recorded_fps)
    return Decision(
        kind=decision.kind if shown else "",
        frame=int(frame_of(indices, decision.frame)) if shown else -1,
        time_s=max(decision.time_s - start_s, 0.0) if shown else -1.0,
        in_video=shown,
        event_frames=_first_frames(decision.event_frames, indices),
        outcome_frames=_first_frames(decision.outcome_frames, indices),
        horizon_s=max(min(decision.horizon_s, last_s) - start_s, 0.0),
    )


def _first_frames(recorded: int, indices: Indices) -> int:
    """How many frames of the window tell what the first `recorded` ones of the clip tell; 0: not all of them do.

    One frame is a picture. More are a velocity or an acceleration, or what an event at frame recorded − 2
    reveals by the velocity after it: two frames from there on, in the window as in the clip
    (`simgen.labels.decision`).
    """
    if recorded == 0 or indices[0] != 0:
        return 0
    needed = 1 if recorded == 1 else int(frame_of(indices, recorded - 2)) + 2
    return needed if needed <= len(indices) else 0


def tiers_told(
    indices: Indices, recorded: int, fps: float, decision: Decision | None, events: Sequence[Event]
) -> Collection[str]:
    """The tiers of captions that tell nothing which the window does not show, `plain` always among them.

    decision: that of the recording, None where the dataset has none; events: those of the recording.

    `plain` names the scene, and there is no tier that says less (it may name the event that the scene is about:
    "bump into each other"). `qualitative` tells the course of the action: the window must show the decisive
    event, if the clip has one. `numeric` does so with the numbers of the clip's beginning (speed, height, angle
    at which it starts): the window must also begin there. `outcome` tells everything up to the end, with counts
    and with times since the beginning: the window must show the whole (`is_whole`).
    """
    if is_whole(indices, recorded, events):
        return tuple(CAPTION_TIERS)
    told = ["plain", "hidden"]
    if decision is not None and (
        not decision.in_video or _happens(decision.frame, decision.time_s, indices, fps)
    ):
        told.append("qualitative")
        if indices[0] == 0:
            told.append("numeric")
    return told
