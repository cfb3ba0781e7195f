"""Samples on disk: what is stored, and how it is written. `columns` says what is stored.

Imported on first use, so that `import simgen.dataset` stays quick. Nothing here imports the physics engine,
the renderer or a cluster engine: reading a dataset needs none of them.
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
    "finish_dataset": "finish",
    "require_codec": "video",
}

if TYPE_CHECKING:
    from simgen.dataset.column_table import Column, Layout, columns
    from simgen.dataset.finish import finish_dataset
    from simgen.dataset.manifest import Manifest, Marker, Shard
    from simgen.dataset.sample import Sample
    from simgen.dataset.storage import FileRecord
    from simgen.dataset.video import decode_video, encode_video, require_codec
    from simgen.dataset.writer import ShardWriter

__all__ = [
    "Column",
    "FileRecord",
    "Layout",
    "Manifest",
    "Marker",
    "Sample",
    "Shard",
    "ShardWriter",
    "columns",
    "decode_video",
    "encode_video",
    "finish_dataset",
    "require_codec",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"simgen.dataset.{_HOME[name]}"), name)
    raise AttributeError(f"module 'simgen.dataset' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
