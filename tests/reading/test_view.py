"""What cannot be done with a dataset is said in a sentence before the first clip is read."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simgen.dataset import Manifest
from simgen.errors import DatasetError
from simgen.reading import View, open_dataset


@pytest.fixture(scope="module")
def manifest(plain: Path) -> Manifest:
    """14 frames of 64 x 48 pixels at 24 frames per second."""
    return open_dataset(plain).manifest


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        ({"frames": 16}, "frames=16 needs clips of 16 frames, its clips have 14. Ask for fewer frames"),
        (
            {"frames": 5, "stride": 4},
            "frames=5 and stride=4 needs clips of 17 frames, its clips have 14. Ask for fewer frames, a smaller stride",
        ),
        (
            {"frames": 6, "fps": 8.0},
            "frames=6 and fps=8 needs clips of 16 frames, its clips have 14. Ask for fewer frames, more frames per second",
        ),
        (
            {"frames": 10, "start": 5},
            "frames=10 and start=5 needs clips of 15 frames, its clips have 14. Ask for fewer frames, an earlier start",
        ),
        (
            {"frames": 10**15},
            "frames=1000000000000000 needs clips of 1000000000000000 frames, its clips have 14. Ask for fewer frames",
        ),
        ({"start": 14}, "start=14: its clips have 14 frames, the last is 13"),
        ({"frames": 0}, "frames=0: it is a whole number from 1 on"),
        ({"frames": 2.5}, "frames=2.5: it is a whole number from 1 on"),
        ({"frames": True}, "frames=true: it is a whole number from 1 on"),
        ({"stride": 0}, "stride=0: it is a whole number from 1 on"),
        ({"fps": 0}, "fps=0: it is a number of frames per second from 0.01 on"),
        ({"fps": float("nan")}, "fps=nan: it is a number of frames per second from 0.01 on"),
        ({"fps": True}, "fps=true: it is a number of frames per second from 0.01 on"),
        ({"fps": "8"}, "fps='8': it is a number of frames per second from 0.01 on"),
        ({"fps": 12.0, "stride": 2}, "fps and stride both choose the frames: leave one of them out"),
        (
            {"fps": 30.0},
            "fps=30: its clips have 24 frames per second, and frames that nobody recorded are not made up. "
            "Ask for 24 at most",
        ),
        (
            {"start": "randon"},
            "start='randon': it is the number of a frame, random or middle. Did you mean 'random'?",
        ),
        ({"start": -1}, "start=-1: it is the number of a frame, random or middle."),
        (
            {"size": 0},
            "size=0: it is the shorter side, or a tuple (width, height), in pixels from 1 to 16384",
        ),
        (
            {"size": (64, 48, 3)},
            "size=(64, 48, 3): it is the shorter side, or a tuple (width, height), in pixels from 1 to 16384",
        ),
        (
            {"caption": "numerical"},
            "caption='numerical': it is plain, qualitative, numeric, outcome, hidden, counterfactual, random or none. "
            "Did you mean 'numeric'?",
        ),
        ({"dtype": "float16"}, "dtype='float16': it is uint8 or float32. Did you mean 'float32'?"),
        ({"layout": "TCWH"}, "layout='TCWH': it is THWC, TCHW or CTHW. Did you mean 'TCHW'?"),
        ({"layout": "nchw"}, "layout='nchw': it is THWC, TCHW or CTHW. Did you mean 'TCHW'?"),
        ({"decoder": "decord"}, "decoder='decord': it is pyav or torchcodec."),
        (
            {"patches": 16},
            "patches=16: it is a tuple (frames, rows, columns) of whole numbers from 1 on",
        ),
        (
            {"patches": (4, 16, 16)},
            "patches=(4, 16, 16): 14 frames are no whole number of patches of 4; 12 or 16 would be",
        ),
        (
            {"patches": (2, 16, 16), "stride": 3},
            "patches=(2, 16, 16): 5 frames are no whole number of patches of 2; 4 or 6 would be",
        ),
        (
            {"patches": (2, 32, 16)},
            "patches=(2, 32, 16): 48 rows are no whole number of patches of 32; 32 or 64 would be",
        ),
        (
            {"patches": (2, 16, 128)},
            "patches=(2, 16, 128): a patch of 128 columns is larger than the 64 there are",
        ),
        (
            {"patches": (2, 16, 16), "size": 24},
            "patches=(2, 16, 16): 24 rows are no whole number of patches of 16; 16 or 32 would be",
        ),
        (
            {"patches": (2, 16, 16), "layout": "TCHW"},
            "patches gives tokens, which have no layout: leave out one of patches and layout",
        ),
    ],
)
def test_a_wrong_view_is_said_in_a_sentence(manifest: Manifest, view: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DatasetError) as caught:
        View(**view).check(manifest, "somewhere/hand")
    assert str(caught.value) == f"somewhere/hand cannot be read so: {sentence}"


@pytest.mark.parametrize(
    "view",
    [
        {},
        {"frames": 14},
        {"frames": np.int64(4), "stride": np.int64(4), "start": np.int64(1)},
        {"frames": 5, "fps": 8},
        {"fps": 24.0},
        {"size": 100, "caption": "random", "layout": "CTHW", "dtype": "float32", "decoder": "torchcodec"},
        {"frames": 4, "patches": (2, 16, 16)},
        {"stride": 2, "patches": (7, 8, 8), "size": (32, 24)},
    ],
)
def test_what_can_be_done_passes(manifest: Manifest, view: dict[str, Any]) -> None:
    View(**view).check(manifest, "somewhere/hand")


def test_views_are_values() -> None:
    view = View(frames=4, size=(32, 24))
    assert pickle.loads(pickle.dumps(view)) == view == View(frames=4, size=(32, 24))
    assert len({view, View(frames=4, size=(32, 24)), View()}) == 2
    assert View().takes_all and View(size=16, start="middle").takes_all and View(start=0).takes_all
    assert not View(frames=14).takes_all and not View(start=1).takes_all and not View(fps=24.0).takes_all
