"""The numbers and words of a composed scene: each is a value, a distribution, or an expression of the
parameters.

    mass: 0.5        mass: {log_uniform: [0.1, 10]}        mass: "=density_kg_m3 * radius_m**3"

A distribution here is a draw addressed by its place in the recipe, `scene.bodies.ball.mass`; every use of
an expression of a parameter sees the same drawn parameter, which is how two numbers of a scene are made to
agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from simgen.errors import Rejected
from simgen.recipe.distributions import (
    DISTRIBUTIONS,
    Choice,
    Constant,
    Distribution,
    Integer,
    LogUniform,
    Normal,
    Scalar,
    Uniform,
)
from simgen.recipe.draws import Draws
from simgen.recipe.expressions import Expression, ExpressionError, parse_expression
from simgen.recipe.values import Checked
from simgen.recipe.wording import did_you_mean, listed, number, shown

__all__ = [
    "Amount",
    "Amounts",
    "Drawn",
    "Quantity",
    "Word",
    "as_floats",
    "distribution_of",
    "drawn",
    "drawn_list",
    "drawn_part",
    "outside",
    "plain_quantity",
]

Quantity = Uniform | LogUniform | Normal | Integer | Choice | Constant | Expression

_READ: TypeAdapter[Any] = TypeAdapter(Distribution)


def distribution_of(value: Any) -> Distribution:
    """The distribution that a part of a recipe means. Raises ValueError with a sentence when it means
    none.
    """
    try:
        distribution: Distribution = _READ.validate_python(value)
        return distribution
    except ValidationError as error:
        raise ValueError(_sentence(error, value)) from None


def _sentence(error: ValidationError, value: Any) -> str:
    first = error.errors(include_url=False)[0]
    if first["type"] == "extra_forbidden":
        key, name = str(first["loc"][-1]), str(first["loc"][0])
        if key in DISTRIBUTIONS:
            return f"must be one distribution, not {name} and {key} at once."
        return f"{name} has no key {shown(key)}.{did_you_mean(key, DISTRIBUTIONS[name].model_fields)}"
    if first["type"] == "not_a_distribution":
        return _no_distribution(value)
    return str(first.get("ctx", {}).get("error", first["msg"]))


def _no_distribution(value: Any) -> str:
    if isinstance(value, Mapping):
        guess = next((hint for key in value if (hint := did_you_mean(key, DISTRIBUTIONS))), "")
        key = shown(next(iter(value))) if value else "an empty mapping"
        return f"{key} is no distribution; there are {', '.join(DISTRIBUTIONS)}.{guess}"
    if isinstance(value, (list, tuple)):
        return "a list is not a distribution; write {uniform: [low, high]} or {choice: [a, b]}."
    return f"must be a value or a distribution such as {{uniform: [low, high]}}, not {shown(value)}."


def outside(distribution: Any, low: float, high: float, unit: str = "") -> str:
    """A sentence when a distribution of numbers can leave [low, high]; "" when it cannot."""
    unit = f" {unit}" if unit not in ("", "1") else ""
    bounds = f"between {number(low)} and {number(high)}{unit}"
    support = distribution.support()
    words = [entry for entry in support if isinstance(entry, (str, bool))]
    if words:
        return f"must be a number {bounds}, not {shown(words[0])}."
    beyond = [entry for entry in support if not low <= entry <= high]
    if not beyond:
        return ""
    if isinstance(distribution, Constant):
        return f"must be {bounds}, not {number(beyond[0])}."
    if isinstance(distribution, Normal) and None in (distribution.min, distribution.max):
        return f"must stay {bounds}; give normal both `min` and `max`."
    return f"must stay {bounds}, but reaches {number(beyond[0])}."


def as_floats(quantity: Quantity) -> Quantity:
    """The same with 2 written as 2.0, so that both are the same recipe."""
    if isinstance(quantity, Constant):
        return Constant(constant=float(quantity.constant))
    if isinstance(quantity, Choice):
        options = tuple(float(option) for option in quantity.choice)
        return Choice(choice=options, weights=quantity.weights)
    return quantity


def plain_quantity(value: Any) -> Any:
    """A quantity as JSON has it: a bare value, a distribution's mapping, an expression's text."""
    if value is None:
        return None
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, Constant):
        return value.constant
    return value.plain()


@dataclass(frozen=True)
class Drawn(Checked):
    """A bare value or a distribution."""

    def check(self, value: Any) -> Distribution:
        return distribution_of(value)

    def schema(self) -> JsonSchemaValue:
        return {"$ref": "#/$defs/Distribution"}

    def words(self) -> str:
        return "a value or distribution"

    def plain(self, value: Any) -> Any:
        return plain_quantity(value)


@dataclass(frozen=True)
class Amount(Checked):
    """A quantity between low and high, both included, in `unit`."""

    low: float
    high: float
    unit: str = ""

    def check(self, value: Any) -> Quantity:
        if isinstance(value, str) and value.startswith("="):
            return parse_expression(value)
        if value is None or isinstance(value, (str, bool)):
            raise ValueError(
                f'must be a number, a distribution or an expression such as "=2*r", not {shown(value)}.'
            )
        distribution: Quantity = value if isinstance(value, Expression) else distribution_of(value)
        if not isinstance(distribution, Expression) and (
            wrong := outside(distribution, self.low, self.high, self.unit)
        ):
            raise ValueError(wrong)
        return as_floats(distribution)

    def schema(self) -> JsonSchemaValue:
        return {"$ref": "#/$defs/Quantity"}

    def words(self) -> str:
        return f"{number(self.low)} to {number(self.high)} {self.unit}".strip()

    def plain(self, value: Any) -> Any:
        return plain_quantity(value)


@dataclass(frozen=True)
class Amounts(Checked):
    """A list of amounts, of one of the given lengths; `single`: a bare amount is a list of one."""

    entry: Amount
    counts: tuple[int, ...]
    single: bool = False

    def check(self, value: Any) -> tuple[Any, ...]:
        """The entries, not yet checked themselves: they are placed one by one."""
        counts = listed([str(count) for count in self.counts])
        if isinstance(value, (list, tuple)):
            if len(value) not in self.counts:
                raise ValueError(f"must be a list of {counts}, not of {len(value)}.")
            return tuple(value)
        if self.single:
            return (value,)
        raise ValueError(f"must be a list of {counts}, not {shown(value)}.")

    def schema(self) -> JsonSchemaValue:
        low, high = min(self.counts), max(self.counts)
        items = {"type": "array", "items": self.entry.schema(), "minItems": low, "maxItems": high}
        return {"anyOf": [self.entry.schema(), items]} if self.single else items

    def words(self) -> str:
        counts = listed([str(count) for count in self.counts])
        return f"{counts} numbers, {self.entry.words()}"

    def plain(self, value: Any) -> Any:
        return None if value is None else [plain_quantity(entry) for entry in value]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        entry = core_schema.no_info_plain_validator_function(self.entry.check)
        return core_schema.no_info_before_validator_function(
            self.check,
            core_schema.tuple_schema([entry], variadic_item_index=0),
            serialization=core_schema.plain_serializer_function_ser_schema(self.plain),
        )


@dataclass(frozen=True)
class Word(Checked):
    """A word, a choice of words, or `=parameter`; `problem` says what is wrong with a word, "" when nothing
    is.
    """

    problem: Callable[[str], str]
    schema_of_word: Mapping[str, Any]
    meaning: str  # what its words are, for documentation

    def check(self, value: Any) -> Quantity:
        if isinstance(value, str) and value.startswith("="):
            expression = parse_expression(value)
            if not expression.is_name:
                raise ValueError(
                    f"must be a word or the name of a parameter such as =colour, not {shown(value)}."
                )
            return expression
        if isinstance(value, Expression):
            return value
        distribution: Quantity = distribution_of(value)
        if not isinstance(distribution, (Choice, Constant)):
            raise ValueError("must be a word or {choice: [...]} of words.")
        for word in distribution.support():
            if not isinstance(word, str):
                raise ValueError(f"must be a word, not {shown(word)}.")
            if wrong := self.problem(word):
                raise ValueError(wrong)
        return distribution

    def schema(self) -> JsonSchemaValue:
        word = dict(self.schema_of_word)
        choice = {
            "type": "object",
            "properties": {"choice": {"type": "array", "items": word}},
            "required": ["choice"],
        }
        return {"anyOf": [word, {"type": "string", "pattern": "^="}, choice]}

    def words(self) -> str:
        return self.meaning

    def plain(self, value: Any) -> Any:
        return plain_quantity(value)


def drawn(value: Quantity, params: Mapping[str, Any], draw: Callable[[], float]) -> Scalar:
    """The value of a quantity in one clip: of the parameters, or at the uniform number `draw()` of its own
    draw.

    Raises ExpressionError when an expression has no value.
    """
    if isinstance(value, Expression):
        word: Scalar = params[value.names[0]] if value.is_name else value.value(params)
        return word
    return value.constant if isinstance(value, Constant) else value.value(draw())


def drawn_part(part: BaseModel, path: str, params: Mapping[str, Any], draws: Draws) -> dict[str, Any]:
    """Every field of a part of a composed scene in one clip; draws are named after their place,
    `<path>.<field>`.

    Raises Rejected("expression") when an expression has no value for these parameters,
    Rejected("out-of-range") when its value is outside the field's bounds.
    """
    values: dict[str, Any] = {}
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        reader = next((entry for entry in field.metadata if isinstance(entry, (Amount, Amounts, Word))), None)
        if reader is None or value is None:
            values[name] = value
        elif isinstance(reader, Amounts):
            values[name] = drawn_list(reader.entry, value, f"{path}.{name}", params, draws)
        else:
            values[name] = _within(reader, value, f"{path}.{name}", params, draws)
    return values


def drawn_list(
    reader: Amount, values: Sequence[Quantity], path: str, params: Mapping[str, Any], draws: Draws
) -> tuple[float, ...]:
    """The numbers of a list in one clip, drawn and refused as by `drawn_part`."""
    entries = enumerate(values)
    return tuple(float(_within(reader, entry, f"{path}.{index}", params, draws)) for index, entry in entries)


def _within(
    reader: Amount | Word, value: Quantity, path: str, params: Mapping[str, Any], draws: Draws
) -> Scalar:
    try:
        result = drawn(value, params, lambda: draws(path))
    except ExpressionError as error:
        raise Rejected("expression", f"{path}: {str(error).rstrip('.')}") from None
    if isinstance(reader, Word):
        wrong = reader.problem(result) if isinstance(result, str) else f"must be a word, not {shown(result)}."
        if wrong:
            raise Rejected("out-of-range", f"{path}: {wrong.rstrip('.')}")
        return result
    if isinstance(result, (str, bool)) or not reader.low <= result <= reader.high:
        bounds = f"between {number(reader.low)} and {number(reader.high)} {reader.unit}".strip()
        raise Rejected("out-of-range", f"{path} is {shown(result)} and must be {bounds}")
    return float(result)
