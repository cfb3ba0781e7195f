"""Where the fields of each sample are in a tar, from its USTAR headers (POSIX.1-1988), read as far as is asked."""

from __future__ import annotations

from simgen.reading.remote_file import RandomAccess

__all__ = ["TarIndex"]

_BLOCK = 512  # bytes: a header, and what the size of a file is rounded up to

Places = dict[str, tuple[int, int]]  # field -> (offset, size)


class TarIndex:
    """Key and fields of the samples of an open tar, in their order."""

    def __init__(self, file: RandomAccess) -> None:
        self._file = file
        self._samples: list[tuple[str, Places]] = []
        self._place = 0
        self._ended = False

    def __len__(self) -> int:
        """How many samples have been found so far."""
        return len(self._samples)

    def sample(self, row: int) -> tuple[str, Places] | None:
        """Key and fields of a sample, None when the tar ends before. ValueError when it is not such a tar."""
        while (
            len(self._samples) < row + 2 and not self._ended
        ):  # the next one's header says that it is complete
            self._read_header()
        return self._samples[row] if row < len(self._samples) else None

    def _read_header(self) -> None:
        header = self._file.read_at(_BLOCK, self._place)
        if len(header) < _BLOCK:
            raise ValueError("the end of the archive is missing")
        if not any(header):
            self._ended = True
            return
        if header[257:262] != b"ustar" or _checksum(header) != int(header[148:156].strip(b" \0"), 8):
            raise ValueError(f"no file header at byte {self._place}")
        name = header[:100].rstrip(b"\0").decode()
        size = int(header[124:136].strip(b" \0"), 8)
        key, _, field = name.partition(".")
        if not self._samples or self._samples[-1][0] != key:
            self._samples.append((key, {}))
        self._samples[-1][1][field] = (self._place + _BLOCK, size)
        self._place += _BLOCK + -(-size // _BLOCK) * _BLOCK


def _checksum(header: bytes) -> int:
    """The sum of the header's bytes with the checksum's own eight taken as blanks."""
    return sum(header) - sum(header[148:156]) + 8 * ord(" ")
