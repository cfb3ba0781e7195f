"""Values to and from Parquet: one row per clip, typed by the column table, read by `datasets`, DuckDB and
Polars as it is.

Settings: 16 clips per row group (a random clip costs little, the footer stays small, a writer holds no more
than that in memory); videos and packed passes are neither compressed again nor put in a dictionary; the other
columns are zstd, words with a dictionary; page index and content-defined chunking are on, for the Hub's
viewer and its deduplication.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simgen.dataset.column_table import CONTACTS_TYPE, Column, arrow_schema, is_array
from simgen.dataset.features import schema_metadata
from simgen.dataset.storage import HashedFile
from simgen.dataset.values import Values
from simgen.physics.trace import Contacts

__all__ = ["ROWS_PER_GROUP", "ParquetWriter", "cells_of"]

ROWS_PER_GROUP = 16
_DTYPES = {
    getattr(pa, name)(): getattr(np, name)
    for name in (
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
    )
}
_CHUNKING = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}


class ParquetWriter:
    """Writes clips to an open file, at most `ROWS_PER_GROUP` of them in memory."""

    def __init__(self, file: HashedFile | BinaryIO, table: Sequence[Column]) -> None:
        self._table = tuple(table)
        self._schema = arrow_schema(self._table).with_metadata(schema_metadata(self._table))
        self._waiting: list[Values] = []
        packed, words, numbers = _leaves(self._schema)
        self._writer = pq.ParquetWriter(
            file,
            self._schema,
            version="2.6",
            compression={**dict.fromkeys(packed, "none"), **dict.fromkeys(words + numbers, "zstd")},
            use_dictionary=words,
            write_statistics=[
                path for path in words + numbers if ".list." not in path
            ],  # what one can filter by
            write_page_index=True,
            use_content_defined_chunking=_CHUNKING,
        )
        self._writer.add_key_value_metadata({"content_defined_chunking": json.dumps(_CHUNKING)})

    def add(self, values: Values) -> None:
        self._waiting.append(values)
        if len(self._waiting) == ROWS_PER_GROUP:
            self._write_group()

    def close(self) -> None:
        """Writes what waits and the footer; the file itself stays open."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        rows, self._waiting = self._waiting, []
        if rows:
            arrays = [_column_array(column, rows) for column in self._table]
            self._writer.write_table(
                pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=len(rows)
            )


def _leaves(schema: pa.Schema) -> tuple[list[str], list[str], list[str]]:
    """The paths of the columns as Parquet has them: packed bytes, words that repeat, all others."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    flat = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    leaves = [flat.column(place) for place in range(len(flat.names))]
    is_bytes = {
        leaf.path
        for leaf in leaves
        if leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type == "NONE"
    }
    unique = {"key", "scene", "captions.numeric", "captions.hidden"}
    is_words = {
        leaf.path for leaf in leaves if leaf.logical_type.type == "STRING" and leaf.path not in unique
    }
    paths = [leaf.path for leaf in leaves]
    return (
        [path for path in paths if path in is_bytes],
        [path for path in paths if path in is_words],
        [path for path in paths if path not in is_bytes | is_words],
    )


def _column_array(column: Column, rows: list[Values]) -> pa.Array:
    cells = [row[column.name] for row in rows]
    if column.is_video:
        suffix = column.tar_file.rsplit(".", 1)[-1]
        paths = [f"{row['key']}.{suffix}" for row in rows]
        return pa.StructArray.from_arrays(
            [pa.array(cells, pa.binary()), pa.array(paths)], fields=list(column.type)
        )
    if column.type == CONTACTS_TYPE:
        return _contacts_array(cells)
    return _array(column.type, cells)


def _array(kind: pa.DataType, cells: list[Any]) -> pa.Array:
    if pa.types.is_struct(kind) and kind.num_fields:
        members = [_array(field.type, [cell[field.name] for cell in cells]) for field in kind]
        return pa.StructArray.from_arrays(members, fields=list(kind))
    if isinstance(cells[0], np.ndarray):
        return _lists(kind, [cell.shape for cell in cells], np.concatenate([cell.ravel() for cell in cells]))
    return pa.array(cells, kind)


def _lists(kind: pa.DataType, shapes: list[tuple[int, ...]], flat: NDArray[Any]) -> pa.Array:
    """Nested lists over the flat values of arrays of these shapes, without a Python loop over the numbers."""
    levels = []
    while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        levels.append(kind)
        kind = kind.value_type
    result = pa.array(flat, kind)
    for depth, level in reversed(list(enumerate(levels))):
        if pa.types.is_fixed_size_list(level):
            result = pa.FixedSizeListArray.from_arrays(result, type=level)
        else:
            counts = [int(np.prod(shape[:depth])) for shape in shapes]
            lengths = np.repeat([shape[depth] for shape in shapes], counts)
            result = pa.ListArray.from_arrays(_offsets(lengths), result, type=level)
    return result


def _offsets(lengths: NDArray[Any] | list[int]) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())


def _contacts_array(cells: list[Contacts]) -> pa.Array:
    record = CONTACTS_TYPE.value_type
    members = []
    for field in record:
        flat = np.concatenate([getattr(cell, field.name) for cell in cells])
        if pa.types.is_fixed_size_list(field.type):
            members.append(
                pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel(), pa.float64()), type=field.type)
            )
        else:
            members.append(pa.array(flat, field.type))
    records = pa.StructArray.from_arrays(members, fields=list(record))
    return pa.ListArray.from_arrays(_offsets([len(cell) for cell in cells]), records, type=CONTACTS_TYPE)


def cells_of(column: Column, chunks: pa.ChunkedArray) -> list[Any]:
    """A value per row of a column. Numeric arrays share its memory."""
    array = chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # of which combine_chunks makes another one when there is no row
        array = pa.array([], chunks.type)
    if column.is_video:
        return list(array.field("bytes").to_pylist())
    if column.type == CONTACTS_TYPE:
        return _contacts(array)
    return _unpack(array)


def _unpack(array: pa.Array) -> list[Any]:
    kind = array.type
    if pa.types.is_struct(kind) and kind.num_fields:
        names = [kind.field(place).name for place in range(kind.num_fields)]
        members = [_unpack(array.field(place)) for place in range(kind.num_fields)]
        return [dict(zip(names, row, strict=True)) for row in zip(*members, strict=True)]
    if is_array(kind):
        return _arrays(array)
    return list(array.to_pylist())


def _arrays(array: pa.Array) -> list[NDArray[Any]]:
    """Each row of nested lists as one array, which is a view of the column: its lists must be rectangular."""
    count = len(array)
    starts = np.arange(count + 1)  # where each row begins, in elements of the level that `array` has come to
    shapes: list[Any] = []  # of each level below the rows, its length in every row
    while pa.types.is_list(array.type) or pa.types.is_fixed_size_list(array.type):
        if pa.types.is_fixed_size_list(array.type):
            size = array.type.list_size
            lengths = np.full(count, size)
            array, places = array.flatten(), np.arange(len(array) + 1) * size
        else:
            offsets = _numbers(array.offsets)
            filled = starts[1:] > starts[:-1]
            lengths = np.zeros(count, np.int64)  # of the first list of a row; the others are as long
            first = starts[:-1][filled]
            lengths[filled] = offsets[first + 1] - offsets[first]
            array, places = array.flatten(), offsets - offsets[0]
        starts = places[starts]
        shapes.append(lengths.tolist())
    flat = _numbers(array)
    bounds = starts.tolist()
    return [
        flat[start:end].reshape(shape)
        for (start, end), shape in zip(pairwise(bounds), zip(*shapes, strict=True), strict=True)
    ]


def _numbers(array: pa.Array) -> NDArray[Any]:
    """The memory of a flat array of numbers.

    `array.to_numpy()` gives the same, but imports pandas if that is installed, which takes 0.2 s.
    """
    if array.null_count:
        raise ValueError("a number is missing in a column that has one for every place")
    dtype = np.dtype(_DTYPES[array.type])
    memory = array.buffers()[1]
    if not len(array) or memory is None:
        return np.empty(0, dtype)
    return np.frombuffer(memory, dtype, len(array), array.offset * dtype.itemsize)


def _contacts(array: pa.Array) -> list[Contacts]:
    records, offsets = array.flatten(), _numbers(array.offsets)
    bounds = (offsets - offsets[0]).tolist()
    members = {}
    for field in records.type:
        flat = records.field(field.name)
        fixed = pa.types.is_fixed_size_list(flat.type)
        numbers = _numbers(flat.flatten() if fixed else flat)
        members[field.name] = numbers.reshape(len(records), flat.type.list_size) if fixed else numbers
    return [
        Contacts(**{name: numbers[start:end] for name, numbers in members.items()})
        for start, end in pairwise(bounds)
    ]
