"""Values to and from Parquet: one row per clip, typed by the column table, read by `datasets`, DuckDB, Polars as it is.

Settings: 16 clips per row group (a random clip costs little, the footer stays small, and a writer holds no more than
that in memory); videos and packed passes neither compressed again nor put in a dictionary; the other columns zstd;
page index and content-defined chunking on, which the Hub's viewer and its deduplication use.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simgen.dataset.column_table import CONTACTS_TYPE, Column, arrow_schema
from simgen.dataset.features import schema_metadata
from simgen.dataset.values import Values
from simgen.physics.trace import CONTACT_FIELDS, Contacts

__all__ = ["ROWS_PER_GROUP", "ParquetFile", "rows_of"]

ROWS_PER_GROUP = 16
_CHUNKING = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}


class ParquetFile:
    """Writes clips to an open file, at most `ROWS_PER_GROUP` of them in memory."""

    def __init__(self, file: BinaryIO, table: Sequence[Column]) -> None:
        self._table = tuple(table)
        self._schema = arrow_schema(self._table).with_metadata(schema_metadata(self._table))
        self._waiting: list[Values] = []
        opaque, other = _leaves(self._schema)
        self._writer = pq.ParquetWriter(
            file,
            self._schema,
            version="2.6",
            compression={**dict.fromkeys(opaque, "none"), **dict.fromkeys(other, "zstd")},
            use_dictionary=_words(self._schema),
            write_statistics=other,
            write_page_index=True,
            use_content_defined_chunking=_CHUNKING,
        )
        self._writer.add_key_value_metadata({"content_defined_chunking": json.dumps(_CHUNKING)})

    def add(self, values: Values) -> None:
        self._waiting.append(values)
        if len(self._waiting) == ROWS_PER_GROUP:
            self._flush()

    def close(self) -> None:
        """Writes what waits and the footer; the file itself stays open."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            arrays = [
                _column_array(column, [row[column.name] for row in self._waiting], self._waiting)
                for column in self._table
            ]
            self._writer.write_table(
                pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=len(self._waiting)
            )
            self._waiting.clear()


def _leaves(schema: pa.Schema) -> tuple[list[str], list[str]]:
    """Paths of the leaf columns in Parquet: (packed bytes, all others)."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    layout = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    leaves = [layout.column(place) for place in range(len(layout.names))]
    opaque = [
        leaf.path
        for leaf in leaves
        if leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type == "NONE"
    ]
    return opaque, [leaf.path for leaf in leaves if leaf.path not in opaque]


def _words(schema: pa.Schema) -> list[str]:
    """Paths of the text columns, which gain from a dictionary (names, hashes); numbers do not."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    layout = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    leaves = [layout.column(place) for place in range(len(layout.names))]
    return [
        leaf.path
        for leaf in leaves
        if leaf.logical_type.type == "STRING" and leaf.path not in ("scene", "key")
    ]


def _column_array(column: Column, cells: list[Any], rows: list[Values]) -> pa.Array:
    if column.is_video:
        suffix = column.tar.rsplit(".", 1)[-1]
        paths = [f"{row['key']}.{suffix}" for row in rows]
        return pa.StructArray.from_arrays(
            [pa.array(cells, pa.binary()), pa.array(paths)], fields=list(column.type)
        )
    if column.type == CONTACTS_TYPE:
        return _contacts_array(cells)
    return _array(column.type, cells)


def _array(kind: pa.DataType, cells: list[Any]) -> pa.Array:
    if pa.types.is_struct(kind):
        members = [_array(field.type, [cell[field.name] for cell in cells]) for field in kind]
        return pa.StructArray.from_arrays(members, fields=list(kind)) if members else pa.array(cells, kind)
    if cells and isinstance(cells[0], np.ndarray):
        return _nested(kind, [cell.shape for cell in cells], np.concatenate([cell.ravel() for cell in cells]))
    return pa.array(cells, kind)


def _nested(kind: pa.DataType, shapes: list[tuple[int, ...]], flat: NDArray[Any]) -> pa.Array:
    """Nested lists of type `kind` over the flat values of arrays of these shapes, without a Python loop over numbers."""
    levels = []
    while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        levels.append(kind)
        kind = kind.value_type
    result = pa.array(flat, kind)
    for depth in reversed(range(len(levels))):
        if pa.types.is_fixed_size_list(levels[depth]):
            result = pa.FixedSizeListArray.from_arrays(result, type=levels[depth])
            continue
        lengths = np.concatenate(
            [np.full(int(np.prod(shape[:depth], dtype=int)), shape[depth]) for shape in shapes]
        )
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        result = pa.ListArray.from_arrays(offsets, result, type=levels[depth])
    return result


def _contacts_array(cells: list[Contacts]) -> pa.Array:
    record = CONTACTS_TYPE.value_type
    members = []
    for field in record:
        flat = np.concatenate([np.ascontiguousarray(getattr(cell, field.name)) for cell in cells])
        if pa.types.is_fixed_size_list(field.type):
            members.append(
                pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel(), pa.float64()), type=field.type)
            )
        else:
            members.append(pa.array(flat, field.type))
    offsets = np.concatenate([[0], np.cumsum([len(cell) for cell in cells])]).astype(np.int32)
    return pa.ListArray.from_arrays(
        offsets, pa.StructArray.from_arrays(members, fields=list(record)), type=CONTACTS_TYPE
    )


def rows_of(batch: pa.Table | pa.RecordBatch, table: Iterable[Column]) -> list[Values]:
    """The rows of a table as values; only the columns that the table has."""
    named = {column.name: column for column in table}
    columns = [
        (name, _cells(named[name], batch.column(place)))
        for place, name in enumerate(batch.schema.names)
        if name in named
    ]
    return [{name: cells[row] for name, cells in columns} for row in range(batch.num_rows)]


def _cells(column: Column, array: pa.Array | pa.ChunkedArray) -> list[Any]:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    if column.is_video:
        return list(array.field("bytes").to_pylist())
    if column.type == CONTACTS_TYPE:
        return _contacts_cells(array)
    return _values(array)


def _values(array: pa.Array) -> list[Any]:
    kind = array.type
    if pa.types.is_struct(kind):
        if not kind.num_fields:
            return [{} for _ in range(len(array))]
        members = {kind.field(place).name: _values(array.field(place)) for place in range(kind.num_fields)}
        return [{name: cells[row] for name, cells in members.items()} for row in range(len(array))]
    if _is_numeric_nest(kind):
        return [
            _to_numpy(array[row].values, kind.value_type) if pa.types.is_list(kind) else _fixed(array, row)
            for row in range(len(array))
        ]
    return list(array.to_pylist())


def _is_numeric_nest(kind: pa.DataType) -> bool:
    if not (pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind)):
        return False
    while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        kind = kind.value_type
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _fixed(array: pa.FixedSizeListArray, row: int) -> NDArray[Any]:
    return _to_numpy(array.slice(row, 1), array.type)[0]


def _to_numpy(array: pa.Array, kind: pa.DataType) -> NDArray[Any]:
    """A rectangular nest of lists as one array."""
    if pa.types.is_fixed_size_list(kind):
        return _to_numpy(array.flatten(), kind.value_type).reshape(
            len(array), kind.list_size, *_inner(array, kind)
        )
    if pa.types.is_list(kind):
        inner = _to_numpy(array.flatten(), kind.value_type)
        width = len(array[0]) if len(array) else 0
        return inner.reshape(len(array), width, *inner.shape[1:])
    return np.asarray(array.to_numpy(zero_copy_only=False))


def _inner(array: pa.Array, kind: pa.DataType) -> tuple[int, ...]:
    shape: list[int] = []
    kind = kind.value_type
    while pa.types.is_fixed_size_list(kind):
        shape.append(kind.list_size)
        kind = kind.value_type
    return tuple(shape)


def _contacts_cells(array: pa.ListArray) -> list[Contacts]:
    cells = []
    for row in range(len(array)):
        records = array[row].values
        members: dict[str, NDArray[Any]] = {}
        for name in CONTACT_FIELDS:
            flat = records.field(name)
            if pa.types.is_fixed_size_list(flat.type):
                members[name] = flat.flatten().to_numpy(zero_copy_only=False).reshape(-1, 3)
            else:
                members[name] = flat.to_numpy(zero_copy_only=False)
        cells.append(Contacts(**members))
    return cells
