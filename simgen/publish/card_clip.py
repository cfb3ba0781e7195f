"""One clip of the dataset told at length: its captions, parameters, bodies, events, law and states."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.column_table import CAPTION_TIERS
from simgen.publish.card_facts import Facts
from simgen.publish.markdown import code, escaped, table
from simgen.reading.clip import Clip
from simgen.wording import name_and_unit, per_cent

__all__ = ["one_clip"]

_MOST_EVENTS = 12
_MOST_BODIES = 12


def one_clip(facts: Facts, picture: str) -> list[str]:
    """The lines of the section; none where no clip was read. `picture` is its path."""
    if not facts.shown:
        return []
    clip = facts.shown[0]
    lines = [
        f"{code(clip.key)}, and everything that is stored of it. `open_dataset(…)[{clip.index}]` gives it.",
        "",
    ]
    if picture in facts.pictures:
        passes = (
            f", and its passes {', '.join(facts.manifest.layout.passes)}"
            if facts.manifest.layout.passes
            else ""
        )
        lines += [
            f"![Four moments of {clip.key} with the boxes and paths of its bodies{passes}]({picture})",
            "",
        ]
    lines += ["**Captions**, a text per tier:", ""]
    lines += table(
        ("tier", "text", "what the tier tells"),
        [
            (code(tier), escaped(text), CAPTION_TIERS.get(tier, ""))
            for tier, text in clip.captions.items()
            if text  # some tiers are empty where there is nothing of their kind to tell
        ],
    )
    lines += ["", "**Parameters** (`params`):", "", *_params(clip)]
    lines += ["", "**Bodies** (`bodies`), in the order of every label per body:", "", *_bodies(clip)]
    lines += ["", "**Events** (`events`):", "", *_events(clip)]
    lines += ["", "**Law** (`law`), measured in the recorded states:", "", *_law(clip)]
    decision = "decision" in facts.manifest.layout.labels
    return [*lines, "", *(_decision(clip) if decision else ()), *_state(clip)]


def _params(clip: Clip) -> list[str]:
    cells = [f"{code(name)} {_value(name, value)}" for name, value in clip.params.items()]
    return [", ".join(cells) + "."]


def _value(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (int, float)):
        return escaped(str(value))
    unit = name_and_unit(name)[1]
    return f"{value:.4g}{'' if unit.startswith('°') or not unit else ' '}{unit}"


def _bodies(clip: Clip) -> list[str]:
    head = ("", "name", "role", "shape", "size, m", "mass, kg", "friction", "elasticity", "colour", "fixed")
    rows = [
        (
            str(number),
            escaped(body["name"]),
            escaped(body["role"]),
            body["shape"],
            " × ".join(f"{size:.3g}" for size in body["size_m"]),
            "" if body["fixed"] else f"{body['mass_kg']:.3g}",
            f"{body['friction']:.3g}",
            f"{body['elasticity']:.3g}",
            escaped(body["colour"]),
            "yes" if body["fixed"] else "",
        )
        for number, body in enumerate(clip.bodies[:_MOST_BODIES])
    ]
    return table(head, rows, right=(0, 5, 6, 7)) + _more(len(clip.bodies) - _MOST_BODIES, "bodies")


def _events(clip: Clip) -> list[str]:
    if not clip.events:
        return ["None: no body touches another, leaves the picture or comes to rest."]
    names = [body["name"] for body in clip.bodies]
    rows = [
        (
            f"{event.time_s:.3f}",
            str(event.frame),
            code(event.kind),
            ", ".join(escaped(names[body]) for body in event.bodies),
            f"{event.value:.4g}",
        )
        for event in clip.events[:_MOST_EVENTS]
    ]
    head = ("time, s", "frame", "kind", "bodies", "value")
    return table(head, rows, right=(0, 1, 4)) + _more(len(clip.events) - _MOST_EVENTS, "events")


def _more(count: int, what: str) -> list[str]:
    return ["", f"… and {count} more {what}."] if count > 0 else []


def _law(clip: Clip) -> list[str]:
    if not clip.law:
        return ["None: what this clip shows is qualitative."]
    rows = [
        (code(check.name), f"{check.predicted:.6g}", f"{check.measured:.6g}", per_cent(check.residual))
        for check in clip.law
    ]
    return table(("law", "predicted", "measured", "residual"), rows, right=(1, 2, 3))


def _decision(clip: Clip) -> list[str]:
    decision = clip.decision
    if decision.in_video:
        event = f"The clip is about its {code(decision.kind)} at {decision.time_s:.3f} s (frame {decision.frame}). "
        known = (
            f"When that happens is determined, for somebody who knows all laws, by the first "
            f"{_frames(decision.event_frames)}"
            if decision.event_frames
            else "No number of first frames determines when that happens"
        )
    else:
        event, known = "The video shows no decisive event. ", ""
    rest = (
        f"the rest of the video by the first {_frames(decision.outcome_frames)}."
        if decision.outcome_frames
        else "the rest of the video by no number of them."
    )
    joined = (
        f"{known}, {rest}" if known else rest[0].upper() + rest[1:].replace(" by", " is determined by", 1)
    )
    return [f"**Decision** (`decision`): {event}{joined}", ""]


def _frames(count: int) -> str:
    return f"{count} frames" if count != 1 else "frame"


def _state(clip: Clip) -> Iterator[str]:
    """The state of the first body that can move, at a few frames, and how much contact there was."""
    moving = next((number for number, body in enumerate(clip.bodies) if not body["fixed"]), None)
    if moving is None:
        return
    state = clip.state[:, moving]
    frames = sorted({0, len(state) // 3, 2 * len(state) // 3, len(state) - 1})
    yield f"**State** (`state`) of {code(clip.bodies[moving]['name'])}, which is `state[:, {moving}]`:"
    yield ""
    rows = [
        (
            str(frame),
            f"{frame / clip.fps:.3f}",
            *(
                _vector(part)
                for part in (state[frame, :3], state[frame, 3:7], state[frame, 7:10], state[frame, 10:])
            ),
        )
        for frame in frames
    ]
    head = (
        "frame",
        "time, s",
        "position, m",
        "quaternion x y z w",
        "velocity, m/s",
        "angular velocity, rad/s",
    )
    yield from table(head, rows, right=(0, 1))
    contacts = clip.contacts
    if len(contacts):
        strongest = int(contacts.impulse_n_s.argmax())
        yield ""
        yield (
            f"**Contacts** (`contacts`): {len(contacts)} rows; the strongest has an impulse of "
            f"{contacts.impulse_n_s[strongest]:.4g} N s, between bodies {contacts.a[strongest]} and "
            f"{contacts.b[strongest]}, first touched at {contacts.time_s[strongest]:.4f} s."
        )


def _vector(values: NDArray[np.float32]) -> str:
    """Rounded, and without a minus before a zero."""
    return " ".join(f"{round(float(value), 3) + 0.0:.3f}" for value in values)
