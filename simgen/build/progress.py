"""What a build tells while it runs. `Progress` is what `build` calls; `Bar` is the terminal's view."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simgen.build.shard import ClipCount

__all__ = ["Bar", "Progress", "Silent", "counting"]


class Progress(Protocol):
    """Hears of a build. All methods return at once."""

    def start(self, clips: int, done: int) -> None:
        """The dataset will hold `clips` clips, `done` of which are there already."""

    def clip(self, count: ClipCount) -> None:
        """One more clip is there."""

    def say(self, sentence: str) -> None:
        """Something that the user should know now."""

    def close(self) -> None:
        """The build is over, well or not."""


class Silent:
    """Tells nothing."""

    def start(self, clips: int, done: int) -> None: ...

    def clip(self, count: ClipCount) -> None: ...

    def say(self, sentence: str) -> None: ...

    def close(self) -> None: ...


@contextmanager
def counting(name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error that hears `(done, total)` clips; nothing when nobody watches."""
    from tqdm import tqdm

    with tqdm(desc=name, unit="clip", file=sys.stderr, dynamic_ncols=True, disable=None, leave=False) as bar:

        def hear(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield hear


class Bar:
    """A tqdm bar on standard error: clips, clips/s, time left, rejected draws, bytes of this run."""

    def __init__(self, name: str) -> None:
        from tqdm import tqdm

        self._name, self._make = name, tqdm
        self._bar: tqdm | None = None  # type: ignore[type-arg]
        self._rejected = self._bytes = 0

    def start(self, clips: int, done: int) -> None:
        self._bar = self._make(
            total=clips,
            initial=done,
            desc=self._name,
            unit="clip",
            unit_scale=False,
            file=sys.stderr,
            dynamic_ncols=True,
        )

    def clip(self, count: ClipCount) -> None:
        self._rejected += len(count.rejections)
        self._bytes += count.bytes
        if self._bar is not None:
            self._bar.set_postfix_str(f"{self._rejected} rejected, {self._bytes / 1e6:.0f} MB", refresh=False)
            self._bar.update()

    def say(self, sentence: str) -> None:
        self._make.write(sentence, file=sys.stderr)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
