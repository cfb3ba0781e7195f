"""What can go wrong goes wrong for real: workers and builds are killed, disks fill up, clocks jump, folders vanish.

After each fault the build is run again, and the dataset must equal an undisturbed one byte for byte. Loss of a Ray node is
in test_ray.py, of a task among tasks in test_tasks.py, every kind of damage to a folder that lies still in test_resume.py.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from simgen.build import build
from simgen.errors import BuildError
from simgen.recipe import load_recipe
from tests.build.aftermath import Undisturbed
from tests.build.command import environment, plugin, recipe_file, sentences, simgen, started
from tests.build.hand import content


def progress(folder: Path) -> int:
    """How many clips a build has finished."""
    return len(list(folder.glob(".simgen/clips/*"))) + 8 * len(list(folder.glob(".simgen/markers/*")))


def wait_until(reached: Callable[[], bool], *builds: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert any(build.poll() is None for build in builds), "the build ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_clips(folder: Path, count: int, *builds: subprocess.Popen[str]) -> None:
    """Until a build has finished that many clips."""
    wait_until(lambda: progress(folder) >= count, *builds)


def limited(limit: str, *arguments: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A command under what the shell does first, such as a `ulimit`."""
    command = " ".join(["exec", sys.executable, "-m", "simgen", *map(str, arguments)])
    return subprocess.run(
        ["bash", "-c", f"{limit}; {command}"],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_any_number_of_workers_gives_the_same_bytes(undisturbed: Undisturbed, tmp_path: Path) -> None:
    done = simgen("build", recipe_file(tmp_path), "-o", "out", "--workers", 3, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "out") == undisturbed.content


# Faults that leave a build unfinished. Each is given a recipe and a folder, makes it happen and checks what was said.


def a_killed_driver(recipe: Path, out: Path) -> None:
    """SIGKILL, as the power cut of a process: its workers end with it."""
    with started("build", recipe, "-o", out, "--workers", 2, cwd=out.parent) as build:
        wait_for_clips(out, 3, build)
        workers = psutil.Process(build.pid).children()
        build.kill()
        _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive, "workers outlived their build"


def two_drivers_racing(recipe: Path, out: Path) -> None:
    """Started at once, into the same folder: one is refused, and the other then dies."""
    with (
        started("build", recipe, "-o", out, "--workers", 1, cwd=out.parent) as first,
        started("build", recipe, "-o", out, "--workers", 1, cwd=out.parent) as second,
    ):
        wait_for_clips(out, 1, first, second)
        holder = int(re.findall(r"process (\d+) on", (out / ".simgen/lock").read_text())[0])
        winner, loser = (first, second) if holder == first.pid else (second, first)
        assert holder == winner.pid
        winner.send_signal(signal.SIGSTOP)  # so that it holds the lock for as long as the other has patience
        _, errors = loser.communicate(timeout=100)
        assert loser.returncode == 1
        assert sentences(errors).startswith(f"Another build is writing to {out} (process {winner.pid} on")
        winner.kill()


def a_clock_that_jumps(recipe: Path, out: Path) -> None:
    """Three days ahead, then, in the middle of the build, two days back; then the build is killed."""
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
    if library is None:
        pytest.skip("the package faketime of the system shows a process another time")
    clock = out.parent / "clock"
    clock.write_text("+3d")
    more = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    log = out.parent / "log.jsonl"
    arguments = ("build", recipe, "-o", out, "--workers", 1, "--log-json", log)
    with started(*arguments, cwd=out.parent, more=more) as build:
        wait_until(lambda: lines(log) > 0, build)
        (out.parent / "new").write_text("-2d")
        before = lines(log)
        (out.parent / "new").replace(clock)
        wait_until(lambda: lines(log) > before, build)
        build.kill()
    times = [json.loads(line)["time"] for line in log.read_text().splitlines()]
    assert times[0] > times[-1], "the clock went back"


def lines(log: Path) -> int:
    return log.read_text().count("\n") if log.exists() else 0


@pytest.mark.parametrize(
    "fault", [a_killed_driver, two_drivers_racing, a_clock_that_jumps], ids=lambda fault: fault.__name__
)
def test_nothing_is_lost(
    fault: Callable[[Path, Path], None], undisturbed: Undisturbed, tmp_path: Path
) -> None:
    recipe, out = recipe_file(tmp_path), tmp_path / "out"
    fault(recipe, out)
    assert not (out / "manifest.json").exists()
    there = progress(out)
    report = undisturbed.is_what_becomes_of(out, recipe)
    assert report.made <= 23 - there  # nothing finished is made twice


def no_marker(out: Path) -> None:
    (out / ".simgen/markers/train-00001-of-00003.json").write_bytes(b"")


def half_a_marker(out: Path) -> None:
    marker = out / ".simgen/markers/train-00001-of-00003.json"
    marker.write_bytes(marker.read_bytes()[:200])


def a_marker_of_other_numbers(out: Path) -> None:
    """It still reads as JSON; what changed it did so an hour later."""
    marker = out / ".simgen/markers/train-00001-of-00003.json"
    marker.write_text(re.sub(r'"sha256": "[0-9a-f]', '"sha256": "g', marker.read_text()))
    later = marker.stat().st_mtime + 3600
    os.utime(marker, (later, later))


def half_a_shard(out: Path) -> None:
    path = out / "webdataset/train-00001-of-00003.tar"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    "damage", [no_marker, half_a_marker, a_marker_of_other_numbers, half_a_shard], ids=lambda do: do.__name__
)
def test_what_a_disk_damaged_is_made_again(
    damage: Callable[[Path], None], undisturbed: Undisturbed, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(undisturbed.folder, tmp_path / "out"))
    damage(out)
    assert undisturbed.is_what_becomes_of(out, recipe_file(tmp_path)).made == 8


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.campaign)])
def test_kills_at_random_moments(undisturbed: Undisturbed, tmp_path: Path, kills: int) -> None:
    """SIGKILL, in as many builds as it takes: while it starts, between any two clips, while shards and the manifest
    are written."""
    recipe, chance, out = recipe_file(tmp_path), random.Random(8), tmp_path / "out"
    for kill in range(kills):
        with started("build", recipe, "-o", out, "--workers", 1, cwd=tmp_path) as build:
            aim = progress(out) + chance.choice([0, 1, 4, 8])
            while build.poll() is None and progress(out) < aim:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.3))
            build.kill()
        if (out / "manifest.json").exists() or kill == kills - 1:
            undisturbed.is_what_becomes_of(out, recipe)
            out = tmp_path / f"out{kill}"


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_stops_it(undisturbed: Undisturbed, tmp_path: Path, number: int, status: int) -> None:
    recipe, out = recipe_file(tmp_path), tmp_path / "out"
    with started("build", recipe, "-o", "out", "--workers", 1, cwd=tmp_path) as build:
        wait_for_clips(out, 5, build)
        workers = psutil.Process(build.pid).children()
        build.send_signal(number)
        _, errors = build.communicate(timeout=60)
        assert build.returncode == status
        assert "Stopped. Every finished clip is kept; run the same command again to continue." in errors
        assert "Traceback" not in errors
        assert not psutil.wait_procs(workers, timeout=20)[1]
    there = progress(out)
    assert there >= 5
    report = undisturbed.is_what_becomes_of(out, recipe)
    assert report.made <= 23 - there


def test_a_killed_worker_is_replaced(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """One while it starts, another one at work."""
    with started("build", recipe_file(tmp_path), "-o", "out", "--workers", 1, cwd=tmp_path) as build:
        driver = psutil.Process(build.pid)
        wait_until(lambda: bool(driver.children()), build)
        driver.children()[0].kill()
        wait_for_clips(tmp_path / "out", 3, build)
        driver.children()[0].kill()
        _, errors = build.communicate(timeout=60)
    assert build.returncode == 0, errors
    killed = "its worker process was killed (SIGKILL; the system does that when memory runs out: try fewer --workers)"
    assert f"the start of a worker: {killed}; it is tried again" in errors
    assert re.search(rf"(clip|shard) \S+: {re.escape(killed)}; it is tried again", errors)
    assert content(tmp_path / "out") == undisturbed.content


def test_workers_that_cannot_start_end_the_build(tmp_path: Path) -> None:
    """Too little memory for any of them."""
    recipe = recipe_file(tmp_path)
    with started("build", recipe, "-o", "out", "--workers", 1, cwd=tmp_path) as build:
        driver, killed = psutil.Process(build.pid), set[int]()
        while build.poll() is None:
            for worker in driver.children():
                if worker.pid not in killed:
                    worker.kill()
                    killed.add(worker.pid)
            time.sleep(0.01)
        _, errors = build.communicate(timeout=60)
    assert build.returncode == 1
    assert len(killed) == 3
    assert (
        sentences(errors)
        .splitlines()[-1]
        .startswith("No worker can start: its worker process was killed (SIGKILL")
    )
    assert "Traceback" not in errors


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The scenario of the plug-in without a fault."""
    folder = tmp_path_factory.mktemp("healthy")
    recipe = recipe_file(folder, scenario="faulty")
    done = simgen("build", recipe, "-o", "out", cwd=folder, PYTHONPATH=str(plugin(folder)))
    assert done.returncode == 0, done.stderr
    return content(folder / "out")


@pytest.fixture
def faulty(tmp_path: Path) -> dict[str, str]:
    """What the environment needs for the scenario that fails on purpose."""
    return {"PYTHONPATH": str(plugin(tmp_path))}


def test_faults_that_pass_are_survived(
    healthy: dict[str, bytes], tmp_path: Path, faulty: dict[str, str]
) -> None:
    """In one build, under a limit on each process's memory, as a batch system sets it."""
    recipe = recipe_file(tmp_path, scenario="faulty")
    (tmp_path / "once").mkdir()
    once = {
        **faulty,
        "ONCE": str(tmp_path / "once"),
        "FAULTS": "4:raise,7:ask for memory,11:segfault,17:exit",
    }
    done = limited("ulimit -v 5000000", "build", recipe, "-o", "out", "--workers", "1", cwd=tmp_path, **once)
    assert done.returncode == 0, done.stderr
    for words in (
        "train clip 4: ZeroDivisionError: a mistake in a plug-in; it is tried again",
        "train clip 7: MemoryError; it is tried again",
        "train clip 11: its worker process crashed (SIGSEGV); it is tried again",
        "train clip 17: its worker process ended with code 7; it is tried again",
    ):
        assert words in done.stderr
    assert content(tmp_path / "out") == healthy


@pytest.fixture
def memory_group() -> Iterator[Path]:
    """A control group that may use 1 GB, below our own; needs root. The kernel kills who takes more."""
    own = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    if "memory" in own:  # version 1
        mount, limits = Path("/sys/fs/cgroup/memory"), {"memory.limit_in_bytes": 10**9}
        place = own["memory"]
    else:
        mount, limits = Path("/sys/fs/cgroup"), {"memory.max": 10**9, "memory.swap.max": 0}
        place = own.get("", "/")
    group = mount / place.lstrip("/") / f"simgen-test-{os.getpid()}"
    try:
        group.mkdir()
        for name, value in limits.items():
            (group / name).write_text(str(value))
    except OSError as error:
        if group.is_dir():
            group.rmdir()
        pytest.skip(f"a control group with a limit of memory needs root and a kernel that has it ({error})")
    try:
        yield group
    finally:
        deadline = time.monotonic() + 20
        while (group / "cgroup.procs").read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        group.rmdir()


def test_a_worker_that_the_kernel_kills_for_memory_is_replaced(
    healthy: dict[str, bytes], tmp_path: Path, faulty: dict[str, str], memory_group: Path
) -> None:
    recipe = recipe_file(tmp_path, scenario="faulty")
    (tmp_path / "once").mkdir()
    once = {**faulty, "ONCE": str(tmp_path / "once"), "FAULTS": "11:fill memory"}
    done = limited(
        f"echo $$ > {memory_group}/cgroup.procs",
        *("build", recipe, "-o", "out", "--workers", "1"),
        cwd=tmp_path,
        **once,
    )
    assert done.returncode == 0, done.stderr
    assert (
        "train clip 11: its worker process was killed (SIGKILL; the system does that when memory runs out: "
        "try fewer --workers); it is tried again"
    ) in done.stderr
    assert content(tmp_path / "out") == healthy


def test_a_fault_that_stays_costs_its_shard_alone(
    healthy: dict[str, bytes], tmp_path: Path, faulty: dict[str, str]
) -> None:
    recipe = recipe_file(tmp_path, scenario="faulty")
    done = simgen("build", recipe, "-o", "out", cwd=tmp_path, **faulty, FAULTS="11:segfault")
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
    again = simgen("build", recipe, "-o", "out", cwd=tmp_path, **faulty)
    assert again.returncode == 0, again.stderr
    assert " 1 made now" in again.stderr  # the other clips of its shard had been kept
    assert content(tmp_path / "out") == healthy


def test_a_clip_that_no_draw_is_fit_for_ends_the_build_with_advice(
    tmp_path: Path, faulty: dict[str, str]
) -> None:
    recipe = recipe_file(tmp_path, scenario="faulty")
    done = simgen("build", recipe, "-o", "out", cwd=tmp_path, **faulty, FAULTS="11:reject")
    assert done.returncode == 1
    assert sentences(done.stderr).startswith(
        "train clip 11: all 20 draws were rejected (overlap 20). The last one: the bodies overlap by 3 cm. "
        "Change the ranges under `params` of small; they drew "
    )
    assert "Traceback" not in done.stderr


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


def test_a_full_disk(undisturbed: Undisturbed, tmp_path: Path, small_disk: Path) -> None:
    recipe = recipe_file(tmp_path)
    done = simgen("build", recipe, "-o", small_disk / "out", "--workers", 2, cwd=tmp_path)
    assert done.returncode == 1
    assert "The disk is full" in done.stderr
    assert "What is finished is kept: run the same command again when there is space." in done.stderr
    assert "Traceback" not in done.stderr
    for marker in (small_disk / "out").glob(".simgen/markers/*"):  # what counts as done is whole
        assert undisturbed.content[f".simgen/markers/{marker.name}"] == marker.read_bytes()
    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    undisturbed.is_what_becomes_of(small_disk / "out", recipe)


def test_a_disk_that_is_too_small_is_noticed_early(tmp_path: Path, small_disk: Path) -> None:
    done = simgen("build", recipe_file(tmp_path, 400), "-o", small_disk / "out", "--workers", 2, cwd=tmp_path)
    assert done.returncode == 1
    said = sentences(done.stderr)
    assert said.index("warning: the missing clips will need about ") < said.index("The disk is full")


def test_a_limit_on_file_sizes(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """`ulimit -f`, for those who cannot mount a disk: the same path through the errors."""
    recipe = recipe_file(tmp_path)
    done = limited("ulimit -f 40", "build", recipe, "-o", "out", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 1
    assert "may not grow further (file size limit, see `ulimit -f`)" in done.stderr
    assert "Traceback" not in done.stderr
    undisturbed.is_what_becomes_of(tmp_path / "out", recipe)


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = load_recipe(recipe_file(tmp_path))
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    for folder in ("/proc/simgen", "/proc/no/simgen", "file/out", "file", "long" * 70):
        with pytest.raises(
            BuildError, match=rf"{folder} cannot be made \([^()]*\)\. Give another one with -o\.$"
        ):
            build(recipe, folder)


def test_a_folder_that_vanishes(undisturbed: Undisturbed, tmp_path: Path) -> None:
    recipe, out = recipe_file(tmp_path), tmp_path / "out"
    with started("build", recipe, "-o", "out", "--workers", 1, cwd=tmp_path) as build:
        wait_for_clips(out, 3, build)
        out.rename(tmp_path / "gone")
        _, errors = build.communicate(timeout=60)
    assert build.returncode == 1
    assert "was removed or its disk unmounted while the build was running" in errors
    assert "Traceback" not in errors
    shutil.move(tmp_path / "gone", out)
    undisturbed.is_what_becomes_of(out, recipe)
