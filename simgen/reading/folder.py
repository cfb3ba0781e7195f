"""A dataset's folder wherever it is: a local path or any fsspec URL (s3://…, hf://datasets/…, https://…)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import pyarrow as pa

from simgen.dataset.manifest import MANIFEST, Manifest
from simgen.dataset.storage import PRIVATE, FileRecord
from simgen.errors import DatasetError
from simgen.reading.cache import ShardCache
from simgen.reading.remote_file import READ_AHEAD, RandomAccess, RemoteFile, Span
from simgen.reading.retries import PATIENCE, Patience, ShortReadError, TruncatedError, patiently
from simgen.reading.stores import CANNOT_LIST, file_system, kept_record, protocol_of

__all__ = ["Folder", "read_manifest"]

Result = TypeVar("Result")
_AT_ONCE = 8  # requests for one file


class Folder:
    """Reads files of a dataset by their path in it. Picklable, and usable after a fork; opens nothing until
    it is asked to.

    cache: keeps shards of a remote dataset; a local one needs none.
    """

    def __init__(
        self,
        location: str | Path,
        cache: ShardCache | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        self.location = str(location)
        self.patience = patience
        self._opened: tuple[int, Any, str] | None = None
        _ = self._system  # a location that cannot be opened is said here
        self.cache = None if self.is_local else cache

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    @property
    def _system(self) -> Any:
        """The file system of this process: the clients of most stores do not survive a fork."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), *file_system(self.location, self.patience.silence_s))
        return self._opened[1]

    @property
    def is_local(self) -> bool:
        protocol = self._system.protocol
        return "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    @property
    def can_list(self) -> bool:
        return protocol_of(self.location) not in CANNOT_LIST

    def path(self, relative: str) -> str:
        """What a message calls the file."""
        return f"{self.location.rstrip('/')}/{relative}"

    def _place(self, relative: str) -> str:
        _ = self._system
        assert self._opened is not None
        root = self._opened[2]
        return f"{root.rstrip('/')}/{relative}" if relative else root

    def open(self, relative: str) -> BinaryIO:
        """The file for reading, seekable. Raises FileNotFoundError, other OSErrors, and DatasetError when a
        store does not give it.
        """
        if self.is_local:
            return Path(self._place(relative)).open("rb")
        return cast(BinaryIO, self.remote(relative, self.size(relative), ahead=READ_AHEAD))

    def read(self, relative: str) -> bytes:
        if self.is_local:
            return Path(self._place(relative)).read_bytes()
        return bytes(self._patiently(relative, lambda: self._system.cat_file(self._place(relative))))

    def size(self, relative: str) -> int:
        size = self._patiently(relative, lambda: self._system.info(self._place(relative))["size"])
        if size is None:  # a server that streams without a length
            return len(self.read(relative))
        return int(size)

    def kept_record(self, relative: str) -> FileRecord | None:
        """Size and hash as the store keeps them, see `simgen.reading.stores.kept_record`; None of a local file."""
        place = self._place(relative)
        if self.is_local:
            return None
        found: FileRecord | None = self._patiently(relative, lambda: kept_record(self._system, place))
        return found

    def source(self, relative: str, record: FileRecord, ahead: int = 0, tail: int = 0) -> RandomAccess:
        """A file of the manifest to read at offsets, from the disk or from the store, past the cache.

        Raises ValueError when a local one has not the size that it was written with.
        """
        if not self.is_local:
            return self.remote(relative, record.bytes, ahead, tail)
        file = pa.OSFile(self._place(relative))
        if file.size() != record.bytes:
            kind = "truncated" if file.size() < record.bytes else "longer than it was written"
            raise ValueError(f"it is {kind}: {file.size():,} bytes instead of {record.bytes:,}")
        return cast(RandomAccess, file)

    def remote(self, relative: str, size: int, ahead: int = 0, tail: int = 0) -> RemoteFile:
        return RemoteFile(lambda spans: self.spans(relative, spans), size, ahead, tail)

    def spans(self, relative: str, spans: Sequence[Span]) -> list[bytes]:
        """Byte ranges of a file in a store, several at a time."""
        if len(spans) < 2:
            return [self._span(relative, span) for span in spans]
        with ThreadPoolExecutor(min(_AT_ONCE, len(spans)), "simgen-read") as pool:
            return list(pool.map(lambda span: self._span(relative, span), spans))

    def _span(self, relative: str, span: Span) -> bytes:
        start, end = span
        place, system = self._place(relative), self._system
        size: int | None = None  # of the file in the store, once it matters; -1 if it does not tell

        def once() -> bytes:
            nonlocal size
            data = _range(system, place, start, end)
            if len(data) == end - start:
                return data
            if len(data) >= end:  # a server without ranges: it sent the whole file
                return data[start:end]
            if size is None:
                told = system.info(place)["size"]
                size = -1 if told is None else int(told)
            if 0 <= size < end:
                raise TruncatedError(
                    f"the file is truncated: it has {size:,} bytes, at least {end:,} belong to it"
                )
            raise ShortReadError(f"{len(data):,} bytes came instead of {end - start:,}")

        return bytes(self._patiently(relative, once))

    def _patiently(self, relative: str, action: Any) -> Any:
        return patiently(action, self.path(relative), self.patience)

    def exists(self, relative: str = "") -> bool:
        place = self._place(relative)
        return bool(self._patiently(relative, lambda: self._system.exists(place)))

    def files(self, *folders: str) -> dict[str, int]:
        """Path in the dataset -> size, of every file in these folders of it; none where it cannot be told."""
        return {} if not self.can_list else self._patiently("", lambda: self._files(folders))

    def _files(self, folders: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        root = self._place("")
        for folder in folders:
            place = self._place(folder)
            if self._system.isdir(place):
                listing: dict[str, Any] = self._system.find(place, detail=True)
                for path, entry in listing.items():
                    relative = path.removeprefix(root).lstrip("/")
                    found[relative] = int(entry["size"])
        return found


def _range(system: Any, place: str, start: int, end: int) -> bytes:
    """These bytes and no more: what is not asynchronous would read 5 MB ahead by default."""
    if system.async_impl:
        return bytes(system.cat_file(place, start=start, end=end))
    with system.open(place, "rb", cache_type="none") as file:
        file.seek(start)
        return bytes(file.read(end - start))


def read_manifest(folder: Folder) -> Manifest:
    """Raises DatasetError when there is no finished dataset of a format that this version reads."""
    try:
        return Manifest.from_text(folder.read(MANIFEST), folder.path(MANIFEST))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise DatasetError(f"{folder.path(MANIFEST)} cannot be read: {error}") from error
    if not folder.can_list:
        raise DatasetError(
            f"There is no dataset at {folder.location}: {folder.path(MANIFEST)} is not there. "
            "The URL must be that of the folder that holds manifest.json"
        )
    if not folder.exists():
        raise DatasetError(f"There is no dataset at {folder.location}: nothing is there")
    if folder.exists(PRIVATE):
        raise DatasetError(
            f"{folder.location} is not finished: shards are there but no {MANIFEST}. "
            "Run the same `simgen build` again; it makes what is missing and nothing else"
        )
    raise DatasetError(f"{folder.location} is not a simgen dataset: it has no {MANIFEST}")
