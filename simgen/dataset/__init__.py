"""Samples on disk: what is stored, how it is written, read back and checked. `columns` says what is stored.

Imported on first use, so that `import simgen.dataset` stays quick. Nothing here imports the physics engine,
the renderer or a cluster engine: reading a dataset needs none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "Clip": "clip",
    "Column": "column_table",
    "Dataset": "reader",
    "FileRecord": "storage",
    "Layout": "column_table",
    "Manifest": "manifest",
    "Marker": "manifest",
    "Sample": "sample",
    "Shard": "manifest",
    "ShardWriter": "writer",
    "VerifyReport": "verification",
    "columns": "column_table",
    "decode_video": "video",
    "differences": "comparison",
    "encode_video": "video",
    "finish_dataset": "finish",
    "open_dataset": "reader",
    "require_codec": "video",
    "verify": "verification",
}

if TYPE_CHECKING:
    from simgen.dataset.clip import Clip
    from simgen.dataset.column_table import Column, Layout, columns
    from simgen.dataset.comparison import differences
    from simgen.dataset.finish import finish_dataset
    from simgen.dataset.manifest import Manifest, Marker, Shard
    from simgen.dataset.reader import Dataset, open_dataset
    from simgen.dataset.sample import Sample
    from simgen.dataset.storage import FileRecord
    from simgen.dataset.verification import VerifyReport, verify
    from simgen.dataset.video import decode_video, encode_video, require_codec
    from simgen.dataset.writer import ShardWriter

__all__ = [
    "Clip",
    "Column",
    "Dataset",
    "FileRecord",
    "Layout",
    "Manifest",
    "Marker",
    "Sample",
    "Shard",
    "ShardWriter",
    "VerifyReport",
    "columns",
    "decode_video",
    "differences",
    "encode_video",
    "finish_dataset",
    "open_dataset",
    "require_codec",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"simgen.dataset.{_HOME[name]}"), name)
    raise AttributeError(f"module 'simgen.dataset' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
