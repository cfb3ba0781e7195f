"""Where the pictures of an mp4 lie in its bytes, so that a decoder gets those that are needed and no others.

FFmpeg opens a file by decoding its first picture to see what is in it, which for a window of a few frames costs as
much as the window. The index of the files that simgen writes says it all: one track of H.264, every picture shown
in the order in which it is stored. Layout: ISO/IEC 14496-12, sections 8.6.2 (stss), 8.7.3 (stsz), 8.7.4 (stsc) and
8.7.5 (stco, co64); the decoder's configuration (avcC) stands in the sample entry: ISO/IEC 14496-15, section 5.4.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgen.dataset.mp4 import boxes

__all__ = ["Mp4Index", "read_index"]

_VISUAL_ENTRY = 78  # bytes of a visual sample entry before the boxes in it (ISO/IEC 14496-12, section 12.1.3)

Place = tuple[int, int]  # start and end of a box's content


@dataclass(frozen=True, slots=True)
class Mp4Index:
    """The pictures of a video track, T of them, in the order in which they are stored and shown."""

    configuration: bytes  # the content of avcC
    starts: NDArray[np.int64]  # (T,) where in the file each picture begins
    sizes: NDArray[np.int64]  # (T,) its bytes
    key_frames: NDArray[np.int64]  # (K,) numbers of the pictures that need no other one, increasing, from 0


def read_index(data: bytes) -> Mp4Index:
    """The index of an mp4. Raises ValueError for what is damaged or is not laid out as simgen does it."""
    place = (0, len(data))
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        place = _only(data, place, kind)
    table = _inside(data, place)
    if b"ctts" in table:
        raise ValueError("pictures are stored in another order than they are shown in")
    entry = _only(data, (_found(table, b"stsd")[0] + 8, _found(table, b"stsd")[1]), b"avc1")
    configuration = _only(data, (entry[0] + _VISUAL_ENTRY, entry[1]), b"avcC")
    same, count = _numbers(data, _found(table, b"stsz"), 4)[:2]
    sizes = np.full(count, same) if same else _numbers(data, _found(table, b"stsz"), 12)
    if b"co64" in table:
        chunks = _numbers(data, table[b"co64"], 8, ">u8")
    else:
        chunks = _numbers(data, _found(table, b"stco"), 8)
    runs = _numbers(data, _found(table, b"stsc"), 8)
    starts = _starts(sizes, chunks, runs)
    # Without stss every picture is a key frame.
    keys = _numbers(data, table[b"stss"], 8) - 1 if b"stss" in table else np.arange(len(sizes))
    if (
        len(sizes) != count
        or not count
        or (starts + sizes).max() > len(data)
        or not len(keys)
        or keys[0] != 0
        or keys[-1] >= count
        or (np.diff(keys) <= 0).any()
    ):
        raise ValueError("the index of the mp4 contradicts itself")
    return Mp4Index(data[slice(*configuration)], starts, sizes, keys)


def _starts(
    sizes: NDArray[np.int64], chunks: NDArray[np.int64], runs: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where each picture begins. A chunk is some pictures without a gap; a run (stsc) is (the number of its first
    chunk, from 1; pictures in each of its chunks; which sample entry).
    """
    first, per_chunk, _ = runs[: len(runs) - len(runs) % 3].reshape(-1, 3).T
    in_run = np.diff(np.append(first, len(chunks) + 1))
    if not len(first) or first[0] != 1 or (in_run < 0).any():
        raise ValueError("the index of the mp4 contradicts itself")
    counts = np.repeat(per_chunk, in_run)  # pictures in each chunk
    if counts.sum() != len(sizes):
        raise ValueError("the index of the mp4 contradicts itself")
    before = np.cumsum(sizes) - sizes  # bytes of the pictures before each one
    filled = counts > 0
    bytes_before = np.zeros(len(counts), np.int64)  # each chunk
    bytes_before[filled] = before[(np.cumsum(counts) - counts)[filled]]
    starts: NDArray[np.int64] = np.repeat(chunks - bytes_before, counts) + before
    return starts


def _inside(data: bytes, place: Place) -> dict[bytes, Place]:
    """The content of the boxes in a place, by kind. Raises ValueError where a kind is there twice."""
    found: dict[bytes, Place] = {}
    for kind, _, start, end in boxes(data, *place):
        if kind in found:
            raise ValueError(f"an mp4 with two boxes {kind!r} where one is expected")
        found[kind] = start, end
    return found


def _found(table: dict[bytes, Place], kind: bytes) -> Place:
    if kind not in table:
        raise ValueError(f"an mp4 without a box {kind!r}")
    return table[kind]


def _only(data: bytes, place: Place, kind: bytes) -> Place:
    return _found(_inside(data, place), kind)


def _numbers(data: bytes, place: Place, skip: int, kind: str = ">u4") -> NDArray[np.int64]:
    """The whole numbers of a box from its byte `skip` on."""
    table = data[place[0] + skip : place[1]]
    return np.frombuffer(table[: len(table) - len(table) % int(kind[-1])], kind).astype(np.int64)
