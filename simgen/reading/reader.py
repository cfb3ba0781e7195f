"""Opens a dataset and gives its clips back: by number, or one after the other, from either format.

Reading needs neither the physics engine nor the renderer. Clips come in the order of splits and indices;
whoever trains builds an order on top of `len` and `[]`, which cost no more than the shard that a clip is in.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simgen.dataset.column_table import Column, columns
from simgen.dataset.manifest import FORMATS, Manifest, Shard
from simgen.errors import DatasetError
from simgen.reading.cache import DEFAULT_BYTES, ShardCache
from simgen.reading.clip import Clip
from simgen.reading.folder import Folder, read_manifest
from simgen.reading.shard_readers import ShardReader, open_shard
from simgen.recipe.wording import did_you_mean, listed

__all__ = ["Dataset", "open_dataset"]


def open_dataset(
    location: str | Path,
    split: str | None = None,
    *,
    take: int | None = None,
    columns: Sequence[str] | None = None,
    passes: Sequence[str] = (),
    format: str | None = None,
    cache: str | Path | None = None,
    cache_bytes: int | str = DEFAULT_BYTES,
) -> Dataset:
    """The clips of a split (of every split, when it is None) of the dataset at `location`, a folder or fsspec
    URL.

    take: the first so many clips. columns: only these (and the key); None is all but dense passes. passes:
    dense passes to read as well. format: parquet or webdataset; None takes the one that is there, Parquet
    first. cache: a local folder that keeps shards of a remote dataset, at most `cache_bytes` of them (a number,
    or "200GB"); processes share it. Raises DatasetError for what is not a finished dataset or has no such split, column or pass.
    """
    folder = Folder(location, None if cache is None else ShardCache(cache, cache_bytes))
    manifest = read_manifest(folder)
    if split is not None and split not in manifest.splits:
        there = listed(manifest.splits, "and")
        raise DatasetError(
            f"{location} has no split '{split}', but {there}.{did_you_mean(split, manifest.splits)}"
        )
    if format is None:
        format = manifest.formats[0]
    elif format not in FORMATS or format not in manifest.formats:
        raise DatasetError(f"{location} is not stored as '{format}' but as {' and '.join(manifest.formats)}")
    table = _chosen(manifest, location, columns, passes)
    shards = manifest.shards if split is None else manifest.of_split(split)
    return Dataset(folder, manifest, shards, table, format, take)


def _chosen(
    manifest: Manifest, location: str | Path, names: Sequence[str] | None, passes: Sequence[str]
) -> tuple[Column, ...]:
    table = columns(manifest.layout)
    for name in passes:
        if name not in manifest.layout.passes:
            there = listed(manifest.layout.passes, "and") or "none"
            raise DatasetError(f"{location} has no dense pass '{name}'; it has {there}")
    known = [column.name for column in table]
    for name in names or ():
        if name not in known:
            raise DatasetError(
                f"{location} has no column '{name}'.{did_you_mean(name, known)} Its manifest.json lists all"
            )
    dense = {
        name + manifest.layout.suffix(camera)
        for camera in manifest.layout.cameras
        for dense_pass in passes
        for name in _PASS_COLUMNS[dense_pass]
    }
    wanted = {"key", *names} if names is not None else {column.name for column in table if not column.dense}
    return tuple(column for column in table if column.name in wanted | dense)


_PASS_COLUMNS = {
    "depth": ("depth", "depth_scale_m", "depth_offset_m"),
    "segmentation": ("segmentation",),
    "normals": ("normals",),
    "flow": ("flow", "flow_scale_px", "flow_occluded"),
}


class Dataset(Sequence[Clip]):
    """Clips of a dataset, in order. Holds one shard open; can be pickled, and is then opened again."""

    def __init__(
        self,
        folder: Folder,
        manifest: Manifest,
        shards: Sequence[Shard],
        table: Sequence[Column],
        format: str,
        take: int | None = None,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.shards = tuple(shards)
        self.table = tuple(table)
        self.format = format
        self._ends: list[int] = []
        for shard in self.shards:
            self._ends.append((self._ends[-1] if self._ends else 0) + shard.clips)
        total = self._ends[-1] if self._ends else 0
        self._length = total if take is None else max(0, min(take, total))
        self._open: tuple[int, ShardReader | None] = (-1, None)

    def __repr__(self) -> str:
        splits = ", ".join(dict.fromkeys(shard.split for shard in self.shards))
        return f"Dataset({self.folder.location!r}, {splits}: {len(self)} clips, {self.format})"

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        number = place + len(self) if place < 0 else place
        if not 0 <= number < len(self):
            raise IndexError(f"clip {place} of {len(self)}")
        at = bisect.bisect_right(self._ends, number)
        return self._clip(self._reader(at)[number - (self._ends[at - 1] if at else 0)])

    def __iter__(self) -> Iterator[Clip]:
        left = len(self)
        for at in range(len(self.shards)):
            if left <= 0:
                return
            for values in self._reader(at):
                yield self._clip(values)
                left -= 1
                if not left:
                    return

    def _clip(self, values: Mapping[str, Any]) -> Clip:
        return Clip(values, self.manifest.layout)

    def _reader(self, at: int) -> ShardReader:
        if self._open[0] != at or self._open[1] is None:
            self.close()
            opened = open_shard(self.folder, self.shards[at], self.table, self.format)
            if len(opened) != self.shards[at].clips:
                opened.close()
                raise DatasetError(
                    f"{self._name(at)} holds {len(opened)} clips, the manifest says {self.shards[at].clips}. "
                    "`simgen verify` checks every file, `simgen build` makes damaged shards again"
                )
            self._open = (at, opened)
        reader = self._open[1]
        assert reader is not None
        return reader

    def _name(self, at: int) -> str:
        kind = "data" if self.format == "parquet" else "webdataset"
        return self.folder.path(self.shards[at].file(kind) or "")

    def close(self) -> None:
        """Closes the shard that is open; reading on opens it again."""
        if self._open[1] is not None:
            self._open[1].close()
        self._open = (-1, None)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": (-1, None)}

    def __del__(self) -> None:
        if getattr(self, "_open", None):
            self.close()
