"""The card of the repository that holds the tars: a README.md whose front matter makes `load_dataset` read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import yaml

from simgen.dataset.column_table import CONTACTS_TYPE, Column, Layout, columns, is_array
from simgen.dataset.features import type_name
from simgen.dataset.manifest import Manifest

__all__ = ["tar_card", "tar_features", "tar_front_matter"]

_OF_PARQUET = ("configs", "dataset_info")


def tar_card(front: Mapping[str, Any], body: str, manifest: Manifest) -> str:
    """The dataset's own card, edits and all, with the tars in place of the Parquet files in its front matter."""
    text = yaml.safe_dump(tar_front_matter(front, manifest), sort_keys=False, allow_unicode=True, width=110)
    return f"---\n{text}---\n{body}"


def tar_front_matter(front: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    files = [{"split": split, "path": f"webdataset/{split}-*.tar"} for split in manifest.splits]
    sizes = dict.fromkeys(manifest.splits, 0)
    for shard in manifest.shards:
        sizes[shard.split] += sum(record.bytes for record in shard.files.values())
    total = sum(sizes.values())
    splits = [
        {"name": split, "num_bytes": sizes[split], "num_examples": clips}
        for split, clips in manifest.splits.items()
    ]
    kept = {key: value for key, value in front.items() if key not in _OF_PARQUET}
    return {
        **kept,
        "configs": [{"config_name": "default", "default": True, "data_files": files}],
        "dataset_info": {
            "config_name": "default",
            "features": tar_features(manifest.layout),
            "splits": splits,
            "download_size": total,
            "dataset_size": total,
        },
    }


def tar_features(layout: Layout) -> list[dict[str, Any]]:
    """What the fields of a sample are, as the YAML of a card has it. `datasets` would else infer it from the first five
    samples, and read an empty list in all of them as a column of nulls.
    """
    files: dict[str, dict[str, Any]] = {}
    record: list[dict[str, Any]] = []
    for column in columns(layout):
        if column.tar_file:
            files[column.tar_file] = _file(column)
        elif pa.types.is_struct(column.type) and not column.text:
            for member in column.type:
                name = f"{column.name}_{member.name}"
                if is_array(member.type):
                    files[f"{name}.npy"] = _nested(*_depth(member.type))
                else:
                    record.append({"name": name, "dtype": _in_json(member.type)})
        else:
            text = column.text or pa.types.is_list(column.type)
            record.append({"name": column.name, "dtype": "string" if text else _in_json(column.type)})
    return [
        *({"name": name, **feature} for name, feature in files.items()),
        {"name": "json", "struct": record},
        {"name": "__key__", "dtype": "string"},
        {"name": "__url__", "dtype": "string"},
    ]


def _file(column: Column) -> dict[str, Any]:
    suffix = column.tar_file.rsplit(".", 1)[-1]
    if suffix in ("mp4", "mkv"):
        return {"dtype": "video"}
    if suffix == "gz":  # an exact pass: the axes stand in its shape
        return _nested(column.shape.count(",") + 1, "uint8")
    if column.type == CONTACTS_TYPE:
        return _nested(2, "float64")
    return _nested(*_depth(column.type))


def _nested(depth: int, dtype: str) -> dict[str, Any]:
    """Lists of lists of a number; a plain value at depth 0."""
    if depth == 0:
        return {"dtype": dtype}
    inner: Any = dtype
    for _ in range(depth - 1):
        inner = {"list": inner}
    return {"list": inner}


def _depth(kind: pa.DataType) -> tuple[int, str]:
    depth = 0
    while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        kind, depth = kind.value_type, depth + 1
    return depth, type_name(kind)


def _in_json(kind: pa.DataType) -> str:
    """Numbers of JSON have 64 bits."""
    if pa.types.is_integer(kind):
        return "int64"
    return "float64" if pa.types.is_floating(kind) else type_name(kind)
