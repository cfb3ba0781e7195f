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
        if not facts.repo:  # DuckDB reads the Hub with an extension that it fetches from the network
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
    beside = facts.repo and "parquet" in facts.manifest.formats
    folder = f"{_place(facts)}-wds" if beside else _place(facts)
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


def _number(facts: Facts) -> str:
    """The first parameter that is a number, "" if there is none."""
    return next((name for name, kind in facts.manifest.layout.params if kind == "float"), "")


def _duckdb(facts: Facts) -> str:
    number = _number(facts)
    columns = ["key", *([f"params.{number}"] if number else []), "caption"]
    files = f"{_place(facts)}/data/{facts.first_split}-*.parquet"
    return f"""\
import duckdb

print(duckdb.sql("select {", ".join(columns)} from '{files}' limit 5"))
"""


def _polars(facts: Facts) -> str:
    """Of the Hub one file, through fsspec; of a folder all, lazily."""
    number = _number(facts)
    drawn = f', pl.col("params").struct.field("{number}")' if number else ""
    table = f'"key"{drawn}, contacts=pl.col("contacts").list.len()'
    if not facts.repo:
        return f"""\
import polars as pl

clips = pl.scan_parquet("{_place(facts)}/data/{facts.first_split}-*.parquet")
print(clips.select({table}).head().collect())
"""
    path = facts.manifest.of_split(facts.first_split)[0].file("data")
    return f"""\
import fsspec
import polars as pl

with fsspec.open("{_place(facts)}/{path}") as file:
    clips = pl.read_parquet(file, columns=["key", "params", "contacts"])
print(clips.select({table}).head())
"""
