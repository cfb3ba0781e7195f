"""Clips of a scenario for the tests: drawn from its defaults or with parameters given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from simgen.labels import find_events
from simgen.labels.events import Event
from simgen.physics import simulate
from simgen.physics.trace import Trace
from simgen.recipe.draws import Draws
from simgen.scenarios import all_scenarios, get_scenario
from simgen.scenarios.base import LawCheck, Scenario
from simgen.scene.spec import Look, SceneSpec, Video

NAMES = tuple(all_scenarios())
# `scene` has no parameters: what a recipe composes with it is the recipe's to size and to frame.
DESIGNED = tuple(name for name, scenario in all_scenarios().items() if scenario.parameters)

COLOURS = (("red", (0.8, 0.1, 0.1)), ("orange", (0.9, 0.5, 0.1)), ("blue", (0.1, 0.2, 0.8)))


@dataclass(frozen=True)
class Clip:
    """One clip as far as it goes without pictures."""

    scenario: Scenario
    params: dict[str, Any]
    draws: Draws
    scene: SceneSpec
    trace: Trace
    law: tuple[LawCheck, ...]
    events: tuple[Event, ...]
    captions: dict[str, str]


def draw(name: str, index: int, **fixed: Any) -> tuple[dict[str, Any], Draws]:
    """The parameters of clip `index` as a recipe that fixes `fixed` would draw them, and its address."""
    draws = Draws(seed=0, split="train", index=index)
    params = {
        parameter.name: parameter.default.value(draws(f"params.{parameter.name}"))
        for parameter in get_scenario(name).parameters
    }
    return {**params, **fixed}, draws


def make(name: str, params: dict[str, Any], draws: Draws, video: Video | None = None) -> Clip:
    """The clip, with a colour for every mover as the look would give it."""
    scenario = get_scenario(name)
    scene = coloured(scenario.scene(params, draws, video or Video()), draws)
    trace = simulate(scene)
    law = scenario.measure(params, scene, trace)
    events = find_events(scene, trace)
    captions = scenario.captions(params, scene, trace, events, draws)
    return Clip(scenario, params, draws, scene, trace, law, events, captions)


@cache
def clip(name: str, index: int) -> Clip:
    """Clip `index` of the scenario's defaults."""
    return make(name, *draw(name, index))


def coloured(scene: SceneSpec, draws: Draws) -> SceneSpec:
    """Movers with a named colour: what captions need of a look, without the look."""
    bodies = []
    for body in scene.bodies:
        if not body.fixed:
            colour_name, colour = draws.choice(f"test.colour.{body.name}", COLOURS)
            body = replace(body, look=Look(colour=colour, colour_name=colour_name))
        bodies.append(body)
    return scene.with_bodies(tuple(bodies))
