"""The whole path on really generated clips: recipe, command line, both formats, and everybody's readers.

The parts have tests of their own; here stands what is promised of them together. Datasets are built by the real command
in processes of its own.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import simgen
from simgen.dataset import decode_video
from simgen.reading import open_dataset
from simgen.recipe import load_recipe, parse_recipe
from simgen.verification import verify
from tests import forked
from tests.build.command import environment
from tests.reading.tars_with_datasets import read_tars

pytest.importorskip("pybullet")
SCENARIOS = ("incline", "drop", "projectile", "collision")


def text(scenario: str, per_shard: int = 8, clips: int = 10) -> str:
    return (
        f"name: {scenario}\nscenario: {scenario}\nseed: 3\n"
        f"splits: {{train: {{clips: {clips}}}, test: {{clips: 3}}}}\n"
        "video: {size: 64, fps: 12, seconds: 1.5}\n"
        "passes: [depth, segmentation, normals, flow]\n"
        f"output: {{format: both, clips_per_shard: {per_shard}}}\n"
    )


def build(folder: Path, recipe: str, name: str, workers: int) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(recipe)
    done = forked.simgen(
        *("build", file, "-o", folder / name, "--workers", str(workers)),
        cwd=Path(simgen.__file__).parents[1],
        environment=environment(),
    )
    assert done.returncode == 0, done.stderr
    return folder / name


def files(folder: Path) -> dict[str, str]:
    """Every file that is part of the dataset (not the build's private ones) with its hash."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".simgen" not in path.relative_to(folder).parts
    }


@pytest.fixture(scope="module", params=SCENARIOS)
def dataset(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("built"), text(request.param), request.param, 1)


def test_verifies_to_the_last_clip(dataset: Path) -> None:
    report = verify(str(dataset), deep=True)
    assert report.ok, str(report)


def test_stored_scene_simulates_to_the_stored_state(dataset: Path) -> None:
    """The JSON of a clip is enough to have it again, to the bit of the stored float32."""
    for clip in open_dataset(str(dataset), split="train", take=4):
        trace = simgen.simulate(clip.scene)
        assert np.array_equal(trace.state.astype(np.float32), clip.state), clip.key


def test_one_call_gives_the_same_clip(dataset: Path) -> None:
    recipe = load_recipe(str(dataset / "recipe.yaml"))
    stored = open_dataset(str(dataset), split="test")[1]
    sample = simgen.generate(recipe, 1, "test")
    assert np.array_equal(sample.state, stored.state)
    assert dict(sample.params) == dict(stored.params)
    assert sample.captions == dict(stored.captions)
    # H.264 is not lossless; it must still be the same picture.
    assert np.abs(sample.rgb.astype(int) - stored.rgb.astype(int)).mean() < 3


def test_both_formats_hold_the_same(dataset: Path) -> None:
    tables = [open_dataset(str(dataset), split="train", format=name) for name in ("parquet", "webdataset")]
    for parquet, tar in zip(*tables, strict=True):
        assert parquet.key == tar.key
        assert np.array_equal(parquet.rgb, tar.rgb)
        assert np.array_equal(parquet.state, tar.state)
        assert dict(parquet.captions) == dict(tar.captions)


@pytest.mark.parametrize("dataset", ["collision"], indirect=True)  # the one whose clips have most in them
def test_everybody_reads_it(dataset: Path, ffmpeg_libraries: dict[str, str], tmp_path: Path) -> None:
    """`datasets` (Parquet and WebDataset, streaming and not), `webdataset`, DuckDB: the same keys, the same videos."""
    expected = {clip.key: clip.rgb for clip in open_dataset(str(dataset), split="train")}
    seen: list[dict[str, bytes]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those libraries' warnings about themselves
        import duckdb
        import webdataset

        import datasets

        data = {"train": str(dataset / "data" / "train-*.parquet")}
        tars = sorted((dataset / "webdataset").glob("train-*.tar"))
        for streaming in (False, True):
            rows: Any = datasets.load_dataset("parquet", data_files=data, split="train", streaming=streaming)
            assert isinstance(rows.features["video"], datasets.Video)
            rows = rows.cast_column("video", datasets.Video(decode=False))
            seen.append({row["key"]: row["video"]["bytes"] for row in rows})
        for read, _ in read_tars(tars, ffmpeg_libraries, tmp_path).values():
            seen.append({row["__key__"]: row["mp4"]["bytes"] for row in read})
        samples = webdataset.WebDataset([str(tar) for tar in tars], shardshuffle=False)
        seen.append({sample["__key__"]: sample["mp4"] for sample in samples})
        table = duckdb.sql(f"select key, video.bytes from '{data['train']}'").fetchall()
        seen.append({key: bytes(video) for key, video in table})
    for found in seen:
        assert found == seen[0]
        assert found.keys() == expected.keys()
    for key, video in seen[0].items():
        assert np.array_equal(decode_video(video), expected[key])


@pytest.mark.parametrize("scenario", ["collision"])
def test_workers_and_shard_size_change_nothing(scenario: str, tmp_path: Path) -> None:
    one = build(tmp_path, text(scenario), "one", 1)
    three = build(tmp_path, text(scenario), "three", 3)
    assert files(one) == {
        **files(three),
        # the file that was given is kept as it was, under the name that it was given
        "recipe.yaml": files(one)["recipe.yaml"],
    }
    longer = build(tmp_path, text(scenario, per_shard=3, clips=12), "longer", 2)
    for split in ("train", "test"):
        pairs = zip(open_dataset(str(one), split=split), open_dataset(str(longer), split=split), strict=False)
        count = 0
        for first, second in pairs:
            assert first.key == second.key
            assert np.array_equal(first.rgb, second.rgb)
            assert np.array_equal(first.state, second.state)
            count += 1
        assert count == len(open_dataset(str(one), split=split))


@pytest.mark.parametrize("engine", ["tiny", "raycast"])
def test_lossless_video_is_the_rendered_picture(engine: str, tmp_path: Path) -> None:
    recipe = (
        "name: exact\nscenario: drop\nclips: 2\nvideo: {size: 48, fps: 12, seconds: 1, codec: ffv1}\n"
        f"render: {{engine: {engine}}}\n"
    )
    folder = build(tmp_path, recipe, "exact", 1)
    for clip in open_dataset(str(folder), split="train"):
        sample = simgen.generate(parse_recipe(recipe, "exact.yaml"), clip.index)
        assert np.array_equal(clip.rgb, sample.rgb)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.campaign
def test_residuals_of_200_clips(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Over the defaults: median at most 0.1 %, worst at most 1 %. Prints the row of the table in docs/PHYSICS.md."""
    recipe = parse_recipe(
        f"name: r\nscenario: {scenario}\nclips: 200\nvideo: {{size: 16, fps: 24, seconds: 2}}\n", "r"
    )
    residuals: dict[str, list[float]] = {}
    attempts = 0
    for index in range(200):
        sample = simgen.generate(recipe, index)
        attempts += sample.attempt
        for check in sample.law:
            residuals.setdefault(check.name, []).append(check.residual)
    with capsys.disabled():
        for name, values in residuals.items():
            print(
                f"\n| {scenario} | {name} | {len(values)} | {100 * float(np.median(values)):.1e} % | "
                f"{100 * max(values):.1e} % |",
                end="",
            )
        print(f"\n  {attempts} draws rejected for 200 clips")
    for name, values in residuals.items():
        assert np.median(values) <= 0.001, name
        assert max(values) <= 0.01, name
    assert attempts <= 10, (
        "rejecting must stay the exception, or the clips are no longer drawn as the recipe says"
    )


def test_video_bytes_play(dataset: Path) -> None:
    """An independent look at the container: H.264, 4:2:0, BT.709, the index before the pictures."""
    import av

    table = pq.read_table(dataset / "data", columns=["video"])
    data = table["video"][0].as_py()["bytes"]
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert int(stream.codec_context.colorspace) == 1  # ITU-R BT.709
        assert stream.average_rate == 12
