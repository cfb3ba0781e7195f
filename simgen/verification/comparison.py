"""Whether two datasets hold the same clips, whatever their shards and formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from itertools import zip_longest
from typing import Any

import numpy as np

from simgen.physics.trace import Contacts
from simgen.reading.clip import Clip

__all__ = ["differences", "differing_columns"]


def differences(first: Iterable[Clip], second: Iterable[Clip]) -> Iterator[str]:
    """A line per clip in which two datasets differ, in their order; nothing when they are equal to the
    bit.
    """
    for place, (one, other) in enumerate(zip_longest(first, second)):
        if one is None or other is None:
            yield f"clip {place}: only the {'second' if one is None else 'first'} dataset has it"
        elif one.key != other.key:
            yield f"clip {place}: {one.key} in the first dataset, {other.key} in the second"
        elif columns := differing_columns(one.values, other.values):
            yield f"{one.key}: {', '.join(columns)}"


def differing_columns(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The columns whose values differ, or that only one of the two has."""
    names = [*one, *(name for name in other if name not in one)]
    return [
        name for name in names if name not in one or name not in other or not same(one[name], other[name])
    ]


def same(one: Any, other: Any) -> bool:
    """Equal in type, shape and every bit (a NaN equals itself)."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return (
            isinstance(one, np.ndarray)
            and isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
        )
    if isinstance(one, Contacts) and isinstance(other, Contacts):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(Contacts))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)
