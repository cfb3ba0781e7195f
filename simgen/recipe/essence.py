"""What of a recipe changes a clip, as plain data: the recipe's hash is over this and nothing else.

In it: the name (it is in every key), scenario or scenarios with their weights, seed, how each parameter is drawn
with defaults filled in, splits that draw differently, groups, cases and what else makes a split special, the
sampling, video, passes, render, look, cameras, the composed scene, and GENERATOR_VERSION. Not in it: clip
counts, ladders, splits that draw as the recipe does, output, the words of a study, how it is written.

What is younger than the first recipes is in it only where it is used, so that the others keep their hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simgen.recipe.distributions import Distribution
from simgen.recipe.quantities import as_floats, plain_quantity

if TYPE_CHECKING:
    from simgen.recipe.models import Recipe

__all__ = ["essence"]

_AS_WRITTEN = {
    *("name", "scenario", "seed", "video", "passes", "render", "cameras"),
    *("bodies", "joints", "forces", "links", "camera", "gravity", "ground"),
}


def essence(recipe: Recipe) -> dict[str, Any]:
    """All that the hash covers."""
    from simgen import GENERATOR_VERSION
    from simgen.scene.look_parameters import resolve_look

    drawing = recipe.drawing
    base = {name: _canonical(recipe, name, drawing.drawn(name, None)) for name in drawing.scenarios}
    splits: dict[str, dict[str, Any]] = {}
    special: dict[str, dict[str, Any]] = {}
    for name in recipe.designs:
        own = {}
        for scenario, params in drawing.params[name].items():
            boxes = [_canonical(recipe, scenario, box) for box in params]
            differing = _differing(boxes[0], base[scenario])
            if differing:
                own[scenario] = differing
            if len(boxes) > 1:
                special.setdefault(name, {})[f"cases of {scenario}"] = [
                    _differing(box, base[scenario]) for box in boxes
                ]
        if own:
            splits[name] = own
        if more := _special(recipe, name):
            special.setdefault(name, {}).update(more)
    sections = recipe.model_dump(mode="json", include=_AS_WRITTEN)
    for name in ("bodies", "joints", "cameras"):  # their order is the order of bodies and columns
        sections[name] = list(sections[name].items())
    for name in ("forces", "links"):
        if entries := sections.pop(name):
            sections[name] = list(entries.items())
    for _, body in sections["bodies"]:
        if body["mesh"] is None:
            del body["mesh"]
    common = {**sections, "look": _look(resolve_look(recipe.look)), "generator_version": GENERATOR_VERSION}
    if special:
        common["designs"] = special
    if recipe.sampling != "independent":
        common["sampling"] = recipe.sampling
    if recipe.questions:
        common["questions"] = [recipe.questions, recipe.context_frames]
    if recipe.compares and recipe.training != "train":
        common["training"] = recipe.training  # the column `ood` speaks of it
    if not recipe.mixed:
        return {
            **common,
            "params": base[recipe.scenario],
            "splits": {name: own[recipe.scenario] for name, own in splits.items()},
        }
    weights = drawing.usual_weights
    differing_weights = {name: own for name, own in drawing.weights.items() if own != weights}
    return {
        **common,
        "scenarios": base,
        "splits": splits,
        "weights": weights,
        "split_weights": differing_weights,
    }


def _special(recipe: Recipe, name: str) -> dict[str, Any]:
    """What makes a split more than another way of drawing the parameters."""
    from simgen.scene.look_parameters import resolve_look

    design = recipe.designs[name]
    usual = _look(resolve_look(recipe.look))
    looks = [_differing(_look(resolve_look(look)), usual) for look in recipe.drawing.looks[name]]
    found: dict[str, Any] = {}
    if any(looks):
        found["looks"] = looks
    if design.address != name:
        found["address"] = design.address
    if design.against is not None:
        found["against"] = design.against  # the column `ood` speaks of it
    if design.hide:
        found["hide"] = list(design.hide)
    if design.blend is not None:
        found["mix"] = [design.blend.source, design.blend.clips]
    if design.in_groups:
        found["members"] = [
            {
                "values": dict(member.values),
                "violation": member.violation,
                "intervention": member.intervention
                and member.intervention.model_dump(mode="json", include={"remove", "set", "at_s"}),
            }
            for member in design.members
        ]
        if design.violations:
            found["violations"] = list(design.violations)
            found["subject"] = design.subject
    return found


def _differing(values: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if usual.get(key) != value}


def _look(look: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain_quantity(entry) for name, entry in look.items()}


def _canonical(recipe: Recipe, scenario: str, params: Mapping[str, Distribution]) -> dict[str, Any]:
    kinds = recipe.drawing.kinds[scenario]
    return {
        name: plain_quantity(as_floats(entry) if kinds.get(name) == "float" else entry)
        for name, entry in params.items()
    }
