"""The table of residuals in docs/PHYSICS.md: how it is counted, and that it is about the scenarios of now."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from benchmarks.residuals import (
    BEGIN,
    END,
    PAGE,
    Row,
    Tried,
    across_the_ranges,
    put,
    shortcomings,
    table,
    verdict,
)
from simgen.recipe.models import kind_of_parameter
from simgen.scenarios import get_scenario
from simgen.scenarios.registry import own_scenarios

DESIGNED = [scenario for scenario in own_scenarios() if scenario.parameters]
LAWS = [law.name for law in get_scenario("drop").laws]


def row(*tried: Tried) -> Row:
    made = Row("drop")
    for entry in tried:
        made.add(entry)
    return made


GOOD = Tried([(law, 1e-5) for law in LAWS])


@pytest.mark.parametrize("scenario", DESIGNED, ids=lambda scenario: scenario.name)
def test_points_are_in_the_ranges_and_fill_them(scenario) -> None:
    made = [params for params, _ in across_the_ranges(scenario.name, 128)]
    for parameter in scenario.parameters:
        values = [params[parameter.name] for params in made]
        if isinstance(parameter.range[0], str):
            assert set(values) == set(parameter.range)
        else:
            low, high = parameter.range
            kind = {"int": int, "float": float}[kind_of_parameter(parameter)]
            assert all(type(value) is kind and low <= value <= high for value in values)
            spread = (np.array(values) - low) / (high - low)
            assert spread.min() < 0.1
            assert spread.max() > 0.9


def test_what_is_rejected_is_followed_by_another_point() -> None:
    made = row(GOOD, Tried(rejected="overlap"), Tried([(LAWS[0], 0.5)], f"law-{LAWS[0]}"), GOOD)
    assert (made.clips, made.draws, dict(made.rejections)) == (2, 4, {"overlap": 1, f"law-{LAWS[0]}": 1})
    assert list(made.next_points(5)) == [4, 5, 6]
    assert list(made.next_points(2)) == []
    assert made.residuals[LAWS[0]] == [1e-5, 0.5, 1e-5], "what is above a tolerance is not hidden"


def test_the_verdict_names_what_is_not_as_required() -> None:
    assert shortcomings([row(GOOD, GOOD)], 2) == []
    assert verdict([row(GOOD)], 1).endswith(f"All {len(LAWS)} laws of 1 scenarios are within it.")
    one_bad = row(*[GOOD] * 20, Tried([(LAWS[0], 0.02)]))
    assert shortcomings([one_bad], 20) == [f"{LAWS[0]}: median 0.001 %, worst 2 %"]
    coarse = row(*[Tried([(LAWS[0], 0.002)])] * 3)
    assert shortcomings([coarse], 3) == [f"{LAWS[0]}: median 0.2 %, worst 0.2 %"]
    assert shortcomings([row(Tried([(LAWS[0], math.inf)], "law"))], 1) != []
    assert shortcomings([row(*[Tried(rejected="overlap")] * 9)], 1) == ["drop: only 0 of 9 draws made a clip"]


def test_the_table_has_a_row_per_law_and_per_scenario() -> None:
    lines = table([row(GOOD, Tried([(LAWS[0], 3e-5)]), Tried(rejected="overlap"))]).splitlines()
    first = get_scenario("drop").laws[0]
    assert f"| drop | {LAWS[0]} | 2 | 0.002 % | 0.003 % | {100 * first.tolerance:g} % |" in lines
    assert "| drop | 2 | 3 | 1 (overlap 1) | 1.50 |" in lines
    assert sum(line.startswith("| drop |") for line in lines) == len(LAWS) + 1


def test_it_goes_between_its_markers() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = put(page, "new")
    assert once == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert put(once, "new") == once
    with pytest.raises(ValueError, match="has no"):
        put("nothing", "new")


def test_the_page_is_about_the_scenarios_of_now() -> None:
    text = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    rows = re.findall(r"^\| (\w+) \| ([a-z]\w+) \| \d+ \|", text, re.MULTILINE)
    laws = [(scenario.name, law.name) for scenario in DESIGNED for law in scenario.laws]
    assert sorted(rows) == sorted(laws), "run python benchmarks/residuals.py --clips 100 --write"
