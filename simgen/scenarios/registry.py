"""Where scenarios are found: every module of this package, and plug-in packages through the entry point group
`simgen.scenarios`.

A module of this package adds a scenario by defining a subclass of `Scenario`; nothing else is to be
registered. A plug-in declares an entry point whose object is such a subclass. One that cannot be loaded makes
a sentence, not a traceback, and takes no other scenario down with it.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import pkgutil
import re
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import GenericAlias

from simgen.errors import SimgenError
from simgen.scenarios.base import Law, Parameter, Scenario

__all__ = ["GROUP", "all_scenarios", "broken_plugins", "describe", "get_scenario", "own_scenarios"]

GROUP = "simgen.scenarios"
_RESERVED = ("mix", "all")  # words of the recipe language


def get_scenario(name: str) -> Scenario:
    """The scenario of that name. Raises SimgenError with the likely name when there is none."""
    scenarios, broken, _ = _found()
    if name in scenarios:
        return scenarios[name]
    near = difflib.get_close_matches(name, scenarios, n=1)
    guess = f" Did you mean '{near[0]}'?" if near else f" There are: {', '.join(sorted(scenarios))}."
    raise SimgenError(" ".join((f"there is no scenario '{name}'.{guess}", *broken)))


def all_scenarios() -> dict[str, Scenario]:
    """Every scenario by name, in alphabetical order."""
    return dict(sorted(_found()[0].items()))


def broken_plugins() -> tuple[str, ...]:
    """A sentence for every installed plug-in that could not be loaded."""
    return _found()[1]


def plugin_of(name: str) -> EntryPoint | None:
    """Where the scenario of this name was found; None when it is one of simgen's own, or not there."""
    return _found()[2].get(name)


@functools.cache
def _found() -> tuple[dict[str, Scenario], tuple[str, ...], dict[str, EntryPoint]]:
    scenarios = {scenario.name: scenario for scenario in own_scenarios()}
    broken, plugins = [], {}
    for entry in entry_points(group=GROUP):
        try:
            scenario = _load(entry)
            if scenario.name in _RESERVED:
                raise SimgenError(
                    f"'{scenario.name}' has a meaning of its own in recipes; it needs another name"
                )
            if scenario.name in scenarios:
                raise SimgenError(f"a scenario '{scenario.name}' exists already; it needs another name")
        except Exception as error:  # a stranger's code may raise anything, and so may its module's imports
            broken.append(_sentence(entry, error))
        else:
            scenarios[scenario.name] = scenario
            plugins[scenario.name] = entry
    return scenarios, tuple(broken), plugins


def own_scenarios() -> list[Scenario]:
    """An instance of every concrete scenario that the modules of this package define."""
    scenarios = []
    for module_info in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module_info.name in ("registry", "reference"):
            continue
        module = importlib.import_module(f"{__package__}.{module_info.name}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if (
                # Python 3.10 calls `tuple[float, ...]` a class and then refuses to look at its bases
                not isinstance(kind, GenericAlias)
                and issubclass(kind, Scenario)
                and kind.__module__ == module.__name__
                and not inspect.isabstract(kind)
            ):
                scenarios.append(kind())
    return scenarios


def _load(entry: EntryPoint) -> Scenario:
    kind = entry.load()
    if not (inspect.isclass(kind) and issubclass(kind, Scenario)):
        raise SimgenError(
            f"it names {type(kind).__name__} {kind!r}, which is not a subclass of simgen's Scenario"
        )
    if inspect.isabstract(kind):
        missing = ", ".join(sorted(kind.__abstractmethods__))
        raise SimgenError(f"its class {kind.__name__} does not define {missing}")
    for attribute in ("name", "summary", "parameters"):
        if not hasattr(kind, attribute):
            raise SimgenError(f"its class {kind.__name__} does not say its {attribute}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", kind.name):
        raise SimgenError(f"its name {kind.name!r} should be lower-case letters, digits and underscores")
    scenario: Scenario = kind()
    return scenario


def _sentence(entry: EntryPoint, error: Exception) -> str:
    package = entry.dist.name if entry.dist is not None else "a package"
    reason = str(error) if isinstance(error, SimgenError) else f"{type(error).__name__}: {error}"
    return (
        f"The scenario plug-in '{entry.name}' of {package} ({entry.value}) could not be loaded and is left "
        "out: "
        f"{reason.rstrip('.')}; update or uninstall {package}."
    )


def describe(scenario: Scenario) -> str:
    """What `simgen scenarios NAME` prints: parameters with unit, range, default, role and what reveals them; laws;
    events.
    """
    rows: list[tuple[str, ...]] = [
        ("parameter", "unit", "range", "default", "role", "revealed by", "meaning")
    ]
    rows += [_row(parameter) for parameter in scenario.parameters]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    table = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + "  " + row[6]
        for row in rows
    ]
    lines = [f"{scenario.name}: {scenario.summary}", ""]
    if scenario.parameters:
        lines += ["parameters (anything a recipe leaves out is drawn from its default)", *table, ""]
    if scenario.laws:
        lines += ["laws", *(line for law in scenario.laws for line in _law(law)), ""]
    if scenario.qualitative:
        lines += ["laws: none; what it shows is qualitative", ""]
    lines.append(f"events: {', '.join(scenario.events) or 'none'}")
    if scenario.decisive:
        lines.append(f"decisive: the first {' or '.join(scenario.decisive)}")
    return "\n".join(lines)


def _row(parameter: Parameter) -> tuple[str, ...]:
    ends = parameter.range
    span = (
        " | ".join(str(word) for word in ends) if isinstance(ends[0], str) else f"{ends[0]:g} to {ends[1]:g}"
    )
    return (
        parameter.name,
        parameter.unit or "-",
        span,
        str(parameter.default),
        parameter.role,
        parameter.reveals,
        parameter.meaning,
    )


def _law(law: Law) -> list[str]:
    reason = f" ({law.reason})" if law.reason else ""
    return [
        f"  {law.name}",
        f"    {law.formula}",
        f"    source: {law.source}",
        f"    tolerance: {100 * law.tolerance:g} %{reason}",
    ]
