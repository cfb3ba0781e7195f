"""Shards of a remote dataset on the local disk: bounded, shared by any number of processes of a machine.

    DIR/files/<sha256>              a whole shard; its name is what it must hash to, and was checked
    DIR/files/<sha256>-<columns>    only the bytes of some columns of a Parquet file, holes elsewhere
    DIR/unfinished/<the same name>  while it is downloaded, locked by who does it

A name says the content, so a dataset that changes under its URL, or two with the same shard, need no care. A
process that wants a shard locks its unfinished file (`flock`): the first one downloads, the others wait for
the lock and then find the file under its name. The kernel drops the lock of a process that dies, so what it
left is known to be nobody's and is removed by the next one that opens the cache. Nobody reads an unfinished
file. What was used longest ago goes first (mtime is the time of the last use); who still reads a file that is
removed keeps it until it is closed, as POSIX has it. There is no shared memory and no daemon.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from simgen.dataset.storage import FileRecord
from simgen.errors import DatasetError
from simgen.reading.damage import REMEDY
from simgen.reading.remote_file import Span

__all__ = ["DEFAULT_BYTES", "ShardCache", "bytes_of"]

DEFAULT_BYTES = "50GB"
_PIECE = 8 << 20  # bytes per request of a download
_BATCH = 4  # pieces that are asked for at once and held in memory
_DOWNLOADS = 3  # of a shard whose bytes are not those of the manifest
_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)


def bytes_of(size: int | str) -> int:
    """500000, "50GB", "1.5 TB", "20GiB" as bytes. Raises DatasetError for anything else."""
    match = _SIZE.fullmatch(str(size))
    if match is None:
        raise DatasetError(f"'{size}' is not a size: write bytes as a number, or for example \"50GB\"")
    number, unit, binary = match.groups()
    power = " KMGT".index(unit.upper()) if unit else 0
    return int(float(number) * (1024**power if binary else _UNITS[unit.upper()]))


class ShardCache:
    """A folder of at most `limit` bytes ("50GB" or a number). Picklable; makes nothing until it is used."""

    def __init__(self, folder: str | Path, limit: int | str = DEFAULT_BYTES) -> None:
        self.folder = Path(folder).expanduser().absolute()
        self.limit = bytes_of(limit)
        self._files = self.folder / "files"
        self._unfinished = self.folder / "unfinished"
        self._ready = False
        self._given_up = False  # after the disk refused to take a file: what is there is still used
        self._warned = False

    def __repr__(self) -> str:
        return f"ShardCache({str(self.folder)!r}, {self.limit:,} bytes)"

    def open(
        self,
        name: str,
        record: FileRecord,
        plan: Callable[[], Sequence[Span]],
        fetch: Callable[[Sequence[Span]], list[bytes]],
        path: str,
    ) -> pa.NativeFile | None:
        """The file of that name, downloaded if it is not there; None when it cannot be kept here.

        record: the whole file. plan: which bytes of it are wanted, asked when they must be fetched; its hash is
        checked when they are all. path: what a message calls it. Raises DatasetError when the store gives
        other bytes, whatever `plan` and `fetch` raise, and never an error of the local disk.
        """
        try:
            return self._open(name, record, plan, fetch, path)
        except _CacheTroubleError as trouble:
            self._given_up |= trouble.lasts
            if not self._warned:
                self._warned = True
                warnings.warn(
                    f"The cache {self.folder} does not take a shard ({trouble}); it is read from the store instead. "
                    "Free space, or give `cache` another folder or `cache_bytes` another size",
                    stacklevel=2,
                )
            return None

    def there(self, name: str, size: int) -> pa.NativeFile | None:
        """The file of that name, if it is there and of this size."""
        path = self._files / name
        try:
            file = pa.OSFile(str(path))
        except OSError:
            return None
        whole = file.size() == size
        with contextlib.suppress(OSError):
            os.utime(path) if whole else path.unlink()  # a file that somebody has cut is of no use
        if whole:
            return file
        file.close()
        return None

    def _open(
        self,
        name: str,
        record: FileRecord,
        plan: Callable[[], Sequence[Span]],
        fetch: Callable[[Sequence[Span]], list[bytes]],
        path: str,
    ) -> pa.NativeFile | None:
        while True:
            file = self.there(name, record.bytes)
            if file is not None or self._given_up:
                return file
            with _disk():
                self._prepare()
                handle = self._claim(name)
            if handle is None:
                continue
            try:
                self._download(handle, name, record, list(plan()), fetch, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    (self._unfinished / name).unlink()  # while it is locked, so that it is ours
                raise
            finally:
                _unlock(handle)

    def _prepare(self) -> None:
        """Makes the folders and, once per process, removes what killed processes left."""
        self._files.mkdir(parents=True, exist_ok=True)
        self._unfinished.mkdir(exist_ok=True)
        if self._ready:
            return
        for path in self._unfinished.iterdir():
            with contextlib.suppress(OSError):
                handle = os.open(path, os.O_RDWR)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while somebody downloads
                    if _is(path, handle):
                        path.unlink()
                finally:
                    _unlock(handle)
        self._ready = True

    def _claim(self, name: str) -> int | None:
        """The unfinished file, locked; None when another process has been at it: look again."""
        path = self._unfinished / name
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)  # waits while another process downloads the same file
            if _is(path, handle):
                if not (self._files / name).exists():
                    return handle
                path.unlink()
        except BaseException:
            _unlock(handle)
            raise
        _unlock(handle)
        return None

    def _download(
        self,
        handle: int,
        name: str,
        record: FileRecord,
        spans: Sequence[Span],
        fetch: Callable[[Sequence[Span]], list[bytes]],
        path: str,
    ) -> None:
        need = sum(end - start for start, end in spans)
        whole = need == record.bytes
        if need > self.limit:
            raise _CacheTroubleError(f"it has {need:,} bytes, the cache may have {self.limit:,}", lasts=False)
        with _disk():
            os.ftruncate(handle, 0)  # what a killed process left in it
            self._make_room(need, lambda: _reserve(handle, record.bytes, whole))
        for _ in range(_DOWNLOADS):
            digest = hashlib.sha256()
            for batch in _batches(spans):
                for (start, _end), data in zip(batch, fetch(batch), strict=True):
                    digest.update(data)
                    with _disk():
                        _write(handle, data, start)
            if not whole or digest.hexdigest() == record.sha256:
                break
        else:
            raise DatasetError(
                f"{path} is not what the manifest says (sha256 {digest.hexdigest()[:12]}… instead of "
                f"{record.sha256[:12]}…, downloaded {_DOWNLOADS} times): it was changed or damaged in the store. {REMEDY}"
            )
        with _disk():
            os.fsync(handle)  # a name in files/ promises its content, after a power cut too
            os.utime(handle)
            (self._unfinished / name).rename(self._files / name)

    def _make_room(self, need: int, reserve: Callable[[], None]) -> None:
        """Removes what was used longest ago until `need` bytes fit, and takes them."""
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)  # one process counts at a time
            kept = sorted(_stat(self._files), key=lambda entry: entry[1].st_mtime_ns)
            others = _stat(self._unfinished)
            total = need + sum(_size(stat) for _, stat in (*kept, *others))
            for path, stat in kept:
                if total <= self.limit:
                    break
                path.unlink(missing_ok=True)
                total -= _size(stat)
            if total > self.limit:
                raise _CacheTroubleError(
                    f"downloads of other processes fill its {self.limit:,} bytes", lasts=False
                )
            reserve()
        finally:
            _unlock(lock)


class _CacheTroubleError(Exception):
    """The local disk, and not the store, does not play along."""

    def __init__(self, message: str, lasts: bool) -> None:
        super().__init__(message)
        self.lasts = lasts  # the next shard would not fare better


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up"}
        gone = (
            error.errno == errno.ENOENT
        )  # somebody has emptied the folder just now: the next shard makes it anew
        raise _CacheTroubleError(what.get(error.errno or 0, str(error)), lasts=not gone) from error


def _unlock(handle: int) -> None:
    """Closing alone would leave the lock with a process that was forked meanwhile and has the file open, too."""
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


def _is(path: Path, handle: int) -> bool:
    """Whether the open file is still the one under this name."""
    try:
        return os.fstat(handle).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _stat(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    for entry in os.scandir(folder):
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            found.append((Path(entry.path), entry.stat()))
    return found


def _size(stat: os.stat_result) -> int:
    """Bytes on the disk: a file of some columns has holes."""
    return min(stat.st_size, stat.st_blocks * 512)


def _reserve(handle: int, size: int, whole: bool) -> None:
    """Gives the file its size. The space of a whole one is taken now, so that processes that download at the
    same time see it taken, and a disk that is too full is known before anything is downloaded.
    """
    if whole:
        try:
            os.posix_fallocate(handle, 0, size)
            return
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):  # a file system that cannot
                raise
    os.ftruncate(handle, size)


def _batches(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """The same bytes in order, a few pieces at a time that fit into memory."""
    batch: list[Span] = []
    for start, end in spans:
        for place in range(start, end, _PIECE):
            batch.append((place, min(place + _PIECE, end)))
            if sum(stop - first for first, stop in batch) >= _BATCH * _PIECE:
                yield batch
                batch = []
    if batch:
        yield batch


def _write(handle: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(handle, view, offset)
        view, offset = view[done:], offset + done
