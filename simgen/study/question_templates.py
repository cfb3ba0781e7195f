"""The questions that can be asked, by kind: words, and the label that answers them.

A template says nothing that is true of the clip only. The body that it is about is chosen by a rule that holds in
every world (`WHICH`: the only one that moves, the one that starts furthest left), and it is called by what is common
to all worlds: "the ball" where it is a ball in each of them, else "the body".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from simgen.labels import words
from simgen.recipe.models import kind_of_parameter
from simgen.scenarios.base import Parameter
from simgen.study import question_labels as labels
from simgen.study.question_labels import Label
from simgen.study.worlds import World

__all__ = [
    "CHANGES",
    "CONSEQUENCES",
    "DESCRIPTIVE",
    "EXPLANATORY",
    "WHICH",
    "Change",
    "Template",
    "name",
    "names",
    "predictive",
]

APART = 0.04  # of the picture's width: bodies closer than this are not told apart by their place


@dataclass(frozen=True, slots=True)
class Template:
    """A question about one body. In `text`, {it} is what the body is called and {them} what all subjects are."""

    text: str
    label: Label
    foreseen: str = ""  # which frames it takes to foresee the answer: the decision's `event` or `outcome`
    of_all: bool = False  # it is about all subjects: asked once, whichever body is meant


# Which body a question is about


def _only(world: World) -> int | None:
    return world.subjects[0] if len(world.subjects) == 1 else None


def _outermost(world: World, side: int) -> int | None:
    """The subject that starts furthest to one side, if it is clearly so."""
    if len(world.subjects) < 2:
        return None
    across = side * world.place[0, list(world.subjects), 0]
    order = np.argsort(across)
    clear = across[order[-1]] - across[order[-2]] > APART
    return world.subjects[int(order[-1])] if clear else None


# By what follows the noun in its name.
WHICH: dict[str, Callable[[World], int | None]] = {
    "": _only,
    " that starts furthest left": partial(_outermost, side=-1),
    " that starts furthest right": partial(_outermost, side=1),
}


def name(worlds: tuple[World, ...], bodies: tuple[int, ...], which: str) -> str:
    """What the body is called that is `bodies[k]` in world k: a word that is right in all of them."""
    nouns = {words.noun(world.body(body)) for world, body in zip(worlds, bodies, strict=True)}
    return words.the((nouns.pop() if len(nouns) == 1 else "body") + which)


def names(worlds: tuple[World, ...]) -> str:
    """What all subjects are called together."""
    nouns = {words.noun(world.body(body)) for world in worlds for body in world.subjects}
    return words.plural(nouns.pop() if len(nouns) == 1 else "body")


DESCRIPTIVE = (
    Template("Which colour is {it}?", labels.colour),
    Template("What shape is {it}?", labels.shape),
    Template("How many {them} are there that can move?", labels.subject_count, of_all=True),
    Template("How often does {it} bounce while it is in the picture?", labels.bounces),
    Template("How many {them} tip over in the video?", labels.topple_count, of_all=True),
    Template("How often does {it} collide with another one?", labels.collision_count),
    Template("What becomes of {it} by the end of the video?", labels.leaves),
    Template("Which way does {it} move first, as seen in the picture?", labels.direction),
    Template("Which way round does {it} go, seen from above?", labels.turn),
    Template("Which of the two {them} is the larger one?", labels.larger, of_all=True),
    Template("Which of these happens to {it} first?", labels.first_event),
    Template("When does {it} first touch something new?", labels.first_touch_time),
    Template("How long is {it} hidden behind screens?", labels.hidden_time),
    Template("Does {it} come to rest within the video?", labels.rests),
)

EXPLANATORY = (
    Template("What does {it} touch first, beside what it touches at the start?", labels.touched_first),
    Template("Which colour is the first thing that {it} collides with?", labels.colour_hit_first),
    Template("What sets {it} in motion?", labels.set_in_motion),
    Template("Why does {it} come to rest where it does?", labels.why_it_rests),
    Template(
        "Which of the two {them} must be the heavier one to move as they do?", labels.heavier, of_all=True
    ),
    Template(
        "Why does the motion of the two {them} change while they are apart?", labels.charges, of_all=True
    ),
    Template("Why does {it} end up as it does?", labels.why_it_tips),
    Template("What does {it} bounce off while it is in the picture?", labels.bounced_off),
)


def predictive(frames: int) -> tuple[Template, ...]:
    """Questions about what comes after the first so many frames."""
    last = frames - 1
    begin = f"You have seen the first {frames} frames of the video."
    return (
        Template(
            f"{begin} Will {{it}} touch anything new before it ends?", labels.touches_something, "event"
        ),
        Template(f"{begin} Will {{it}} come to rest before it ends?", labels.rests, "outcome"),
        Template(f"{begin} Will {{it}} tip over before it ends?", labels.tips_over, "event"),
        Template(f"{begin} Will {{it}} come out from behind a screen again?", labels.comes_out, "event"),
        Template(f"{begin} Where will {{it}} be in the last frame?", labels.end_third, "outcome"),
        Template(f"{begin} What will have become of {{it}} by the end?", labels.leaves, "outcome"),
        Template(
            f"{begin} Will {{it}} be faster or slower in the last frame than now?",
            labels.faster(last),
            "outcome",
        ),
        Template(
            f"{begin} Will {{it}} be higher or lower in the last frame than now?",
            labels.higher(last),
            "outcome",
        ),
        Template(
            f"{begin} Which of the two {{them}} will be lower in the last frame?",
            labels.lowest_last,
            "outcome",
            of_all=True,
        ),
    )


# What is asked of a changed world.
CONSEQUENCES = (
    Template("would {it} touch anything that it does not touch at the start?", labels.touches_something),
    Template("how often would {it} bounce while it is in the picture?", labels.bounces),
    Template("would {it} come to rest within the video?", labels.rests),
    Template("would {it} tip over?", labels.tips_over),
    Template("where would {it} be in the last frame?", labels.end_third),
    Template("what would become of {it} by the end of the video?", labels.leaves),
    Template("what would {it} touch first, beside what it touches at the start?", labels.touched_first),
    Template("how many {them} would tip over in the video?", labels.topple_count, of_all=True),
    Template("which of the two {them} would be lower in the last frame?", labels.lowest_last, of_all=True),
    Template("when would {it} first touch something new?", labels.first_touch_time),
)


@dataclass(frozen=True, slots=True)
class Change:
    """Another value of one parameter from the start on."""

    parameter: str
    text: str  # what follows "If"
    value: Callable[[float], float]

    def of(self, parameter: Parameter, value: Any) -> float | None:
        """The changed value, None where it is the old one or not within the parameter's documented range."""
        low, high = parameter.range[0], parameter.range[-1]
        if isinstance(value, (str, bool)) or isinstance(low, str) or isinstance(high, str):
            return None
        if kind_of_parameter(parameter) != "float":
            return None
        changed = self.value(value)
        return changed if changed != value and low <= changed <= high else None


CHANGES = (
    Change("friction", "there were no friction", lambda _: 0.0),
    Change("friction", "the coefficient of friction were half as large", lambda value: value / 2),
    Change("gravity_m_s2", "gravity were half as strong", lambda value: value / 2),
    Change("gravity_m_s2", "gravity were twice as strong", lambda value: 2 * value),
    Change("elasticity", "the coefficient of restitution were zero", lambda _: 0.0),
    Change("elasticity", "the coefficient of restitution were half as large", lambda value: value / 2),
    Change("mass_kg", "the mass were twice as large", lambda value: 2 * value),
    Change("pulley_kg", "the pulley had half its mass", lambda value: value / 2),
    Change("damping_kg_s", "nothing damped the spring", lambda _: 0.0),
    Change("speed_m_s", "the speed at the start were half as large", lambda value: value / 2),
    Change("speed_m_s", "the speed at the start were a half larger", lambda value: 1.5 * value),
    Change("height_m", "the height at the start were a quarter smaller", lambda value: 0.75 * value),
    Change("angle_deg", "the angle at the start were a quarter smaller", lambda value: 0.75 * value),
    Change(
        "rolling_friction_m",
        "the coefficient of rolling friction were half as large",
        lambda value: value / 2,
    ),
    Change("stiffness_n_m", "the stiffness were a half larger", lambda value: 1.5 * value),
)
