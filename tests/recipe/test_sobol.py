"""Sobol numbers: scipy's points before the scramble, their evenness after it, and the scramble's randomness."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest, qmc

from simgen.recipe.sobol import BITS, DIMENSIONS, generating_columns, sobol, sobol_column


def unscrambled(dimension: int, indices: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The sequence with the identity for a scramble, made of its generating columns alone."""
    code = indices ^ (indices >> np.uint64(1))
    bits = np.zeros(len(indices), dtype=np.uint64)
    for place, column in enumerate(generating_columns(dimension)):
        bits ^= ((code >> np.uint64(place)) & np.uint64(1)) * np.uint64(column)
    return bits.astype(np.float64) * 2.0**-BITS


def even(numbers: NDArray[np.float64], *cuts: int) -> bool:
    """Whether the boxes that cut dimension d into 2**cuts[d] equal parts hold equally many points; (n, d) points."""
    place = np.zeros(len(numbers), dtype=int)
    for dimension, cut in enumerate(cuts):
        place = place << cut | (numbers[:, dimension] * 2.0**cut).astype(int)
    counts = np.bincount(place, minlength=2 ** sum(cuts))
    return bool((counts == len(numbers) / 2 ** sum(cuts)).all())


def test_without_a_scramble_they_are_the_points_of_scipy_in_every_dimension() -> None:
    points = qmc.Sobol(DIMENSIONS, scramble=False, bits=30).random_base2(13)
    indices = np.arange(2**13, dtype=np.uint64)
    for dimension in range(DIMENSIONS):
        assert np.array_equal(unscrambled(dimension, indices), points[:, dimension]), dimension


def test_without_a_scramble_they_are_the_points_of_scipy_far_along() -> None:
    engine = qmc.Sobol(21, scramble=False, bits=30)
    engine.fast_forward(5_000_001)
    points = engine.random(50)
    indices = np.arange(5_000_001, 5_000_051, dtype=np.uint64)
    for dimension in range(21):
        assert np.array_equal(unscrambled(dimension, indices), points[:, dimension]), dimension


def test_one_number_is_the_same_as_in_a_column() -> None:
    indices = [0, 1, 2, 3, 1000, 2**20 - 1, 2**20, 10**9, 2**40 + 12345]
    for dimension in (0, 1, 7, DIMENSIONS - 1):
        column = sobol_column(3, "train", dimension, indices)
        assert column.tolist() == [sobol(3, "train", dimension, index) for index in indices]
        assert len(set(column.tolist())) == len(indices)
    assert sobol_column(3, "train", 0, []).shape == (0,)


@pytest.mark.parametrize("m", [1, 4, 10])
def test_every_dyadic_interval_holds_its_share(m: int) -> None:
    for dimension in range(DIMENSIONS):
        for start in (0, 3 << m):  # any block of 2**m numbers that begins at a multiple of it
            numbers = sobol_column(1, "train", dimension, np.arange(start, start + 2**m))
            assert sorted((numbers * 2.0**m).astype(int).tolist()) == list(range(2**m))


def test_pairs_are_as_even_as_before_the_scramble() -> None:
    m, indices = 8, np.arange(2**8, dtype=np.uint64)
    for pair in itertools.combinations(range(6), 2):
        plain = np.stack([unscrambled(dimension, indices) for dimension in pair], axis=1)
        drawn = np.stack([sobol_column(9, "test", dimension, indices) for dimension in pair], axis=1)
        for cut in range(m + 1):
            for total in range(cut, m + 1):
                assert even(drawn, cut, total - cut) == even(plain, cut, total - cut), (pair, cut)
    first = np.stack([sobol_column(9, "test", dimension, indices) for dimension in (0, 1)], axis=1)
    assert all(even(first, cut, m - cut) for cut in range(m + 1))  # every elementary rectangle has one point


def test_coverage_is_better_than_that_of_independent_draws() -> None:
    for seed in range(5):
        drawn = np.stack([sobol_column(seed, "train", d, np.arange(256)) for d in range(5)], axis=1)
        independent = np.random.default_rng(seed).random((256, 5))
        assert qmc.discrepancy(drawn) < 0.2 * qmc.discrepancy(independent)


def test_every_single_number_is_uniform_over_seeds() -> None:
    for index in (0, 1, 77):
        numbers = [sobol(seed, "train", 2, index) for seed in range(400)]
        assert kstest(numbers, "uniform").pvalue > 1e-3
    last_bits = [int(sobol(seed, "train", 2, 5) * 2.0**BITS) & 0xFF for seed in range(400)]
    assert len(set(last_bits)) > 150  # the scramble fills every bit


def test_seeds_splits_and_dimensions_are_scrambled_independently() -> None:
    def differences(*addresses: tuple[int, str, int]) -> NDArray[np.float64]:
        first, second = (sobol_column(*address, np.arange(512)) for address in addresses)
        return (first - second) % 1.0

    # The same dimension under another scramble: were both only shifted, the difference would be of few values.
    for other in ((1, "train", 3), (0, "train.1", 3), (0, "test", 3)):
        apart = differences((0, "train", 3), other)
        assert len(np.unique(apart)) == 512
    correlations = [
        np.corrcoef(sobol_column(seed, "a", 3, np.arange(64)), sobol_column(seed, "b", 3, np.arange(64)))[
            0, 1
        ]
        for seed in range(200)
    ]
    assert abs(np.mean(correlations)) < 4 * np.std(correlations) / np.sqrt(200)


def test_a_dimension_that_there_is_none_of() -> None:
    with pytest.raises(ValueError, match=r"^Sobol numbers have dimensions 0 to 255; there is no 256\.$"):
        sobol(0, "train", 256, 0)


def test_the_numbers_of_old_datasets_stay() -> None:
    assert [sobol(0, "train", 0, index) for index in range(4)] == [
        0.37619977153791395,
        0.6466889027531216,
        0.8784640036756957,
        0.14503120934230995,
    ]
    assert [sobol(20240607, "test", 255, index) for index in (0, 10**9)] == [
        0.6196130165598891,
        0.8607811861445728,
    ]
