"""Addressed randomness: a draw is a pure function of where it is used, never of what was drawn before.

One number per (seed, split, index, attempt, name of the draw). Adding a draw, or fixing one, leaves every
other as it was; that is what makes sweeps and matched pairs exact. The numbers come from
`numpy.random.SeedSequence`, whose output numpy promises to keep for ever (that of `Generator`'s
distributions it does not), and every distribution is an inverse cumulative function of a single uniform
number.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Draws"]

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
