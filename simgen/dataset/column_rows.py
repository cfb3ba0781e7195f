"""The column table as a Markdown table, for docs/columns.md and the dataset card."""

from __future__ import annotations

import pyarrow as pa

from simgen.dataset.column_table import VIDEO_TYPE, Column
from simgen.dataset.features import type_name

__all__ = ["column_rows", "type_in_words"]

_MOST_MEMBERS = 16  # of params that are named in a cell


def column_rows(table: tuple[Column, ...]) -> list[str]:
    """A Markdown table of columns."""
    rows = ["| column | type | shape | unit | meaning | WebDataset |", "|---|---|---|---|---|---|"]
    for column in table:
        meaning = f"{column.meaning}. {_capital(column.undo)}" if column.undo else column.meaning
        many = column.name == "params" and column.type.num_fields > _MOST_MEMBERS
        cells = (
            f"`{column.name}`",
            f"struct of {column.type.num_fields} members" if many else type_in_words(column.type),
            column.shape,
            column.unit,
            meaning.replace("<", "&lt;"),  # Markdown takes <index> for HTML
            column.in_tar,
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return rows


def type_in_words(kind: pa.DataType) -> str:
    """A short name of an Arrow type, for people."""
    if kind == VIDEO_TYPE:
        return "video"
    if pa.types.is_struct(kind):
        return "struct of " + ", ".join(f"{field.name} {type_in_words(field.type)}" for field in kind)
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        inner = kind
        while pa.types.is_list(inner) or pa.types.is_fixed_size_list(inner):
            inner = inner.value_type
        return f"list of {type_in_words(inner)}" if pa.types.is_struct(inner) else f"{type_name(inner)} array"
    return type_name(kind)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
