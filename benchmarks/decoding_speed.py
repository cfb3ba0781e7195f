"""What windows of a clip cost to decode beside the whole clip, with PyAV and with torchcodec, in one run.

    python benchmarks/decoding_speed.py DATASET        needs torch and torchcodec, and runs with PyAV's FFmpeg

Core-milliseconds per clip with one decoder thread, the best of some runs, the mean over some clips; after each, how many
times the whole clip decoded by a plain PyAV loop costs that much. Both decoders must give the pixels of that loop.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import simgen
from simgen.dataset import decode_video
from simgen.reading.decoding import decode_frames, why_not_torchcodec
from simgen.reading.view import DECODERS

CLIPS, RUNS = 8, 9
INSIDE = "SIMGEN_BENCHMARK_INSIDE"  # set in the process that finds the libraries


def costs_ms(work: dict[str, Callable[[bytes], object]], videos: list[bytes]) -> dict[str, float]:
    """All in turns, so that a busy moment of the machine falls on all of them."""
    best = {name: [float("inf")] * len(videos) for name in work}
    for _ in range(RUNS):
        for place, video in enumerate(videos):
            for name, decode in work.items():
                start = time.process_time()
                decode(video)
                best[name][place] = min(best[name][place], time.process_time() - start)
    return {name: 1e3 * sum(found) / len(found) for name, found in best.items()}


def main(location: str) -> None:
    import torch

    torch.set_num_threads(1)
    reason = why_not_torchcodec()
    assert not reason, reason
    videos = [clip.video_bytes() for clip in simgen.open_dataset(location, take=CLIPS, columns=["video"])]
    total = len(decode_video(videos[0]))
    requests = {
        f"all {total}": list(range(total)),
        "first 4": list(range(4)),
        "4 from the middle on": list(range(total // 2, total // 2 + 4)),
        "4 over the clip": list(range(0, total, total // 4))[:4],
        "16 from a third on": list(range(total // 3, total // 3 + 16)),
        "16 over the clip": list(range(0, total, total // 16))[:16],
    }
    work: dict[str, Callable[[bytes], object]] = {"loop": decode_video}
    for name, indices in requests.items():
        wanted = None if len(indices) == total else indices
        for decoder in DECODERS:
            pixels = decode_frames(videos[0], wanted, decoder=decoder)
            assert np.array_equal(pixels, decode_video(videos[0])[indices])
            work[f"{name} {decoder}"] = lambda video, wanted=wanted, decoder=decoder: decode_frames(
                video, wanted, decoder=decoder
            )
    cost = costs_ms(work, videos)
    print(f"{len(videos)} clips of {total} frames; the plain loop: {cost['loop']:.2f} ms")
    print(f"{'':22} {'PyAV':>15} {'torchcodec':>15}")
    for name in requests:
        found = [cost[f"{name} {decoder}"] for decoder in DECODERS]
        print(f"{name:22}" + "".join(f" {ms:7.2f} ms {cost['loop'] / ms:4.1f}" for ms in found))


if __name__ == "__main__":
    if INSIDE in os.environ:
        main(sys.argv[1])
    else:
        from tests.ffmpeg import environment_with_ffmpeg

        with tempfile.TemporaryDirectory() as folder:
            environment = {**environment_with_ffmpeg(Path(folder)), INSIDE: "1"}
            sys.exit(subprocess.run([sys.executable, __file__, *sys.argv[1:]], env=environment).returncode)
