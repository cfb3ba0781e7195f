"""Whether one factor of a dataset tells another: correlation, and mutual information in bits.

Mutual information is estimated from counts, numbers cut into eight parts of equal count, with the bias of a finite
sample taken off (G. A. Miller, Note on the bias of information estimates, 1955). What chance alone gives is found
by shuffling: a pair is held to be dependent when its mutual information, or its rank correlation, is stronger than
that of every pair in each of 199 shuffles, so that a table of independent factors raises an alarm once in a
hundred times, however many pairs it has.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.recipe.draws import Draws

__all__ = ["SHUFFLES", "PairRow", "dependence"]

SHUFFLES = 199
PARTS = 8  # that numbers are cut into
MOST_WORDS = 16  # the rarest of more count as one

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairRow:
    """What one factor tells about another."""

    first: str
    second: str
    pearson: float | None  # of two numbers
    spearman: float | None
    bits: float  # of mutual information, 0 where there is no more than chance gives on average
    strength: float  # of the mutual information, as a standard normal number where there is none
    dependent: bool  # more than in any shuffle


def dependence(
    table: Mapping[str, NDArray[Any]], pairs: Sequence[tuple[str, str]], draws: Draws
) -> tuple[PairRow, ...]:
    """A row for every pair of columns (n,) of the table, those that depend first, then the strongest; a factor that does
    not vary has none.

    The shuffles are addressed draws, so the same table gives the same rows.
    """
    varied = {name for pair in pairs for name in pair if len(np.unique(table[name])) > 1}
    pairs = [pair for pair in pairs if pair[0] in varied and pair[1] in varied]
    if not pairs:
        return ()
    left, right = (_side(dict.fromkeys(pair[place] for pair in pairs), table) for place in (0, 1))
    here = (
        np.array([left.names.index(first) for first, _ in pairs]),
        np.array([right.names.index(second) for _, second in pairs]),
    )
    bits, strength = (found[here] for found in _information(left, right))
    pearson, spearman = (left.numbers.T @ right.numbers)[here], (left.ranks.T @ right.ranks)[here]
    strongest = closest = 0.0
    for shuffle in range(SHUFFLES):
        order = np.argsort(draws.many(f"shuffle.{shuffle}", len(right.ranks)), kind="stable")
        shuffled = replace(right, ranks=right.ranks[order], members=right.members[order])
        strongest = max(strongest, float(_information(left, shuffled)[1][here].max()))
        closest = max(closest, float(np.abs(left.ranks.T @ shuffled.ranks)[here].max()))
    rows = []
    for place, (first, second) in enumerate(pairs):
        numeric = left.numeric[here[0][place]] and right.numeric[here[1][place]]
        rows.append(
            PairRow(
                first=first,
                second=second,
                pearson=float(pearson[place]) if numeric else None,
                spearman=float(spearman[place]) if numeric else None,
                bits=float(bits[place]),
                strength=float(strength[place]),
                dependent=bool(strength[place] > strongest or abs(spearman[place]) > closest),
            )
        )
    return tuple(sorted(rows, key=lambda row: (not row.dependent, -row.strength)))


@dataclass(frozen=True, slots=True)
class _Side:
    """The n clips' columns on one side of the pairs, as numbers and as categories."""

    names: tuple[str, ...]
    numeric: tuple[bool, ...]
    numbers: Floats  # (n, names) mean 0, length 1; 0 for words
    ranks: Floats  # (n, names) the same of the ranks
    members: NDArray[np.float32]  # (n, all categories) 1 where a clip is in a category
    sizes: NDArray[np.int64]  # (names,) categories of each


def _side(names: Iterable[str], table: Mapping[str, NDArray[Any]]) -> _Side:
    names = tuple(names)
    numeric = tuple(table[name].dtype.kind in "iuf" for name in names)
    nothing = np.zeros(len(table[names[0]]))
    kept = list(zip(names, numeric, strict=True))
    categories = [_categories(table[name]) for name in names]
    sizes = [int(entry.max()) + 1 for entry in categories]
    members = [np.eye(size, dtype=np.float32)[entry] for size, entry in zip(sizes, categories, strict=True)]
    return _Side(
        names,
        numeric,
        np.stack([_unit(table[name]) if number else nothing for name, number in kept], axis=1),
        np.stack([_unit(_ranks(table[name])) if number else nothing for name, number in kept], axis=1),
        np.concatenate(members, axis=1),
        np.array(sizes),
    )


def _unit(column: NDArray[Any]) -> Floats:
    centred = column - column.mean(dtype=np.float64)
    unit: Floats = centred / np.linalg.norm(centred)
    return unit


def _ranks(column: NDArray[Any]) -> Floats:
    """Ranks of the values; equal ones share the mean of theirs."""
    _, place, counts = np.unique(column, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def _categories(column: NDArray[Any]) -> NDArray[np.int64]:
    """Which category each value is in, numbered from 0; none is empty."""
    distinct, place, counts = np.unique(column, return_inverse=True, return_counts=True)
    if column.dtype.kind in "iuf" and len(distinct) > PARTS:
        middle = (np.cumsum(counts) - counts / 2) / len(column)  # of each value's share of the clips
        return np.unique((middle * PARTS).astype(np.int64)[place], return_inverse=True)[1]
    if len(distinct) > MOST_WORDS:
        order = np.argsort(-counts, kind="stable")
        number = np.full(len(distinct), MOST_WORDS - 1)
        number[order[: MOST_WORDS - 1]] = np.arange(MOST_WORDS - 1)
        return np.asarray(number[place])
    return np.asarray(place)


def _information(left: _Side, right: _Side) -> tuple[Floats, Floats]:
    """Mutual information without its bias, bits, and how unlikely it is, of every left and right column.

    Without dependence 2 n ln 2 times the information is chi-squared distributed (S. S. Wilks, 1938); its cube root is
    near normal (E. B. Wilson and M. M. Hilferty, 1931), which makes pairs of different sizes comparable.
    """
    count = len(left.members)
    joint = (left.members.T @ right.members).astype(np.float64)
    shares = (side.members.sum(axis=0, dtype=np.float64) for side in (left, right))
    expected = np.outer(*shares) / count
    cells = np.where(joint > 0, joint * np.log2(np.where(joint > 0, joint, 1.0) / expected), 0.0) / count
    starts = [np.cumsum([0, *side.sizes[:-1]]) for side in (left, right)]
    raw = np.add.reduceat(np.add.reduceat(cells, starts[0], axis=0), starts[1], axis=1)
    freedom = np.outer(left.sizes - 1, right.sizes - 1)
    statistic = np.maximum(2 * count * math.log(2) * raw, 0.0)
    spread = 2 / (9 * freedom)
    strength = (np.cbrt(statistic / freedom) - (1 - spread)) / np.sqrt(spread)
    return np.maximum(raw - freedom / (2 * count * math.log(2)), 0.0), strength
