"""The parameters of many clips at once, as `Recipe.draw_params` has them: what distances and audits are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simgen.recipe.distributions import Constant, Distribution
from simgen.recipe.draws import column
from simgen.scene.materials import MATERIALS
from simgen.study.columns import values

if TYPE_CHECKING:
    from simgen.recipe import Recipe

__all__ = ["drawn_factors", "drawn_scenarios"]


def drawn_factors(
    recipe: Recipe,
    split: str,
    indices: Sequence[int],
    attempts: Mapping[int, int] | None = None,
    scenario: str = "",
) -> dict[str, NDArray[Any]]:
    """The parameters (n,) of these clips of a split, by name. `attempts` are those of the clips that were drawn again;
    `scenario` is that of all of them where the recipe mixes several.

    Millions of clips of a plain split take seconds; those of cases, groups, materials, mixtures are drawn one by one.
    """
    again, name = attempts or {}, scenario or recipe.scenario
    design, boxes = recipe.designs[split], recipe.drawing.params[split][name]
    plain = len(boxes) == 1 and not (design.in_groups or design.blend or recipe.mixed)
    if not plain or _has_materials(boxes[0]):
        rows = [_drawn(recipe, split, index, again.get(index, 0)) for index in indices]
        return {parameter: np.array([row[parameter] for row in rows]) for parameter in boxes[0]}
    found: dict[str, NDArray[Any]] = {}
    for place, (parameter, distribution) in enumerate(boxes[0].items()):
        if isinstance(distribution, Constant):
            found[parameter] = np.full(len(indices), distribution.constant)
            continue
        if recipe.sampling == "sobol":
            from simgen.recipe.sobol import sobol_column

            uniform = sobol_column(recipe.seed, design.address, place + 1, indices)
        else:
            uniform = column(recipe.seed, design.address, indices, f"params.{parameter}")
        found[parameter] = values(distribution, uniform)
    for row, index in enumerate(indices) if again else ():
        if index in again:
            for parameter, value in _drawn(recipe, split, index, again[index]).items():
                found[parameter][row] = value
    return found


def _has_materials(box: Mapping[str, Distribution]) -> bool:
    """Whether something is decided by the material of a clip; nothing is where it is always `none`."""
    material = box.get("material")
    return material is not None and not (
        isinstance(material, Constant) and material.constant not in MATERIALS
    )


def _drawn(recipe: Recipe, split: str, index: int, attempt: int) -> dict[str, Any]:
    clip = recipe.clip(split, index)
    draws = clip.draws(attempt)
    params = recipe.draw_params(clip, draws)
    return recipe.change_params(clip, draws, params) if clip.member.intervention else params


def drawn_scenarios(recipe: Recipe, split: str, count: int) -> dict[str, list[int] | range]:
    """Which of the first `count` clips of a split are of which scenario."""
    if not recipe.mixed:
        return {recipe.scenario: range(count)}
    found: dict[str, list[int] | range] = {}
    for index in range(count):
        indices = found.setdefault(recipe.scenario_name(recipe.clip(split, index)), [])
        assert isinstance(indices, list)
        indices.append(index)
    return found
