"""What a store tells of a file that it keeps, and the MD5 of a file as S3 and Google's store tell it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["Entry", "Tags", "entry_of"]

_MD5 = re.compile(r"[0-9a-f]{32}(-\d+)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a store tells of a file. `tag`: an MD5 in hexadecimal, "-" and the number of parts behind it if there are any; ""
    if it tells none. `modified`: None if it does not tell.
    """

    size: int
    tag: str = ""
    modified: datetime | None = None

    def is_of(self, data: bytes) -> bool:
        """Whether the store says that the file has this content; False where it does not tell."""
        return self.size == len(data) and self.tag == _md5(data).hexdigest()


def entry_of(told: Mapping[str, Any]) -> Entry:
    """`told`: what fsspec's `info` gives, whose keys are each store's own."""
    return Entry(int(told["size"] or 0), _tag(told), _modified(told))


def _tag(told: Mapping[str, Any]) -> str:
    tag = str(told.get("ETag") or "").strip('"')
    if not tag and told.get("md5Hash"):  # Google's
        tag = base64.b64decode(str(told["md5Hash"])).hex()
    return tag if _MD5.fullmatch(tag) else ""


def _modified(told: Mapping[str, Any]) -> datetime | None:
    for name in ("LastModified", "last_modified", "updated", "created"):
        value = told.get(name)
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value.replace("Z", "+00:00"))
            except ValueError:
                continue
        if isinstance(value, datetime):
            return value
    return None


class Tags:
    """The MD5 of a file as S3 gives it: of the whole, and of its parts as an upload in parts has them."""

    def __init__(self, part_bytes: int) -> None:
        self._part_bytes = part_bytes
        self._whole, self._part, self._parts, self._room = _md5(), _md5(), b"", part_bytes

    @classmethod
    def of(cls, chunks: Iterable[bytes], part_bytes: int) -> Tags:
        tags = cls(part_bytes)
        for chunk in chunks:
            tags.update(chunk)
        return tags

    def update(self, data: bytes) -> None:
        self._whole.update(data)
        view = memoryview(data)
        while view:
            if not self._room:
                self._parts += self._part.digest()
                self._part, self._room = _md5(), self._part_bytes
            now = view[: self._room]
            self._part.update(now)
            self._room -= len(now)
            view = view[len(now) :]

    @property
    def all(self) -> tuple[str, str]:
        digests = self._parts + self._part.digest()
        return self._whole.hexdigest(), f"{_md5(digests).hexdigest()}-{len(digests) // 16}"


def _md5(data: bytes = b"") -> Any:
    return hashlib.md5(data, usedforsecurity=False)
