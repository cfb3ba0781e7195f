"""One build at a time in a folder.

The lock is an advisory `flock` on a file in the dataset's private folder. The operating system frees it
when the last process that holds it is gone, however it went; worker processes inherit it, so a build that
was killed keeps the folder until its last worker has noticed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simgen.dataset.storage import PRIVATE
from simgen.errors import BuildError

__all__ = ["folder_lock"]

_PATIENCE_S = 3.0  # the workers of a killed build need a moment to notice


@contextmanager
def folder_lock(folder: Path) -> Iterator[int]:
    """Holds the dataset's lock; the value is the file descriptor to hand to worker processes.

    Raises BuildError when another build holds it. The lock file is removed at the end.
    """
    path = folder / PRIVATE / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = _acquire(path, folder)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield handle
    finally:
        path.unlink(
            missing_ok=True
        )  # while it is held: who waits for it sees that the file is no longer there
        os.close(handle)


def _acquire(path: Path, folder: Path) -> int:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP):
                return handle  # a file system without locks: unfinished files still have names of their own
            holder = os.pread(handle, 200, 0).decode(errors="replace")
            os.close(handle)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            if time.monotonic() > deadline:
                raise BuildError(
                    f"Another build is writing to {folder} ({holder or 'it is just starting'}). "
                    "Wait until it is done, or give this one another folder with -o."
                ) from None
            time.sleep(0.1)
            continue
        try:
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        except FileNotFoundError:
            pass
        os.close(handle)  # the file that we locked is no longer the one under this name: try the new one
