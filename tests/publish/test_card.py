"""The card against the dataset that it speaks of: figures, snippets, commands, pictures, bytes."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pytest
import yaml
from PIL import Image

import simgen
from simgen.dataset.manifest import Manifest
from simgen.publish.card import card_files, dataset_card, write_card
from simgen.publish.card_sections import SECTIONS
from simgen.publish.histograms import histograms
from simgen.publish.markdown import escaped, fenced
from simgen.recipe import parse_recipe, recipe_from_data
from simgen.verification import verify
from tests import forked
from tests.build.command import environment
from tests.hub.server import HubServer
from tests.publish import command as publishing

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def command(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return forked.simgen(*arguments, cwd=cwd, environment=environment())


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".simgen" not in path.parts
    }


def section(folder: Path, title: str) -> str:
    text = (folder / "README.md").read_text()
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> dict[str, list[str]]:
    """First cell of a row -> the others, without marks of code."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {cells[0].strip("`"): [cell.replace("\u00a0", " ") for cell in cells[1:]] for cells in lines}


def printed(snippets: list[str], cwd: Path, environment: Mapping[str, str]) -> list[str]:
    found = []
    for text in snippets:
        done = subprocess.run(
            [sys.executable, "-c", text], cwd=cwd, env=dict(environment), capture_output=True, text=True
        )
        assert done.returncode == 0, f"{text}\n{done.stderr}"
        found.append(done.stdout)
    return found


def check_printed(found: list[str], folder: Path) -> None:
    by_simgen, by_datasets, by_webdataset, *by_tables = found
    clip = simgen.open_dataset(folder, split="train")[0]
    assert clip.caption in by_simgen
    assert f"{clip.rgb.shape} {clip.state.shape}" in by_simgen
    frames, height, width, _ = clip.rgb.shape
    assert f"{clip.caption} {(frames, 3, height, width)}" in by_datasets
    assert str(clip.params["angle_deg"]) in by_datasets
    assert f"{clip.key} {clip.caption} {len(clip.video_bytes())} {clip.state.shape}" in by_webdataset
    for table in by_tables:
        assert clip.key in table
        assert f"{clip.params['angle_deg']:.9f}"[:7] in table


def test_every_snippet_runs_next_to_the_folder(ramp: Path, ffmpeg_libraries: dict[str, str]) -> None:
    snippets = BLOCK.findall(section(ramp, "How to load it"))
    assert len(snippets) == 5
    check_printed(printed(snippets, ramp.parent, environment(**ffmpeg_libraries)), ramp)


def test_every_snippet_runs_against_the_hub(
    own: Path, hub: HubServer, tmp_path: Path, ffmpeg_libraries: dict[str, str]
) -> None:
    write_card(own, "user/ramp")
    snippets = BLOCK.findall(section(own, "How to load it"))
    assert len(snippets) == 4
    done = publishing.simgen(hub, "publish", own, "user/ramp", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    online = {
        **environment(**ffmpeg_libraries),
        **{
            name: value
            for name, value in publishing.environment(hub, tmp_path / "hf").items()
            if "HF_" in name
        },
        "HF_HUB_OFFLINE": "0",
        "HF_DATASETS_OFFLINE": "0",
    }
    (tmp_path / "elsewhere").mkdir()
    check_printed(printed(snippets, tmp_path / "elsewhere", online), own)


def test_the_command_builds_the_same_shards(ramp: Path, tmp_path: Path) -> None:
    (line,) = re.findall(r"^simgen (build .*)$", section(ramp, "How to build it again"), re.MULTILINE)
    (recipe,) = re.findall(
        r"```yaml\n(.*?)^```$", section(ramp, "How to build it again"), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "recipe.yaml").write_text(recipe)
    done = command(*line.split(), "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    again = Manifest.from_text((tmp_path / "ramp" / "manifest.json").read_text())
    assert again.shards == Manifest.from_text((ramp / "manifest.json").read_text()).shards


def test_the_command_says_what_the_recipe_does_not(tmp_path: Path) -> None:
    pytest.importorskip("pybullet")
    text = "name: few\nscenario: drop\nclips: 100\nvideo: {size: 32, fps: 4, seconds: 1}\n"
    folder = tmp_path / "few"
    recipe = parse_recipe(text, "few.yaml")
    simgen.build(recipe, folder, clips=2, formats=("webdataset",), workers=1)
    assert "\nsimgen build recipe.yaml -o few --clips 2 --format webdataset\n" in section(
        folder, "How to build it again"
    )


def test_ranges_are_those_of_the_clips(ramp: Path) -> None:
    """DuckDB is asked."""
    shown = rows(section(ramp, "Parameters"))
    for split, column in (("train", 2), ("steep", 3)):
        files = f"'{ramp}/data/{split}-*.parquet'"
        for name in ("angle_deg", "mass_kg", "friction"):
            ((low, high),) = duckdb.sql(
                f"select min(params.{name}), max(params.{name}) from {files}"
            ).fetchall()
            assert shown[name][column] == f"{low:.4g} to {high:.4g}"
        shapes = duckdb.sql(f"select params.shape, count(*) from {files} group by all").fetchall()
        assert sorted(shown["shape"][column].split(", ")) == sorted(
            f"{word} {count}" for word, count in shapes
        )
    assert shown["angle_deg"][:2] == ["°", "causal"]
    assert shown["mass_kg"][:2] == ["kg", "hidden"]


def test_residuals_are_those_of_the_clips(ramp: Path) -> None:
    shown = rows(section(ramp, "Laws"))
    found = duckdb.sql(
        "select law.name, count(*), median(law.residual), max(law.residual) from "
        f"(select unnest(law) as law from '{ramp}/data/*.parquet') group by all"
    ).fetchall()
    assert found
    for name, count, median, worst in found:
        assert shown[name][1] == str(count)
        for cell, value in zip(shown[name][2:4], (median, worst), strict=True):
            digits = float(cell.replace("<", "").replace("%", ""))
            assert digits >= 100 * value if "<" in cell else digits == pytest.approx(100 * value, rel=0.06)
        assert shown[name][4] == "0.1 %"


def test_the_clip_that_is_told_of_is_the_first_one(ramp: Path) -> None:
    clip = simgen.open_dataset(ramp, split="train")[0]
    told = section(ramp, "One clip")
    assert f"`{clip.key}`" in told
    for tier, text in clip.captions.items():
        assert not text or f"| `{tier}` | {escaped(text)} |" in told
    assert f"`angle_deg` {clip.params['angle_deg']:.4g}°" in told
    table = rows(told)
    for check in clip.law:
        assert table[check.name][:2] == [f"{check.predicted:.6g}", f"{check.measured:.6g}"]
    last = len(clip.state) - 1
    position = " ".join(f"{value:.3f}" for value in clip.state[last, 0, :3])
    assert position.replace("-0.000", "0.000") in told


def test_sizes_and_counts(ramp: Path) -> None:
    shown = rows(section(ramp, "What is in it"))
    assert [cells[:2] for cells in (shown["train"], shown["steep"])] == [["12", "2"], ["6", "1"]]
    text = (ramp / "README.md").read_text()
    assert "18 clips of the scenario `incline` (train 12, steep 6), 64 × 64 pixels, 12 frames" in text


def test_every_column_has_a_row(ramp: Path) -> None:
    shown = rows(section(ramp, "Columns"))
    manifest = json.loads((ramp / "manifest.json").read_text())
    for column in manifest["columns"]:
        _, shape, unit, meaning, _ = shown[column["name"]]
        assert (shape, unit) == (column["shape"], column["unit"])
        undo = column["undo"].replace("<", "&lt;")
        assert undo[1:] in meaning.replace("\\|", "|"), "how to undo the quantisation"


def test_every_section_is_there_once(ramp: Path, ramp_without_card: Path) -> None:
    whole, short = ((folder / "README.md").read_text() for folder in (ramp, ramp_without_card))
    for entry in SECTIONS:
        assert len(re.findall(rf"^<!-- simgen: {entry.name} [0-9a-f]{{12}} -->$", whole, re.MULTILINE)) == 1
    left_out = [entry.name for entry in SECTIONS if f"<!-- simgen: {entry.name} " not in short]
    assert left_out == ["clip", "parameters"], "what only the clips tell"
    places = re.compile(r"yours: begin \w+")
    assert places.findall(whole) == places.findall(short), "or lines of a person would be lost with them"


def test_pictures_show_the_clips(ramp: Path) -> None:
    dataset = simgen.open_dataset(ramp)
    text = (ramp / "README.md").read_text()
    named = set(re.findall(r"!\[[^]]+\]\(([^)]+)\)", text))
    assert named == {f"card/{path.name}" for path in (ramp / "card").iterdir()}
    with Image.open(ramp / "card" / "clips.webp") as playing:
        assert playing.n_frames == len(dataset[0].rgb)
        playing.seek(1)
        playing.load()
        assert playing.info["duration"] == round(1000 / dataset[0].fps)
        for frame in (0, playing.n_frames - 1):
            playing.seek(frame)
            corner = np.asarray(playing.convert("RGB").crop((0, 0, 256, 256)).resize((64, 64)), float)
            assert abs(corner - dataset[0].rgb[frame]).mean() < 6
            second = np.asarray(playing.convert("RGB").crop((262, 0, 518, 256)).resize((64, 64)), float)
            assert abs(second - dataset[1].rgb[frame]).mean() < 6
    for name in named:
        with Image.open(ramp / name) as picture:
            assert picture.width >= 768, name
    assert sum((ramp / name).stat().st_size for name in named) < 3_000_000


def test_a_box_is_drawn_where_the_label_says(ramp: Path) -> None:
    clip = simgen.open_dataset(ramp)[0]
    with Image.open(ramp / "card" / "clip.jpg") as picture:
        pixels = np.asarray(picture.convert("RGB").crop((0, 26, 208, 26 + 208)), float)
    red = np.abs(pixels - (228, 87, 46)).sum(-1) < 90
    y, x = np.nonzero(red)
    x0, y0, x1, y1 = clip.boxes[0, 0] * 208 / 64
    assert (x.min(), x.max()) == pytest.approx((x0, x1), abs=3)
    assert (y.min(), y.max()) == pytest.approx((y0, y1), abs=3)


def test_bars_are_as_high_as_shares() -> None:
    """Three of four clips have the value 0, one has 1: the areas of the two bars are 3 to 1."""
    picture = histograms({"count": {"train": [0, 0, 0, 1]}})
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), int)
    pale = np.abs(pixels - (182, 205, 228)).sum(-1) < 30
    columns = np.flatnonzero(pale.any(axis=0))
    middle = (columns.min() + columns.max()) // 2
    high, low = pale[:, :middle].sum(), pale[:, middle:].sum()
    assert high / low == pytest.approx(3, rel=0.06)


def test_the_same_bytes_wherever_it_is_written(ramp: Path, ramp_without_card: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(ramp_without_card, tmp_path / "elsewhere"))
    done = subprocess.run(
        [sys.executable, "-m", "simgen", "card", str(other)],
        env={**environment(), "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert content(other) == content(ramp)


def test_writing_it_again_changes_nothing(own: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in own.rglob("*") if path.is_file()}
    write_card(own)
    assert {path: path.stat().st_mtime_ns for path in own.rglob("*") if path.is_file()} == before


def test_a_dataset_with_a_card_is_as_it_should_be(own: Path) -> None:
    assert verify(own, deep=True).ok
    recipe = parse_recipe((own / "recipe.yaml").read_text(), "recipe.yaml")
    before = content(own)
    assert simgen.build(recipe, own, workers=1).made == 0
    assert content(own) == before


def test_a_repair_leaves_the_card_as_it_is(own: Path) -> None:
    before = content(own)
    path = own / "data" / "steep-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    recipe = parse_recipe((own / "recipe.yaml").read_text(), "recipe.yaml")
    assert simgen.build(recipe, own, workers=1).made == 6
    assert content(own) == before


def test_building_anew_takes_the_pictures_along(own: Path) -> None:
    """And leaves what a person put beside them."""
    (own / "card" / "mine.png").write_bytes(b"mine")
    recipe = parse_recipe((own / "recipe.yaml").read_text(), "recipe.yaml")
    simgen.build(recipe, own, clips=1, formats=("parquet",), overwrite=True, workers=1)
    assert sorted(path for path in content(own) if "/" not in path or path.startswith("card/")) == [
        *("README.md", "card/mine.png", "croissant.json", "manifest.json", "recipe.yaml"),
    ]
    assert "card/" not in (own / "README.md").read_text()


def test_a_recipe_and_captions_of_strangers_cannot_break_the_page() -> None:
    assert fenced("a\n```\nb", "yaml") == ["````yaml", "a", "```", "b", "````"]
    assert escaped("<img src=x>|`*\n_") == r"\<img src=x\>\|\`\* \_"


@pytest.mark.parametrize("broken", ["data", "unfinished", "url"])
def test_what_is_no_dataset_gets_no_card(own: Path, broken: str) -> None:
    where: str | Path = own
    if broken == "data":
        path = own / "data" / "steep-00000-of-00001.parquet"
        path.write_bytes(path.read_bytes()[:-100])
        words = r"steep-00000-of-00001.parquet"
    elif broken == "unfinished":
        (own / "manifest.json").unlink()
        words = "is not finished: .* Run the same `simgen build` again"
    else:
        where, words = (
            "memory://nowhere",
            "memory://nowhere: a card is written into the folder of a dataset on",
        )
    before = content(own)
    with pytest.raises(simgen.errors.DatasetError, match=words):
        write_card(where)
    assert content(own) == before


def test_a_dataset_without_laws_and_without_parquet_has_a_card(tmp_path: Path) -> None:
    pytest.importorskip("pybullet")
    recipe = recipe_from_data(
        {
            "name": "mixed",
            "scenario": "mix",
            "scenarios": {"drop": 1, "tower": 1},
            "clips": 4,
            "video": {"size": 32, "fps": 6, "seconds": 1, "codec": "ffv1"},
            "output": {"format": "webdataset"},
        }
    )
    simgen.build(recipe, tmp_path / "mixed", workers=1)
    made = card_files(tmp_path / "mixed")
    text = made.files["README.md"].decode()
    (config,) = yaml.safe_load(text.split("---\n")[1])["configs"]
    assert config["data_files"] == [{"split": "train", "path": "webdataset/train-*.tar"}]
    assert 'sample["mkv"]' in text
    assert "<summary>drop, " in text and "<summary>tower, " in text
    assert {"card/parameters_drop.png", "card/parameters_tower.png"} <= set(made.files)
    (snippet,) = [text for text in BLOCK.findall(text) if "webdataset" in text]
    (line,) = printed([snippet], tmp_path, os.environ)
    assert line.startswith("mixed-train-00000000 ")


def test_the_command_line(ramp_without_card: Path, tmp_path: Path) -> None:
    shutil.copytree(ramp_without_card, tmp_path / "ramp")
    done = command("card", "ramp", "--repo", "user/ramp", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "ramp/README.md\n"), done.stderr
    assert "next:\n  look at it: ramp/README.md\n  simgen verify ramp\n" in done.stderr
    assert 'load_dataset("user/ramp"' in (tmp_path / "ramp" / "README.md").read_text()
    wrong = command("card", "ramp", "--repo", "ramp", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "'ramp' is no repository; write USER/NAME" in wrong.stderr
    missing = command("card", "nowhere", cwd=tmp_path)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("There is no dataset at nowhere")


def test_the_card_of_a_build_is_made_without_reading_a_clip(plain: Path, tmp_path: Path) -> None:
    """From the manifest alone, whatever has become of the shards."""
    manifest = Manifest.from_text((plain / "manifest.json").read_text())
    assert dataset_card(manifest) == (plain / "README.md").read_text()
