"""A finished clip as one small file, so that workers can share a shard and an interrupted build loses no
clip.

Workers encode clips in any order, each into a file under `.simgen/clips/`; whoever then writes the shard
takes them from there in order. The files are private and short-lived. They hold plain values only (JSON and
raw numbers), so resuming a build in a stranger's folder runs no code, and a checksum tells a torn file from
a whole one.

File: magic, crc32 of the rest, length of the head, the head (JSON), the blobs that the head points into.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import struct
import zlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from simgen.dataset.storage import PRIVATE, UNFINISHED
from simgen.physics.trace import Contacts

__all__ = ["PackedClip", "clip_path", "make_room", "read_clip", "remove_room", "waiting_clips", "write_clip"]

_MAGIC = b"simgclp1"
_HEAD = struct.Struct("<8sII")
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class PackedClip:
    """The encoded columns of a clip and what the build counts of it."""

    values: dict[str, Any]  # column name -> value, see simgen.dataset.values
    rejections: tuple[str, ...]


def make_room(folder: Path) -> None:
    """Creates the folders that `write_clip` writes to."""
    for name in ("clips", UNFINISHED):
        (folder / PRIVATE / name).mkdir(parents=True, exist_ok=True)


def remove_room(folder: Path) -> None:
    """Removes all finished clips that no shard has taken."""
    shutil.rmtree(folder / PRIVATE / "clips", ignore_errors=True)


def clip_path(folder: Path, split: str, index: int) -> Path:
    return folder / PRIVATE / "clips" / f"{split}-{index:08d}"


def waiting_clips(folder: Path) -> set[tuple[str, int]]:
    """Split and index of every clip that has a file here, whole or not."""
    place = folder / PRIVATE / "clips"
    names = (entry.name.rpartition("-") for entry in os.scandir(place)) if place.is_dir() else ()
    return {(split, int(index)) for split, _, index in names if index.isdigit()}


def write_clip(folder: Path, clip: PackedClip) -> int:
    """Writes the clip's file, whole or not at all; its size in bytes.

    Raises FileNotFoundError when `make_room` was not called, or the dataset's folder has been removed since.
    """
    blobs: list[bytes] = []
    head = json.dumps(_plain({"values": clip.values, "rejections": list(clip.rejections)}, blobs)).encode()
    body = b"".join([head, *blobs])
    target = clip_path(folder, str(clip.values["split"]), int(clip.values["index"]))
    temporary = (
        folder / PRIVATE / UNFINISHED / f"{target.name}.{socket.gethostname()}-{os.getpid()}-{next(_numbers)}"
    )
    try:
        with temporary.open("wb") as file:
            file.write(_HEAD.pack(_MAGIC, zlib.crc32(body, len(head)), len(head)))
            file.write(body)
        temporary.replace(target)  # not synced: the checksum tells, and the shard's own files are
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return _HEAD.size + len(body)


def read_clip(folder: Path, split: str, index: int) -> PackedClip | None:
    """The clip, or None when there is no file or it is not whole (then the clip is made again)."""
    try:
        data = memoryview(clip_path(folder, split, index).read_bytes())
    except FileNotFoundError:
        return None
    if len(data) < _HEAD.size:
        return None
    magic, checksum, length = _HEAD.unpack(data[: _HEAD.size])
    body = data[_HEAD.size :]
    if magic != _MAGIC or zlib.crc32(body, length) != checksum:
        return None
    record = _rich(json.loads(bytes(body[:length])), body[length:])
    return PackedClip(record["values"], tuple(record["rejections"]))


def _plain(value: Any, blobs: list[bytes]) -> Any:
    """`value` as JSON, with arrays and bytes moved to `blobs`."""
    if isinstance(value, dict):
        return {"d": [[name, _plain(entry, blobs)] for name, entry in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_plain(entry, blobs) for entry in value]
    if isinstance(value, bytes):
        blobs.append(value)
        return {"b": len(value)}
    if isinstance(value, np.ndarray):
        blobs.append(np.ascontiguousarray(value).tobytes())
        return {"a": len(blobs[-1]), "t": value.dtype.str, "s": list(value.shape)}
    if isinstance(value, Contacts):
        return {"c": [_plain(getattr(value, field.name), blobs) for field in fields(Contacts)]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a clip cannot hold a {type(value).__name__}")


class _Blobs:
    """Hands out the blobs in the order in which they were put in."""

    def __init__(self, data: memoryview) -> None:
        self.data, self.place = data, 0

    def take(self, length: int) -> bytes:
        self.place += length
        return bytes(self.data[self.place - length : self.place])


def _rich(value: Any, data: memoryview) -> Any:
    blobs = _Blobs(data)

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        if "d" in value:
            return {name: walk(entry) for name, entry in value["d"]}
        if "b" in value:
            return blobs.take(value["b"])
        if "a" in value:
            return np.frombuffer(blobs.take(value["a"]), dtype=value["t"]).reshape(value["s"])
        return Contacts(*(walk(entry) for entry in value["c"]))

    return walk(value)
