"""The second clip of a pair and of twins, made from the first.

Both begin with the clip that its scenario makes. In the counterfactual clip of a pair something is taken away or set
to another value; its twin breaks physics from some frame on. What laws, events and captions then hold is said here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simgen.labels import words
from simgen.recipe.distributions import Constant
from simgen.study.captions import impossible_captions, take_captions
from simgen.study.differences import Setting, counterfactual_captions
from simgen.study.interventions import Intervention, intervene
from simgen.study.take import Take, take_events
from simgen.study.violations import violate

if TYPE_CHECKING:
    from simgen.build.staging import Staged
    from simgen.labels.events import Event
    from simgen.recipe import Recipe
    from simgen.recipe.designs import ClipDesign
    from simgen.scenarios.base import LawCheck

__all__ = ["stage_pair", "stage_twins"]


def stage_pair(recipe: Recipe, factual: Staged, clip: ClipDesign) -> tuple[Staged, Staged]:
    """The factual clip with its tier `counterfactual`, and the counterfactual one, which is `clip`.

    A counterfactual clip that another value of a parameter makes from the start is held to its law like any other; for
    all others no law is claimed.
    """
    pair = clip.member.intervention
    assert pair is not None
    scene, trace, draws = factual.take.scene, factual.take.trace, factual.draws
    frame = _frame(recipe, clip, factual)
    changed = recipe.change_params(clip, draws, factual.params)
    if pair.remove is not None:
        intervention = Intervention(frame, remove=pair.remove)
        done = f"remove {pair.remove}"
    else:
        from simgen.build.staging import compose

        intervention = Intervention(frame, scene=compose(recipe, clip, changed, draws))
        done = "set " + ", ".join(f"{name}={_plain(changed[name])}" for name in pair.set)
    take = intervene(scene, trace, intervention)
    events = take_events(take)
    law: tuple[LawCheck, ...] = ()
    if pair.remove is None and frame == 0:
        law, captions = _as_its_scenario(factual, changed, take, events)
    else:
        captions = take_captions(take, events, draws)
    tier, other_tier = counterfactual_captions(
        factual.take, factual.events, take, events, intervention, _settings(factual, changed, pair.set)
    )
    return (
        replace(factual, captions={**factual.captions, "counterfactual": tier}),
        replace(
            factual,
            clip=clip,
            params=changed,
            take=take,
            law=law,
            events=events,
            captions={**captions, "counterfactual": other_tier},
            intervention=done,
            intervention_frame=frame,
        ),
    )


def stage_twins(recipe: Recipe, plain: Staged, clip: ClipDesign) -> tuple[Staged, Staged]:
    """The possible twin and the impossible one, which is `clip`. No law is claimed of the impossible one, nor of a
    possible one that is not what its scenario makes (where a body will appear, it is the clip without it).
    """
    scene, trace = plain.take.scene, plain.take.trace
    violated = violate(clip.violation, scene, trace, plain.draws, clip.split.subject)
    possible = plain
    if violated.possible.scene != scene or violated.possible.cut is not None:
        events = take_events(violated.possible)
        possible = replace(
            plain,
            take=violated.possible,
            law=(),
            events=events,
            captions=take_captions(violated.possible, events, plain.draws),
        )
    events = take_events(violated.take)
    return possible, replace(
        plain,
        clip=clip,
        take=violated.take,
        law=(),
        events=events,
        captions=impossible_captions(violated, events, plain.draws),
        violation=violated.kind,
        violation_frame=violated.frame,
    )


def _frame(recipe: Recipe, clip: ClipDesign, factual: Staged) -> int:
    """The first frame at or after the time of the intervention, before the last one."""
    pair = clip.member.intervention
    assert pair is not None
    constant = isinstance(pair.at_s, Constant)
    at_s = float(pair.at_s.value(0.0 if constant else factual.draws("pairs.at_s")))
    video = recipe.video_spec()
    return min(math.ceil(at_s * video.fps - 1e-9), video.frame_count - 1)


def _as_its_scenario(
    factual: Staged, params: Mapping[str, Any], take: Take, events: Sequence[Event]
) -> tuple[tuple[LawCheck, ...], dict[str, str]]:
    """Law and captions of a clip with other parameters."""
    from simgen.build.staging import hold_to_law

    scenario = factual.scenario
    law = scenario.measure(params, take.scene, take.trace)
    hold_to_law(scenario, law)
    return law, scenario.captions(params, take.scene, take.trace, tuple(events), factual.draws)


def _settings(factual: Staged, changed: Mapping[str, Any], names: Mapping[str, Any]) -> list[Setting]:
    parameters = {parameter.name: parameter for parameter in factual.scenario.parameters}
    return [
        Setting(parameters[name], factual.params[name], changed[name]) for name in names if name in parameters
    ]


def _plain(value: object) -> str:
    return words.number(value, 4).rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
