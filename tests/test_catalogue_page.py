"""docs/catalogue.md names recipes that exist, of the scenarios that it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simgen.recipe import load_recipe, shipped_recipes
from simgen.scenarios import all_scenarios

PAGE = (Path(__file__).parents[1] / "docs" / "catalogue.md").read_text()
ROWS = re.findall(r"^\| (Physion|NewtonBench) \| ([\w ]+) \| `(\w+)` \| (\w+) \|$", PAGE, re.MULTILINE)


def test_the_table_is_read_whole() -> None:
    assert len(ROWS) == sum(line.startswith(("| Physion", "| NewtonBench")) for line in PAGE.splitlines())
    assert len(ROWS) == len({(whose, name) for whose, name, _, _ in ROWS})


@pytest.mark.parametrize(("whose", "name", "recipe", "scenario"), ROWS)
def test_each_is_shown_by_a_recipe_that_ships(whose: str, name: str, recipe: str, scenario: str) -> None:
    made = load_recipe(recipe)
    assert (made.name, made.scenario) == (recipe, scenario)


def test_every_scenario_has_a_recipe_of_its_name() -> None:
    recipes = shipped_recipes()
    for name, scenario in all_scenarios().items():
        if scenario.parameters:
            assert name in recipes
            assert load_recipe(name).scenario == name


def test_recipes_named_in_commands_exist() -> None:
    named = re.findall(r"simgen build (\w+)", PAGE)
    assert named
    assert set(named) <= set(shipped_recipes())
