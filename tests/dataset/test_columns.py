"""The column table and everything that is made from it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from simgen.dataset import columns
from simgen.dataset.column_table import Layout, arrow_schema
from simgen.dataset.features import feature
from simgen.dataset.manifest import Manifest
from simgen.dataset.reference import page
from simgen.publish.front_matter import front_matter
from simgen.render.frames import PASSES
from tests.dataset.samples import HandRecipe

ROOT = Path(__file__).parents[2]


def test_the_page_of_columns_is_current() -> None:
    assert (ROOT / "docs" / "columns.md").read_text() == page(), (
        "run: python -m simgen.dataset.reference > docs/columns.md"
    )


def test_every_column_of_the_architecture_is_there_in_its_order() -> None:
    names = [column.name for column in columns(HandRecipe(camera_names=("main", "side")))]
    assert " ".join(names) == (
        "key index split scenario caption captions video fps frame_count width height params bodies state "
        "contacts events law decision camera boxes visible centroids projected_px video_side camera_side boxes_side "
        "visible_side centroids_side scene recipe_hash generator_version attempt"
    )


def test_every_column_says_what_it_is() -> None:
    table = columns(HandRecipe(passes=PASSES, camera_names=("main", "side")))
    assert len({column.name for column in table}) == len(table)
    places = [place for column in table for place in column.in_tar.split(", ") if place.startswith("`.")]
    files = [place for place in places if not place.startswith("`.json")]
    assert len(set(files)) == len(files), "two columns in one file of a sample"
    for column in table:
        assert column.meaning, column.name
        numeric = column.shape or str(column.type) in ("double", "float")
        of_words = any(word in column.name for word in ("segmentation", "occluded"))
        assert column.unit or not numeric or of_words, f"{column.name} has no unit"


def test_the_types_of_the_architecture() -> None:
    schema = arrow_schema(columns(HandRecipe()))
    assert str(schema.field("state").type) == ("list<item: list<item: fixed_size_list<item: float>[13]>>"), (
        schema.field("state").type
    )
    assert str(schema.field("video").type) == "struct<bytes: binary, path: string>"
    assert str(schema.field("params").type) == (
        "struct<angle_deg: double, count: int64, shape: string, fast: bool>"
    )


def test_parquet_says_what_it_is(plain: Path) -> None:
    metadata = pq.read_schema(plain / "data" / "train-00000-of-00003.parquet").metadata
    features = json.loads(metadata[b"huggingface"])["info"]["features"]
    assert features["video"] == {"_type": "Video"}
    notes = json.loads(metadata[b"simgen"])
    assert notes["format"] == 1
    assert " ".join(notes["state_order"]) == "px py pz qx qy qz qw vx vy vz wx wy wz"
    assert notes["state_units"][3] == "1"
    assert "pixel (row i, column j)" in notes["pixels"]
    assert notes["columns"]["boxes"]["unit"] == "px"


def test_features_are_what_datasets_would_write(dense: Path) -> None:
    """Ours are written without the library; here it is asked."""
    datasets = pytest.importorskip("datasets")
    manifest = Manifest.from_text((dense / "manifest.json").read_text())
    infos = front_matter(manifest)["dataset_info"]
    for info, folder in zip(infos, ("data", "dense"), strict=True):
        schema = pq.read_schema(dense / folder / "train-00000-of-00002.parquet")
        theirs = datasets.Features.from_arrow_schema(schema)
        assert json.loads(schema.metadata[b"huggingface"])["info"]["features"] == theirs.to_dict()
        assert info["features"] == theirs._to_yaml_list()
        assert {field.name: feature(field.type) for field in schema} == theirs.to_dict()


def test_the_card_has_front_matter_that_loads(plain: Path) -> None:
    text = (plain / "README.md").read_text()
    _, front, body = text.split("---\n", 2)
    head = yaml.safe_load(front)
    assert head["configs"] == [
        {
            "config_name": "default",
            "default": True,
            "data_files": [
                {"split": "train", "path": "data/train-*.parquet"},
                {"split": "test", "path": "data/test-*.parquet"},
            ],
        }
    ]
    (info,) = head["dataset_info"]
    assert [(split["name"], split["num_examples"]) for split in info["splits"]] == [
        ("train", 40),
        ("test", 3),
    ]
    size = sum(path.stat().st_size for path in (plain / "data").iterdir())
    assert info["download_size"] == info["dataset_size"] == size
    assert head["size_categories"] == ["n<1K"]
    for column in columns(HandRecipe()):
        assert f"| `{column.name}` |" in body


def test_layout_survives_the_manifest() -> None:
    layout = Layout.of(HandRecipe(passes=("flow", "depth"), camera_names=("main", "side"), codec="ffv1"))
    assert layout.passes == ("depth", "flow"), "in the usual order, however the recipe lists them"
    assert Layout.from_json(json.loads(json.dumps(layout.to_json()))) == layout


def test_a_dataset_of_before_the_decision_has_no_such_column() -> None:
    """Its manifest does not name the label; the format is the same."""
    written = Layout.of(HandRecipe()).to_json()
    del written["labels"]
    old = Layout.from_json(json.loads(json.dumps(written)))
    names = [column.name for column in columns(old)]
    assert "decision" not in names
    assert [*names[:17], "decision", *names[17:]] == [column.name for column in columns(HandRecipe())]
    assert old.tiers == ("plain", "qualitative", "numeric", "outcome")
