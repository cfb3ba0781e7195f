"""What a Parquet file says about itself: the `datasets` features, with the Video type, and simgen's own
notes.

`datasets` reads the key `huggingface` of the schema metadata; without it a video column would be a struct of
bytes to its users. Written without importing `datasets`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from simgen.dataset.column_table import FRAMES, PIXELS, VIDEO_TYPE, Column
from simgen.dataset.manifest import FORMAT
from simgen.physics.trace import STATE_FIELDS

__all__ = ["feature", "schema_metadata", "type_name"]

_NAMES = {"double": "float64", "float": "float32"}


def type_name(kind: pa.DataType) -> str:
    """A plain type as `datasets` calls it."""
    return _NAMES.get(str(kind), str(kind))


def feature(kind: pa.DataType) -> dict[str, Any]:
    """The JSON of the `datasets` feature of an Arrow type."""
    if kind == VIDEO_TYPE:
        return {"_type": "Video"}
    if pa.types.is_struct(kind):
        return {field.name: feature(field.type) for field in kind}
    if pa.types.is_fixed_size_list(kind):
        return {"feature": feature(kind.value_type), "length": kind.list_size, "_type": "List"}
    if pa.types.is_list(kind):
        return {"feature": feature(kind.value_type), "_type": "List"}
    return {"dtype": type_name(kind), "_type": "Value"}


def schema_metadata(table: Iterable[Column]) -> dict[str, str]:
    """Key-value metadata of the schema."""
    table = tuple(table)
    notes = {
        "format": FORMAT,
        "state_order": list(STATE_FIELDS),
        "state_units": ["m"] * 3 + ["1"] * 4 + ["m/s"] * 3 + ["rad/s"] * 3,
        "quaternion": "x y z w",
        "world": "right-handed, z up, SI units",
        "pixels": PIXELS,
        "frames": FRAMES,
        "columns": {
            column.name: {
                "unit": column.unit,
                "shape": column.shape,
                "meaning": column.meaning,
                "undo": column.undo,
            }
            for column in table
        },
    }
    features = {column.name: feature(column.type) for column in table}
    return {"huggingface": json.dumps({"info": {"features": features}}), "simgen": json.dumps(notes)}
