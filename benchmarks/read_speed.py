"""How fast clips are read: simgen's reader against bare decoding and against the libraries that people use, in one run.

    python benchmarks/read_speed.py [--clips 384] [--rounds 3]        needs the extra `test` (torch, datasets, webdataset)

Builds `recipes/incline.yaml` (256 px, 48 frames, both formats) once, then times, in turns and with one decoder thread:

* whole clips: PyAV alone on videos that lie in memory; simgen from Parquet and from tars; the `webdataset` library and
  `datasets` streaming, both with that same PyAV function.
* windows of 4 and of 16 frames at a random place: what one writes with those libraries (decode to the end of the window,
  convert the frames of the window); simgen with `frames=`.
* labels only; two `DataLoader` workers against one; the first clip of a cold process; a manifest of 10,000 shards.

Every figure is a ratio of medians over the rounds, but for those that the project promises in clips per second or seconds.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

import simgen

HERE = Path(__file__).parent


def decoded(video: bytes, start: int = 0, count: int | None = None) -> np.ndarray:
    """Frames start … start + count - 1 as one writes it with PyAV by one who knows it; all when count is None."""
    frames = []
    reformatter = VideoReformatter()
    with av.open(io.BytesIO(video)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for number, frame in enumerate(container.decode(stream)):
            if number >= start:
                frames.append(reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray())
            if count is not None and len(frames) == count:
                break
    return np.stack(frames)


def seconds(work: Callable[[], int]) -> float:
    """Wall seconds per clip of a pass that returns how many clips it read."""
    start = time.perf_counter()
    clips = work()
    return (time.perf_counter() - start) / clips


def passes(folder: Path, frames: int | None) -> dict[str, Callable[[], int]]:
    """One pass over all clips, by the name of the reader."""
    import webdataset

    import datasets

    total = len(simgen.open_dataset(folder, "train"))
    recorded = simgen.open_dataset(folder, "train")[0].state.shape[0]
    videos = [clip.video_bytes() for clip in simgen.open_dataset(folder, "train", columns=["video"])]

    def window() -> Iterator[tuple[int, int | None]]:
        draw = np.random.default_rng(0)
        while True:
            yield (0, None) if frames is None else (int(draw.integers(recorded - frames + 1)), frames)

    def alone() -> int:
        for video, (start, count) in zip(videos, window(), strict=False):
            decoded(video, start, count)
        return total

    def ours(format: str) -> int:
        stream = simgen.open_dataset(folder, "train", format=format, decoder="pyav").numpy(
            ["video", "state", "caption"], frames=frames
        )
        return sum(1 for _ in stream)

    def tars() -> int:
        shards = sorted(str(path) for path in (folder / "webdataset").glob("train-*.tar"))
        clips = webdataset.WebDataset(shards, shardshuffle=False).to_tuple("mp4", "state.npy", "txt")
        count = 0
        for (video, state, caption), (start, length) in zip(clips, window(), strict=False):
            decoded(video, start, length), np.load(io.BytesIO(state)), caption.decode()
            count += 1
        return count

    def rows() -> int:
        files = sorted(str(path) for path in (folder / "data").glob("train-*.parquet"))
        clips = datasets.load_dataset(
            "parquet", data_files=files, split="train", streaming=True, columns=["video", "state", "caption"]
        )
        count = 0
        for row, (start, length) in zip(clips.decode(False).with_format("numpy"), window(), strict=False):
            decoded(bytes(row["video"]["bytes"]), start, length)
            count += 1
        return count

    return {
        "PyAV alone": alone,
        "simgen, Parquet": lambda: ours("parquet"),
        "simgen, tar": lambda: ours("webdataset"),
        "webdataset": tars,
        "datasets": rows,
    }


def compare(folder: Path, frames: int | None, rounds: int) -> None:
    work = passes(folder, frames)
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, read in work.items():
            times[name].append(seconds(read))
    median = {name: statistics.median(found) for name, found in times.items()}
    print(
        f"{'whole clips' if frames is None else f'windows of {frames} frames'}, ms per clip; speed relative to"
    )
    print(f"  {'':18} {'ms':>7}  {'PyAV alone':>11} {'webdataset':>11} {'datasets':>9}")
    for name, found in median.items():
        relative = [median[other] / found for other in ("PyAV alone", "webdataset", "datasets")]
        print(f"  {name:18} {found * 1e3:7.2f}  {relative[0]:11.2f} {relative[1]:11.2f} {relative[2]:9.2f}")


def labels_only(folder: Path, rounds: int) -> None:
    def read() -> int:
        dataset = simgen.open_dataset(folder, "train", columns=["state", "params", "law"])
        count = 0
        for clip in dataset:
            _ = clip.state, clip.params
            count += 1
        return count

    read()
    rate = 1 / statistics.median(seconds(read) for _ in range(5 * rounds))
    print(f"labels only (state, params, law; opening included): {rate:,.0f} clips/s")


def workers(folder: Path, rounds: int) -> None:
    from torch.utils.data import DataLoader

    rates = []
    for _ in range(rounds):
        spent = []
        for count in (1, 2):
            stream = simgen.open_dataset(folder, "train", shuffle=True).torch(["video", "state"])
            loader = DataLoader(
                stream, batch_size=4, sampler=stream.sampler, num_workers=count, persistent_workers=True
            )
            sum(1 for _ in loader)  # the workers start
            spent.append(seconds(lambda loader=loader: 4 * sum(1 for _ in loader)))
        rates.append(spent[0] / spent[1])
    print(
        f"two DataLoader workers against one: {statistics.median(rates):.2f} ({min(rates):.2f} .. {max(rates):.2f})"
    )


def cold(folder: Path, rounds: int) -> None:
    code = (
        "import time; begin = time.perf_counter(); import simgen; from simgen.reading import open_dataset, Clip\n"
        "import simgen.reading.shard_readers, simgen.dataset.video, pyarrow.parquet, av\n"
        f"imported = time.perf_counter(); open_dataset({str(folder)!r}, 'train')[0].rgb\n"
        "print(imported - begin, time.perf_counter() - imported)"
    )
    times = []
    for _ in range(rounds):
        printed = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout
        times.append([float(part) for part in printed.split()])
    imports, first = (statistics.median(column) for column in zip(*times, strict=True))
    print(
        f"first clip of a cold process: {first:.3f} s after {imports:.3f} s of imports (numpy, pyarrow, PyAV)"
    )


def many_shards(folder: Path, rounds: int, count: int = 10_000) -> None:
    """The manifest of a dataset of so many shards, of which the first one is really there."""
    from simgen.dataset.manifest import MANIFEST, Manifest

    target = folder.parent / "many"
    (target / "data").mkdir(parents=True)
    manifest = Manifest.from_text((folder / MANIFEST).read_text())
    shard = manifest.of_split("train")[0]
    path = shard.file("data")
    assert path
    (target / path).symlink_to(folder / path)
    text = json.loads(manifest.to_text())
    line = shard.to_json()
    text["shards"] = [{**line, "shard": place, "start": place * shard.clips} for place in range(count)]
    text["formats"] = ["parquet"]
    (target / MANIFEST).write_text(json.dumps(text))
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        dataset = simgen.open_dataset(target, "train", shuffle=True, columns=["state"])
        opened = time.perf_counter() - start
        assert 0 <= dataset.order(epoch=0)[0] < len(dataset)
        assert dataset[0].state.size
        times.append((opened, time.perf_counter() - start))
    opened, first = (statistics.median(column) for column in zip(*times, strict=True))
    print(
        f"opening {count:,} shards ({len(dataset):,} clips): {opened:.2f} s; order drawn and clip 0 read after {first:.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    scratch = Path(tempfile.mkdtemp())
    os.environ.update(HF_HOME=str(scratch / "hf"), HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")
    folder = scratch / "incline"
    recipe = scratch / "incline.yaml"
    recipe.write_text(
        (HERE.parent / "recipes" / "incline.yaml").read_text()
        + "\noutput: {format: both, clips_per_shard: 32}\n"
    )
    command = [
        sys.executable,
        "-m",
        "simgen",
        "build",
        str(recipe),
        "-o",
        str(folder),
        "--clips",
        str(arguments.clips),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        compare(folder, None, arguments.rounds)
        compare(folder, 16, arguments.rounds)
        compare(folder, 4, arguments.rounds)
        labels_only(folder, arguments.rounds)
        workers(folder, arguments.rounds)
        cold(folder, arguments.rounds)
        many_shards(folder, arguments.rounds)
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
