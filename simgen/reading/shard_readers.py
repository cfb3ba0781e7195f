"""The clips of one shard as values, by number or one after the other, from Parquet or from a tar.

Opening one reads a footer or nothing at all; what is read then is a row group of Parquet or the fields of one
clip of a tar. Whatever is wrong with a file becomes a DatasetError that names it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from simgen.dataset.column_table import Column
from simgen.dataset.manifest import Shard
from simgen.dataset.parquet import ROWS_PER_GROUP
from simgen.dataset.storage import FileRecord
from simgen.dataset.tar import fields_needed, values_from_fields
from simgen.errors import DatasetError
from simgen.reading.damage import REMEDY, naming
from simgen.reading.folder import Folder
from simgen.reading.remote_file import READ_AHEAD, RandomAccess, RemoteFile, Span, joined
from simgen.reading.rows import Row, RowGroup
from simgen.reading.tar_index import TarIndex

__all__ = ["ParquetShard", "ShardReader", "TarShard", "open_shard"]

Values = Mapping[str, Any]  # column name -> value, still encoded
_KEY = Column("key", pa.string(), "", "", "")
_FOOTER_PER_GROUP = 16 << 10  # bytes; some 65 columns and 200 bytes for each
_GAP = 64 << 10  # bytes that are read rather than asked around: less than a request costs, less than a video
_AHEAD = 16 << 20  # bytes of row groups that are asked for at once when all are read in order


class ShardReader(Protocol):
    """The clips of a shard in the order of their index."""

    @property
    def blocks(self) -> tuple[int, ...]:
        """Rows that are cheap to read together, in their order: row groups."""

    def __len__(self) -> int: ...
    def __getitem__(self, row: int) -> Values: ...
    def __iter__(self) -> Iterator[Values]: ...
    def rows(self, start: int, stop: int, ahead: bool = False) -> Sequence[Values]:
        """Neighbouring clips, within a block. `ahead`: the ones after them will be read next."""
        ...

    def close(self) -> None: ...


def open_shard(
    folder: Folder, shard: Shard, table: Sequence[Column], kind: str, keep_groups: int = 1
) -> ShardReader:
    """The reader of a shard in format `kind` (parquet or webdataset). keep_groups: as of ParquetShard."""
    if kind == "parquet":
        return ParquetShard(folder, shard, table, keep_groups)
    return TarShard(folder, shard, table)


def _check_key(key: str, shard: Shard, row: int, path: str) -> None:
    """A shard that was swapped for another one has clips with other numbers."""
    expected = f"-{shard.split}-{shard.start + row:08d}"
    if not key.endswith(expected):
        raise DatasetError(
            f"{path} holds clip {key} where that of {shard.split} with the number {shard.start + row} belongs: "
            f"it was replaced by another file. {REMEDY}"
        )


class ParquetShard:
    """A shard in data/, with the dense columns that were asked for from dense/.

    `[row]` reads the row group that the row is in and keeps the last `keep_groups` of them.
    """

    def __init__(self, folder: Folder, shard: Shard, table: Sequence[Column], keep_groups: int = 1) -> None:
        self._shard = shard
        self._parts: list[_Part] = []
        with contextlib.ExitStack() as stack:
            for kind in ("data", "dense"):
                chosen = [column for column in table if column.dense == (kind == "dense")]
                path = shard.file(kind)
                if path and (chosen or kind == "data"):
                    self._parts.append(stack.enter_context(_Part(folder, path, shard, chosen)))
            self._files = stack.pop_all()
        self.blocks: tuple[int, ...] = self._parts[0].blocks if self._parts else ()
        self._starts = [sum(self.blocks[:group]) for group in range(len(self.blocks))]
        self._group_of = [group for group, rows in enumerate(self.blocks) for _ in range(rows)]
        self._kept: OrderedDict[int, list[Row]] = OrderedDict()
        self._keep_groups = max(1, keep_groups)

    def __len__(self) -> int:
        return len(self._group_of)

    def __getitem__(self, row: int) -> Values:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        group = self._group_of[row]
        if group not in self._kept:
            while len(self._kept) >= self._keep_groups:
                self._kept.popitem(last=False)
            self._kept[group] = self._read(group)
        self._kept.move_to_end(group)
        return self._kept[group][row - self._starts[group]]

    def rows(self, start: int, stop: int, ahead: bool = False) -> Sequence[Values]:
        """Read at once."""
        if ahead:
            for part in self._parts:
                part.expect(self._group_of[start])
        return [self[row] for row in range(start, stop)]

    def __iter__(self) -> Iterator[Values]:
        for group in range(len(self.blocks)):
            for part in self._parts:
                part.expect(group)
            yield from self._read(group)

    def _read(self, group: int) -> list[Row]:
        found = RowGroup(self.blocks[group])
        keys: list[str] = []
        for part in self._parts:
            part.read(group, found)
            keys, before = found.cells("key"), keys
            if before and keys != before:
                raise DatasetError(f"{part.path} holds other clips than {self._parts[0].path}. {REMEDY}")
        _check_key(keys[0], self._shard, self._starts[group], self._parts[0].path)
        return found.rows()

    def close(self) -> None:
        self._kept.clear()
        self._files.close()


class _Part:
    """The chosen columns of one Parquet file."""

    def __init__(self, folder: Folder, path: str, shard: Shard, table: Sequence[Column]) -> None:
        self.path = folder.path(path)
        self._table = [_KEY, *(column for column in table if column.name != "key")]
        self._names = [column.name for column in self._table]
        self._shard = shard
        record = shard.files[path]
        tail = _FOOTER_PER_GROUP * (shard.clips // ROWS_PER_GROUP + 2)
        with naming(self.path):
            self._source = self._open(folder, path, record, tail)
            try:
                # what is fetched from a store is planned here, and local files need no second buffer
                self._file = pq.ParquetFile(self._source, pre_buffer=False)
            except BaseException:
                self._source.close()
                raise
        metadata = self._file.metadata
        self.blocks = tuple(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
        self._expected = -1  # the last row group that has been asked for ahead

    def _open(self, folder: Folder, path: str, record: FileRecord, tail: int) -> RandomAccess:
        if folder.cache is None:
            return folder.source(path, record, tail=tail)

        def fetch(spans: Sequence[Span]) -> list[bytes]:
            return folder.spans(path, spans)

        if any(column.is_video or column.dense for column in self._table):
            kept = folder.cache.open(record.sha256, record, lambda: [(0, record.bytes)], fetch, self.path)
        else:  # labels alone: their bytes, and none of the videos that make up the rest of the file

            def plan() -> list[Span]:
                with pq.ParquetFile(folder.remote(path, record.bytes, tail=tail)) as file:
                    spans = _spans(file.metadata, range(file.metadata.num_row_groups), self._names)
                footer = (max(4, record.bytes - file.metadata.serialized_size - 8), record.bytes)
                return joined([(0, 4), *spans, footer], _GAP)

            columns = hashlib.sha256("\n".join(sorted(self._names)).encode()).hexdigest()[:16]
            kept = folder.cache.there(record.sha256, record.bytes) or folder.cache.open(
                f"{record.sha256}-{columns}", record, plan, fetch, self.path
            )
        return kept or folder.source(path, record, tail=tail)

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self._source.close()

    def expect(self, group: int) -> None:
        """All row groups from `group` on will be read: those of a store are asked for several at once."""
        self._expected = self._expected if group else -1
        if not isinstance(self._source, RemoteFile) or group <= self._expected:
            return
        spans: list[Span] = []
        while self._expected < len(self.blocks) - 1 and sum(e - s for s, e in spans) < _AHEAD:
            self._expected = max(self._expected + 1, group)
            spans += self._spans(self._expected)
        with naming(self.path):
            self._source.prefetch(joined(spans, _GAP))

    def _spans(self, group: int) -> list[Span]:
        return joined(_spans(self._file.metadata, [group], self._names), _GAP)

    def read(self, group: int, into: RowGroup) -> None:
        first = self._shard.start + sum(self.blocks[:group])
        clips = f"clips {first} to {first + self.blocks[group] - 1} of {self._shard.split}"
        with naming(self.path, clips):
            if isinstance(self._source, RemoteFile):
                self._source.prefetch(self._spans(group))
            # one thread: many workers read at a time, and 16 clips are too few to share out
            table = self._file.read_row_group(group, columns=self._names, use_threads=False)
            into.add(table, self._table, self.path, clips)


def _spans(metadata: pq.FileMetaData, groups: Sequence[int] | range, names: Sequence[str]) -> list[Span]:
    """Where the bytes of these columns are."""
    wanted = set(names)
    spans = []
    for group in groups:
        chunks = metadata.row_group(group)
        for place in range(chunks.num_columns):
            chunk = chunks.column(place)
            if chunk.path_in_schema.split(".", 1)[0] in wanted:
                start = chunk.data_page_offset
                if chunk.has_dictionary_page:
                    start = min(start, chunk.dictionary_page_offset)
                spans.append((start, start + chunk.total_compressed_size))
    return spans


class TarShard:
    """A shard in webdataset/. Its headers are read as far as a clip needs it; then only the fields that are
    needed.
    """

    def __init__(self, folder: Folder, shard: Shard, table: Sequence[Column]) -> None:
        path = shard.file("webdataset")
        if path is None:
            raise DatasetError(f"{folder.location} has no WebDataset files")
        self._path, self._table, self._shard = folder.path(path), list(table), shard
        self._needed = fields_needed(table)
        record = shard.files[path]
        with naming(self._path):
            self._file: RandomAccess = folder.source(path, record)
            if folder.cache is not None:
                kept = folder.cache.open(
                    record.sha256,
                    record,
                    lambda: [(0, record.bytes)],
                    lambda spans: folder.spans(path, spans),
                    self._path,
                )
                self._file = kept or self._file
        self._index = TarIndex(self._file)
        self.blocks = tuple(
            min(ROWS_PER_GROUP, shard.clips - row) for row in range(0, shard.clips, ROWS_PER_GROUP)
        )

    def __len__(self) -> int:
        return self._shard.clips

    def __getitem__(self, row: int) -> Values:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        return self.read(row, 0)

    def rows(self, start: int, stop: int, ahead: bool = False) -> Sequence[Values]:
        """Each read when it is asked for."""
        return _TarRows(self, range(start, stop), READ_AHEAD if ahead else 0)

    def __iter__(self) -> Iterator[Values]:
        for row in range(len(self)):
            yield self.read(row, READ_AHEAD)

    def read(self, row: int, ahead: int) -> Values:
        """One clip; in a store, at least `ahead` bytes are asked for at a time."""
        with naming(self._path), self._ahead(READ_AHEAD):  # a request per header would cost more
            found = self._index.sample(row)
        count = len(self._index)
        if found is None or (row == len(self) - 1 and count > len(self)):
            raise DatasetError(
                f"{self._path} holds {count} clips{' or more' if found else ''}, the manifest says {len(self)}. {REMEDY}"
            )
        key, places = found
        _check_key(key, self._shard, row, self._path)
        with naming(self._path, f"clip {key}"), self._ahead(ahead):
            return {"key": key, **values_from_fields(self._fields(key, places), self._table)}

    def _fields(self, key: str, places: dict[str, tuple[int, int]]) -> dict[str, bytes]:
        needed = {field: places[field] for field in self._needed & places.keys()}
        # the fields of a clip lie side by side: one request, or two around a video that is not wanted
        spans = joined([(offset, offset + size) for offset, size in needed.values()], _GAP)
        pieces = [(start, self._file.read_at(end - start, start)) for start, end in spans]
        fields = {}
        for field, (offset, size) in needed.items():
            start, data = next(piece for piece in reversed(pieces) if piece[0] <= offset)
            fields[field] = data[offset - start : offset - start + size]
            if len(fields[field]) != size:
                raise ValueError(f"the file ends in {key}.{field}")
        return fields

    @contextlib.contextmanager
    def _ahead(self, nbytes: int) -> Iterator[None]:
        """In a store, at least so many bytes are asked for at a time."""
        if isinstance(self._file, RemoteFile):
            self._file.ahead = nbytes
        yield

    def close(self) -> None:
        self._file.close()


class _TarRows(Sequence[Values]):
    def __init__(self, shard: TarShard, rows: range, ahead: int) -> None:
        self._shard, self._rows, self._ahead = shard, rows, ahead

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: Any) -> Any:
        return self._shard.read(self._rows[row], self._ahead)
