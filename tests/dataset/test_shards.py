"""The list of shards: what a tuple of them would say, in a fraction of its memory."""

from __future__ import annotations

import hashlib
import pickle
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from simgen.dataset.shards import Shard, ShardList, shard_files
from simgen.dataset.storage import FileRecord


def shard(number: int, split: str = "train", count: int = 9, clips: int = 3) -> Shard:
    """As a build makes them."""
    paths = shard_files(split, number, count, ("parquet", "webdataset"), dense=True).values()
    files = {path: FileRecord(1000 + number, hashlib.sha256(path.encode()).hexdigest()) for path in paths}
    return Shard(split, number, number * clips, clips, files, bodies=number % 4)


# Whatever a manifest may say, a damaged or a hand-made one among them.
ODD = st.builds(
    Shard,
    split=st.sampled_from(["train", "test", "a-00001-of-b"]),
    shard=st.integers(-1, 2**70) | st.integers(0, 20),
    start=st.integers(0, 50),
    clips=st.integers(0, 9),
    files=st.dictionaries(
        st.sampled_from(
            ["data/train-00003-of-00009.parquet", "x", "data/-\0-of-", "a-00001-of-00001-of-b.tar"]
        ),
        st.builds(
            FileRecord,
            bytes=st.integers(-1, 2**65),
            sha256=st.sampled_from(["", "x" * 64, "AB" * 32, "ab" * 32, "ab " * 32, " " + "a" * 63]),
        ),
    ),
    bodies=st.integers(0, 5),
)
PLAIN = st.builds(
    shard, st.integers(0, 120_000), st.sampled_from(["train", "test"]), st.sampled_from([9, 123_456])
)


@settings(max_examples=60)
@given(st.lists(PLAIN | ODD, max_size=12), st.integers(-13, 13), st.integers(-13, 13))
def test_it_is_the_shards_that_were_put_in(shards: list[Shard], first: int, last: int) -> None:
    found = ShardList(shards)
    assert list(found) == shards
    assert [list(entry.files) for entry in found] == [list(entry.files) for entry in shards]
    assert found == tuple(shards)
    assert found != (*shards, shard(0))
    assert list(found[first:last]) == shards[first:last]
    assert found[:last] == ShardList(shards[:last])
    assert pickle.loads(pickle.dumps(found)) == found
    assert list(found.addresses) == [(entry.split, entry.shard) for entry in shards]
    assert found.byte_count == sum(record.bytes for entry in shards for record in entry.files.values())
    for split in {entry.split for entry in shards}:
        of_split = [entry for entry in shards if entry.split == split]
        assert list(found.of_split(split)) == of_split
        assert found.clips[split] == sum(entry.clips for entry in of_split)
    assert set(found.clips) == {entry.split for entry in shards}


def test_a_shard_of_three_files_takes_170_bytes() -> None:
    held = []
    tracemalloc.start()
    for count in (1000, 3000):
        before, _ = tracemalloc.get_traced_memory()
        shards = ShardList(shard(number, count=5000) for number in range(count))
        held.append(tracemalloc.get_traced_memory()[0] - before)
    tracemalloc.stop()
    assert len(shards) == 3000
    assert held[1] - held[0] < 2000 * 175  # bytes; the shards themselves take 1,200 each
