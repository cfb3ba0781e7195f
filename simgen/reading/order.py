"""In which order an epoch visits the clips: a pure function of (seed, epoch) and of the sizes of the shards.

Shuffling must not read a shard for a single clip, and must not need a buffer whose content a checkpoint
would have to save. So whole blocks of neighbouring clips (a row group of the Parquet files) are permuted,
the clips within each block are permuted, and the result is cut into `LANES` stretches which are then read
in turn: clip 0 of every stretch, clip 1 of every stretch, … Sixteen neighbours in the order come from
sixteen places of the dataset, each block is read once, and only one block per lane is in memory. Ranks
whose number divides `LANES` share no block, but for those in which two lanes meet.

Nothing is stored: any position of any epoch can be asked for. The random bits are those of numpy's
`SeedSequence`, which numpy promises to keep for ever.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["LANES", "Order", "block_sizes"]

LANES = 16


def block_sizes(shard_clips: Sequence[int], rows: int, total: int) -> NDArray[np.int64]:
    """The sizes of the blocks of at most `rows` clips that shards of these sizes fall into, in order, of
    the first `total` clips.
    """
    clips = np.asarray(shard_clips, np.int64)
    counts = -(-clips // rows)
    sizes = np.full(int(counts.sum()), rows, np.int64)
    ends = np.cumsum(counts)
    sizes[ends[counts > 0] - 1] = (clips - (counts - 1) * rows)[counts > 0]
    stops = np.cumsum(sizes)
    kept = int(np.searchsorted(stops, total))
    if kept < len(sizes):
        sizes = sizes[: kept + 1].copy()
        sizes[-1] -= stops[kept] - total
    return sizes[sizes > 0]


class Order:
    """The order of one epoch: `order[position]` is the number of a clip, for positions 0 … len - 1.

    blocks: sizes of the blocks of neighbouring clips that are read together, see `block_sizes`.
    """

    def __init__(self, blocks: NDArray[np.int64], shuffle: bool, seed: int, epoch: int) -> None:
        self._length = int(blocks.sum())
        self._shuffle, self._seed, self._epoch = shuffle, seed, epoch
        if shuffle:
            self._first = np.cumsum(blocks) - blocks  # number of a block's first clip
            self._blocks = _permutation(len(blocks), seed, epoch, "blocks")
            self._sizes = blocks[self._blocks]
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
            self._within[block] = _permutation(size, self._seed, self._epoch, "rows", block)
            if len(self._within) > 2 * LANES:
                self._within.popitem(last=False)
        return self._within[block]


def _permutation(length: int, seed: int, epoch: int, name: str, block: int = 0) -> NDArray[np.int64]:
    """0 … length - 1 in the order of one random number each."""
    key = (zlib.crc32(name.encode()), epoch & 0xFFFFFFFF, epoch >> 32, block & 0xFFFFFFFF, block >> 32)
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=key)
    return np.argsort(sequence.generate_state(length, np.uint64), kind="stable")
