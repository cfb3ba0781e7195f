"""Checks a finished dataset: every file against the manifest's hash, and, `deep`, every clip against itself.

Only what is there is read; nothing is repaired. `simgen build` on the same folder makes damaged shards again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from simgen.dataset.column_table import columns
from simgen.dataset.manifest import RECIPE, STUDY, Manifest, Shard
from simgen.dataset.storage import FileRecord
from simgen.errors import DatasetError
from simgen.reading.clip import Clip
from simgen.reading.folder import Folder, read_manifest
from simgen.reading.shard_readers import ShardReader, open_shard
from simgen.verification.checks import check_clip
from simgen.verification.comparison import differing_columns
from simgen.verification.rederivation import Rederivation

__all__ = ["Finding", "VerifyReport", "verify"]

_CHUNK = 1 << 20
_MOST_SHOWN = 50
_AT_ONCE = 32  # requests
_SHARDS_AT_ONCE = 200  # of which a store is asked for its hashes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: in which file, which clip ("" when it is the whole file) and what."""

    path: str
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.key}: {self.message}" if self.key else f"{self.path}: {self.message}"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was checked and what is wrong."""

    location: str
    deep: bool
    shards: int
    files: int
    bytes: int
    clips: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()  # what could not be checked, and why
    kept: int = 0  # files of which the store's own hash was compared; the others were read

    @property
    def ok(self) -> bool:
        return not self.findings

    @property
    def text(self) -> str:
        """A few lines for a person."""
        checked = (
            f"{self.clips:,} clips in {self.shards:,} shards, {self.files:,} files, {self.bytes:,} bytes"
        )
        how = "every file read and hashed" + (
            ", every clip decoded and its labels checked" if self.deep else ""
        )
        if self.kept:
            others = (
                f", the other {self.files - self.kept:,} read and hashed" if self.kept < self.files else ""
            )
            how = f"{self.kept:,} files compared by the hashes that the store keeps{others} (--read reads and hashes all)"
        lines = [f"{self.location}: {checked}; {how}.", *self.notes]
        lines += [str(finding) for finding in self.findings[:_MOST_SHOWN]]
        if len(self.findings) > _MOST_SHOWN:
            lines.append(f"… and {len(self.findings) - _MOST_SHOWN:,} more")
        if self.ok:
            lines.append("All is as it should be.")
        else:
            wrong = len({finding.path for finding in self.findings})
            lines.append(
                f"{wrong} file{'s' if wrong > 1 else ''} with something wrong. "
                "`simgen build` with the same recipe and folder makes damaged shards again. It looks at dates first: "
                "where a disk has failed and changed none, remove the files."
            )
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text


def verify(
    location: str | Path,
    deep: bool = False,
    progress: Callable[[int, int], None] | None = None,
    read: bool = False,
) -> VerifyReport:
    """Checks the dataset at `location`, a folder or fsspec URL; see the report's `ok`, `findings` and `text`.

    A file of which the store itself keeps the SHA-256 (see `simgen.reading.stores.kept_record`) is compared by that and not
    downloaded, unless `read` or `deep` ask for it.
    `progress(done, total)` hears how many clips are checked. Raises DatasetError when there is no finished
    dataset of a format that this version reads.
    """
    folder = Folder(location)
    manifest = read_manifest(folder)
    total, done = sum(shard.clips for shard in manifest.shards), 0
    findings = [*_strangers(folder, manifest), *_recipe(folder, manifest)]
    ask = not (read or deep or folder.is_local)
    kept = _kept(folder, manifest.study_files) if ask else {}
    findings += _files(folder, manifest.study_files, kept)
    by_store = len(kept)
    rederivation = Rederivation(manifest) if deep else None
    for number, shard in enumerate(manifest.shards):
        if ask and number % _SHARDS_AT_ONCE == 0:
            batch = manifest.shards[number : number + _SHARDS_AT_ONCE]
            kept = _kept(folder, [path for some in batch for path in some.files])
            by_store += len(kept)
        damaged = list(_files(folder, shard.files, kept))
        findings += damaged
        if rederivation is not None:
            for finding in _clips(folder, manifest, shard, rederivation, [entry.path for entry in damaged]):
                if finding is None:
                    done += 1
                    if progress is not None:
                        progress(done, total)
                else:
                    findings.append(finding)
        else:
            done += shard.clips
            if progress is not None:
                progress(done, total)
    records = [record for shard in manifest.shards for record in shard.files.values()]
    records += manifest.study_files.values()
    return VerifyReport(
        location=str(location),
        deep=deep,
        shards=len(manifest.shards),
        files=len(records),
        bytes=sum(record.bytes for record in records),
        clips=total,
        findings=tuple(findings),
        notes=() if rederivation is None or rederivation.possible else (rederivation.why_not,),
        kept=by_store,
    )


def _kept(folder: Folder, paths: Collection[str]) -> dict[str, FileRecord]:
    """What the store keeps of these files; those that are missing there or of which it keeps no hash are left out."""

    def one(path: str) -> FileRecord | None:
        try:
            return folder.kept_record(path)
        except (FileNotFoundError, DatasetError):
            return None  # reading it says why

    with ThreadPoolExecutor(_AT_ONCE, "simgen-verify") as pool:
        found = zip(paths, pool.map(one, paths), strict=True)
        return {path: record for path, record in found if record is not None}


def _strangers(folder: Folder, manifest: Manifest) -> Iterator[Finding]:
    known = {path for shard in manifest.shards for path in shard.files} | set(manifest.study_files)
    for path in sorted(folder.files("data", "dense", "webdataset", STUDY)):
        if path not in known:
            yield Finding(
                path, "", "does not belong to the dataset; remove it, or `datasets` will load it too"
            )


def _recipe(folder: Folder, manifest: Manifest) -> Iterator[Finding]:
    try:
        text = folder.read(RECIPE)
    except FileNotFoundError:
        return
    if text != manifest.recipe.encode():
        yield Finding(
            RECIPE, "", "is not the recipe that the dataset was built from (the manifest has that one)"
        )


def _files(
    folder: Folder, files: Mapping[str, FileRecord], kept: Mapping[str, FileRecord]
) -> Iterator[Finding]:
    for path, record in files.items():
        there = kept.get(path)
        message = _difference(folder, path, record) if there is None else _words(there, record)
        if message:
            yield Finding(path, "", message)


def _difference(folder: Folder, path: str, record: FileRecord) -> str:
    digest, size = hashlib.sha256(), 0
    try:
        with folder.open(path) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except FileNotFoundError:
        return "is missing"
    except (OSError, DatasetError) as error:
        return f"cannot be read: {error}"
    return _words(FileRecord(size, digest.hexdigest()), record)


def _words(there: FileRecord, record: FileRecord) -> str:
    """How a file differs from what it should be; "" if it does not."""
    if there.bytes != record.bytes:
        kind = "truncated" if there.bytes < record.bytes else "longer than it was written"
        return f"is {kind}: {there.bytes:,} bytes instead of {record.bytes:,}"
    if there.sha256 != record.sha256:
        found, written = there.sha256[:12], record.sha256[:12]
        return f"was changed since it was written (sha256 {found}… instead of {written}…)"
    return ""


def _clips(
    folder: Folder, manifest: Manifest, shard: Shard, rederivation: Rederivation, damaged: Sequence[str]
) -> Iterator[Finding | None]:
    """What is wrong with the clips of a shard; None after each clip."""
    table = columns(manifest.layout)
    readers: dict[str, ShardReader] = {}
    try:
        for kind in manifest.formats:
            path = shard.file("data" if kind == "parquet" else "webdataset") or ""
            try:
                reader = open_shard(folder, shard, table, kind)
                readers[path] = reader
            except DatasetError as error:
                if path not in damaged:  # else it has been reported
                    yield Finding(path, "", str(error))
                continue
            if len(reader) != shard.clips:
                yield Finding(path, "", f"holds {len(reader)} clips instead of {shard.clips}")
                del readers[path]
        for row in range(shard.clips):
            yield from _clip(manifest, shard, row, readers, rederivation)
            yield None
    finally:
        for reader in readers.values():
            reader.close()


def _clip(
    manifest: Manifest, shard: Shard, row: int, readers: dict[str, ShardReader], rederivation: Rederivation
) -> Iterator[Finding]:
    index = shard.start + row
    key = f"{manifest.name}-{shard.split}-{index:08d}"
    checked: tuple[str, Clip] | None = None
    for path, reader in readers.items():
        try:
            clip = Clip(reader[row], manifest.layout)
        except DatasetError as error:
            yield Finding(path, key, str(error))
            continue
        if checked is not None:
            differing = differing_columns(checked[1].values, clip.values)
            if differing:
                yield Finding(
                    path, key, f"is not the same clip as in {checked[0]}: {', '.join(differing)} differ"
                )
            else:
                continue  # the same to the bit as what has been checked
        for message in check_clip(clip, manifest, shard.split, index):
            yield Finding(path, key, message)
        for message in rederivation.check(clip):
            yield Finding(path, key, message)
        checked = checked or (path, clip)
