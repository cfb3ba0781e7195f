"""Correlation and mutual information, against scipy and closed forms, and how often chance raises an alarm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simgen.recipe.draws import Draws
from simgen.study.dependence import PARTS, dependence

DRAWS = Draws(0, "audit", 0)


def independent(seed: int, count: int = 400) -> dict[str, NDArray[Any]]:
    source = np.random.default_rng(seed)
    return {
        "radius": source.random(count),
        "height": source.normal(size=count),
        "lit": source.random(count) < 0.3,
        "colour": source.choice(list("abcde"), count),
        "floors": source.integers(1, 4, count),
        "angle": source.random(count),
        "speed": source.exponential(size=count),
        "shape": source.choice(["ball", "box"], count),
    }


NUISANCES = ("radius", "height", "lit", "colour", "floors")
CAUSES = ("angle", "speed", "shape")
PAIRS = [(nuisance, cause) for nuisance in NUISANCES for cause in CAUSES]


def test_correlations_are_those_of_scipy() -> None:
    table = independent(1)
    table["height"] = np.round(table["height"] + table["angle"], 1)  # with ties
    table["floors"] = table["floors"] + (table["speed"] > 1)
    rows = {(row.first, row.second): row for row in dependence(table, PAIRS, DRAWS)}
    for pair in [("height", "angle"), ("floors", "speed"), ("radius", "angle")]:
        first, second = (table[name] for name in pair)
        assert rows[pair].pearson == pytest.approx(stats.pearsonr(first, second).statistic)
        assert rows[pair].spearman == pytest.approx(stats.spearmanr(first, second).statistic)
    assert (
        rows["colour", "angle"].pearson
        is rows["radius", "shape"].spearman
        is rows["lit", "angle"].pearson
        is None
    )


def test_mutual_information_is_that_of_the_counts_without_its_bias() -> None:
    table = independent(2)
    table["shape"] = np.where(table["lit"], "ball", table["shape"])
    table["speed"] = np.where(table["colour"] == "a", 2.0, 1.0) * table["speed"]
    rows = {(row.first, row.second): row for row in dependence(table, PAIRS, DRAWS)}
    for first, second in (("lit", "shape"), ("colour", "speed"), ("radius", "angle")):
        sides = []
        for name in (first, second):
            column = table[name]
            if name in ("radius", "angle", "speed"):
                column = (np.argsort(np.argsort(column)) + 0.5) * PARTS // len(column)
            sides.append(np.unique(column, return_inverse=True)[1])
        counts = np.zeros((sides[0].max() + 1, sides[1].max() + 1))
        np.add.at(counts, tuple(sides), 1)
        test = stats.chi2_contingency(counts, correction=False, lambda_="log-likelihood")
        row = rows[first, second]
        unbiased = (test.statistic - test.dof) / (2 * 400 * math.log(2))
        assert row.bits == pytest.approx(max(unbiased, 0.0), abs=1e-12)
        if test.pvalue > 1e-6:
            assert row.strength == pytest.approx(stats.norm.isf(test.pvalue), abs=0.1)


def test_a_factor_that_is_another_tells_its_entropy() -> None:
    table = {"a": np.tile(["x", "y", "z", "w"], 250), "b": np.tile([3, 1, 4, 2], 250)}
    (row,) = dependence(table, [("a", "b")], DRAWS)
    assert row.bits == pytest.approx(2.0, abs=0.01)  # less the bias of 9 free cells, 9 / (2 · 1000 · ln 2)
    assert row.dependent


def test_what_chance_gives_is_not_reported() -> None:
    alarms = [any(row.dependent for row in dependence(independent(seed), PAIRS, DRAWS)) for seed in range(40)]
    assert sum(alarms) <= 3  # one in a hundred is expected; more than 3 of 40 has a chance of 6e-4


@pytest.mark.parametrize("kind", ["weak trend", "u shape", "words", "words by number"])
def test_planted_shortcuts_are_found(kind: str) -> None:
    table = independent(5, 2000)
    source = np.random.default_rng(6)
    if kind == "weak trend":
        table["radius"] = table["radius"] + 0.5 * table["angle"]
    elif kind == "u shape":  # no correlation, and yet
        table["radius"] = (table["angle"] - 0.5) ** 2 + 0.05 * source.normal(size=2000)
    elif kind == "words":
        table["colour"] = np.where(
            (table["shape"] == "ball") & (source.random(2000) < 0.3), "a", table["colour"]
        )
    else:
        table["colour"] = np.where((table["speed"] > 1) & (source.random(2000) < 0.3), "b", table["colour"])
    found = {(row.first, row.second) for row in dependence(table, PAIRS, DRAWS) if row.dependent}
    assert (
        found
        == {
            "weak trend": {("radius", "angle")},
            "u shape": {("radius", "angle")},
            "words": {("colour", "shape")},
            "words by number": {("colour", "speed")},
        }[kind]
    )


def test_what_does_not_vary_has_no_row() -> None:
    table = {**independent(1), "lit": np.full(400, True)}
    assert {row.first for row in dependence(table, PAIRS, DRAWS)} == {"radius", "height", "colour", "floors"}
    assert dependence(table, [("lit", "angle")], DRAWS) == ()
    assert dependence({}, [], DRAWS) == ()


def test_the_same_table_gives_the_same_rows() -> None:
    assert dependence(independent(3), PAIRS, DRAWS) == dependence(independent(3), PAIRS, DRAWS)
