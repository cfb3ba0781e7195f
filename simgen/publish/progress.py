"""What an upload tells while it runs. `Audience` is what `publish` calls; `Bars` is the terminal's view."""

from __future__ import annotations

import sys
from typing import Any, Protocol

__all__ = ["Audience", "Bars", "Quiet"]


class Audience(Protocol):
    """Hears of an upload."""

    def read(self, what_for: str, done: int, clips: int) -> None:
        """So many clips of the dataset are read."""

    def start(self, bytes: int, sent: int) -> None:
        """The upload has so many bytes, of which the Hub has some already."""

    def sent(self, bytes: int) -> None:
        """So many more are on their way; from any thread."""

    def say(self, sentence: str) -> None:
        """Something that the user should know now."""

    def close(self) -> None:
        """The upload is over, well or not."""


class Quiet:
    """Tells nothing."""

    def read(self, what_for: str, done: int, clips: int) -> None: ...

    def start(self, bytes: int, sent: int) -> None: ...

    def sent(self, bytes: int) -> None: ...

    def say(self, sentence: str) -> None: ...

    def close(self) -> None: ...


class Bars:
    """tqdm bars on standard error: clips while the dataset is verified, bytes on their way, clips while its card is made."""

    def __init__(self, name: str) -> None:
        from tqdm import tqdm

        self._name, self._make = name, tqdm
        self._bar: Any = None
        self._what_for = ""

    def read(self, what_for: str, done: int, clips: int) -> None:
        if self._what_for != what_for:
            self.close()
            self._what_for = what_for
            self._bar = self._new(what_for, total=clips, unit="clip")
        self._bar.update(done - self._bar.n)

    def start(self, bytes: int, sent: int) -> None:
        self.close()
        self._bar = self._new(
            f"publish {self._name}", total=bytes, initial=sent, unit="B", unit_scale=True, unit_divisor=1000
        )

    def sent(self, bytes: int) -> None:
        if self._bar is not None:
            self._bar.update(bytes)

    def say(self, sentence: str) -> None:
        self._make.write(sentence, file=sys.stderr)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar, self._what_for = None, ""

    def _new(self, what: str, **options: Any) -> Any:
        return self._make(
            desc=what, file=sys.stderr, dynamic_ncols=True, disable=None, leave=False, **options
        )
