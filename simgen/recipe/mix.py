"""Which scenario a clip of a mixed recipe shows: an exact interleave by weight, in a random order.

The weights are whole numbers. With {incline: 2, drop: 1} two of the first three clips are inclines, two of
the next three, and so on: proportions are exact after every round of 2 + 1 clips and near exact in between,
so that they also hold for the first N clips of a larger build, which independent draws would not give. Inside
a round the clips of each scenario are spread evenly over it, in an order that is drawn anew for every round;
a fixed order would give a reader that takes every third clip one scenario only.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping

import numpy as np

from simgen.recipe.distributions import Kind
from simgen.recipe.draws import Draws
from simgen.recipe.sections import ALL, MixedScenario

__all__ = ["MIX", "catalogue", "common_kind", "mixed_weights", "reduced", "scenario_of_clip"]

MIX = "mix"  # the scenario whose clips are those of others


@functools.cache
def catalogue() -> tuple[str, ...]:
    """What `all` stands for in a recipe: the scenarios of this package that have parameters, by name.

    Plug-ins are left out: installing one must not change what a recipe means. So are replicas of other datasets,
    which are like scenarios that are there already.
    """
    from simgen.scenarios.registry import own_scenarios

    return tuple(
        sorted(scenario.name for scenario in own_scenarios() if scenario.parameters and not scenario.replica)
    )


def mixed_weights(entries: Mapping[str, MixedScenario], every: Iterable[str]) -> dict[str, int]:
    """The weight of each scenario, sorted by name; `all` in `entries` stands for those of `every` that are
    not there themselves.
    """
    rest = entries.get(ALL)
    weights = dict.fromkeys(every, rest.weight) if rest is not None else {}
    weights |= {name: entry.weight for name, entry in entries.items() if name != ALL}
    return dict(sorted(weights.items()))


def reduced(weights: Mapping[str, int]) -> dict[str, int]:
    """The same proportions in the smallest whole numbers; what has no weight is left out."""
    divisor = math.gcd(*weights.values()) or 1
    return {name: weight // divisor for name, weight in weights.items() if weight}


def scenario_of_clip(weights: Mapping[str, int], seed: int, split: str, index: int) -> str:
    """The scenario of clip `index` of a split: of every round of sum(weights) clips in lowest terms, each
    scenario has its weight.

    Slot j of a scenario of weight w is put at (j + u) / w of the round, u its own uniform number.
    """
    counts = reduced(weights)
    names, repeats = list(counts), np.array(list(counts.values()))
    length = int(repeats.sum())
    number, place = divmod(index, length)
    slots = np.concatenate([np.arange(count) for count in repeats])
    moments = (slots + Draws(seed, split, number).many("mix.order", length)) / np.repeat(repeats, repeats)
    slot = np.argsort(moments, kind="stable")[place]
    return names[int(np.searchsorted(np.cumsum(repeats), slot, side="right"))]


def common_kind(kinds: Iterable[Kind]) -> Kind | None:
    """The type of a column for parameters of these types: whole and other numbers are numbers; None when
    numbers, words and truth values meet.
    """
    found = set(kinds)
    if found == {"int", "float"}:
        return "float"
    return found.pop() if len(found) == 1 else None
