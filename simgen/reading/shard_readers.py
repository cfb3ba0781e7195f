"""The clips of one shard as values, by number or one after the other, from Parquet or from a tar.

Whatever is wrong with a file becomes a DatasetError that names it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from simgen.dataset.column_table import Column
from simgen.dataset.manifest import Shard
from simgen.dataset.parquet import values_from_table
from simgen.dataset.tar import fields_needed, values_from_fields
from simgen.dataset.values import Values
from simgen.errors import DatasetError
from simgen.reading.folder import Folder

__all__ = ["ParquetShard", "ShardReader", "TarShard"]

_KEY = Column("key", pa.string(), "", "", "")
_BLOCK = 512  # bytes of a tar


class ShardReader(Protocol):
    """The clips of a shard in the order of their index."""

    def __len__(self) -> int: ...
    def __getitem__(self, row: int) -> Values: ...
    def __iter__(self) -> Iterator[Values]: ...
    def rows(self, start: int, stop: int) -> Sequence[Values]: ...
    def close(self) -> None: ...


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is missing. `simgen verify` lists what is") from error
    except (pa.ArrowException, OSError, KeyError, ValueError, IndexError) as error:
        raise DatasetError(
            f"{path} is damaged or not from this dataset ({type(error).__name__}: {error}). "
            "`simgen verify` checks every file, `simgen build` makes damaged shards again"
        ) from error


class ParquetShard:
    """A shard in data/, with the dense columns that were asked for from dense/."""

    def __init__(self, folder: Folder, shard: Shard, table: Sequence[Column]) -> None:
        self._parts: list[tuple[str, pq.ParquetFile, list[Column]]] = []
        with contextlib.ExitStack() as stack:
            for kind in ("data", "dense"):
                chosen = [column for column in table if column.dense == (kind == "dense")]
                path = shard.file(kind)
                if chosen and path:
                    with _naming(folder.path(path)):
                        file = stack.enter_context(folder.open(path))
                        parquet = stack.enter_context(pq.ParquetFile(file))
                    self._parts.append((folder.path(path), parquet, chosen))
            self._files = stack.pop_all()
        self._ends: list[int] = []
        for group in range(self._parts[0][1].num_row_groups if self._parts else 0):
            rows = self._parts[0][1].metadata.row_group(group).num_rows
            self._ends.append((self._ends[-1] if self._ends else 0) + rows)
        self._kept: tuple[int, list[Values]] = (-1, [])

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, row: int) -> Values:
        group = next(place for place, end in enumerate(self._ends) if row < end)
        if self._kept[0] != group:
            self._kept = (group, self._read(group))
        start = self._ends[group - 1] if group else 0
        return self._kept[1][row - start]

    def rows(self, start: int, stop: int) -> Sequence[Values]:
        """Neighbouring clips, read at once."""
        return [self[row] for row in range(start, stop)]

    def __iter__(self) -> Iterator[Values]:
        for group in range(len(self._ends)):
            yield from self._read(group)

    def _read(self, group: int) -> list[Values]:
        rows: list[Values] = []
        for path, file, table in self._parts:
            with _naming(path):
                names = dict.fromkeys(["key", *(column.name for column in table)])
                more = values_from_table(file.read_row_group(group, columns=list(names)), [_KEY, *table])
                if rows and [row["key"] for row in rows] != [row["key"] for row in more]:
                    raise DatasetError(f"{path} holds other clips than {self._parts[0][0]}")
                rows = [{**old, **new} for old, new in zip(rows, more, strict=True)] if rows else more
        return rows

    def close(self) -> None:
        self._files.close()


class TarShard:
    """A shard in webdataset/. Its index is read from the headers once; then only the fields that are
    needed.
    """

    def __init__(self, folder: Folder, shard: Shard, table: Sequence[Column]) -> None:
        path = shard.file("webdataset")
        if path is None:
            raise DatasetError(f"{folder.location} has no WebDataset files")
        self._path, self._table = folder.path(path), list(table)
        self._needed = fields_needed(table)
        with _naming(self._path):
            self._file = folder.open(path)
            try:
                self._samples = _index(self._file)
            except BaseException:
                self._file.close()
                raise

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, row: int) -> Values:
        key, places = self._samples[row]
        with _naming(f"{self._path}, clip {key},"):
            fields = {}
            for field in self._needed & places.keys():
                offset, size = places[field]
                self._file.seek(offset)
                fields[field] = self._file.read(size)
                if len(fields[field]) != size:
                    raise ValueError(f"the file ends in {key}.{field}")
            return {"key": key, **values_from_fields(fields, self._table)}

    def rows(self, start: int, stop: int) -> Sequence[Values]:
        """Neighbouring clips, each read when it is asked for."""
        return _TarRows(self, start, stop)

    def __iter__(self) -> Iterator[Values]:
        for row in range(len(self)):
            yield self[row]

    def close(self) -> None:
        self._file.close()


class _TarRows(Sequence[Values]):
    def __init__(self, shard: TarShard, start: int, stop: int) -> None:
        self._shard, self._rows = shard, range(start, stop)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: Any) -> Any:
        return self._shard[self._rows[row]]


def _index(file: BinaryIO) -> list[tuple[str, dict[str, tuple[int, int]]]]:
    """(key, field -> (offset, size)) of every sample, from the USTAR headers (POSIX.1-1988, 512-byte
    blocks).
    """
    samples: list[tuple[str, dict[str, tuple[int, int]]]] = []
    place = 0
    while True:
        file.seek(place)
        header = file.read(_BLOCK)
        if len(header) < _BLOCK:
            raise ValueError("the end of the archive is missing")
        if not any(header):
            return samples
        if header[257:262] != b"ustar" or _checksum(header) != int(header[148:156].strip(b" \0"), 8):
            raise ValueError(f"no file header at byte {place}")
        name = header[:100].rstrip(b"\0").decode()
        size = int(header[124:136].strip(b" \0"), 8)
        key, _, field = name.partition(".")
        if not samples or samples[-1][0] != key:
            samples.append((key, {}))
        samples[-1][1][field] = (place + _BLOCK, size)
        place += _BLOCK + -(-size // _BLOCK) * _BLOCK


def _checksum(header: bytes) -> int:
    """The sum of the header's bytes with the checksum's own eight taken as blanks."""
    return sum(header) - sum(header[148:156]) + 8 * ord(" ")


def open_shard(folder: Folder, shard: Shard, table: Sequence[Column], kind: str) -> Any:
    """The reader of a shard in format `kind` (parquet or webdataset)."""
    return ParquetShard(folder, shard, table) if kind == "parquet" else TarShard(folder, shard, table)
