"""`simgen build … -o s3://…` as it is typed, with clips of the engine: what it says, and that it is what a disk holds."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import pytest
from click.testing import CliRunner

from simgen.build.output import staging_of
from simgen.build.plan import Share
from simgen.cli import cli
from tests import forked
from tests.build.command import environment, sentences
from tests.build.command import simgen as process
from tests.build.hand import content

pytest.importorskip("pybullet")
pytest.importorskip("s3fs")
pytest.importorskip("moto")

from tests.stores.s3 import Bucket

RECIPE = """
name: inclines
scenario: incline
study: {question: "Does it matter how steep it is?", factors: [angle_deg]}
splits:
  train: {clips: 6}
  test: {clips: 2, params: {angle_deg: {uniform: [31, 35]}}}
params:
  angle_deg: {uniform: [20, 30]}
video: {size: 64, fps: 12, seconds: 0.5}
passes: [segmentation]
output: {format: both, clips_per_shard: 3}
"""


def simgen(*arguments: str | Path, cwd: Path) -> CompletedProcess[str]:
    if arguments[:1] == ("build",):
        arguments = (*arguments, "--workers", "1")
    return forked.simgen(*arguments, cwd=cwd, environment=environment())


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("disk")
    (folder / "small.yaml").write_text(RECIPE)
    done = simgen("build", "small.yaml", "-o", f"file://{folder}/out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return content(folder / "out")


def test_the_whole_way(bucket: Bucket, on_disk: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(RECIPE)
    staging = tmp_path / "staging"
    build = ("build", "small.yaml", "-o", bucket.url, "--staging", staging)
    dry = simgen(*build, "--dry-run", cwd=tmp_path)
    assert dry.stdout.splitlines() == [
        f"{bucket.url}: 8 clips (train 6, test 2) in 3 shards as parquet and webdataset",
        "  0 shards are done, 3 are to be made",
    ]
    assert bucket.content() == {}
    none = simgen(*build, "--finish", cwd=tmp_path)
    assert sentences(none.stderr) == (
        f"{bucket.url} holds no build that could be finished. Build it first, or say where with -o."
    )
    done = simgen(*build, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = sentences(done.stderr).splitlines()
    assert any(line.startswith(f"{bucket.url}: 8 clips, ") for line in said)
    at = said.index("next:")
    assert said[at:] == [
        "next:",
        f"  simgen info {bucket.url}",
        f"  simgen verify --deep {bucket.url}",
        f'  python: datasets.load_dataset("parquet", data_files="{bucket.url}/data/train-*.parquet")',
        f'  python: simgen.open_dataset("{bucket.url}")',
    ]
    assert "study/test.parquet" in on_disk
    assert bucket.content() == on_disk
    assert list(staging.iterdir()) == []
    deep = simgen("verify", "--deep", bucket.url, cwd=tmp_path)
    assert deep.returncode == 0, deep.stdout + deep.stderr


def test_where_shards_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for each URL and task, in the user's cache folder unless one is given."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = staging_of("s3://b/x", None, None)
    assert place.parent == tmp_path / "simgen/staging"
    assert place.name.startswith("x-")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert staging_of("s3://b/x", None, None).parent == Path.home() / ".cache/simgen/staging"
    tasks = {
        staging_of(url, tmp_path, Share(task, 3)) for url in ("s3://b/x", "s3://c/x") for task in range(3)
    }
    assert len(tasks) == 6
    assert {path.parent for path in tasks} == {tmp_path}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["-o", "s3://b/x", "--publish", "user/name"],
            "--publish with -o s3://b/x: the dataset goes to one place. Leave one of them out.",
        ),
        (
            ["-o", "hf://datasets/user/name/part"],
            "-o hf://datasets/user/name/part: on the Hub a dataset is a repository by itself, "
            "hf://datasets/USER/NAME (or --publish USER/NAME).",
        ),
        (
            ["-o", "hf://datasets/user/name", "--task", "0/2"],
            "--task with --publish: shards are sent by one process. "
            "Let the tasks build the dataset, then run simgen publish.",
        ),
        (
            ["-o", "out", "--staging", "here"],
            "--staging without a store: it is for -o s3://… and its like. Leave it out.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    recipe = tmp_path / "small.yaml"
    recipe.write_text(RECIPE)
    done = CliRunner().invoke(cli, ["build", str(recipe), *arguments])
    assert done.exit_code == 2
    assert done.output.rstrip().splitlines()[-1] == f"Error: {sentence}"


@pytest.mark.filterwarnings("default")  # Ray's own
def test_ray_nodes_send_by_themselves(bucket: Bucket, on_disk: dict[str, bytes], tmp_path: Path) -> None:
    """No shard passes through the driver: its staging folder never holds one."""
    pytest.importorskip("ray")
    (tmp_path / "small.yaml").write_text(RECIPE)
    options = ("--runner", "ray", "--workers", 2, "--staging", tmp_path / "staging")
    done = process("build", "small.yaml", "-o", bucket.url, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert bucket.content() == on_disk
    sent = [request.split("?")[0] for request in bucket.wrote("data/")]
    assert len(sent) == len(set(sent)) == 3
