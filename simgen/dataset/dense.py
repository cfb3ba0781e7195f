"""Dense labels (a value per pixel): how each pass is packed and how to get it back.

They are packed before they reach a file, because Parquet's own compression of raw pixels is slower and
larger: labels that jump from pixel to pixel as gzipped NumPy files, quantities as lossless FFV1 pictures of
16-bit steps. Segmentation and occlusion are exact. The others are quantised, and these are bounds, not
typical errors:

    depth    half a step of `depth_scale_m`, the clip's own range of depths over 65,534 (0.4 mm for a range of
    50 m) normals  0.06 degrees: an octahedron unfolded onto a square of 4,095 x 4,095 steps (Cigolle and
    others, "A Survey
             of Efficient Representations for Independent Unit Vectors", JCGT 3(2), 2014)
    flow     half a step of `flow_scale_px`, which is 1/64 px unless a body moves by more than 511 px per
    frame

docs/columns.md tells the same to a user who has no simgen, and a test runs what it says.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.video import decode_ffv1, encode_ffv1
from simgen.errors import DatasetError
from simgen.render.frames import Frames

__all__ = ["decode_pass", "encode_pass"]

_DEPTH_STEPS = 65534  # steps 1..65535; 0 is "nothing there"
_NORMAL_HALF = 2047  # steps 1..4095 stand for -1..1; (0, 0) is "nothing there"
_FLOW_STEP_PX = 1 / 64
_FLOW_ZERO = 32768


def encode_pass(name: str, frames: Frames, fps: float) -> dict[str, Any]:
    """The values of the columns of pass `name`, without a camera's suffix. ValueError if the frames lack
    it.
    """
    if name == "depth":
        return _encode_depth(_present(frames.depth_m, name), fps)
    if name == "segmentation":
        return {"segmentation": _encode_exact(_present(frames.segmentation, name))}
    if name == "normals":
        normals = _present(frames.normals, name)
        steps = _side_by_side((_fold(picture) for picture in normals), normals.shape)
        return {"normals": encode_ffv1(steps, fps, "gray16le")}
    if name == "flow":
        occluded = _present(frames.flow_occluded, "flow_occluded").astype(np.uint8)
        return {**_encode_flow(_present(frames.flow, name), fps), "flow_occluded": _encode_exact(occluded)}
    raise ValueError(f"'{name}' is not a dense pass")


def decode_pass(
    name: str,
    values: Mapping[str, Any],
    suffix: str = "",
    key: str = "",
    frames: Sequence[int] | None = None,
) -> dict[str, NDArray[Any]]:
    """The fields of `Frames` that pass `name` fills, from the values of its columns.

    `suffix` is `_<camera>` for a further camera; frames: only these frames (numbers, increasing). Raises
    DatasetError, naming clip `key`, for damaged bytes.
    """
    if name == "depth":
        steps = decode_ffv1(values[f"depth{suffix}"], np.uint16, key, frames)
        scale, offset = values[f"depth_scale_m{suffix}"], values[f"depth_offset_m{suffix}"]
        depth = np.zeros(steps.shape, np.float32)
        for picture, out in zip(steps, depth, strict=True):
            np.copyto(out, offset + scale * picture, where=picture > 0, casting="same_kind")
        return {"depth_m": depth}
    if name == "segmentation":
        return {"segmentation": _decode_exact(values[f"segmentation{suffix}"], key, frames)}
    if name == "normals":
        pairs = _decode_pair(values[f"normals{suffix}"], key, frames)
        normals = np.empty((*pairs.shape[:2], pairs.shape[3], 3), np.float32)
        for pair, out in zip(pairs, normals, strict=True):
            _unfold(pair, out)
        return {"normals": normals}
    if name == "flow":
        pairs = _decode_pair(values[f"flow{suffix}"], key, frames)
        flow = np.moveaxis(pairs, 2, 3).astype(np.float32)
        flow -= _FLOW_ZERO
        flow *= np.float32(values[f"flow_scale_px{suffix}"])
        occluded = _decode_exact(values[f"flow_occluded{suffix}"], key, frames)
        return {"flow": flow, "flow_occluded": occluded.astype(np.bool_)}
    raise ValueError(f"'{name}' is not a dense pass")


def _present(array: NDArray[Any] | None, name: str) -> NDArray[Any]:
    if array is None:
        raise ValueError(f"the recipe asks for the pass '{name}' but the frames have none")
    return array


def _encode_exact(array: NDArray[np.uint8]) -> bytes:
    """A gzipped .npy file without a time or a name in its header (`gzip.compress` writes other headers by
    version).
    """
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)  # level 6: half the size of 1, a fifth of the time of 9
    return packer.compress(buffer.getbuffer()) + packer.flush()


def _decode_exact(data: bytes, key: str, frames: Sequence[int] | None) -> NDArray[np.uint8]:
    try:
        array: NDArray[np.uint8] = np.load(io.BytesIO(zlib.decompress(data, 31)), allow_pickle=False)
        return array if frames is None else array[list(frames)]
    except (zlib.error, ValueError, EOFError, IndexError) as error:
        raise DatasetError(f"a dense pass of clip {key} cannot be decoded: {error}") from error


def _encode_depth(depth_m: NDArray[np.float32], fps: float) -> dict[str, Any]:
    nearest = float(np.min(depth_m, initial=np.inf, where=depth_m > 0))
    farthest = float(depth_m.max(initial=0.0))
    if farthest <= 0:  # nothing anywhere
        nearest = farthest = 1.0
    scale = (farthest - nearest) / _DEPTH_STEPS or 1.0
    offset = nearest - scale  # so that the nearest depth is step 1
    steps = np.empty(depth_m.shape, np.uint16)
    for picture, out in zip(depth_m, steps, strict=True):
        out[:] = np.where(picture > 0, np.rint((picture - offset) / scale), 0)
    return {"depth": encode_ffv1(steps, fps, "gray16le"), "depth_scale_m": scale, "depth_offset_m": offset}


def _encode_flow(flow: NDArray[np.float32], fps: float) -> dict[str, Any]:
    largest = max(float(flow.max(initial=0.0)), -float(flow.min(initial=0.0)))
    step = _FLOW_STEP_PX
    while largest / step > _FLOW_ZERO - 2:  # a power of two, so that scaling back is exact
        step *= 2
    pairs = (np.rint(picture / step) + _FLOW_ZERO for picture in flow)
    return {"flow": encode_ffv1(_side_by_side(pairs, flow.shape), fps, "gray16le"), "flow_scale_px": step}


def _side_by_side(pairs: Iterator[NDArray[Any]], shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """Pictures (H, W, 2) as (T, H, 2 W): the first channel in the left half, the second in the right one."""
    count, height, width = shape[:3]
    steps = np.empty((count, height, 2, width), np.uint16)
    for pair, out in zip(pairs, steps, strict=True):
        out[:] = np.swapaxes(pair, 1, 2)
    return steps.reshape(count, height, 2 * width)


def _decode_pair(data: bytes, key: str, frames: Sequence[int] | None) -> NDArray[np.uint16]:
    """(T, H, 2, W): what `_side_by_side` made."""
    steps = decode_ffv1(data, np.uint16, key, frames)
    return steps.reshape(*steps.shape[:2], 2, -1)


def _fold(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors (H, W, 3) to steps (H, W, 2) on the unfolded octahedron |x| + |y| + |z| = 1."""
    x, y, z = np.moveaxis(normals, -1, 0)
    length = np.abs(x) + np.abs(y) + np.abs(z)
    seen = length > 0
    length[~seen] = 1
    x, y = x / length, y / length
    behind = z < 0  # the four faces with z < 0 are folded out over the edges of the inner square
    u = np.where(behind, np.copysign(1 - np.abs(y), x), x)
    v = np.where(behind, np.copysign(1 - np.abs(x), y), y)
    steps: NDArray[np.float32] = np.rint(np.stack([u, v], axis=-1) * _NORMAL_HALF) + (_NORMAL_HALF + 1)
    steps[~seen] = 0
    return steps


def _unfold(steps: NDArray[np.uint16], normals: NDArray[np.float32]) -> None:
    """Steps (H, 2, W) back to unit vectors (H, W, 3)."""
    x, y = ((steps[:, part].astype(np.float32) - (_NORMAL_HALF + 1)) / _NORMAL_HALF for part in (0, 1))
    z = 1 - np.abs(x) - np.abs(y)
    over = np.maximum(-z, 0)
    x -= np.copysign(over, x)
    y -= np.copysign(over, y)
    scale = (steps[:, 0] > 0) / np.sqrt(x * x + y * y + z * z)  # steps (0, 0) are nothing
    for part, vector in enumerate((x, y, z)):
        np.multiply(vector, scale, out=normals[..., part])
