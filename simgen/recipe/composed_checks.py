"""What is wrong with a composed scene beyond its single values: names that do not exist, joints in a loop,
expressions of unknown parameters or without a value.

An expression whose parameters are drawn can only be tried: it is computed for the first clips of every split,
and refused when it fails in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from simgen.errors import Problem
from simgen.recipe.checks import MOST_FOUND, all_params, mapping_at
from simgen.recipe.distributions import Choice, Constant, Distribution
from simgen.recipe.draws import Draws
from simgen.recipe.expressions import (
    CONSTANTS,
    FUNCTIONS,
    Expression,
    ExpressionError,
    parse_expression,
    unknown_name,
)
from simgen.recipe.parts import GRAVITY_ENTRY, WORLD
from simgen.recipe.quantities import Amount, Amounts, Word, distribution_of
from simgen.recipe.values import Name
from simgen.recipe.wording import did_you_mean, listed, number, printable, shown
from simgen.recipe.yaml import Document, Path

__all__ = ["composed_problems"]

TRIED_CLIPS = 8  # per split
TRIED_SPLITS = 5


def composed_problems(document: Document, data: Mapping[str, Any]) -> list[Problem]:
    """Everything in a composed scene that does not fit together."""
    if not data.get("bodies"):
        return [document.problem(("bodies",), "is missing: a composed scene needs at least one body.")]
    sections = ("params", "bodies", "joints", "forces", "links", "cameras")
    if any(len(mapping_at(data, section)) > MOST_FOUND for section in sections):
        return []  # refused by the models for their number
    problems: list[Problem] = []
    params = _params(document, data, problems)
    problems += islice(_names(document, data), MOST_FOUND)
    problems += _joints(document, data)
    problems += islice(_wrong_expressions(document, data, params), MOST_FOUND)
    return problems


def _params(
    document: Document, data: Mapping[str, Any], problems: list[Problem]
) -> dict[str, dict[str, Distribution]]:
    """Each parameter's distribution per split ("" is the recipe's own); what is wrong with their names is
    added.
    """
    params: dict[str, dict[str, Distribution]] = {}
    own = mapping_at(data, "params")
    for path, value in all_params(data):
        name, split = str(path[-1]), "" if path[0] == "params" else ".".join(map(str, path[:-1]))
        if len(problems) > MOST_FOUND:
            break
        if split and name not in own:
            guess = did_you_mean(name, own) or " A split changes parameters that the recipe's `params` has."
            problems.append(document.problem(path, f"the recipe has no such parameter.{guess}"))
            continue
        try:
            Name().check(name)
            if name in FUNCTIONS or name in CONSTANTS:
                raise ValueError(f"{name} means something in expressions; choose another name.")
        except ValueError as error:
            problems.append(document.problem(path, str(error)))
            continue
        try:
            distribution = distribution_of(value)
        except ValueError:
            params.setdefault(name, {})  # refused by the models, but the name is there
            continue
        before = params.setdefault(name, {}).get("")
        if before is not None and _sort(before) != _sort(distribution):
            problems.append(document.problem(path, f"must be {_sort(before)}, as in the recipe's `params`."))
        else:
            params[name][split] = distribution
    return params


def _sort(distribution: Distribution) -> str:
    return {"str": "a word", "bool": "true or false"}.get(distribution.kind, "a number")


def _names(document: Document, data: Mapping[str, Any]) -> Iterator[Problem]:
    """Bodies that joints, forces, links and cameras name but that do not exist."""
    bodies = mapping_at(data, "bodies")
    if not bodies:
        return
    uses: list[tuple[Path, Any]] = [(("camera", "follow"), mapping_at(data, "camera").get("follow"))]
    for joint in mapping_at(data, "joints"):
        entry = mapping_at(data, "joints", joint)
        uses += [(("joints", joint, end), entry.get(end)) for end in ("child", "parent")]
    for section in ("forces", "links"):
        for entry_name in mapping_at(data, section):
            entry = mapping_at(data, section, entry_name)
            uses += [((section, entry_name, end), entry.get(end)) for end in ("a", "b")]
            if isinstance(entry.get("a"), str) and entry.get("a") == entry.get("b") and entry["a"] in bodies:
                wrong = f"must be another body than `a`, which is {shown(entry['a'])} too."
                yield document.problem((section, entry_name, "b"), wrong)
    for camera in mapping_at(data, "cameras"):
        uses.append((("cameras", camera, "follow"), mapping_at(data, "cameras", camera).get("follow")))
    for path, name in uses:
        allowed = list(bodies)
        if path[-1] == "follow":
            allowed = [*bodies, "ground"]
        elif path[-1] in ("parent", "b") or (path[0] == "links" and path[-1] == "a"):
            allowed = [*bodies, WORLD]
        if isinstance(name, str) and name not in allowed:
            guess = did_you_mean(name, allowed) or f" The bodies are {listed(bodies, 'and')}."
            yield document.problem(path, f"there is no body {shown(name)}.{guess}")


def _joints(document: Document, data: Mapping[str, Any]) -> Iterator[Problem]:
    """A body hangs on one joint at most, and following parents never comes back."""
    bodies = mapping_at(data, "bodies")
    parents: dict[str, str] = {}
    for joint in mapping_at(data, "joints"):
        entry = mapping_at(data, "joints", joint)
        child, parent = entry.get("child"), entry.get("parent", WORLD)
        if not isinstance(child, str) or not isinstance(parent, str) or child not in bodies:
            continue
        if mapping_at(bodies, child).get("fixed") is True:
            yield document.problem(("joints", joint, "child"), f"{child} is fixed; make it the parent.")
        if child in parents:
            wrong = f"{child} already hangs on another joint; a body is the child of one joint at most."
            yield document.problem(("joints", joint, "child"), wrong)
            continue
        parents[child] = parent
        above, seen = parent, {child}
        while above in parents and above not in seen:
            seen.add(above)
            above = parents[above]
        if above in seen:
            wrong = f"{child} hangs on itself through {shown(parent)}; joints must not form a loop."
            yield document.problem(("joints", joint), wrong)
            del parents[child]


def _wrong_expressions(
    document: Document, data: Mapping[str, Any], params: Mapping[str, Mapping[str, Distribution]]
) -> Iterator[Problem]:
    names = list(params)
    for path, reader, expression in _expressions(data):
        if wrong := unknown_name(expression, names) or _without_value(reader, expression, params, data):
            yield document.problem(path, wrong)


def _expressions(data: Mapping[str, Any]) -> Iterator[tuple[Path, Any, Expression]]:
    """Every expression that can be read, with its place and what reads it (Amount, Word or None)."""
    from simgen.recipe.locating import model_at

    sections = [("camera",), *(("bodies", name) for name in mapping_at(data, "bodies"))]
    for part in ("joints", "forces", "links"):
        sections += [(part, name) for name in mapping_at(data, part)]
    for section in sections:
        model = model_at(section)
        for key, value in mapping_at(data, *section).items():
            field = model.model_fields.get(key) if model else None
            readers = (
                [entry for entry in field.metadata if isinstance(entry, (Amount, Amounts, Word))]
                if field
                else []
            )
            yield from _expressions_of((*section, key), value, readers[0] if readers else None)
    gravity = data.get("gravity")
    yield from _expressions_of(("gravity",), gravity, Amounts(GRAVITY_ENTRY, (3,)))


def _expressions_of(path: Path, value: Any, reader: Any) -> Iterator[tuple[Path, Any, Expression]]:
    if isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _expressions_of((*path, index), entry, reader)
    elif isinstance(value, str) and value.startswith("=") and reader is not None:
        try:
            yield path, reader.entry if isinstance(reader, Amounts) else reader, parse_expression(value)
        except ExpressionError:
            return  # refused by the models


def _without_value(
    kind: Amount | Word,
    expression: Expression,
    params: Mapping[str, Mapping[str, Distribution]],
    data: Mapping[str, Any],
) -> str:
    """A sentence when the expression is refused in every clip that is tried; "" when one works."""
    if isinstance(kind, Word) and not expression.is_name:
        return ""  # refused by the models
    wrong = ""
    for values in _tried(expression, params, data):
        if isinstance(kind, Word):
            value = values[expression.names[0]]
            wrong = kind.problem(value) if isinstance(value, str) else f"must be a word, not {shown(value)}."
            if wrong:
                return f"{expression.text} {wrong}"
            continue
        try:
            value = expression.value(values)
        except ExpressionError as error:
            wrong = str(error)
            continue
        if kind.low <= value <= kind.high:
            return ""
        unit = f" {kind.unit}" if kind.unit else ""
        bounds = f"between {number(kind.low)} and {number(kind.high)}{unit}"
        given = listed([f"{name} = {shown(values[name])}" for name in expression.names], "and")
        where = f" where {given}" if given else ""
        wrong = f"must be {bounds}, but {printable(expression.text)} is {number(value)}{where}."
    return wrong


def _tried(
    expression: Expression, params: Mapping[str, Mapping[str, Distribution]], data: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """The expression's parameters in the first clips of every split; all of them for a word."""
    if any(not params[name].get("") for name in expression.names):
        return  # a parameter that the models refused
    if expression.is_name and isinstance(params[expression.names[0]][""], (Choice, Constant)):
        name = expression.names[0]
        for distribution in params[name].values():
            for value in distribution.support():
                yield {name: value}
        return
    seed = data.get("seed", 0)
    for split in ["", *mapping_at(data, "splits")][:TRIED_SPLITS]:
        for index in range(TRIED_CLIPS):
            draws = Draws(seed if isinstance(seed, int) and 0 <= seed < 2**64 else 0, str(split), index)
            yield {
                name: params[name]
                .get(f"splits.{split}.params", params[name][""])
                .value(draws(f"params.{name}"))
                for name in expression.names
            }
