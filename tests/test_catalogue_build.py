"""recipes/catalogue.yaml: every scenario of the package goes through the whole line, from the recipe to a verified
dataset.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import simgen
from simgen.build import BuildReport
from simgen.recipe import load_recipe, parse_recipe, shipped_recipes
from simgen.recipe.mix import catalogue
from simgen.verification.overview import overview
from simgen.wording import build_words

pytest.importorskip("pybullet")
MEDIAN, WORST = 1e-3, 1e-2


def check(folder: Path, report: BuildReport, each: int) -> None:
    found = simgen.verify(folder, deep=True)
    assert found.ok, found.text
    assert found.notes == ()
    clips = list(simgen.open_dataset(folder, columns=["scenario", "params", "law"]))
    assert Counter(clip.scenario for clip in clips) == dict.fromkeys(catalogue(), each)
    laws = overview(folder).laws
    assert {law.scenario for law in laws.values()} <= set(catalogue())
    text = build_words(report)
    for name, law in laws.items():
        assert law.worst <= WORST, name
        assert law.worst <= (law.tolerance or 0), name
        assert f" {name} " in text


def test_a_small_picture_of_every_scenario(tmp_path: Path) -> None:
    """One clip of each: a round of the mix."""
    text = shipped_recipes()["catalogue"].read_text()
    assert "size: 256" in text
    small = parse_recipe(text.replace("size: 256", "size: 32"), "catalogue.yaml")
    folder = tmp_path / "catalogue"
    report = simgen.build(small, folder, clips=len(catalogue()), workers=2, formats=["parquet", "webdataset"])
    check(folder, report, 1)


@pytest.mark.campaign
def test_the_catalogue_as_it_ships(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    each = -(-140 // len(catalogue()))
    report = simgen.build(load_recipe("catalogue"), folder, clips=each * len(catalogue()))
    check(folder, report, each)
    for name, law in report.residuals.items():
        assert law.median <= MEDIAN, name
