"""Epochs of a dataset read in one process: shuffled, resumed before every clip, with damaged clips skipped."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simgen.errors import DatasetError
from simgen.reading import Dataset, open_dataset

FORMATS = ["parquet", "webdataset"]


def opened(folder: Path, **options: Any) -> Dataset:
    return open_dataset(
        folder, "train", **{"shuffle": True, "seed": 11, "start": "random", "frames": 4, **options}
    )


def fingerprint(clips: Any) -> list[tuple[str, int, float]]:
    return [(clip.key, int(clip.rgb.astype(int).sum()), float(np.abs(clip.state).sum())) for clip in clips]


@pytest.mark.parametrize("format", FORMATS)
def test_restored_before_every_clip(plain: Path, format: str) -> None:
    dataset = opened(plain, format=format)
    start = dataset.state_dict()
    states, whole = [start], []
    for clip in dataset:
        whole += fingerprint([clip])
        states.append(json.loads(json.dumps(dataset.state_dict())))
    assert len(whole) == 40 and len({entry[0] for entry in whole}) == 40
    second = fingerprint(dataset)
    assert [entry[0] for entry in second] != [entry[0] for entry in whole], "the next epoch has another order"
    for place, state in enumerate(states[:-1]):
        again = opened(plain, format=format, seed=99)
        again.load_state_dict(state)
        assert fingerprint(again) == whole[place:]
        if place % 13 == 0:
            assert fingerprint(again) == second, "and the epoch after it is whole"
    last = opened(plain, format=format)
    last.load_state_dict(states[-1])
    assert fingerprint(last) == second, "the state after the last clip is the start of the next epoch"


def test_both_formats_have_the_same_order(plain: Path) -> None:
    assert fingerprint(opened(plain)) == fingerprint(opened(plain, format="webdataset"))


def test_a_broken_off_pass_starts_again(plain: Path) -> None:
    dataset = opened(plain)
    first = next(iter(dataset)).key
    assert next(iter(dataset)).key == first
    dataset.set_epoch(4)
    assert next(iter(dataset)).key == next(iter(opened(plain, epoch=4))).key


def test_numbers_do_not_follow_the_shuffling(plain: Path) -> None:
    assert [clip.index for clip in opened(plain)[3:6]] == [3, 4, 5]
    assert [clip.index for clip in open_dataset(plain, "train")] == list(range(40))


def test_take_is_nested(plain: Path) -> None:
    small = {clip.key for clip in opened(plain, take=10)}
    assert small == {f"hand-train-{index:08d}" for index in range(10)}


def test_a_stream_resumes_like_the_dataset(plain: Path) -> None:
    stream = opened(plain).numpy(["state", "caption"])
    whole = [example["key"] for example in stream]
    assert stream.epoch == 1
    for stop in (1, 17, 39):
        broken = opened(plain).numpy(["state"])
        seen = []
        for example in broken:
            seen.append(example["key"])
            if len(seen) == stop:
                break
        assert broken.state_dict() == broken.state_dict(example)
        again = opened(plain).numpy(["caption"])
        again.load_state_dict(broken.state_dict())
        assert seen + [example["key"] for example in again] == whole


@pytest.mark.parametrize("kind", ["dataset", "stream"])
def test_moving_in_the_middle_of_a_pass_counts_for_the_next(plain: Path, kind: str) -> None:
    """The pass goes on to its own end; what was set is where the next one begins, and what a checkpoint says."""
    reader: Any = opened(plain, columns=["params"])
    reader = reader if kind == "dataset" else reader.numpy(["params"])

    def key(found: Any) -> str:
        return str(found.key if kind == "dataset" else found["key"])

    whole = [clip.key for clip in opened(plain)]
    seen = []
    for found in reader:
        seen.append(key(found))
        if len(seen) == 6:
            reader.set_epoch(7)
        if len(seen) >= 6:
            assert (reader.state_dict()["epoch"], reader.state_dict()["position"]) == (7, 0)
    assert seen == whole
    assert [key(found) for found in reader] == [clip.key for clip in opened(plain, epoch=7)]
    state = {**reader.state_dict(), "epoch": 2, "position": 30}
    passing = iter(reader)
    next(passing)
    reader.load_state_dict(state)
    next(passing)
    assert reader.state_dict() == state
    assert [key(found) for found in reader] == [clip.key for clip in opened(plain, epoch=2)][30:]


def test_a_forked_child_reads_for_itself(plain: Path) -> None:
    """Files that are open in the parent share their place with the child."""
    for format in FORMATS:
        dataset = opened(plain, format=format)
        expected = fingerprint(dataset[:40])
        dataset[0]  # open
        readers, writers = zip(*(os.pipe() for _ in range(2)), strict=True)
        children = []
        for writer in writers:
            child = os.fork()
            if child == 0:
                try:
                    os.write(writer, b"same" if fingerprint(dataset[:40]) == expected else b"other")
                finally:
                    os._exit(0)
            children.append(child)
        assert fingerprint(dataset[:40]) == expected
        for child in children:
            os.waitpid(child, 0)
        assert [os.read(reader, 10) for reader in readers] == [b"same", b"same"]
        for handle in (*readers, *writers):
            os.close(handle)


def damaged(folder: Path, target: Path) -> tuple[Path, set[str]]:
    """A copy with one clip's video destroyed in the tar, and a whole row group in the Parquet file."""
    shutil.copytree(folder, target)
    dataset = open_dataset(folder, "train")
    video = dataset[20].video_bytes()
    tar = next((target / "webdataset").glob("train-00001*"))
    content = tar.read_bytes()
    place = content.index(video)
    tar.write_bytes(content[: place + 8] + b"\0" * (len(video) - 8) + content[place + len(video) :])
    parquet = next((target / "data").glob("train-00001*"))
    content = parquet.read_bytes()
    place = content.index(video)
    parquet.write_bytes(content[: place + 8] + b"\0" * (len(video) - 8) + content[place + len(video) :])
    return target, {dataset[20].key}


@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_clip_names_shard_and_key(plain: Path, tmp_path: Path, format: str) -> None:
    folder, bad = damaged(plain, tmp_path / "damaged")
    stream = opened(folder, format=format).numpy()
    with pytest.raises(DatasetError) as caught:
        list(stream)
    assert "train-00001-of-00003" in str(caught.value)
    assert next(iter(bad)) in str(caught.value)


@pytest.mark.parametrize("format", FORMATS)
def test_damaged_clips_are_skipped_and_counted(plain: Path, tmp_path: Path, format: str) -> None:
    folder, bad = damaged(plain, tmp_path / "damaged")
    dataset = opened(folder, format=format, on_error="skip")
    with pytest.warns(RuntimeWarning, match=next(iter(bad))):
        read = [clip.key for clip in dataset]
    order = [clip.key for clip in opened(plain)]
    assert read == [key for key in order if key not in bad]
    assert set(dataset.skipped) == bad
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        examples = list(opened(folder, format=format, on_error="skip").numpy())
    assert len(examples) == 40, (
        "the place of a skipped clip is taken by the next, so that batches keep their size"
    )
    assert [example["skipped"] for example in examples] == [int(key in bad) for key in order]
    place = order.index(next(iter(bad)))
    assert examples[place]["key"] == order[(place + 1) % 40]


def test_a_missing_shard_is_skipped_too(plain: Path, tmp_path: Path) -> None:
    shutil.copytree(plain, tmp_path / "short")
    next((tmp_path / "short" / "data").glob("train-00001*")).unlink()
    with pytest.raises(DatasetError, match="train-00001-of-00003"):
        list(opened(tmp_path / "short"))
    dataset = opened(tmp_path / "short", on_error="skip")
    with pytest.warns(RuntimeWarning, match="train-00001-of-00003"):
        read = {clip.index for clip in dataset}
    assert read == {*range(14), *range(28, 40)} and len(dataset.skipped) == 14


def test_skipping_keeps_what_is_whole(dense: Path) -> None:
    """A stride leaves no flow between its frames: that is no damage. What was decoded ahead belongs to the caller."""
    dataset = open_dataset(dense, "train", passes=["flow", "depth"], frames=2, stride=2, on_error="skip")
    clips = list(dataset)
    assert len(clips) == 6 and not dataset.skipped
    first = clips[0].rgb
    expected = first.copy()
    first[:] = 0
    assert np.array_equal(clips[0].rgb, expected)


def test_wrong_requests(plain: Path) -> None:
    for options, said in (
        ({"on_error": "ignore"}, "on_error='ignore': it is 'raise' or 'skip'"),
        ({"epoch": -1}, "epoch=-1: it is a whole number from 0 on"),
        ({"seed": "a"}, "seed='a': it is a whole number from 0 on"),
        ({"take": 1.5}, "take=1.5: it is a whole number from 0 on"),
        ({"shuffle": "yes"}, "shuffle='yes': it is True or False"),
    ):
        with pytest.raises(DatasetError) as caught:
            opened(plain, **options)
        assert said in str(caught.value)
    assert opened(plain, seed=np.int64(11)).state_dict() == opened(plain).state_dict()
    with pytest.raises(DatasetError, match="epoch=-1: it is a whole number"):
        opened(plain).numpy().set_epoch(-1)
    with pytest.raises(TypeError, match=r"unexpected argument 'frame'. Did you mean 'frames'"):
        open_dataset(plain, frame=3)
