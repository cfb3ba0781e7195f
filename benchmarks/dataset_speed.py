"""What storing and reading a clip costs beside what it cannot cost less than, in the same run.

`python benchmarks/dataset_speed.py` prints core-milliseconds per clip (256 x 256, 48 frames) and ratios: the
video beside x264 alone on frames that are already converted, the dense passes, both formats' files, reading.
"""

from __future__ import annotations

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from simgen.dataset import ShardWriter, decode_video, encode_video, finish_dataset
from simgen.dataset.column_table import Layout
from simgen.dataset.dense import decode_pass, encode_pass
from simgen.dataset.values import values_of
from simgen.dataset.video import _TO_YUV, _X264
from simgen.reading import open_dataset
from simgen.render.frames import PASSES
from simgen.verification import verify

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.dataset.samples import HandRecipe, make_sample

RUNS = 7
CLIPS = 64


def cost_ms(work: Callable[[], Any], runs: int = RUNS) -> float:
    """Median core time of `work` in milliseconds."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(1e3 * (time.process_time() - start))
    return statistics.median(times)


def x264_alone(rgb: np.ndarray) -> Callable[[], None]:
    """Encodes frames that have been converted before: the floor of a build's video."""
    reformatter = av.video.reformatter.VideoReformatter()
    frames = [
        reformatter.reformat(
            av.VideoFrame.from_ndarray(picture, "rgb24"),
            format="yuv420p",
            dst_colorspace=1,
            interpolation=_TO_YUV,
        )
        for picture in rgb
    ]

    def work() -> None:
        with av.open(io.BytesIO(), "w", format="mp4") as container:
            stream: Any = container.add_stream("libx264", rate=Fraction(24), options=_X264)
            stream.width, stream.height, stream.pix_fmt = rgb.shape[2], rgb.shape[1], "yuv420p"
            stream.codec_context.thread_count = 1
            for index, frame in enumerate(frames):
                frame.pts = index
                container.mux(stream.encode(frame))
            container.mux(stream.encode())

    return work


def bare_decode(data: bytes) -> Callable[[], None]:
    def work() -> None:
        with av.open(io.BytesIO(data)) as container:
            for frame in container.decode(video=0):
                frame.to_ndarray(format="rgb24")

    return work


def main() -> None:
    recipe = HandRecipe(size=(256, 256), frame_count=48, passes=PASSES)
    sample = make_sample(recipe, 1)
    frames = sample.frames["main"]
    floor = cost_ms(x264_alone(frames.rgb))
    ours = cost_ms(lambda: encode_video(frames.rgb, 24.0))
    print(f"video         encode {ours:6.1f} ms   x264 alone {floor:6.1f} ms   ratio {ours / floor:.2f}")
    data = encode_video(frames.rgb, 24.0)
    ours, floor = cost_ms(lambda: decode_video(data)), cost_ms(bare_decode(data))
    print(f"              decode {ours:6.1f} ms   bare PyAV  {floor:6.1f} ms   ratio {ours / floor:.2f}")
    for name in PASSES:
        values = encode_pass(name, frames, 24.0)
        size = sum(len(value) for value in values.values() if isinstance(value, bytes))
        there = cost_ms(lambda name=name: encode_pass(name, frames, 24.0))
        back = cost_ms(lambda name=name, values=values: decode_pass(name, values))
        print(f"{name:13} encode {there:6.1f} ms   decode {back:6.1f} ms   {size / 1e3:.0f} kB")
    plain = HandRecipe(size=(256, 256), frame_count=48)
    values = values_of(sample, Layout.of(plain))
    for formats in (("parquet",), ("webdataset",), ("parquet", "webdataset")):
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            with ShardWriter(Path(folder), plain, "train", 0, 1, formats) as writer:
                for index in range(CLIPS):
                    writer.add_values({**values, "index": index, "key": f"hand-train-{index:08d}"})
                size = sum(record.bytes for record in writer.finish().values())
            spent = 1e3 * (time.process_time() - start) / CLIPS
            finish_dataset(Path(folder), plain, [writer.marker()], 1)
            start = time.process_time()
            for clip in open_dataset(folder, format=formats[0]):
                clip.video_bytes(), clip.state, clip.contacts
            read = 1e3 * (time.process_time() - start) / CLIPS
            assert verify(folder).ok
        print(
            f"{'+'.join(formats):20} write {spent:5.2f} ms   read {read:5.2f} ms   {size / CLIPS / 1e3:.0f} kB per clip"
        )


if __name__ == "__main__":
    main()
