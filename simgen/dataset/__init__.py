"""Samples on disk: what is stored, how it is written, read back and checked. See `columns` for the columns.

Imported on first use, so that `import simgen.dataset` stays quick. Nothing here imports the physics engine, the
renderer or a cluster engine: reading a dataset needs none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "Column": "column_table",
    "FileRecord": "storage",
    "Layout": "column_table",
    "Manifest": "manifest",
    "Marker": "manifest",
    "Sample": "sample",
    "Shard": "manifest",
    "ShardWriter": "writer",
    "columns": "column_table",
    "decode_video": "video",
    "encode_video": "video",
    "require_codec": "video",
}

__all__ = [  # noqa: PLE0604
    *_HOME
]

if TYPE_CHECKING:
    from simgen.dataset.column_table import Column, Layout, columns
    from simgen.dataset.manifest import Manifest, Marker, Shard
    from simgen.dataset.sample import Sample
    from simgen.dataset.storage import FileRecord
    from simgen.dataset.video import decode_video, encode_video, require_codec
    from simgen.dataset.writer import ShardWriter


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"simgen.dataset.{_HOME[name]}"), name)
    raise AttributeError(f"module 'simgen.dataset' has no attribute {name!r}")
