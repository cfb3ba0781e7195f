"""A shard: whole or not there, the same bytes again, everything encoded once for both formats."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

import simgen.dataset.video
from simgen.dataset import Marker, ShardWriter, require_codec
from simgen.dataset.column_table import Layout
from simgen.dataset.parquet import ROWS_PER_GROUP
from simgen.dataset.values import values_of
from simgen.errors import MissingDependencyError
from simgen.scenarios.base import LawCheck
from tests.dataset.samples import HandRecipe, build, make_sample


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written_and_that_the_records_tell_the_truth(tmp_path: Path) -> None:
    recipe = HandRecipe(passes=("segmentation",))
    with ShardWriter(tmp_path, recipe, "train", 2, 4) as writer:
        writer.add(make_sample(recipe, 7))
        writer.add(make_sample(recipe, 8))
        records = writer.finish()
    assert sorted(records) == [
        "data/train-00002-of-00004.parquet",
        "dense/train-00002-of-00004.parquet",
        "webdataset/train-00002-of-00004.tar",
    ]
    assert contents(tmp_path).keys() == records.keys()
    for path, record in records.items():
        data = (tmp_path / path).read_bytes()
        assert (record.bytes, record.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    marker = writer.marker()
    assert (marker.shard.start, marker.shard.clips, marker.rejections) == (7, 2, {"law-residual": 1})
    marker.write(tmp_path)
    assert Marker.read(tmp_path, "train", 2, 4) == marker


def test_same_samples_same_bytes_in_another_process(
    tmp_path: Path, dense: Path, dense_recipe: HandRecipe
) -> None:
    code = f"""
import pathlib, sys
from tests.dataset.samples import HandRecipe, Part, build
build(pathlib.Path(sys.argv[1]), {dense_recipe!r}, {{"train": [4, 2]}})
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert contents(tmp_path) == contents(dense)


def test_one_format_alone_has_the_same_file(tmp_path: Path, plain: Path) -> None:
    for name in ("parquet", "webdataset"):
        build(tmp_path / name, HandRecipe(), {"train": [14, 14, 12], "test": [3]}, (name,))
    both = contents(plain)
    for name, folder in (("parquet", "data"), ("webdataset", "webdataset")):
        files = contents(tmp_path / name)
        shards = {path for path in files if path.startswith(("data/", "webdataset/"))}
        assert shards == {path for path in both if path.startswith(f"{folder}/")}
        assert all(files[path] == both[path] for path in shards)


def test_an_exception_leaves_no_file(tmp_path: Path) -> None:
    recipe = HandRecipe()

    def fail() -> None:
        with ShardWriter(tmp_path, recipe, "train", 0, 1) as writer:
            writer.add(make_sample(recipe, 0))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert contents(tmp_path) == {}


def test_a_full_disk_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    """The operating system refuses to let a file grow beyond 20 kB: at write, flush or close, whatever comes
    first.
    """
    code = """
import errno, pathlib, resource, signal, sys
from simgen.dataset import ShardWriter
from tests.dataset.samples import HandRecipe, make_sample
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
recipe = HandRecipe()
samples = [make_sample(recipe, index) for index in range(20)]
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    with ShardWriter(pathlib.Path(sys.argv[1]), recipe, "train", 0, 1, (sys.argv[2],)) as writer:
        for sample in samples:
            writer.add(sample)
        writer.finish()
except OSError as error:
    sys.exit(0 if error.errno == errno.EFBIG else 3)
sys.exit(4)
"""
    for name in ("parquet", "webdataset"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code, str(tmp_path), name], capture_output=True
        )
        assert (done.returncode, done.stderr) == (0, b""), name
        assert contents(tmp_path) == {}


def test_clips_come_in_order(tmp_path: Path) -> None:
    recipe = HandRecipe()
    with ShardWriter(tmp_path, recipe, "train", 0, 1) as writer:
        writer.add(make_sample(recipe, 3))
        for wrong in (make_sample(recipe, 5), make_sample(recipe, 3), make_sample(recipe, 4, "test")):
            with pytest.raises(ValueError, match="does not follow clip 3 of split train"):
                writer.add(wrong)
        writer.add(make_sample(recipe, 4))
    with (
        ShardWriter(tmp_path, recipe, "train", 0, 1) as writer,
        pytest.raises(ValueError, match="at least one"),
    ):
        writer.finish()


def test_unknown_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="formats are parquet and webdataset, not zip"):
        ShardWriter(tmp_path, HandRecipe(), "train", 0, 1, ("zip", "parquet"))


def test_a_missing_codec_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_codec("h264")
    require_codec("ffv1")
    with pytest.raises(MissingDependencyError, match="knows the codecs h264 and ffv1, not 'h265'"):
        require_codec("h265")
    # what a build of av without x264 answers: it does not know the encoder's name
    monkeypatch.setitem(simgen.dataset.video._ENCODER, "h264", "libx264_that_is_not_there")
    with pytest.raises(
        MissingDependencyError, match=r"no encoder libx264_.*pip install.*codec: ffv1"
    ) as caught:
        ShardWriter(tmp_path, HandRecipe(), "train", 0, 1)
    assert "\n" not in str(caught.value)
    assert contents(tmp_path) == {}


def test_memory_does_not_grow_with_the_shard(tmp_path: Path) -> None:
    """What Arrow holds never exceeds a few row groups, whether 40 or 400 clips are written."""
    recipe = HandRecipe()
    values = values_of(make_sample(recipe, 0), Layout.of(recipe))
    values["video"] = bytes(200_000)
    group = ROWS_PER_GROUP * len(values["video"])
    highest = 0
    with ShardWriter(tmp_path, recipe, "train", 0, 1) as writer:
        for index in range(400):
            writer.add_values({**values, "index": index})
            highest = max(highest, pa.total_allocated_bytes())
        writer.finish()
    assert highest < 4 * group


def test_a_sample_that_does_not_fit_the_recipe_is_refused() -> None:
    recipe = HandRecipe()
    layout = Layout.of(recipe)
    with pytest.raises(ValueError, match="was filmed by main, side; the recipe's cameras are main"):
        values_of(make_sample(HandRecipe(camera_names=("main", "side")), 0), layout)
    with pytest.raises(ValueError, match=r"clip hand-train-00000000: law a is not finite: 1\.0, inf"):
        values_of(replace(make_sample(recipe, 0), law=(LawCheck("a", 1.0, math.inf, 0.0),)), layout)
    with pytest.raises(ValueError, match="asks for the pass 'depth' but the frames have none"):
        values_of(make_sample(recipe, 0), Layout.of(HandRecipe(passes=("depth",))))
