"""The clips of a row group, converted from Arrow when a column is first asked for.

Reading Parquet costs what pyarrow costs; a loop that looks at three columns of thirty pays for three. Videos
and dense passes are taken out at once: a clip that is kept does not keep the videos of its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from simgen.dataset.column_table import Column
from simgen.dataset.parquet import cells_of
from simgen.reading.damage import naming

__all__ = ["Row", "RowGroup"]


class RowGroup:
    """Columns of some clips, from one file or, with `add`, from several."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._cells: dict[str, list[Any] | None] = {}  # column -> a value per row; None until it is asked for
        self._waiting: dict[str, tuple[Column, pa.ChunkedArray, str, str]] = {}

    def add(self, table: pa.Table, columns: Iterable[Column], path: str, clips: str) -> None:
        """`path` and `clips` are for messages."""
        for column in columns:
            array = table.column(column.name)
            packed = column.is_video or pa.types.is_binary(column.type)
            self._cells[column.name] = cells_of(column, array) if packed else None
            if not packed:
                self._waiting[column.name] = (column, array, path, clips)

    def names(self) -> dict[str, list[Any] | None]:
        return self._cells

    def cells(self, name: str) -> list[Any]:
        """A value per row. KeyError when there is no such column."""
        cells = self._cells[name]
        if cells is None:
            column, array, path, clips = self._waiting[name]
            with naming(path, clips):
                cells = cells_of(column, array)
            self._cells[name] = cells
            del self._waiting[name]
        return cells

    def rows(self) -> list[Row]:
        return [Row(self, place) for place in range(self.count)]


class Row(Mapping[str, Any]):
    """The values of one clip."""

    __slots__ = ("_group", "_place")

    def __init__(self, group: RowGroup, place: int) -> None:
        self._group = group
        self._place = place

    def __getitem__(self, name: str) -> Any:
        return self._group.cells(name)[self._place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._group.names())

    def __len__(self) -> int:
        return len(self._group.names())

    def __contains__(self, name: object) -> bool:
        return name in self._group.names()

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """What goes to another process is this clip alone."""
        return dict, (dict(self),)
