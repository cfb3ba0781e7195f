"""Datasets of several scenarios: what a clip does not have is null or absent, and every reader opens it."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import simgen
from simgen.build import BuildReport
from simgen.dataset import Layout, Manifest
from simgen.dataset.values import values_of
from simgen.publish.card import dataset_card
from simgen.reading import open_dataset
from simgen.recipe import Recipe, recipe_from_data
from simgen.scenarios import get_scenario
from simgen.verification import differences, verify
from simgen.verification.overview import overview
from simgen.wording import build_words, overview_words
from tests.dataset.samples import HandRecipe, make_sample
from tests.reading.tars_with_datasets import read_tars

SCENARIOS = ("collision", "drop", "incline")


def recipe() -> Recipe:
    return recipe_from_data(
        {
            "name": "mixed",
            "scenario": "mix",
            "scenarios": {"drop": 2, "incline": 1, "collision": 0},
            "splits": {"train": 9, "unseen": {"clips": 2, "scenarios": ["collision"]}},
            "params": {"elasticity": 0.5},
            "video": {"size": 32, "fps": 12, "seconds": 1},
            "output": {"format": "both", "clips_per_shard": 4},
        }
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuildReport]:
    pytest.importorskip("pybullet")
    folder = tmp_path_factory.mktemp("mix") / "mixed"
    return folder, simgen.build(recipe(), folder, workers=1)


def own(scenario: str) -> set[str]:
    return {parameter.name for parameter in get_scenario(scenario).parameters}


def test_it_is_as_it_should_be(built: tuple[Path, BuildReport]) -> None:
    folder, _ = built
    report = verify(folder, deep=True)
    assert report.ok, report.text
    assert report.notes == ()
    parquet, tar = (open_dataset(folder, format=kind) for kind in ("parquet", "webdataset"))
    assert list(differences(parquet, tar)) == []


def test_every_clip_has_the_parameters_of_its_own_scenario(built: tuple[Path, BuildReport]) -> None:
    folder, _ = built
    made = recipe()
    for split, count in (("train", 9), ("unseen", 2)):
        clips = list(open_dataset(folder, split=split))
        assert [clip.scenario for clip in clips] == [
            made.scenario_name(made.clip(split, index)) for index in range(count)
        ]
        for clip in clips:
            assert set(clip.params) == own(clip.scenario)
            assert clip.params["elasticity"] == 0.5
            assert all(check.name.startswith(clip.scenario) for check in clip.law)
    assert {clip.scenario for clip in open_dataset(folder, split="train")} == {"drop", "incline"}


def test_the_first_clips_of_a_large_build_are_those_of_a_small_one(
    built: tuple[Path, BuildReport], tmp_path: Path
) -> None:
    small = tmp_path / "small"
    simgen.build(recipe(), small, clips=2, workers=1)
    few = open_dataset(small, split="train")
    many = open_dataset(built[0], split="train")
    assert list(differences(few, [many[0], many[1]])) == []


def test_what_is_verified(built: tuple[Path, BuildReport], tmp_path: Path) -> None:
    """A scenario or a parameter that is not the clip's is found."""
    from simgen.reading.clip import Clip
    from simgen.reading.folder import Folder, read_manifest
    from simgen.verification.checks import check_clip
    from simgen.verification.rederivation import Rederivation

    folder, _ = built
    manifest = read_manifest(Folder(folder))
    clip = open_dataset(folder, split="train")[0]
    again = Rederivation(manifest)

    def wrong(**changes: object) -> list[str]:
        changed = Clip({**clip.values, **changes}, clip.layout)
        return [*check_clip(changed, manifest, "train", 0), *again.check(changed)]

    assert wrong() == []
    other = next(name for name in SCENARIOS if name != clip.scenario and name != "collision")
    assert any("the recipe makes this clip one of" in line for line in wrong(scenario=other))
    assert any(line.startswith("scenario is 'orbit', expected") for line in wrong(scenario="orbit"))
    strange = {**clip.values["params"], "speed_a_m_s": 1.0}
    assert any("have no such parameter" in line for line in wrong(params=strange))
    missing = {**clip.values["params"], "elasticity": None}
    assert any("parameter elasticity is None" in line for line in wrong(params=missing))


# ── other readers
# ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def _their_warnings() -> Iterator[None]:
    """Warnings of third parties about themselves, and about files that they leave open, are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
        gc.collect()


@pytest.mark.usefixtures("_their_warnings")
def test_parquet_with_other_readers(built: tuple[Path, BuildReport]) -> None:
    datasets, duckdb = pytest.importorskip("datasets"), pytest.importorskip("duckdb")
    folder, _ = built
    rows = pq.read_table(folder / "data", columns=["key", "scenario", "params"]).to_pylist()
    for row in rows:
        assert {name for name, value in row["params"].items() if value is not None} == own(row["scenario"])
    found = duckdb.sql(
        f"select key, params.angle_deg from '{folder}/data/*.parquet' where params.angle_deg is not null order by key"
    ).fetchall()
    slopes = [(row["key"], row["params"]["angle_deg"]) for row in rows if row["scenario"] == "incline"]
    assert found == sorted(slopes)
    frame = duckdb.sql(f"select scenario, params.height_m as h from '{folder}/data/*.parquet'").df()
    assert frame.h.notna().eq(frame.scenario == "drop").all()
    by_pandas = pytest.importorskip("pandas").read_parquet(folder / "data", columns=["key", "params"])
    assert {row.key: row.params for row in by_pandas.itertuples()} == {
        row["key"]: row["params"] for row in rows
    }
    for streaming in (False, True):
        loaded = datasets.load_dataset(
            "parquet", data_files=f"{folder}/data/train-*.parquet", split="train", streaming=streaming,
            cache_dir=str(folder.parent / "cache"),
        ).cast_column("video", datasets.Video(decode=False))  # fmt: skip
        assert [row["params"] for row in loaded] == [
            row["params"] for row in rows if row["key"].startswith("mixed-train")
        ]


@pytest.mark.usefixtures("_their_warnings")
def test_tars_with_other_readers(
    built: tuple[Path, BuildReport], ffmpeg_libraries: dict[str, str], tmp_path: Path
) -> None:
    webdataset = pytest.importorskip("webdataset")
    folder, _ = built
    tars = sorted((folder / "webdataset").glob("train-*.tar"))
    clips = {clip.key: clip for clip in open_dataset(folder, split="train")}
    for sample in webdataset.WebDataset([str(tar) for tar in tars], shardshuffle=False):
        record = json.loads(sample["json"])
        assert json.loads(record["params"]) == clips[sample["__key__"]].params
        assert not [name for name, value in record.items() if value is None]
    pytest.importorskip("datasets")
    for rows, _ in read_tars(tars, ffmpeg_libraries, tmp_path).values():
        assert [row["__key__"] for row in rows] == list(clips)
        for row in rows:
            assert json.loads(row["json"]["params"]) == clips[row["__key__"]].params


# ── without an engine
# ────────────────────────────────────────────────────────────────────────────────────────────


class MixedHand(HandRecipe):
    """The hand-made clips as those of a scenario that has two of four parameters, `count` a whole number there
    and any number in the other scenario.
    """

    def param_types(self) -> dict[str, type]:
        return {"angle_deg": float, "count": float, "shape": str, "fast": bool}

    def mixture(self) -> dict[str, tuple[str, ...]]:
        return {"hand": ("angle_deg", "count"), "other": ("count", "shape", "fast")}


def test_a_whole_number_of_one_scenario_is_stored_as_the_number_it_is_in_another() -> None:
    layout = Layout.of(MixedHand())
    sample = make_sample(MixedHand(), 2)
    assert type(sample.params["count"]) is int
    mine = replace(sample, params={"angle_deg": sample.params["angle_deg"], "count": 2})
    assert values_of(mine, layout)["params"] == {
        "angle_deg": sample.params["angle_deg"],
        "count": 2.0,
        "shape": None,
        "fast": None,
    }
    assert type(values_of(mine, layout)["params"]["count"]) is float


def test_the_manifest_keeps_what_each_scenario_has() -> None:
    layout = Layout.of(MixedHand())
    assert Layout.from_json(json.loads(json.dumps(layout.to_json()))) == layout
    assert layout.params_of("hand") == (("angle_deg", "float"), ("count", "float"))
    plain = Layout.of(HandRecipe())
    assert "mixture" not in plain.to_json()  # datasets of one scenario are written as they always were
    assert plain.params_of("hand") == plain.params


# ── before a build
# ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_estimate_tries_every_scenario() -> None:
    """Those that would reject every draw are found by `simgen check`, not by the build."""
    pytest.importorskip("pybullet")
    from simgen.build import plan_of
    from simgen.build.estimate import estimate

    made = recipe()
    found = estimate(made, plan_of(made, 1000), ("parquet",))
    assert found.clips == {"train": 1000, "unseen": 1000}
    assert found.sampled >= 3 + 1  # a round of each split


def test_a_preview_says_which_scenario_a_clip_is_of(tmp_path: Path) -> None:
    pytest.importorskip("pybullet")
    from simgen.preview import _several, preview

    made = recipe()
    first = [simgen.generate(made, index) for index in range(3)]
    assert {sample.scenario for sample in first} == {"drop", "incline"}
    assert _several(first)
    assert not _several(first[:1])
    for suffix in ("png", "gif"):
        preview(first, tmp_path / f"sheet.{suffix}")
        assert (tmp_path / f"sheet.{suffix}").stat().st_size > 1000
    for sample in first:
        assert set(sample.params) == own(sample.scenario)


# ── in words
# ────────────────────────────────────────────────────────────────────────────────────────────


def test_build_and_info_print_a_table_of_residuals(built: tuple[Path, BuildReport]) -> None:
    folder, report = built
    found = overview(folder)
    assert found.scenarios["unseen"] == {"collision": 2}
    assert found.scenarios["train"] == {"drop": 6, "incline": 3}
    assert set(found.params["unseen"]) == {f"collision.{name}" for name in own("collision")}
    residuals: dict[str, list[float]] = {}
    for clip in open_dataset(folder):
        for check in clip.law:
            residuals.setdefault(check.name, []).append(check.residual)
    assert set(found.laws) == set(report.residuals) == set(residuals)
    for law, values in residuals.items():
        assert found.laws[law].count == report.residuals[law].count == len(values)
        assert found.laws[law].worst == report.residuals[law].worst == max(values)
        assert found.laws[law].median == pytest.approx(float(np.median(values)))
        (declared,) = (entry for entry in get_scenario(found.laws[law].scenario).laws if entry.name == law)
        assert found.laws[law].tolerance == report.residuals[law].tolerance == declared.tolerance
    for text in (build_words(report), overview_words("mixed", found)):
        lines = [line.split() for line in text.splitlines()]
        assert ["scenario", "law", "n", "median", "worst", "tolerance"] in lines
        assert [line[:3] for line in lines if line[1:2] == ["drop_fall_time"]] == [
            ["drop", "drop_fall_time", "6"]
        ]
    assert "mixed: mixed, 11 clips of 3 scenarios" in overview_words("mixed", found)
    assert "scenarios of train: drop 6, incline 3" in overview_words("mixed", found)


def test_the_card_names_the_scenarios(built: tuple[Path, BuildReport]) -> None:
    folder, _ = built
    manifest = Manifest.from_text((folder / "manifest.json").read_bytes())
    assert "11 clips of the scenarios `collision`, `drop`, `incline` (train 9, unseen 2)" in dataset_card(
        manifest
    )
