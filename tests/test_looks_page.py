"""The pages about looks and the catalogue: recipes are valid; pictures exist, are not too large, and cover every scenario."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simgen.recipe import parse_recipe
from simgen.scenarios import all_scenarios
from simgen.scene.look_parameters import PRESETS

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "looks.md").read_text()


@pytest.mark.parametrize("section", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_what_it_shows_can_be_put_into_a_recipe(section: str) -> None:
    parse_recipe(f"name: page\nscenario: incline\nclips: 1\n{section}", "looks.md")


def test_every_preset_and_scenario_has_its_picture() -> None:
    shown = re.findall(r"!\[.*?\]\((.*?)\)", PAGE + (DOCS / "catalogue.md").read_text())
    names = [f"look-{preset}" for preset in PRESETS]
    names += [f"scenario-{name}" for name in all_scenarios() if name != "scene"]
    assert {f"images/{name}.jpg" for name in names} <= set(shown)
    for name in shown:
        assert 10_000 < (DOCS / name).stat().st_size < 300_000, name
