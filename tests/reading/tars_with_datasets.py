"""What `datasets` reads from tars, in a process where torchcodec finds FFmpeg.

A tar is read with torchcodec imported, even if no video is to be decoded: `datasets` asks whether torchcodec is
installed, imports it for every video and fails where it cannot be imported for want of FFmpeg.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.ffmpeg import run_python

_READ = """
import json, pickle, sys
import datasets

tars, cache = json.loads(sys.argv[1]), sys.argv[2]
read = {}
for streaming in (False, True):
    clips = datasets.load_dataset(
        "webdataset", data_files=tars, split="train", streaming=streaming, cache_dir=cache
    )
    pictures = next(iter(clips))["mp4"][:].permute(0, 2, 3, 1).numpy()
    for name, feature in clips.features.items():
        if isinstance(feature, datasets.Video):
            clips = clips.cast_column(name, datasets.Video(decode=False))
    read[streaming] = list(clips), pictures
with open("read", "wb") as file:
    pickle.dump(read, file)
"""


def read_tars(
    tars: Sequence[Path], environment: Mapping[str, str], cache: Path
) -> dict[bool, tuple[list[dict[str, Any]], Any]]:
    """Streaming or not -> the rows, videos as bytes, and the pictures of the first row's `mp4`."""
    run_python(_READ, environment, cache, json.dumps([str(tar) for tar in tars]), str(cache))
    read: dict[bool, tuple[list[dict[str, Any]], Any]] = pickle.loads((cache / "read").read_bytes())
    return read
