"""Captions are true and grammatical: every number is a label as printed, every count is counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from simgen.labels.events import EVENT_KINDS

if TYPE_CHECKING:
    from tests.scenarios.clips import Clip

TIERS = ("plain", "qualitative", "numeric", "outcome")
# A parameter's unit and what its name ends with. Whoever needs a further one adds it here.
UNIT_SUFFIXES = {
    "": "",
    "1": "",
    "deg": "_deg",
    "deg/s": "_deg_s",
    "rad": "_rad",
    "rad/s": "_rad_s",
    "m": "_m",
    "m²": "_m2",
    "m³": "_m3",
    "m/s": "_m_s",
    "m/s²": "_m_s2",
    "s": "_s",
    "Hz": "_hz",
    "kg": "_kg",
    "kg/s": "_kg_s",
    "kg/m": "_kg_m",
    "kg/m³": "_kg_m3",
    "kg m²": "_kg_m2",
    "N": "_n",
    "N s": "_n_s",
    "N/m": "_n_m",
    "N m": "_n_m",
    "N m²": "_n_m2",
    "J": "_j",
}
# As captions write them: the longest first, so that "N m²" is not read as "N".
_WRITTEN = {"°/s": "deg/s", "°": "deg"} | {
    f" {unit}": unit for unit in UNIT_SUFFIXES if unit not in ("", "1")
}
_UNIT = "|".join(re.escape(unit) for unit in sorted(_WRITTEN, key=len, reverse=True))
NUMBER = re.compile(rf"(?<![\w.])(-?\d+(?:\.(\d+))?)((?:{_UNIT})(?![\w/²³]))?")
VALUE = re.compile(
    r", (m/s|m|s|degrees)(?!\w)"
)  # the unit of an event's value, as the table of events says it
COUNTS = {"once": 1, "twice": 2} | {
    f"{word} times": number
    for number, word in enumerate(
        ("three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=3
    )
}


def labels(clip: Clip) -> dict[str, list[float]]:
    """Every label that a number of that unit may stand for."""
    by_unit: dict[str, list[float]] = {unit: [] for unit in UNIT_SUFFIXES}
    for parameter in clip.scenario.parameters:
        if parameter.unit:
            by_unit[parameter.unit].append(clip.params[parameter.name])
    for check in clip.law:  # in the law's own unit
        for values in by_unit.values():
            values += [check.predicted, check.measured]
    for body in clip.scene.bodies:
        by_unit["kg"].append(body.mass_kg)
        by_unit["m"].append(body.position_m[2])
        by_unit["m/s"].append(float(np.linalg.norm(body.velocity_m_s)))
    for event in clip.events:
        by_unit["s"].append(event.time_s)
        unit = VALUE.search(EVENT_KINDS[event.kind].rsplit("; ", 1)[-1])
        if unit:
            by_unit["deg" if unit[1] == "degrees" else unit[1]].append(event.value)
        speeds = np.linalg.norm(clip.trace.velocity_m_s[event.frame], axis=1)
        by_unit["m/s"].extend(float(speed) for speed in speeds)
    return by_unit


def check_captions(clip: Clip) -> None:
    """Tiers, grammar, numbers, counts and sides."""
    assert tuple(clip.captions) == TIERS
    known = labels(clip)
    for tier, text in clip.captions.items():
        check_grammar(text)
        numbers = list(NUMBER.finditer(text))
        if tier in ("plain", "qualitative"):
            assert not re.search(r"\d", text), f"{tier} holds a number: {text}"
        if tier == "numeric":
            assert numbers, text
        assert len(numbers) == len(re.findall(r"\d+(?:\.\d+)?", text)), (
            f"a number that cannot be read: {text}"
        )
        for match in numbers:
            candidates = known[_WRITTEN[match[3]] if match[3] else "1"]
            decimals = len(match[2] or "")
            assert any(f"{value:.{decimals}f}" == match[1] for value in candidates), (
                f"{match[0]!r} of {text!r} is none of {candidates}"
            )
    check_counts(clip)


def check_grammar(text: str) -> None:
    assert text[0].isupper() or text[0].isdigit(), text
    assert text.endswith("."), text
    assert "  " not in text, text
    assert "None" not in text, text
    assert not re.search(r"\s[,.;]|[,;]\S|\.\.|\(\s|_", text), text
    # in the middle of a sentence a capital A is a body's letter
    for match in re.finditer(r"(\ban?|^An?|(?<=\. )An?) (\S+)", text):
        vowel = bool(re.match(r"[aeiou]|8|11(\D|$)|18(\D|$)", match[2], re.IGNORECASE))
        assert (match[1].lower() == "an") == vowel, text
    assert not re.search(r"\b(\w+) \1\b", text), f"a word twice: {text}"


def check_counts(clip: Clip) -> None:
    """`bounces twice` means two bounce events before the body has left the picture."""
    text = clip.captions["outcome"]
    match = re.search(r"bounces (once|twice|\w+ times)", text)
    leaves = [event.time_s for event in clip.events if event.kind == "leaves_frame"]
    comes_back = any(event.kind == "enters_frame" for event in clip.events)
    gone = np.inf if comes_back or not leaves else min(leaves)
    bounces = [event for event in clip.events if event.kind == "bounce" and event.time_s <= gone]
    movers = [index for index, body in enumerate(clip.scene.bodies) if not body.fixed]
    told = COUNTS[match[1]] if match else 0
    if len(movers) > 1:  # then it may tell of one of them, or of none
        counts = {sum(index in event.bodies for event in bounces) for index in movers}
        assert told in {0, len(bounces), *counts}, (text, bounces)
    elif match or clip.scenario.parameters:  # a composed scene need not tell of bounces
        assert told == len(bounces), (text, bounces)
    if "leaves the picture" in text:
        assert leaves, text
    for match in re.finditer(r"leaves the picture (?:on|at) the (\w+)", text):
        sides = {
            ("left", "right", "top", "bottom")[int(e.value)] for e in clip.events if e.kind == "leaves_frame"
        }
        assert match[1] in sides, text
