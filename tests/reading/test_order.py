"""The order of an epoch: every clip once, a function of (seed, epoch) alone, no stored state, well mixed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simgen.errors import DatasetError
from simgen.reading.order import LANES, Order, blocks_of
from simgen.reading.progress import Progress, Share

SHARDS = st.lists(st.integers(1, 70), min_size=1, max_size=12)


@given(SHARDS, st.data())
def test_blocks_cover_the_clips_and_never_cross_a_shard(shards: list[int], data: st.DataObject) -> None:
    take = data.draw(st.integers(0, sum(shards)))
    blocks = blocks_of(shards, 16, take)
    sizes = blocks.sizes.tolist()
    assert sum(sizes) == take and all(0 < size <= 16 for size in sizes)
    ends = set(np.cumsum(sizes).tolist())
    assert {end for end in np.cumsum(shards).tolist() if end <= take} <= ends
    of_clip = np.repeat(np.arange(len(shards)), shards)[:take]
    assert np.repeat(blocks.shards, blocks.sizes).tolist() == of_clip.tolist()


@given(SHARDS, st.integers(0, 2**70), st.integers(0, 2**40))
def test_every_clip_once(shards: list[int], seed: int, epoch: int) -> None:
    total = sum(shards)
    order = Order(blocks_of(shards, 16, total), True, seed, epoch)
    assert sorted(order[position] for position in range(len(order))) == list(range(total))
    again = Order(blocks_of(shards, 16, total), True, seed, epoch)
    backwards = [again[position] for position in reversed(range(total))]
    assert backwards[::-1] == [order[position] for position in range(total)], (
        "it depends on what was asked before"
    )


def test_seeds_and_epochs_differ() -> None:
    blocks = blocks_of([256] * 4, 16, 1024)
    orders = {
        (seed, epoch): tuple(Order(blocks, True, seed, epoch)[position] for position in range(1024))
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(set(orders.values())) == 9
    assert [Order(blocks, False, 1, 1)[position] for position in range(1024)] == list(range(1024))


def test_the_order_is_the_same_in_another_process() -> None:
    code = (
        "from simgen.reading.order import Order, blocks_of;"
        "order = Order(blocks_of([100, 37], 16, 137), True, 5, 2);"
        "print([order[position] for position in range(137)])"
    )
    printed = {
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout for _ in range(2)
    }
    order = Order(blocks_of([100, 37], 16, 137), True, 5, 2)
    assert printed == {f"{[order[position] for position in range(137)]}\n".encode()}


def test_neighbours_in_the_order_come_from_many_places() -> None:
    """Of 16 consecutive clips hardly two are of one block, and where a clip comes does not tell its number."""
    total = 256 * 40
    order = Order(blocks_of([256] * 40, 16, total), True, 0, 0)
    numbers = np.array([order[position] for position in range(total)])
    windows = (numbers // 16).reshape(-1, 16)
    assert np.mean([len(set(window)) for window in windows.tolist()]) > 15.5
    # a permutation drawn uniformly has a correlation of 0 +- 1/sqrt(n); shards of 256 make that 16 times as wide
    assert abs(np.corrcoef(np.arange(total), numbers)[0, 1]) < 4 * 16 / np.sqrt(total)


def test_a_shard_is_read_in_one_go() -> None:
    """A cache of two shards per lane, which drops what was used longest ago, fetches each shard once; those in
    which two lanes meet twice, at most."""
    order = Order(blocks_of([256] * 100, 16, 25600), True, 2, 5)
    cached: dict[int, None] = {}
    fetched = 0
    for position in range(25600):
        shard = order[position] // 256
        fetched += shard not in cached
        cached.pop(shard, None)
        cached[shard] = None
        if len(cached) > 2 * LANES:
            del cached[next(iter(cached))]
    assert 100 <= fetched <= 100 + LANES - 1


def test_few_blocks_are_open_at_a_time() -> None:
    """Any 16 LANES consecutive positions touch each lane's block and at most one more per lane."""
    total = 256 * 40
    order = Order(blocks_of([256] * 40, 16, total), True, 3, 1)
    blocks = np.array([order[position] for position in range(total)]) // 16
    latest: dict[int, int] = {}
    for position, block in enumerate(blocks.tolist()):
        if block in latest:
            since = set(blocks[latest[block] + 1 : position].tolist())
            assert len(since) <= LANES + 1, "a reader that keeps so many blocks would have to read one twice"
        latest[block] = position


@given(st.integers(1, 90), st.data(), st.integers(1, 20), st.sampled_from(["pad", "drop"]))
def test_ranks_are_disjoint_complete_and_even(clips: int, data: st.DataObject, ranks: int, tail: str) -> None:
    start = data.draw(st.integers(0, clips - 1))
    shares = [Share(rank, ranks, tail) for rank in range(ranks)]
    places = [
        [share.position(turn, clips, start) for turn in range(share.count(clips, start))] for share in shares
    ]
    assert len({len(own) for own in places}) == 1, "ranks of different lengths wait for each other for ever"
    together = [place for turn in zip(*places, strict=True) for place in turn]
    left = clips - start
    if tail == "drop":
        assert together == list(range(start, start + left - left % ranks))
    else:
        assert together[:left] == list(range(start, clips))
        assert together[left:] == [place % clips for place in range(len(together) - left)]


@given(st.integers(1, 90), st.data())
def test_other_ranks_go_on_where_the_first_stopped(clips: int, data: st.DataObject) -> None:
    """Stop after any number of turns, change the number of ranks, stop again, …: every clip exactly once."""
    seen: list[int] = []
    start = 0
    while start < clips:
        ranks = data.draw(st.integers(1, 7))
        shares = [Share(rank, ranks, "pad") for rank in range(ranks)]
        turns = data.draw(st.integers(1, shares[0].count(clips, start)))
        here = [share.position(turn, clips, start) for turn in range(turns) for share in shares]
        used = shares[0].used(turns, clips, start)
        seen += here[: used - start]
        start = used
    assert seen == list(range(clips))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Share(2, 2), "rank=2 of ranks=2: ranks count from 0 to ranks - 1"),
        (lambda: Share(0, 1, "even"), "tail='even' is not known: it is 'pad' or 'drop'"),
        (
            lambda: Share(0, 1, "dorp"),
            "tail='dorp' is not known: it is 'pad' or 'drop'. Did you mean 'drop'?",
        ),
        (lambda: Share("0", 2), "rank='0': it is a whole number from 0 on"),  # type: ignore[arg-type]
        (lambda: Share(0, 0), "rank=0 of ranks=0"),
        (lambda: Progress.from_state({}, 3, True), "This is no state of a reader"),
        (
            lambda: Progress.from_state(Progress(0, 0, 2, 4, 1).to_state(), 3, True),
            "The state was saved while reading 4 clips, here are 3",
        ),
        (
            lambda: Progress.from_state(Progress(0, 0, 2, 3, 0).to_state(), 3, True),
            "The state was saved while reading without shuffle, this dataset was opened with it",
        ),
        (lambda: Progress.from_state(Progress(0, 0, -1, 3, 1).to_state(), 3, True), "The state is damaged"),
        (lambda: Progress.from_state(Progress(-1, 0, 1, 3, 1).to_state(), 3, True), "The state is damaged"),
    ],
)
def test_mistakes_are_said_in_a_sentence(make: object, said: str) -> None:
    with pytest.raises(DatasetError) as caught:
        make()  # type: ignore[operator]
    assert str(caught.value).startswith(said)
