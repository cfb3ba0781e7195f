"""What the scenarios of one body on a straight way have in common: its side, its turn, its law, its words.

The way goes to the left or to the right of the picture, level or on a slope. Round bodies lie across it, so
that they can roll along it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.recipe.distributions import log_uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import LawCheck, Parameter, Params
from simgen.scenarios.stage import GRAVITY, random_orientation
from simgen.scene.rotation import about_axis, multiply
from simgen.scene.spec import Quaternion, SceneSpec, Vector

__all__ = [
    "bounces",
    "contact_times",
    "elsewhere",
    "lying",
    "mass",
    "over",
    "relative",
    "rolling_spin",
    "side",
    "story",
    "vector",
]


def mass(most_kg: float) -> Parameter:
    """The body's mass, which changes nothing that can be seen; up to a steel body of the largest size."""
    return Parameter(
        "mass_kg", log_uniform(0.1, 10), "kg", "mass of the body", (0.05, most_kg), "hidden", revealed="never"
    )


def side(params: Params) -> float:
    """+1 for a way to the right of the picture (+x), −1 to the left."""
    return 1.0 if params["direction"] == "right" else -1.0


def lying(kind: str, heading_rad: float, draws: Draws, tilt_rad: float = 0.0) -> Quaternion:
    """How a solid of that kind starts on a way that leads in the direction `heading_rad` from +x.

    A ball any way round; a cylinder or a hoop with its axis across the way, turned about it at random; a box
    square to the way and flat on it. `tilt_rad` is the slope downwards along the way.
    """
    if kind == "sphere":
        return random_orientation(draws, "subject.orientation")
    way = about_axis((0.0, 0.0, 1.0), heading_rad)
    if kind == "box":
        return multiply(way, about_axis((0.0, 1.0, 0.0), tilt_rad))
    turn = about_axis((0.0, 1.0, 0.0), math.tau * draws("subject.orientation.a"))
    return multiply(way, multiply(turn, about_axis((1.0, 0.0, 0.0), math.pi / 2)))


def rolling_spin(velocity_m_s: ArrayLike, radius_m: float, normal: Vector = (0.0, 0.0, 1.0)) -> Vector:
    """Angular velocity (rad/s) with which a round body rolls at that velocity: ω = n × v / r."""
    return vector(np.cross(np.asarray(normal), np.asarray(velocity_m_s)) / radius_m)


def vector(values: ArrayLike) -> Vector:
    """Three plain numbers."""
    x, y, z = (float(value) for value in np.asarray(values))
    return (x, y, z)


def relative(name: str, predicted: float, measured: float) -> LawCheck:
    """The residual |measured − predicted| / |predicted|."""
    return over(name, predicted, measured, abs(predicted))


def over(name: str, predicted: float, measured: float, scale: float) -> LawCheck:
    """The residual |measured − predicted| / scale, for a law that may predict 0; its name says the scale."""
    return LawCheck(name, predicted, measured, abs(measured - predicted) / scale)


def contact_times(trace: Trace, body: int, other: int) -> NDArray[np.float64]:
    """Times (s) of all contact rows between two bodies, in order."""
    contacts = trace.contacts
    pair = (contacts.a == min(body, other)) & (contacts.b == max(body, other))
    times: NDArray[np.float64] = contacts.time_s[pair]
    return times


def elsewhere(params: Params, phrase: str = ", where gravity is") -> str:
    """A clause for a gravity that is not the Earth's, else nothing."""
    strength = params["gravity_m_s2"]
    return "" if strength == GRAVITY else f"{phrase} {words.quantity(strength, 'm/s²')}"


def bounces(events: Sequence[Event]) -> list[str]:
    """ "bounces twice", or nothing."""
    count = sum(event.kind == "bounce" for event in events)
    return [f"bounces {words.times(count)}"] if count else []


def story(
    events: Sequence[Event], scene: SceneSpec, draws: Draws, verbs: Mapping[str, Sequence[str]]
) -> list[str]:
    """Clauses of what the subject did while it was in the picture, in order, from the events alone.

    `verbs` says what a first contact with the body of that name is called, and under the name of a kind of
    event (`starts_rolling`, `apex`) what that is called; kinds that are not named are not told.
    """
    subject = scene.body_index("subject")
    seen = [event for event in words.until_gone(events, subject) if subject in event.bodies]
    clauses = []
    for event in sorted(seen, key=lambda event: event.time_s):
        for key, options in verbs.items():
            named = key in ("starts_rolling", "apex", "topples")
            hit = event.kind == key if named else _touches(event, scene, key)
            if hit:
                verb = draws.choice(f"story.{key}", options)
                clauses.append(f"{verb} after {words.quantity(event.time_s, 's')}")
                break
    return clauses + bounces(seen) + words.last_clauses(seen)


def _touches(event: Event, scene: SceneSpec, name: str) -> bool:
    return event.kind == "first_contact" and scene.body_index(name) in event.bodies
