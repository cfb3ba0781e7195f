"""A factor of many clips at once: what a distribution makes of a column of uniform numbers.

values(uniform(5, 40), column(seed, "train", range(3_000_000), "params.angle_deg"))
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.recipe.distributions import (
    Choice,
    Constant,
    Distribution,
    Integer,
    LogUniform,
    Normal,
    Scalar,
    Uniform,
)

__all__ = ["table_of", "values"]

Floats = NDArray[np.float64]


def values(distribution: Distribution, uniform: Floats) -> NDArray[Any]:
    """`distribution.value(u)` of every u of `uniform` (n,): the very same values, (n,), as float64, int64, bool or str."""
    if isinstance(distribution, Uniform):
        return _uniform(distribution, uniform)
    if isinstance(distribution, LogUniform):
        low, high = distribution.log_uniform
        exponents = math.log(low) + uniform * math.log(high / low)
        # math.exp, as in `value`: numpy's own may differ in the last bit
        powers: Floats = np.array([math.exp(entry) for entry in exponents.tolist()], dtype=np.float64)
        return powers.clip(low, high)
    if isinstance(distribution, Normal):
        return _normal(distribution, uniform)
    if isinstance(distribution, Integer):
        first, last = distribution.integer
        whole: NDArray[np.int64] = np.minimum(first + (uniform * (last - first + 1)).astype(np.int64), last)
        return whole
    if isinstance(distribution, Choice):
        options: NDArray[Any] = np.array(distribution.choice)
        return options[_places(distribution, uniform)]
    assert isinstance(distribution, Constant)
    return np.full(uniform.shape, distribution.constant)


def _uniform(distribution: Uniform, uniform: Floats) -> Floats:
    left = uniform * sum(high - low for low, high in distribution.intervals)
    found = np.full(uniform.shape, distribution.intervals[-1][1])
    open_ = np.ones(uniform.shape, dtype=bool)
    for low, high in distribution.intervals:
        here = open_ & (left < high - low)
        found[here] = np.minimum(low + left[here], high)
        open_ &= ~here
        left = left - (high - low)
    return found


def _normal(distribution: Normal, uniform: Floats) -> Floats:
    mean, deviation = distribution.normal
    low, high = distribution.support()
    below, within = distribution.mass()
    p = below + within * (1.0 - uniform if distribution.mirrored else uniform)
    p = np.clip(p, 2.0**-60, 1.0 - 2.0**-53)
    inverse = NormalDist(mean, deviation).inv_cdf
    drawn = np.array([inverse(entry) for entry in p.tolist()], dtype=float)
    return np.clip(2 * mean - drawn if distribution.mirrored else drawn, low, high)


def _places(distribution: Choice, uniform: Floats) -> NDArray[np.int64]:
    count = len(distribution.choice)
    if distribution.weights is None:
        return np.minimum((uniform * count).astype(np.int64), count - 1)
    sums = np.array(tuple(accumulate(distribution.weights)))
    places = np.searchsorted(sums, uniform * sums[-1], side="right")
    last = max(place for place, weight in enumerate(distribution.weights) if weight > 0)
    missed = (places >= count) | (np.array([*distribution.weights, 0.0])[np.minimum(places, count)] == 0)
    return np.where(missed, last, places)


def table_of(clips: Sequence[Mapping[str, Scalar]]) -> dict[str, NDArray[Any]]:
    """The columns (n,) of clips that are given one by one; only of factors that all of them have."""
    names = [name for name in (clips[0] if clips else ()) if all(name in clip for clip in clips)]
    return {name: np.array([clip[name] for clip in clips]) for name in names}
