"""From what pydantic found wrong to sentences with a file and a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from simgen.errors import Problem
from simgen.recipe.force_parts import ForcePart, LinkPart
from simgen.recipe.models import Recipe
from simgen.recipe.parts import BodyPart, CameraPart, JointPart
from simgen.recipe.sections import (
    CameraView,
    MixedScenario,
    OutputSection,
    RenderSection,
    VideoSection,
)
from simgen.recipe.splits import Blend, Pair, Split, Study, Sweep, Twin
from simgen.recipe.wording import did_you_mean, listed, shown
from simgen.recipe.yaml import Document, Path

__all__ = ["located", "model_at"]

MOST_FOUND = 500  # more could not be read anyway

# The model of each mapping; * stands for any name.
_MODELS: dict[Path, type[BaseModel]] = {
    (): Recipe,
    ("scenarios", "*"): MixedScenario,
    ("splits", "*"): Split,
    ("splits", "*", "scenarios", "*"): MixedScenario,
    ("splits", "*", "mix"): Blend,
    ("sweeps", "*"): Sweep,
    ("sweeps", "*", "scenarios", "*"): MixedScenario,
    ("pairs", "*"): Pair,
    ("pairs", "*", "scenarios", "*"): MixedScenario,
    ("twins", "*"): Twin,
    ("twins", "*", "scenarios", "*"): MixedScenario,
    ("study",): Study,
    ("video",): VideoSection,
    ("render",): RenderSection,
    ("cameras", "*"): CameraView,
    ("output",): OutputSection,
    ("bodies", "*"): BodyPart,
    ("joints", "*"): JointPart,
    ("forces", "*"): ForcePart,
    ("links", "*"): LinkPart,
    ("camera",): CameraPart,
}


def model_at(path: Path) -> type[BaseModel] | None:
    """The model that reads the mapping at `path`."""
    if path in _MODELS:
        return _MODELS[path]
    # names are at every second place: splits.*.scenarios.*
    return _MODELS.get(tuple("*" if place % 2 else step for place, step in enumerate(path)))


def located(error: ValidationError, document: Document) -> list[Problem]:
    """Every problem that pydantic found, in its place."""
    problems = []
    for detail in error.errors(include_url=False)[:MOST_FOUND]:
        path = tuple(step for step in detail["loc"] if step != "[key]")
        path += tuple(detail.get("ctx", {}).get("path", ()))
        problems.append(document.problem(path, _sentence(detail["type"], path, detail)))
    return problems


def _sentence(kind: str, path: Path, detail: Mapping[str, Any]) -> str:
    if kind == "extra_forbidden":
        return unknown_key(path)
    if kind == "missing":
        return _missing(path)
    if kind in ("value_error", "misplaced"):
        return str(detail["ctx"].get("error") or detail["ctx"]["message"])
    if kind in ("dict_type", "model_type", "model_attributes_type", "mapping_type"):
        return f"must be a mapping of keys to values, not {shown(detail['input'])}."
    return f"{detail['msg'].rstrip('.').lower()}, not {shown(detail['input'])}."


def unknown_key(path: Path) -> str:
    """What to say about a key that nothing reads."""
    model = model_at(path[:-1])
    keys = list(model.model_fields) if model else []
    if model is Recipe:
        keys += ["clips", "ladder", "replicates"]
    if model is Split:
        keys.append("replicates")
    if model is Blend:
        keys = ["from", "clips"]
    guess = did_you_mean(path[-1], keys) or f" There are {listed(keys, 'and')}."
    return f"unknown key.{guess}"


def _missing(path: Path) -> str:
    model = model_at(path[:-1])
    if model is Recipe and path[-1] == "splits":
        return "is missing; say how many clips to make, e.g. `clips: 1000`."
    field = model.model_fields.get(str(path[-1])) if model else None
    return f"is missing: {field.description}." if field and field.description else "is missing."
