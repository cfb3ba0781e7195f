"""Dense labels (a value per pixel): how each pass is packed and how to get it back.

Packed before they reach a file, because Parquet's own compression of raw pixels is slower and larger. All but normals
and depth and flow's quantisation are exact; docs/columns.md says for each how to undo it with plain libraries.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.video import decode_ffv1, encode_ffv1
from simgen.errors import DatasetError
from simgen.render.frames import Frames

__all__ = ["decode_pass", "encode_pass"]


def encode_pass(name: str, frames: Frames, fps: float) -> dict[str, Any]:
    """The values of the columns of pass `name` (see columns.py), without the camera's suffix."""
    if name == "depth":
        return _encode_depth(_there(frames.depth_m, name), fps)
    if name == "segmentation":
        return {"segmentation": _encode_npy(_there(frames.segmentation, name))}
    raise ValueError(f"'{name}' is not a dense pass")


def decode_pass(name: str, values: Mapping[str, Any], suffix: str = "", key: str = "") -> NDArray[Any]:
    """The pass as `Frames` holds it, from the values of its columns; `suffix` is `_<camera>` for a further camera."""
    if name == "depth":
        steps = decode_ffv1(values[f"depth{suffix}"], np.uint16, key)
        metres = steps * values[f"depth_scale_m{suffix}"] + values[f"depth_offset_m{suffix}"]
        return np.where(steps > 0, metres, 0).astype(np.float32)
    if name == "segmentation":
        return _decode_npy(values[f"segmentation{suffix}"], key)
    raise ValueError(f"'{name}' is not a dense pass")


def _there(array: NDArray[Any] | None, name: str) -> NDArray[Any]:
    if array is None:
        raise ValueError(f"the recipe asks for the pass '{name}' but the frames have none")
    return array


def _encode_npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)  # 31: a gzip header, with no time and no name in it
    return packer.compress(buffer.getbuffer()) + packer.flush()


def _decode_npy(data: bytes, key: str) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(io.BytesIO(zlib.decompress(data, 31)), allow_pickle=False)
    except (zlib.error, ValueError, EOFError) as error:
        raise DatasetError(f"a dense pass of clip {key} cannot be decoded: {error}") from error
    return array


def _encode_depth(depth_m: NDArray[np.float32], fps: float) -> dict[str, Any]:
    """Step 0 is "nothing there"; steps 1..65535 cover the clip's own range of depths."""
    there = depth_m > 0
    low, high = (float(depth_m[there].min()), float(depth_m[there].max())) if there.any() else (1.0, 1.0)
    scale = max((high - low) / 65534.0, 1e-9)
    offset = low - scale
    steps = np.where(there, np.rint((depth_m - offset) / scale), 0).astype(np.uint16)
    return {"depth": encode_ffv1(steps, fps, "gray16le"), "depth_scale_m": scale, "depth_offset_m": offset}
