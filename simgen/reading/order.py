"""In which order an epoch visits the clips: a pure function of (seed, epoch) and of the sizes of the shards.

Shuffling must not read a shard for a single clip, and must not need a buffer whose content a checkpoint
would have to save. So the shards are permuted, in each of them its blocks of neighbouring clips (a row group
of the Parquet files), in each of these its clips, and the result is cut into `LANES` stretches which are then
read in turn: clip 0 of every stretch, clip 1 of every stretch, … Sixteen neighbours in the order come from
sixteen places of the dataset; each block is read once; only one block per lane is in memory; a cache that
holds two shards per lane fetches each shard once, those in which two lanes meet twice. Ranks whose number
divides `LANES` share no shard, but for those in which two lanes meet.

Nothing is stored: any position of any epoch can be asked for. The random bits are those of numpy's
`SeedSequence`, which numpy promises to keep for ever.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LANES", "Blocks", "Order", "blocks_of"]

LANES = 16


class Blocks(NamedTuple):
    """Neighbouring clips that are read together, in the order of the dataset; one entry per block."""

    sizes: NDArray[np.int64]  # clips
    shards: NDArray[np.int64]  # number of the shard that a block is in


def blocks_of(shard_clips: Sequence[int], rows: int, total: int) -> Blocks:
    """The blocks of at most `rows` clips that shards of these sizes fall into, of the first `total` clips."""
    clips = np.asarray(shard_clips, np.int64)
    counts = -(-clips // rows)
    sizes = np.full(int(counts.sum()), rows, np.int64)
    ends = np.cumsum(counts)
    sizes[ends[counts > 0] - 1] = (clips - (counts - 1) * rows)[counts > 0]
    before = np.cumsum(sizes) - sizes
    sizes = np.minimum(sizes, total - before)  # `take` may end within a block
    kept = sizes > 0
    return Blocks(sizes[kept], np.repeat(np.arange(len(clips)), counts)[kept])


class Order:
    """The order of one epoch: `order[position]` is the number of a clip, for positions 0 … len - 1."""

    def __init__(self, blocks: Blocks, shuffle: bool, seed: int, epoch: int) -> None:
        self._length = int(blocks.sizes.sum())
        self._shuffle, self._seed, self._epoch = shuffle, seed, epoch
        if shuffle:
            self._first = np.cumsum(blocks.sizes) - blocks.sizes  # number of a block's first clip
            shards = int(blocks.shards[-1]) + 1 if len(blocks.shards) else 0
            by_shard = _bits(shards, seed, epoch, "shards")[blocks.shards]
            by_block = _bits(len(blocks.sizes), seed, epoch, "blocks")
            self._blocks = np.lexsort((by_block, by_shard))
            self._sizes = blocks.sizes[self._blocks]
            self._ends = np.cumsum(self._sizes)  # in the sequence of all permuted blocks
            lengths = (self._length - np.arange(LANES) + LANES - 1) // LANES
            self._lanes = np.cumsum(lengths) - lengths  # where each stretch starts in that sequence
            self._within: OrderedDict[int, NDArray[np.int64]] = OrderedDict()

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, position: int) -> int:
        if not 0 <= position < self._length:
            raise IndexError(f"position {position} of {self._length}")
        if not self._shuffle:
            return position
        row, lane = divmod(position, LANES)
        place = int(self._lanes[lane]) + row
        turn = int(np.searchsorted(self._ends, place, side="right"))
        block = int(self._blocks[turn])
        start = int(self._ends[turn] - self._sizes[turn])
        return int(self._first[block]) + int(self._permuted(block, int(self._sizes[turn]))[place - start])

    def _permuted(self, block: int, size: int) -> NDArray[np.int64]:
        if block not in self._within:
            bits = _bits(size, self._seed, self._epoch, "rows", block)
            self._within[block] = np.argsort(bits, kind="stable")
            if len(self._within) > 2 * LANES:
                self._within.popitem(last=False)
        return self._within[block]


def _bits(length: int, seed: int, epoch: int, name: str, block: int = 0) -> NDArray[np.uint64]:
    """A random number each."""
    key = (zlib.crc32(name.encode()), epoch & 0xFFFFFFFF, epoch >> 32, block & 0xFFFFFFFF, block >> 32)
    words = np.random.SeedSequence(entropy=seed, spawn_key=key).generate_state(length, np.uint64)
    return words.astype(np.uint64, copy=False)
