"""What opening and reading cost beside what they cannot cost less than, in the same run.

`python benchmarks/store_speed.py` writes 1,024 clips and a manifest of 10,000 shards to a temporary folder and
prints: opening, the first clip, clips per second of both formats beside bare pyarrow, and, from a web server on
this machine, how many requests and bytes a shard costs.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))
from simgen.dataset import Manifest, Shard, ShardWriter, finish_dataset
from simgen.dataset.column_table import Layout
from simgen.dataset.values import values_of
from simgen.reading import open_dataset
from tests.dataset.samples import HandRecipe, make_sample
from tests.stores.web import serve

SHARDS, CLIPS, LABELS = 4, 256, ["state", "params"]
LARGE = {"train": 9000, "validation": 500, "test": 500}


def write(folder: Path) -> None:
    recipe = HandRecipe(size=(256, 256), frame_count=48)
    values = [values_of(make_sample(recipe, index), Layout.of(recipe)) for index in range(16)]
    markers = []
    for shard in range(SHARDS):
        with ShardWriter(folder, recipe, "train", shard, SHARDS) as writer:
            for index in range(shard * CLIPS, (shard + 1) * CLIPS):
                own = {"index": index, "key": f"hand-train-{index:08d}"}
                writer.add_values({**values[index % 16], **own})
            writer.finish()
        markers.append(writer.marker())
    finish_dataset(folder, recipe, markers, 1)


def write_large(source: Path, folder: Path) -> None:
    """The manifest of 10,000 shards, and the first of them."""
    manifest = Manifest.from_text((source / "manifest.json").read_bytes())
    shards = []
    for split, count in LARGE.items():
        for number in range(count):
            files = {
                f"{path.split('/')[0]}/{split}-{number:05d}-of-{count:05d}{Path(path).suffix}": replace(
                    record, sha256=hashlib.sha256(f"{split}{number}{path}".encode()).hexdigest()
                )
                for path, record in manifest.shards[0].files.items()
            }
            shards.append(Shard(split, number, number * CLIPS, CLIPS, files))
    (folder / "data").mkdir(parents=True)
    (folder / "manifest.json").write_text(replace(manifest, shards=tuple(shards)).to_text())
    first = next(iter((source / "data").glob("train-00000-*")))
    shutil.copyfile(first, folder / "data" / f"train-00000-of-{LARGE['train']:05d}.parquet")


def best_s(work: Callable[[], Any], runs: int = 5) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def bare_pyarrow(folder: Path, columns: list[str] | None) -> None:
    for path in sorted((folder / "data").glob("*.parquet")):
        with pq.ParquetFile(path, pre_buffer=False) as file:
            for group in range(file.num_row_groups):
                file.read_row_group(group, columns=columns, use_threads=False)


def read(
    location: str | Path, columns: list[str] | None, format: str = "parquet", touch: bool = False
) -> None:
    for clip in open_dataset(location, "train", columns=columns, format=format):
        if touch:
            _ = clip.state, clip.params


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder, large = Path(temporary) / "data", Path(temporary) / "large"
        folder.mkdir()
        write(folder)
        write_large(folder, large)
        start = time.perf_counter()
        dataset = open_dataset(large, "train")
        opened = time.perf_counter()
        clip = dataset[0]
        _ = clip.state, clip.rgb
        done = time.perf_counter()
        print(f"10,000 shards  open {opened - start:.3f} s   first clip with pixels {done - opened:.3f} s")
        total = SHARDS * CLIPS
        for name, columns in (("labels", LABELS), ("everything", None)):
            floor = best_s(
                lambda columns=columns: bare_pyarrow(folder, ["key", *columns] if columns else None)
            )
            ours = best_s(lambda columns=columns: read(folder, columns))
            used = best_s(lambda columns=columns: read(folder, columns, touch=True))
            tar = best_s(lambda columns=columns: read(folder, columns, "webdataset"), 2)
            print(
                f"{name:14} {total / ours:7,.0f} clips/s   with state and params used {total / used:7,.0f}"
                f"   bare pyarrow {total / floor:7,.0f}   ratio {ours / floor:.2f}   tar {total / tar:6,.0f}"
            )
        with serve(folder) as server:
            for format in ("parquet", "webdataset"):
                for name, columns in (("labels", LABELS), ("everything", None)):
                    for what, work in (
                        ("one clip", lambda url, c, f: open_dataset(url, "train", columns=c, format=f)[100]),
                        ("a shard", lambda url, c, f: [None for _, _ in zip(
                            range(CLIPS), open_dataset(url, "train", columns=c, format=f), strict=False)]),
                    ):  # fmt: skip
                        server.requests.clear()
                        work(server.url, columns, format)
                        shard = [request for request in server.requests if request.path != "manifest.json"]
                        sent = server.bytes_sent("data") + server.bytes_sent("webdataset")
                        print(
                            f"http {format:10} {name:10} {what:8} {len(shard):3} requests {sent / 1e6:6.2f} MB"
                        )


if __name__ == "__main__":
    main()
