"""Addressed randomness: a draw is a pure function of where it is used, never of what was drawn before.

One number per (seed, split, index, attempt, name of the draw). Adding a draw, or fixing one, leaves every
other as it was; that is what makes sweeps and matched pairs exact. The numbers come from
`numpy.random.SeedSequence`, whose output numpy promises to keep for ever (that of `Generator`'s
distributions it does not), and every distribution is an inverse cumulative function of a single uniform
number. `column` gives the numbers of many clips at once.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Draws", "column"]

T = TypeVar("T")


@functools.lru_cache(maxsize=4096)
def _words(name: str) -> tuple[int, int]:
    """Two 32-bit words of a name: a stable hash (Python's own changes with the process)."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


@dataclass(frozen=True, slots=True)
class Draws:
    """The address of one attempt at one clip; its methods name the draw. Seeds are below 2**64."""

    seed: int
    split: str
    index: int
    attempt: int = 0
    prefix: str = ""

    def under(self, prefix: str) -> Draws:
        """The same address, names under `prefix.`: `draws.under("look")("hue")` is `draws("look.hue")`."""
        return replace(self, prefix=f"{self.prefix}{prefix}.")

    def bits(self, name: str) -> int:
        """64 uniform bits."""
        low, high = self._sequence(name).generate_state(2, np.uint32)
        return int(high) << 32 | int(low)

    def _sequence(self, name: str) -> np.random.SeedSequence:
        key = (
            *(self.seed & 0xFFFFFFFF, self.seed >> 32, 0, 0),
            *_words(self.split),
            self.index & 0xFFFFFFFF,
            self.index >> 32,
            self.attempt,
            *_words(self.prefix + name),
        )
        # The words that `SeedSequence(entropy=seed, spawn_key=(split, …, name))` puts together itself, at four times the cost.
        return np.random.SeedSequence(np.array(key, dtype=np.uint32))

    def __call__(self, name: str) -> float:
        """A uniform number in [0, 1), a multiple of 2**-53."""
        return (self.bits(name) >> 11) * 2.0**-53

    def many(self, name: str, count: int) -> NDArray[np.float64]:
        """`count` independent numbers of the same kind, (count,); the first is the draw's own."""
        words = self._sequence(name).generate_state(2 * count, np.uint32).astype(np.uint64)
        bits = words[1::2] << np.uint64(32) | words[::2]
        return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def between(self, name: str, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self(name)

    def choice(self, name: str, options: Sequence[T]) -> T:
        """One of `options`, all equally likely."""
        return options[min(int(self(name) * len(options)), len(options) - 1)]


# Constants of numpy.random.SeedSequence; its algorithm is M. E. O'Neill's seed_seq_fe128 (public domain or MIT).
_INIT_A, _MULT_A = 0x43B0D7E5, 0x931E8875
_INIT_B, _MULT_B = 0x8B51F9DD, 0x58F38DED
_MIX_LEFT, _MIX_RIGHT = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
_POOL = 4

_Words = NDArray[np.uint32]


def column(
    seed: int, split: str, indices: ArrayLike, name: str, attempt: int = 0, prefix: str = ""
) -> NDArray[np.float64]:
    """`Draws(seed, split, index, attempt, prefix)(name)` of every index, (n,): the very same numbers, a hundred times as
    fast.

    What numpy.random.SeedSequence does to one key, done to n keys that differ in the index alone.
    """
    index = np.asarray(indices, dtype=np.uint64).reshape(-1)
    low, high = (index & np.uint64(0xFFFFFFFF)).astype(np.uint32), (index >> np.uint64(32)).astype(np.uint32)
    if not high.any():
        high = high[:1]  # the same for all: broadcast
    one = [
        np.array([word], dtype=np.uint32)
        for word in (seed & 0xFFFFFFFF, seed >> 32, 0, 0, *_words(split), attempt, *_words(prefix + name))
    ]
    words = _state(_pool([*one[:6], low, high, *one[6:]]))
    bits = words[1].astype(np.uint64) << np.uint64(32) | words[0]
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _pool(key: Sequence[_Words]) -> list[_Words]:
    """The four mixed words of a key of at least four words, each an array over clips."""
    constants = _constants(_INIT_A, _MULT_A)
    pool = [_hashed(word, *next(constants)) for word in key[:_POOL]]
    for source in range(_POOL):
        for target in range(_POOL):
            if source != target:
                pool[target] = _mixed(pool[target], _hashed(pool[source], *next(constants)))
    for word in key[_POOL:]:
        for target in range(_POOL):
            pool[target] = _mixed(pool[target], _hashed(word, *next(constants)))
    return pool


def _state(pool: Sequence[_Words]) -> tuple[_Words, _Words]:
    """The first two words that the sequence generates."""
    constants = _constants(_INIT_B, _MULT_B)
    return _hashed(pool[0], *next(constants)), _hashed(pool[1], *next(constants))


def _constants(first: int, factor: int) -> Iterator[tuple[np.uint32, np.uint32]]:
    """What each hash adds without carry and multiplies with, hash by hash."""
    while True:
        following = first * factor & 0xFFFFFFFF
        yield np.uint32(first), np.uint32(following)
        first = following


def _hashed(word: _Words, added: np.uint32, factor: np.uint32) -> _Words:
    product = (word ^ added) * factor
    hashed: _Words = product ^ (product >> np.uint32(16))
    return hashed


def _mixed(a: _Words, b: _Words) -> _Words:
    difference = a * _MIX_LEFT - b * _MIX_RIGHT
    mixed: _Words = difference ^ (difference >> np.uint32(16))
    return mixed
