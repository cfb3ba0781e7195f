"""The tiers of captions that every scenario gets without writing them, and what is said of bodies that are not drawn.

A scenario tells four tiers (`Scenario.captions`). From its parameters follows `hidden`, which names what no frame
shows by itself. `counterfactual` is filled where two clips make a pair, and is empty everywhere else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simgen.labels import words
from simgen.labels.decision import NEVER
from simgen.scene.spec import SceneSpec

if TYPE_CHECKING:
    from simgen.scenarios.base import Parameter, Scenario

__all__ = ["complete", "hidden", "undrawn"]

MOST_NAMES = 4  # more bodies that are not drawn are counted


def complete(
    captions: Mapping[str, str], scenario: Scenario, params: Mapping[str, Any], scene: SceneSpec
) -> dict[str, str]:
    """Every tier of a clip from those that its scenario tells; the counterfactual one is empty but in pairs.

    Where bodies act that are not drawn, every tier that describes the video ends with a sentence that says so: what
    stands before it tells what happens in the scene, and is true of the video with that sentence.
    """
    closing = undrawn(scene)
    told = {tier: f"{text} {closing}" if closing else text for tier, text in captions.items()}
    counterfactual = captions.get("counterfactual", "")
    return {**told, "hidden": hidden(scenario, params, scene), "counterfactual": counterfactual}


def undrawn(scene: SceneSpec) -> str:
    """ "The ramp is there but is not drawn."; "" where every body is drawn."""
    names = [_by_name(body.name) for body in scene.bodies if not body.visible]
    if not names:
        return ""
    be = "is" if len(names) == 1 else "are"
    which = words.join(names) if len(names) <= MOST_NAMES else words.count(len(names), "body")
    return words.sentence(f"{which} {be} there but {be} not drawn")


def _by_name(name: str) -> str:
    """ "the ramp", "ball A", "bead 3-12"."""
    parts = re.fullmatch(r"(.+?)_([a-z]|\d+(?:_\d+)*)", name)
    if parts:
        return f"{parts[1].replace('_', ' ')} {parts[2].replace('_', '-').upper()}"
    return words.the(name.replace("_", " "))


def hidden(scenario: Scenario, params: Mapping[str, Any], scene: SceneSpec) -> str:
    """What no frame of the clip shows by itself, with its value; "" where the scenario hides nothing.

    Told are the parameters whose role is hidden, but for those that only in this clip play no part (the mass of a
    third body where there are two): those that `revealed_by` calls "never" although the parameter itself does not.
    """
    ways = scenario.revealed_by(params)
    known = [
        parameter
        for parameter in scenario.parameters
        if parameter.role == "hidden" and (ways[parameter.name] != NEVER or parameter.reveals == NEVER)
    ]
    if not known:
        return ""
    names = _names(scene)
    clauses = [_named(_clause(parameter, params), names) for parameter in known]
    things = {
        parameter.name: clause.split(" is ")[0] for parameter, clause in zip(known, clauses, strict=True)
    }
    one = len(known) == 1
    sentences = [words.join(clauses), f"no frame shows {'this' if one else 'any of this'} by itself"]
    made_of = scenario.of_material(params)
    decided = [thing for name, thing in things.items() if made_of.get(name) == params[name]]
    if decided:
        sentences.append(f"the material, {params['material']}, decides {words.join(decided)}")
    idle = [thing for name, thing in things.items() if ways[name] == NEVER]
    if idle:
        sentences.append(f"nothing in the video depends on {'it' if one else ' or '.join(idle)}")
    return " ".join(words.sentence(text) for text in sentences)


def _clause(parameter: Parameter, params: Mapping[str, Any]) -> str:
    """ "the mass of the ball is 2.31 kg"."""
    value = params[parameter.name]
    return parameter.phrase.format(value if isinstance(value, str) else amount(value, parameter.unit))


def amount(value: float, unit: str) -> str:
    """With two decimals, or with as many as it takes to show two digits of a small number."""
    decimals = 2 if value == 0 or abs(value) >= 0.1 else min(1 - math.floor(math.log10(abs(value))), 6)
    return words.quantity(value, unit, decimals)


def _names(scene: SceneSpec) -> dict[str, str]:
    """What to call what parameters call "the body", where only one moves, and "ball a", where colour and shape tell
    such balls apart.
    """
    movers = [body for body in scene.bodies if not body.fixed]
    names = {"the body": words.the(words.noun(movers[0]))} if len(movers) == 1 else {}
    lettered = [body for body in movers if re.fullmatch(r"[a-z]+_[a-z]", body.name)]
    called = [words.called(body) for body in lettered]
    if len(set(called)) == len(called):
        names |= {
            body.name.replace("_", " "): words.the(name) for body, name in zip(lettered, called, strict=True)
        }
    return names


def _named(clause: str, names: Mapping[str, str]) -> str:
    for phrase, name in names.items():
        clause = re.sub(rf"\b{phrase}\b", name, clause)
    # a letter that is left stands for itself, and is no article
    return re.sub(r"\b(ball|body) ([a-d])\b", lambda match: f"{match[1]} {match[2].upper()}", clause)
