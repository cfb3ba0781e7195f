"""Draws a clip's parameters and scene again from the recipe in the manifest, and compares them with what is
stored.

Needs no engine: drawing and composing are pure. It is not possible for clips of another generator version, or
of a scenario that is not installed here; the report says so then.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from simgen.dataset.manifest import RECIPE, Manifest
from simgen.errors import SimgenError
from simgen.labels.decision import decide
from simgen.labels.tiers import hidden
from simgen.reading.clip import Clip

__all__ = ["Rederivation"]

_TOLERANCE = 1e-9  # relative; another machine's mathematical library may round sines otherwise


class Rederivation:
    """The recipe of a dataset, ready to draw its clips again, if `possible`; else `why_not` says why."""

    def __init__(self, manifest: Manifest) -> None:
        from simgen import GENERATOR_VERSION

        self.why_not = ""
        self._recipe: Any = None
        self._kinds: dict[str, str] = {}
        if manifest.generator_version != GENERATOR_VERSION:
            self.why_not = (
                "Parameters and scenes were not drawn again: generator version "
                f"{manifest.generator_version}, "
                f"this simgen has {GENERATOR_VERSION}."
            )
            return
        try:
            from simgen.recipe import parse_recipe

            recipe = parse_recipe(manifest.recipe, RECIPE)
        except (SimgenError, ImportError) as error:
            self.why_not = f"Parameters and scenes were not drawn again: {error}"
            return
        if recipe.hash != manifest.recipe_hash:
            self.why_not = (
                "Parameters and scenes were not drawn again: this simgen gives the recipe another hash "
                "(a default or a scenario has changed since)."
            )
            return
        self._recipe, self._kinds = recipe, dict(manifest.layout.params)

    @property
    def possible(self) -> bool:
        return self._recipe is not None

    def check(self, clip: Clip) -> Iterator[str]:
        """What of the clip's parameters and scene is not what the recipe draws for it."""
        if self._recipe is None:
            return
        from simgen.build.clip import compose
        from simgen.scene.json import scene_to_json
        from simgen.scene.presence import without

        recipe = self._recipe
        design = recipe.clip(clip.split, clip.index)
        draws = design.draws(clip.attempt)
        scenario = recipe.scenario_name(design)
        if clip.scenario != scenario:
            yield f"scenario is {clip.scenario!r}, the recipe makes this clip one of {scenario!r}"
            return
        params = recipe.draw_params(design, draws)
        pair = design.member.intervention
        if pair is not None:
            params = recipe.change_params(design, draws, params)
        for name, drawn in params.items():
            # whole in its scenario, but not in another of the mix: stored as any number
            value = float(drawn) if self._kinds[name] == "float" else drawn
            if not _close(clip.params.get(name), value):
                yield f"parameter {name} is {clip.params.get(name)!r}, the recipe draws {value!r}"
        shown = recipe.scenario_object(design)
        if "decision" in clip.layout.labels:
            horizon_s = clip.decision.horizon_s  # only a simulation tells
            decided = decide(
                shown.decisive, shown.revealed_by(params), clip.events, len(clip.state), horizon_s
            )
            if clip.decision != decided:
                yield f"decision is {clip.decision}, the scenario says {decided}"
        scene = compose(recipe, design, params, draws)
        if "hidden" in clip.layout.labels:
            told = hidden(shown, params, scene)
            if clip.captions["hidden"] != told:
                yield f"the caption hidden is {clip.captions['hidden']!r}, the scenario says {told!r}"
        if design.violation == "appear":
            return  # its scene is without a body that follows from the motion
        if pair is not None and "cuts" in clip.layout.labels and clip.study.later_frame >= 0:
            scene = compose(recipe, design, recipe.draw_params(design, draws), draws)  # as it was before
        elif pair is not None and pair.remove is not None:
            scene = without(scene, pair.remove)
        path = _difference(json.loads(clip.scene_json), json.loads(scene_to_json(scene)), "")
        if path is not None:
            yield f"the scene is not what the recipe makes of these parameters: {path or 'all of it'} differs"


def _difference(one: Any, other: Any, path: str) -> str | None:
    """Where two JSON values first differ, None if they do not."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        pairs = [(one[name], other[name], f"{path}.{name}" if path else name) for name in one]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(a, b, f"{path}[{place}]") for place, (a, b) in enumerate(zip(one, other, strict=True))]
    else:
        return None if _close(one, other) else path
    return next((found for a, b, where in pairs if (found := _difference(a, b, where)) is not None), None)


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return type(one) is type(other) and bool(one == other)
