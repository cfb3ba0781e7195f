"""All events of a clip, in order of time."""

from __future__ import annotations

import numpy as np

from simgen.labels import framing, hiding, motion, touches
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.scene.presence import acting
from simgen.scene.spec import SceneSpec

__all__ = ["find_events"]


def find_events(scene: SceneSpec, trace: Trace) -> tuple[Event, ...]:
    """What happened, by time, then kind, then bodies. See `EVENT_KINDS` for the kinds and their values.

    The video is what there is to look at: a touch and its rebound that both fall between two frames are one
    touch, and bounces shorter than the time between two frames are not told apart.
    """
    if len(trace.time_s) < 2:
        return ()
    scene = acting(scene)
    touched = touches.find(scene, trace)
    found = [
        *touches.events(scene, trace, touched),
        *motion.events(scene, trace, touched),
        *framing.events(scene, trace),
        *hiding.events(scene, trace),
    ]
    last = len(trace.time_s) - 1
    placed = []
    for kind, time_s, bodies, value in found:
        frame = min(int(np.searchsorted(trace.time_s, time_s - 1e-9)), last)
        placed.append(Event(kind, frame, float(time_s), bodies, float(value)))
    return tuple(sorted(placed, key=lambda event: (event.time_s, event.kind, event.bodies)))
