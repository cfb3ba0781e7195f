"""A file in a store as something that is read at offsets: few requests, each checked for its length."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

__all__ = ["RandomAccess", "RemoteFile", "Span", "joined"]

Span = tuple[int, int]  # first byte and the one after the last
READ_AHEAD = 4 << 20  # bytes that arrive in about the time of one more request (50 ms at 80 MB/s)


class RandomAccess(Protocol):
    """What a shard is read through: `pyarrow.OSFile` for local files, `RemoteFile` for the others.

    Reading at an offset leaves no position behind, so forked workers can share an open file.
    """

    def read_at(self, nbytes: int, offset: int) -> bytes: ...
    def size(self) -> int: ...
    def close(self) -> None: ...


class RemoteFile(io.RawIOBase):
    """A file of known size, read by byte ranges.

    fetch: bytes of several ranges, in their order. tail: how much is fetched when the end is asked for (a
    Parquet footer), so that it costs one request.
    """

    def __init__(
        self, fetch: Callable[[Sequence[Span]], list[bytes]], size: int, ahead: int = 0, tail: int = 0
    ) -> None:
        self._fetch = fetch
        self._size = size
        self._tail = tail
        self._place = 0
        self._held: list[tuple[int, bytes]] = []  # what `prefetch` brought
        self._recent: deque[tuple[int, bytes]] = deque(maxlen=2)
        self.ahead = ahead  # at least so much is fetched at a time

    def size(self) -> int:
        return self._size

    def prefetch(self, spans: Sequence[Span]) -> None:
        """Fetches those of these that are not here, all at once, and forgets what was prefetched before."""
        spans = [span for span in spans if self._find(*span) is None]
        if spans:
            self._held = [(start, data) for (start, _), data in zip(spans, self._fetch(spans), strict=True)]

    def read_at(self, nbytes: int, offset: int) -> bytes:
        end = min(offset + nbytes, self._size)
        if offset >= end:
            return b""
        found = self._find(offset, end)
        if found is None:
            start, stop = offset, min(max(end, offset + self.ahead), self._size)
            if end == self._size:
                start = min(start, max(0, self._size - self._tail))
            self._recent.append((start, self._fetch([(start, stop)])[0]))
            found = self._recent[-1]
        start, data = found
        return data[offset - start : end - start]

    def _find(self, start: int, end: int) -> tuple[int, bytes] | None:
        for piece in (*self._recent, *self._held):
            if piece[0] <= start and end <= piece[0] + len(piece[1]):
                return piece
        return None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = max(
            0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        )
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._size - self._place)
        data = self.read_at(left if size is None or size < 0 else min(size, left), self._place)
        self._place += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def joined(spans: Sequence[Span], gap: int) -> list[Span]:
    """Spans in order, those with at most `gap` bytes between them as one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start - result[-1][1] <= gap:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result
