"""What an intervention is and what it changes, in words: the caption tier `counterfactual` of both clips of a pair."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simgen.labels import words
from simgen.labels.events import Event
from simgen.recipe.drawing import kind_of_parameter
from simgen.scenarios.base import Parameter
from simgen.scene.spec import SceneSpec
from simgen.study.captions import MOST_TOLD, clause, firsts, told_bodies
from simgen.study.interventions import Intervention
from simgen.study.names import the_bodies
from simgen.study.take import Take

__all__ = ["Setting", "counterfactual_captions", "intervention_clause"]

LATER_S = 0.05  # events of both clips that are further apart in time than this are told
AWAY_M = 0.05  # ends that are further apart
NOTHING_OF = ("friction", "gravity", "drag", "wind")
# With these a parameter's meaning begins as a noun that can be spoken of.
NOUNS = (
    *("angle", "charge", "coefficient", "direction", "distance", "edge", "extent", "gap", "height", "length"),
    *("mass", "part", "place", "radius", "sense", "side", "slope", "speed", "strength", "thickness", "tilt"),
    *("time", "turn", "width"),
)
SOLIDS = ("sphere", "box", "cube", "cylinder", "disc", "hoop", "tube", "capsule", "cone")
UNIT_SUFFIX = re.compile(r"_(deg|rad|m|kg|s|n|j|hz|m_s|m_s2|rad_s|deg_s|n_m|kg_s)$")
FIELDS = (  # of a body, what it is called, and its unit
    ("mass_kg", "mass", "kg"),
    ("friction", "friction", "1"),
    ("rolling_friction_m", "rolling friction", "m"),
    ("elasticity", "elasticity", "1"),
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter that the intervention sets, and its values in both clips."""

    parameter: Parameter
    before: object
    after: object


def intervention_clause(
    scene: SceneSpec,
    intervention: Intervention,
    fps: float,
    settings: Sequence[Setting] = (),
    real: bool = True,
) -> str:
    """What is changed: "the blue ball is taken away after 0.50 s", "there is no friction from the start".

    `real`: it happens in the clip at hand; else as a condition: "the blue ball were taken away". `settings` are the
    parameters set, where a recipe sets them; without them it is told from what differs between the scenes.
    """
    verb = "is" if real else "were"
    at_s = words.quantity(intervention.frame / fps, "s")
    if intervention.remove:
        body = the_bodies(scene)[scene.body_index(intervention.remove)]
        if intervention.frame:
            return f"{body} {verb} taken away after {at_s}"
        return f"{body} {verb} not there"
    since = f" from {at_s} on" if intervention.frame else ""
    assert intervention.scene is not None
    found = [_set(scene, setting, verb) for setting in settings] or _changed(scene, intervention.scene, verb)
    return words.join(found or [f"nothing {verb} different"]) + since


def _set(scene: SceneSpec, setting: Setting, verb: str) -> str:
    parameter = setting.parameter
    what = parameter.name.split("_")[0]
    if setting.after == 0 and what in NOTHING_OF:
        return f"there {verb} no {what}"
    old, new = (_of_parameter(value, parameter) for value in (setting.before, setting.after))
    if old in SOLIDS and new in SOLIDS:
        return f"the shape {verb} that of {words.article(new)} instead of {words.article(old)}"
    return f"the {_lettered(scene, _named(parameter))} {verb} {new} instead of {old}"


def _named(parameter: Parameter) -> str:
    """A parameter as a noun without its article: from its meaning where that begins with one, else from its name."""
    meaning = re.split(r"[;,:(]", parameter.meaning)[0].strip().removeprefix("the ")
    unit = UNIT_SUFFIX.search(parameter.name) if parameter.unit not in ("", "1") else None
    name = parameter.name[: unit.start()] if unit else parameter.name
    if meaning.split()[0] in NOUNS and not meaning.endswith(" is"):
        return meaning
    if meaning.startswith("of "):
        return f"{name.split('_')[0]} {meaning}"
    return name.replace("_", " ")


def _lettered(scene: SceneSpec, phrase: str) -> str:
    """ "speed of ball a" as "speed of the red ball", where that is what `ball_a` is called."""
    called = {body.name: name for body, name in zip(scene.bodies, the_bodies(scene), strict=True)}

    def name(match: re.Match[str]) -> str:
        noun, letter = match[1], match[2]
        return called.get(f"{noun}_{letter}", f"{noun} {letter.upper()}")

    return re.sub(r"\b(ball|body|cube|bob|block) ([a-g])\b", name, re.sub(r" towards [a-g]$", "", phrase))


def _of_parameter(value: object, parameter: Parameter) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if kind_of_parameter(parameter) == "int" and parameter.unit == "1":
            return str(round(value))
        return _value(float(value), parameter.unit)
    return str(value)


def _value(value: float, unit: str) -> str:
    """With two decimals, and up to four where fewer would be off by more than 1 %."""
    decimals = next((d for d in (2, 3) if abs(round(value, d) - value) <= 0.01 * abs(value)), 4)
    return words.quantity(value, unit, decimals)


def _changed(scene: SceneSpec, other: SceneSpec, verb: str) -> list[str]:
    """What differs between two scenes of the same bodies, in clauses."""
    the, found = the_bodies(scene), []
    changes: dict[tuple[str, str, float, float], list[str]] = {}
    for name, first, second in zip(the, scene.bodies, other.bodies, strict=True):
        for field, noun, unit in FIELDS:
            old, new = getattr(first, field), getattr(second, field)
            if old != new:
                changes.setdefault((noun, unit, old, new), []).append(name)
    for (noun, unit, old, new), names in changes.items():
        whose = words.join(names) if len(names) <= 2 else words.count(len(names), "body")
        if new == 0:
            were = "are" if verb == "is" and len(names) > 1 else verb
            found.append(f"{whose} {were} without {noun}")
        else:
            found.append(f"the {noun} of {whose} {verb} {_value(new, unit)} instead of {_value(old, unit)}")
    old_g, new_g = (math.hypot(*gravity) for gravity in (scene.gravity_m_s2, other.gravity_m_s2))
    if scene.gravity_m_s2 != other.gravity_m_s2:
        if new_g == 0:
            found.append(f"there {verb} no gravity")
        elif np.dot(scene.gravity_m_s2, other.gravity_m_s2) < 0:
            found.append(f"gravity {verb} turned round")
        else:
            found.append(f"gravity {verb} {_value(new_g, 'm/s²')} instead of {_value(old_g, 'm/s²')}")
    if scene.forces != other.forces:
        gone = [force for force in scene.forces if force not in other.forces]
        kinds = sorted({force.kind for force in gone or other.forces})
        fewer = len(other.forces) < len(scene.forces)
        found += [f"there {verb} no {kind}" if fewer else f"the {kind} {verb} another" for kind in kinds]
    return found


def counterfactual_captions(
    factual: Take,
    factual_events: Sequence[Event],
    counterfactual: Take,
    counterfactual_events: Sequence[Event],
    intervention: Intervention,
    settings: Sequence[Setting] = (),
) -> tuple[str, str]:
    """The tier `counterfactual` of the factual clip and of its counterfactual one.

    Each states the intervention and how the outcome differs: what happens in one and not in the other, else what
    happens sooner or later, else where something ends up, else that nothing that captions tell of differs.
    """
    scene, fps = factual.scene, factual.scene.video.fps
    stays = [
        index
        for index in told_bodies(scene, factual.trace)
        if scene.bodies[index].name != intervention.remove
    ]
    # of a body taken away it is told what no longer happens to it; one that never was there has nothing to tell
    told = told_bodies(scene, factual.trace) if intervention.frame else stays
    condition = intervention_clause(scene, intervention, fps, settings, real=False)
    statement = intervention_clause(scene, intervention, fps, settings, real=True)
    lost, gained, moved = _differences(scene, told, stays, factual_events, counterfactual_events)
    if intervention.remove:  # the sentence begins with it
        away = the_bodies(scene)[scene.body_index(intervention.remove)]
        lost = [("it" if subject == away else subject, *rest) for subject, *rest in lost]  # type: ignore[misc]
    would = [
        *(
            f"{subject} would not {infinitive}, as it does here after {_s(t)}"
            for subject, infinitive, _, t in lost
        ),
        *(f"{subject} would {infinitive} after {_s(t)}" for subject, infinitive, _, t in gained),
    ]
    does = [
        *(
            f"{subject} does not {infinitive}, which it otherwise does after {_s(t)}"
            for subject, infinitive, _, t in lost
        ),
        *(f"{subject} {third} after {_s(t)}" for subject, _, third, t in gained),
    ]
    if not would:
        would = [f"{a} would {b} after {_s(new)} instead of {_s(old)}" for a, b, _, old, new in moved]
        does = [f"{a} {c} after {_s(new)} instead of {_s(old)}" for a, _, c, old, new in moved]
    if not would:
        ends = _ends(factual, counterfactual, stays)
        would = [f"{name} would end up {far} from where it does here" for name, far in ends]
        does = [f"{name} ends up {far} from where it otherwise does" for name, far in ends]
    would, does = (
        would[:MOST_TOLD] or ["nothing else would differ"],
        does[:MOST_TOLD] or ["nothing else differs"],
    )
    return (
        words.sentence(f"if {condition}, {'; '.join(would)}"),
        words.sentence(f"{statement}: {'; '.join(does)}"),
    )


_Lost = tuple[str, str, str, float]
_Moved = tuple[str, str, str, float, float]


def _differences(
    scene: SceneSpec,
    told: Sequence[int],
    stays: Sequence[int],
    first: Sequence[Event],
    second: Sequence[Event],
) -> tuple[list[_Lost], list[_Lost], list[_Moved]]:
    """Events of the first clip only, of the second only, and of both at other times, of the bodies told of; `stays`
    are those of them that are in both clips to the end."""
    the = the_bodies(scene)
    ones, others = firsts(first, told), firsts(second, told)
    lost = [
        (*clause(scene, event, the, stays), event.time_s) for key, event in ones.items() if key not in others
    ]
    gained = [
        (*clause(scene, event, the, stays), event.time_s) for key, event in others.items() if key not in ones
    ]
    moved = [
        (*clause(scene, event, the, stays), event.time_s, others[key].time_s)
        for key, event in ones.items()
        if key in others and abs(event.time_s - others[key].time_s) > LATER_S
    ]
    return lost, gained, moved


def _ends(factual: Take, counterfactual: Take, told: Sequence[int]) -> list[tuple[str, str]]:
    the = the_bodies(factual.scene)
    apart = np.linalg.norm(factual.trace.position_m[-1] - counterfactual.trace.position_m[-1], axis=1)
    return [(the[index], words.quantity(float(apart[index]), "m")) for index in told if apart[index] > AWAY_M]


def _s(time_s: float) -> str:
    return words.quantity(time_s, "s")
