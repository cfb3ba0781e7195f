"""Who may write to a dataset's folder: one build by itself, or any number of tasks of one build.

The lock is an advisory `flock` on a file in the dataset's private folder, which a build holds for itself and
tasks (`--task I/N`) share. The operating system frees it when the last process that holds it is gone,
however it went; worker processes inherit it, so a build that was killed keeps the folder until its last
worker has noticed. On a shared file system it holds across machines (NFS, and Lustre mounted with `flock`).
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from simgen.dataset.storage import PRIVATE
from simgen.errors import BuildError

__all__ = ["folder_lock", "lock_if_free", "task_lock"]

_PATIENCE_S = 3.0  # the workers of a killed build need a moment to notice


@contextmanager
def folder_lock(folder: Path) -> Iterator[int]:
    """Holds the dataset's lock; the value is the file descriptor to hand to worker processes.

    Raises BuildError when another build holds it. The lock file is removed at the end.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while (lock := _try(folder, fcntl.LOCK_EX)) is None:
        _wait(folder, deadline)
    with _held(folder, lock):
        yield lock.handle


@contextmanager
def lock_if_free(folder: Path) -> Iterator[bool]:
    """Holds the dataset's lock if nobody has it; whether it does. On a file system without locks nobody knows, so it
    does not.
    """
    lock = _try(folder, fcntl.LOCK_EX)
    if lock is None or not lock.real:
        if lock is not None:
            os.close(lock.handle)
        yield False
        return
    with _held(folder, lock):
        yield True


@contextmanager
def task_lock(
    folder: Path, prepare: Callable[[bool], None], is_prepared: Callable[[], bool]
) -> Iterator[int]:
    """Shares the dataset's lock with other tasks of the same build; the value is as of `folder_lock`.

    Whoever comes when nobody is there calls `prepare` with True, alone in the folder; who comes later finds that
    `is_prepared`. Without locks everybody prepares, and is told with False that others may be at work.
    Raises BuildError when a build that is no task, or tasks of another build, hold it, and what `prepare` raises.
    """
    deadline = time.monotonic() + _PATIENCE_S
    lock = None
    while lock is None:
        if (own := _try(folder, fcntl.LOCK_EX)) is not None:
            try:
                prepare(own.real)
            finally:
                os.close(own.handle)
        if (lock := _try(folder, fcntl.LOCK_SH)) is None:
            _wait(folder, deadline)
        elif not is_prepared():
            os.close(lock.handle)
            lock = None
            _wait(folder, deadline)
    try:
        _sign(lock, "tasks, one of them ")
        yield lock.handle
    finally:
        os.close(lock.handle)


@dataclass(frozen=True, slots=True)
class _Lock:
    handle: int
    real: bool  # False on a file system without locks


@contextmanager
def _held(folder: Path, lock: _Lock) -> Iterator[None]:
    try:
        _sign(lock)
        yield
    finally:
        # while it is held: who waits for it sees that the file is no longer there
        _path(folder).unlink(missing_ok=True)
        os.close(lock.handle)


def _sign(lock: _Lock, what: str = "") -> None:
    """Who holds it, for the sentence that others are told."""
    os.ftruncate(lock.handle, 0)
    os.pwrite(lock.handle, f"{what}process {os.getpid()} on {socket.gethostname()}".encode(), 0)


def _wait(folder: Path, deadline: float) -> None:
    if time.monotonic() > deadline:
        try:
            holder = _path(folder).read_text(errors="replace")[:200]
        except OSError:
            holder = ""
        raise BuildError(
            f"Another build is writing to {folder} ({holder or 'it is just starting'}). "
            "Wait until it is done, or give this one another folder with -o."
        )
    time.sleep(0.1)


def _path(folder: Path) -> Path:
    return folder / PRIVATE / "lock"


def _try(folder: Path, mode: int) -> _Lock | None:
    """The lock, None when somebody has it in a way that excludes this one."""
    path = _path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, mode | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP):
                return _Lock(handle, False)  # unfinished files still have names of their own
            os.close(handle)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            return None
        try:
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return _Lock(handle, True)
        except FileNotFoundError:
            pass
        os.close(handle)  # the file that we locked is no longer the one under this name: try the new one
