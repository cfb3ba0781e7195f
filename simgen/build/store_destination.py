"""`simgen build … -o s3://bucket/folder`: shards go to a store as they are finished and do not stay; see docs/scaling.md.

A staging folder stands in for the dataset on this machine: what the store has of the small files is fetched into it, so
that the build finds there what it would find on a disk, and what is finished there goes to the store. The store alone
says what is done: a shard is, once its marker is there, which is written after its files have arrived. So any machine may
continue, and tasks meet nowhere else. A store locks nothing and renames nothing: every step is repeated without harm,
and two that take the same step write the same bytes.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from simgen import GENERATOR_VERSION
from simgen.build.destination import Whole
from simgen.build.plan import Plan, ShardPlan
from simgen.build.resume import (
    KINDS,
    MARKERS,
    OURS,
    SHARD_NAME,
    TARGET,
    Target,
    clear,
    occupied,
    prepare,
)
from simgen.build.store import PATIENCE, Store
from simgen.build.store_entry import Entry
from simgen.build.worker import Job, ShardDone, write_shard
from simgen.dataset.finish import CARD, CROISSANT, OLD_CARD, finish_dataset
from simgen.dataset.manifest import MANIFEST, RECIPE, STUDY, Manifest, Marker
from simgen.dataset.storage import PRIVATE, FileRecord
from simgen.errors import BuildError
from simgen.publish.card_sections import PICTURES, is_picture
from simgen.reading.retries import Patience

if TYPE_CHECKING:
    from simgen.recipe import Recipe

__all__ = ["StoreDestination", "make_and_send"]


class StoreDestination:
    """The folder at a URL as the destination of a build. `begin` and `prepare` come before everything else."""

    at_once = 4

    def __init__(self, url: str, kept: str = "", patience: Patience = PATIENCE) -> None:
        self.name = self.store = url
        self._files = Store(url, kept, patience)
        self._held: dict[tuple[str, int], str] = {}  # (sha256, size) -> path
        self._markers: dict[
            tuple[str, int], set[int]
        ] = {}  # shard -> numbers of shards in its markers' names
        self._there: list[str] = []  # at the last look
        self._retracted = False  # the manifest, which was no longer true
        self._lock = threading.Lock()

    def prepare(
        self, folder: Path, recipe: Recipe, plan: Plan, formats: Sequence[str], overwrite: bool = False
    ) -> None:
        """Makes store and staging folder ready for this build, or raises BuildError with the sentence why not."""
        if cleared := overwrite and self._clear():
            clear(folder)
        there = self.fetch_target(folder, strangers_stay=cleared)
        target = Target.of(recipe, plan, formats)
        if there is None and Target.read(folder, self.name) != target:
            clear(folder)  # what waits here was meant for a dataset that is no longer there
        prepare(folder, recipe, plan, formats, name=self.name)
        if there != (folder / TARGET).read_bytes():
            self._retract()  # what the manifest says is no longer the aim
            self._files.write(TARGET, (folder / TARGET).read_bytes())
        if self._files.read(RECIPE) != (folder / RECIPE).read_bytes():
            self._files.write(RECIPE, (folder / RECIPE).read_bytes())

    def fetch_target(self, folder: Path, strangers_stay: bool = False) -> bytes | None:
        """What the store is being filled with comes into the folder; None when it is filled with nothing yet. Raises
        BuildError when it is filled with something else all the same.
        """
        strange = sorted(self._files.names() & {*OURS} - {PRIVATE})  # before the target, which comes first
        there = self._fetch(folder, TARGET)
        if there is None:
            if strange and not strangers_stay:
                raise BuildError(occupied(self.name, strange))
            return None
        self._fetch(folder, RECIPE)
        return there

    def _fetch(self, folder: Path, path: str) -> bytes | None:
        """The folder has the small file that the store has; without one it keeps what it has."""
        data = self._files.read(path)
        if data is not None:
            _put(folder, path, data)
        return data

    def begin(self) -> None:
        """`prepare` has asked."""

    def unmarked(self, shards: Iterable[ShardPlan]) -> Iterator[int]:
        """Which of all these shards have no marker; by the markers' names, so that a task need not read everybody's."""
        names = self._files.files(MARKERS)
        for number, shard in enumerate(shards):
            if Marker.path(shard.split, shard.number, shard.count) not in names:
                yield number

    def look(self, folder: Path, shards: Iterable[ShardPlan]) -> None:
        """One listing, then the markers of these shards: those whose files are there come into the folder."""
        listing = self._files.files(*KINDS, MARKERS)
        wanted = {(shard.split, shard.number) for shard in shards}
        found: dict[str, int] = {}
        markers: dict[tuple[str, int], set[int]] = {}
        for path in listing:
            if path.startswith(MARKERS) and (match := SHARD_NAME.fullmatch(path.rsplit("/", 1)[-1])):
                shard = (match["split"], int(match["number"]))
                if shard in wanted:
                    found[path] = listing[path].size
                    markers.setdefault(shard, set()).add(int(match["count"]))
        self._markers, self._held, self._there = markers, {}, list(listing)
        (folder / MARKERS).mkdir(parents=True, exist_ok=True)
        here = {f"{kind}/{path.name}" for kind in KINDS for path in (folder / kind).glob("*")}
        for path, data in self._marker_texts(folder, listing, found):
            marker = _marker(data)
            if marker is None or not self._is_whole(marker, listing, path):
                continue
            for name, record in marker.shard.files.items():
                self._held[record.sha256, record.bytes] = name
                if name in here:  # it had arrived before a build was stopped
                    (folder / name).unlink(missing_ok=True)
            (folder / path).write_bytes(data)

    def _marker_texts(
        self, folder: Path, listing: Mapping[str, Entry], sizes: Mapping[str, int]
    ) -> Iterator[tuple[str, bytes]]:
        """Path and content of markers at the store; one that the folder has already, by its MD5, is not fetched."""
        names = {entry.name for entry in os.scandir(folder / MARKERS)}
        unknown = {}
        for path, size in sizes.items():
            if path.rsplit("/", 1)[-1] in names and listing[path].is_of(data := (folder / path).read_bytes()):
                yield path, data
            else:
                unknown[path] = size
        yield from self._files.read_all(unknown)

    def _is_whole(self, marker: Marker, listing: Mapping[str, Entry | None], path: str) -> bool:
        """All files are there in their size, and what was changed after the marker at `path` was written still has its
        content.
        """
        mark, changed = listing[path], []
        for name, record in marker.shard.files.items():
            entry = listing.get(name)
            if mark is None or entry is None or entry.size != record.bytes:
                return False
            if entry.modified is not None and mark.modified is not None and entry.modified > mark.modified:
                changed.append((name, record))
        if not all(self._files.has(name, record) for name, record in changed):
            return False
        if changed:
            self._files.write(path, _text(marker))  # not again at the next look
        return True

    def holds(self, record: FileRecord) -> bool:
        return (record.sha256, record.bytes) in self._held

    def wants(self, folder: Path, marker: Marker) -> bool:
        """Shards that wait here, and those that have another name there."""
        shard = (marker.shard.split, marker.shard.shard)
        here = any((folder / path).exists() for path in marker.shard.files)
        return here or marker.shard_count not in self._markers.get(shard, ())

    def take(self, folder: Path, marker: Marker) -> None:
        """Files, then the marker, then what a smaller dataset called them is removed."""
        shard = marker.shard
        path = Marker.path(shard.split, shard.shard, marker.shard_count)
        data = self._same(path, marker)
        if data is None:  # else somebody else was first
            self._retract()
            for name, record in shard.files.items():
                self._bring(folder / name, name, record)
            data = _text(marker)
            self._files.write(path, data)
        _put(folder, path, data)
        held = _marker(data) or marker
        with self._lock:
            for name, record in held.shard.files.items():
                self._held[record.sha256, record.bytes] = name
            counts = self._markers.setdefault((shard.split, shard.shard), set())
            old = counts - {marker.shard_count}
            self._markers[shard.split, shard.shard] = {marker.shard_count}
        for count in old:
            self._files.remove([Marker.path(shard.split, shard.shard, count)])
            new = f"-of-{marker.shard_count:05d}."
            self._files.remove(name.replace(new, f"-of-{count:05d}.") for name in shard.files)

    def _same(self, path: str, marker: Marker) -> bytes | None:
        """The marker that the store has of this very shard, if all its files are there."""
        data = self._files.read(path)
        there = None if data is None else _marker(data)
        if there is None or not _alike(there, marker):
            return None
        listing = {name: self._files.entry(name) for name in (path, *there.shard.files)}
        return data if self._is_whole(there, listing, path) else None

    def _bring(self, place: Path, name: str, record: FileRecord) -> None:
        if place.exists():
            self._files.send(place, name, record)
            return
        with self._lock:
            source = self._held.get((record.sha256, record.bytes))
        if source is not None and source != name and self._files.copy(source, name, record):
            return
        entry = self._files.entry(name)  # somebody else may have copied it and removed the old one
        if entry is None or entry.size != record.bytes:
            raise BuildError(
                f"{self.name}/{source or name} was removed while the build was running. Run the same command again."
            )

    def _retract(self) -> None:
        with self._lock:
            if not self._retracted:
                self._files.remove([MANIFEST])
                self._retracted = True

    def finish(self, folder: Path, whole: Whole) -> Manifest:
        """What speaks of the whole, made in the folder and sent; the manifest last."""
        if self._files.read(TARGET) != (folder / TARGET).read_bytes():
            raise BuildError(
                f"{self.name} is being filled with something else by now: another build has begun there. "
                "Wait until it is done, or give this one another place with -o."
            )
        small = [MANIFEST, CARD, CROISSANT, RECIPE, *self._files.files(STUDY)]
        before = {path: data for path in small if (data := self._files.read(path)) is not None}
        for path in small:
            (folder / path).unlink(missing_ok=True)
            if path in before:
                _put(folder, path, before[path])
        (folder / OLD_CARD).unlink(missing_ok=True)
        manifest = finish_dataset(
            folder, whole.recipe, whole.markers, GENERATOR_VERSION, whole.study_files, whole.say
        )
        self._sweep({split: whole.plan.shards_of(split) for split in whole.plan.clips_per_split})
        for path in (*manifest.study_files, OLD_CARD, CARD, CROISSANT, RECIPE, MANIFEST):
            if (folder / path).exists() and (text := (folder / path).read_bytes()) != before.get(path):
                self._files.write(path, text)
        return manifest

    def _sweep(self, counts: dict[str, int]) -> None:
        """Removes the shard files and markers of smaller plans."""
        obsolete = []
        for path in self._there:
            match = SHARD_NAME.fullmatch(path.rsplit("/", 1)[-1])
            if match and counts.get(match["split"]) != int(match["count"]):
                obsolete.append(path)
        self._files.remove(sorted(obsolete, key=lambda path: not path.startswith(MARKERS)))

    def _clear(self) -> bool:
        """Removes a simgen dataset from the store, and nothing that simgen did not write. False when there is none."""
        if self._files.entry(TARGET) is None and self._files.entry(MANIFEST) is None:
            return False
        self._retract()  # first: from here on nobody takes the rest for a dataset
        files = self._files.files(*KINDS, MARKERS, STUDY, PICTURES)
        self._files.remove(
            path
            for path in files
            if path.startswith(f"{STUDY}/")
            or is_picture(path)
            or SHARD_NAME.fullmatch(path.rsplit("/", 1)[-1])
        )
        self._files.remove([RECIPE, CARD, CROISSANT])
        self._files.remove([TARGET])
        return True


def _marker(data: bytes) -> Marker | None:
    """None when it is damaged: then its shard counts as not done."""
    try:
        return Marker.from_json(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _text(marker: Marker) -> bytes:
    return (json.dumps(marker.to_json(), sort_keys=True, indent=1) + "\n").encode()


def _alike(one: Marker, other: Marker) -> bool:
    """Whether both speak of the same shard of the same dataset: whoever made it, one of them will do."""
    files = other.shard.files
    return (
        replace(one, shard=replace(one.shard, files=files), rejections=other.rejections) == other
        and one.shard.files.keys() == files.keys()
    )


def _put(folder: Path, path: str, data: bytes) -> None:
    """A copy of what the store has: a torn one is fetched again."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)


def make_and_send(job: Job, shard: ShardPlan) -> ShardDone:
    """On a machine that does not see the build's folder: makes the shard in a temporary one, sends and marks it."""
    with tempfile.TemporaryDirectory(prefix="simgen-") as place:
        folder = Path(place)
        done = write_shard(replace(job, folder=folder), shard)
        StoreDestination(job.store).take(folder, done.marker)
    return done
