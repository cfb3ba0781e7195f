"""A manifest is written and read shard by shard, and says the same as one that is not."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc
from pathlib import Path

import pytest

from simgen import GENERATOR_VERSION
from simgen.dataset.manifest import MANIFEST, Manifest, Marker
from simgen.dataset.storage import holds
from simgen.errors import DatasetError
from tests.dataset.samples import HandRecipe
from tests.dataset.test_shards import shard

RECIPE = HandRecipe()


def manifest(count: int) -> Manifest:
    markers = (
        Marker(shard(number, count=count), count, RECIPE.hash, GENERATOR_VERSION, ("parquet", "webdataset"))
        for number in range(count)
    )
    return Manifest.of(RECIPE, markers, GENERATOR_VERSION)


def test_the_pieces_are_json_of_a_line_per_shard() -> None:
    whole = manifest(12)
    text = b"".join(whole.pieces()).decode()
    assert text == whole.to_text()
    value = json.loads(text)
    assert [entry["shard"] for entry in value["shards"]] == list(range(12))
    lines = text.split(' "shards": [\n')[1].splitlines()
    assert [json.loads(line.rstrip(",")) for line in lines[:12]] == value["shards"]
    assert lines[12:] == [" ]", "}"]
    assert Manifest.from_text(dataclasses.replace(whole, shards=()).to_text()).shards == ()


def test_however_its_json_is_laid_out_it_is_read() -> None:
    whole = manifest(5)
    value = json.loads(whole.to_text())
    for text in (
        whole.to_text(),
        json.dumps(value),
        json.dumps(value, indent=1),
        json.dumps(dict(reversed(value.items())), indent=2),
        whole.to_text().replace("\n", "\r\n"),
        whole.to_text() + "\n\n",
    ):
        assert Manifest.from_text(text) == whole


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ('},\n  {"split"', '}\n  {"split"'),  # no comma
        ("\n ]\n}\n", ",\n ]\n}\n"),  # one too many
        ("\n ]\n}\n", "\n"),  # cut off
        ("\n ]\n}\n", "\n ]\n} {\n"),
        ('"clips":3', '"clips":"three"'),
        ('{"split"', '{"spilt"'),
    ],
)
def test_what_is_damaged_is_told(there: str, instead: str) -> None:
    text = manifest(3).to_text()
    assert there in text
    with pytest.raises(DatasetError, match=r"^m\.json is damaged \(.*\); run `simgen build` again"):
        Manifest.from_text(text.replace(there, instead, 1), "m.json")


def test_writing_and_reading_hold_no_text(tmp_path: Path) -> None:
    whole = manifest(1000)
    tracemalloc.start()
    record = whole.write(tmp_path)
    _, writing = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    assert holds(tmp_path / MANIFEST, whole.pieces())
    assert whole.digest() == record.sha256
    _, comparing = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    with (tmp_path / MANIFEST).open("rb") as file:
        assert Manifest.from_file(file) == whole
    _, reading = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert record.bytes > 450_000
    assert max(writing, comparing) < 150_000
    assert reading < 500_000  # 170 bytes a shard, twice while arrays grow; as a whole its JSON takes 2 MB
    assert not holds(tmp_path / MANIFEST, manifest(999).pieces())
    assert not holds(tmp_path / "none", whole.pieces())
