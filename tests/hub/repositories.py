"""What the Hub keeps: repositories with commits, branches and tags, and their files' contents by hash.

A commit is a complete listing, path -> `StoredFile`; contents lie in one folder per repository under their sha256.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["DATE", "Commit", "HubError", "Repository", "StoredFile"]

DATE = "2026-01-01T00:00:00.000Z"
_LFS_FROM = 10_000_000  # bytes; the Hub stores larger files in LFS, and what .gitattributes names
_LFS_SUFFIXES = (".parquet", ".tar", ".mp4", ".mkv", ".npy", ".png", ".jpg", ".gif", ".webp")
_ATTRIBUTES = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in _LFS_SUFFIXES).encode()


class HubError(Exception):
    """An answer that is not the one that was asked for."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


@dataclass(frozen=True, slots=True)
class StoredFile:
    size: int
    sha256: str
    blob: str  # what git calls the content, or for LFS the pointer
    lfs: bool

    @classmethod
    def plain(cls, data: bytes) -> StoredFile:
        return cls(len(data), hashlib.sha256(data).hexdigest(), git_hash(data), False)

    @classmethod
    def pointer(cls, sha256: str, size: int) -> StoredFile:
        text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
        return cls(size, sha256, git_hash(text.encode()), True)

    @property
    def etag(self) -> str:
        return self.sha256 if self.lfs else self.blob

    def to_json(self, path: str) -> dict[str, Any]:
        entry: dict[str, Any] = {"type": "file", "path": path, "oid": self.blob, "size": self.size}
        if self.lfs:
            entry["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": 130}
        return entry


@dataclass(frozen=True, slots=True)
class Commit:
    oid: str
    parent: str
    title: str
    files: Mapping[str, StoredFile]
    last: Mapping[str, tuple[str, str]]  # path -> hash and title of the commit that changed it

    @classmethod
    def of(cls, parent: Commit | None, title: str, files: Mapping[str, StoredFile], number: int) -> Commit:
        listing = [(path, file.blob) for path, file in sorted(files.items())]
        above = parent.oid if parent else ""
        oid = hashlib.sha1(json.dumps([above, title, listing, number]).encode()).hexdigest()
        before = parent.files if parent else {}
        last = {
            path: parent.last[path] if parent and before.get(path) == file else (oid, title)
            for path, file in files.items()
        }
        return cls(oid, above, title, dict(files), last)

    def entry(self, path: str) -> dict[str, Any] | None:
        """A file or folder as the Hub lists it; None when there is none."""
        if path in self.files:
            return {**self.files[path].to_json(path), **_last(*self.last[path])}
        if any(name.startswith(f"{path}/") for name in self.files):
            return {
                "type": "directory",
                "path": path,
                "oid": git_hash(path.encode()),
                "size": 0,
                **_last(self.oid, self.title),
            }
        return None

    def listing(self, folder: str, recursive: bool) -> list[dict[str, Any]]:
        inside = f"{folder}/" if folder else ""
        paths: set[str] = set()
        for name in self.files:
            if name.startswith(inside):
                parts = name.removeprefix(inside).split("/")
                steps = range(1, len(parts) + 1) if recursive else (1,)
                paths |= {inside + "/".join(parts[:step]) for step in steps}
        if folder and not paths:
            raise HubError(404, "EntryNotFound", f"{folder} does not exist on {self.oid}")
        return [entry for path in sorted(paths) if (entry := self.entry(path)) is not None]


@dataclass
class Repository:
    """`objects` is the folder of contents; an LFS object may lie there before any commit names it."""

    id: str  # namespace/name
    objects: Path
    private: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    @classmethod
    def new(cls, name: str, objects: Path, private: bool = False) -> Repository:
        repository = cls(name, objects, private)
        objects.mkdir(parents=True)
        first = {".gitattributes": repository.keep(_ATTRIBUTES)}
        repository.branches["main"] = repository._add(None, "initial commit", first).oid
        return repository

    def put_folder(self, folder: Path) -> None:
        """A commit on main that adds every file of a folder."""
        files = dict(self.head("main").files)
        for path in (path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            if self.is_lfs(name, path.stat().st_size):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                shutil.copyfile(path, self.objects / digest)
                files[name] = StoredFile.pointer(digest, path.stat().st_size)
            else:
                files[name] = self.keep(path.read_bytes())
        self.branches["main"] = self._add(self.head("main"), f"add {folder.name}", files).oid

    def keep(self, data: bytes) -> StoredFile:
        file = StoredFile.plain(data)
        (self.objects / file.sha256).write_bytes(data)
        return file

    def has_object(self, sha256: str) -> bool:
        return (self.objects / sha256).exists()

    def is_lfs(self, path: str, size: int) -> bool:
        return path.endswith(_LFS_SUFFIXES) or size >= _LFS_FROM

    def head(self, revision: str) -> Commit:
        """The commit that a branch, tag or hash names."""
        name = revision.removeprefix("refs/heads/")
        oid = self.branches.get(name) or self.tags.get(name) or revision
        if oid not in self.commits:
            raise HubError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return self.commits[oid]

    def history(self, revision: str) -> list[Commit]:
        """Newest first."""
        found = [self.head(revision)]
        while found[-1].parent:
            found.append(self.commits[found[-1].parent])
        return found

    def read(self, revision: str, path: str) -> bytes:
        return (self.objects / self.head(revision).files[path].sha256).read_bytes()

    def commit(self, branch: str, title: str, parent: str, changes: Iterable[tuple[str, Any]]) -> Commit:
        """Adds a commit to a branch: all changes or none. `parent`, if given, must be its head."""
        with self.lock:
            if branch not in self.branches:
                raise HubError(404, "RevisionNotFound", f"Invalid rev id: {branch}")
            head = self.commits[self.branches[branch]]
            if parent and not head.oid.startswith(parent):
                raise HubError(412, "", "A commit has happened since. Please refresh and try again.")
            files = dict(head.files)
            for path, file in changes:
                if file is None and path.endswith("/"):
                    files = {name: kept for name, kept in files.items() if not name.startswith(path)}
                elif file is None:
                    if path not in files:
                        raise HubError(404, "EntryNotFound", f"A file with this name doesn't exist: {path}")
                    del files[path]
                else:
                    files[path] = file
            added = self._add(head, title, files)
            self.branches[branch] = added.oid
            return added

    def lfs_file(self, sha256: str) -> StoredFile:
        place = self.objects / sha256
        if not place.exists():
            raise HubError(400, "", f"LFS pointer pointed to a file that does not exist: {sha256}")
        return StoredFile.pointer(sha256, place.stat().st_size)

    def _add(self, parent: Commit | None, title: str, files: Mapping[str, StoredFile]) -> Commit:
        commit = Commit.of(parent, title, files, next(self.numbers))
        self.commits[commit.oid] = commit
        return commit


def _last(oid: str, title: str) -> dict[str, Any]:
    return {"lastCommit": {"id": oid, "title": title, "date": DATE}}


def git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
