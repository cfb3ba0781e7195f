"""`--log-json`: a line per shard that agrees with the shard, and what the closing summary makes of a mix."""

from __future__ import annotations

import json
import re
import socket
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import simgen
from simgen.recipe import recipe_from_data
from simgen.wording import build_words
from tests.build.command import recipe_file, sentences
from tests.build.command import simgen as command

pytest.importorskip("pybullet")


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_for_every_shard(tmp_path: Path) -> None:
    recipe = recipe_file(tmp_path)
    start = datetime.now(timezone.utc)
    done = command("build", recipe, "-o", "out", "--log-json", "log.jsonl", "--workers", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = lines(tmp_path / "log.jsonl")
    assert sorted((line["split"], line["shard"], line["clips"]) for line in found) == [
        ("test", 0, 3),
        ("train", 0, 8),
        ("train", 1, 8),
        ("train", 2, 4),
    ]
    for line in found:
        name = f"{line['split']}-{line['shard']:05d}-of-*"
        files = [
            path
            for folder in ("data", "dense", "webdataset")
            for path in (tmp_path / "out" / folder).glob(name)
        ]
        assert len(files) == 3
        assert line["bytes"] == sum(path.stat().st_size for path in files)
        (rows,) = (tmp_path / "out" / "data").glob(name)
        attempts = pq.read_table(rows, columns=["attempt"])["attempt"].to_pylist()
        rejections, core_seconds = line["rejections"], line["core_seconds"]
        assert isinstance(rejections, dict)
        assert isinstance(core_seconds, dict)
        assert sum(rejections.values()) == sum(attempts)
        assert set(core_seconds) == {"scene", "simulate", "render", "label", "encode", "write"}
        assert all(seconds > 0 for seconds in core_seconds.values())
        assert line["made"] == line["clips"]
        assert line["host"] == socket.gethostname()
        ended, seconds = datetime.fromisoformat(str(line["time"])), line["seconds"]
        assert isinstance(seconds, float)
        assert seconds > 0
        # milliseconds are cut off
        assert (
            start - timedelta(seconds=0.01)
            <= ended - timedelta(seconds=seconds)
            <= ended
            <= datetime.now(timezone.utc)
        )
    # a second run adds the lines of what it makes, and only those
    (tmp_path / "out/data/train-00001-of-00003.parquet").unlink()
    assert command("build", recipe, "-o", "out", "--log-json", "log.jsonl", cwd=tmp_path).returncode == 0
    assert [(line["split"], line["shard"]) for line in lines(tmp_path / "log.jsonl")[4:]] == [("train", 1)]


def test_a_log_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    done = command(
        "build",
        recipe_file(tmp_path),
        "-o",
        "out",
        "--log-json",
        "no/log.jsonl",
        "--workers",
        1,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert sentences(done.stderr) == (
        "The log no/log.jsonl cannot be written (no such file or directory). Give another file with --log-json; "
        "what is finished is kept."
    )
    assert not (tmp_path / "out").exists()


def test_the_slowest_scenario_of_a_mix_is_named(tmp_path: Path) -> None:
    recipe = recipe_from_data(
        {
            "name": "mixed",
            "scenario": "mix",
            "scenarios": ["drop", "tower"],
            "seed": 1,
            "splits": {"train": 6},
            "video": {"size": 32, "fps": 8, "seconds": 1},
        }
    )
    report = simgen.build(recipe, tmp_path / "out", workers=1)
    assert set(report.scenario_seconds) == {"drop", "tower"}
    stages = {stage: s for stage, s in report.core_seconds.items() if stage != "write"}
    assert all(seconds > 0 for seconds in stages.values())
    shown = re.search(r"\n  core seconds: ([\d.]+), ([\d.]+) per clip: (.*)\n", build_words(report))
    assert shown is not None
    total = sum(report.core_seconds.values())
    assert [float(shown[1]), float(shown[2])] == pytest.approx([total, total / 6], rel=0.05)
    by_stage = {stage: float(seconds) for stage, seconds in re.findall(r"(\w+) ([\d.]+) \(\d+%\)", shown[3])}
    assert by_stage == pytest.approx(dict(report.core_seconds), rel=0.05)
    assert set(by_stage) == {"scene", "simulate", "render", "label", "encode", "write"}
    slowest = max(report.scenario_seconds, key=lambda name: report.scenario_seconds[name])
    assert re.search(rf"\n  slowest scenario: {slowest}, [\d.]+ core seconds per clip\n", build_words(report))
