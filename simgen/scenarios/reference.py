"""Writes docs/scenarios.md and docs/events.md: `python -m simgen.scenarios.reference` in a checkout.

Both are made from what the code declares, and a test fails when they are not current.
"""

from __future__ import annotations

from pathlib import Path

from simgen.labels.events import EVENT_KINDS
from simgen.scenarios.registry import describe, own_scenarios

__all__ = ["PAGES", "events_page", "scenarios_page"]

_MADE = "<!-- Made by `python -m simgen.scenarios.reference`; a test fails when it is not current. -->"

_SCENARIOS = f"""# Scenarios

{_MADE}

What `simgen scenarios NAME` prints. A parameter's whole range works from end to end, with the outcome in the
video, at the default of 24 frames a second for 2 s. Roles: *causal* parameters change the motion and can be
seen in the first picture or its motion; *hidden* ones cannot be seen in the first picture (and some, like the
mass of a falling body, turn out to change nothing); *nuisance* ones change the picture and not the motion under
study. Cameras depend on nuisance parameters alone, so that the picture's scale does not give the answer away.

*Revealed by* says what shows a parameter's value, in principle, to somebody who knows all laws: the first
picture, a velocity (two frames), an acceleration (three), an event (the frame after it), or never: it changes
nothing that can be seen. With the *decisive* event, the one that the clip is about, the column `decision` follows
from it: from how many first frames the outcome is determined.
"""

_EVENTS = f"""# Events

{_MADE}

What happened in a clip, found from the scene and the recorded states and contacts alone, never from pictures.
An event has a kind, `time_s` (the time of a touch is the engine's, to well below its step; the others are
computed between frames), `frame` (the first frame at or after it), `bodies` (indices into `bodies`) and a
value.

A body that rests, rolls or slides on another makes no events by doing so, and neither do the small hops of an
elastic body that has come to rest. Bounces that follow each other faster than frames do are not counted.

A net, 16 or more moving bodies that springs join to each other with more springs than bodies, is told of as one
thing: when the first of its bodies touches another body for the first time. What its bodies do among themselves,
and each by itself, makes no events.

| kind | when | value |
|---|---|---|
"""


def scenarios_page() -> str:
    """docs/scenarios.md: the catalogue of this package, without plug-ins."""
    entries = sorted(own_scenarios(), key=lambda scenario: scenario.name)
    return _SCENARIOS + "".join(
        f"\n## {scenario.name}\n\n```\n{describe(scenario)}\n```\n" for scenario in entries
    )


def events_page() -> str:
    """docs/events.md: the kinds of event as a table."""
    rows = ((kind, *meaning.rsplit("; ", 1)) for kind, meaning in EVENT_KINDS.items())
    return _EVENTS + "".join(f"| `{kind}` | {when} | {value} |\n" for kind, when, value in rows)


PAGES = {"docs/scenarios.md": scenarios_page, "docs/events.md": events_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        Path(name).write_text(page(), encoding="utf-8")
