"""Shards: a partition of every split, stable when it grows, lazy."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simgen.build.plan import Plan, ShardPlan, Share

COUNTS = st.dictionaries(st.sampled_from(["train", "test", "ood"]), st.integers(0, 300), min_size=1)


@given(COUNTS, st.integers(1, 64))
def test_every_clip_is_in_exactly_one_shard(counts: dict[str, int], clips_per_shard: int) -> None:
    plan = Plan(counts, clips_per_shard)
    shards = list(plan.shards())
    clips = [(shard.split, index) for shard in shards for index in range(shard.start, shard.stop)]
    assert clips == [(split, index) for split, count in counts.items() for index in range(count)]
    assert all(1 <= shard.clips <= clips_per_shard for shard in shards)
    assert len(shards) == plan.shard_count
    assert sum(shard.clips for shard in shards) == plan.clips


@given(COUNTS, st.integers(1, 64))
def test_a_shard_can_be_asked_for_by_its_number(counts: dict[str, int], clips_per_shard: int) -> None:
    plan = Plan(counts, clips_per_shard)
    for shard in plan.shards():
        assert plan.shard(shard.split, shard.number) == shard
        assert shard.count == plan.shards_of(shard.split)


@given(st.integers(1, 500), st.integers(0, 500), st.integers(1, 64))
def test_a_larger_count_keeps_every_full_shard(count: int, more: int, clips_per_shard: int) -> None:
    small = list(Plan({"train": count}, clips_per_shard).shards())
    large = list(Plan({"train": count + more}, clips_per_shard).shards())
    for before, after in zip(small, large, strict=False):
        if before.clips == clips_per_shard:
            assert (before.number, before.start, before.stop) == (after.number, after.start, after.stop)


def test_no_shard_beyond_the_last() -> None:
    with pytest.raises(IndexError, match="split train has 2 shards, there is no shard 2"):
        Plan({"train": 10}, 8).shard("train", 2)


def test_names_are_those_of_the_files() -> None:
    assert str(ShardPlan("train", 3, 40, 768, 1024)) == "train-00003-of-00040"


def test_ten_million_clips_take_no_memory() -> None:
    plan = Plan({"train": 10_000_000}, 256)
    tracemalloc.start()
    assert sum(shard.clips for shard in plan.shards()) == 10_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert plan.shard_count == 39_063
    assert peak < 100_000  # bytes; a list of the shards would take 5 MB
    assert len(list(itertools.islice(plan.shards(), 3))) == 3


@given(COUNTS, st.integers(1, 64), st.integers(1, 12))
def test_every_shard_is_in_the_share_of_exactly_one_task(
    counts: dict[str, int], clips_per_shard: int, tasks: int
) -> None:
    plan = Plan(counts, clips_per_shard)
    shares = [list(Share.parse(f"{task}/{tasks}").of(plan.shards())) for task in range(tasks)]
    made = [shard for share in shares for shard in share]
    assert len(made) == len(set(made)) == plan.shard_count
    assert set(made) == set(plan.shards())
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
