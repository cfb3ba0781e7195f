"""What is wrong with a mixed recipe beyond its single values: scenarios that do not exist, parameters that
none of them has, values outside the range of one of them, splits without a scenario.

A parameter may be said in four places, the later ones first: a split's scenario, the split, the recipe's
scenario, the recipe. What stands for several scenarios is held to the range of each that it reaches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from simgen.errors import Problem
from simgen.recipe.checks import MOST_FOUND, SCENE_KEYS, mapping_at, parameter_problem, said_of_factors
from simgen.recipe.drawing import COMPOSED, LOOK, kind_of_parameter
from simgen.recipe.mix import MIX, catalogue, common_kind
from simgen.recipe.quantities import distribution_of
from simgen.recipe.sections import ALL, spelled_out_mixture
from simgen.recipe.wording import did_you_mean, listed, shown
from simgen.recipe.yaml import Document, Path

if TYPE_CHECKING:
    from simgen.scenarios.base import Parameter

__all__ = ["mix_problems"]

_HOW = "say which, such as `scenarios: {incline: 2, drop: 1}` or `scenarios: all`."
SECTIONS = ("splits", "sweeps", "pairs", "twins")  # where a split is declared
_SORTS = {"str": "a word", "bool": "true or false"}


def mix_problems(document: Document, data: Mapping[str, Any]) -> list[Problem]:
    """Everything in a mixed recipe that does not fit together."""
    problems = [
        document.problem((key,), f"is read only with `scenario: scene`, not with {MIX}.")
        for key in SCENE_KEYS
        if key in data
    ]
    if data.get("scenarios") is None:
        return [*problems, document.problem(("scenarios",), f"is missing: {_HOW}")]
    entries = _entries(data["scenarios"])
    if entries is None:
        return problems  # refused by the models
    problems += islice(_names(document, entries), MOST_FOUND)
    mix = _Mix(document, data, entries)
    for found in (mix.split_names(), mix.weights(), mix.kinds(), mix.params()):
        problems += islice(found, MOST_FOUND)
    return problems


def _entries(value: Any) -> dict[str, Any] | None:
    """The scenarios by name, in the long form; None for what the models refuse."""
    try:
        entries = spelled_out_mixture(value)
    except ValueError:
        return None
    if entries is None or len(entries) > 10 * MOST_FOUND:
        return None
    return {str(name): entry if isinstance(entry, Mapping) else {} for name, entry in entries.items()}


def _names(document: Document, entries: Mapping[str, Any]) -> Iterator[Problem]:
    from simgen.scenarios import all_scenarios

    known = [name for name, scenario in all_scenarios().items() if scenario.parameters]
    for name, entry in entries.items():
        path: Path = ("scenarios", name)
        if name == ALL:
            if entry.get("params"):
                wrong = "must be left out: what holds for every scenario stands under the recipe's `params`."
                yield document.problem((*path, "params"), wrong)
        elif name in (COMPOSED, MIX):
            yield document.problem(path, f"{name} cannot be part of a mix; it has no parameters of its own.")
        elif name not in known:
            guess = did_you_mean(name, [*known, ALL]) or f" There are {listed(known, 'and')}."
            yield document.problem(path, f"there is no scenario {shown(name)}.{guess}")


class _Mix:
    """The scenarios that exist of those that a recipe mixes, and what it says of them."""

    def __init__(self, document: Document, data: Mapping[str, Any], entries: Mapping[str, Any]) -> None:
        from simgen.scenarios import all_scenarios
        from simgen.scenarios.air import AIR

        self._document, self._data, self._entries = document, data, entries
        names = {*entries, *(catalogue() if ALL in entries else ())} - {ALL, COMPOSED, MIX}
        scenarios = all_scenarios()
        self._air = {entry.name: entry for entry in AIR}  # which any scenario can be in
        self._parameters: dict[str, dict[str, Parameter]] = {
            name: self._air | {entry.name: entry for entry in scenarios[name].parameters}
            for name in sorted(names)
            if name in scenarios
        }
        self._own: dict[tuple[str, str], dict[str, Any]] = {}  # of splits with scenarios of their own
        for section in SECTIONS:
            for split in mapping_at(data, section):
                own = _entries(mapping_at(data, section, split).get("scenarios"))
                if own is not None:
                    self._own[section, split] = own

    def split_names(self) -> Iterator[Problem]:
        """A split has some of the recipe's scenarios."""
        for split, entries in self._own.items():
            for name, entry in entries.items():
                path: Path = (*split, "scenarios", name)
                if name == ALL:
                    if entry.get("params"):
                        wrong = "must be left out: what holds for every scenario of the split stands under "
                        yield self._document.problem((*path, "params"), f"{wrong}the split's `params`.")
                elif name not in self._parameters and name not in self._entries:
                    guess = did_you_mean(name, self._parameters)
                    there = f" It has {listed(self._parameters, 'and')}."
                    wrong = "the recipe's `scenarios` has no such name; name it there, with weight 0 if the"
                    wrong += f" other splits are to be without it.{guess or there}"
                    yield self._document.problem(path, wrong)

    def weights(self) -> Iterator[Problem]:
        """Every split has a scenario."""
        places: list[tuple[Path, Mapping[str, Any], Iterable[str]]] = []
        if len(self._own) < sum(len(mapping_at(self._data, section)) for section in SECTIONS):
            places.append((("scenarios",), self._entries, catalogue()))
        for split, entries in self._own.items():
            places.append(((*split, "scenarios"), entries, self._parameters))
        for path, named, every in places:
            weights = [entry.get("weight", 1) for name, entry in named.items() if name != ALL]
            if ALL in named and any(name not in named for name in every):
                weights.append(named[ALL].get("weight", 1))
            if all(isinstance(weight, (int, float)) and weight == 0 for weight in weights):
                yield self._document.problem(
                    path, "gives every scenario the weight 0; one at least needs more."
                )

    def kinds(self) -> Iterator[Problem]:
        """Parameters of the same name share a column, so their values must be of one sort."""
        first: dict[str, str] = {}
        for scenario, parameters in self._parameters.items():
            for name, parameter in parameters.items():
                other = self._parameters[first.setdefault(name, scenario)][name]
                kinds = kind_of_parameter(other), kind_of_parameter(parameter)
                if common_kind(kinds) is None:
                    one, two = (_SORTS.get(kind, "a number") for kind in kinds)
                    wrong = f"{name} is {one} in {first[name]} and {two} in {scenario}; they cannot be mixed."
                    path: Path = ("scenarios", scenario) if scenario in self._entries else ("scenarios",)
                    yield self._document.problem(path, wrong)

    def params(self) -> Iterator[Problem]:
        """Every parameter that is said somewhere, against the scenarios that it reaches."""
        data, everything = self._data, tuple(self._parameters)
        own = {name: entry.get("params") for name, entry in self._entries.items()}
        yield from self._written(("params",), mapping_at(data, "params"), everything, own)
        for name, params in own.items():
            if name in self._parameters and isinstance(params, Mapping):
                yield from self._written(("scenarios", name, "params"), params, (name,), {})
        for section in SECTIONS:
            for split in mapping_at(data, section):
                own = {
                    name: entry.get("params") for name, entry in self._own.get((section, split), {}).items()
                }
                shared = mapping_at(data, section, split, "params")
                yield from self._written(
                    (section, split, "params"), shared, self._scenarios(section, split), own
                )
                for name, params in own.items():
                    if name in self._parameters and isinstance(params, Mapping):
                        path: Path = (section, split, "scenarios", name, "params")
                        yield from self._written(path, params, (name,), {})
        for path, factors in said_of_factors(data):
            if path[-1] != "params":
                params = {name: value for name, value in factors.items() if not str(name).startswith(LOOK)}
                there = self._scenarios(str(path[0]), str(path[1]))
                yield from self._written(path, params, there, {})

    def _scenarios(self, section: str, split: str) -> tuple[str, ...]:
        """Those that clips of a split can have."""
        entries = self._own.get((section, split), self._entries)
        return (
            tuple(self._parameters)
            if ALL in entries
            else tuple(name for name in entries if name in self._parameters)
        )

    def _written(
        self, path: Path, params: Mapping[str, Any], scenarios: tuple[str, ...], nearer: Mapping[str, Any]
    ) -> Iterator[Problem]:
        """What is wrong with `params`, which hold for these scenarios but where `nearer` says otherwise."""
        for name, value in params.items():
            having = [scenario for scenario in scenarios if name in self._parameters[scenario]]
            if not having:
                known = dict.fromkeys(entry for scenario in scenarios for entry in self._parameters[scenario])
                whose = f"{scenarios[0]} has" if len(scenarios) == 1 else "the recipe's scenarios have"
                own = [entry for entry in known if entry not in self._air]
                there = f" {'Its' if len(scenarios) == 1 else 'Their'} parameters are {listed(own, 'and')}."
                wrong = f"{whose} no such parameter.{did_you_mean(name, known) or there}"
                if scenarios:
                    yield self._document.problem((*path, name), wrong)
                continue
            try:
                distribution = distribution_of(value)
            except ValueError:
                continue  # refused by the models
            for scenario in having:
                closer = nearer.get(scenario)
                if isinstance(closer, Mapping) and name in closer:
                    continue
                if wrong := parameter_problem(self._parameters[scenario][name], distribution):
                    whom = f"for {scenario}: " if len(scenarios) > 1 else ""
                    yield self._document.problem((*path, name), f"{whom}{wrong}")
                    break
