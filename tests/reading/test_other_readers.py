"""docs/other_readers.md: every snippet runs as printed, prints what the page shows, and has what simgen's reader has.

Snippets run in processes of their own, in a folder where `datasets/sample` is the sample of this repository: the libraries
know nothing of simgen there. Those of `datasets` share one, where torchcodec finds FFmpeg, to import torch but once.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simgen.reading import Clip, open_dataset
from tests.ffmpeg import run_python

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "datasets" / "sample"
PAGE = (ROOT / "docs" / "other_readers.md").read_text()
BLOCKS = {
    (language, name): text
    for language, name, text in re.findall(r"^```(\w+) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}

# runs snippets one after the other; of each, what it printed and the values that the test wants of it
_RUN = """
import contextlib, io, json, pickle, sys, types
told = {}
for name, (snippet, wanted) in json.loads(sys.argv[1]).items():
    main = sys.modules["__main__"] = types.ModuleType("__main__")  # workers look classes up in it
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(snippet, name, "exec"), main.__dict__)
    told[name] = printed.getvalue(), [eval(value, main.__dict__) for value in wanted]
with open(sys.argv[2], "wb") as file:
    pickle.dump(told, file)
"""

DATASETS = {
    "datasets-parquet": ("row['key']", "frames", "state"),
    "datasets-streaming": ("batch['key']", "batch['frames'].numpy()", "batch['angle_deg'].tolist()"),
    "datasets-resume": ("seen", "rest"),
    "datasets-webdataset": (
        "row['__key__']", "frames.numpy()", "state", "row['json']", "str(row['depth.mkv'][0].dtype)",
    ),
    "dense-parquet": ("row['key']", "depth_m", "segmentation"),
    "dense-datasets-webdataset": ("row['__key__']", "depth_m", "segmentation"),
}  # fmt: skip


def told_by(
    snippets: Mapping[str, tuple[str, ...]], folder: Path, environment: Mapping[str, str]
) -> dict[str, list[Any]]:
    """Runs the snippets of these names in one process; checks what they print; the values of the expressions."""
    (folder / "datasets").mkdir(exist_ok=True)
    if not (folder / "datasets" / "sample").exists():
        (folder / "datasets" / "sample").symlink_to(SAMPLE)
    parts = {name: (BLOCKS["python", name], wanted) for name, wanted in snippets.items()}
    environment = {**environment, "HF_HOME": str(folder / "hf")}
    run_python(_RUN, environment, folder, json.dumps(parts), str(folder / "told"))
    told = pickle.loads((folder / "told").read_bytes())
    for name, (printed, _) in told.items():
        assert printed == BLOCKS["text", name], f"{name} prints something else than the page shows"
    return {name: values for name, (_, values) in told.items()}


@pytest.fixture(scope="module")
def ours() -> dict[str, Clip]:
    return {clip.key: clip for clip in open_dataset(SAMPLE, passes=["depth", "segmentation"])}


@pytest.fixture(scope="module")
def of_datasets(
    ffmpeg_libraries: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Any]]:
    return told_by(DATASETS, tmp_path_factory.mktemp("datasets"), ffmpeg_libraries)


def channels_last(frames: Any) -> Any:
    return np.moveaxis(np.asarray(frames), -3, -1)


def test_every_snippet_of_the_page_is_tested_here() -> None:
    others = {"broken-torchcodec", "webdataset", "energon", "duckdb", "polars"}
    assert {name for language, name in BLOCKS if language == "python"} == {*DATASETS, *others}
    assert {name for language, name in BLOCKS if language == "text"} == {*DATASETS, *others}
    assert {name for language, name in BLOCKS if language == "sh"} == {"energon"}
    assert len(BLOCKS) == PAGE.count("\n```") / 2, "a block of the page has no name, or one that another has"


def test_datasets_parquet(of_datasets: dict[str, list[Any]], ours: dict[str, Clip]) -> None:
    key, frames, state = of_datasets["datasets-parquet"]
    assert np.array_equal(frames, ours[key].rgb)
    assert np.array_equal(state, ours[key].state)


def test_datasets_streaming_with_torchcodec(of_datasets: dict[str, list[Any]], ours: dict[str, Clip]) -> None:
    keys, frames, angles = of_datasets["datasets-streaming"]
    for key, clip, angle_deg in zip(keys, channels_last(frames), angles, strict=True):
        assert np.array_equal(clip, ours[key].rgb)
        assert angle_deg == ours[key].params["angle_deg"]


def test_datasets_goes_on_where_it_was(of_datasets: dict[str, list[Any]], ours: dict[str, Clip]) -> None:
    seen, rest = of_datasets["datasets-resume"]
    assert seen + rest == [key for key, clip in ours.items() if clip.split == "train"]


def test_datasets_webdataset_with_torchcodec(
    of_datasets: dict[str, list[Any]], ours: dict[str, Clip]
) -> None:
    key, frames, state, labels, depth_dtype = of_datasets["datasets-webdataset"]
    assert np.array_equal(channels_last(frames), ours[key].rgb)
    assert np.array_equal(state, ours[key].state)
    assert labels["params_angle_deg"] == ours[key].params["angle_deg"]
    assert depth_dtype == "torch.uint8", "the page says that torchcodec cuts the 16 bits of depth"


@pytest.mark.parametrize("name", ["dense-parquet", "dense-datasets-webdataset"])
def test_dense_passes(name: str, of_datasets: dict[str, list[Any]], ours: dict[str, Clip]) -> None:
    key, depth_m, segmentation = of_datasets[name]
    assert ours[key].depth_m is not None and depth_m.max() > 1
    np.testing.assert_allclose(depth_m, ours[key].depth_m, rtol=1e-6)  # simgen's are float32
    assert np.array_equal(segmentation, ours[key].segmentation)


def test_datasets_where_torchcodec_is_broken(tmp_path: Path, ours: dict[str, Clip]) -> None:
    """A torchcodec that cannot be imported stands before the real one, which can be where there is an FFmpeg."""
    (tmp_path / "broken" / "torchcodec").mkdir(parents=True)
    fails = "raise RuntimeError('Could not load libtorchcodec')\n"
    (tmp_path / "broken" / "torchcodec" / "__init__.py").write_text(fails)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "broken")}
    wanted = ("row['__key__']", "row['mp4']['bytes']")
    key, video = told_by({"broken-torchcodec": wanted}, tmp_path, environment)["broken-torchcodec"]
    assert video == ours[key].video_bytes()


def test_webdataset(tmp_path: Path, ours: dict[str, Clip]) -> None:
    wanted = ("keys", "frames.numpy()", "states.numpy()", "angles.tolist()")
    keys, *batches = told_by({"webdataset": wanted}, tmp_path, os.environ)["webdataset"]
    assert keys == ["sample-train-00000004", "sample-train-00000005"], "the last batch"
    for key, frames, state, angle_deg in zip(keys, *batches, strict=True):
        assert np.array_equal(frames, ours[key].rgb)
        assert np.array_equal(state, ours[key].state)
        assert angle_deg == ours[key].params["angle_deg"]


def test_energon(tmp_path: Path, ours: dict[str, Clip]) -> None:
    """The real command over links to the tars; the loader's batches, and those after a restored state."""
    command = Path(sys.executable).with_name("energon")
    if importlib.util.find_spec("megatron") is None or not command.exists():
        pytest.skip("megatron-energon is not installed")
    before = {path: path.stat().st_mtime_ns for path in SAMPLE.rglob("*")}
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "sample").symlink_to(SAMPLE)
    environment = {**os.environ, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", BLOCKS["sh", "energon"]],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert before == {path: path.stat().st_mtime_ns for path in SAMPLE.rglob("*")}, "the dataset is untouched"

    wanted = (
        "expected", "goes_on", "batch.__key__", "batch.caption", "batch.frames.numpy()", "batch.state.numpy()",
        "batch.depth_m.numpy()",
    )  # fmt: skip
    expected, goes_on, keys, *batch = told_by({"energon": wanted}, tmp_path, environment)["energon"]
    assert goes_on == expected
    train = {key for key, clip in ours.items() if clip.split == "train"}
    assert {key for some in expected for key in some} <= train
    for key, caption, frames, state, depth_m in zip(keys, *batch, strict=True):
        assert caption == ours[key].caption
        assert np.array_equal(channels_last(frames), ours[key].rgb)
        assert np.array_equal(state, ours[key].state)
        np.testing.assert_allclose(depth_m, ours[key].depth_m, rtol=1e-6)


def _residuals(ours: dict[str, Clip]) -> dict[str, list[float]]:
    residuals: dict[str, list[float]] = {}
    for clip in ours.values():
        for law in clip.law:
            residuals.setdefault(law.name, []).append(law.residual)
    return residuals


def _bounces(ours: dict[str, Clip]) -> list[tuple[str, int, float, float]]:
    return sorted(
        (key, event.frame, event.time_s, event.value)
        for key, clip in ours.items()
        for event in clip.events
        if event.kind == "bounce"
    )


def _steep(ours: dict[str, Clip]) -> list[tuple[str, float]]:
    angles = {key: clip.params["angle_deg"] for key, clip in ours.items()}
    return sorted((key, angle) for key, angle in angles.items() if angle > 30)


def test_duckdb(tmp_path: Path, ours: dict[str, Clip]) -> None:
    wanted = tuple(f"{name}.fetchall()" for name in ("steep", "laws", "bounces", "heights"))
    steep, laws, bounces, heights = told_by({"duckdb": wanted}, tmp_path, os.environ)["duckdb"]
    assert steep == _steep(ours)
    assert {name: (clips, worst) for name, clips, worst in laws} == {
        name: (len(values), max(values)) for name, values in _residuals(ours).items()
    }
    assert bounces == _bounces(ours) != []
    assert [key for key, _ in heights] == sorted(ours)
    for key, z_m in heights:
        assert np.array_equal(np.array(z_m, np.float32), ours[key].state[:, 0, 2])


def test_polars(tmp_path: Path, ours: dict[str, Clip]) -> None:
    columns = "'key', 'frame', 'time_s', 'value'"
    wanted = (
        "steep.sort('key').collect().rows()", "laws.collect().rows()",
        f"bounces.select({columns}).collect().rows()", "state",
    )  # fmt: skip
    steep, laws, bounces, state = told_by({"polars": wanted}, tmp_path, os.environ)["polars"]
    assert steep == _steep(ours)
    assert {name: (clips, worst) for name, clips, worst in laws} == {
        name: (len(values), max(values)) for name, values in _residuals(ours).items()
    }
    assert bounces == _bounces(ours) != []
    assert np.array_equal(state, ours["sample-train-00000003"].state)
