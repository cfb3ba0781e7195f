"""`simgen build … --publish`: the dataset on the Hub is the one that is built and published in two steps, and the disk
holds no more than a few shards of it at any time."""

from __future__ import annotations

import random
import re
import signal
import time
from pathlib import Path

import pytest

from tests.build import command
from tests.hub.faults import Fault
from tests.hub.server import HubServer
from tests.publish.command import downloaded, shards, shards_in, simgen, started

pytest.importorskip("pybullet")
NAMES = ("user/small", "user/small-wds")
CLIPS, SHARDS = 6, 4  # train has shards of 2, 2 and 1 clips, test one of 1
BUILD = ("build", "small.yaml", "-o", "out", "--workers", "1", "--publish", "user/small")


def recipe_file(folder: Path, clips: int = 5) -> None:
    path = command.recipe_file(folder, clips)
    text = path.read_text().replace("clips_per_shard: 8", "clips_per_shard: 2")
    path.write_text(text.replace("test: {clips: 3}", "test: {clips: 1}"))


@pytest.fixture(scope="module")
def in_two_steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Repository -> path -> content, as `simgen build` and then `simgen publish` make it."""
    from tests.hub.server import serve_hub
    from tests.publish.command import OWNER

    folder = tmp_path_factory.mktemp("two-steps")
    recipe_file(folder)
    with serve_hub(folder / "hub", OWNER) as hub:
        done = simgen(hub, "build", "small.yaml", "-o", "out", "--workers", "1", cwd=folder)
        assert done.returncode == 0, done.stderr
        done = simgen(hub, "publish", "out", "user/small", cwd=folder)
        assert done.returncode == 0, done.stderr
        return {name: downloaded(hub, name) for name in NAMES}


def local_shards(folder: Path) -> dict[str, bytes]:
    return shards(folder, "data", "dense", "webdataset")


def test_the_same_dataset_and_nothing_left_here(
    hub: HubServer, tmp_path: Path, in_two_steps: dict[str, dict[str, bytes]]
) -> None:
    recipe_file(tmp_path)
    done = simgen(hub, *BUILD, "--private", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {name: downloaded(hub, name) for name in NAMES} == in_two_steps
    assert local_shards(tmp_path / "out") == {}
    assert not (tmp_path / "out" / "manifest.json").exists()
    assert len(list((tmp_path / "out").glob(".simgen/markers/*"))) == SHARDS
    for name in NAMES:
        repository = hub.repositories[name]
        assert repository.private
        assert [commit.title for commit in repository.history("main")] == [
            f"simgen publish: small, {CLIPS} clips",
            "initial commit",
        ]
        assert set(repository.branches) == {"main"}
    arrived = [data for files in in_two_steps.values() for data in shards_in(files).values()]
    assert hub.bytes_received_of(arrived) == sum(map(len, arrived))
    assert f"{CLIPS} made now" in done.stderr
    assert f"small is published: {CLIPS} clips; " in done.stderr
    assert "  simgen info hf://datasets/user/small\n" in done.stderr
    again = simgen(hub, *BUILD, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "it was complete already: nothing to do" in again.stderr
    assert len(hub.repositories["user/small"].history("main")) == 2


def test_kills_at_random_moments_lose_nothing(
    hub: HubServer, tmp_path: Path, in_two_steps: dict[str, dict[str, bytes]]
) -> None:
    recipe_file(tmp_path)
    chance = random.Random(3)
    kills = 0
    while kills < 3:
        with started(hub, *BUILD, cwd=tmp_path) as build:
            asked = len(hub.requests)
            aim = asked + chance.choice([1, 5, 15, 30])
            while build.poll() is None and len(hub.requests) < aim:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.2))
            if build.poll() is not None:
                break
            build.send_signal(signal.SIGKILL)
            kills += 1
            build.wait()
    final = simgen(hub, *BUILD, cwd=tmp_path)
    assert final.returncode == 0, final.stderr
    assert {name: downloaded(hub, name) for name in NAMES} == in_two_steps
    assert local_shards(tmp_path / "out") == {}


def test_resuming_makes_and_sends_nothing_twice(
    hub: HubServer, tmp_path: Path, in_two_steps: dict[str, dict[str, bytes]]
) -> None:
    """Stopped with some shards on the Hub and dropped here: their markers and the Hub are enough."""
    recipe_file(tmp_path)
    fault = Fault("PUT /lfs/user/small/", stalls=True, skip=4)  # two shards of two files each arrive
    hub.faults = [fault]
    with started(hub, *BUILD, cwd=tmp_path) as build:
        assert fault.reached.wait(120)
        build.send_signal(signal.SIGTERM)
        _, said = build.communicate(timeout=30)
    assert build.returncode == 143
    assert "Stopped. Every finished clip is kept" in said
    dropped = SHARDS - len({path.split("/")[-1].split(".")[0] for path in local_shards(tmp_path / "out")})
    assert dropped >= 2
    done = simgen(hub, *BUILD, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = re.search(r"(\d+) made now", done.stderr)
    assert (int(made[1]) if made else 0) <= CLIPS - 4
    assert {name: downloaded(hub, name) for name in NAMES} == in_two_steps
    arrived = [data for files in in_two_steps.values() for data in shards_in(files).values()]
    assert hub.bytes_received_of(arrived) == sum(map(len, arrived))


def test_the_build_waits_for_a_slow_hub(hub: HubServer, tmp_path: Path) -> None:
    """Nine shards, and a Hub that takes none: five are made and no more."""
    recipe_file(tmp_path, clips=16)
    hub.faults = [Fault("PUT /lfs/", stalls=True, times=99)]
    markers = tmp_path / "out" / ".simgen" / "markers"
    with started(hub, *BUILD, cwd=tmp_path) as build:
        deadline = time.monotonic() + 120
        while len(list(markers.glob("*"))) < 4:
            assert build.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(2)  # in which all would be made
        # one on its way, two that wait, one that the build waits with, one in the worker's hands
        assert len(list(markers.glob("*"))) <= 5
        build.send_signal(signal.SIGINT)
        build.communicate(timeout=30)
    assert build.returncode == 130


def test_shards_of_an_unfinished_build_are_sent_first(
    hub: HubServer, tmp_path: Path, in_two_steps: dict[str, dict[str, bytes]]
) -> None:
    """A plain build that ran out of disk goes on with --publish."""
    recipe_file(tmp_path)
    plain = BUILD[:-2]
    assert simgen(hub, *plain, cwd=tmp_path).returncode == 0
    (tmp_path / "out" / "manifest.json").unlink()
    for path in local_shards(tmp_path / "out"):
        if "train-00002" in path:
            (tmp_path / "out" / path).unlink()
    done = simgen(hub, *BUILD, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert " 1 made now" in done.stderr
    assert {name: downloaded(hub, name) for name in NAMES} == in_two_steps
    assert local_shards(tmp_path / "out") == {}


def test_more_clips_later(hub: HubServer, tmp_path: Path) -> None:
    """Full shards are on the Hub alone: they get their new names there."""
    recipe_file(tmp_path)
    few = (*BUILD, "--clips", "3", "--format", "parquet")
    assert simgen(hub, *few, cwd=tmp_path).returncode == 0
    done = simgen(hub, *BUILD, "--clips", "5", "--format", "parquet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert " 6 made now" in done.stderr  # of both splits the short last shard anew, and what is added
    there = downloaded(hub, "user/small")
    simgen(
        hub,
        "build",
        "small.yaml",
        "-o",
        "at-once",
        "--workers",
        "1",
        "--clips",
        "5",
        "--format",
        "parquet",
        cwd=tmp_path,
    )
    assert shards_in(there) == local_shards(tmp_path / "at-once")
    assert there["manifest.json"] == (tmp_path / "at-once" / "manifest.json").read_bytes()
    assert hub.bytes_received_of(shards_in(there).values()) == sum(map(len, shards_in(there).values()))


def test_a_finished_dataset_is_not_dropped(hub: HubServer, tmp_path: Path) -> None:
    recipe_file(tmp_path)
    assert simgen(hub, *BUILD[:-2], "--clips", "1", cwd=tmp_path).returncode == 0
    before = local_shards(tmp_path / "out")
    refused = simgen(hub, *BUILD, "--clips", "1", cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        f"{tmp_path / 'out'} holds a finished dataset, and a build with --publish keeps no shard here. "
        f"To upload it and keep it: simgen publish {tmp_path / 'out'} user/small. Or give another folder with -o."
    )
    assert local_shards(tmp_path / "out") == before
    assert hub.repositories == {}


def test_what_the_hub_refuses_stops_the_build(hub: HubServer, tmp_path: Path) -> None:
    recipe_file(tmp_path)
    hub.quota_bytes = 0
    refused = simgen(hub, *BUILD, cwd=tmp_path)
    assert refused.returncode == 1
    assert "The Hub refuses to write to user/small (403: Private repository storage limit" in refused.stderr
    assert "Traceback" not in refused.stderr
    hub.quota_bytes = 1 << 60
    assert simgen(hub, *BUILD, cwd=tmp_path).returncode == 0
    wrong = simgen(hub, "build", "small.yaml", "--publish", "a/path/of/three", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "--publish: 'a/path/of/three' is a path or an address and no repository" in wrong.stderr
