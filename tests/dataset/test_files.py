"""The two formats as files: settings of Parquet, order and types of WebDataset, manifest and markers."""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simgen import GENERATOR_VERSION
from simgen.dataset import Manifest, Marker, columns
from simgen.dataset.manifest import library_versions
from simgen.errors import DatasetError
from tests.dataset.samples import HandRecipe, build, make_sample


def tar_samples(path: Path) -> dict[str, dict[str, bytes]]:
    """Read by Python's own tarfile: key -> field -> content, in their order."""
    samples: dict[str, dict[str, bytes]] = {}
    with tarfile.open(path) as tar:
        for member in tar:
            key, _, field = member.name.partition(".")
            file = tar.extractfile(member)
            assert file is not None
            samples.setdefault(key, {})[field] = file.read()
    return samples


def test_parquet_settings(plain: Path) -> None:
    file = pq.ParquetFile(plain / "data" / "train-00001-of-00003.parquet")
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [14]
    assert b"content_defined_chunking" in file.metadata.metadata
    group = file.metadata.row_group(0)
    chunks = {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}
    assert chunks["video.bytes"].compression == "UNCOMPRESSED"
    assert "RLE_DICTIONARY" not in chunks["video.bytes"].encodings
    for path, chunk in chunks.items():
        assert chunk.has_column_index or not chunk.is_stats_set, path
        assert chunk.has_offset_index, f"{path} has no page index"
        if path != "video.bytes":
            assert chunk.compression == "ZSTD", path
        if chunk.physical_type in ("FLOAT", "DOUBLE"):
            assert "RLE_DICTIONARY" not in chunk.encodings, path
    angle = chunks["params.angle_deg"].statistics
    angles = [make_sample(HandRecipe(), index).params["angle_deg"] for index in range(14, 28)]
    assert (angle.min, angle.max) == (min(angles), max(angles))


def test_row_groups_hold_sixteen_clips(tmp_path: Path) -> None:
    build(tmp_path, HandRecipe(frame_count=2, size=(16, 16)), {"train": [35]}, ("parquet",))
    file = pq.ParquetFile(tmp_path / "data" / "train-00000-of-00001.parquet")
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [16, 16, 3]


def test_parquet_holds_what_the_sample_held(plain: Path) -> None:
    """Read by Arrow's own conversion to Python, not by simgen's reader."""
    rows = pq.read_table(plain / "data" / "train-00000-of-00003.parquet").to_pylist()
    for index in (0, 3):
        row, sample = rows[index], make_sample(HandRecipe(), index)
        assert row["key"] == sample.key == f"hand-train-{index:08d}"
        assert row["params"] == dict(sample.params)
        assert row["captions"] == sample.captions
        assert row["caption"] == sample.captions["plain"]
        assert np.array_equal(np.array(row["state"], np.float32), sample.state)
        assert np.array_equal(np.array(row["boxes"], np.float32), sample.boxes)
        assert np.array_equal(row["camera"]["intrinsics"], sample.cameras["main"].intrinsics)
        assert np.array_equal(row["camera"]["world_to_camera"], sample.cameras["main"].world_to_camera)
        assert len(row["contacts"]) == len(sample.contacts)
        for place, contact in enumerate(row["contacts"]):
            assert contact["time_s"] == sample.contacts.time_s[place]
            assert contact["position_m"] == list(sample.contacts.position_m[place])
        assert [body["name"] for body in row["bodies"]] == ["ground", "ball", "box"]
        assert row["bodies"][1]["mass_kg"] == sample.scene.bodies[1].mass_kg
        assert row["video"]["path"] == f"{sample.key}.mp4"
        assert row["law"] == [dataclasses.asdict(check) for check in sample.law]
        assert row["attempt"] == index % 2


def test_no_value_is_null(plain: Path, dense: Path) -> None:
    def nulls(array: pa.Array) -> int:
        if isinstance(array, pa.StructArray):
            return array.null_count + sum(nulls(array.field(place)) for place in range(array.type.num_fields))
        if isinstance(array, (pa.ListArray, pa.FixedSizeListArray)):
            return array.null_count + nulls(array.flatten())
        return int(array.null_count)

    for folder in (plain, dense):
        for path in folder.rglob("*.parquet"):
            table = pq.read_table(path)
            assert sum(nulls(chunk) for column in table.columns for chunk in column.chunks) == 0


def test_tar_members_are_plain(plain: Path) -> None:
    path = plain / "webdataset" / "train-00000-of-00003.tar"
    with tarfile.open(path) as tar:
        for member in tar:
            assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")
            assert (member.type, member.mode, member.pax_headers) == (tarfile.REGTYPE, 0o644, {})
    data = path.read_bytes()
    assert data[257:265] == b"ustar\x0000"
    assert len(data) % tarfile.RECORDSIZE == 0


def test_every_sample_has_the_same_fields_and_types(plain: Path, dense: Path) -> None:
    for folder, first in ((plain, ["mp4", "txt", "json"]), (dense, ["txt", "mp4", "video_side.mp4"])):
        seen_fields, seen_types = set(), set()
        for path in sorted((folder / "webdataset").iterdir()):
            for fields in tar_samples(path).values():
                assert set(list(fields)[:3]) == set(first)
                record = json.loads(fields["json"])
                seen_fields.add(tuple(fields))
                seen_types.add(tuple((name, type(value).__name__) for name, value in record.items()))
                assert not any(value is None or isinstance(value, (list, dict)) for value in record.values())
                for name, data in fields.items():
                    if name.endswith(".npy"):
                        array = np.load(io.BytesIO(data))
                        assert array.size > 0, f"{name} is empty: a reader cannot infer its type"
                        assert array.dtype in (np.float32, np.float64), name
        assert len(seen_fields) == 1
        assert len(seen_types) == 1
        assert ("params_angle_deg", "float") in next(iter(seen_types))


def test_a_whole_number_stays_a_float_and_words_stay_words(plain: Path) -> None:
    samples = tar_samples(plain / "webdataset" / "train-00000-of-00003.tar")
    text = samples["hand-train-00000000"]["json"].decode()
    assert make_sample(HandRecipe(), 0).params["angle_deg"] % 1 == 0
    assert f'"params_angle_deg":{make_sample(HandRecipe(), 0).params["angle_deg"]!r}' in text
    assert "Ünïcode" in text


def test_no_contact_is_one_row_that_says_so(plain: Path) -> None:
    samples = tar_samples(plain / "webdataset" / "train-00000-of-00003.tar")
    none = np.load(io.BytesIO(samples["hand-train-00000000"]["contacts.npy"]))
    assert none.shape == (1, 11)
    assert none[0, 0] == -1
    sample = make_sample(HandRecipe(), 2)
    some = np.load(io.BytesIO(samples["hand-train-00000002"]["contacts.npy"]))
    assert np.array_equal(some[:, 1], sample.contacts.time_s)
    assert np.array_equal(some[:, 7:10], sample.contacts.normal)
    assert np.array_equal(some[:, 10], sample.contacts.impulse_n_s)


def test_the_column_table_tells_where_everything_is_in_a_sample(
    dense: Path, dense_recipe: HandRecipe
) -> None:
    fields = next(iter(tar_samples(dense / "webdataset" / "train-00000-of-00002.tar").values()))
    record = json.loads(fields["json"])
    for column in columns(dense_recipe):
        if column.in_tar in ("`.json`", "`.json`, as JSON text"):
            assert column.name in record
        elif column.in_tar.endswith("_<member>`"):
            assert all(f"{column.name}_{member.name}" in record for member in column.type)
        else:
            for place in column.in_tar.split(", "):
                entry = place.removeprefix("`.json` ")
                assert entry.strip("`.") in (record if entry != place else fields), column.name


def test_manifest_survives_and_is_the_same_in_any_order(plain: Path) -> None:
    text = (plain / "manifest.json").read_text()
    manifest = Manifest.from_text(text)
    assert manifest.to_text() == text
    assert manifest.splits == {"train": 40, "test": 3}
    markers = [Marker.read(plain, "train", number, 3) for number in (2, 0, 1)] + [
        Marker.read(plain, "test", 0, 1)
    ]
    assert (
        Manifest.of(HandRecipe(), [marker for marker in markers if marker], GENERATOR_VERSION).to_text()
        == text
    )
    assert [shard.start for shard in manifest.of_split("train")] == [0, 14, 28]
    assert manifest.rejections == {"law-residual": 21}
    assert all(line.startswith('  {"split"') for line in text.split('"shards": [\n')[1].splitlines()[:4])


def test_manifest_knows_its_libraries() -> None:
    versions = library_versions()
    assert versions["pyarrow"] == pa.__version__
    assert set(versions) == {"simgen", "numpy", "pyarrow", "av", "pybullet", "numba"}


def test_markers_that_do_not_belong_are_refused(plain: Path) -> None:
    marker = Marker.read(plain, "test", 0, 1)
    assert marker is not None
    with pytest.raises(ValueError, match=r"test-00000-of-00001\.json belongs to another recipe"):
        Manifest.of(HandRecipe(), [dataclasses.replace(marker, recipe_hash="x")], 1)
    with pytest.raises(ValueError, match="at least one shard"):
        Manifest.of(HandRecipe(), [], 1)


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]", b'{"format": 1}', b"\xff\xfe", b"null"])
def test_a_damaged_marker_counts_as_none(tmp_path: Path, spoilt: bytes) -> None:
    path = tmp_path / Marker.path("train", 0, 1)
    assert Marker.read(tmp_path, "train", 0, 1) is None
    path.parent.mkdir(parents=True)
    path.write_bytes(spoilt)
    assert Marker.read(tmp_path, "train", 0, 1) is None


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"format": 1}', '{"format": "new"}', "null"])
def test_a_damaged_manifest_is_said_in_a_sentence(spoilt: str) -> None:
    with pytest.raises(DatasetError, match=r"^x/manifest.json is damaged .* run `simgen build` again"):
        Manifest.from_text(spoilt, "x/manifest.json")


def test_a_newer_format_says_so(plain: Path) -> None:
    value = json.loads((plain / "manifest.json").read_text())
    newer = json.dumps({"format": 2, "whatever": value})
    with pytest.raises(DatasetError) as caught:
        Manifest.from_text(newer, "x/manifest.json")
    assert str(caught.value) == (
        "x/manifest.json was written by a newer simgen (format 2, this one reads up to 1); "
        "upgrade: pip install --upgrade simgen-physics"
    )


def test_finishing_twice_keeps_an_edited_card(tmp_path: Path) -> None:
    recipe = HandRecipe(frame_count=2, size=(16, 16))
    build(tmp_path, recipe, {"train": [2]}, ("parquet",))
    card = tmp_path / "README.md"
    card.write_text(card.read_text() + "\nA person wrote this.\n")
    stamp = (tmp_path / "manifest.json").stat().st_mtime_ns
    build(tmp_path, recipe, {"train": [2]}, ("parquet",))
    assert "A person wrote this." in card.read_text()
    assert (tmp_path / "manifest.json").stat().st_mtime_ns == stamp
    build(tmp_path, recipe, {"train": [3]}, ("parquet",))
    assert '"clips":3' in (tmp_path / "manifest.json").read_text()
    assert "A person" not in card.read_text()
    assert "A person wrote this." in (tmp_path / "README.old.md").read_text()
