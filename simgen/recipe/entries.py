"""What stands inside a distribution: numbers, intervals, options, weights, each read or refused in a
sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from simgen.recipe.wording import number, shown

__all__ = [
    "Interval",
    "Kind",
    "Scalar",
    "kind_of",
    "read_intervals",
    "read_mean_and_deviation",
    "read_optional_number",
    "read_options",
    "read_positive_interval",
    "read_scalar",
    "read_weights",
    "read_whole_interval",
]

Scalar = bool | int | float | str
Interval = tuple[float, float]
Kind = Literal["float", "int", "str", "bool"]

LARGEST = 1e15  # no number of a recipe is larger, so that the arithmetic of a few of them stays finite
MOST_OPTIONS = 10_000
LONGEST_WORD = 200


def read_number(value: object) -> float:
    """A finite number of bounded size, as float. Words and booleans are not numbers. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"must be a number, not {shown(value)}.")
    if not -LARGEST <= value <= LARGEST:  # NaN fails this too
        raise ValueError(f"must be a number between -1e15 and 1e15, not {shown(value)}.")
    return float(value)


def _is_pair(value: object) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and len(value) == 2
        and all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in value)
    )


def read_interval(value: object, name: str) -> Interval:
    if not _is_pair(value):
        raise ValueError(f"{name} takes [low, high], two numbers.")
    low, high = (read_number(end) for end in value)  # type: ignore[attr-defined]
    if low == high:
        raise ValueError(f"low and high are both {number(low)}; for one value write just {number(low)}.")
    if low > high:
        raise ValueError(
            f"low ({number(low)}) is above high ({number(high)}); write [{number(high)}, {number(low)}]."
        )
    return low, high


def read_intervals(value: object) -> Interval | tuple[Interval, ...]:
    """[low, high] or [[low, high], …] as tuples; one interval in a list is that interval."""
    if (
        isinstance(value, (list, tuple))
        and value
        and all(isinstance(entry, (list, tuple)) for entry in value)
    ):
        if len(value) > MOST_OPTIONS:
            raise ValueError(f"uniform takes at most {MOST_OPTIONS} intervals.")
        intervals = tuple(read_interval(entry, "each interval of uniform") for entry in value)
        if any(before[1] > after[0] for before, after in pairwise(intervals)):
            raise ValueError("the intervals of uniform must be in increasing order and must not overlap.")
        return intervals if len(intervals) > 1 else intervals[0]
    if not _is_pair(value):
        raise ValueError("uniform takes [low, high], two numbers, or a list of such intervals.")
    return read_interval(value, "uniform")


def read_positive_interval(value: object) -> Interval:
    low, high = read_interval(value, "log_uniform")
    if low <= 0:
        raise ValueError(f"log_uniform needs low above 0, not {number(low)}.")
    return low, high


def read_whole_interval(value: object) -> tuple[int, int]:
    low, high = read_interval(value, "integer")
    if low != int(low) or high != int(high):
        raise ValueError("integer takes [low, high], two whole numbers, both of which can be drawn.")
    return int(low), int(high)


def read_mean_and_deviation(value: object) -> tuple[float, float]:
    if not _is_pair(value):
        raise ValueError("normal takes [mean, standard deviation], two numbers.")
    mean, deviation = (read_number(entry) for entry in value)  # type: ignore[attr-defined]
    if deviation <= 0:
        raise ValueError(f"the standard deviation of normal must be above 0, not {number(deviation)}.")
    return mean, deviation


def read_scalar(value: object) -> Scalar:
    if isinstance(value, (bool, str)):
        if isinstance(value, str) and len(value) > LONGEST_WORD:
            raise ValueError(f"must be at most {LONGEST_WORD} characters long.")
        return value
    if not isinstance(value, (int, float)):
        raise ValueError(f"must be a number, a word, true or false, not {shown(value)}.")
    number = read_number(value)
    return value if isinstance(value, int) else number


def read_options(value: object) -> tuple[Scalar, ...]:
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError("choice takes a list of at least one value.")
    if len(value) > MOST_OPTIONS:
        raise ValueError(f"choice takes at most {MOST_OPTIONS} values.")
    options = tuple(read_scalar(option) for option in value)
    kinds = {"float" if kind == "int" else kind for kind in map(kind_of, options)}
    if len(kinds) > 1:
        raise ValueError("the values of choice must be all numbers, all words, or all true or false.")
    if len(set(options)) < len(options):
        raise ValueError("choice names a value twice; to make it likelier give weights: [...].")
    return options


def read_weights(value: object) -> tuple[float, ...] | None:
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        raise ValueError("weights takes a list with one number for each value of choice.")
    weights = tuple(read_number(weight) for weight in value)
    if any(weight < 0 for weight in weights) or not sum(weights) > 0:
        raise ValueError("weights must be 0 or more, and not all 0.")
    return weights


def read_optional_number(value: object) -> float | None:
    return None if value is None else read_number(value)


def kind_of(value: Scalar) -> Kind:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "str"
    return "int" if isinstance(value, int) else "float"
