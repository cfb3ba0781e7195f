"""Shards: a partition of every split, stable when it grows, lazy."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simgen.build.plan import Plan, ShardPlan, ShardPlans, Share

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


@given(COUNTS, st.integers(1, 64), st.sets(st.integers(0, 600)), st.integers(-4, 4))
def test_some_shards_are_what_a_list_of_them_would_be(
    counts: dict[str, int], clips_per_shard: int, places: set[int], first: int
) -> None:
    plan = Plan(counts, clips_per_shard)
    chosen = [shard for place, shard in enumerate(plan.shards()) if place in places]
    found = ShardPlans(plan, iter(chosen))
    assert len(found) == len(chosen)
    assert list(found) == chosen
    assert [found[place] for place in range(-len(chosen), len(chosen))] == chosen * 2
    assert list(found[first:]) == chosen[first:]
    assert all(shard in found for shard in chosen)


def test_what_is_missing_of_ten_million_clips_takes_little_memory() -> None:
    plan = Plan({"train": 9_000_000, "test": 1_000_000}, 256)
    tracemalloc.start()
    assert sum(shard.clips for shard in ShardPlans(plan, plan.shards())) == 10_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * plan.shard_count  # bytes


@given(COUNTS, st.integers(1, 64), st.integers(1, 5))
def test_the_largest_shard(counts: dict[str, int], clips_per_shard: int, group: int) -> None:
    ladders = {"train": (7, 20)} if "train" in counts else {}
    plan = Plan(counts, clips_per_shard, ladders, dict.fromkeys(counts, group))
    assert plan.largest_shard == max((shard.clips for shard in plan.shards()), default=0)
