"""The command line: exit statuses, what goes to which stream, and sentences instead of tracebacks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simgen.build.estimate import Estimate, FolderEstimate
from simgen.build.plan import Plan
from simgen.cli import cli
from simgen.publish.limits import hub_outlook
from simgen.wording import bytes_word, duration, estimate_words, per_cent
from tests import forked
from tests.build import command as processes
from tests.build.command import environment, recipe_file, sentences
from tests.build.hand import content

ROOT = Path(__file__).parent.parent


def simgen(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A build has one worker: starting one takes a second."""
    if arguments[:1] == ("build",):
        arguments = (*arguments, "--workers", "1")
    return forked.simgen(*arguments, cwd=cwd, environment=environment())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small.yaml and its dataset in `out`."""
    folder = tmp_path_factory.mktemp("cli")
    done = simgen("build", recipe_file(folder, 10), "-o", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return folder


def test_the_closing_summary(place: Path) -> None:
    again = simgen("build", "small.yaml", "-o", "out", cwd=place)
    assert again.returncode == 0
    size = sum(len(data) for name, data in content(place / "out").items() if name.split("/")[0] in FOLDERS)
    assert sentences(again.stderr).splitlines() == [
        f"out: 13 clips, {bytes_word(size)}",
        "  it was complete already: nothing to do",
        "next:",
        "  simgen info out",
        "  simgen verify --deep out",
        "  simgen card out",
        '  python: datasets.load_dataset("parquet", data_files="out/data/train-*.parquet")',
        '  python: simgen.open_dataset("out")',
    ]


FOLDERS = ("data", "dense", "webdataset")


def test_info_says_what_is_there(place: Path) -> None:
    shown = simgen("info", "out", cwd=place)
    assert shown.returncode == 0
    assert shown.stdout.startswith(
        "out: small, 13 clips of scenario drop\n  splits: train 10, test 3; 3 shards\n"
    )
    found = json.loads(simgen("info", "out", "--json", cwd=place).stdout)
    assert found["splits"] == {"train": 10, "test": 3}
    assert found["bytes"] == {
        name: sum(path.stat().st_size for path in (place / "out" / name).iterdir()) for name in FOLDERS
    }
    import pyarrow.parquet as pq

    rows = pq.read_table(place / "out" / "data", columns=["split", "params", "law"]).to_pylist()
    heights = [row["params"]["height_m"] for row in rows if row["split"] == "train"]
    assert found["params"]["train"]["height_m"] == [min(heights), max(heights)]
    residuals = [law["residual"] for row in rows for law in row["law"] if law["name"] == "drop_fall_time"]
    assert found["laws"]["drop_fall_time"]["worst"] == max(residuals)
    assert found["laws"]["drop_fall_time"]["count"] == len(residuals)


def test_verify_reports_and_fails_on_damage(place: Path, tmp_path: Path) -> None:
    good = simgen("verify", "out", "--json", cwd=place)
    assert (good.returncode, json.loads(good.stdout)["ok"]) == (0, True)
    out = shutil.copytree(place / "out", tmp_path / "out")
    shard = out / "data" / "train-00000-of-00002.parquet"
    shard.write_bytes(shard.read_bytes()[:-1])
    bad = simgen("verify", "out", cwd=tmp_path)
    assert bad.returncode == 1
    assert "data/train-00000-of-00002.parquet" in bad.stdout
    assert bad.stderr == ""
    repaired = simgen("build", place / "small.yaml", "-o", "out", cwd=tmp_path)
    assert repaired.returncode == 0, repaired.stderr
    assert " 8 made now" in repaired.stderr
    assert simgen("verify", "out", "--deep", cwd=tmp_path).returncode == 0
    assert content(out) == content(place / "out")


def test_check_estimates_and_writes_nothing(place: Path) -> None:
    before = content(place)
    found = json.loads(simgen("check", "small.yaml", "--json", cwd=place).stdout)
    plan = Plan({"train": 10, "test": 3}, 8)
    assert found["clips"] == dict(plan.clips_per_split)
    assert (found["shards"], found["files"]) == (plan.shard_count, 3 * plan.shard_count)
    assert found["core_hours"] == pytest.approx(13 * found["core_seconds_per_clip"] / 3600)
    assert found["core_seconds_per_clip"] == pytest.approx(sum(found["stages"].values()))
    real = sum(len(data) for name, data in content(place / "out").items() if name.split("/")[0] in FOLDERS)
    assert real / 2 < found["bytes"] < real * 2
    for folder in FOLDERS:
        there = [len(data) for name, data in content(place / "out").items() if name.startswith(f"{folder}/")]
        told = found["folders"][folder]
        assert told["files"] == len(there) == 3
        assert sum(there) / 2 < told["bytes"] < sum(there) * 2
        assert max(there) / 2 < told["bytes_per_file"] < max(there) * 2
    hub = found["hub"]
    assert (hub["met"], hub["advice"]) == (True, [])
    assert (hub["files_per_folder"], hub["files_per_repository"], hub["files_per_commit"]) == (3, 6, 6)
    assert hub["largest_file"] == max(entry["bytes_per_file"] for entry in found["folders"].values())
    assert content(place) == before


def test_the_words_of_an_estimate() -> None:
    plan = Plan({"train": 3_000_000, "test": 1000}, 256)
    estimate = Estimate(
        clips=dict(plan.clips_per_split),
        shards=plan.shard_count,
        files=plan.shard_count,
        sampled=9,
        core_seconds_per_clip=0.12,
        stages={"simulate": 0.04, "render": 0.08},
        core_hours=0.12 * plan.clips / 3600,
        hours=0.12 * plan.clips / 3600 / 4,
        cores=4,
        bytes_per_clip=100_000,
        bytes=100_000 * plan.clips,
        folders={"data": FolderEstimate(plan.shard_count, 25_600_000, 100_000 * plan.clips)},
        hub=hub_outlook(plan, {"data": 100_000.0}, {}),
        rejected={"overlap": 0.25},
    )
    assert estimate_words("mine", estimate).splitlines() == [
        "mine: the recipe is valid",
        "  clips: train 3,000,000, test 1,000; 11,723 shards, 11,723 files",
        "  time: 4.2 days of one core (100 core-hours), 25 h 0 min on the 4 cores here "
        "(120 ms per clip: simulate 40 ms, render 80 ms)",
        "  size: 300 GB (100 kB per clip): data/ 300 GB in files of 26 MB",
        "  limits of the Hub: not met (11,723 of 10,000 files in a folder, 11,723 of 100,000 in a repository, "
        "50 sent per commit, largest file 26 MB of 200 GB)",
        "    a folder would have 11,723 files, the Hub takes 10,000 per folder: set output.clips_per_shard: 310",
        "  draws rejected and drawn again, per clip: overlap 0.25",
        "  estimated from 9 clips",
    ]


def test_a_dry_run_writes_nothing(place: Path) -> None:
    before = content(place)
    shown = simgen("build", "small.yaml", "-o", "out", "--clips", "20", "--dry-run", cwd=place)
    assert shown.stdout == (
        f"{place}/out: 40 clips (train 20, test 20) in 6 shards as parquet and webdataset\n"
        "  1 shards are done, 5 are to be made\n"
    )
    fresh = simgen("build", "small.yaml", "-o", "new", "--format", "parquet", "--dry-run", cwd=place)
    assert fresh.stdout.startswith(f"{place}/new: 13 clips (train 10, test 3) in 3 shards as parquet\n")
    assert content(place) == before


def test_another_recipe_in_the_folder_is_refused_by_its_keys(place: Path, tmp_path: Path) -> None:
    text = (place / "small.yaml").read_text()
    (tmp_path / "small.yaml").write_text(text.replace("seed: 4", "seed: 5\nparams: {elasticity: 0.5}"))
    before = content(place / "out")
    done = simgen("build", "small.yaml", "-o", place / "out", cwd=tmp_path)
    assert done.returncode == 1
    assert sentences(done.stderr).startswith(
        f"{place}/out holds clips of another recipe: seed is 4 there and 5 here, params.elasticity"
    )
    assert sentences(done.stderr).endswith("Give another folder with -o, or start again with --overwrite.")
    assert content(place / "out") == before


def test_more_clips_later_equal_a_fresh_build(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "out", tmp_path / "grown")
    for folder in ("grown", "fresh"):
        done = simgen("build", place / "small.yaml", "-o", folder, "--clips", "19", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert content(tmp_path / "grown") == content(tmp_path / "fresh")


def test_overwrite_starts_again(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "out", tmp_path / "out")
    done = simgen(
        *("build", place / "small.yaml", "-o", "out", "--clips", "2", "--format", "parquet", "--overwrite"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")) == [
        *("README.md", "croissant.json", "data", "dense", "manifest.json", "recipe.yaml"),
    ]


@pytest.mark.parametrize("suffix", ["png", "gif", "mp4"])
def test_preview_writes_the_file_that_it_names(place: Path, tmp_path: Path, suffix: str) -> None:
    shown = simgen(
        *("preview", place / "small.yaml", "--split", "test", "--clips", "2", "-o", f"x.{suffix}"),
        cwd=tmp_path,
    )
    assert (shown.returncode, shown.stdout) == (0, f"x.{suffix}\n"), shown.stderr
    start = (tmp_path / f"x.{suffix}").read_bytes()[:8]
    assert {"png": b"\x89PNG", "gif": b"GIF8", "mp4": b"ftyp"}[suffix] in start


def test_data_on_stdout_is_clean(tmp_path: Path) -> None:
    for command in (["schema"], ["scenarios", "--json"]):
        shown = simgen(*command, cwd=tmp_path)
        assert (shown.returncode, shown.stderr) == (0, "")
        json.loads(shown.stdout)
    text = simgen("recipes", "incline", cwd=tmp_path).stdout
    assert text == (ROOT / "recipes" / "incline.yaml").read_text()
    study = simgen("recipes", "studies/incline_angle", cwd=tmp_path).stdout
    assert study.startswith("# yaml-language-server: $schema=./recipe.schema.json\n")
    assert (
        study.split("\n", 1)[1] == (ROOT / "recipes/studies/incline_angle.yaml").read_text().split("\n", 1)[1]
    )
    listed = simgen("recipes", cwd=tmp_path).stdout.splitlines()
    assert [line.split()[0] for line in listed] == [
        *sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml")),
        *sorted(f"studies/{path.stem}" for path in (ROOT / "recipes/studies").glob("*.yaml")),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bild", "x"], "there is no command 'bild'. Did you mean 'build'?"),
        (["qqq"], "there is no command 'qqq'. `simgen --help` lists them."),
        (["check"], "Missing argument 'RECIPE'."),
        (["build", "x.yaml", "--clip", "3"], "No such option '--clip'."),
        (["build", "x.yaml", "--clips", "none"], "'none' is not a valid integer"),
        (["build", "x.yaml", "--clips", "0"], "0 is not in the range x>=1."),
        (["build", "x.yaml", "--format", "zip"], "'zip' is not one of 'parquet', 'webdataset', 'both'."),
        (["build", "x.yaml"], "x.yaml: there is no such file."),
        (["check", "inclin"], "Did you mean 'incline'?"),
    ],
)
def test_a_wrong_command_line_is_answered_with_status_two(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    done = simgen(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scenarios", "inclin"], "there is no scenario 'inclin'. Did you mean 'incline'?"),
        (["info", "nowhere"], "There is no dataset at nowhere"),
        (["verify", "."], "."),
        (["card", "."], ". is not a simgen dataset: it has no manifest.json"),
        (["preview", "small.yaml", "-o", "x.bmp"], "x.bmp: a preview is a .png"),
        (["preview", "small.yaml", "-o", "/proc/none/x.png"], "/proc/none"),
    ],
)
def test_a_failure_is_a_sentence_with_status_one(
    arguments: list[str], words: str, place: Path, tmp_path: Path
) -> None:
    shutil.copy(place / "small.yaml", tmp_path)
    done = simgen(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "failed unexpectedly" not in done.stderr


def test_every_mistake_of_a_recipe_at_once(place: Path, tmp_path: Path) -> None:
    text = (place / "small.yaml").read_text()
    (tmp_path / "wrong.yaml").write_text(text.replace("seed", "sed").replace("fps", "fsp"))
    for command in ("build", "check", "preview"):
        done = simgen(command, "wrong.yaml", cwd=tmp_path)
        assert done.returncode == 2
        assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["wrong.yaml"] * 2
        assert done.stderr.count("Did you mean") == 2


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m simgen schema | head -c 1"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("{", "")


def test_without_the_engine_a_build_says_what_to_do(place: Path, tmp_path: Path) -> None:
    """On a Python for which pybullet has no wheel; reading goes on working there."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['pybullet'] = None\n")
    for command in (["build", "-o", "x"], ["check"], ["preview"]):
        done = processes.simgen(
            command[0], place / "small.yaml", *command[1:], cwd=tmp_path, PYTHONPATH=str(tmp_path)
        )
        assert done.returncode == 1
        assert sentences(done.stderr).startswith(
            "Building needs the physics engine PyBullet, which has wheels for"
        )
        assert sentences(done.stderr).count("\n") == 0
    assert not (tmp_path / "x").exists()
    copy = str(shutil.copytree(place / "out", tmp_path / "copy"))
    commands = [["info", copy], ["verify", copy], ["card", copy], ["scenarios", "drop"]]
    code = f"from simgen.cli import cli\nfor command in {commands}: cli.main(command, standalone_mode=False)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(PYTHONPATH=str(tmp_path)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_an_unexpected_exception_is_short_unless_asked(tmp_path: Path) -> None:
    broken = "import simgen.recipe.loading as l\nl.shipped_recipes = lambda: 1 / 0\n"
    code = (
        f"import sys; sys.argv = ['simgen', 'recipes']; exec({broken!r}); from simgen.cli import main; main()"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("simgen failed unexpectedly: ZeroDivisionError: division by zero\n")
    assert "Traceback" not in done.stderr
    shown = subprocess.run(
        run, cwd=tmp_path, env={**environment(), "SIMGEN_DEBUG": "1"}, capture_output=True, text=True
    )
    assert "Traceback" in shown.stderr


def test_every_command_says_what_it_is_for() -> None:
    for name, command in cli.commands.items():
        assert command.help, name
        for parameter in command.params:
            assert parameter.param_type_name == "argument" or getattr(parameter, "help", None), (
                name,
                parameter.name,
            )


def test_help_comes_from_the_installed_command(tmp_path: Path) -> None:
    done = simgen("--help", cwd=tmp_path)
    assert done.returncode == 0
    for name in ("build", "preview", "check", "scenarios", "recipes", "schema", "info", "verify", "card"):
        assert f"\n  {name} " in done.stdout


def test_words_for_numbers() -> None:
    assert [bytes_word(n) for n in (0, 999, 1000, 1536, 99_400, 1_536_000, 2.5e9, 3e15)] == [
        *("0 bytes", "999 bytes", "1 kB", "1.5 kB", "99 kB", "1.5 MB", "2.5 GB", "3000 TB"),
    ]
    assert [duration(s) for s in (0.04, 9.94, 61, 125, 3725, 200_000)] == [
        *("0.0 s", "9.9 s", "61 s", "2 min", "1 h 2 min", "2.3 days"),
    ]
    assert [per_cent(p) for p in (0.0, 1e-7, 0.00123, 0.5, 1.0)] == [
        "0 %",
        "< 0.001 %",
        "0.12 %",
        "50 %",
        "100 %",
    ]


def test_the_seed_of_hashing_does_not_matter(place: Path, tmp_path: Path) -> None:
    """Set and dict orders that depend on PYTHONHASHSEED must not reach a dataset."""
    done = processes.simgen("build", place / "small.yaml", "-o", "out", cwd=tmp_path, PYTHONHASHSEED="12345")
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "out") == content(place / "out")
    assert os.environ.get("PYTHONHASHSEED") is None
