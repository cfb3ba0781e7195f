"""Scrambled Sobol numbers, addressed by index: as random as independent draws, and far more even.

    sobol(seed, "train", dimension, index)        # one number in [0, 1)

Of the first 2**m numbers of a dimension, exactly one falls into each of the 2**m equal parts of [0, 1), and
pairs of low dimensions fill squares as evenly, so that a small dataset covers its ranges as a large one does;
the first N clips of a larger build still are the clips of a build of N.

The points are those of Sobol with the direction numbers of Joe and Kuo (2008), of which this package holds a
copy: no version of any library can change a clip, and nothing heavy is imported in order to draw one. They are
scrambled per seed, split and dimension by a random linear matrix scramble and a digital shift (J. Matoušek, On
the L2-discrepancy for anchored boxes, J. Complexity 14, 1998), whose bits are addressed draws. A scramble keeps
the evenness exactly, makes every single number uniform, and fills all 53 bits of it.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simgen.recipe.draws import Draws

__all__ = ["DIMENSIONS", "sobol", "sobol_column"]

DIMENSIONS = 256  # there are direction numbers for so many
BITS = 53  # what a float in [0, 1) holds exactly
_TABLE = Path(__file__).with_name("sobol_directions.txt")


def sobol(seed: int, split: str, dimension: int, index: int) -> float:
    """Number `index` (below 2**53) of a dimension in [0, 1), a multiple of 2**-53.

    Raises ValueError for a dimension that is not below `DIMENSIONS`.
    """
    columns, bits = _scrambled(seed, split, dimension)
    code = index ^ (index >> 1)  # the Gray code: points come in the order of scipy.stats.qmc.Sobol
    while code:
        lowest = code & -code
        bits ^= columns[lowest.bit_length() - 1]
        code ^= lowest
    return bits * 2.0**-BITS


def sobol_column(seed: int, split: str, dimension: int, indices: ArrayLike) -> NDArray[np.float64]:
    """`sobol` of many indices at once, the very same numbers; shape as `indices`."""
    columns, shift = _scrambled(seed, split, dimension)
    code = np.asarray(indices, dtype=np.uint64)
    code = code ^ (code >> np.uint64(1))
    bits = np.full(code.shape, shift, dtype=np.uint64)
    for place in range(int(code.max(initial=0)).bit_length()):
        there = (code >> np.uint64(place)) & np.uint64(1)
        bits ^= there * np.uint64(columns[place])
    return bits.astype(np.float64) * 2.0**-BITS


@functools.lru_cache(maxsize=4096)
def _scrambled(seed: int, split: str, dimension: int) -> tuple[tuple[int, ...], int]:
    """The scrambled generating columns of a dimension and its shift: a point is the shift and the columns of the
    bits of its number's Gray code, added without carry.

    Bit k of a scrambled column is the parity of row k of a random lower triangular matrix with ones on its
    diagonal and the column's bits, counted from the most significant one.
    """
    words = [int(u * 2.0**BITS) for u in Draws(seed, split, 0).many(f"sobol.{dimension}", BITS + 1)]
    matrix = []
    for row, word in enumerate(words[:BITS]):
        diagonal = 1 << (BITS - 1 - row)
        below = diagonal - 1
        matrix.append(word & ~below | diagonal)
    return tuple(_times(matrix, column) for column in generating_columns(dimension)), words[BITS]


def _times(matrix: list[int], column: int) -> int:
    product = 0
    for row in matrix:
        product = product << 1 | (row & column).bit_count() & 1
    return product


def generating_columns(dimension: int) -> tuple[int, ...]:
    """The 53 generating columns of a dimension of the unscrambled sequence, 53 bits each.

    v_k = m_k / 2**k, m_k = 2 c_1 m_(k-1) ^ 4 c_2 m_(k-2) ^ … ^ 2**s m_(k-s) ^ m_(k-s) with the coefficients c of
    the primitive polynomial of degree s (P. Bratley and B. L. Fox, Algorithm 659, ACM TOMS 14, 1988).
    """
    if not 0 <= dimension < DIMENSIONS:
        raise ValueError(f"Sobol numbers have dimensions 0 to {DIMENSIONS - 1}; there is no {dimension}.")
    polynomial, *numbers = _direction_numbers()[dimension]
    degree = polynomial.bit_length() - 1
    while len(numbers) < BITS:
        if degree == 0:
            numbers.append(1)
            continue
        following = numbers[-degree]
        for back in range(1, degree + 1):
            if polynomial >> (degree - back) & 1:
                following ^= numbers[-back] << back
        numbers.append(following)
    return tuple(number << (BITS - place) for place, number in enumerate(numbers, start=1))


@functools.cache
def _direction_numbers() -> tuple[tuple[int, ...], ...]:
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    return tuple(tuple(map(int, line.split())) for line in lines if not line.startswith("#"))
