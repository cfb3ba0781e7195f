"""The colour video of a clip: (T, H, W, 3) uint8 frames to the bytes of one small file and back, in memory.

`h264` is what players, browsers and training loaders take: x264 at constant quality 18, a key frame every 12
frames and no B-frames (so that any frame is at most 11 decodes away), BT.709 really converted and tagged,
index first. `ffv1` is lossless in Matroska, for studies whose pixels must be exact. The same frames give the
same bytes: one encoder thread, bit-exact flags, a conversion that does not depend on the processor's
instruction set, integer time stamps. (Another version of x264 or FFmpeg gives other bytes; the manifest
records the versions.)
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.mp4 import moov_first
from simgen.errors import DatasetError, MissingDependencyError

__all__ = [
    "CODECS",
    "SUFFIX",
    "TO_RGB",
    "decode_ffv1",
    "decode_video",
    "encode_ffv1",
    "encode_video",
    "frame_rate",
    "iterate_video",
    "recorded_rate",
    "require_codec",
]

CODECS = ("h264", "ffv1")
SUFFIX = {"h264": "mp4", "ffv1": "mkv"}
_ENCODER = {"h264": "libx264", "ffv1": "ffv1"}

_X264 = {
    "crf": "18",
    "preset": "veryfast",
    "g": "12",
    "keyint_min": "12",
    "sc_threshold": "0",
    "bf": "0",
    # Without it the choice of blocks rounds otherwise with AVX-512, AVX2 and SSE2, and with AVX-512 even from
    # run to
    # run (of 180 small clips encoded 25 times, 115 varied; with it none, on any of them, and it is as fast).
    "x264-params": "cpu-independent=1",
}
# Level 3 in four slices, every frame a key frame, a checksum per slice, so that a flipped bit is noticed.
_FFV1 = {"level": "3", "g": "1", "slices": "4", "slicecrc": "1"}

_STRICT = "bitstream+buffer+explode"  # stop at damage instead of inventing what may have been there
_CODEC_BITEXACT = 1 << 23  # AV_CODEC_FLAG_BITEXACT: no version string in the stream
_BT709 = 1  # the number of BT.709 as colour space, primaries and transfer in ITU-T H.273
_LIMITED_RANGE = 1  # AVCOL_RANGE_MPEG
# Flags of libswscale. Without the last two about 3 % of the samples differ by one between processors.
_BILINEAR, _BICUBIC, _FULL_CHROMA_INPUT, _ACCURATE_RND, _BITEXACT = 0x2, 0x4, 0x4000, 0x40000, 0x80000
_TO_YUV = _BICUBIC | _FULL_CHROMA_INPUT | _ACCURATE_RND | _BITEXACT
_REACH = 6  # pixels: even, and more than the filter reaches that halves the colour (nine of them wide)
TO_RGB = _BILINEAR | _BITEXACT  # PyAV's, torchcodec's and decord's own way, so that all give the same pixels


def require_codec(name: str) -> None:
    """Raises MissingDependencyError unless videos of codec `name` (one of `CODECS`) can be encoded here.

    Cheap: it looks the encoder up and encodes nothing. Call it before a build, not after its first hour.
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
    try:
        Codec(_ENCODER[name], "w")
    except Exception as error:  # the class of this error moved between versions of av
        other = "ffv1" if name == "h264" else "h264"
        raise MissingDependencyError(
            f"This build of av {av.__version__} has no encoder {_ENCODER[name]}. Install the wheel from "
            "PyPI, "
            "which has it (pip install --force-reinstall av), "
            f"or write `codec: {other}` under `video:` in the recipe."
        ) from error


def frame_rate(fps: float) -> Fraction:
    """`fps` as the fraction that a video file holds: 24 is 24/1, 29.97 is 2997/100."""
    return Fraction(fps).limit_denominator(1001)


def encode_video(
    rgb: NDArray[np.uint8], fps: float, codec: str = "h264", changed: NDArray[np.int32] | None = None
) -> bytes:
    """The bytes of a file with the frames (T, H, W, 3).

    `changed` (T, 4), see `Frames.changed`, saves work; the bytes are the same without it.
    `h264` needs an even width and height, for colour is stored at half size; ValueError otherwise.
    Raises MissingDependencyError when the encoder is not there.
    """
    if rgb.ndim != 4 or rgb.shape[-1] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise ValueError(f"frames must be (T, H, W, 3) uint8, not {rgb.shape} {rgb.dtype}")
    if codec == "ffv1":
        bgr0 = np.zeros((*rgb.shape[:3], 4), np.uint8)
        bgr0[..., :3] = rgb[..., ::-1]
        return encode_ffv1(bgr0, fps, "bgr0")
    if rgb.shape[1] % 2 or rgb.shape[2] % 2:
        size = f"{rgb.shape[2]} x {rgb.shape[1]}"
        raise ValueError(f"h264 needs an even width and height, not {size}; ffv1 takes any")
    return moov_first(_encode_h264(np.ascontiguousarray(rgb), fps, changed))


def _encode_h264(rgb: NDArray[np.uint8], fps: float, changed: NDArray[np.int32] | None) -> bytes:
    require_codec("h264")
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream("libx264", rate=frame_rate(fps), options=_X264)
        stream.width, stream.height, stream.pix_fmt = rgb.shape[2], rgb.shape[1], "yuv420p"
        context = stream.codec_context
        context.thread_count = 1  # more threads change the bytes
        context.flags |= _CODEC_BITEXACT
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        for index, frame in enumerate(_converted(rgb, changed)):
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def _converted(rgb: NDArray[np.uint8], changed: NDArray[np.int32] | None) -> Iterator[Any]:
    """The pictures as yuv420p. With `changed` it is one frame throughout, which the encoder has copied before it
    changes.

    Converting a picture takes half as long as encoding it. But where neither a pixel nor one within reach of the
    filter has changed, its conversion has not. So only a crop is converted anew, of one size for the whole clip,
    because the converter is set up for a size.
    """
    whole, part = _converter(), _converter()
    height, width = rgb.shape[1:3]
    if changed is not None and len(rgb) > 1:
        low, high = changed[:, :2] - _REACH, changed[:, 2:] + _REACH
        low, high = np.maximum(low & ~1, 0), np.minimum((high + 1) & ~1, (width, height))
        w, h = np.minimum((high - low)[1:].max(axis=0) + 2 * _REACH, (width, height)).tolist()
        corner = np.minimum(np.maximum(low - _REACH, 0), (width - w, height - h))
        if 2 * w * h < width * height:
            frame = whole(rgb[0])
            yield frame
            planes = _planes(frame)
            for picture, (x, y), (x0, y0), (x1, y1) in zip(
                rgb[1:], corner[1:].tolist(), low[1:].tolist(), high[1:].tolist(), strict=True
            ):
                crop = part(np.ascontiguousarray(picture[y : y + h, x : x + w]))
                for size, target, source in zip((1, 2, 2), planes, _planes(crop), strict=True):
                    rows, columns = slice(y0 // size, y1 // size), slice(x0 // size, x1 // size)
                    target[rows, columns] = source[
                        (y0 - y) // size : (y1 - y) // size, (x0 - x) // size : (x1 - x) // size
                    ]
                yield frame
            return
    for picture in rgb:
        yield whole(picture)


def _converter() -> Callable[[NDArray[np.uint8]], Any]:
    """What turns pictures (H, W, 3), all of one size, into yuv420p."""
    import av
    from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

    reformatter = VideoReformatter()

    def convert(picture: NDArray[np.uint8]) -> Any:
        return reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(picture, "rgb24"),  # no copy: a tenth of the whole time saved
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=_TO_YUV,
            threads=1,
        )

    return convert


def _planes(frame: Any) -> list[NDArray[np.uint8]]:
    """The planes of a frame of one byte a sample, writable, shared with it; lines may be longer than the picture."""
    return [np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size) for plane in frame.planes]


def encode_ffv1(frames: NDArray[Any], fps: float, pixels: str) -> bytes:
    """Lossless Matroska of frames (T, H, W[, 4]) in FFmpeg's pixel format `pixels`: bgr0 or gray16le."""
    require_codec("ffv1")
    import av

    _, height, width = frames.shape[:3]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska", options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream("ffv1", rate=frame_rate(fps), options=_FFV1)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.thread_count = 1
        stream.codec_context.flags |= _CODEC_BITEXACT
        for index, picture in enumerate(frames):
            frame = av.VideoFrame(width, height, pixels)
            lines = np.ascontiguousarray(picture).reshape(height, -1).view(np.uint8)
            _lines(frame)[:, : lines.shape[1]] = lines
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def _lines(frame: Any) -> NDArray[np.uint8]:
    """The bytes of a frame's first plane, (H, padded line), writable, shared with the frame."""
    return np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)[: frame.height]


def decode_video(data: bytes, key: str = "", strict: bool = False) -> NDArray[np.uint8]:
    """All frames (T, H, W, 3) uint8 of a file that `encode_video` made.

    Raises DatasetError, naming clip `key`, for a damaged file. A decoder conceals small damage, as players
    want it to; `strict` makes it an error.
    """
    return np.stack(list(_not_empty(iterate_video(data, key, strict), key)))


def iterate_video(
    data: bytes, key: str = "", strict: bool = False, frames: Sequence[int] | None = None
) -> Iterator[NDArray[np.uint8]]:
    """The frames (H, W, 3) uint8, one after the other; only those whose numbers are in `frames` (increasing), if
    it is not None.
    """
    import av
    from av.video.reformatter import VideoReformatter

    reformatter = VideoReformatter()
    try:
        with av.open(io.BytesIO(data), "r") as container:
            stream = _video_stream(container)
            if strict:
                stream.codec_context.options = {"err_detect": _STRICT}
            for frame in _decoded(container, stream, frames):
                if frame.format.name == "bgr0":  # lossless: only the order of the bytes changes
                    yield _picture(frame, np.uint8, 4)[..., 2::-1]
                else:
                    rgb: Any = reformatter.reformat(
                        frame, format="rgb24", interpolation=TO_RGB, threads=1
                    ).to_ndarray()
                    yield rgb
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise _undecodable("the video", key, error) from error


def _video_stream(container: Any) -> Any:
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise ValueError("its codec is none that FFmpeg knows")
    stream.codec_context.thread_count = 1
    return stream


def _decoded(container: Any, stream: Any, frames: Sequence[int] | None = None) -> Iterator[Any]:
    """The decoded frames (numbered `frames`). Every picture of FFV1 is a key frame, so that only those are decoded;
    of H.264 all up to the last one are.

    Lossless pictures are right or not there: ValueError for a damaged slice of FFV1.

    FFmpeg's decoder finds the damage too, but hides it with a piece of the picture before. A slice ends with
    its size (3 bytes), a status byte and a checksum that makes the CRC of the whole slice 0 (RFC 9043,
    section 4.9: polynomial 0x04C11DB7, most significant bit first, from 0; zlib's is the same one with all
    bits mirrored and inverted).
    """
    lossless = stream.codec_context.name == "ffv1"
    wanted = None if frames is None else set(frames)
    last = max(wanted or (-1,))
    decoded = 0
    for number, packet in enumerate(container.demux(stream)):
        if lossless:
            if wanted is not None and number not in wanted and packet.size:
                continue
            data = bytes(packet)
            end = len(data)
            while end > 0:
                start = (
                    end - _SLICE_END - int.from_bytes(data[end - _SLICE_END : end - _SLICE_END + 3], "big")
                )
                if start < 0 or zlib.crc32(data[start:end].translate(_MIRRORED), 0xFFFFFFFF) != 0xFFFFFFFF:
                    raise ValueError("a slice of it is damaged (wrong checksum)")
                end = start
        for frame in packet.decode():
            if lossless or wanted is None or decoded in wanted:
                yield frame
            decoded += 1
        if wanted is not None and not lossless and decoded > last:
            return


_SLICE_END = 8
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def recorded_rate(data: bytes) -> Fraction:
    """Frames per second as the file says."""
    import av

    with av.open(io.BytesIO(data), "r") as container:
        rate = container.streams.video[0].average_rate
    return Fraction(rate) if rate is not None else Fraction(0)


def decode_ffv1(
    data: bytes, dtype: type[np.generic], key: str = "", frames: Sequence[int] | None = None
) -> NDArray[Any]:
    """All pictures (T, H, W) of a file of gray16le (uint16) or gray (uint8) that `encode_ffv1` made; only those
    numbered `frames` (increasing), if it is not None.
    """
    import av

    try:
        with av.open(io.BytesIO(data), "r") as container:
            stream = _video_stream(container)
            pictures = (_picture(frame, dtype, 1)[..., 0] for frame in _decoded(container, stream, frames))
            return np.stack(list(_not_empty(pictures, key)))
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise _undecodable("a dense pass", key, error) from error


def _picture(frame: Any, dtype: type[np.generic], channels: int) -> NDArray[Any]:
    """The first plane without the padding of its lines, (H, W, channels); a copy."""
    used = frame.width * channels * np.dtype(dtype).itemsize
    return _lines(frame)[:, :used].copy().view(dtype).reshape(frame.height, frame.width, channels)


def _not_empty(pictures: Iterator[NDArray[Any]], key: str) -> Iterator[NDArray[Any]]:
    empty = True
    for picture in pictures:
        empty = False
        yield picture
    if empty:
        raise _undecodable("the video", key, "it holds no frame")


def _undecodable(what: str, key: str, reason: object) -> DatasetError:
    return DatasetError(f"{what}{f' of clip {key}' if key else ''} cannot be decoded: {reason}")
