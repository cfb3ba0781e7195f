"""What is to be built: which clips go into which shard. Pure arithmetic, the same for 10 clips and for 10
million.

A split of n clips is cut into shards of `clips_per_shard`, the last one shorter. Raising n later leaves
every full shard what it was; only the number of shards in its file name changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Plan", "ShardPlan"]


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """Clips `start` … `stop - 1` of a split: the unit of work, of retry and of resume."""

    split: str
    number: int
    count: int  # shards in the split
    start: int
    stop: int

    @property
    def clips(self) -> int:
        return self.stop - self.start

    @property
    def indices(self) -> range:
        return range(self.start, self.stop)

    def __str__(self) -> str:
        return f"{self.split}-{self.number:05d}-of-{self.count:05d}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Clips per split, and how many go into a shard. Splits without clips have no shards."""

    clips_per_split: Mapping[str, int]
    clips_per_shard: int

    @property
    def clips(self) -> int:
        return sum(self.clips_per_split.values())

    @property
    def shard_count(self) -> int:
        return sum(self.shards_of(split) for split in self.clips_per_split)

    def shards_of(self, split: str) -> int:
        """How many shards the split has."""
        return -(-self.clips_per_split[split] // self.clips_per_shard)

    def shard(self, split: str, number: int) -> ShardPlan:
        count = self.shards_of(split)
        if not 0 <= number < count:
            raise IndexError(f"split {split} has {count} shards, there is no shard {number}")
        start = number * self.clips_per_shard
        return ShardPlan(
            split, number, count, start, min(start + self.clips_per_shard, self.clips_per_split[split])
        )

    def shards(self) -> Iterator[ShardPlan]:
        """Every shard in order, one at a time: nothing grows with their number."""
        for split in self.clips_per_split:
            for number in range(self.shards_of(split)):
                yield self.shard(split, number)
