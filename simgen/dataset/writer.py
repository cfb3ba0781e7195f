"""Writes one shard in every format that was asked for: each sample is encoded once, each file appears whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from simgen.dataset.column_table import Layout, columns
from simgen.dataset.manifest import FORMATS, Marker, Shard, shard_files
from simgen.dataset.parquet import ParquetWriter
from simgen.dataset.sample import Sample
from simgen.dataset.storage import FileRecord, HashedFile
from simgen.dataset.tar import TarWriter
from simgen.dataset.values import values_of
from simgen.dataset.video import require_codec

__all__ = ["ShardWriter"]


class ShardWriter:
    """A shard of a split while it is written; at most one row group of encoded samples is in memory.

        with ShardWriter(folder, recipe, "train", 0, 4, ("parquet", "webdataset")) as writer:
            for index in range(start, stop):
                writer.add(generate(recipe, index, "train"))
            files = writer.finish()
            writer.marker().write(folder)

    Leaving the block without `finish` (an exception) removes everything that was written.
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
        self._folder, self._recipe = Path(folder), recipe
        self._split, self._shard, self._shard_count = split, shard, shard_count
        self._formats = tuple(name for name in FORMATS if name in formats)
        self._layout = Layout.of(recipe)
        require_codec(self._layout.codec)
        self._indices: list[int] = []
        self._generator_version = 0
        self._rejections: Counter[str] = Counter()
        self._records: dict[str, FileRecord] | None = None
        self._files: dict[str, HashedFile] = {}
        self._writers: list[ParquetWriter | TarWriter] = []
        table = columns(self._layout)
        names = shard_files(split, shard, shard_count, self._formats, dense=bool(self._layout.passes))
        try:
            for role, relative in names.items():
                file = self._files[role] = HashedFile(self._folder, relative)
                if role == "webdataset":
                    self._writers.append(TarWriter(file, table))
                else:
                    chosen = [
                        column
                        for column in table
                        if column.dense == (role == "dense") or column.name == "key"
                    ]
                    self._writers.append(ParquetWriter(file, chosen))
        except BaseException:
            self.abort()
            raise

    def add(self, sample: Sample) -> None:
        """Appends a clip. Clips come in the order of their index, without a gap; ValueError otherwise."""
        if sample.split != self._split or (self._indices and sample.index != self._indices[-1] + 1):
            raise ValueError(
                f"clip {sample.key} does not follow clip {self._indices[-1:]} of split {self._split}"
            )
        values = values_of(sample, self._layout)
        for writer in self._writers:
            writer.add(values)
        self._indices.append(sample.index)
        self._generator_version = sample.generator_version
        self._rejections.update(sample.rejections)

    def finish(self) -> dict[str, FileRecord]:
        """Makes the files real; path in the dataset -> size and sha256."""
        if not self._indices:
            raise ValueError("a shard needs at least one clip")
        for writer in self._writers:
            writer.close()
        for file in self._files.values():
            file.sync()
        self._records = {file.relative: file.commit() for file in self._files.values()}
        return dict(self._records)

    def marker(self) -> Marker:
        """The marker of the finished shard, for the caller to write."""
        if self._records is None:
            raise ValueError("finish the shard first")
        return Marker(
            shard=Shard(self._split, self._shard, self._indices[0], len(self._indices), dict(self._records)),
            shard_count=self._shard_count,
            recipe_hash=self._recipe.hash,
            generator_version=self._generator_version,
            formats=self._formats,
            rejections=dict(self._rejections),
        )

    def abort(self) -> None:
        """Leaves nothing behind. Does nothing after `finish`."""
        if self._records is None:
            for file in self._files.values():
                file.abort()

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()
