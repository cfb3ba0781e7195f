"""Files that are whole or not there: written under a temporary name, hashed meanwhile, fsynced, renamed.

Temporary files live in `<dataset>/.simgen/unfinished/` under names that no other process uses, so two builds
cannot write into each other's and no reader mistakes one for data.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shutil
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

__all__ = [
    "PRIVATE",
    "UNFINISHED",
    "FileRecord",
    "HashedFile",
    "holds",
    "is_sealed",
    "remove_unfinished",
    "seal",
    "write_pieces",
    "write_whole",
]

PRIVATE = ".simgen"  # the folder in a dataset that is the build's own business
UNFINISHED = "unfinished"  # in it: files that have no name yet
_COARSEST_NS = 10**9  # file systems that keep times in whole seconds (Lustre)
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What a file must be: its size in bytes and the sha256 of its content in hexadecimal."""

    bytes: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        return {"bytes": self.bytes, "sha256": self.sha256}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> FileRecord:
        return cls(bytes=int(value["bytes"]), sha256=str(value["sha256"]))


class HashedFile:
    """A file of a dataset while it is written. `commit` makes it real, `abort` leaves nothing of it.

    It is a binary stream as far as Arrow and tarfile ask for one. What is written after `abort` is dropped:
    both of them write their last bytes whenever they happen to be closed.
    """

    def __init__(self, folder: Path, relative: str) -> None:
        self.relative = relative
        self.closed = False  # asked for by Arrow; only `commit` and `abort` really close the file
        self._target = folder / relative
        place = folder / PRIVATE / UNFINISHED
        place.parent.mkdir(
            exist_ok=True
        )  # not the dataset's own folder: if that is gone, somebody removed it
        place.mkdir(exist_ok=True)
        self._temporary = place / f"{self._target.name}.{socket.gethostname()}-{os.getpid()}-{next(_numbers)}"
        self._file: BinaryIO = self._temporary.open("wb")
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: Any) -> int:
        view = memoryview(data)
        if not self._file.closed:
            self._file.write(view)
            self._hash.update(view)
            self._size += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Part of a stream; `sync` is what flushes."""

    def close(self) -> None:
        """Part of a stream; `commit` and `abort` are what closes."""

    def sync(self) -> None:
        """Everything is on the disk, still under the temporary name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def commit(self) -> FileRecord:
        """The file is whole, on the disk and under its name."""
        if not self._file.closed:
            self.sync()
        self._target.parent.mkdir(exist_ok=True)
        self._temporary.replace(self._target)
        _sync_folder(self._target.parent)
        return FileRecord(self._size, self._hash.hexdigest())

    def abort(self) -> None:
        with contextlib.suppress(OSError):  # a full disk refuses the last flush too
            self._file.close()
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Makes a rename in `folder` survive a power cut (POSIX: the folder itself must be synced)."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # a file system on which a folder cannot be opened
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(folder: Path, relative: str, data: bytes) -> FileRecord:
    """Writes a small file so that it is either whole or not there."""
    return write_pieces(folder, relative, (data,))


def write_pieces(folder: Path, relative: str, pieces: Iterable[bytes]) -> FileRecord:
    """`write_whole` of a file that need not fit into memory."""
    file = HashedFile(folder, relative)
    try:
        for piece in pieces:
            file.write(piece)
        return file.commit()
    except BaseException:
        file.abort()
        raise


def holds(path: Path, pieces: Iterable[bytes]) -> bool:
    """Whether the file is there and these pieces are its content."""
    try:
        with path.open("rb") as file:
            return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)
    except FileNotFoundError:
        return False


def remove_unfinished(folder: Path) -> None:
    """Removes what killed builds left behind. Only while no other build writes into this dataset."""
    shutil.rmtree(folder / PRIVATE / UNFINISHED, ignore_errors=True)


def seal(path: Path, files: Sequence[os.stat_result]) -> None:
    """Has `path` remember in what state these files are; see `is_sealed`."""
    moment = _mean_change_ns(files)
    os.utime(path, ns=(moment, moment))


def is_sealed(status: os.stat_result, files: Sequence[os.stat_result]) -> bool:
    """Whether none of the files has changed since the file of this status was sealed with them.

    The system notes when a file last changed (ctime), and nobody can set that. A change is later than the seal, or,
    with a clock that has been put back meanwhile, moves the mean of the files' times away from the one that the seal
    has as its modification time.
    """
    shift_ns = abs(_mean_change_ns(files) - status.st_mtime_ns)
    return shift_ns < _COARSEST_NS and all(file.st_ctime_ns <= status.st_ctime_ns for file in files)


def _mean_change_ns(files: Sequence[os.stat_result]) -> int:
    return sum(file.st_ctime_ns for file in files) // len(files)
