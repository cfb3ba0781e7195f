"""What a recipe declares of its splits, and of the groups of clips that a study is made of.

A split draws its clips in its own way. Sweeps, pairs and twins are splits of *groups*: the clips of a group
share every draw, and differ in nothing but what the study asks about: the level of a factor, an intervention,
a violation of physics. What each becomes is in `simgen.recipe.designs`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import JsonSchemaValue

from simgen.recipe.distributions import Distribution, constant
from simgen.recipe.entries import Scalar, kind_of, read_scalar
from simgen.recipe.look_section import LookSection
from simgen.recipe.quantities import Drawn
from simgen.recipe.sections import CLIPS, Mixture, Params, Section, at_most
from simgen.recipe.values import Checked, Name, OneOf, Whole, misplaced
from simgen.recipe.wording import number, shown

__all__ = [
    "MOST_CASES",
    "MOST_LEVELS",
    "VIOLATIONS",
    "Blend",
    "Groups",
    "Levels",
    "Pair",
    "Split",
    "Splits",
    "Study",
    "Sweep",
    "Twin",
    "all_splits",
]

MOST_LEVELS = 1000  # clips of a group
MOST_CASES = 100
# How a twin breaks physics; `simgen.study.violations` does it.
VIOLATIONS = (
    *("vanish", "appear", "teleport", "pass_through", "swap_colour", "swap_shape"),
    *("reverse_gravity", "gain_energy", "time_reversal"),
)


def _not_too_many(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and len(value) > MOST_CASES:
        raise ValueError(f"must list at most {MOST_CASES} cases, not {len(value)}.")
    return value


Case = Annotated[dict[str, Annotated[Distribution, Drawn()]], at_most(200, "factors")]
Cases = Annotated[tuple[Case, ...], BeforeValidator(_not_too_many)]


@dataclass(frozen=True)
class Listed(Checked):
    """A list of what another reader takes, in the order of the recipe, each once."""

    entry: Checked
    example: str
    least: int = 0
    most: int = 100
    increasing: bool = False

    def check(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"must be a list such as {self.example}, not {shown(value)}.")
        if not self.least <= len(value) <= self.most:
            raise ValueError(
                f"must list {number(self.least)} to {number(self.most)} entries, not {len(value)}."
            )
        entries = tuple(self.entry.check(entry) for entry in value)
        if len(set(entries)) < len(entries):
            raise ValueError("names something twice; each entry counts once.")
        if self.increasing and list(entries) != sorted(entries):
            raise ValueError(f"must be in increasing order, such as {self.example}.")
        return entries

    def schema(self) -> JsonSchemaValue:
        return {
            "type": "array",
            "items": self.entry.schema(),
            "minItems": self.least,
            "maxItems": self.most,
            "uniqueItems": True,
        }

    def words(self) -> str:
        return f"a list such as `{self.example}`"


@dataclass(frozen=True)
class Text(Checked):
    """A sentence or a few."""

    longest: int = 2000

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > self.longest:
            what = f"one of {len(value)} characters" if isinstance(value, str) else shown(value)
            raise ValueError(f"must be a text of at most {self.longest} characters, not {what}.")
        return " ".join(value.split())

    def schema(self) -> JsonSchemaValue:
        return {"type": "string", "maxLength": self.longest}

    def words(self) -> str:
        return "a text"


@dataclass(frozen=True)
class Levels(Checked):
    """The values that a factor takes in turn: `[5, 20, 35]` or `{range: [5, 45, 5]}`, both ends included."""

    def check(self, value: Any) -> tuple[Scalar, ...]:
        if isinstance(value, Mapping):
            levels = _range_levels(value)
        elif isinstance(value, (list, tuple)):
            levels = tuple(read_scalar(entry) for entry in value)
        else:
            raise ValueError(
                f"must be a list of values such as [5, 20, 35] or {{range: [5, 45, 5]}}, not {shown(value)}."
            )
        if not 2 <= len(levels) <= MOST_LEVELS:
            raise ValueError(f"must have 2 to {MOST_LEVELS} levels, not {len(levels)}.")
        kinds = {kind_of(level) for level in levels}
        if not kinds <= {"int", "float"} and len(kinds) > 1:
            raise ValueError("must be all numbers or all words.")
        if len(set(levels)) < len(levels):
            raise ValueError("has a level twice; each counts once.")
        return levels

    def plain(self, value: Any) -> Any:
        return list(value)

    def schema(self) -> JsonSchemaValue:
        scalar = {"type": ["number", "string", "boolean"]}
        three = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
        ranged = {
            "type": "object",
            "properties": {"range": three},
            "required": ["range"],
            "additionalProperties": False,
        }
        return {"anyOf": [{"type": "array", "items": scalar, "minItems": 2, "maxItems": MOST_LEVELS}, ranged]}

    def words(self) -> str:
        return "`[5, 20, 35]` or `{range: [low, high, step]}`"


def _range_levels(value: Mapping[str, Any]) -> tuple[Scalar, ...]:
    three = value.get("range")
    if list(value) != ["range"] or not isinstance(three, (list, tuple)) or len(three) != 3:
        raise ValueError("must be a list of values, or {range: [low, high, step]} with three numbers.")
    if any(isinstance(entry, bool) or not isinstance(entry, (int, float)) for entry in three):
        raise ValueError("range takes [low, high, step], three numbers.")
    low, high, step = three
    if not (math.isfinite(low) and math.isfinite(high)) or not step > 0 or not high > low:
        raise ValueError("range takes [low, high, step] with low below high and a step above 0.")
    count = math.floor((high - low) / step + 1e-9) + 1
    if count > MOST_LEVELS:
        raise ValueError(f"must have 2 to {MOST_LEVELS} levels, not {count}.")
    whole = all(isinstance(entry, int) for entry in three)
    return tuple(low + k * step if whole else round(low + k * step, 12) for k in range(count))


class Blend(Section):
    """Clips of another range in a split of fixed size, to see what coverage is worth."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    source: Annotated[str, Name()] = Field(
        alias="from", description="the split whose way of drawing the first clips have"
    )
    clips: Annotated[int, Whole(0, CLIPS.high)] = Field(
        description="how many; a list such as [0, 3, 10, 30] makes a split for each, `<name>_<k>`"
    )


class _Drawing(Section):
    """What every kind of split says of its draws."""

    params: Params = Field(
        default_factory=dict, description="the parameters that it draws differently from the recipe"
    )
    look: LookSection = Field(default_factory=dict, description="what looks different from the recipe's look")
    cases: Cases = Field(
        default=(),
        description="each clip takes one of these, all equally likely: factors (a parameter, or `look.<name>`) "
        "with how they are drawn together, such as [{shape: sphere, friction: 0.1}, {shape: box, friction: 0.5}]",
    )
    hide: Annotated[tuple[str, ...], Listed(Name(), "[ramp, stop]", most=100)] = Field(
        default=(),
        description="bodies that act but are not drawn, for controls in which the cause cannot be seen",
    )
    scenarios: Mixture = Field(
        default=None,
        description="`scenario: mix` only: which of the recipe's scenarios it has, with weights",
    )
    against: Annotated[str, Name()] | None = Field(
        default=None,
        description="the training split against which its clips are held, where that is not the study's `train`; "
        "another training split names itself",
    )


class Split(_Drawing):
    """One split of the dataset."""

    clips: Annotated[int, CLIPS] = Field(
        description="how many clips; the first N clips of a larger count are the clips of a count of N"
    )
    ladder: Annotated[tuple[int, ...], Listed(CLIPS, "[100, 1000, 10000]", increasing=True)] = Field(
        default=(),
        description="sizes of nested training sets, each the first clips of the next; shards end at each",
    )
    same_as: Annotated[str, Name()] | None = Field(
        default=None,
        description="another split, whose very draws it repeats; with `hide` or other `params`, matched controls",
    )
    draws: Annotated[str, Name()] | None = Field(
        default=None, description="the name under which its draws are addressed, if not its own"
    )
    mix: Blend | None = Field(
        default=None, description="`{from: test_far, clips: [0, 3, 10]}`: clips of another split's range"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Split:
        if self.ladder and self.ladder[-1] > self.clips:
            raise misplaced(
                f"reaches {number(self.ladder[-1])}, and the split has {number(self.clips)} clips.", "ladder"
            )
        if self.mix is not None and self.mix.clips > self.clips:
            raise misplaced(f"must be at most the split's {number(self.clips)} clips.", "mix", "clips")
        if self.same_as is not None and self.draws is not None:
            raise misplaced("stands beside `same_as`, which says it already.", "draws")
        return self


class Groups(_Drawing):
    """Groups of clips that share every draw."""

    groups: Annotated[int, Whole(1, CLIPS.high // MOST_LEVELS)] = Field(description="how many groups")


class Sweep(Groups):
    """Groups in which a factor takes one level after the other and nothing else changes."""

    vary: Annotated[dict[str, Annotated[tuple[Scalar, ...], Levels()]], at_most(4, "factors")] = Field(
        description="factors (a parameter, or `look.<name>`) with their levels; of several, every combination"
    )

    @model_validator(mode="after")
    def _something_varies(self) -> Sweep:
        if not self.vary:
            raise misplaced("must name a factor and its levels, such as {angle_deg: [5, 20, 35]}.", "vary")
        if (count := math.prod(map(len, self.vary.values()))) > MOST_LEVELS:
            raise misplaced(f"makes {count} combinations; a group has at most {MOST_LEVELS} clips.", "vary")
        return self


class Pair(Groups):
    """Pairs of a factual and a counterfactual clip, which differ by one intervention."""

    remove: Annotated[str, Name()] | None = Field(
        default=None, description="the body that the counterfactual clip is without"
    )
    set: Annotated[dict[str, Annotated[Distribution, Drawn()]], at_most(20, "parameters")] = Field(
        default_factory=dict,
        description="parameters with the value that they have in the counterfactual clip, such as {friction: 0}",
    )
    at_s: Annotated[Distribution, Drawn()] = Field(
        default=constant(0.0), description="when; up to then both clips are the same. 0: from the start"
    )

    @model_validator(mode="after")
    def _one_intervention(self) -> Pair:
        if (self.remove is None) == (not self.set):
            raise misplaced("takes one intervention: `remove: BODY` or `set: {friction: 0}`.")
        return self


class Twin(Groups):
    """Twins: a possible clip, and one that is the same up to a frame at which physics is violated."""

    violations: Annotated[
        tuple[str, ...], Listed(OneOf(VIOLATIONS), "[vanish, teleport]", 1, len(VIOLATIONS))
    ] = Field(description="what happens in the impossible twin; the groups take them in turn")
    subject: Annotated[str, Name()] | None = Field(
        default=None, description="the body to which it happens; left out, any that moves"
    )


class Study(Section):
    """What a dataset is made to find out; for people, and for the audit of `simgen check`."""

    question: Annotated[str, Text()] = Field(default="", description="what it asks, a sentence")
    factors: Annotated[tuple[str, ...], Listed(Name(), "[angle_deg]")] = Field(
        default=(), description="the parameters that it studies; all others are nuisance"
    )
    train: Annotated[str, Name()] | None = Field(
        default=None,
        description="the split that is trained on, against which the others are held; `train` if there is one",
    )
    context_frames: Annotated[int, Whole(1, 10_000)] = Field(
        default=1, description="how many first frames a model is given"
    )
    law: Annotated[str, Text()] = Field(default="", description="the law that should be learned")
    score: Annotated[str, Text()] = Field(default="", description="how to score a model")


def all_splits(value: Any) -> Any:
    """`train: 1000` is short for `train: {clips: 1000}`."""
    if not isinstance(value, Mapping):
        return value
    if not value:
        raise ValueError("must name at least one split, e.g. {train: {clips: 1000}}.")
    return {
        name: {"clips": entry} if isinstance(entry, (int, float, str)) or entry is None else entry
        for name, entry in value.items()
    }


Splits = Annotated[dict[Annotated[str, Name()], Split], BeforeValidator(all_splits), at_most(1000, "splits")]
