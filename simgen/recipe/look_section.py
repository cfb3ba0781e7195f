"""The section `look` as a recipe has it: a preset and, under their names, distributions of single parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from simgen.recipe.quantities import distribution_of, plain_quantity
from simgen.recipe.values import misplaced
from simgen.recipe.wording import shown

__all__ = ["LookSection", "plain_look"]


def _read(value: Any) -> Any:
    """The preset's name and a distribution for everything else."""
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a mapping such as {{preset: lab}}, not {shown(value)}.")
    look: dict[str, Any] = {}
    for name, entry in value.items():
        try:
            look[name] = entry if name == "preset" else distribution_of(entry)
        except ValueError as error:
            raise misplaced(str(error), name) from None
    return look


def plain_look(look: Mapping[str, Any]) -> dict[str, Any]:
    """As a recipe writes it, in plain data."""
    return {name: entry if isinstance(entry, str) else plain_quantity(entry) for name, entry in look.items()}


LookSection = Annotated[dict[str, Any], BeforeValidator(_read), PlainSerializer(plain_look)]
