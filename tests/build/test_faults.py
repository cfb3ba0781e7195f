"""What can go wrong goes wrong for real: workers and builds are killed, disks fill up, folders vanish.

After each fault the same command is run again, and the dataset must equal an undisturbed one byte for byte.
"""

from __future__ import annotations

import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.build.command import environment, plugin, recipe_file, sentences, simgen, started
from tests.build.hand import content


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    done = simgen("build", recipe_file(folder), "-o", "out", "--workers", 1, cwd=folder)
    assert done.returncode == 0, done.stderr
    return content(folder / "out")


def test_any_number_of_workers_gives_the_same_bytes(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    done = simgen("build", recipe_file(tmp_path), "-o", "out", "--workers", 3, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "out") == undisturbed


def test_twenty_kills(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """SIGKILL at twenty random moments, in as many builds as it takes: while it starts, between any two clips,
    while shards and the manifest are written."""
    recipe, chance = recipe_file(tmp_path), random.Random(8)
    kills = finished = 0
    while kills < 20:
        out = tmp_path / f"out{finished}"
        while not (out / "manifest.json").exists():
            with started("build", recipe, "-o", out, "--workers", 2, cwd=tmp_path) as build:
                aim = progress(out) + chance.choice([0, 1, 2, 4, 8]) if kills < 20 else 10**9
                while build.poll() is None and progress(out) < aim:
                    time.sleep(0.01)
                time.sleep(chance.uniform(0, 0.3))
                if build.poll() is None:
                    workers = psutil.Process(build.pid).children()
                    build.kill()
                    kills += 1
                    _, alive = psutil.wait_procs(workers, timeout=20)
                    assert not alive, "workers outlived their build"
                else:
                    assert build.returncode == 0, build.stderr.read()  # type: ignore[union-attr]
        final = simgen(
            "build", recipe, "-o", out, "--workers", 1, cwd=tmp_path
        )  # a kill may follow the manifest
        assert final.returncode == 0, final.stderr
        assert content(out) == undisturbed, f"after {kills} kills"
        finished += 1


def progress(folder: Path) -> int:
    """How many clips a build has finished."""
    return len(list(folder.glob(".simgen/clips/*"))) + 8 * len(list(folder.glob(".simgen/markers/*")))


def wait_for_clips(folder: Path, count: int, build: subprocess.Popen[str]) -> None:
    """Until a build has finished that many clips."""
    deadline = time.monotonic() + 120
    while progress(folder) < count:
        assert build.poll() is None, "the build ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_stops_it_within_seconds(
    undisturbed: dict[str, bytes], tmp_path: Path, number: int, status: int
) -> None:
    recipe = recipe_file(tmp_path)
    with started("build", recipe, "-o", "out", "--workers", 2, cwd=tmp_path) as build:
        wait_for_clips(tmp_path / "out", 5, build)
        workers = psutil.Process(build.pid).children()
        build.send_signal(number)
        _, errors = build.communicate(timeout=10)
        assert build.returncode == status
        assert "Stopped. Every finished clip is kept; run the same command again to continue." in errors
        assert "Traceback" not in errors
        assert not psutil.wait_procs(workers, timeout=5)[1]
    there = {path.name for path in (tmp_path / "out").glob(".simgen/clips/*")}
    shards = len(list((tmp_path / "out").glob(".simgen/markers/*")))
    assert len(there) + 8 * shards >= 5
    done = simgen("build", recipe, "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = int(sentences(done.stderr).split(" made now")[0].split()[-1])
    assert made <= 23 - len(there) - 8 * shards  # nothing finished is made twice
    assert content(tmp_path / "out") == undisturbed


def test_a_killed_worker_is_replaced(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    with started("build", recipe_file(tmp_path), "-o", "out", "--workers", 2, cwd=tmp_path) as build:
        wait_for_clips(tmp_path / "out", 3, build)
        psutil.Process(build.pid).children()[0].kill()
        _, errors = build.communicate(timeout=60)
    assert build.returncode == 0, errors
    assert "its worker process was killed (SIGKILL" in errors
    assert "it is tried again" in errors
    assert content(tmp_path / "out") == undisturbed


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same scenario without a fault."""
    folder = tmp_path_factory.mktemp("healthy")
    recipe = recipe_file(folder, scenario="faulty")
    done = simgen("build", recipe, "-o", "out", cwd=folder, PYTHONPATH=str(plugin(folder)))
    assert done.returncode == 0, done.stderr
    return content(folder / "out")


@pytest.fixture
def faulty(tmp_path: Path) -> dict[str, str]:
    """What the environment needs for the scenario that fails at clip 11."""
    return {"PYTHONPATH": str(plugin(tmp_path)), "FAULT_CLIP": "11"}


@pytest.mark.parametrize("fault", ["segfault", "exit", "raise"])
def test_a_fault_that_passes_is_survived(
    tmp_path: Path, faulty: dict[str, str], healthy: dict[str, bytes], fault: str
) -> None:
    recipe = recipe_file(tmp_path, scenario="faulty")
    faulty |= {"FAULT": fault}
    once = {**faulty, "FAULT_ONCE": str(tmp_path / "once")}
    done = simgen("build", recipe, "-o", "out", "--workers", 1, cwd=tmp_path, **once)
    assert done.returncode == 0, done.stderr
    words = {
        "segfault": "its worker process crashed (SIGSEGV); it is tried again",
        "exit": "its worker process ended with code 7; it is tried again",
        "raise": "ZeroDivisionError: a mistake in a plug-in; it is tried again",
    }[fault]
    assert f"train clip 11: {words}" in done.stderr
    healthy = simgen(
        "build", recipe, "-o", "healthy", "--workers", 2, cwd=tmp_path, PYTHONPATH=faulty["PYTHONPATH"]
    )
    assert healthy.returncode == 0, healthy.stderr
    assert content(tmp_path / "out") == content(tmp_path / "healthy")


def test_a_fault_that_stays_costs_its_shard_alone(tmp_path: Path, faulty: dict[str, str]) -> None:
    recipe = recipe_file(tmp_path, scenario="faulty")
    done = simgen("build", recipe, "-o", "out", "--workers", 2, cwd=tmp_path, **faulty, FAULT="segfault")
    assert done.returncode == 1
    assert (
        "train clip 11 (seed 4) was given up after three tries: its worker process crashed (SIGSEGV).\n"
        f"  To see it happen: simgen preview {recipe} --split train --index 11\n"
    ) in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in (tmp_path / "out/data").iterdir()) == [
        "test-00000-of-00001.parquet",
        "train-00000-of-00003.parquet",
        "train-00002-of-00003.parquet",
    ]
    assert not (tmp_path / "out/manifest.json").exists()
    again = simgen("build", recipe, "-o", "out", cwd=tmp_path, PYTHONPATH=faulty["PYTHONPATH"])
    assert again.returncode == 0, again.stderr
    assert " 1 made now" in again.stderr  # the other clips of its shard had been kept


def test_a_clip_that_no_draw_is_fit_for_ends_the_build_with_advice(
    tmp_path: Path, faulty: dict[str, str]
) -> None:
    recipe = recipe_file(tmp_path, scenario="faulty")
    done = simgen("build", recipe, "-o", "out", "--workers", 2, cwd=tmp_path, **faulty, FAULT="reject")
    assert done.returncode == 1
    assert sentences(done.stderr).startswith(
        "train clip 11: all 20 draws were rejected (overlap 20). The last one: the bodies overlap by 3 cm. "
        "Change the ranges under `params` of small; they drew "
    )
    assert "Traceback" not in done.stderr


def test_out_of_memory_is_a_sentence(tmp_path: Path, faulty: dict[str, str]) -> None:
    """A limit on each process's memory, as a batch system sets it."""
    recipe = recipe_file(tmp_path, scenario="faulty")
    limited = f"ulimit -v 5000000; exec {sys.executable} -m simgen build {recipe} -o out --workers 1"
    once = {**faulty, "FAULT": "memory", "FAULT_ONCE": str(tmp_path / "once")}
    done = subprocess.run(
        ["bash", "-c", limited],
        cwd=tmp_path,
        env=environment(**once),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "train clip 11: MemoryError; it is tried again" in done.stderr


def test_two_builds_at_once(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    recipe = recipe_file(tmp_path)
    with started("build", recipe, "-o", "out", "--workers", 1, cwd=tmp_path) as first:
        wait_for_clips(tmp_path / "out", 1, first)
        first.send_signal(signal.SIGSTOP)  # keeps the lock as long as we like
        try:
            second = simgen("build", recipe, "-o", "out", cwd=tmp_path)
        finally:
            first.send_signal(signal.SIGCONT)
        assert second.returncode == 1
        assert sentences(second.stderr).startswith(
            f"Another build is writing to {tmp_path / 'out'} (process {first.pid} on"
        )
        assert first.wait(timeout=60) == 0
    assert content(tmp_path / "out") == undisturbed


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 500 kB of our own; needs root."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=500k", "none", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a file system needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk(undisturbed: dict[str, bytes], tmp_path: Path, small_disk: Path) -> None:
    recipe = recipe_file(tmp_path)
    done = simgen("build", recipe, "-o", small_disk / "out", "--workers", 2, cwd=tmp_path)
    assert done.returncode == 1
    assert "The disk is full" in done.stderr
    assert "What is finished is kept: run the same command again when there is space." in done.stderr
    assert "Traceback" not in done.stderr
    for marker in (small_disk / "out").glob(".simgen/markers/*"):  # what counts as done is whole
        assert undisturbed[f".simgen/markers/{marker.name}"] == marker.read_bytes()
    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    done = simgen("build", recipe, "-o", small_disk / "out", "--workers", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert content(small_disk / "out") == undisturbed


def test_a_disk_that_is_too_small_is_noticed_early(tmp_path: Path, small_disk: Path) -> None:
    done = simgen("build", recipe_file(tmp_path, 400), "-o", small_disk / "out", "--workers", 2, cwd=tmp_path)
    assert done.returncode == 1
    said = sentences(done.stderr)
    assert said.index("warning: the missing clips will need about ") < said.index("The disk is full")


def test_a_limit_on_file_sizes(tmp_path: Path) -> None:
    """`ulimit -f`, for those who cannot mount a disk: the same path through the errors."""
    recipe = recipe_file(tmp_path)
    limited = f"ulimit -f 40; exec {sys.executable} -m simgen build {recipe} -o out --workers 2"
    done = subprocess.run(
        ["bash", "-c", limited], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert "may not grow further (file size limit, see `ulimit -f`)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    recipe = recipe_file(tmp_path)
    (tmp_path / "file").write_text("")
    for folder in ("/proc/simgen", "/proc/no/simgen", "file/out", "file", "long" * 70):
        done = simgen("build", recipe, "-o", folder, cwd=tmp_path)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert re.search(rf"{folder} cannot be made \(.*\)\. Give another one with -o\.", done.stderr)
        assert sentences(done.stderr).count("\n") == 0


def test_a_folder_that_vanishes(tmp_path: Path) -> None:
    with started("build", recipe_file(tmp_path, 60), "-o", "out", "--workers", 2, cwd=tmp_path) as build:
        wait_for_clips(tmp_path / "out", 10, build)
        (tmp_path / "out").rename(tmp_path / "gone")
        _, errors = build.communicate(timeout=60)
    assert build.returncode == 1
    assert "was removed or its disk unmounted while the build was running" in errors
    assert "Traceback" not in errors
    shutil.move(tmp_path / "gone", tmp_path / "out")
    assert simgen("build", recipe_file(tmp_path, 60), "-o", "out", cwd=tmp_path).returncode == 0
