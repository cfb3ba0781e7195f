"""What violations make of a body's look and shape, and of a motion."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simgen.physics.trace import Contacts, Trace
from simgen.scene.colour import SATURATED, difference, mixed
from simgen.scene.rotation import matrix, quaternions
from simgen.scene.sight import reach_m
from simgen.scene.spec import Body, Look, Quaternion, Shape

__all__ = ["backwards", "coloured", "reshaped"]

Floats = NDArray[np.float64]
ROUND = ("sphere", "cylinder", "tube", "capsule", "cone")


def coloured(look: Look, word: str) -> Look:
    """The look in another colour, the colour of its texture lighter or darker than that as it was before."""
    colour, second = SATURATED[word], look.texture_colour
    light = difference(second, (0.0, 0.0, 0.0)) >= difference(look.colour, (0.0, 0.0, 0.0))
    if light:
        second = mixed(colour, (1.0, 1.0, 1.0), 0.7)
    else:
        second = mixed(colour, (0.0, 0.0, 0.0), 0.45)
    return replace(look, colour=colour, colour_name=word, texture_colour=second)


def reshaped(body: Body, row: Floats, normal: Floats) -> tuple[Body, Quaternion | None]:
    """A round body as a cube that lies flat and slides on, any other as a ball; of the same height over what bears
    it. And the cube's orientation, None for a ball, which turns as the body did."""
    own = matrix(row[3:7]).T @ normal
    below = float(reach_m(body.shape, -own))
    if body.shape.kind not in ROUND:
        return replace(body, shape=Shape("sphere", (below,))), None
    ahead = row[7:10] - (row[7:10] @ normal) * normal
    if float(np.linalg.norm(ahead)) < 1e-6:
        ahead = np.eye(3)[int(np.argmin(np.abs(normal)))]
        ahead = ahead - (ahead @ normal) * normal
    ahead = ahead / np.linalg.norm(ahead)
    turn = np.stack([ahead, np.cross(normal, ahead), normal], axis=-1)
    x, y, z, w = (float(value) for value in quaternions(turn[None])[0])
    length = math.sqrt(x * x + y * y + z * z + w * w)
    return (
        replace(body, shape=Shape("box", (2 * below,) * 3), friction=0.0),
        (x / length, y / length, z / length, w / length),
    )


def backwards(trace: Trace, turn: int) -> Trace:
    """The trace up to frame `turn`, and backwards from there on."""
    count = len(trace.time_s)
    back = 2 * turn - np.arange(turn + 1, count)  # the frames that the later ones show
    state = trace.state.copy()
    state[turn + 1 :] = trace.state[back]
    state[turn + 1 :, :, 7:13] *= -1
    contacts = trace.contacts
    kept = contacts.frame <= turn
    # The interval that ended with frame f ends with frame 2 turn + 1 − f now.
    frame = 2 * turn + 1 - contacts.frame
    mirrored = kept & (frame < count) & (frame > turn)
    # A touch that went on into the next interval begins with this one now; one that did not, when it happened.
    pairs = set(zip(contacts.frame.tolist(), contacts.a.tolist(), contacts.b.tolist(), strict=True))
    time_s = 2 * trace.time_s[turn] - contacts.time_s
    for row in np.flatnonzero(mirrored):
        if (int(contacts.frame[row]) + 1, int(contacts.a[row]), int(contacts.b[row])) in pairs:
            time_s[row] = trace.time_s[frame[row] - 1]
    parts = {
        name: np.concatenate([getattr(contacts, name)[kept], getattr(contacts, name)[mirrored][::-1]])
        for name in Contacts.__dataclass_fields__
    }
    parts["frame"] = np.concatenate([contacts.frame[kept], frame[mirrored][::-1]]).astype(np.int32)
    parts["time_s"] = np.concatenate([contacts.time_s[kept], time_s[mirrored][::-1]])
    order = np.lexsort((parts["b"], parts["a"], parts["frame"]))
    return Trace(
        trace.time_s, state, Contacts(**{name: part[order] for name, part in parts.items()}), trace.step_s
    )
