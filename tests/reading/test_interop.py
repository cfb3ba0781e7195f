"""The libraries that people already have read what is written: `datasets`, `webdataset`, DuckDB.

Nothing in them is patched; each reads the same 40 training clips and must find the same numbers.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from simgen.dataset import decode_video
from simgen.reading import open_dataset
from tests.dataset.samples import HandRecipe, make_sample
from tests.reading.tars_with_datasets import read_tars

ROOT = Path(__file__).parents[2]
datasets = pytest.importorskip("datasets")
KEYS = [f"hand-train-{index:08d}" for index in range(40)]


@pytest.fixture(autouse=True)
def _their_warnings() -> Iterator[None]:
    """Warnings of third parties about themselves are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def parquet(folder: Path, split: str = "train", streaming: bool = False) -> Any:
    files = {split: str(folder / "data" / f"{split}-*.parquet")}
    return datasets.load_dataset("parquet", data_files=files, split=split, streaming=streaming)


def check_row(row: dict[str, Any], index: int) -> None:
    sample = make_sample(HandRecipe(), index)
    assert row["key"] == sample.key
    assert row["caption"] == sample.caption
    assert row["params"]["angle_deg"] == sample.params["angle_deg"]
    assert row["params"]["fast"] is sample.params["fast"]
    assert np.array_equal(np.array(row["state"], np.float32), sample.state)
    assert len(row["contacts"]) == len(sample.contacts)
    assert row["video"]["path"] == f"{sample.key}.mp4"
    with av.open(io.BytesIO(row["video"]["bytes"])) as file:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])
    assert frames.shape == sample.rgb.shape
    assert np.array_equal(frames, decode_video(row["video"]["bytes"])), "the same pixels as simgen's reader"


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_reads_parquet(plain: Path, streaming: bool) -> None:
    clips = parquet(plain, streaming=streaming)
    assert clips.features["video"] == datasets.Video()
    assert clips.features["state"] == datasets.List(
        datasets.List(datasets.List(datasets.Value("float32"), length=13))
    )
    rows = (
        list(clips.decode(False))
        if streaming
        else list(clips.cast_column("video", datasets.Video(decode=False)))
    )
    assert [row["key"] for row in rows] == KEYS
    for index in (0, 1, 39):
        check_row(rows[index], index)


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_reads_the_folder_by_its_card(plain: Path, dense: Path, streaming: bool) -> None:
    both = datasets.load_dataset(str(plain), streaming=streaming)
    assert set(both) == {"train", "test"}
    assert both["train"].features["video"] == datasets.Video()
    test = (
        both["test"].decode(False)
        if streaming
        else both["test"].cast_column("video", datasets.Video(decode=False))
    )
    assert [row["index"] for row in test] == [0, 1, 2]
    passes = datasets.load_dataset(str(dense), "dense", split="train", streaming=streaming)
    row = next(iter(passes))
    assert row["key"] == "hand-train-00000000"
    assert row["depth"] == open_dataset(dense, passes=["depth"])[0].values["depth"]


def test_datasets_reads_webdataset(plain: Path, ffmpeg_libraries: dict[str, str], tmp_path: Path) -> None:
    ours = open_dataset(plain, "train")
    tars = sorted((plain / "webdataset").glob("train-*.tar"))
    for rows, pictures in read_tars(tars, ffmpeg_libraries, tmp_path).values():
        assert [row["__key__"] for row in rows] == KEYS
        for index in (0, 1, 2, 39):
            row, sample = rows[index], make_sample(HandRecipe(), index)
            assert row["txt"] == sample.caption
            assert row["json"]["params_angle_deg"] == sample.params["angle_deg"], "a number lost its fraction"
            assert row["json"]["params_count"] == sample.params["count"]
            assert row["json"]["captions_numeric"] == sample.captions["numeric"]
            assert json.loads(row["json"]["law"])[0]["residual"] == sample.law[0].residual
            assert np.array_equal(np.array(row["state.npy"], np.float32), sample.state)
            assert np.array(row["contacts.npy"]).shape[1] == 11
            assert row["mp4"]["bytes"] == ours[index].video_bytes()
        assert np.array_equal(pictures, ours[0].rgb), "torchcodec decodes what simgen's reader decodes"


def test_datasets_reads_dense_passes_from_the_tar(
    dense: Path, ffmpeg_libraries: dict[str, str], tmp_path: Path
) -> None:
    tars = sorted((dense / "webdataset").glob("train-*.tar"))
    ours = open_dataset(dense, passes=["depth", "segmentation"])
    for rows, _ in read_tars(tars, ffmpeg_libraries, tmp_path).values():
        for row, clip in zip(rows, ours, strict=True):
            assert np.array_equal(np.array(row["mask.npy.gz"], np.uint8), clip.segmentation)
            assert row["depth.mkv"]["bytes"] == clip.values["depth"]
            assert row["depth_side.mkv"]["bytes"] == clip.values["depth_side"]


def test_the_webdataset_library_reads_the_tars(plain: Path, dense: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    shards = str(plain / "webdataset" / "train-{00000..00002}-of-00003.tar")
    samples = list(webdataset.WebDataset(shards, shardshuffle=False).decode())
    assert [sample["__key__"] for sample in samples] == KEYS
    for index in (0, 5, 39):
        sample = make_sample(HandRecipe(), index)
        assert np.array_equal(samples[index]["state.npy"], sample.state)
        assert samples[index]["json"]["params_angle_deg"] == sample.params["angle_deg"]
        assert samples[index]["txt"] == sample.caption
        assert decode_video(samples[index]["mp4"]).shape == sample.rgb.shape
    shards = str(dense / "webdataset" / "train-00000-of-00002.tar")
    first = next(iter(webdataset.WebDataset(shards, shardshuffle=False).decode()))
    ours = open_dataset(dense, passes=["segmentation"])[0]
    assert np.array_equal(
        first["mask.npy.gz"] if "mask.npy.gz" in first else first["mask.npy"], ours.segmentation
    )


def test_duckdb_sees_a_table(plain: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    files = str(plain / "data" / "*.parquet")
    samples = [make_sample(HandRecipe(), index) for index in range(40)]
    steep = duckdb.sql(
        f"select key, law[1].residual from '{files}' where split = 'train' and params.angle_deg > 20 order "
        "by key"
    ).fetchall()
    assert steep == [(s.key, s.law[0].residual) for s in samples if s.params["angle_deg"] > 20]
    contacts = duckdb.sql(
        f"select sum(c.impulse_n_s) from (select unnest(contacts) as c from '{files}' where split = 'train')"
    ).fetchall()[0]
    assert contacts[0] == pytest.approx(sum(s.contacts.impulse_n_s.sum() for s in samples), rel=1e-12)
    height = duckdb.sql(
        f"select state[14][3][3] from '{files}' where key = 'hand-train-00000007'"
    ).fetchall()[0]
    assert height[0] == samples[7].state[13, 2, 2]


@pytest.mark.parametrize("library", ["simgen", "datasets", "webdataset", "duckdb"])
def test_the_snippets_of_the_page_run(
    library: str, dense: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/columns.md reads datasets/incline in four shards; here is a dataset of two under that name."""
    page = (ROOT / "docs" / "columns.md").read_text()
    (snippet,) = re.findall(rf"```python {library}\n(.*?)```", page, re.DOTALL)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "incline").symlink_to(dense)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(snippet.replace("of-00004", "of-00002"), names)
    if library == "duckdb":
        assert names["slow"].fetchall()[3][0] == "hand-train-00000003"
    if library == "simgen":
        assert names["clip"].key == "hand-train-00000003"
    if library == "datasets":
        assert np.array_equal(np.stack(names["frames"]), open_dataset(dense)[0].rgb)
    if library == "webdataset":
        assert np.array_equal(names["state"], open_dataset(dense)[0].state)
