"""How far a clip is from the nearest training clip: the Euclidean distance in normalised factors.

A number counts in units of its range in training (a log_uniform one by its logarithm, an unbounded normal one in
units of four standard deviations), so that 1 is as far apart as two training clips can be in one factor. A word
counts 0 when it is the same and 1 when it is not, and so does a number that training never varies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simgen.recipe.distributions import Constant, Distribution, LogUniform, Normal
from simgen.study.ranges import Box

__all__ = ["Neighbours", "Scale", "nearest", "scales"]

DEVIATIONS = 2.0  # of an unbounded normal, to either side of its mean, that count as its range


@dataclass(frozen=True, slots=True)
class Scale:
    """How a factor counts in a distance."""

    low: float = 0.0  # of the training range; of its logarithm where `logarithmic`
    high: float = 0.0
    logarithmic: bool = False
    same_or_not: bool = False  # a word, or a number that training does not vary

    def positions(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Numbers in units of the training range, from its lower end, (n,)."""
        numbers = values.astype(np.float64)
        if self.logarithmic:
            with np.errstate(divide="ignore", invalid="ignore"):
                # what has no logarithm counts as a millionth of the least in training
                numbers = np.log(np.maximum(numbers, 1e-6 * math.exp(self.low)))
        scaled: NDArray[np.float64] = (numbers - self.low) / (self.high - self.low)
        return scaled


def scales(boxes: Sequence[Box]) -> dict[str, Scale]:
    """How every factor of a training split counts, by its name."""
    found: dict[str, Scale] = {}
    for name in dict.fromkeys(name for box in boxes for name in box):
        drawn = [box[name] for box in boxes if name in box]
        if any(distribution.kind in ("str", "bool") for distribution in drawn):
            found[name] = Scale(same_or_not=True)
            continue
        logarithmic = any(isinstance(entry, LogUniform) for entry in drawn) and all(
            isinstance(entry, (LogUniform, Constant)) and _ends(entry)[0] > 0 for entry in drawn
        )
        ends = [_ends(entry) for entry in drawn]
        low, high = min(low for low, _ in ends), max(high for _, high in ends)
        if logarithmic:
            low, high = math.log(low), math.log(high)
        found[name] = Scale(low, high, logarithmic) if low < high else Scale(low, high, same_or_not=True)
    return found


def _ends(distribution: Distribution) -> tuple[float, float]:
    if isinstance(distribution, Normal):
        mean, deviation = distribution.normal
        low, high = distribution.support()
        if math.isinf(low):
            low = min(mean, high) - DEVIATIONS * deviation
        if math.isinf(high):
            high = max(mean, low) + DEVIATIONS * deviation
        return low, high
    numbers = [float(value) for value in distribution.support()]
    return min(numbers), max(numbers)


class Neighbours:
    """The clips of a training split, ready to be asked for the nearest to another clip.

    `train` holds a column of values (n,) for every factor; `boxes` are what they were drawn from. Three million
    clips of ten factors take half a gigabyte and a few seconds.
    """

    def __init__(self, train: Mapping[str, ArrayLike], boxes: Sequence[Box]) -> None:
        columns = {name: np.asarray(train[name]) for box in boxes for name in box if name in train}
        self._scales = {
            name: _of_column(scale, columns[name]) for name, scale in scales(boxes).items() if name in columns
        }
        self._words = {
            name: np.unique([value for box in boxes if name in box for value in box[name].support()])
            for name, scale in self._scales.items()
            if scale.same_or_not
        }
        from scipy.spatial import KDTree

        # not balanced: the same values again and again, as words give, cost it nothing
        self._tree = KDTree(self._points(columns), compact_nodes=False, balanced_tree=False)

    def nearest(self, test: Mapping[str, ArrayLike]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Distance (n,) to the nearest training clip and its place in the training columns (n,), for columns (n,).

        Raises KeyError for a factor of training that `test` lacks.
        """
        columns = {name: np.atleast_1d(np.asarray(test[name])) for name in self._scales}
        distance, place = self._tree.query(self._points(columns), workers=-1)
        # A word that training does not have has no place of its own in the tree; it is 1 from every other.
        unseen = np.zeros(len(distance))
        for name, words in self._words.items():
            unseen += np.where(np.isin(columns[name], words), 0.0, 0.5 if len(words) > 1 else 1.0)
        return np.sqrt(distance**2 + unseen), np.asarray(place, dtype=np.int64)

    def _points(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Coordinates (n, d) whose Euclidean distance is that of the clips."""
        count = len(next(iter(columns.values()), ()))
        words = {name: found for name, found in self._words.items() if len(found) > 1}
        width = sum(map(len, words.values())) + len(self._scales) - len(self._words)
        points = np.zeros((count, max(1, width)))
        axes = iter(points.T)
        for name, scale in self._scales.items():
            if not scale.same_or_not:
                next(axes)[:] = scale.positions(columns[name])
            for word in words.get(name, ()):
                # two words differ in two coordinates, by √½ in each
                next(axes)[columns[name] == word] = math.sqrt(0.5)
        return points


def _of_column(scale: Scale, column: NDArray[Any]) -> Scale:
    """The scale, or that of the column's own values: what a material decides varies though nothing draws it."""
    if (
        not scale.same_or_not
        or column.dtype.kind not in "iuf"
        or not len(column)
        or column.min() == column.max()
    ):
        return scale
    return Scale(float(column.min()), float(column.max()))


def nearest(
    train: Mapping[str, ArrayLike], test: Mapping[str, ArrayLike], boxes: Sequence[Box]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """`Neighbours(train, boxes).nearest(test)`."""
    return Neighbours(train, boxes).nearest(test)
