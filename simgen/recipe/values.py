"""The kinds of single value in a recipe: a bounded number, a whole number, one of some words, a name.

Each is an annotation for a pydantic field that checks the value, says in one sentence what it must be
instead, and describes itself to the JSON Schema: `fps: Annotated[float, Number(1, 240, "1/s")]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simgen.recipe.wording import did_you_mean, listed, number, shown

__all__ = ["Checked", "Flag", "Name", "Number", "OneOf", "Whole", "misplaced"]


def misplaced(message: str, *path: str | int) -> PydanticCustomError:
    """The error of a model whose fields contradict each other, placed at the field `path` of that model."""
    return PydanticCustomError("misplaced", "{message}", {"message": message, "path": path})


class Checked:
    """A pydantic annotation whose `check` is the whole validation."""

    def check(self, value: Any) -> Any:
        """The value in its final type. Raises ValueError with a sentence."""
        raise NotImplementedError

    def schema(self) -> JsonSchemaValue:
        """JSON Schema of what `check` takes."""
        raise NotImplementedError

    def words(self) -> str:
        """What `check` takes, in a few words for documentation."""
        raise NotImplementedError

    def plain(self, value: Any) -> Any:
        """A checked value as JSON has it."""
        return list(value) if isinstance(value, tuple) else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.check, serialization=core_schema.plain_serializer_function_ser_schema(self.plain)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return self.schema()


@dataclass(frozen=True)
class Number(Checked):
    """A number between low and high, both included, in `unit` ("" for a pure number)."""

    low: float
    high: float
    unit: str = ""

    def check(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"must be a number, not {shown(value)}.")
        if not self.low <= value <= self.high:
            unit = f" {self.unit}" if self.unit else ""
            bounds = f"between {number(self.low)} and {number(self.high)}{unit}"
            raise ValueError(f"must be {bounds}, not {shown(value)}.")
        return float(value)

    def schema(self) -> JsonSchemaValue:
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def words(self) -> str:
        return f"{number(self.low)} to {number(self.high)} {self.unit}".strip()


@dataclass(frozen=True)
class Whole(Checked):
    """A whole number between low and high, both included; 1e6 is one."""

    low: int
    high: int
    advice: str = ""  # what to do instead, a sentence

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"must be a whole number, not {shown(value)}.")
        if not self.low <= value <= self.high:
            bounds = f"between {shown(self.low)} and {shown(self.high)}"
            raise ValueError(
                f"must be a whole number {bounds}, not {shown(value)}.{self.advice and ' '}{self.advice}"
            )
        if value != int(value):
            raise ValueError(f"must be a whole number, not {shown(value)}.")
        return int(value)

    def schema(self) -> JsonSchemaValue:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def words(self) -> str:
        return f"whole, {number(self.low)} to {number(self.high)}"


@dataclass(frozen=True)
class OneOf(Checked):
    """One of some words."""

    options: tuple[str, ...]

    def check(self, value: Any) -> str:
        if value not in self.options or not isinstance(value, str):
            wrong = f"must be {listed(self.options)}, not {shown(value)}."
            raise ValueError(wrong + did_you_mean(value, self.options))
        return value

    def schema(self) -> JsonSchemaValue:
        return {"enum": list(self.options)}

    def words(self) -> str:
        return " · ".join(f"`{option}`" for option in self.options)


@dataclass(frozen=True)
class Name(Checked):
    """A short name made of lower-case letters, digits and the given joiners, starting with a letter."""

    longest: int = 40
    joiners: str = "_"

    @property
    def _pattern(self) -> str:
        return rf"[a-z][a-z0-9{re.escape(self.joiners)}]{{0,{self.longest - 1}}}"

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(self._pattern, value):
            allowed = listed(
                ["lower-case letters", "digits", *(f"'{joiner}'" for joiner in self.joiners)], "and"
            )
            wrong = f"must be a name of at most {self.longest} {allowed} that starts with a letter"
            raise ValueError(f"{wrong}, not {shown(value)}.")
        return value

    def schema(self) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{self._pattern}$"}

    def words(self) -> str:
        return "a name"


@dataclass(frozen=True)
class Flag(Checked):
    """true or false."""

    def check(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, not {shown(value)}.")
        return value

    def schema(self) -> JsonSchemaValue:
        return {"type": "boolean"}

    def words(self) -> str:
        return "`true` · `false`"
