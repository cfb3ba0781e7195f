"""The committed sample: written once by format 1, readable for ever, without the engine and the renderer.

The numbers below were read off when the sample was made. They change only if the sample is made anew, which a new version
must not need: reading it is what is tested.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simgen.errors import DatasetError
from simgen.reading import open_dataset
from simgen.verification import verify

SAMPLE = Path(__file__).parent.parent / "datasets" / "sample"


def test_is_small_and_whole() -> None:
    size = sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file())
    assert size <= 2_000_000
    report = verify(str(SAMPLE), deep=True)
    assert report.ok, str(report)


def test_manifest_is_of_format_1() -> None:
    manifest = json.loads((SAMPLE / "manifest.json").read_text())
    assert manifest["format"] == 1


@pytest.mark.parametrize("format_", ["parquet", "webdataset"])
def test_reads(format_: str) -> None:
    clips = {
        split: list(open_dataset(str(SAMPLE), split=split, format=format_, passes=("depth", "segmentation")))
        for split in ("train", "test")
    }
    assert [clip.key for clip in clips["train"]] == [f"sample-train-{index:08d}" for index in range(6)]
    assert [clip.key for clip in clips["test"]] == [f"sample-test-{index:08d}" for index in range(2)]
    for clip in clips["train"] + clips["test"]:
        frames, bodies = clip.state.shape[:2]
        assert clip.rgb.shape == (frames, 96, 96, 3)
        assert clip.boxes.shape == (frames, bodies, 4)
        assert clip.segmentation.shape == clip.depth_m.shape == (frames, 96, 96)
        assert np.isfinite(clip.state).all()
        assert clip.caption.endswith(".")
        assert all(check.residual <= 0.01 for check in clip.law)
    assert all(5 <= clip.params["angle_deg"] <= 40 for clip in clips["train"])
    assert all(45 <= clip.params["angle_deg"] <= 55 for clip in clips["test"])


def test_has_the_tiers_of_its_time() -> None:
    """Captions have gained tiers since; what was built before is read as it was, and asked for one says so."""
    clip = open_dataset(str(SAMPLE), "train", caption="none")[0]
    assert list(clip.captions) == ["plain", "qualitative", "numeric", "outcome"]
    assert clip.caption == ""
    drawn = {open_dataset(str(SAMPLE), "train", caption="random", seed=seed)[0].caption for seed in range(40)}
    assert drawn == set(clip.captions.values())
    with pytest.raises(DatasetError) as error:
        open_dataset(str(SAMPLE), "train", caption="hidden")
    assert str(error.value).endswith(
        "cannot be read so: caption='hidden': it was built by a simgen whose captions had the tiers plain, qualitative, "
        "numeric and outcome only. Ask for one of them, or build it again"
    )
