"""`--task I/N`: several processes fill one folder without a coordinator; the result is that of one build."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from simgen.build import build
from simgen.build.driver import finish
from simgen.build.plan import Share
from simgen.errors import BuildError
from simgen.recipe import load_recipe
from tests.build.aftermath import Undisturbed, make_here
from tests.build.command import recipe_file, sentences, simgen, started
from tests.build.hand import content

pytest.importorskip("pybullet")

ONE = ("--workers", "1")


def wait_for_clip(folder: Path, index: int, build: subprocess.Popen[str]) -> None:
    """Until that training clip is made."""
    deadline = time.monotonic() + 120
    while not (folder / f".simgen/clips/train-{index:08d}").exists():
        assert build.poll() is None, "the build ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_three_at_once_of_which_one_is_killed(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Shards train 0, 1, 2 and test 0: task 0/3 has the first and the last."""
    recipe, out = recipe_file(tmp_path), tmp_path / "out"
    with ExitStack() as stack:
        tasks = [
            stack.enter_context(started("build", recipe, "-o", "out", "--task", f"{i}/3", *ONE, cwd=tmp_path))
            for i in range(3)
        ]
        wait_for_clip(out, 0, tasks[0])
        tasks[0].send_signal(signal.SIGSTOP)  # the others do not wait for it
        told = [task.communicate(timeout=200)[1] for task in tasks[1:]]
        workers = psutil.Process(tasks[0].pid).children()
        tasks[0].kill()
        psutil.wait_procs(workers, timeout=20)
    assert [task.returncode for task in tasks[1:]] == [0, 0], told
    for text, clips in zip(told, (8, 4), strict=True):
        said = sentences(text).splitlines()
        assert said[0].startswith(f"out: {clips} clips of this task, ")
        assert said[-1] == (
            "  Other tasks may still be at work. The last task finishes the dataset, or the same command with "
            "--finish in place of --task."
        )
    assert not (out / "manifest.json").exists()
    missing = simgen("build", recipe, "-o", "out", "--finish", cwd=tmp_path)
    assert missing.returncode == 1
    assert sentences(missing.stderr) == (
        f"{out} is not complete: 2 of 4 shards are missing (train-00000-of-00003, test-00000-of-00001). "
        "Run the tasks that make them again, or build without --task to have all of them made here."
    )
    again = simgen("build", recipe, "-o", "out", "--task", "0/3", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert sentences(again.stderr).startswith("out: 23 clips, ")
    assert content(out) == undisturbed.content


def test_one_after_the_other_and_then_finish(undisturbed: Undisturbed, tmp_path: Path) -> None:
    recipe, out = recipe_file(tmp_path), tmp_path / "out"
    first = simgen("build", recipe, "-o", "out", "--task", "1/2", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert sentences(first.stderr).splitlines()[-1] == (
        "  2 shards are missing, of task 0/2. The last task finishes the dataset, or the same command with "
        "--finish in place of --task."
    )
    dry = simgen("build", recipe, "-o", "out", "--task", "0/2", "--dry-run", cwd=tmp_path)
    assert dry.stdout.splitlines()[1] == "  task 0/2 makes 2 of them: 0 shards are done, 2 are to be made"
    # a task of another division is a task, too: here it is the last one
    last = simgen("build", recipe, "-o", "out", "--task", "0/1", cwd=tmp_path)
    assert last.returncode == 0, last.stderr
    assert content(out) == undisturbed.content
    (out / "manifest.json").unlink()
    done = simgen("build", recipe, "-o", "out", "--finish", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sentences(done.stderr).splitlines()[:2] == [
        sentences(last.stderr).splitlines()[0],
        "  it was complete already: nothing to do",
    ]
    assert content(out) == undisturbed.content


def test_the_same_task_twice_at_once_harms_nothing(undisturbed: Undisturbed, tmp_path: Path) -> None:
    recipe = recipe_file(tmp_path)
    arguments = ("build", recipe, "-o", "out", "--task", "0/1", *ONE)
    with started(*arguments, cwd=tmp_path) as first, started(*arguments, cwd=tmp_path) as second:
        told = [process.communicate(timeout=200)[1] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), told
    assert content(tmp_path / "out") == undisturbed.content


def stopped(build: subprocess.Popen[str], folder: Path) -> None:
    wait_for_clip(folder, 0, build)
    build.send_signal(signal.SIGSTOP)


def test_a_task_and_what_is_none_exclude_each_other(undisturbed: Undisturbed, tmp_path: Path) -> None:
    recipe, out = recipe_file(tmp_path), tmp_path / "out"
    with started("build", recipe, "-o", "out", "--task", "0/2", *ONE, cwd=tmp_path) as task:
        stopped(task, out)
        refused = f"Another build is writing to {out} (tasks, one of them process {task.pid} on"
        loaded = load_recipe(recipe)
        for other in (
            lambda: build(loaded, out),
            lambda: finish(loaded, out),
            lambda: build(loaded, out, overwrite=True),
            lambda: build(loaded, out, clips=40, share=Share(0, 2)),  # a task of a larger build
        ):
            with pytest.raises(BuildError, match=re.escape(refused)):
                other()
        assert make_here(recipe, out, Share(1, 2)).outstanding
        task.send_signal(signal.SIGCONT)
        assert task.wait(timeout=100) == 0
    assert content(out) == undisturbed.content
    with started("build", recipe, "-o", "more", *ONE, cwd=tmp_path) as plain:
        stopped(plain, tmp_path / "more")
        refused = f"Another build is writing to {tmp_path / 'more'} (process {plain.pid} on"
        with pytest.raises(BuildError, match=re.escape(refused)):
            build(loaded, tmp_path / "more", share=Share(0, 2))


def test_tasks_can_make_a_dataset_larger(undisturbed: Undisturbed, tmp_path: Path) -> None:
    make_here(recipe_file(tmp_path, 12), tmp_path / "out")
    recipe = recipe_file(tmp_path, 20)
    with ExitStack() as stack:
        tasks = [
            stack.enter_context(started("build", recipe, "-o", "out", "--task", f"{i}/2", *ONE, cwd=tmp_path))
            for i in range(2)
        ]
        told = [task.communicate(timeout=200)[1] for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], told
    assert content(tmp_path / "out") == undisturbed.content


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--task", "5/4"],
            "--task: there is no task 5/4: tasks are numbered from 0, the last of 4 is 3/4.",
        ),
        (["--task", "4/4"], "--task: there is no task 4/4: tasks are numbered from 0, the last of 4 is 3/4."),
        (["--task", "x"], "--task: 'x' is not I/N, such as 0/8 for the first of 8 tasks."),
        (["--task", "/8"], "--task: '/8' is not I/N, such as 0/8 for the first of 8 tasks."),
        (["--task", "0/0"], "--task: 0/0 asks for none of no tasks; with one task it is 0/1."),
        (
            ["--task", "0/4", "--overwrite"],
            "--task with --overwrite: each task would remove what the others have made. "
            "Remove the folder once before they start, or give another one with -o.",
        ),
        (
            ["--task", "0/4", "--publish", "user/name"],
            "--task with --publish: shards are sent by one process. "
            "Let the tasks build the dataset, then run simgen publish.",
        ),
        (
            ["--task", "0/4", "--finish"],
            "--finish with --task: --finish only completes what tasks have made. Leave one of them out.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    done = simgen("build", recipe_file(tmp_path), "-o", "out", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.rstrip().splitlines()[-1] == f"Error: {sentence}"
    assert not (tmp_path / "out").exists()


def test_there_is_nothing_to_finish(tmp_path: Path) -> None:
    done = simgen("build", recipe_file(tmp_path), "-o", "out", "--finish", cwd=tmp_path)
    assert done.returncode == 1
    assert sentences(done.stderr) == (
        f"{tmp_path / 'out'} holds no build that could be finished. Build it first, or say where with -o."
    )
    assert not (tmp_path / "out").exists()
