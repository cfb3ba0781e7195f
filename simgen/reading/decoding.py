"""Frames of a stored video: only those that are asked for, at the size that is asked for, by PyAV or torchcodec.

Both give the pixels of `decode_video` to the bit. PyAV gets just the pictures that it needs (from the key frame
before each wanted frame, at most 11 pictures away, up to it) and converts just the wanted ones to RGB. That is
faster than torchcodec 0.13 with one thread for windows and within a few per cent of it for whole clips
(benchmarks/decoding_speed.py), so torchcodec, whose import costs seconds, is loaded where it is asked for by name
and nowhere else.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.video import CODECS, TO_RGB, decode_video, encode_video, iterate_video
from simgen.errors import DatasetError, MissingDependencyError
from simgen.reading.mp4_index import read_index

__all__ = ["decode_frames", "nearest", "resize", "why_not_torchcodec"]

Pixels = NDArray[np.uint8]
Indices = NDArray[np.int64]
Size = tuple[int, int]  # width, height

# Flags of libswscale: bilinear, which is a triangle over all that a smaller pixel covers, so nothing aliases; colour at
# full size; the same result on every processor. A plain colour stays as it is.
_SCALE = 0x2 | 0x2000 | 0x4000 | 0x40000 | 0x80000


def decode_frames(
    data: bytes,
    indices: Sequence[int] | Indices | None = None,
    size: Size | None = None,
    decoder: str | None = None,
    key: str = "",
) -> Pixels:
    """(T, H, W, 3) uint8: the frames `indices` (all, if None; else in any order, also repeated) of a file that
    `simgen.dataset.encode_video` made, resized to `size` if it is not None.

    decoder: pyav or torchcodec; None is pyav. Raises DatasetError, naming clip `key`, for a damaged file and for a
    frame that is not there, MissingDependencyError where torchcodec is asked for and cannot be used.
    """
    wanted = None if indices is None else np.asarray(indices, np.int64)
    if decoder == "torchcodec":
        why_not = why_not_torchcodec()
        if why_not:
            raise MissingDependencyError(
                f"decoder='torchcodec': {why_not}. Leave `decoder` out: PyAV gives the same pixels"
            )
        return _by_torchcodec(data, wanted, size, key)
    return _by_pyav(data, wanted, size, key)


def _is_mp4(data: bytes) -> bool:
    return data[4:8] == b"ftyp"


def _by_pyav(data: bytes, wanted: Indices | None, size: Size | None, key: str) -> Pixels:
    if wanted is None:
        return _rising_by_pyav(data, None, size, key)
    rising, place = np.unique(wanted, return_inverse=True)
    if not len(rising) or rising[0] < 0:
        raise ValueError(f"numbers of frames count from 0, and there is at least one: {wanted}")
    pictures = _rising_by_pyav(data, rising, size, key)
    return pictures if np.array_equal(rising, wanted) else pictures[place]


def _rising_by_pyav(data: bytes, rising: Indices | None, size: Size | None, key: str) -> Pixels:
    import av

    if _is_mp4(data):
        # what is damaged, or another writer's, is left to FFmpeg, which makes of it what it can
        with contextlib.suppress(ValueError, av.FFmpegError):
            return _of_mp4(data, rising, size)
    return _of_any(data, rising, size, key)


def _of_mp4(data: bytes, rising: Indices | None, size: Size | None) -> Pixels:
    """Raises ValueError or FFmpegError for what is not a whole file of `encode_video`."""
    import av

    index = read_index(data)
    count = len(index.sizes)
    if rising is None:
        rising = np.arange(count)
    if rising[-1] >= count:
        raise ValueError(f"frame {rising[-1]} of {count}")
    context: Any = av.CodecContext.create("h264", "r")
    context.extradata = index.configuration
    context.thread_count = 1
    out: Pixels | None = None
    wanted = rising.tolist()
    convert = _Converter(size)
    done = 0
    for frame in _pictures(
        context, data, index.starts.tolist(), index.sizes.tolist(), _needed(rising, index.key_frames)
    ):
        if done < len(wanted) and frame.pts == wanted[done]:
            rgb = convert(frame)
            if out is None:
                out = np.empty((len(wanted), rgb.height, rgb.width, 3), np.uint8)
            _copy(rgb, out[done])
            done += 1
    if out is None or done < len(wanted):
        raise ValueError(f"frame {wanted[done]} is missing")
    return out


def _needed(rising: Indices, key_frames: Indices) -> list[int]:
    """The pictures that a decoder must get, in order: of each group that begins with a key frame, all up to the
    last wanted one.
    """
    groups = np.searchsorted(key_frames, rising, side="right") - 1
    needed: list[int] = []
    for group in np.unique(groups):
        needed += range(int(key_frames[group]), int(rising[groups == group][-1]) + 1)
    return needed


def _pictures(
    context: Any, data: bytes, starts: Sequence[int], sizes: Sequence[int], needed: Sequence[int]
) -> Iterator[Any]:
    """The decoded frames of these pictures; the number of each is its `pts`."""
    import av

    for number in needed:
        packet = av.Packet(data[starts[number] : starts[number] + sizes[number]])
        packet.pts = packet.dts = number
        yield from context.decode(packet)
    yield from context.decode(None)


class _Converter:
    """Decoded frames to RGB frames of `size`, by libswscale."""

    def __init__(self, size: Size | None) -> None:
        from av.video.reformatter import VideoReformatter

        self._to_rgb, self._scale = VideoReformatter(), VideoReformatter()
        self._size = size

    def __call__(self, frame: Any) -> Any:
        rgb = self._to_rgb.reformat(frame, format="rgb24", interpolation=TO_RGB, threads=1)
        return rgb if self._size is None else self.scale(rgb)

    def scale(self, rgb: Any) -> Any:
        assert self._size is not None
        width, height = self._size
        if (rgb.width, rgb.height) == self._size:
            return rgb
        return self._scale.reformat(
            rgb, width=width, height=height, format="rgb24", interpolation=_SCALE, threads=1
        )


def _copy(rgb: Any, out: Pixels) -> None:
    """The pixels of an RGB frame, without the padding of its lines."""
    plane = rgb.planes[0]
    lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    out.reshape(rgb.height, -1)[:] = lines[: rgb.height, : 3 * rgb.width]


def _of_any(data: bytes, rising: Indices | None, size: Size | None, key: str) -> Pixels:
    """FFV1, and whatever FFmpeg finds in the file; DatasetError for what it does not."""
    if rising is None:
        pictures = decode_video(data, key)
    else:
        found = list(iterate_video(data, key, frames=rising.tolist()))
        if len(found) < len(rising):
            name = f" of clip {key}" if key else ""
            raise DatasetError(f"the video{name} cannot be decoded: frame {rising[len(found)]} is missing")
        pictures = np.stack(found)
    return pictures if size is None else resize(pictures, size)


def resize(pictures: Pixels, size: Size) -> Pixels:
    """Pictures (T, H, W, 3) at `size` (width, height), antialiased."""
    import av

    if (pictures.shape[2], pictures.shape[1]) == size:
        return pictures
    out = np.empty((len(pictures), size[1], size[0], 3), np.uint8)
    convert = _Converter(size)
    for picture, target in zip(pictures, out, strict=True):
        _copy(convert.scale(av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(picture), "rgb24")), target)
    return out


def nearest(labels: NDArray[Any], size: Size) -> NDArray[Any]:
    """Labels (T, H, W, …) at `size` (width, height): the label in which the centre of each new pixel lies."""
    height, width = labels.shape[1:3]
    columns, rows = (
        (2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(size, (width, height), strict=True)
    )
    return labels[:, rows[:, None], columns]


@functools.cache
def why_not_torchcodec() -> str:
    """Why torchcodec cannot be used here, "" if it can: it must import and decode two small videos to the pixels of
    `decode_video`. Found out once per process.
    """
    try:
        importlib.import_module("torchcodec.decoders")
    except Exception as error:  # whatever its authors and the loader of shared libraries thought of
        return f"torchcodec cannot be imported ({_first_line(error)})"
    noise = np.random.default_rng(0).integers(0, 256, (14, 32, 48, 3), dtype=np.uint8)
    noise[:, 8:24, 8:40] //= 8  # something that moves little, too
    for codec in CODECS:
        data = encode_video(noise, 24.0, codec)
        try:
            found = _torchcodec_frames(data, None)
        except Exception as error:
            return f"torchcodec cannot decode {codec} here ({_first_line(error)})"
        if not np.array_equal(found, decode_video(data)):
            return f"torchcodec decodes {codec} to other pixels than PyAV"
    return ""


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip() or type(error).__name__).splitlines()[0]}"


def _by_torchcodec(data: bytes, wanted: Indices | None, size: Size | None, key: str) -> Pixels:
    try:
        pictures = _torchcodec_frames(data, wanted)
    except Exception:  # a damaged file: PyAV conceals it or says what is wrong with it
        return _by_pyav(data, wanted, size, key)
    return pictures if size is None else resize(pictures, size)


def _torchcodec_frames(data: bytes, wanted: Indices | None) -> Pixels:
    decoder = importlib.import_module("torchcodec.decoders").VideoDecoder(
        data, dimension_order="NHWC", num_ffmpeg_threads=1
    )
    numbers = range(len(decoder)) if wanted is None else wanted.tolist()
    pixels: Pixels = decoder.get_frames_at(list(numbers)).data.numpy()
    return pixels
