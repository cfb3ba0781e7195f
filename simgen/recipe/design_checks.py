"""What is wrong with the design of a study beyond its single values: splits that do not exist, names that collide,
bodies that no scene has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from simgen.errors import Problem, Rejected
from simgen.recipe.checks import mapping_at
from simgen.recipe.distributions import constant
from simgen.recipe.mix import MIX
from simgen.recipe.splits import Pair
from simgen.recipe.wording import did_you_mean, listed, shown
from simgen.recipe.yaml import Document, Path

if TYPE_CHECKING:
    from simgen.recipe.models import Recipe

__all__ = ["body_problems", "design_problems"]

_PREFIXES = {"sweeps": "sweep", "pairs": "pairs", "twins": "twins"}
TRIED = 8  # draws of a clip, to see which bodies its scene has


def design_problems(document: Document, data: Mapping[str, Any]) -> Iterator[Problem]:
    """Names in the design that lead nowhere, of raw data."""
    splits = mapping_at(data, "splits")
    every = {*splits, *_of_groups(data)}
    for section, prefix in _PREFIXES.items():
        for name in mapping_at(data, section):
            if f"{prefix}_{name}" in splits:
                wrong = (
                    f"makes the split {prefix}_{name}, and `splits` has one of that name; rename one of them."
                )
                yield document.problem((section, name), wrong)
    for name in splits:
        split = mapping_at(splits, name)
        yield from _named(document, ("splits", name, "same_as"), split.get("same_as"), splits)
        yield from _named(
            document, ("splits", name, "mix", "from"), mapping_at(split, "mix").get("from"), splits
        )
        if mapping_at(split, "mix").get("from") == name:
            yield document.problem(("splits", name, "mix", "from"), "must be another split.")
        if _in_a_loop(name, splits):
            yield document.problem(("splits", name, "same_as"), "leads back to itself.")
    for section in ("splits", *_PREFIXES):
        for name in mapping_at(data, section):
            against = mapping_at(data, section, name).get("against")
            yield from _named(document, (section, name, "against"), against, every)
    yield from _named(document, ("study", "train"), mapping_at(data, "study").get("train"), every)
    if data.get("scenario") == MIX and data.get("sampling") == "sobol":
        wrong = "covers the parameters of one scenario; with `scenario: mix` leave it out."
        yield document.problem(("sampling",), wrong)


def _of_groups(data: Mapping[str, Any]) -> set[str]:
    return {f"{prefix}_{name}" for section, prefix in _PREFIXES.items() for name in mapping_at(data, section)}


def _named(document: Document, path: Path, name: Any, there: Any) -> Iterator[Problem]:
    if isinstance(name, str) and name not in there:
        guess = did_you_mean(name, there) or f" There are {listed(there, 'and')}."
        yield document.problem(path, f"there is no split {shown(name)}.{guess}")


def _in_a_loop(name: str, splits: Mapping[str, Any]) -> bool:
    seen: set[str] = set()
    at: Any = name
    while isinstance(at, str) and at in splits and at not in seen:
        seen.add(at)
        at = mapping_at(splits, at).get("same_as")
    return bool(at == name)


def body_problems(document: Document, recipe: Recipe) -> Iterator[Problem]:
    """Bodies that the design names and that the scenes do not have, and factors of a study that are none."""
    for name, design in recipe.designs.items():
        section, own = _written_at(name, recipe)
        named: list[tuple[Path, str]] = [
            ((section, own, "hide", place), body) for place, body in enumerate(design.layers[-1].hide)
        ]
        if design.subject:
            named.append(((section, own, "subject"), design.subject))
        removed = next((m.intervention.remove for m in design.members if m.intervention), None)
        if removed:
            named.append(((section, own, "remove"), removed))
        bodies = _bodies(recipe, name) if named else ()
        for path, body in named:
            if bodies and body not in bodies:
                guess = did_you_mean(body, bodies) or f" There are {listed(bodies, 'and')}."
                yield document.problem(path, f"the scene has no body {shown(body)}.{guess}")
    if recipe.render.shutter > 0 and (
        recipe.twins or any(_in_the_middle(pair) for pair in recipe.pairs.values())
    ):
        wrong = (
            "cannot be open in a recipe whose clips change at a frame (twins, pairs with `at_s`): motion blur would "
            "show the change before it comes. Leave it out."
        )
        yield document.problem(("render", "shutter"), wrong)
    parameters = recipe.param_types()
    for place, factor in enumerate(recipe.study.factors):
        if factor not in parameters:
            guess = did_you_mean(factor, parameters) or f" There are {listed(parameters, 'and')}."
            yield document.problem(("study", "factors", place), f"there is no such parameter.{guess}")


def _in_the_middle(pair: Pair) -> bool:
    return pair.at_s != constant(0.0)


def _written_at(split: str, recipe: Recipe) -> tuple[str, str]:
    for section, prefix in _PREFIXES.items():
        own = split.removeprefix(f"{prefix}_")
        if own != split and own in getattr(recipe, section) and split not in recipe.splits:
            return section, own
    return "splits", split


def _bodies(recipe: Recipe, split: str) -> tuple[str, ...]:
    """The bodies of the first scene of a split that can be laid out; none if none of a few can."""
    clip = recipe.clip(split, 0)
    for attempt in range(TRIED):
        draws = clip.draws(attempt)
        try:
            scene = recipe.scenario_object(clip).scene(
                recipe.draw_params(clip, draws), draws, recipe.video_spec()
            )
        except Rejected:
            continue
        return tuple(body.name for body in scene.bodies)
    return ()
