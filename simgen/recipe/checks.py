"""What is right as a recipe can be wrong for its scenario: unknown parameters, values outside their
documented range.

Everything is checked on the raw data, entry by entry, so that one mistake does not hide another; an entry
that the models have already refused is passed over here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from simgen.errors import Problem
from simgen.recipe.distributions import Choice, Constant, Distribution, Integer
from simgen.recipe.drawing import COMPOSED, LOOK, kind_of_parameter
from simgen.recipe.mix import MIX
from simgen.recipe.quantities import distribution_of, outside
from simgen.recipe.splits import Levels
from simgen.recipe.wording import did_you_mean, listed, one_line, shown
from simgen.recipe.yaml import Document, Path

if TYPE_CHECKING:
    from simgen.scenarios.base import Parameter

MOST_FOUND = 200  # problems of one kind that are looked for: enough for people, bounded for malice

__all__ = [
    "MOST_FOUND",
    "SCENE_KEYS",
    "all_params",
    "mapping_at",
    "parameter_problem",
    "said_of_factors",
    "scenario_problems",
]

SCENE_KEYS = ("bodies", "joints", "forces", "links", "camera", "gravity", "ground")


def scenario_problems(document: Document, data: Mapping[str, Any]) -> list[Problem]:
    """Everything in the recipe that does not fit its scenario, its look or its cameras."""
    from simgen.recipe.design_checks import design_problems

    problems = list(islice(_look(document, data), MOST_FOUND))
    problems += islice(design_problems(document, data), MOST_FOUND)
    scenario = data.get("scenario")
    if scenario == MIX:
        from simgen.recipe.mix_checks import mix_problems

        return problems + mix_problems(document, data)
    problems += islice(_without_mix(document, data), MOST_FOUND)
    if scenario == COMPOSED:
        from simgen.recipe.composed_checks import composed_problems

        return problems + composed_problems(document, data)
    if not isinstance(scenario, str):
        return problems
    from simgen.scenarios import all_scenarios
    from simgen.scenarios.air import AIR

    scenarios = all_scenarios()
    if scenario not in scenarios:
        guess = did_you_mean(scenario, [*scenarios, MIX]) or f" There are {listed(scenarios, 'and')}."
        return [*problems, document.problem(("scenario",), f"there is no scenario {shown(scenario)}.{guess}")]
    for key in SCENE_KEYS:
        if key in data:
            wrong = f"is read only with `scenario: scene`, not with {scenario}."
            problems.append(document.problem((key,), wrong))
    own = {parameter.name: parameter for parameter in scenarios[scenario].parameters}
    known = {parameter.name: parameter for parameter in AIR} | own
    for path, value in all_params(data):
        if len(problems) > 2 * MOST_FOUND:
            break
        if path[-1] not in known:
            guess = did_you_mean(path[-1], known) or f" Its parameters are {listed(own, 'and')}."
            problems.append(document.problem(path, f"{scenario} has no such parameter.{guess}"))
            continue
        try:
            distribution = distribution_of(value)
        except ValueError:
            continue  # refused by the models
        if wrong := parameter_problem(known[str(path[-1])], distribution):
            problems.append(document.problem(path, wrong))
    return problems


def _without_mix(document: Document, data: Mapping[str, Any]) -> Iterator[Problem]:
    """`scenarios` where nothing is mixed."""
    paths: list[Path] = [("scenarios",)] if "scenarios" in data else []
    for section in ("splits", "sweeps", "pairs", "twins"):
        for name in mapping_at(data, section):
            if "scenarios" in mapping_at(data, section, name):
                paths.append((section, name, "scenarios"))
    for path in paths:
        yield document.problem(path, "is read only with `scenario: mix`.")


def mapping_at(data: Any, *path: str) -> Mapping[str, Any]:
    """The mapping at `path`, or an empty one when something else stands there."""
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def said_of_factors(data: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every mapping of factors (parameters, and `look.<name>` where both may stand) to what they are, with its path:
    `params` of the recipe and of every split, cases, the levels of sweeps (as a choice), what pairs set.
    """
    yield ("params",), mapping_at(data, "params")
    for section in ("splits", "sweeps", "pairs", "twins"):
        for name in mapping_at(data, section):
            entry = mapping_at(data, section, name)
            yield (section, name, "params"), mapping_at(entry, "params")
            cases = entry.get("cases")
            for place, case in enumerate(cases[:MOST_FOUND] if isinstance(cases, list) else ()):
                yield (section, name, "cases", place), mapping_at({"case": case}, "case")
            if section == "pairs":
                yield (section, name, "set"), mapping_at(entry, "set")
            if section == "sweeps":
                levels = mapping_at(entry, "vary")
                yield (section, name, "vary"), {factor: _as_choice(levels[factor]) for factor in levels}


def _as_choice(levels: Any) -> Any:
    """The levels of a factor as a distribution; what is none stays what it is, for the models to refuse."""
    try:
        return {"choice": list(Levels().check(levels))}
    except ValueError:
        return None


def all_params(data: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Every entry that says what a parameter is, with its path."""
    for path, factors in said_of_factors(data):
        for name, value in factors.items():
            if not str(name).startswith(LOOK):
                yield (*path, name), value


def _all_looks(data: Mapping[str, Any]) -> Iterator[tuple[Path, str, Any]]:
    """Every entry that says what a parameter of the look is: its path, its name, what it is."""
    sections: list[Path] = [("look",)]
    for section in ("splits", "sweeps", "pairs", "twins"):
        sections += [(section, name, "look") for name in mapping_at(data, section)]
    for path in sections:
        for name, value in mapping_at(data, *map(str, path)).items():
            yield (*path, name), name, value
    for path, factors in said_of_factors(data):
        for name, value in factors.items():
            if str(name).startswith(LOOK) and path[-1] not in ("params", "set"):
                yield (*path, name), name.removeprefix(LOOK), value


def parameter_problem(parameter: Parameter, distribution: Distribution) -> str:
    """A sentence about a distribution that a scenario's parameter cannot have; "" when it can."""
    kind = kind_of_parameter(parameter)
    support = distribution.support()
    if kind == "str":
        words = tuple(str(word) for word in parameter.range)
        for value in support if isinstance(distribution, (Choice, Constant)) else ():
            if value not in words:
                return f"must be {listed(words)}, not {shown(value)}.{did_you_mean(value, words)}"
        if isinstance(distribution, (Choice, Constant)):
            return ""
        return f"must be {listed(words)}, or {{choice: [...]}} of these, not a range of numbers."
    if kind == "bool":
        flags = isinstance(distribution, (Choice, Constant)) and all(
            isinstance(value, bool) for value in support
        )
        return "" if flags else "must be true, false or {choice: [true, false]}."
    low, high = parameter.range
    assert not isinstance(low, str)
    assert not isinstance(high, str)
    if wrong := outside(distribution, low, high, parameter.unit):
        return wrong
    if kind == "int" and not (isinstance(distribution, Integer) or _all_whole(distribution)):
        return "must be whole: a whole number, {integer: [low, high]} or {choice: [...]} of whole numbers."
    return ""


def _all_whole(distribution: Distribution) -> bool:
    values = distribution.support() if isinstance(distribution, (Choice, Constant)) else (0.5,)
    return all(not isinstance(value, (str, bool)) and value == int(value) for value in values)


def _look(document: Document, data: Mapping[str, Any]) -> Iterator[Problem]:
    from simgen.scene.look_parameters import LOOK_PARAMETERS, PRESETS

    for path, key, value in _all_looks(data):
        if key == "preset":
            if value not in PRESETS:
                wrong = f"must be {listed(PRESETS)}, not {shown(value)}.{did_you_mean(value, PRESETS)}"
                yield document.problem(path, wrong)
        elif key not in LOOK_PARAMETERS:
            guess = did_you_mean(key, LOOK_PARAMETERS) or " `simgen schema` and docs/recipes.md list them."
            yield document.problem(path, f"looks have no such parameter.{guess}")
        else:
            try:
                wrong = LOOK_PARAMETERS[key].problem(distribution_of(value))
            except ValueError as error:
                wrong = "" if path[-2] == "vary" else str(error)  # levels are refused by the models
            if wrong:
                yield document.problem(path, one_line(wrong))
