"""Which shards are done, what a folder refuses, and how a dataset grows."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tracemalloc
from pathlib import Path

import pytest

from simgen import GENERATOR_VERSION
from simgen.build.packing import clip_path
from simgen.build.plan import Plan
from simgen.build.resume import Scan, Target, prepare, sweep
from simgen.build.shard import generate_shard
from simgen.dataset.manifest import Marker, Shard
from simgen.dataset.storage import FileRecord
from simgen.errors import BuildError
from tests.build.hand import FORMATS, BuildRecipe, Output, complete, content, lay_out_clips

RECIPE = BuildRecipe()
PLAN = Plan({"train": 10, "test": 2}, 4)
SHARDS = ["train-00000-of-00003", "train-00001-of-00003", "train-00002-of-00003", "test-00000-of-00001"]


def pending(folder: Path, plan: Plan = PLAN, recipe: BuildRecipe = RECIPE) -> list[str]:
    return [str(shard) for shard in Scan(folder, recipe, plan, FORMATS).pending()]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "hand"
    assert complete(folder, RECIPE, PLAN) == SHARDS
    return folder


@pytest.fixture
def dataset(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "hand"))


def test_a_finished_dataset_has_nothing_to_do(dataset: Path) -> None:
    before = content(dataset)
    assert complete(dataset, RECIPE, PLAN) == []
    assert content(dataset) == before


def test_a_shard_takes_the_clips_that_wait_and_leaves_none(dataset: Path) -> None:
    assert not list((dataset / ".simgen" / "clips").iterdir())
    assert not list((dataset / ".simgen" / "unfinished").iterdir())


@pytest.mark.parametrize("kind", ["data", "webdataset"])
def test_a_truncated_shard_is_made_again_and_no_other(finished: Path, dataset: Path, kind: str) -> None:
    path = sorted((dataset / kind).glob("train-00001*"))[0]
    path.write_bytes(path.read_bytes()[:-7])
    assert complete(dataset, RECIPE, PLAN) == ["train-00001-of-00003"]
    assert content(dataset) == content(finished)


def edit(path: Path) -> None:
    """Another byte, the same size, and the old time of modification."""
    stamp = path.stat()
    with path.open("r+b") as file:
        file.seek(100)
        byte = file.read(1)
        file.seek(100)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def test_an_edited_shard_of_the_same_size_is_made_again(finished: Path, dataset: Path) -> None:
    edit(sorted((dataset / "data").glob("train-00001*"))[0])
    assert complete(dataset, RECIPE, PLAN) == ["train-00001-of-00003"]
    assert content(dataset) == content(finished)


@pytest.mark.parametrize("days", [1, -1])
def test_an_edit_under_a_clock_that_jumped_is_found(finished: Path, dataset: Path, days: int) -> None:
    """The marker has the times of a day off, as a clock leaves them that has been put right since."""
    marker = dataset / ".simgen/markers/train-00001-of-00003.json"
    jumped = marker.stat().st_mtime_ns + days * 86_400 * 10**9
    os.utime(marker, ns=(jumped, jumped))
    edit(sorted((dataset / "data").glob("train-00001*"))[0])
    assert complete(dataset, RECIPE, PLAN) == ["train-00001-of-00003"]
    assert content(dataset) == content(finished)


def test_a_copy_is_read_once_and_then_trusted(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in dataset.glob("data/*"):
        path.touch()
    assert pending(dataset) == []
    monkeypatch.setattr("simgen.build.resume._sha256", lambda path: pytest.fail(f"{path} was read again"))
    assert pending(dataset) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 1}', '{"shard": {"split": 3}}', "\xff\xfe", '{"format": "x"}']
)
def test_a_corrupt_marker_counts_as_none(finished: Path, dataset: Path, text: str) -> None:
    (dataset / ".simgen/markers/train-00000-of-00003.json").write_text(text, encoding="latin-1")
    assert complete(dataset, RECIPE, PLAN) == ["train-00000-of-00003"]
    assert content(dataset) == content(finished)


def test_a_marker_of_another_shard_counts_as_none(dataset: Path) -> None:
    markers = dataset / ".simgen/markers"
    shutil.copy(markers / "train-00001-of-00003.json", markers / "train-00000-of-00003.json")
    assert pending(dataset) == ["train-00000-of-00003"]


def test_a_larger_count_adds_what_is_new_and_equals_a_fresh_build(dataset: Path, tmp_path: Path) -> None:
    larger = Plan({"train": 17, "test": 2, "more": 3}, 4)
    inodes = {path.name[:11]: path.stat().st_ino for path in (dataset / "data").glob("train-0000[01]*")}
    assert complete(dataset, RECIPE_MORE, larger) == [
        "train-00002-of-00005",  # was the short last one
        "train-00003-of-00005",
        "train-00004-of-00005",
        "more-00000-of-00001",
    ]
    assert {
        path.name[:11]: path.stat().st_ino for path in (dataset / "data").glob("train-0000[01]*")
    } == inodes
    sweep(dataset, larger)
    complete(tmp_path / "fresh", RECIPE_MORE, larger)
    sweep(tmp_path / "fresh", larger)
    assert content(dataset) == content(tmp_path / "fresh")


RECIPE_MORE = BuildRecipe(splits={**RECIPE.splits, "more": RECIPE.splits["test"]})


@pytest.mark.parametrize("stop", range(1, 12))
def test_growing_may_be_interrupted_between_any_two_steps(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    """The power goes before the n-th rename or removal; the next run has the same result."""
    larger, steps = Plan({"train": 17, "test": 2}, 4), 0

    class PowerCut(BaseException):
        pass

    replace, unlink = Path.replace, Path.unlink

    def counted(do):  # type: ignore[no-untyped-def]
        def wrapper(*arguments, **named):  # type: ignore[no-untyped-def]
            nonlocal steps
            steps += 1
            if steps == stop:
                raise PowerCut
            return do(*arguments, **named)

        return wrapper

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", counted(replace))
        patch.setattr(Path, "unlink", counted(unlink))
        prepare_and_scan(dataset, larger)
    made = complete(dataset, RECIPE, larger)
    assert made == ["train-00002-of-00005", "train-00003-of-00005", "train-00004-of-00005"]
    sweep(dataset, larger)
    complete(tmp_path / "fresh", RECIPE, larger)
    sweep(tmp_path / "fresh", larger)
    assert content(dataset) == content(tmp_path / "fresh")


def prepare_and_scan(folder: Path, plan: Plan) -> None:
    try:
        prepare(folder, RECIPE, plan, FORMATS, overwrite=False)  # type: ignore[arg-type]
        pending(folder, plan)
    except BaseException as error:
        if type(error).__name__ != "PowerCut":
            raise


def refusal(
    folder: Path, recipe: BuildRecipe = RECIPE, plan: Plan = PLAN, formats: tuple[str, ...] = FORMATS
) -> str:
    before = content(folder)
    with pytest.raises(BuildError) as caught:
        prepare(folder, recipe, plan, formats, overwrite=False)  # type: ignore[arg-type]
    assert content(folder) == before
    return str(caught.value).replace(str(folder), "DIR")


REMEDY = "Give another folder with -o, or start again with --overwrite."


def test_other_formats_are_refused(dataset: Path) -> None:
    assert refusal(dataset, formats=("parquet",)) == (
        f"DIR is built as parquet and webdataset, now parquet is asked for. {REMEDY}"
    )


def test_another_shard_size_is_refused(dataset: Path) -> None:
    assert refusal(dataset, plan=Plan({"train": 10, "test": 2}, 5)) == (
        f"DIR has 4 clips per shard, now output.clips_per_shard is 5. {REMEDY}"
    )


def test_fewer_clips_are_refused(dataset: Path) -> None:
    assert refusal(dataset, plan=Plan({"train": 6, "test": 2}, 4)) == (
        "DIR holds or is to hold 10 clips of train, now only 6 are wanted. A reader can take the first 6 "
        f"of them (`take=6`). For a smaller one: {REMEDY}"
    )


def test_another_generator_is_refused(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simgen.build.resume.GENERATOR_VERSION", 99)
    begun = f"was begun with generator version {GENERATOR_VERSION}, this simgen has version 99"
    assert begun in refusal(dataset)


def test_a_damaged_target_is_refused(dataset: Path) -> None:
    (dataset / ".simgen/build.json").write_text("{")
    assert refusal(dataset).startswith("DIR/.simgen/build.json is damaged, so what DIR holds is not known.")


def test_a_folder_with_strange_files_of_these_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious.csv").write_text("1")
    assert refusal(tmp_path) == (
        "DIR already holds data, and no build that could be continued. Give another folder with -o."
    )
    with pytest.raises(BuildError, match="already holds data"):
        prepare(tmp_path, RECIPE, PLAN, FORMATS, overwrite=True)  # type: ignore[arg-type]
    assert (tmp_path / "data" / "precious.csv").read_text() == "1"


def test_overwrite_starts_again_and_touches_nothing_else(dataset: Path) -> None:
    (dataset / "notes.txt").write_text("mine")
    (dataset / "data" / "notes.txt").write_text("mine")
    other = BuildRecipe(hash="cd" * 32, output=Output(clips_per_shard=3))
    plan = Plan({"train": 5}, 3)
    prepare(dataset, other, plan, FORMATS, overwrite=True)  # type: ignore[arg-type]
    assert Target.read(dataset) == Target.of(other, plan, FORMATS)  # type: ignore[arg-type]
    assert pending(dataset, plan, other) == ["train-00000-of-00002", "train-00001-of-00002"]
    assert {path for path in content(dataset) if not path.startswith(".simgen")} == {
        "notes.txt",
        "data/notes.txt",
        "recipe.yaml",
    }


def test_a_clip_of_another_recipe_is_not_taken(tmp_path: Path) -> None:
    """What waits in a folder counts only for the recipe that it was made with."""
    prepare(tmp_path, RECIPE, PLAN, FORMATS, overwrite=False)  # type: ignore[arg-type]
    shard = PLAN.shard("test", 0)
    lay_out_clips(tmp_path, BuildRecipe(hash="cd" * 32), shard)
    assert clip_path(tmp_path, "test", 0).exists()
    with pytest.raises(AttributeError):  # it goes on to generate the clip, which a hand-made recipe cannot
        generate_shard(RECIPE, shard, tmp_path, FORMATS)  # type: ignore[arg-type]
    assert pending(tmp_path) == SHARDS


def test_a_scan_of_many_shards_takes_the_memory_of_one_of_few(tmp_path: Path) -> None:
    """The markers and files are laid out by hand: nothing but their looks is scanned."""
    peaks = []
    for count in (50, 1000):
        folder, plan = tmp_path / str(count), Plan({"train": 4 * count}, 4)
        prepare_folders(folder)
        for shard in plan.shards():
            path = f"data/{shard}.parquet"
            (folder / path).write_bytes(b"clip" * 4)
            record = FileRecord(16, hashlib.sha256(b"clip" * 4).hexdigest())
            marker = Marker(
                Shard("train", shard.number, shard.start, shard.clips, {path: record}),
                shard.count,
                RECIPE.hash,
                GENERATOR_VERSION,
                ("parquet",),
                attempts={shard.start: 3},
            )
            (folder / Marker.path("train", shard.number, count)).write_text(json.dumps(marker.to_json()))
        tracemalloc.start()
        scan = Scan(folder, RECIPE, plan, ("parquet",))  # type: ignore[arg-type]
        assert list(scan.pending()) == []
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        (folder / "data" / f"{next(plan.shards())}.parquet").unlink()
        assert [shard.number for shard in scan.pending()] == [0]
    assert peaks[1] < peaks[0] + 30_000  # bytes; the names of the markers alone would take 100,000


def prepare_folders(folder: Path) -> None:
    for name in ("data", ".simgen/markers"):
        (folder / name).mkdir(parents=True)


def test_a_shard_that_two_smaller_plans_have_made_is_found(dataset: Path) -> None:
    """Markers under several numbers of shards, none of them this plan's: the one that matches counts."""
    first = dataset / ".simgen" / "markers" / "train-00000-of-00003.json"
    first.with_name("train-00000-of-00002.json").write_bytes(b"{")
    assert pending(dataset, Plan({"train": 18, "test": 2}, 4)) == [
        "train-00002-of-00005",
        "train-00003-of-00005",
        "train-00004-of-00005",
    ]
