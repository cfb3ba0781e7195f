"""Clips of a scenario for the tests: drawn from its defaults or with parameters given.

Like `simgen.generate`, they take the first attempt whose scene is not rejected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from simgen.build import ATTEMPTS
from simgen.errors import Rejected
from simgen.labels import find_events
from simgen.labels.events import Event
from simgen.physics import simulate
from simgen.physics.trace import Trace
from simgen.recipe.draws import Draws
from simgen.recipe.models import kind_of_parameter
from simgen.scenarios import all_scenarios, get_scenario
from simgen.scenarios.base import LawCheck, Parameter, Scenario
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
    scenario = get_scenario(name)
    for attempt in range(ATTEMPTS):
        draws = Draws(seed=0, split="train", index=index, attempt=attempt)
        params = {
            parameter.name: parameter.default.value(draws(f"params.{parameter.name}"))
            for parameter in scenario.parameters
        }
        params.update(fixed)
        try:
            scenario.scene(params, draws, Video())
        except Rejected:
            continue
        return params, draws
    raise AssertionError(f"{name}: no draw of clip {index} makes a scene")


def is_whole(parameter: Parameter) -> bool:
    """Whether its values are whole numbers."""
    return kind_of_parameter(parameter) == "int"


def ends(parameter: Parameter) -> tuple[Any, ...]:
    """The ends of a numeric range; of words four at most, spread over the list."""
    if not isinstance(parameter.range[0], str):
        return tuple((int if is_whole(parameter) else float)(end) for end in parameter.range)
    last = len(parameter.range) - 1
    return tuple(parameter.range[place] for place in sorted({0, last // 3, 2 * last // 3, last}))


def scenes_at_ends(
    name: str, params: dict[str, Any], draws: Draws, video: Video
) -> Iterator[tuple[Parameter, dict[str, Any], SceneSpec]]:
    """The scene with one parameter after the other at each end of its range, but for those that are rejected."""
    scenario = get_scenario(name)
    for parameter in scenario.parameters:
        for end in ends(parameter):
            now = {**params, parameter.name: end}
            try:
                yield parameter, now, scenario.scene(now, draws, video)
            except Rejected:
                continue


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
