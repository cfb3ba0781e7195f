"""What `simgen check` says of the Hub's limits, and that they are met by whoever does as it says."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simgen.build.plan import Plan
from simgen.publish.limits import hub_outlook

PARQUET, ALL = {"data": 80_000.0}, {"data": 50_000.0, "dense": 130_000.0, "webdataset": 210_000.0}


def test_a_dataset_that_meets_them() -> None:
    found = hub_outlook(Plan({"train": 1000, "test": 100}, 256), ALL, {"data": 5, "webdataset": 9})
    assert (found.met, found.advice) == (True, ())
    assert (found.files_per_folder, found.files_per_repository, found.files_per_commit) == (5, 10, 10)
    assert found.largest_file == 256 * 210_000 + 9


@pytest.mark.parametrize(
    ("plan", "bytes_per_clip", "advice"),
    [
        (
            Plan({"train": 10_000_000}, 256),
            PARQUET,
            "a folder would have 39,063 files, the Hub takes 10,000 per folder: set output.clips_per_shard: 1000",
        ),
        (
            Plan({"train": 3_000_000, "test": 10_001}, 16),
            PARQUET,
            "a folder would have 188,126 files, the Hub takes 10,000 per folder: set output.clips_per_shard: 310",
        ),
        (
            Plan({"train": 1_000_000}, 100_000),
            {"data": 4e6},
            "a file in data/ would have 400 GB, the Hub advises at most 200 GB and takes 500 GB: "
            "set output.clips_per_shard: 50000",
        ),
        (
            Plan({"train": 2_000_000_000}, 1000),
            PARQUET,
            "a folder would have 2,000,000 files, the Hub takes 10,000 per folder: "
            "it is too large for one repository, make it as several datasets",
        ),
    ],
)
def test_one_that_does_not_is_told_what_to_change(
    plan: Plan, bytes_per_clip: dict[str, float], advice: str
) -> None:
    found = hub_outlook(plan, bytes_per_clip, {})
    assert not found.met
    assert found.advice == (advice,)


@given(
    st.dictionaries(st.sampled_from(["train", "test", "ood"]), st.integers(1, 20_000_000), min_size=1),
    st.integers(1, 40),
    st.integers(1, 24),
    st.sets(st.integers(1, 10_000_000), max_size=4),
)
def test_the_advice_is_enough(
    counts: dict[str, int], clips_per_shard: int, group: int, ladder: set[int]
) -> None:
    split = next(iter(counts))
    plan = Plan(counts, clips_per_shard, {split: tuple(sorted(ladder))}, {split: group})
    found = hub_outlook(plan, ALL, {})
    if found.met:
        assert plan.shard_count <= 10_000
        return
    (sentence,) = found.advice
    asked = re.search(r"set output\.clips_per_shard: (\d+)$", sentence)
    assert asked is not None
    better = dataclasses.replace(plan, clips_per_shard=int(asked[1]))
    assert hub_outlook(better, ALL, {}).met
    assert better.clips_per_shard <= 100_000
    assert better.shard_count >= 10_000 / 2  # no more than needed
