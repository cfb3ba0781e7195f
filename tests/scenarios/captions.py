"""Captions are true and grammatical: every number is a label as printed, every count is counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tests.scenarios.clips import Clip

TIERS = ("plain", "qualitative", "numeric", "outcome")
NUMBER = re.compile(r"(?<![\w.])(-?\d+(?:\.(\d+))?)(°|\s(?:m/s²|m/s|kg|m|s)(?![\w/²]))?")
UNITS = {"°": "deg", "": "1"}
SPEEDS = ("first_contact", "bounce", "collision", "starts_moving", "starts_rolling")
COUNTS = {"once": 1, "twice": 2} | {
    f"{word} times": number
    for number, word in enumerate(
        ("three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=3
    )
}


def labels(clip: Clip) -> dict[str, list[float]]:
    """Every label that a number of that unit may stand for."""
    by_unit: dict[str, list[float]] = {unit: [] for unit in ("deg", "kg", "m", "m/s", "m/s²", "s", "1")}
    for parameter in clip.scenario.parameters:
        if parameter.unit:
            by_unit.setdefault(parameter.unit, []).append(clip.params[parameter.name])
    for body in clip.scene.bodies:
        by_unit["kg"].append(body.mass_kg)
        by_unit["m"].append(body.position_m[2])
        by_unit["m/s"].append(float(np.linalg.norm(body.velocity_m_s)))
    for event in clip.events:
        by_unit["s"].append(event.time_s)
        if event.kind == "reappears":
            by_unit["s"].append(event.value)
        if event.kind in SPEEDS:
            by_unit["m/s"].append(event.value)
        speeds = np.linalg.norm(clip.trace.velocity_m_s[event.frame], axis=1)
        by_unit["m/s"].extend(float(speed) for speed in speeds)
        if event.kind == "apex":
            by_unit["m"].append(event.value)
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
            unit = (match[3] or "").strip()
            candidates = known[UNITS.get(unit, unit)]
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
    for match in re.finditer(r"\b(an?) (\S+)", text, re.IGNORECASE):
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
    bounces = sum(event.kind == "bounce" and event.time_s <= gone for event in clip.events)
    movers = sum(not body.fixed for body in clip.scene.bodies)
    # a composed scene need not tell of bounces, nor one of several bodies of the bounces of them all
    if match or (clip.scenario.parameters and movers == 1):
        assert (COUNTS[match[1]] if match else 0) == bounces, (text, bounces)
    if "leaves the picture" in text:
        assert leaves, text
    for match in re.finditer(r"leaves the picture (?:on|at) the (\w+)", text):
        sides = {
            ("left", "right", "top", "bottom")[int(e.value)] for e in clip.events if e.kind == "leaves_frame"
        }
        assert match[1] in sides, text
