"""Writes one shard in every format that was asked for.

Each sample is encoded once; each file appears whole or not at all; at most one row group of encoded samples
is in memory. Errors of the storage (a full disk) are OSErrors and leave nothing behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from simgen.dataset.column_table import Layout, columns
from simgen.dataset.manifest import FORMATS, Marker, Shard, shard_files
from simgen.dataset.parquet import ParquetWriter
from simgen.dataset.sample import Sample
from simgen.dataset.storage import FileRecord, HashedFile
from simgen.dataset.tar import TarWriter
from simgen.dataset.values import Values, values_of
from simgen.dataset.video import require_codec

__all__ = ["ShardWriter"]


class ShardWriter:
    """A shard of a split while it is written.

        with ShardWriter(folder, recipe, "train", 0, 4, ("parquet", "webdataset")) as writer:
            for index in range(start, stop):
                writer.add(generate(recipe, index, "train"))
            files = writer.finish()
        writer.marker().write(folder)

    The folder must exist: one that has vanished since the build began is not made anew. Leaving the block without
    `finish` (an exception) removes everything that was written.
    """

    def __init__(
        self,
        folder: Path,
        recipe: Any,
        split: str,
        shard: int,
        shard_count: int,
        formats: Sequence[str] = FORMATS,
    ) -> None:
        unknown = [name for name in formats if name not in FORMATS]
        if unknown or not formats:
            raise ValueError(f"formats are {' and '.join(FORMATS)}, not {', '.join(unknown) or 'none'}")
        self._folder, self._recipe_hash = Path(folder), str(recipe.hash)
        self._split, self._shard, self._shard_count = split, shard, shard_count
        self._formats = tuple(name for name in FORMATS if name in formats)
        self._layout = Layout.of(recipe)
        require_codec(self._layout.codec)
        self._start = self._clips = self._generator_version = 0
        self._rejections: Counter[str] = Counter()
        self._attempts: dict[int, int] = {}
        self._records: dict[str, FileRecord] | None = None
        self._bodies = 0
        self._files: list[HashedFile] = []
        self._writers: list[ParquetWriter | TarWriter] = []
        try:
            self._open()
        except BaseException:
            self.abort()
            raise

    def _open(self) -> None:
        table = columns(self._layout)
        dense = bool(self._layout.passes)
        names = shard_files(self._split, self._shard, self._shard_count, self._formats, dense)
        for role, relative in names.items():
            file = HashedFile(self._folder, relative)
            self._files.append(file)
            if role == "webdataset":
                self._writers.append(TarWriter(file, table))
            else:
                in_dense = role == "dense"
                chosen = [column for column in table if column.dense == in_dense or column.name == "key"]
                self._writers.append(ParquetWriter(file, chosen))

    def add(self, sample: Sample) -> None:
        """Appends a clip. Clips come in the order of their index, without a gap; ValueError otherwise."""
        self.add_values(values_of(sample, self._layout), sample.rejections)

    def add_values(self, values: Values, rejections: Iterable[str] = ()) -> None:
        """Appends a clip that `values_of` has encoded, here or in another process."""
        key, index = values["key"], values["index"]
        if values["split"] != self._split or (self._clips and index != self._start + self._clips):
            follows = f"clip {self._start + self._clips - 1}" if self._clips else "anything"
            raise ValueError(f"{key} does not follow {follows} of split {self._split}")
        for writer in self._writers:
            writer.add(values)
        if not self._clips:
            self._start = index
        self._clips += 1
        self._bodies = max(self._bodies, len(values["bodies"]))
        self._generator_version = values["generator_version"]
        self._rejections.update(rejections)
        if values["attempt"]:
            self._attempts[index] = values["attempt"]

    def finish(self) -> dict[str, FileRecord]:
        """Makes the files real; path in the dataset -> size and sha256."""
        if not self._clips:
            raise ValueError("a shard needs at least one clip")
        for writer in self._writers:
            writer.close()
        for file in self._files:  # all bytes are safe before the first name appears
            file.sync()
        self._records = {file.relative: file.commit() for file in self._files}
        return dict(self._records)

    def marker(self) -> Marker:
        """The marker of the finished shard, for the caller to write."""
        if self._records is None:
            raise ValueError("finish the shard first")
        return Marker(
            shard=Shard(
                self._split, self._shard, self._start, self._clips, dict(self._records), self._bodies
            ),
            shard_count=self._shard_count,
            recipe_hash=self._recipe_hash,
            generator_version=self._generator_version,
            formats=self._formats,
            rejections=dict(sorted(self._rejections.items())),
            attempts=dict(self._attempts),
        )

    def abort(self) -> None:
        """Leaves nothing behind. Does nothing after `finish`."""
        if self._records is None:
            for file in self._files:
                file.abort()

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()
