"""A dataset's folder at a URL, to be filled: list, read, write, send a file and make sure of it, copy, remove.

A store has no locks and no rename, and may not answer for a while. Every request is asked again while its failure may
pass; what remains is a BuildError that says what to do. A file that was sent counts as arrived only when the store's own
account of it agrees with ours: its size, and the MD5 that S3 (as ETag, also of an upload in parts) and Google's store
compute of what they received, or the SHA-256 that S3 was sent with it and compared. A store that tells none, or one that
means something else, is asked for the file, which is hashed as it comes back.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from simgen.build.store_entry import Entry, Tags, entry_of
from simgen.dataset.storage import FileRecord
from simgen.errors import BuildError
from simgen.reading.retries import Patience, Tries, may_pass, reason, status_of
from simgen.reading.stores import file_system, kept_record, protocol_of

__all__ = ["PATIENCE", "Store"]

Result = TypeVar("Result")

PATIENCE = Patience(attempts=14, longest_wait_s=60.0)  # a build of days outlasts minutes without its store
PART_BYTES = 32 << 20  # a larger file than two of them goes up in parts
_AT_ONCE = 32  # small requests
_READ_BYTES = 8 << 20
_BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"})  # which know no folders
_S3 = frozenset({"s3", "s3a"})
_READ_ONLY = frozenset({"http", "https", "hf", "github", "data", "zip", "tar", "git"})


class _NotArrivedError(OSError):
    """The store has other bytes than were sent, which sending again may mend."""


class Store:
    """The folder at `url`. Opens nothing before it is asked; all paths are relative to it. Threads may share it.

    `kept`: how a message says that nothing is lost.
    """

    def __init__(
        self, url: str, kept: str = "", patience: Patience = PATIENCE, part_bytes: int = PART_BYTES
    ) -> None:
        self.url = url.rstrip("/")
        self._kept, self._patience, self._part_bytes = kept, patience, part_bytes
        protocol = protocol_of(url)
        if protocol in _READ_ONLY:
            raise BuildError(
                f"{url}: nothing can be written to {protocol}:// this way. Give a folder or a store with -o, "
                "see docs/stores.md"
            )
        if re.match(r"[^/]*:[^/]*@", url.split("://", 1)[1]):
            raise BuildError(
                "-o: a URL with a password would show it in every message. Let the store's own tools find it, "
                "see docs/stores.md"
            )
        self._in_bucket = protocol in _BUCKETS
        self._has_folders = not self._in_bucket and protocol != "memory"
        self._is_s3 = self._tells_hash = protocol in _S3
        # what somebody else writes meanwhile must be seen
        self._system, self._root = file_system(url, patience.silence_s, use_listings_cache=False)

    def _place(self, path: str) -> str:
        return f"{self._root.rstrip('/')}/{path}" if path else self._root

    def names(self) -> set[str]:
        """What is directly in the folder. Raises BuildError when there is no bucket, or none that may be read."""

        def once() -> set[str]:
            try:
                found = self._system.ls(self._root, detail=False)
            except FileNotFoundError:
                if self._in_bucket:
                    self._look_for_bucket()
                return set()
            return {str(path).rstrip("/").rsplit("/", 1)[-1] for path in found}

        return self._ask("listed", "", once)

    def _look_for_bucket(self) -> None:
        with contextlib.suppress(
            PermissionError
        ):  # it is there, and others' folders in it are nobody's business
            self._system.ls(self._bucket, detail=False)

    @property
    def _bucket(self) -> str:
        return self._root.lstrip("/").split("/", 1)[0]

    def files(self, *folders: str) -> dict[str, Entry]:
        """Path -> what the store tells of it, of every file below these folders."""
        with ThreadPoolExecutor(max(1, len(folders)), "simgen-list") as pool:
            parts = pool.map(lambda folder: self._ask("listed", folder, lambda: self._find(folder)), folders)
            return {path: entry for part in parts for path, entry in part.items()}

    def _find(self, folder: str) -> dict[str, Entry]:
        try:
            found = self._system.find(self._place(folder), detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        start = len(self._root.rstrip("/")) + 1
        return {
            str(path)[start:]: entry_of(told)
            for path, told in found.items()
            if told.get("type") != "directory" and not str(path).endswith("/")
        }

    def entry(self, path: str) -> Entry | None:
        """None when there is no such file."""

        def once() -> Entry | None:
            try:
                return entry_of(self._system.info(self._place(path)))
            except FileNotFoundError:
                return None

        return self._ask("looked at", path, once)

    def read(self, path: str) -> bytes | None:
        """A small file; None when there is none."""

        def once() -> bytes | None:
            try:
                return bytes(self._system.cat_file(self._place(path)))
            except FileNotFoundError:
                return None

        return self._ask("read", path, once)

    def read_all(self, sizes: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
        """Small files of known sizes, many at a time; those that are gone meanwhile are left out."""

        def one(path: str) -> bytes | None:
            def once() -> bytes | None:
                try:  # a range: for a whole file s3fs asks for its size first
                    return bytes(self._system.cat_file(self._place(path), start=0, end=sizes[path]))
                except FileNotFoundError:
                    return None

            return self._ask("read", path, once) if sizes[path] else b""

        with ThreadPoolExecutor(_AT_ONCE, "simgen-read") as pool:
            for path, data in zip(sizes, pool.map(one, sizes), strict=True):
                if data is not None:
                    yield path, data

    def write(self, path: str, data: bytes) -> None:
        """A small file, whole when this returns."""
        record = FileRecord(len(data), hashlib.sha256(data).hexdigest())

        def once() -> None:
            self._make_parent(path)
            self._put(record, lambda told: self._system.pipe_file(self._place(path), data, **told))
            self._check(path, record, Tags.of([data], self._part_bytes))

        self._ask("written", path, once)

    def send(self, place: Path, path: str, record: FileRecord) -> None:
        """The file at `place` of this machine, which must still be what `record` says; returns when the store has it."""
        digest, tags = hashlib.sha256(), Tags(self._part_bytes)
        with place.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                tags.update(chunk)
        if digest.hexdigest() != record.sha256:
            raise BuildError(
                f"{place} was changed since it was written. Run the same command again: its shard is made again."
            )

        def once() -> None:
            self._make_parent(path)
            parts = {"chunksize": self._part_bytes} if self._is_s3 else {}
            self._put(
                record, lambda told: self._system.put_file(str(place), self._place(path), **parts, **told)
            )
            self._check(path, record, tags)

        self._ask("sent", path, once)

    def copy(self, old: str, new: str, record: FileRecord) -> bool:
        """Copies within the store, nothing travels. False when the old one is not there."""

        def once() -> bool:
            self._make_parent(new)
            try:
                self._system.cp_file(self._place(old), self._place(new))
            except FileNotFoundError:
                return False
            self._check(new, record, None)
            return True

        return self._ask("copied", old, once)

    def remove(self, paths: Iterable[str]) -> None:
        """Those that are there."""

        def one(path: str) -> None:
            def once() -> None:
                with contextlib.suppress(FileNotFoundError):
                    self._system.rm_file(self._place(path))

            self._ask("removed", path, once)

        with ThreadPoolExecutor(_AT_ONCE, "simgen-remove") as pool:
            list(pool.map(one, paths))

    def has(self, path: str, record: FileRecord) -> bool:
        """Whether the file is there with this content: it is read."""
        return self._ask("read", path, lambda: self._hash(path)) == record.sha256

    def _make_parent(self, path: str) -> None:
        if self._has_folders:
            self._system.makedirs(self._place(path).rsplit("/", 1)[0], exist_ok=True)

    def _put(self, record: FileRecord, action: Callable[[Mapping[str, str]], object]) -> None:
        """Sends, with the SHA-256 for S3 to compare and to keep, so that `simgen verify` need not read what is there."""
        told = {}
        if self._tells_hash and record.bytes < 2 * self._part_bytes:  # else s3fs sends parts
            digest = base64.b64encode(bytes.fromhex(record.sha256)).decode()
            told = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": digest}
        try:
            action(told)
        except OSError as error:
            code = _code(error)
            if code in ("BadDigest", "XAmzContentChecksumMismatch"):
                raise _NotArrivedError(
                    "other bytes arrived than were sent"
                ) from None  # its 400 is no verdict
            if not told or code not in ("NotImplemented", "InvalidRequest", "InvalidArgument"):
                raise
            self._tells_hash = False  # a store that speaks S3 and knows no such thing
            action({})

    def _check(self, path: str, record: FileRecord, tags: Tags | None) -> None:
        """Raises _NotArrivedError. Without tags (a copy that the store made itself) the size must do."""
        told = entry_of(self._system.info(self._place(path)))
        if told.size != record.bytes:
            raise _NotArrivedError(f"{told.size:,} bytes arrived of {record.bytes:,}")
        if tags is None or told.tag in tags.all or kept_record(self._system, self._place(path)) == record:
            return
        if self._hash(path) != record.sha256:
            raise _NotArrivedError("other bytes arrived than were sent")

    def _hash(self, path: str) -> str:
        digest, start = hashlib.sha256(), 0
        place = self._place(path)
        size = int(self._system.info(place)["size"])
        while start < size:
            data = self._system.cat_file(place, start=start, end=min(start + _READ_BYTES, size))
            if not data:
                raise _NotArrivedError(f"nothing came of byte {start:,} and those behind it")
            digest.update(data)
            start += len(data)
        return digest.hexdigest()

    def _ask(self, done: str, path: str, action: Callable[[], Result]) -> Result:
        """`action`, tried again while its failures may pass. `done`: the participle that says what could not be."""
        tries = Tries(self._patience)
        try:
            return tries.of(action)
        except BuildError:
            raise
        except Exception as error:
            what = f"{self.url}/{path}" if path else self.url
            raise BuildError(self._sentence(error, what, done, tries.in_words)) from error

    def _sentence(self, error: Exception, what: str, done: str, tried: str) -> str:
        status, names = status_of(error), {type(link).__name__ for link in (error, error.__cause__)}
        if isinstance(error, FileNotFoundError):
            return (
                f"{what} could not be {done}: there is no bucket {self._bucket}. Make it with the store's own tools, or give "
                "another place with -o."
            )
        failure = f"{what} could not be {done} ({reason(error)}; {tried})."
        if status in (401, 403) or isinstance(error, PermissionError) or "NoCredentialsError" in names:
            remedy = (
                "The store refuses access: check the credentials that its own tools use and whether they may write there, "
                "see docs/stores.md."
            )
        elif isinstance(error, _NotArrivedError):
            remedy = "The store keeps other bytes than it is sent, or its tools here are damaged."
        elif may_pass(error):
            remedy = "The store or the network does not answer: look at both."
        else:
            remedy = "The store refuses the request: check the URL."
        return " ".join(filter(None, [failure, remedy, self._kept]))


def _code(error: OSError) -> str:
    """What S3 calls an error."""
    response = getattr(error.__cause__, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
