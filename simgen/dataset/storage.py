"""Files that are either whole or not there: written under a temporary name, hashed while they are written, fsynced, renamed.

Temporary files live in `<dataset>/.simgen/unfinished/` under names that no other process uses, so two builds cannot
write into each other's and no reader mistakes one for data.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["PRIVATE", "UNFINISHED", "FileRecord", "HashedFile", "remove_unfinished", "write_whole"]

PRIVATE = ".simgen"  # the folder in a dataset that is the build's own business
UNFINISHED = "unfinished"  # in it: files that have no name yet
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What a file must be: its size in bytes and the sha256 of its content in hex."""

    bytes: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        return {"bytes": self.bytes, "sha256": self.sha256}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> FileRecord:
        return cls(bytes=int(value["bytes"]), sha256=str(value["sha256"]))


class HashedFile:
    """A file of a dataset while it is written, as a binary stream. `commit` makes it real, `abort` leaves nothing."""

    def __init__(self, folder: Path, relative: str) -> None:
        self.relative = relative
        self._target = folder / relative
        place = folder / PRIVATE / UNFINISHED
        place.mkdir(parents=True, exist_ok=True)
        name = f"{self._target.name}.{socket.gethostname()}-{os.getpid()}-{next(_numbers)}"
        self._temporary = place / name
        self._file: BinaryIO = self._temporary.open("wb")
        self._hash = hashlib.sha256()
        self._size = 0
        self.closed = False

    def write(self, data: Any) -> int:
        self._hash.update(data)
        count = self._file.write(data)
        self._size += count
        return count

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        self._file.flush()

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Part of the stream's interface; `commit` or `abort` closes the file."""

    def sync(self) -> FileRecord:
        """Everything is on the disk, still under the temporary name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return FileRecord(self._size, self._hash.hexdigest())

    def commit(self) -> FileRecord:
        """The file is whole, on the disk and under its name."""
        if not self._file.closed:
            self.sync()
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._temporary.replace(self._target)
        sync_folder(self._target.parent)
        return FileRecord(self._size, self._hash.hexdigest())

    def abort(self) -> None:
        try:
            self._file.close()
        finally:
            self._temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Makes a rename in `folder` survive a power cut (POSIX: the folder itself must be synced)."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # a platform or file system on which a folder cannot be opened
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(folder: Path, relative: str, data: bytes) -> FileRecord:
    """Writes a small file so that it is either whole or not there."""
    file = HashedFile(folder, relative)
    try:
        file.write(data)
        return file.commit()
    except BaseException:
        file.abort()
        raise


def remove_unfinished(folder: Path) -> None:
    """Removes what killed builds left behind. Only while no other build writes into this dataset."""
    shutil.rmtree(folder / PRIVATE / UNFINISHED, ignore_errors=True)
