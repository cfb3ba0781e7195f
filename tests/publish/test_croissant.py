"""croissant.json as `mlcroissant` reads it: valid, and its records are the clips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simgen.dataset.manifest import Manifest
from simgen.publish.croissant import croissant
from simgen.publish.front_matter import metadata_front
from simgen.reading import open_dataset

mlcroissant = pytest.importorskip("mlcroissant")
pytestmark = pytest.mark.filterwarnings("ignore")  # of third parties about themselves


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROISSANT_CACHE", str(tmp_path / "cache"))


def opened(path: Path) -> Any:
    dataset = mlcroissant.Dataset(jsonld=str(path))
    assert not dataset.metadata.ctx.issues.errors, dataset.metadata.ctx.issues.errors
    return dataset


def test_it_is_valid(ramp: Path, plain: Path, dense: Path) -> None:
    for folder in (ramp, plain, dense):
        dataset = opened(folder / "croissant.json")
        missing = {str(warning) for warning in dataset.metadata.ctx.issues.warnings}
        assert all("datePublished" in text or "creator" in text or "url" in text for text in missing), missing


def test_its_records_are_the_clips(ramp: Path) -> None:
    dataset = opened(ramp / "croissant.json")
    ours = {clip.key: clip for clip in open_dataset(ramp)}
    count = 0
    for record in dataset.records("clips"):
        clip = ours[record["clips/key"].decode()]
        assert record["clips/split"].decode() == clip.split
        assert record["clips/index"] == clip.index
        assert record["clips/video"] == clip.video_bytes()
        assert np.array_equal(np.array(record["clips/state"], np.float32), clip.state)
        params = record["clips/params"]
        assert params["clips/params/angle_deg"] == clip.params["angle_deg"]
        assert params["clips/params/shape"].decode() == clip.params["shape"]
        names = [body["clips/bodies/name"].decode() for body in record["clips/bodies"]]
        assert names == [body["name"] for body in clip.bodies]
        (law,) = record["clips/law"]
        assert law["clips/law/residual"] == clip.law[0].residual
        count += 1
    assert count == len(ours) == 18
    splits = [record["splits/name"] for record in dataset.records("splits")]
    assert [name.decode() if isinstance(name, bytes) else name for name in splits] == ["train", "steep"]


def test_dense_records_are_there(ramp: Path) -> None:
    ours = open_dataset(ramp, passes=["depth"])
    records = {
        record["dense/key"].decode(): record for record in opened(ramp / "croissant.json").records("dense")
    }
    assert set(records) == {clip.key for clip in ours}
    for clip in ours:
        assert records[clip.key]["dense/depth"] == clip.values["depth"]
        assert records[clip.key]["dense/depth_scale_m"] == clip.values["depth_scale_m"]


def test_every_column_is_described(ramp: Path) -> None:
    manifest = json.loads((ramp / "manifest.json").read_text())
    described = json.loads((ramp / "croissant.json").read_text())
    fields = {field["@id"]: field for records in described["recordSet"] for field in records["field"]}
    for column in manifest["columns"]:
        field = fields[f"{'dense' if column['dense'] else 'clips'}/{column['name']}"]
        assert column["meaning"] in field["description"]
        assert f"Unit: {column['unit']}." in field["description"] or not column["unit"]
    assert fields["clips/state"]["arrayShape"] == "-1,-1,13"
    assert fields["clips/state"]["dataType"] == "cr:Float32"
    assert fields["clips/video"]["dataType"] == "sc:VideoObject"


def test_files_have_the_hashes_of_the_manifest(ramp: Path) -> None:
    manifest = Manifest.from_text((ramp / "manifest.json").read_text())
    described = json.loads((ramp / "croissant.json").read_text())
    files = {entry["@id"]: entry for entry in described["distribution"] if "sha256" in entry}
    records = {path: record for shard in manifest.shards for path, record in shard.files.items()}
    assert set(files) == {path for path in records if path.endswith(".parquet")}
    for path, entry in files.items():
        assert entry["sha256"] == records[path].sha256
        assert entry["contentUrl"] == path


def test_on_the_hub_files_have_addresses(ramp: Path, tmp_path: Path) -> None:
    manifest = Manifest.from_text((ramp / "manifest.json").read_text())
    text = croissant(manifest, metadata_front(manifest), "user/ramp")
    (tmp_path / "croissant.json").write_text(text)
    opened(tmp_path / "croissant.json")
    repository, first, *_ = json.loads(text)["distribution"]
    assert repository["contentUrl"] == "https://huggingface.co/datasets/user/ramp"
    assert first["contentUrl"] == f"https://huggingface.co/datasets/user/ramp/resolve/main/{first['@id']}"
    assert json.loads(text)["url"] == "https://huggingface.co/datasets/user/ramp"
