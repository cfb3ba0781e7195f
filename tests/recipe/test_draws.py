"""Addressed draws: one at a time, and the same numbers for many clips at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.recipe.draws import Draws, column

SEEDS = st.integers(0, 2**64 - 1) | st.integers(0, 3) | st.just(2**32)
INDICES = st.lists(st.integers(0, 2**33) | st.integers(0, 2**63), max_size=8)


@settings(max_examples=200, deadline=None)
@given(
    seed=SEEDS,
    split=st.text(max_size=12),
    indices=INDICES,
    name=st.text(max_size=12),
    attempt=st.integers(0, 25),
    prefix=st.sampled_from(("", "look.", "scene.bodies.")),
)
def test_a_column_holds_the_numbers_of_single_draws(
    seed: int, split: str, indices: list[int], name: str, attempt: int, prefix: str
) -> None:
    one_by_one = [Draws(seed, split, index, attempt, prefix)(name) for index in indices]
    assert column(seed, split, indices, name, attempt, prefix).tolist() == one_by_one


def test_a_long_column_is_uniform_and_the_same_as_its_parts() -> None:
    numbers = column(5, "train", np.arange(200_000), "params.angle_deg")
    assert numbers.shape == (200_000,) and numbers.dtype == np.float64
    assert numbers.min() >= 0 and numbers.max() < 1
    counts = np.bincount((numbers * 64).astype(int), minlength=64)
    expected = len(numbers) / 64  # chi squared with 63 degrees of freedom: 63 ± 11
    assert 30 < ((counts - expected) ** 2 / expected).sum() < 110
    assert np.array_equal(column(5, "train", np.arange(1000, 1100), "params.angle_deg"), numbers[1000:1100])
    assert numbers[:3].tolist() == [0.38012247781456354, 0.9643351500002655, 0.7736347905935392]
