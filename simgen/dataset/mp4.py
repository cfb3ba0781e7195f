"""Moves the index of an mp4 (`moov`) in front of its pictures, so that a player can start before it has the
whole file.

FFmpeg's own `movflags=+faststart` opens the file a second time by name and therefore fails in memory. The
move is small: the boxes `ftyp`, …, `mdat`, `moov` become `ftyp`, `moov`, …, `mdat`, and every chunk offset
inside `moov` (boxes `stco`, 32-bit, and `co64`, 64-bit) grows by the size of `moov`. Layout: ISO/IEC
14496-12, sections 4.2 and 8.7.5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["boxes", "moov_first"]

_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def boxes(
    data: bytes | bytearray, start: int = 0, end: int | None = None
) -> Iterator[tuple[bytes, int, int, int]]:
    """(kind, start, start of the content, end) of each box in data[start:end]. Raises ValueError if they do
    not fit.
    """
    end = len(data) if end is None else end
    while start < end:
        if start + 8 > end:
            raise ValueError("truncated mp4: a box header is cut off")
        size, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, content)
            content += 8
        elif size == 0:
            size = end - start
        if size < content - start or start + size > end:
            raise ValueError(f"truncated mp4: box {kind!r} says {size} bytes, {end - start} are left")
        yield kind, start, content, start + size
        start += size


def moov_first(data: bytes) -> bytes:
    """The same mp4 with `moov` right after `ftyp`. Raises ValueError for what is not a whole mp4."""
    found = list(boxes(data))
    kinds = [kind for kind, *_ in found]
    if kinds.count(b"moov") != 1 or b"mdat" not in kinds or kinds[0] != b"ftyp":
        raise ValueError(f"not an mp4 that simgen wrote: its boxes are {kinds}")
    at = kinds.index(b"moov")
    if at < kinds.index(b"mdat"):
        return data
    _, moov_start, _, moov_end = found[at]
    ftyp_end = found[0][3]
    moov = bytearray(data[moov_start:moov_end])
    _shift_chunk_offsets(moov, 0, len(moov), len(moov))
    return b"".join((data[:ftyp_end], moov, data[ftyp_end:moov_start], data[moov_end:]))


def _shift_chunk_offsets(moov: bytearray, start: int, end: int, shift: int) -> None:
    for kind, _, content, box_end in boxes(moov, start, end):
        if kind in _CONTAINERS:
            _shift_chunk_offsets(moov, content, box_end, shift)
        elif kind in (b"stco", b"co64"):
            form = ">I" if kind == b"stco" else ">Q"
            (count,) = struct.unpack_from(">I", moov, content + 4)
            for position in range(
                content + 8, content + 8 + count * struct.calcsize(form), struct.calcsize(form)
            ):
                (offset,) = struct.unpack_from(form, moov, position)
                struct.pack_into(form, moov, position, offset + shift)
