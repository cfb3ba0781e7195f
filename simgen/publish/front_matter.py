"""The YAML at the top of a card, which the Hub and `datasets` read: files, features, sizes, licence, tags.

A repository has one builder. So the card of a dataset lists its Parquet files alone, and the tars, in a
repository of their own, have a card of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from simgen.dataset.column_table import CONTACTS_TYPE, VIDEO_TYPE, Column, columns, is_array
from simgen.dataset.features import type_name
from simgen.dataset.manifest import Manifest

__all__ = ["files_front", "front_matter", "ladder_configs", "metadata_front", "tar_files_front"]

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
_MOST_LISTED = 200  # files of a nested training set
_CONTACT_NUMBERS = 11  # of a row of contacts.npy
_PASS_TAGS = {
    "depth": "depth-estimation",
    "segmentation": "image-segmentation",
    "flow": "optical-flow",
    "normals": "surface-normals",
}


def front_matter(manifest: Manifest) -> dict[str, Any]:
    """What stands between the two lines of dashes."""
    return metadata_front(manifest) | files_front(manifest)


def metadata_front(manifest: Manifest) -> dict[str, Any]:
    """What a person may change: licence, name, language, tasks, tags."""
    passes = [_PASS_TAGS[name] for name in manifest.layout.passes if name in _PASS_TAGS]
    return {
        "license": "cc-by-4.0",
        "pretty_name": f"{manifest.name} (simgen)",
        "language": ["en"],
        "task_categories": ["text-to-video", "video-classification"],
        "tags": ["video", "physics", "synthetic", "simgen", *passes],
    }


def files_front(manifest: Manifest) -> dict[str, Any]:
    """What follows from the files: sizes, configurations, features, splits."""
    front = _origin(manifest)
    if "parquet" in manifest.formats:
        table = columns(manifest.layout)
        kinds = {"default": [column for column in table if not column.dense]}
        if manifest.layout.passes:
            kinds["dense"] = [column for column in table if column.dense or column.name == "key"]
        folders = {"default": "data", "dense": "dense"}
        front["configs"] = [_config(manifest, kind, f"{folders[kind]}/{{split}}-*.parquet") for kind in kinds]
        front["configs"] += ladder_configs(manifest)
        front["dataset_info"] = [
            _info(manifest, kind, folders[kind], _column_features(kinds[kind])) for kind in kinds
        ]
    return front


def tar_files_front(manifest: Manifest, files: str = "webdataset/{split}-*.tar") -> dict[str, Any]:
    """The same for the card of a repository that holds the tars; `files` says where they are in it.

    Its features are needed: without them `datasets` guesses every type from the first five samples.
    """
    front = _origin(manifest)
    front["configs"] = [_config(manifest, "default", files)]
    front["dataset_info"] = [
        _info(manifest, "default", "webdataset", _tar_features(columns(manifest.layout)))
    ]
    return front


def _origin(manifest: Manifest) -> dict[str, Any]:
    clips = sum(manifest.splits.values())
    return {
        "size_categories": [next((name for most, name in _SIZES if clips < most), "100M<n<1B")],
        "annotations_creators": ["machine-generated"],
    }


def _config(manifest: Manifest, name: str, files: str) -> dict[str, Any]:
    entries = [{"split": split, "path": files.format(split=split)} for split in manifest.splits]
    default = {"default": True} if name == "default" else {}
    return {"config_name": name, **default, "data_files": entries}


def ladder_configs(manifest: Manifest) -> list[dict[str, Any]]:
    """A configuration `<split>_<size>` for each nested training set: the shards that hold its clips. One of more files
    than a front matter should list is left out; a reader takes its clips with `take`.
    """
    found = []
    for split, sizes in manifest.study.get("ladders", {}).items():
        shards = manifest.of_split(split)
        for size in sizes:
            files = [shard.file("data") for shard in shards if shard.start + shard.clips <= size]
            if files and len(files) <= _MOST_LISTED and sum(s.clips for s in shards[: len(files)]) == size:
                entry = {"split": split, "path": files}
                found.append({"config_name": f"{split}_{size}", "data_files": [entry]})
    return found


def _info(manifest: Manifest, name: str, folder: str, features: Sequence[dict[str, Any]]) -> dict[str, Any]:
    sizes = {split: _bytes(manifest, split, folder) for split in manifest.splits}
    splits = [
        {"name": split, "num_bytes": sizes[split], "num_examples": clips}
        for split, clips in manifest.splits.items()
    ]
    total = sum(sizes.values())
    return {
        "config_name": name,
        "features": list(features),
        "splits": splits,
        "download_size": total,
        "dataset_size": total,
    }


def _bytes(manifest: Manifest, split: str, folder: str) -> int:
    """Size of a split's files in one folder."""
    files = (entry for shard in manifest.of_split(split) for entry in shard.files.items())
    return sum(record.bytes for path, record in files if path.startswith(f"{folder}/"))


def _column_features(table: Iterable[Column]) -> list[dict[str, Any]]:
    return [{"name": column.name, **_yaml_feature(column.type)} for column in table]


def _yaml_feature(kind: pa.DataType) -> dict[str, Any]:
    """A feature as the YAML of a card has it (what `Features._to_yaml_list` of `datasets` gives)."""
    if kind == VIDEO_TYPE:
        return {"dtype": "video"}
    if pa.types.is_struct(kind):
        return {"struct": [{"name": field.name, **_yaml_feature(field.type)} for field in kind]}
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        inner = _yaml_feature(kind.value_type)
        length = {"length": kind.list_size} if pa.types.is_fixed_size_list(kind) else {}
        return {"list": inner.get("struct", inner.get("dtype", inner)), **length}
    return {"dtype": type_name(kind)}


def _tar_features(table: Iterable[Column]) -> list[dict[str, Any]]:
    """The files of a sample, as `datasets` opens them, and the two names that it adds."""
    text = _yaml_feature(pa.string())
    record: list[dict[str, Any]] = []
    files: dict[str, dict[str, Any]] = {}
    for column in table:
        _put(column.name, column, column.type, column.tar_file, record, files)
    entries = [{"name": name, **feature} for name, feature in ({"json": {"struct": record}} | files).items()]
    return [{"name": "__key__", **text}, {"name": "__url__", **text}, *entries]


def _put(
    name: str,
    column: Column,
    kind: pa.DataType,
    file: str,
    record: list[dict[str, Any]],
    files: dict[str, dict[str, Any]],
) -> None:
    """Where `simgen.dataset.tar` puts a value, there its type."""
    if file:
        files[file] = _file_feature(file, kind)
    elif pa.types.is_struct(kind) and not column.text:
        for member in kind:
            path = f"{name}_{member.name}"
            _put(path, column, member.type, f"{path}.npy" if is_array(member.type) else "", record, files)
    else:
        as_text = column.text or pa.types.is_list(kind)
        record.append({"name": name, **_yaml_feature(pa.string() if as_text else kind)})


def _file_feature(file: str, kind: pa.DataType) -> dict[str, Any]:
    if file.endswith((".mp4", ".mkv")) or file in ("mp4", "mkv"):
        return {"dtype": "video"}
    if file.endswith(".npy.gz"):  # pixel labels: (T, H, W) whole numbers of eight bits
        kind = pa.list_(pa.list_(pa.list_(pa.uint8())))
    elif kind == CONTACTS_TYPE:
        kind = pa.list_(pa.list_(pa.float64(), _CONTACT_NUMBERS))
    return _yaml_feature(kind)
