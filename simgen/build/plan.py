"""What is to be built: which clips go into which shard. Pure arithmetic, the same for 10 clips and for 10
million.

A split of n clips is cut into shards of `clips_per_shard`, the last one shorter. Raising n later leaves
every full shard what it was; only the number of shards in its file name changes. A shard also ends at every
size of a ladder, so that each nested training set is a list of files, and never within a group.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import overload

__all__ = ["Plan", "ShardPlan", "ShardPlans", "Share"]


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
    ladders: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # split -> increasing sizes
    group_sizes: Mapping[str, int] = field(default_factory=dict)  # split -> clips that stay together

    @property
    def clips(self) -> int:
        return sum(self.clips_per_split.values())

    @property
    def shard_count(self) -> int:
        return sum(self.shards_of(split) for split in self.clips_per_split)

    @property
    def largest_shard(self) -> int:
        """Clips in the shard that has the most."""
        return max(
            min(self._shard_size(split), stop - start)
            for split in self.clips_per_split
            for start, stop in self._stretches(split)
        )

    def shards_of(self, split: str) -> int:
        """How many shards the split has."""
        size = self._shard_size(split)
        return sum(-(-(stop - start) // size) for start, stop in self._stretches(split))

    def shard(self, split: str, number: int) -> ShardPlan:
        size, before = self._shard_size(split), 0
        for start, stop in self._stretches(split):
            count = -(-(stop - start) // size)
            if 0 <= number - before < count:
                first = start + (number - before) * size
                return ShardPlan(split, number, self.shards_of(split), first, min(first + size, stop))
            before += count
        raise IndexError(f"split {split} has {before} shards, there is no shard {number}")

    def shards(self) -> Iterator[ShardPlan]:
        """Every shard in order, one at a time: nothing grows with their number."""
        for split in self.clips_per_split:
            size, number, count = self._shard_size(split), 0, self.shards_of(split)
            for start, stop in self._stretches(split):
                for first in range(start, stop, size):
                    yield ShardPlan(split, number, count, first, min(first + size, stop))
                    number += 1

    def _shard_size(self, split: str) -> int:
        """Clips in a full shard: whole groups."""
        group = self.group_sizes.get(split, 1)
        return max(self.clips_per_shard // group, 1) * group

    def _stretches(self, split: str) -> list[tuple[int, int]]:
        """What lies between the sizes of its ladder."""
        clips = self.clips_per_split[split]
        ends = [0, *(size for size in self.ladders.get(split, ()) if size < clips), clips]
        return list(pairwise(ends))


class ShardPlans(Sequence[ShardPlan]):
    """Some shards of a plan, in its order: eight bytes each, where a list of them would take two hundred."""

    def __init__(self, plan: Plan, shards: Iterable[ShardPlan]) -> None:
        self._plan = plan
        self._firsts: dict[str, int] = {}  # split -> place of its first shard among all
        before = 0
        for split in plan.clips_per_split:
            self._firsts[split] = before
            before += plan.shards_of(split)
        self._places = array("Q", (self._firsts[shard.split] + shard.number for shard in shards))

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> ShardPlan: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[ShardPlan]: ...
    def __getitem__(self, place: int | slice) -> ShardPlan | Sequence[ShardPlan]:
        if isinstance(place, slice):
            return [self[entry] for entry in range(len(self))[place]]
        among_all = self._places[place]
        # the last that begins there or before: splits without clips begin where the next one does
        split, first = [entry for entry in self._firsts.items() if entry[1] <= among_all][-1]
        return self._plan.shard(split, among_all - first)

    def __iter__(self) -> Iterator[ShardPlan]:
        wanted = iter(self._places)
        place = next(wanted, None)
        for among_all, shard in enumerate(self._plan.shards()):
            if place is None:
                return
            if among_all == place:
                yield shard
                place = next(wanted, None)


@dataclass(frozen=True, slots=True)
class Share:
    """What one of `count` tasks makes: every `count`-th shard of the plan, so that each has some of every split."""

    task: int  # from 0
    count: int

    @classmethod
    def parse(cls, text: str) -> Share:
        """`3/8`, the fourth of eight tasks. Raises ValueError with a sentence."""
        match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
        if match is None:
            raise ValueError(f"{text!r} is not I/N, such as 0/8 for the first of 8 tasks.")
        task, count = int(match[1]), int(match[2])
        if count == 0:
            raise ValueError(f"{text} asks for none of no tasks; with one task it is 0/1.")
        if task >= count:
            raise ValueError(
                f"there is no task {text}: tasks are numbered from 0, the last of {count} is {count - 1}/{count}."
            )
        return cls(task, count)

    def of(self, shards: Iterable[ShardPlan]) -> Iterator[ShardPlan]:
        return islice(shards, self.task, None, self.count)

    def __str__(self) -> str:
        return f"{self.task}/{self.count}"
