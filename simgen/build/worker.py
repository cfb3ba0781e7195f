"""What every worker does, and the worker process of the local runner: it does one task after the other until it is told to stop or its
parent is gone.

Started as a fresh interpreter, never forked and never importing the user's `__main__`, so that
`simgen.build` works in a script without a guard, in a notebook and from a thread. It dies with its parent,
however that dies.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.abc import MetaPathFinder
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from simgen.build.plan import ShardPlan
from simgen.build.shard import ClipCount, generate_shard, store_clip
from simgen.build.storage_trouble import storage_trouble
from simgen.errors import SimgenError

if TYPE_CHECKING:
    from simgen.dataset.manifest import Marker
    from simgen.recipe import Recipe

__all__ = [
    "Answer",
    "ClipTask",
    "Failure",
    "Job",
    "Notice",
    "ShardDone",
    "Task",
    "WarmUp",
    "begin",
    "main",
    "write_shard",
]


@dataclass(frozen=True, slots=True)
class Job:
    """What every task of a worker has in common."""

    recipe: Recipe
    folder: Path
    formats: tuple[str, ...]
    store: str = ""  # the URL to which a worker that does not see the folder sends its shards by itself


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Compile the renderer, or load what is compiled."""


@dataclass(frozen=True, slots=True)
class ClipTask:
    """Encode one clip and leave it for its shard."""

    split: str
    index: int


Task: TypeAlias = WarmUp | ClipTask | ShardPlan  # a ShardPlan: write this shard


@dataclass(frozen=True, slots=True)
class ShardDone:
    marker: Marker
    made: tuple[ClipCount, ...]  # clips that had to be made with it
    seconds: float  # core seconds apart from those
    began_s: float  # by the monotonic clock of the machine `host`
    done_s: float
    host: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that raised. `final`: trying again, or going on with other clips, makes no sense."""

    sentence: str
    final: bool
    trace: str

    @classmethod
    def of(cls, error: BaseException, folder: Path) -> Failure:
        trace = traceback.format_exc()
        if isinstance(error, SimgenError):
            return cls(str(error), True, trace)
        if isinstance(error, OSError) and (sentence := storage_trouble(error, folder)):
            return cls(sentence, True, trace)
        return cls(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__, False, trace)


@dataclass(frozen=True, slots=True)
class Notice:
    """Why a task takes long; its answer is still to come."""

    sentence: str


Answer: TypeAlias = ClipCount | ShardDone | Failure | Notice | None


def main(connection_fd: int, life_fd: int) -> None:
    """`life_fd` is the reading end of a pipe that nobody writes to: it ends when the parent does."""
    threading.Thread(target=_die_with_parent, args=(life_fd,), daemon=True).start()
    connection = Connection(connection_fd)
    try:
        job: Job = connection.recv()
        _lean_arrow()
        while (task := connection.recv()) is not None:
            connection.send(_answer(job, task, connection))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(0)  # the parent is gone: nobody to tell


def _die_with_parent(life_fd: int) -> None:
    os.read(life_fd, 1)
    os._exit(0)


def _lean_arrow() -> None:
    """pyarrow without threads (as many workers as cores run already) and without pandas.

    Wherever pandas is installed, pyarrow imports it at its first array, to ask whether that is a pandas object:
    0.3 s and 60 MB in every worker for an answer that is always no.
    """
    import pyarrow

    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    sys.meta_path.insert(0, _WithoutPandas())
    pyarrow.array([0])  # now it has asked, once and for all
    sys.meta_path.pop(0)


class _WithoutPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ImportError("not needed here")


def _answer(job: Job, task: Task, connection: Connection) -> Answer:
    try:
        if isinstance(task, WarmUp):
            _warm_up(lambda sentence: connection.send(Notice(sentence)))
            return None
        if isinstance(task, ClipTask):
            return store_clip(job.recipe, task.split, task.index, job.folder)
        return write_shard(job, task)
    except Exception as error:
        return Failure.of(error, job.folder)


def write_shard(job: Job, shard: ShardPlan) -> ShardDone:
    """`generate_shard`, counted."""
    began_s, start = time.monotonic(), time.process_time()
    made: list[ClipCount] = []
    marker = generate_shard(job.recipe, shard, job.folder, job.formats, made.append)
    seconds = time.process_time() - start - sum(sum(count.seconds.values()) for count in made)
    return ShardDone(marker, tuple(made), seconds, began_s, time.monotonic(), socket.gethostname())


@cache
def begin() -> None:
    """What `main` does before its first task, for a process that others have started; once in each."""
    _lean_arrow()
    _warm_up(lambda sentence: None)


def _warm_up(notice: Callable[[str], None]) -> None:
    """Imports what a clip needs and has the renderer compiled; waits while another worker does."""
    import simgen.dataset.writer
    import simgen.physics.simulation  # noqa: F401
    from simgen.render.raycast import warm_up

    warm_up(notice)  # whatever the engine: the labels come from the ray caster
    # What has been imported is there to stay: the search for garbage need not go through it again and again.
    gc.collect()
    gc.freeze()
