"""The dataset card: a README.md with the front matter that the Hub and `datasets` read, and a page for a
person.

Made from manifest and column table alone, so it is the same whoever built the dataset.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import yaml

from simgen.dataset.column_table import FRAMES, PIXELS, VIDEO_TYPE, Column, columns
from simgen.dataset.features import type_name
from simgen.dataset.manifest import Manifest

__all__ = ["column_rows", "dataset_card", "front_matter"]

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)


def dataset_card(manifest: Manifest) -> str:
    """The whole README.md."""
    front = yaml.safe_dump(front_matter(manifest), sort_keys=False, allow_unicode=True, width=110)
    return f"---\n{front}---\n\n{_body(manifest)}"


def front_matter(manifest: Manifest) -> dict[str, Any]:
    """What stands between the two lines of dashes. Only Parquet is listed: a repository has one builder."""
    clips = sum(manifest.splits.values())
    front: dict[str, Any] = {
        "license": "cc-by-4.0",
        "pretty_name": f"{manifest.name} (simgen)",
        "task_categories": ["text-to-video", "video-classification"],
        "size_categories": [next((name for most, name in _SIZES if clips < most), "100M<n<1B")],
        "annotations_creators": ["machine-generated"],
        "language": ["en"],
        "tags": ["video", "physics", "synthetic", "simgen"],
    }
    if "parquet" in manifest.formats:
        table = columns(manifest.layout)
        kinds = {"default": [column for column in table if not column.dense]}
        if manifest.layout.passes:
            kinds["dense"] = [column for column in table if column.dense or column.name == "key"]
        folders = {"default": "data", "dense": "dense"}
        front["configs"] = [_config(manifest, kind, folders[kind]) for kind in kinds]
        front["dataset_info"] = [_info(manifest, kind, folders[kind], kinds[kind]) for kind in kinds]
    return front


def _config(manifest: Manifest, name: str, folder: str) -> dict[str, Any]:
    files = [{"split": split, "path": f"{folder}/{split}-*.parquet"} for split in manifest.splits]
    default = {"default": True} if name == "default" else {}
    return {"config_name": name, **default, "data_files": files}


def _info(manifest: Manifest, name: str, folder: str, table: list[Column]) -> dict[str, Any]:
    sizes = {split: _bytes(manifest, split, folder) for split in manifest.splits}
    splits = [
        {"name": split, "num_bytes": sizes[split], "num_examples": clips}
        for split, clips in manifest.splits.items()
    ]
    total = sum(sizes.values())
    return {
        "config_name": name,
        "features": [{"name": column.name, **_yaml_feature(column.type)} for column in table],
        "splits": splits,
        "download_size": total,
        "dataset_size": total,
    }


def _bytes(manifest: Manifest, split: str, folder: str) -> int:
    """Size of a split's files in one folder."""
    files = (entry for shard in manifest.of_split(split) for entry in shard.files.items())
    return sum(record.bytes for path, record in files if path.startswith(f"{folder}/"))


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


def column_rows(table: tuple[Column, ...]) -> list[str]:
    """A Markdown table of columns."""
    rows = ["| column | type | shape | unit | meaning | WebDataset |", "|---|---|---|---|---|---|"]
    for column in table:
        meaning = f"{column.meaning}. {_capital(column.undo)}" if column.undo else column.meaning
        cells = (
            f"`{column.name}`",
            type_in_words(column.type),
            column.shape,
            column.unit,
            meaning,
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


def _body(manifest: Manifest) -> str:
    video = manifest.video
    splits = ", ".join(f"{split} {clips:,}" for split, clips in manifest.splits.items())
    first = next(iter(manifest.splits))
    scenarios = ", ".join(f"`{name}`" for name, _ in manifest.layout.mixture) or f"`{manifest.scenario}`"
    noun = "scenarios" if len(manifest.layout.mixture) > 1 else "scenario"
    passes = f" Dense passes: {', '.join(manifest.layout.passes)}." if manifest.layout.passes else ""
    lines = [
        f"# {manifest.name}",
        "",
        f"Simulated physics on video: {sum(manifest.splits.values()):,} clips of the {noun} "
        f"{scenarios} ({splits}), {video['width']} x {video['height']} pixels, "
        f"{video['frame_count']} frames at {video['fps']:g} per second, with captions, the state of every "
        "body at "
        f"every frame, contacts, events, cameras and the law that each clip obeys.{passes}",
        "",
        "Made by [simgen](https://pypi.org/project/simgen-physics/) "
        f"{manifest.versions.get('simgen', '')} from `recipe.yaml`; `simgen build recipe.yaml` makes it "
        "again.",
        "",
        "## Load it",
        "",
        "```python",
        *_loading(manifest, first),
        "```",
        "",
        "## Columns",
        "",
        "T frames, N bodies, C contacts, H x W pixels. SI units, z up, quaternions x y z w. "
        f"{_capital(FRAMES)}. {_capital(PIXELS)}.",
        "",
        *column_rows(tuple(column for column in columns(manifest.layout) if not column.dense)),
        "",
    ]
    if manifest.layout.passes:
        dense = tuple(column for column in columns(manifest.layout) if column.dense)
        lines += ["In `dense/`, one row per clip, joined by `key`:", "", *column_rows(dense), ""]
    lines += [
        "## Versions",
        "",
        f"Recipe {manifest.recipe_hash}, generator version {manifest.generator_version}, "
        + ", ".join(f"{name} {version}" for name, version in manifest.versions.items() if version)
        + ".",
    ]
    return "\n".join(lines) + "\n"


def _loading(manifest: Manifest, split: str) -> list[str]:
    lines = [
        "import simgen",
        "",
        f'for clip in simgen.open_dataset("path/to/{manifest.name}", split="{split}"):',
    ]
    lines += ["    clip.rgb, clip.state, clip.caption   # (T, H, W, 3) uint8, (T, N, 13) float32, str"]
    if "parquet" in manifest.formats:
        lines += ["", "from datasets import load_dataset", ""]
        lines += [f'load_dataset("path/to/{manifest.name}", split="{split}", streaming=True)']
    if "webdataset" in manifest.formats:
        lines += ["", "import webdataset", ""]
        last = max(shard.shard for shard in manifest.of_split(split))
        shards = f"{split}-{{00000..{last:05d}}}-of-{last + 1:05d}.tar"
        lines += [f'webdataset.WebDataset("path/to/{manifest.name}/webdataset/{shards}", shardshuffle=False)']
    return lines
