"""A clip before it is filmed: drawn, composed, simulated, held to its law.

The clips of a group (a sweep, a pair, twins) are fit together or not at all: one that is not, and the whole group
is drawn again, so that its clips share every draw. Whoever makes one of them therefore stages them all; what was
staged is kept while its neighbours are made.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from simgen.errors import Problem, RecipeError, Rejected, SimulationError

if TYPE_CHECKING:
    from simgen.labels.events import Event
    from simgen.recipe import Recipe
    from simgen.recipe.designs import ClipDesign
    from simgen.recipe.draws import Draws
    from simgen.scenarios.base import LawCheck, Scenario
    from simgen.scene.spec import SceneSpec
    from simgen.study.take import Take

__all__ = ["Staged", "clock", "compose", "hold_to_law", "stage"]


@dataclass(frozen=True, slots=True)
class Staged:
    """What is filmed of a clip, and what is known of it without a picture."""

    clip: ClipDesign
    draws: Draws
    scenario: Scenario
    params: Mapping[str, Any]
    take: Take
    law: tuple[LawCheck, ...]
    events: tuple[Event, ...]
    known_s: float  # up to when the motion is reproducible
    captions: Mapping[str, str]  # the tiers that describe the video, and `counterfactual` of a pair
    intervention: str = ""  # what was done, in a few words
    intervention_frame: int = -1
    violation: str = ""
    violation_frame: int = -1


def stage(recipe: Recipe, clip: ClipDesign, attempt: int, seconds: dict[str, float]) -> Staged:
    """One attempt at a clip; core seconds are added to `seconds`. Raises Rejected or SimulationError if the draw makes
    no fit clip, or none for another clip of its group.
    """
    if not clip.split.in_groups:
        return _stage(recipe, clip, attempt, seconds)
    address = (recipe.hash, clip.split.name, clip.group, attempt)
    if _kept.address != address:
        _kept.address, _kept.outcomes = address, _stage_group(recipe, clip, attempt, seconds)
    for outcome in _kept.outcomes:
        if not isinstance(outcome, Staged):
            raise outcome
    staged = _kept.outcomes[clip.place]
    assert isinstance(staged, Staged)
    return staged


class _Kept:
    """The group that was staged last: its clips are made one after the other."""

    address: tuple[str, str, int, int] = ("", "", -1, -1)
    outcomes: Sequence[Staged | Rejected | SimulationError] = ()


_kept = _Kept()


def _stage_group(
    recipe: Recipe, clip: ClipDesign, attempt: int, seconds: dict[str, float]
) -> Sequence[Staged | Rejected | SimulationError]:
    """Every clip of the group, up to the first that is not fit."""
    members = sorted((clip, *clip.others()), key=lambda other: other.index)
    outcomes: list[Staged | Rejected | SimulationError] = []
    try:
        if clip.split.kind == "sweep":
            outcomes += [_stage(recipe, member, attempt, seconds) for member in members]
        else:
            from simgen.study.groups import stage_pair, stage_twins

            plain = _stage(recipe, members[0], attempt, seconds)
            with clock(seconds, "simulate"):
                made = stage_twins if clip.violation else stage_pair
                outcomes += made(recipe, plain, members[1])
    except (Rejected, SimulationError) as verdict:
        outcomes.append(verdict)
    return outcomes


def _stage(recipe: Recipe, clip: ClipDesign, attempt: int, seconds: dict[str, float]) -> Staged:
    """A clip by itself, as its scenario makes it."""
    from simgen.labels import find_events
    from simgen.labels.horizon import FINER, horizon_s
    from simgen.physics import simulate
    from simgen.study.take import Take

    scenario, draws = recipe.scenario_object(clip), clip.draws(attempt)
    with clock(seconds, "scene"):
        params = recipe.draw_params(clip, draws)
        scene = compose(recipe, clip, params, draws)
    with clock(seconds, "simulate"):
        trace = simulate(scene)
    with clock(seconds, "label"):
        law = scenario.measure(params, scene, trace)
        hold_to_law(scenario, law)
        events = find_events(scene, trace)
        captions = scenario.captions(params, scene, trace, events, draws)
    with clock(seconds, "simulate"):
        known_s = float(trace.time_s[-1])
        if scenario.qualitative:
            known_s = 0.0  # nothing is claimed of where exactly anything is
        elif scenario.is_chaotic(params):
            known_s = horizon_s(scene, trace, simulate(scene, FINER))
    return Staged(clip, draws, scenario, params, Take(scene, trace), law, events, known_s, captions)


@contextmanager
def clock(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Adds the core seconds (not wall time) of the block; a rejected attempt's count too."""
    start = time.process_time()
    try:
        yield
    finally:
        seconds[stage] += time.process_time() - start


def compose(recipe: Recipe, clip: ClipDesign, params: Mapping[str, Any], draws: Draws) -> SceneSpec:
    """The scene of one attempt at a clip: laid out by its scenario, dressed, with the recipe's cameras."""
    from simgen.scene.appearance import dress
    from simgen.scene.views import add_cameras

    scene = recipe.scenario_object(clip).scene(params, draws, recipe.video_spec())
    dressed = add_cameras(dress(scene, recipe.look_of(clip, draws), draws), recipe.cameras)
    return _without(dressed, clip) if clip.split.hide else dressed


def _without(scene: SceneSpec, clip: ClipDesign) -> SceneSpec:
    """The scene with the bodies that the split hides: they act but are not drawn."""
    names, hide = [body.name for body in scene.bodies], clip.split.hide
    unknown = [name for name in hide if name not in names]
    if unknown:
        wrong = f"there is no body {unknown[0]!r}; the scene has {', '.join(names)}."
        raise RecipeError([Problem("recipe", 0, f"splits.{clip.split.name}.hide", wrong)])
    return scene.with_bodies(
        tuple(replace(body, visible=False) if body.name in hide else body for body in scene.bodies)
    )


def hold_to_law(scenario: Scenario, law: Sequence[LawCheck]) -> None:
    """Raises Rejected when a residual is above its law's tolerance, or not a number."""
    tolerance = {entry.name: entry.tolerance for entry in scenario.laws}
    for check in law:
        if not check.residual <= tolerance[check.name]:
            raise Rejected(
                f"law-{check.name}",
                f"measured {check.measured:.6g}, predicted {check.predicted:.6g},"
                f" residual {check.residual:.2%} is above {tolerance[check.name]:.2%}",
            )
