"""How to load the dataset, a snippet per library. Each one runs as it stands next to the dataset's folder."""

from __future__ import annotations

from simgen.publish.card_facts import Facts

__all__ = ["snippets"]


def snippets(facts: Facts) -> dict[str, str]:
    """Title -> Python."""
    found = {"simgen": _simgen(facts)}
    if "parquet" in facts.manifest.formats:
        found["`datasets`"] = _datasets(facts)
    if "webdataset" in facts.manifest.formats:
        found["`webdataset`"] = _webdataset(facts)
    if "parquet" in facts.manifest.formats:
        found["DuckDB"] = _duckdb(facts)
        found["Polars"] = _polars(facts)
    return found


def _place(facts: Facts) -> str:
    """Where the files are, as fsspec knows it."""
    return f"hf://datasets/{facts.repo}" if facts.repo else facts.manifest.name


def _simgen(facts: Facts) -> str:
    return f"""\
import simgen

clips = simgen.open_dataset("{_place(facts)}", split="{facts.first_split}")
clip = clips[0]
print(clip.caption)
print(clip.rgb.shape, clip.state.shape, dict(clip.params), clip.law)
"""


def _datasets(facts: Facts) -> str:
    return f"""\
import datasets

clips = datasets.load_dataset("{facts.repo or facts.manifest.name}", split="{facts.first_split}", streaming=True)
row = next(iter(clips))
frames = row["video"][:]  # decoded by torchcodec: (T, 3, H, W), uint8
print(row["caption"], tuple(frames.shape), row["params"])
"""


def _webdataset(facts: Facts) -> str:
    shards = facts.manifest.of_split(facts.first_split)
    last = len(shards) - 1
    number = "{00000.." + f"{last:05d}" + "}" if last else "00000"
    folder = f"{_place(facts)}-wds" if facts.repo else _place(facts)
    video = {"h264": "mp4", "ffv1": "mkv"}[facts.manifest.layout.codec]
    return f"""\
import io

import numpy as np
import webdataset

shards = "{folder}/webdataset/{facts.first_split}-{number}-of-{last + 1:05d}.tar"
for sample in webdataset.WebDataset(shards, shardshuffle=False):
    video, caption = sample["{video}"], sample["txt"].decode()
    state = np.load(io.BytesIO(sample["state.npy"]))
    print(sample["__key__"], caption, len(video), state.shape)
    break
"""


def _query(facts: Facts) -> str:
    number = next((name for name, kind in facts.manifest.layout.params if kind == "float"), "")
    columns = ["key", *([f"params.{number}"] if number else []), "caption"]
    return f"select {', '.join(columns)} from '{_place(facts)}/data/{facts.first_split}-*.parquet' limit 5"


def _duckdb(facts: Facts) -> str:
    if not facts.repo:
        return f'''\
import duckdb

print(duckdb.sql("{_query(facts)}"))
'''
    return f'''\
import duckdb
from huggingface_hub import HfFileSystem

duckdb.register_filesystem(HfFileSystem())
print(duckdb.sql("{_query(facts)}"))
'''


def _polars(facts: Facts) -> str:
    """Of the Hub, one file through fsspec; a folder, lazily."""
    if not facts.repo:
        return f'''\
import polars as pl

clips = pl.scan_parquet("{_place(facts)}/data/{facts.first_split}-*.parquet")
contacts = clips.select("key", pl.col("contacts").list.len().alias("contacts"), "params").unnest("params")
print(contacts.head().collect())
'''
    path = facts.manifest.of_split(facts.first_split)[0].file("data")
    return f'''\
import fsspec
import polars as pl

with fsspec.open("{_place(facts)}/{path}") as file:
    clips = pl.read_parquet(file, columns=["key", "params", "contacts"])
print(clips.select("key", pl.col("contacts").list.len().alias("contacts"), "params").unnest("params"))
'''
