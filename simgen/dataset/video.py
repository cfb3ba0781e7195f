"""The colour video of a clip: (T, H, W, 3) uint8 frames to the bytes of one small file and back, in memory.

`h264` is what players, browsers and training loaders take: x264 at constant quality 18, a key frame every 12 frames and
no B-frames (so that any frame is at most 11 decodes away), BT.709 really converted and tagged, index first. `ffv1` is
lossless in Matroska, for studies whose pixels must be exact. The same frames give the same bytes: one encoder thread,
bit-exact flags, a conversion that does not depend on the processor's instruction set, integer time stamps. (Another
version of x264 or FFmpeg gives other bytes; the manifest records the versions.)
"""

from __future__ import annotations

import contextlib
import functools
import io
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.mp4 import moov_first
from simgen.errors import DatasetError, MissingDependencyError

__all__ = ["CODECS", "SUFFIX", "decode_video", "encode_video", "frame_rate", "iterate_video", "require_codec"]

CODECS = ("h264", "ffv1")
SUFFIX = {"h264": "mp4", "ffv1": "mkv"}
_ENCODER = {"h264": "libx264", "ffv1": "ffv1"}

_X264 = {"crf": "18", "preset": "veryfast", "g": "12", "keyint_min": "12", "sc_threshold": "0", "bf": "0"}
# Level 3 with four slices, every frame a key frame, and a checksum per slice, so that a flipped bit is noticed.
FFV1 = {"level": "3", "g": "1", "slices": "4", "slicecrc": "1"}

_CODEC_BITEXACT = 1 << 23  # AV_CODEC_FLAG_BITEXACT: no version string in the stream
_BT709 = 1  # the number of BT.709 as colour space, primaries and transfer in ITU-T H.273
_LIMITED_RANGE = 1  # AVCOL_RANGE_MPEG
# Flags of libswscale. Without ACCURATE_RND and BITEXACT about 3 % of the samples differ by one between processors.
_BICUBIC, _FULL_CHROMA_INPUT, _ACCURATE_RND, _BITEXACT = 0x4, 0x4000, 0x40000, 0x80000
_SWSCALE = _BICUBIC | _FULL_CHROMA_INPUT | _ACCURATE_RND | _BITEXACT


def require_codec(name: str) -> None:
    """Raises MissingDependencyError unless videos of codec `name` (one of `CODECS`) can be encoded and decoded here.

    Cheap: looks the encoder up, encodes nothing. Call it before a build, not after its first hour.
    """
    if name not in CODECS:
        raise MissingDependencyError(f"simgen knows the codecs {' and '.join(CODECS)}, not '{name}'.")
    try:
        import av
        from av.codec import Codec
    except ImportError as error:
        raise MissingDependencyError(
            f"Videos need the package av (PyAV), which cannot be imported ({error}): pip install av"
        ) from error
    encoder = _ENCODER[name]
    try:
        Codec(encoder, "w")
    except Exception as error:  # the class of the error moved between versions of av
        other = "ffv1" if name == "h264" else "h264"
        raise MissingDependencyError(
            f"This build of av {av.__version__} has no encoder {encoder}. Install the wheel from PyPI"
            f" (pip install --force-reinstall av), which has it, or set `codec: {other}` in the recipe."
        ) from error


def frame_rate(fps: float) -> Fraction:
    """`fps` as the fraction a video file holds: 24 is 24/1, 29.97 is 2997/100."""
    return Fraction(fps).limit_denominator(1001)


def encode_video(rgb: NDArray[np.uint8], fps: float, codec: str = "h264") -> bytes:
    """The file's bytes for frames (T, H, W, 3). Height and width must be even for `h264` (colour is stored at half size).

    Raises ValueError for frames it cannot hold and MissingDependencyError when the encoder is not there.
    """
    if rgb.ndim != 4 or rgb.shape[-1] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise ValueError(f"frames must be (T, H, W, 3) uint8, not {rgb.shape} {rgb.dtype}")
    if codec == "h264":
        if rgb.shape[1] % 2 or rgb.shape[2] % 2:
            raise ValueError(
                f"h264 needs an even width and height, not {rgb.shape[2]} x {rgb.shape[1]}; ffv1 takes any"
            )
        return moov_first(_encode_h264(rgb, fps))
    return encode_ffv1(_to_bgr0(rgb), fps, "bgr0")


def _encode_h264(rgb: NDArray[np.uint8], fps: float) -> bytes:
    require_codec("h264")
    import av
    from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

    _, height, width, _ = rgb.shape
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=frame_rate(fps), options={**_X264, **_steady_x264()})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1  # more threads change the bytes
        context.flags |= _CODEC_BITEXACT
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        reformatter = VideoReformatter()
        for index, picture in enumerate(rgb):
            frame = reformatter.reformat(
                av.VideoFrame.from_ndarray(picture, format="rgb24"),
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
                interpolation=Interpolation(_SWSCALE),
            )
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


@functools.cache
def _steady_x264() -> dict[str, str]:
    """Keeps x264 off its AVX-512 code, which reads memory that nobody has written: at 64 pixels and less about one
    clip in fifty came out with other bytes each time. With AVX2 6,000 of 6,000 were equal, and it is as fast."""
    with contextlib.suppress(OSError):
        if re.search(r"^flags\s*:.*\bavx512f\b", Path("/proc/cpuinfo").read_text(), re.MULTILINE):
            return {"x264-params": "asm=avx2"}
    return {}


def _to_bgr0(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    bgr0 = np.zeros((*rgb.shape[:3], 4), np.uint8)
    bgr0[..., :3] = rgb[..., ::-1]
    return bgr0


def encode_ffv1(frames: NDArray[np.uint8] | NDArray[np.uint16], fps: float, pixels: str) -> bytes:
    """Lossless Matroska of frames (T, H, W[, 4]) whose bytes are FFmpeg's pixel format `pixels` (bgr0, gray, gray16le)."""
    require_codec("ffv1")
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("ffv1", rate=frame_rate(fps), options=FFV1)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], pixels
        context = stream.codec_context
        context.thread_count = 1
        context.flags |= _CODEC_BITEXACT
        for index, picture in enumerate(frames):
            frame = av.VideoFrame(frames.shape[2], frames.shape[1], pixels)
            _fill(frame.planes[0], picture)
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def _fill(plane: "av.video.plane.VideoPlane", picture: NDArray[np.generic]) -> None:  # type: ignore[name-defined]  # noqa: F821,UP037
    """Copies a picture into a plane whose lines may be padded."""
    rows = np.ascontiguousarray(picture).reshape(picture.shape[0], -1).view(np.uint8)
    padded = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    padded[: rows.shape[0], : rows.shape[1]] = rows


def iterate_video(data: bytes, key: str = "") -> Iterator[NDArray[np.uint8]]:
    """Decoded frames (H, W, 3) uint8, one after the other. Raises DatasetError, naming `key`, for a damaged file."""
    import av
    from av.video.reformatter import Interpolation, VideoReformatter

    where = f"the video of clip {key}" if key else "the video"
    try:
        with av.open(io.BytesIO(data), "r") as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            exact = stream.codec_context.pix_fmt == "bgr0"
            reformatter = VideoReformatter()
            for frame in container.decode(stream):
                if exact:
                    yield _plane(frame, 4, np.uint8)[..., 2::-1]
                else:
                    yield reformatter.reformat(
                        frame, format="rgb24", interpolation=Interpolation(_SWSCALE)
                    ).to_ndarray()
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise DatasetError(f"{where} cannot be decoded: {error}") from error


def _plane(frame: "av.VideoFrame", channels: int, dtype: type[np.generic]) -> NDArray[np.generic]:  # type: ignore[name-defined]  # noqa: F821,UP037
    """The first plane without its padding: (H, W) or (H, W, channels). A copy."""
    plane = frame.planes[0]
    width = frame.width * channels * np.dtype(dtype).itemsize
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, :width]
    picture = np.ascontiguousarray(rows).view(dtype)
    return picture.reshape(frame.height, frame.width, channels) if channels > 1 else picture


def decode_video(data: bytes, key: str = "") -> NDArray[np.uint8]:
    """All frames (T, H, W, 3) uint8 of a file that `encode_video` made."""
    frames = list(iterate_video(data, key))
    if not frames:
        raise DatasetError(f"the video of clip {key} holds no frame" if key else "the video holds no frame")
    return np.stack(frames)


def decode_ffv1(data: bytes, dtype: type[np.generic], key: str = "") -> NDArray[np.generic]:
    """All pictures (T, H, W) of a one-channel file that `encode_ffv1` made (`gray` is uint8, `gray16le` uint16)."""
    import av

    try:
        with av.open(io.BytesIO(data), "r") as container:
            container.streams.video[0].codec_context.thread_count = 1
            return np.stack([_plane(frame, 1, dtype) for frame in container.decode(video=0)])
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise DatasetError(f"a dense pass of clip {key} cannot be decoded: {error}") from error


def encoded_shape(data: bytes) -> Iterable[int]:
    """(width, height) as the file's header says, without decoding."""
    import av

    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        return (stream.width, stream.height)
