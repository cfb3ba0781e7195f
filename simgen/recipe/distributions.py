"""Distributions as a recipe writes them: `{uniform: [5, 40]}`, `{choice: [sphere, box]}`, or a bare
constant.

Each is an inverse cumulative function: `value(u)` maps one uniform number in [0, 1) to a value, so that a
draw costs one addressed number and a low-discrepancy sequence can take the place of independent ones.
`uniform(5, 40)`, `choice("sphere", "box")` and their siblings at the end of the file are for scenario
files.

What is wrong with one is said in a sentence by the model itself (a `ValueError` inside pydantic's
`ValidationError`), so that a recipe, a scenario file and a notebook all read the same words.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from statistics import NormalDist
from typing import Annotated, Any, Union

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from simgen.recipe.entries import (
    Interval,
    Kind,
    Scalar,
    kind_of,
    read_intervals,
    read_mean_and_deviation,
    read_optional_number,
    read_options,
    read_positive_interval,
    read_scalar,
    read_weights,
    read_whole_interval,
)
from simgen.recipe.wording import number

__all__ = [
    "DISTRIBUTIONS",
    "Choice",
    "Constant",
    "Distribution",
    "Integer",
    "Interval",
    "Kind",
    "LogUniform",
    "Normal",
    "Scalar",
    "Uniform",
    "choice",
    "constant",
    "integer",
    "log_uniform",
    "normal",
    "uniform",
]

SMALLEST_MASS = 1e-6  # of a normal distribution between its min and max


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


_PAIR = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_SCALARS = {"type": ["number", "string", "boolean"]}


class _Distribution(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def value(self, u: float) -> Scalar:
        """The value at the cumulative probability u in [0, 1)."""
        raise NotImplementedError

    def support(self) -> tuple[float, float] | tuple[Scalar, ...]:
        """(low, high) of uniform, log_uniform, normal and integer; every value of choice and constant."""
        raise NotImplementedError

    @property
    def kind(self) -> Kind:
        """The type of its values; `int` when only whole numbers can come."""
        return "float"

    @property
    def discrete(self) -> bool:
        """True when `support` lists every value."""
        return False

    @model_serializer
    def plain(self) -> dict[str, Any]:
        """As a recipe writes it, in plain lists and numbers; what was left out stays out."""
        entries = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: _listed(entry) for name, entry in entries if entry is not None}

    def __str__(self) -> str:
        """As a recipe writes it, on one line."""
        entries = self.plain()
        return "{" + ", ".join(f"{key}: {_flow(entry)}" for key, entry in entries.items()) + "}"


def _listed(value: object) -> object:
    return [_listed(entry) for entry in value] if isinstance(value, tuple) else value


def _flow(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_flow(entry) for entry in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{int(value)}" if value == int(value) and abs(value) < 1e6 else repr(value)
    if isinstance(value, str):
        return value if value.replace("_", "").replace("-", "").isalnum() else json.dumps(value)
    return str(value)


class Uniform(_Distribution):
    """Every value of the interval is equally likely; of several intervals, each by its length."""

    uniform: Annotated[
        Interval | tuple[Interval, ...],
        PlainValidator(read_intervals),
        _schema(anyOf=[_PAIR, {"type": "array", "items": _PAIR, "minItems": 1}]),
    ] = Field(description="[low, high], or a list of such intervals in increasing order")

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Always as a list of intervals, increasing, not overlapping."""
        first = self.uniform[0]
        return self.uniform if isinstance(first, tuple) else (self.uniform,)  # type: ignore[return-value]

    def value(self, u: float) -> float:
        left = u * sum(high - low for low, high in self.intervals)
        for low, high in self.intervals:
            if left < high - low:
                return min(low + left, high)
            left -= high - low
        return self.intervals[-1][1]

    def support(self) -> tuple[float, float]:
        return self.intervals[0][0], self.intervals[-1][1]


class LogUniform(_Distribution):
    """The logarithm is uniform: as many values between 0.1 and 1 as between 1 and 10."""

    log_uniform: Annotated[Interval, PlainValidator(read_positive_interval), _schema(**_PAIR)] = Field(
        description="[low, high], both above 0"
    )

    def value(self, u: float) -> float:
        low, high = self.log_uniform
        return min(max(math.exp(math.log(low) + u * math.log(high / low)), low), high)

    def support(self) -> tuple[float, float]:
        return self.log_uniform


class Normal(_Distribution):
    """The bell curve; with `min` and `max` what falls outside them is cut off (not moved to the border)."""

    normal: Annotated[Interval, PlainValidator(read_mean_and_deviation), _schema(**_PAIR)] = Field(
        description="[mean, standard deviation]"
    )
    min: Annotated[float | None, PlainValidator(read_optional_number), _schema(type="number")] = Field(
        default=None, description="no value is below it"
    )
    max: Annotated[float | None, PlainValidator(read_optional_number), _schema(type="number")] = Field(
        default=None, description="no value is above it"
    )

    @model_validator(mode="after")
    def _something_is_left(self) -> Normal:
        low, high = self.support()
        if low >= high:
            raise ValueError(f"min ({number(low)}) must be below max ({number(high)}).")
        if self.mass()[1] < SMALLEST_MASS:
            raise ValueError("min and max leave next to nothing of this normal; move its mean between them.")
        return self

    @property
    def mirrored(self) -> bool:
        # The cumulative function is fine near 0 and coarse near 1: mirror an interval above the mean.
        return self.support()[0] > self.normal[0]

    def mass(self) -> tuple[float, float]:
        """Probability below the interval and within it, of the mirrored curve when mirrored."""
        mean, deviation = self.normal
        low, high = self.support()
        if self.mirrored:
            low, high = 2 * mean - high, 2 * mean - low
        curve = NormalDist(mean, deviation)
        below = curve.cdf(low) if math.isfinite(low) else 0.0
        above = curve.cdf(high) if math.isfinite(high) else 1.0
        return below, above - below

    def value(self, u: float) -> float:
        mean, deviation = self.normal
        low, high = self.support()
        below, within = self.mass()
        p = below + within * (1.0 - u if self.mirrored else u)
        p = min(max(p, 2.0**-60), 1.0 - 2.0**-53)  # the curve itself has no value at 0 and 1
        drawn = NormalDist(mean, deviation).inv_cdf(p)
        return min(max(2 * mean - drawn if self.mirrored else drawn, low), high)

    def support(self) -> tuple[float, float]:
        return (-math.inf if self.min is None else self.min, math.inf if self.max is None else self.max)


class Integer(_Distribution):
    """Whole numbers from low to high, both included, all equally likely."""

    integer: Annotated[
        tuple[int, int],
        PlainValidator(read_whole_interval),
        _schema(type="array", items={"type": "integer"}, minItems=2, maxItems=2),
    ] = Field(description="[low, high], both can be drawn")

    def value(self, u: float) -> int:
        low, high = self.integer
        return min(low + int(u * (high - low + 1)), high)

    def support(self) -> tuple[float, float]:
        return self.integer

    @property
    def kind(self) -> Kind:
        return "int"


class Choice(_Distribution):
    """One of the values, all equally likely or by weight."""

    choice: Annotated[
        tuple[Scalar, ...], PlainValidator(read_options), _schema(type="array", items=_SCALARS, minItems=1)
    ] = Field(description="the values, all numbers or all words")
    weights: Annotated[
        tuple[float, ...] | None,
        PlainValidator(read_weights),
        _schema(type="array", items={"type": "number", "minimum": 0}),
    ] = Field(
        default=None, description="how likely each value is, in the same order; only their ratios count"
    )

    @model_validator(mode="after")
    def _as_many_weights(self) -> Choice:
        if self.weights is not None and len(self.weights) != len(self.choice):
            raise ValueError(
                f"weights has {len(self.weights)} numbers for {len(self.choice)} values of choice."
            )
        return self

    def value(self, u: float) -> Scalar:
        if self.weights is None:
            index = int(u * len(self.choice))
        else:
            sums = tuple(accumulate(self.weights))
            index = bisect_right(sums, u * sums[-1])
            if (
                index >= len(sums) or self.weights[index] == 0
            ):  # rounding at the very end: the last that can be drawn
                index = max(i for i, weight in enumerate(self.weights) if weight > 0)
        return self.choice[min(index, len(self.choice) - 1)]

    def support(self) -> tuple[Scalar, ...]:
        return self.choice

    @property
    def kind(self) -> Kind:
        kinds = {kind_of(option) for option in self.choice}
        return kinds.pop() if len(kinds) == 1 else "float"

    @property
    def discrete(self) -> bool:
        return True


class Constant(_Distribution):
    """Always the same value; a bare value in a recipe means this."""

    constant: Annotated[Scalar, PlainValidator(read_scalar), _schema(**_SCALARS)] = Field(
        description="the value"
    )

    def value(self, u: float) -> Scalar:
        return self.constant

    def support(self) -> tuple[Scalar, ...]:
        return (self.constant,)

    @property
    def kind(self) -> Kind:
        return kind_of(self.constant)

    @property
    def discrete(self) -> bool:
        return True

    def __str__(self) -> str:
        return _flow(self.constant)


# The key that names each in a recipe, in the order in which the documentation lists them.
DISTRIBUTIONS: dict[str, type[_Distribution]] = {
    "uniform": Uniform,
    "log_uniform": LogUniform,
    "normal": Normal,
    "integer": Integer,
    "choice": Choice,
    "constant": Constant,
}


def _wrap_bare_value(value: Any) -> Any:
    return {"constant": value} if isinstance(value, (bool, int, float, str)) else value


def _named(value: Any) -> str | None:
    """Which distribution a value means; None when it is not one (pydantic then says so)."""
    if isinstance(value, Mapping):
        return next((key for key in DISTRIBUTIONS if key in value), None)
    return next((key for key, model in DISTRIBUTIONS.items() if isinstance(value, model)), None)


Distribution = Annotated[
    Union[  # noqa: UP007 - one per line
        Annotated[Uniform, Tag("uniform")],
        Annotated[LogUniform, Tag("log_uniform")],
        Annotated[Normal, Tag("normal")],
        Annotated[Integer, Tag("integer")],
        Annotated[Choice, Tag("choice")],
        Annotated[Constant, Tag("constant")],
    ],
    Discriminator(
        _named,
        custom_error_type="not_a_distribution",
        custom_error_message="must be a value or a distribution such as {uniform: [low, high]}.",
    ),
    BeforeValidator(_wrap_bare_value),
]


def uniform(low: float, high: float) -> Uniform:
    """Uniform between low and high."""
    return Uniform(uniform=(low, high))


def log_uniform(low: float, high: float) -> LogUniform:
    """Uniform in the logarithm, between low > 0 and high."""
    return LogUniform(log_uniform=(low, high))


def normal(mean: float, deviation: float, min: float | None = None, max: float | None = None) -> Normal:
    """The bell curve, cut off at min and max."""
    return Normal(normal=(mean, deviation), min=min, max=max)


def integer(low: int, high: int) -> Integer:
    """A whole number from low to high, both included."""
    return Integer(integer=(low, high))


def choice(*options: Scalar, weights: tuple[float, ...] | None = None) -> Choice:
    """One of the options, equally likely or by weight."""
    return Choice(choice=options, weights=weights)


def constant(value: Scalar) -> Constant:
    """Always this value."""
    return Constant(constant=value)
