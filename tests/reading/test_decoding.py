"""Only the frames that are needed, with the pixels that decoding everything gives."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simgen.dataset import decode_video
from simgen.dataset.video import encode_video
from simgen.errors import DatasetError, MissingDependencyError
from simgen.reading import decoding
from simgen.reading.decoding import decode_frames, nearest, resize
from simgen.reading.mp4_index import read_index
from tests.ffmpeg import environment_with_ffmpeg, run_python

CODECS = ("h264", "ffv1")


def moving_picture(frames: int, width: int = 48, height: int = 32) -> np.ndarray[Any, Any]:
    """A disc over a texture, some noise: pictures whose coding differs from frame to frame."""
    rng = np.random.default_rng(frames)
    rows, columns = np.mgrid[0:height, 0:width]
    texture = rng.integers(60, 200, (height, width, 3))
    video = np.empty((frames, height, width, 3), np.uint8)
    for number in range(frames):
        noise = rng.integers(-8, 9, texture.shape) * (rows < height // 2)[..., None]
        disc = np.hypot(columns - 5 - number, rows - 12) < 6
        video[number] = np.where(disc[..., None], (230, 40, 30), np.clip(texture + noise, 0, 255))
    return video


FILES = {codec: encode_video(moving_picture(40), 24.0, codec) for codec in CODECS}
WHOLE = {codec: decode_video(data) for codec, data in FILES.items()}


@pytest.mark.parametrize("codec", CODECS)
def test_all_frames(codec: str) -> None:
    pixels = decode_frames(FILES[codec])
    assert np.array_equal(pixels, WHOLE[codec])
    assert pixels.flags.writeable and pixels.flags.c_contiguous and pixels.dtype == np.uint8
    odd = encode_video(moving_picture(3, 70, 46), 24.0, codec)  # lines that the decoder pads
    assert np.array_equal(decode_frames(odd), decode_video(odd))


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(CODECS), st.lists(st.integers(0, 39), min_size=1, max_size=12))
def test_any_frames(codec: str, indices: list[int]) -> None:
    """In any order, repeated too."""
    assert np.array_equal(decode_frames(FILES[codec], indices), WHOLE[codec][indices])


@settings(deadline=None)
@given(st.sets(st.integers(0, 47), min_size=1).map(sorted))
def test_no_picture_is_decoded_in_vain(indices: list[int]) -> None:
    """By the definition: picture p is needed if a wanted one is at or after it, before the next key frame."""
    key_frames = np.array([0, 12, 24, 36])
    needed = [
        picture
        for picture in range(48)
        if any(picture <= wanted < (picture // 12 + 1) * 12 for wanted in indices)
    ]
    assert decoding._needed(np.array(indices), key_frames) == needed


@pytest.mark.parametrize("frames", [1, 2, 12, 13, 40])
def test_the_index_of_an_mp4_is_what_ffmpeg_reads(frames: int) -> None:
    data = encode_video(moving_picture(frames), 24.0)
    index = read_index(data)
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert index.configuration == stream.codec_context.extradata
        packets = [packet for packet in container.demux(stream) if packet.size]
    assert [data[start : start + size] for start, size in zip(index.starts, index.sizes, strict=True)] == [
        bytes(packet) for packet in packets
    ]
    assert index.key_frames.tolist() == [n for n, packet in enumerate(packets) if packet.is_keyframe]


def written_by_others(options: dict[str, str], audio: bool = False, container: str = "mp4") -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        stream: Any = file.add_stream("libx264", rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        for picture in moving_picture(40):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode())
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("options", "container"),
    [
        ({"bf": "2", "g": "250"}, "mp4"),  # pictures stored in another order than shown
        ({"bf": "0", "g": "7"}, "mp4"),
        ({"bf": "0", "g": "1"}, "mp4"),  # every picture a key frame
        ({"bf": "2"}, "matroska"),
        ({"bf": "0"}, "mov"),
    ],
)
def test_videos_of_other_writers(options: dict[str, str], container: str) -> None:
    data = written_by_others(options, container=container)
    whole = decode_video(data)
    assert len(whole) == 40
    for indices in ([0], [39], [3, 4, 5], [30, 2, 17, 17], list(range(40))):
        assert np.array_equal(decode_frames(data, indices), whole[indices])
    assert np.array_equal(decode_frames(data), whole)


@pytest.mark.parametrize("codec", CODECS)
def test_a_frame_that_is_not_there(codec: str) -> None:
    with pytest.raises(DatasetError, match="the video of clip demo-7 cannot be decoded: frame 40 is missing"):
        decode_frames(FILES[codec], [3, 40], key="demo-7")
    for indices in ([], [-1]):
        with pytest.raises(ValueError, match="count from 0"):
            decode_frames(FILES[codec], indices)


@pytest.mark.parametrize("codec", CODECS)
def test_damage_is_named_or_concealed_as_before(codec: str) -> None:
    """Whatever is flipped or cut off: pixels of the right shape, or a DatasetError that names the clip."""
    data, rng = FILES[codec], np.random.default_rng(5)
    named = 0
    for case in range(120):
        spoilt = bytearray(data)
        if case % 4 == 0:
            del spoilt[int(rng.integers(len(data))) :]
        elif case % 4 == 1:  # in the index, too
            spoilt[int(rng.integers(min(2000, len(data))))] ^= 1 << int(rng.integers(8))
        else:
            for place in rng.integers(0, len(data), 3):
                spoilt[place] = int(rng.integers(256))
        try:
            pixels = decode_frames(bytes(spoilt), [5, 6, 30], key="demo-7")
            assert pixels.shape[0] == 3 and pixels.shape[3] == 3
        except DatasetError as error:
            assert "clip demo-7" in str(error)
            named += 1
    assert named > 20


def triangle(picture: np.ndarray[Any, Any], size: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Bilinear by its definition, in floating point: each new pixel is the mean of the old ones, weighted by a triangle
    around its centre that reaches as far as the next new (or old, if they are larger) pixel; beyond the edge the
    picture goes on as at its edge.
    """
    found = picture.astype(float)
    for axis, new in ((1, size[0]), (0, size[1])):
        old = picture.shape[axis]
        reach = max(old / new, 1.0)
        places = np.arange(-old, 2 * old)
        weights = np.zeros((new, old))
        for number in range(new):
            weight = np.maximum(1 - np.abs(places + 0.5 - (number + 0.5) * old / new) / reach, 0)
            np.add.at(weights[number], np.clip(places, 0, old - 1), weight / weight.sum())
        found = np.moveaxis(np.tensordot(weights, found, (1, axis)), 0, axis)
    return found


@pytest.mark.parametrize("size", [(24, 16), (48, 32), (31, 17), (96, 64), (20, 32)])
@pytest.mark.parametrize("codec", CODECS)
def test_resizing_is_bilinear_and_the_same_for_windows(codec: str, size: tuple[int, int]) -> None:
    indices = [3, 14, 15]
    pixels = decode_frames(FILES[codec], indices, size)
    assert pixels.shape == (3, size[1], size[0], 3)
    assert np.array_equal(pixels, decode_frames(FILES[codec], None, size)[indices])
    assert np.array_equal(pixels, resize(WHOLE[codec][indices], size))
    for picture, small in zip(WHOLE[codec][indices], pixels, strict=True):
        apart = np.abs(small - triangle(picture, size))
        assert apart.max() < 2.5 and apart.mean() < 0.6  # rounding, by way of YUV
        pillow = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))
        # another rule at the edge: Pillow leaves out what is beyond it
        assert np.abs(small.astype(int) - pillow)[1:-1, 1:-1].mean() < 0.6


def test_resizing_neither_aliases_nor_changes_a_plain_colour() -> None:
    stripes = np.zeros((1, 64, 64, 3), np.uint8)
    stripes[:, :, ::2] = 255
    assert np.abs(resize(stripes, (16, 16))[:, :, 2:-2].astype(int) - 127.5).max() < 3
    for colour in np.random.default_rng(0).integers(0, 256, (50, 3)):
        plain = np.broadcast_to(colour.astype(np.uint8), (1, 40, 40, 3))
        assert (resize(plain, (17, 23)) == colour).all()


@pytest.mark.parametrize("size", [(24, 16), (48, 32), (31, 17), (96, 64), (20, 33)])
def test_labels_are_taken_at_pixel_centres(size: tuple[int, int]) -> None:
    labels = np.random.default_rng(0).integers(0, 9, (2, 32, 48)).astype(np.uint8)
    found = nearest(labels, size)
    # where a new centre lies on the edge between two old pixels, Pillow takes either
    centres = [
        [Fraction(2 * n + 1, 2) * old / new for n in range(new)]
        for new, old in zip(size, (48, 32), strict=True)
    ]
    columns, rows = (np.array([centre.denominator == 1 for centre in axis]) for axis in centres)
    on_edge = rows[:, None] | columns
    for picture, taken in zip(labels, found, strict=True):
        pillow = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.NEAREST))
        assert np.array_equal(taken[~on_edge], pillow[~on_edge])
    assert np.array_equal(nearest(np.stack([labels] * 2, -1), size)[..., 1], found)


SAME_PIXELS = """
import sys
import numpy as np
from simgen.dataset import decode_video
from simgen.reading.decoding import decode_frames, why_not_torchcodec

assert "torchcodec" not in sys.modules
reason = why_not_torchcodec()
assert reason == "", reason
import simgen.reading.decoding as decoding
decoding._by_pyav = None  # what comes now comes from torchcodec
for path in sys.argv[1:]:
    data = open(path, "rb").read()
    whole = decode_video(data)
    assert np.array_equal(decode_frames(data, decoder="torchcodec"), whole)
    for indices in ([0], [39], [7, 8, 9, 10], [30, 2, 17, 17], range(0, 40, 3)):
        found = decode_frames(data, list(indices), decoder="torchcodec")
        assert np.array_equal(found, whole[list(indices)]) and found.flags.writeable
    small = decode_frames(data, [3, 20], (24, 16), "torchcodec")
    assert np.array_equal(small, decoding.resize(whole[[3, 20]], (24, 16)))
print("the same pixels")
"""


def test_torchcodec_gives_the_same_pixels(tmp_path: Path) -> None:
    """The real one, in a process that finds FFmpeg's libraries."""
    for package in ("torch", "torchcodec"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    paths = []
    for codec, data in FILES.items():
        paths.append(tmp_path / codec)
        paths[-1].write_bytes(data)
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    environment = environment_with_ffmpeg(libraries)
    assert run_python(SAME_PIXELS, environment, None, *map(str, paths)).strip() == "the same pixels"


BROKEN = """
import sys
import numpy as np
from simgen.dataset import decode_video
from simgen.errors import MissingDependencyError
from simgen.reading.decoding import decode_frames

data = open(sys.argv[1], "rb").read()
assert np.array_equal(decode_frames(data), decode_video(data))
assert np.array_equal(decode_frames(data, [3, 4], decoder="pyav"), decode_video(data)[3:5])
assert not {"torch", "torchcodec"} & set(sys.modules)  # nobody pays for what nobody asked for
for _ in range(2):
    try:
        decode_frames(data, decoder="torchcodec")
    except MissingDependencyError as error:
        message = str(error)
print(message)
"""


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (
            "raise OSError('libnvrtc.so.13: cannot open shared object file')",
            "OSError: libnvrtc.so.13: cannot open",
        ),
        (
            "raise RuntimeError('Could not load libtorchcodec. Likely causes:\\n 1. none')",
            "RuntimeError: Could not",
        ),
        ("raise ImportError", "ImportError: ImportError"),
        ("import no_such_module_at_all", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        ("", "ModuleNotFoundError: No module named 'torchcodec.decoders'"),  # an empty folder of that name
    ],
)
def test_a_broken_torchcodec_breaks_nothing(tmp_path: Path, broken: str, reason: str) -> None:
    (tmp_path / "torchcodec").mkdir()
    (tmp_path / "torchcodec" / "__init__.py").write_text(broken)
    (tmp_path / "clip.mp4").write_bytes(FILES["h264"])
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{BROKEN}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path / "clip.mp4")],
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(f"decoder='torchcodec': torchcodec cannot be imported ({reason}"), (
        done.stderr
    )
    assert done.stdout.strip().endswith("). Leave `decoder` out: PyAV gives the same pixels")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("pixels[0, 0, 0, 0] += 1", "torchcodec decodes h264 to other pixels than PyAV"),
        ("raise RuntimeError('no')", "torchcodec cannot decode h264 here (RuntimeError: no)"),
    ],
)
def test_a_torchcodec_with_other_pixels_is_not_used(tmp_path: Path, spoil: str, reason: str) -> None:
    """One that decodes, but not to the bit, and one that does not decode."""
    (tmp_path / "torchcodec").mkdir()
    (tmp_path / "torchcodec" / "__init__.py").write_text("")
    (tmp_path / "torchcodec" / "decoders.py").write_text(f"""
from simgen.dataset import decode_video

class Tensor:
    def __init__(self, pixels): self.data, self.pixels = self, pixels
    def numpy(self): return self.pixels

class VideoDecoder:
    def __init__(self, data, **_): self.pixels = decode_video(data)
    def __len__(self): return len(self.pixels)
    def get_frames_at(self, indices):
        pixels = self.pixels[indices]
        {spoil}
        return Tensor(pixels)
""")
    (tmp_path / "clip.mp4").write_bytes(FILES["h264"])
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{BROKEN}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path / "clip.mp4")],
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(f"decoder='torchcodec': {reason}"), done.stderr


def test_a_damaged_file_is_said_by_torchcodec_as_by_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "why_not_torchcodec", lambda: "")
    monkeypatch.setattr(decoding, "_torchcodec_frames", lambda *_: (_ for _ in ()).throw(RuntimeError("no")))
    with pytest.raises(DatasetError, match="the video of clip demo-7 cannot be decoded"):
        decode_frames(FILES["h264"][:300], decoder="torchcodec", key="demo-7")


def test_this_machine_uses_what_it_has() -> None:
    """Here, in this process: torchcodec or the reason why not, and the same pixels."""
    reason = decoding.why_not_torchcodec()
    if reason:
        with pytest.raises(MissingDependencyError, match="torchcodec"):
            decode_frames(FILES["h264"], decoder="torchcodec")
    else:
        assert np.array_equal(decode_frames(FILES["h264"], decoder="torchcodec"), WHOLE["h264"])
