"""`simgen.build` from Python: the same bytes however it is made, and a report that agrees with the dataset."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import simgen
from simgen.build import BuildReport, Plan, generate_shard, plan_of
from simgen.build.packing import make_room
from simgen.recipe import Recipe, parse_recipe, recipe_from_data
from simgen.scenarios import get_scenario
from tests.build.command import environment
from tests.build.hand import content

pytest.importorskip("pybullet")
FORMATS = ("parquet", "webdataset")


def recipe(clips_per_shard: int = 8) -> Recipe:
    return recipe_from_data(
        {
            "name": "small",
            "scenario": "drop",
            "seed": 4,
            "splits": {"train": 10, "test": 3},
            "video": {"size": 32, "fps": 12, "seconds": 1},
            "passes": ["segmentation"],
            "output": {"format": "both", "clips_per_shard": clips_per_shard},
        }
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuildReport]:
    folder = tmp_path_factory.mktemp("built") / "out"
    return folder, simgen.build(recipe(), folder, workers=2)


def test_the_report_agrees_with_the_dataset(built: tuple[Path, BuildReport]) -> None:
    folder, report = built
    assert (report.folder, report.clips, report.made) == (folder, 13, 13)
    assert report.splits == {"train": 10, "test": 3}
    files = content(folder)
    shards = [data for name, data in files.items() if name.split("/")[0] in ("data", "dense", "webdataset")]
    assert report.bytes == sum(map(len, shards))
    rows = pq.read_table(folder / "data", columns=["law", "attempt"]).to_pylist()
    assert sum(report.rejections.values()) == sum(row["attempt"] for row in rows)
    assert report.residuals
    for law, found in report.residuals.items():
        residuals = sorted(check["residual"] for row in rows for check in row["law"] if check["name"] == law)
        assert (found.scenario, found.count, found.worst) == ("drop", len(residuals), residuals[-1])
        assert residuals[0] * 0.98 <= found.median <= residuals[len(residuals) // 2] * 1.02
        assert found.tolerance == {law.name: law.tolerance for law in get_scenario("drop").laws}[law]
    assert set(report.core_seconds) == {"scene", "simulate", "render", "label", "encode", "write"}
    assert all(seconds > 0 for seconds in report.core_seconds.values())


def test_a_second_run_makes_nothing_and_changes_nothing(built: tuple[Path, BuildReport]) -> None:
    folder, first = built
    before = content(folder)
    again = simgen.build(recipe(), folder, workers=1)
    assert again.made == 0
    assert dataclasses.replace(
        again, made=0, seconds=0, core_seconds={}, scenario_seconds={}, residuals={}
    ) == dataclasses.replace(first, made=0, seconds=0, core_seconds={}, scenario_seconds={}, residuals={})
    assert content(folder) == before


def test_shards_made_one_by_one_in_this_process_are_the_same(
    built: tuple[Path, BuildReport], tmp_path: Path
) -> None:
    """What a cluster task does: no pool, no waiting clips, any order."""
    make_room(tmp_path)
    heard = []
    for shard in reversed(list(plan_of(recipe()).shards())):
        generate_shard(recipe(), shard, tmp_path, FORMATS, on_clip=heard.append)
    assert len(heard) == 13
    files = content(built[0])
    for name, data in content(tmp_path).items():
        assert files[name] == data, name


def clips_of(folder: Path) -> dict[str, Any]:
    """Every clip as stored: rows of both Parquet tables, members of the tars."""
    found: dict[str, Any] = {}
    for kind in ("data", "dense"):
        for row in pq.read_table(folder / kind).to_pylist():
            found[kind, row["key"]] = row
    for path in (folder / "webdataset").iterdir():
        with tarfile.open(path) as tar:
            for member in tar:
                found["tar", member.name] = tar.extractfile(member).read()  # type: ignore[union-attr]
    return found


@pytest.mark.parametrize("clips_per_shard", [3, 100])
def test_another_shard_size_changes_no_clip(
    built: tuple[Path, BuildReport], tmp_path: Path, clips_per_shard: int
) -> None:
    simgen.build(recipe(clips_per_shard), tmp_path / "out", workers=2)
    assert clips_of(tmp_path / "out") == clips_of(built[0])


def test_a_small_build_is_the_beginning_of_a_large_one(
    built: tuple[Path, BuildReport], tmp_path: Path
) -> None:
    simgen.build(recipe(), tmp_path / "out", clips=2, formats=["parquet"])
    large = clips_of(built[0])
    small = clips_of_parquet(tmp_path / "out")
    assert len(small) == 8  # 2 clips of 2 splits in 2 tables
    assert all(large[key] == clip for key, clip in small.items())


def clips_of_parquet(folder: Path) -> dict[str, Any]:
    return {
        (kind, row["key"]): row
        for kind in ("data", "dense")
        for row in pq.read_table(folder / kind).to_pylist()
    }


def test_a_script_needs_no_guard(built: tuple[Path, BuildReport], tmp_path: Path) -> None:
    """Workers never import the user's script: `if __name__ == "__main__"` is not needed."""
    folder, _ = built
    script = tmp_path / "script.py"
    script.write_text(
        "import simgen\n"
        f"recipe = simgen.load_recipe({str(tmp_path / 'recipe.yaml')!r})\n"
        f"print(simgen.build(recipe, {str(tmp_path / 'out')!r}, workers=2).made)\n"
    )
    (tmp_path / "recipe.yaml").write_bytes((folder / "recipe.yaml").read_bytes())
    done = subprocess.run(
        [sys.executable, script], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "13\n"
    assert content(tmp_path / "out") == content(folder)


def test_it_works_from_a_thread(tmp_path: Path) -> None:
    reports = []
    thread = threading.Thread(
        target=lambda: reports.append(simgen.build(recipe(), tmp_path / "out", clips=1))
    )
    thread.start()
    thread.join()
    assert reports[0].made == 2


def test_the_recipe_in_the_folder_declares_the_same_clips(built: tuple[Path, BuildReport]) -> None:
    assert parse_recipe((built[0] / "recipe.yaml").read_text()).hash == recipe().hash


def test_wrong_arguments_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for arguments, words in (
        ({"clips": 0}, "a dataset needs at least one clip, not 0"),
        ({"workers": 0}, "a build needs at least one worker, not 0"),
        ({"formats": ["zip"]}, "formats are parquet and webdataset, not zip"),
        ({"formats": []}, "formats are parquet and webdataset, not none"),
    ):
        with pytest.raises(ValueError, match=words):
            simgen.build(recipe(), tmp_path / "out", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_clips_replaces_the_count_of_every_split() -> None:
    assert plan_of(recipe(), 5) == Plan({"train": 5, "test": 5}, 8)
    assert plan_of(recipe()) == Plan({"train": 10, "test": 3}, 8)


def test_the_median_of_residuals_is_near_and_zero_is_zero() -> None:
    from simgen.build.tally import _Residuals

    found = _Residuals()
    for residual in (0.0, 3e-9, 1e-4, 2e-4, 1.0):
        found.add(residual)
    assert (found.count, found.worst) == (5, 1.0)
    assert found.median() == pytest.approx(1e-4, rel=0.01)
    nothing = _Residuals()
    nothing.add(0.0)
    assert (nothing.count, nothing.worst, nothing.median()) == (1, 0.0, 0.0)
