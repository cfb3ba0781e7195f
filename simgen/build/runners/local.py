"""Runs a build on this machine's cores: a pool of worker processes that survives the death of any of them.

Workers take clips one at a time, whatever the size of a shard, so that all of them are busy to the end; a
shard is written by one of them when its last clip is ready. A worker that dies (a crash in native code, the
system short of memory) loses the clip it was on, which is tried again in a fresh process. After three
deaths the clip's shard is given up, the others go on, and the build ends with a sentence that names the
clip.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import IO

from simgen.build.packing import waiting_clips
from simgen.build.plan import ShardPlan
from simgen.build.runners import Audience, GivenUp, describe
from simgen.build.shard import ClipCount
from simgen.build.worker import Answer, ClipTask, Failure, Job, Notice, ShardDone, Task, WarmUp
from simgen.errors import BuildError

__all__ = ["ONE_THREAD", "TRIES", "LocalRunner", "cores"]

TRIES = 3  # of a task whose worker dies
_AHEAD = 2  # tasks in a worker's hands: the next one waits while it works on the first
_ENOUGH = 10  # clips given up before the build is held to be hopeless

_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[3]); "
    "from simgen.build.worker import main; main(*map(int, sys.argv[1:3]))"
)
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    ),
    "1",
)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class LocalRunner:
    """`workers` processes on this machine."""

    workers: int

    def run(
        self, job: Job, shards: Sequence[ShardPlan], lock_fd: int, audience: Audience
    ) -> Sequence[GivenUp]:
        """See `Runner`. Clips that an earlier run has left in the private folder are not made again."""
        work = _Work(iter(shards), waiting_clips(job.folder))
        pool = _Pool(job, lock_fd)
        given_up: list[GivenUp] = []
        failures: dict[Task, int] = {}
        try:
            while True:
                pool.hand_out(work, self.workers)
                if not pool.busy:
                    return given_up
                for task, answer in pool.answers(work):
                    if isinstance(answer, Notice):
                        audience.say(answer.sentence)
                    elif isinstance(answer, Failure):
                        if answer.final:
                            raise BuildError(answer.sentence)
                        failures[task] = failures.get(task, 0) + 1
                        if failures[task] < TRIES:
                            audience.say(f"{describe(task)}: {answer.sentence}; it is tried again")
                            if not isinstance(task, WarmUp):  # every worker begins with its own
                                work.again(task)
                            continue
                        if isinstance(task, WarmUp):
                            raise BuildError(
                                f"No worker can start: {answer.sentence}. {answer.trace}".strip()
                            )
                        given_up.append(GivenUp(task, answer.sentence, answer.trace))
                        work.give_up(task)
                        if len(given_up) >= _ENOUGH:
                            return given_up
                    elif answer is None:
                        failures.pop(task, None)  # this worker has started
                    elif isinstance(answer, ClipCount):
                        audience.on_clip(answer)
                        work.done(task)
                    elif isinstance(answer, ShardDone):
                        audience.on_shard(answer)
        finally:
            pool.close()


@dataclass(slots=True)
class _OpenShard:
    plan: ShardPlan
    missing: int  # clips that are not there yet
    given_up: bool = False


class _Work:
    """The tasks that are left: shards to write first, then clips, from as few shards at once as possible."""

    def __init__(self, shards: Iterator[ShardPlan], waiting: Container[tuple[str, int]]) -> None:
        self._shards, self._waiting = shards, waiting
        self._first: deque[Task] = deque()
        self._open: dict[tuple[str, int], _OpenShard] = {}  # by split and number
        self._clips = self._all_clips()

    def next(self) -> Task | None:
        """The next task, None when there is none for now."""
        if self._first:
            return self._first.popleft()
        clip = next(self._clips, None)
        # Opening a shard whose clips are all there puts it in front.
        return self._first.popleft() if clip is None and self._first else clip

    def again(self, task: Task) -> None:
        self._first.append(task)

    def done(self, task: Task) -> None:
        """A clip is ready, or will never be; with its last one the shard can be written."""
        shard = self._shard_of(task)
        if shard is not None:
            shard.missing -= 1
            self._close_if_complete(shard)

    def give_up(self, task: Task) -> None:
        shard = self._shard_of(task)
        if shard is not None:
            shard.given_up = True
            self.done(task)

    def _shard_of(self, task: Task) -> _OpenShard | None:
        if not isinstance(task, ClipTask):
            return None
        return next(
            entry
            for (split, _), entry in self._open.items()
            if split == task.split and entry.plan.start <= task.index < entry.plan.stop
        )

    def _close_if_complete(self, shard: _OpenShard) -> None:
        if shard.missing == 0:
            del self._open[shard.plan.split, shard.plan.number]
            if not shard.given_up:
                self._first.appendleft(shard.plan)

    def _all_clips(self) -> Iterator[ClipTask]:
        for plan in self._shards:
            missing = [index for index in plan.indices if (plan.split, index) not in self._waiting]
            shard = _OpenShard(plan, len(missing))
            self._open[plan.split, plan.number] = shard
            self._close_if_complete(shard)
            for index in missing:
                yield ClipTask(plan.split, index)


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection
    errors: IO[bytes]  # its standard error, shown when it dies
    tasks: deque[Task] = field(default_factory=deque)  # in its hands; it works on the first


class _Pool:
    """The worker processes."""

    def __init__(self, job: Job, lock_fd: int) -> None:
        self._job, self._lock_fd = job, lock_fd
        self._life_read, self._life_write = os.pipe()  # closed by our death, however it comes
        self._workers: list[_Worker] = []

    @property
    def busy(self) -> bool:
        return any(worker.tasks for worker in self._workers)

    def hand_out(self, work: _Work, limit: int) -> None:
        """Gives every worker something to do, and starts more of them while there is something."""
        for depth in range(1, _AHEAD + 1):  # everyone's first task before anyone's second
            for worker in self._workers:
                while len(worker.tasks) < depth:
                    if (task := work.next()) is None:
                        return
                    self._give(worker, task)
            while len(self._workers) < limit:
                if (task := work.next()) is None:
                    return
                self._start()
                self._give(self._workers[-1], task)

    def answers(self, work: _Work) -> list[tuple[Task, Answer]]:
        """Waits until there is at least one. A death is the failure of the task that the worker was on."""
        ready: set[object] = set()
        while not ready:  # in slices: a signal does not always wake a wait without an end
            ready = set(wait([worker.connection for worker in self._workers], timeout=1.0))
        found: list[tuple[Task, Answer]] = []
        for worker in [worker for worker in self._workers if worker.connection in ready]:
            try:
                answer: Answer = worker.connection.recv()
            except (EOFError, OSError):
                found.extend(self._bury(worker, work))
                continue
            task = worker.tasks[0] if isinstance(answer, Notice) else worker.tasks.popleft()
            found.append((task, answer))
        return found

    def _start(self) -> None:
        ours, theirs = Pipe()
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        numbers = [str(theirs.fileno()), str(self._life_read)]
        process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-c", _START, *numbers, json.dumps(sys.path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the engine prints when it is imported
            stderr=errors,
            env={**os.environ, **ONE_THREAD},
            pass_fds=(theirs.fileno(), self._life_read, self._lock_fd),
            start_new_session=True,  # Ctrl-C is for the parent, which then ends its workers
        )
        theirs.close()
        worker = _Worker(process, ours, errors)
        self._workers.append(worker)
        with contextlib.suppress(OSError):  # it died at once: `answers` finds that
            ours.send(self._job)
        self._give(worker, WarmUp())

    def _give(self, worker: _Worker, task: Task) -> None:
        worker.tasks.append(task)
        with contextlib.suppress(OSError):  # it died while it had nothing to do: `answers` finds that
            worker.connection.send(task)

    def _bury(self, worker: _Worker, work: _Work) -> Iterator[tuple[Task, Answer]]:
        """Takes a dead worker out of the pool and its tasks back."""
        self._workers.remove(worker)
        worker.connection.close()
        code = worker.process.wait()
        with worker.errors as errors:
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - 2000))
            last_words = errors.read().decode(errors="replace").strip()
        tasks = list(worker.tasks)
        for task in reversed(tasks[1:]):
            if not isinstance(task, WarmUp):
                work.again(task)
        if not tasks:
            return
        yield tasks[0], Failure(f"its worker process {_death(code)}", False, last_words)

    def close(self) -> None:
        """No worker is left. Those at work are killed: all they leave is unfinished files."""
        for worker in self._workers:
            if not worker.tasks:
                with contextlib.suppress(OSError):
                    worker.connection.send(None)
            else:
                worker.process.kill()
        for worker in self._workers:
            try:
                worker.process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.connection.close()
            worker.errors.close()
        self._workers.clear()
        os.close(self._life_write)
        os.close(self._life_read)


def _death(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was killed (SIGKILL; the system does that when memory runs out: try fewer --workers)"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"crashed ({signal.Signals(-code).name})"
        return f"was ended by signal {-code}"
    return f"ended with code {code}"
