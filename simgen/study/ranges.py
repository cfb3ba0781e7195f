"""What a split can draw: which values are outside a training split's ranges, and whether two splits can meet.

The ranges of a split are a union of boxes, one for each of its cases. A box is a distribution for every factor:
a parameter, or `look.<name>`. The values that a distribution can give are closed intervals, whole numbers or a
list; they are exact, so what is proved here of ranges holds for every clip.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from simgen.recipe.distributions import Choice, Constant, Distribution, Integer, Scalar, Uniform
from simgen.recipe.wording import listed, number

__all__ = ["Box", "Relation", "combinations", "holds", "out_of_range", "range_words", "relation"]

Box = Mapping[str, Distribution]
MOST_SENTENCES = 5


@dataclass(frozen=True, slots=True)
class Relation:
    """How what a split draws stands to what a training split draws."""

    kind: Literal["in distribution", "disjoint", "overlap"]
    factors: tuple[
        str, ...
    ]  # disjoint: what keeps them apart; overlap: what differs and can be the same all the same
    sentences: tuple[str, ...]
    combinations: int | None = (
        None  # in distribution: of the values of all factors, when there are finitely many
    )

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


def holds(distribution: Distribution, value: Scalar) -> bool:
    """Whether a value is in what a distribution can give; a hole between intervals is not, an end is."""
    values = _values(distribution)
    if values is not None:
        return value in values
    if isinstance(value, str) or (isinstance(distribution, Integer) and value != int(value)):
        return False
    return any(low <= value <= high for low, high in _intervals(distribution))


def out_of_range(values: Mapping[str, Scalar], boxes: Sequence[Box]) -> list[str]:
    """The factors of a clip that no clip of the boxes' split can have, in the order of `values`.

    A factor is named when no box holds its value. When every one is held by some box and no box holds all of
    them (an attribute pair that training never shows), the factors that vary between the boxes are named as one
    entry, joined with "+". Factors that are in no box say nothing and are left out.
    """
    known = [name for name in values if any(name in box for box in boxes)]

    def held(box: Box, names: Iterable[str]) -> bool:
        return all(holds(box[name], values[name]) for name in names if name in box)

    outside = [name for name in known if not any(name in box and held(box, [name]) for box in boxes)]
    inside = [name for name in known if name not in outside]
    if boxes and not any(held(box, inside) for box in boxes):
        varying = [name for name in inside if any(box.get(name) != boxes[0].get(name) for box in boxes)]
        outside.append("+".join(varying))
    return outside


def combinations(boxes: Sequence[Box]) -> int | None:
    """How many combinations of values the boxes have at most; None when a factor has a continuum."""
    total = 0
    for box in boxes:
        counts = [_count(distribution) for distribution in box.values()]
        if None in counts:
            return None
        total += math.prod(count for count in counts if count is not None)
    return total


def relation(
    train_boxes: Sequence[Box], test_boxes: Sequence[Box], train: str = "train", test: str = "test"
) -> Relation:
    """What can be proved of two splits, in sentences that call them `train` and `test`.

    disjoint: for every pair of a test and a training box there is a factor whose values cannot meet, or meet
    with probability 0 under the test split (an end point that two intervals share) · in distribution: every
    test box is a training box, to the letter · overlap: anything else.
    """
    if all(any(_same(box, other) for other in train_boxes) for box in test_boxes):
        return _in_distribution(train_boxes, test_boxes, train, test)
    pairs = [(box, other) for box in test_boxes for other in train_boxes]
    if all(_apart(box, other) for box, other in pairs):
        return _disjoint(pairs, len(train_boxes), len(test_boxes), train, test)
    return _overlap(train_boxes, test_boxes, train, test)


def _in_distribution(
    train_boxes: Sequence[Box], test_boxes: Sequence[Box], train: str, test: str
) -> Relation:
    missing = [box for box in train_boxes if not any(_same(box, other) for other in test_boxes)]
    if missing:
        found = len(train_boxes) - len(missing)
        sentences = [f"{test} draws as {found} of the {len(train_boxes)} cases of {train}."]
    else:
        sentences = [f"{test} draws as {train} does."]
    count = combinations(test_boxes)
    if count is not None:
        many = f"only {count} combinations" if count > 1 else "only one combination"
        sentences.append(
            f"Its factors have {many} of values, so its clips can repeat those of clips of {train}."
        )
    return Relation("in distribution", (), tuple(sentences), count)


def _disjoint(pairs: Sequence[tuple[Box, Box]], trains: int, tests: int, train: str, test: str) -> Relation:
    apart = [_apart(box, other) for box, other in pairs]
    always = [name for name in apart[0] if all(name in names for names in apart)]
    touching = {
        f"{name} can be {point} in both, with probability 0."
        for (box, other), names in zip(pairs, apart, strict=True)
        for name in names
        if (point := _meeting(other[name], box[name])[0])
    }
    if always:
        factors = always
        clauses = [
            f"{name} is {_union_words(box[name] for box, _ in pairs)}, and"
            f" {_union_words(other[name] for _, other in pairs)} in {train}"
            for name in always
        ]
        sentence = f"{test} is disjoint from {train}: {'; '.join(clauses)}."
    else:
        factors = list(dict.fromkeys(name for names in apart for name in names))
        each = f"each of its {tests} cases" if tests > 1 else "it"
        every = f"each of the {trains} cases of {train}" if trains > 1 else train
        sentence = f"{test} is disjoint from {train}: {each} differs from {every} in {listed(factors)}."
    return Relation("disjoint", tuple(factors), (sentence, *sorted(touching)))


def _overlap(train_boxes: Sequence[Box], test_boxes: Sequence[Box], train: str, test: str) -> Relation:
    factors: list[str] = []
    sentences = []
    for place, box in enumerate(test_boxes, start=1):
        which = f"Case {place} of {test}" if len(test_boxes) > 1 else test
        for case, other in enumerate(train_boxes, start=1):
            if _apart(box, other):
                continue
            where = f"case {case} of {train}" if len(train_boxes) > 1 else train
            differing = [name for name in box if name in other and box[name] != other[name]]
            factors += differing
            shared = [f"{name} {_meeting(other[name], box[name])[1]}" for name in differing]
            if _same(box, other):
                sentences.append(f"{which} draws as {where} does.")
            elif shared:
                sentences.append(
                    f"{which} is not disjoint from {where}: both can draw {listed(shared, 'and')}."
                )
            else:
                sentences.append(f"{which} is not disjoint from {where}: they have no factor that differs.")
    if len(sentences) > MOST_SENTENCES:
        rest = len(sentences) - MOST_SENTENCES
        sentences[MOST_SENTENCES:] = [f"So it is for {rest} more {'pairs' if rest > 1 else 'pair'} of cases."]
    return Relation("overlap", tuple(dict.fromkeys(factors)), tuple(sentences))


def _apart(box: Box, other: Box) -> list[str]:
    """The factors in which no clip of `box` can be one of `other`, but with probability 0."""
    return [name for name in box if name in other and not _meeting(other[name], box[name])[1]]


def _meeting(train: Distribution, test: Distribution) -> tuple[str, str]:
    """The values that both can give, in words: those that the test draws with probability 0, and the others."""
    drawn, known = _values(test), _values(train)
    if drawn is not None:
        return "", _list_words([value for value in drawn if holds(train, value)])
    if known is not None:
        points = [value for value in known if not isinstance(value, (str, bool)) and holds(test, value)]
        return ("", _list_words(points)) if isinstance(test, Integer) else (_list_words(points), "")
    whole = isinstance(test, Integer) or isinstance(train, Integer)
    shared = [
        (math.ceil(start), math.floor(end)) if whole and math.isfinite(end - start) else (start, end)
        for low, high in _intervals(test)
        for other_low, other_high in _intervals(train)
        if (start := max(low, other_low)) <= (end := min(high, other_high))
    ]
    unlikely = [] if isinstance(test, Integer) else [(a, b) for a, b in shared if whole or a == b]
    likely = [pair for pair in shared if pair[0] <= pair[1] and pair not in unlikely]
    return _intervals_words([pair for pair in unlikely if pair[0] <= pair[1]]), _intervals_words(likely)


def range_words(distribution: Distribution) -> str:
    """What a distribution can give, in a few words: "5 to 10 or 20 to 30", "sphere or box"."""
    values = _values(distribution)
    if values is not None:
        return _list_words(values)
    words = _intervals_words(_intervals(distribution))
    return f"a whole number from {words}" if isinstance(distribution, Integer) else words


def _union_words(distributions: Iterable[Distribution]) -> str:
    return listed(dict.fromkeys(map(range_words, distributions)))


def _list_words(values: Sequence[Scalar]) -> str:
    return listed([_value_words(value) for value in values])


def _value_words(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number(value)


def _intervals_words(intervals: Sequence[tuple[float, float]]) -> str:
    words = []
    for low, high in intervals:
        if math.isinf(low) and math.isinf(high):
            words.append("any number")
        elif math.isinf(low):
            words.append(f"up to {number(high)}")
        elif math.isinf(high):
            words.append(f"from {number(low)}")
        else:
            words.append(number(low) if low == high else f"{number(low)} to {number(high)}")
    return listed(words)


def _values(distribution: Distribution) -> tuple[Scalar, ...] | None:
    """Every value of a list; None for intervals and whole numbers."""
    if isinstance(distribution, Constant):
        return (distribution.constant,)
    if isinstance(distribution, Choice):
        weights = distribution.weights or (1.0,) * len(distribution.choice)
        return tuple(value for value, weight in zip(distribution.choice, weights, strict=True) if weight > 0)
    return None


def _intervals(distribution: Distribution) -> tuple[tuple[float, float], ...]:
    if isinstance(distribution, Uniform):
        return distribution.intervals
    low, high = distribution.support()
    return ((float(low), float(high)),)


def _count(distribution: Distribution) -> int | None:
    values = _values(distribution)
    if values is not None:
        return len(values)
    if isinstance(distribution, Integer):
        low, high = distribution.integer
        return high - low + 1
    return None


def _same(box: Box, other: Box) -> bool:
    """Whether two boxes draw every factor alike; 2 and 2.0 are alike."""
    return box.keys() == other.keys() and all(box[name] == other[name] for name in box)
