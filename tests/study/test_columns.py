"""Values of many clips at once are those of one clip at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.recipe.distributions import (
    Choice,
    Distribution,
    Normal,
    Uniform,
    choice,
    constant,
    integer,
    log_uniform,
    normal,
)
from simgen.recipe.loading import parse_recipe
from simgen.study.columns import values
from simgen.study.factors import drawn_factors

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@st.composite
def uniforms(draw: st.DrawFn) -> Uniform:
    ends = sorted(set(draw(st.lists(NUMBERS, min_size=2, max_size=6))))
    if len(ends) < 2:
        ends = [0.0, 1.0]
    intervals = tuple(zip(ends[::2], ends[1::2], strict=False))
    return Uniform(uniform=intervals if len(intervals) > 1 else intervals[0])


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    options = draw(st.sampled_from((("a", "bcd", "e"), (1, 2.5, -3), (True, False), ("one",))))
    weights = draw(st.none() | st.just((0.0, 0.3, 0.0, 2.0, 0.0)))
    return (
        choice(*options)
        if weights is None
        else choice(*options, weights=(*weights[2:], 1.0)[-len(options) :])
    )


@st.composite
def normals(draw: st.DrawFn) -> Normal:
    mean, deviation = draw(st.floats(-5, 5)), draw(st.floats(0.1, 3))
    low = draw(st.none() | st.floats(-4, 3).map(lambda k: mean + k * deviation))
    high = draw(st.none() | st.floats(0.5, 2).map(lambda k: (mean if low is None else low) + k * deviation))
    return normal(mean, deviation, low, high)


DISTRIBUTIONS = st.one_of(
    uniforms(),
    choices(),
    normals(),
    st.tuples(st.floats(1e-6, 10), st.floats(1.01, 1e6)).map(lambda p: log_uniform(p[0], p[0] * p[1])),
    st.tuples(st.integers(-10, 10), st.integers(1, 10**6)).map(lambda p: integer(p[0], p[0] + p[1])),
    st.sampled_from((constant(3), constant(2.5), constant("word"), constant(True))),
)


@settings(max_examples=300, deadline=None)
@given(distribution=DISTRIBUTIONS, seed=st.integers(0, 100))
def test_a_column_of_values_holds_those_of_single_clips(distribution: Distribution, seed: int) -> None:
    drawn = np.random.default_rng(seed).random(60)
    drawn[:4] = (0.0, 1 - 2.0**-53, 0.5, 2.0**-53)
    assert values(distribution, drawn).tolist() == [distribution.value(u) for u in drawn.tolist()]


@pytest.mark.parametrize("material", ["", "material: steel", "material: {choice: [steel, wood, none]}"])
def test_the_parameters_of_many_clips_are_those_of_each(material: str) -> None:
    """A clip that was drawn again, and what a material decides, among them."""
    text = f"name: many\nscenario: incline\nclips: 8\nparams:\n  friction: {{uniform: [0.1, 0.7]}}\n  {material}\n"
    recipe, attempts = parse_recipe(text, "many"), {2: 1, 5: 7}
    clips = [recipe.clip("train", index) for index in range(8)]
    rows = [recipe.draw_params(clip, clip.draws(attempts.get(clip.index, 0))) for clip in clips]
    found = drawn_factors(recipe, "train", range(8), attempts)
    assert {name: column.tolist() for name, column in found.items()} == {
        name: [row[name] for row in rows] for name in rows[0]
    }
