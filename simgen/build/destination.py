"""Shards that do not stay: each is handed to a `Destination` once its marker is written, and its files are dropped when
that has it. A dataset may then be larger than the disk.

What a destination is, is nobody's business here: `simgen.publish.as_it_goes` has the one for the Hub,
`simgen.build.store_destination` the one for everything else that has a URL.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from simgen.build.plan import Plan, ShardPlan
    from simgen.dataset.manifest import Manifest, Marker
    from simgen.dataset.storage import FileRecord

__all__ = ["Destination", "Dispatch", "Whole"]

_AHEAD = 2  # shards that wait to be sent; with more of them the build waits, so that the disk does not fill


@dataclass(frozen=True, slots=True)
class Whole:
    """A dataset of which all shards are done: what its other files are made from."""

    recipe: Any
    plan: Plan
    markers: Iterable[Marker]  # once, one by one, since they are many; raises BuildError at one that is gone
    study_files: Callable[[], Iterable[tuple[str, bytes]]]  # path, content
    say: Callable[[str], None]


class Destination(Protocol):
    """Keeps finished shards somewhere else. Errors are SimgenErrors that say what to do."""

    name: str  # as a message calls it
    at_once: int  # shards that it takes at the same time
    store: str  # the URL to which nodes of a cluster send by themselves; "" where only this process does

    def begin(self) -> None:
        """Raises when this dataset may not go there."""

    def look(self, folder: Path, shards: Iterable[ShardPlan]) -> None:
        """Looks at what is there of these shards; markers that are only there come into the folder."""

    def holds(self, record: FileRecord) -> bool:
        """Whether it has a file of this size and hash."""

    def wants(self, folder: Path, marker: Marker) -> bool:
        """Whether the finished shard is to be taken."""

    def take(self, folder: Path, marker: Marker) -> None:
        """Returns when it has every file of the shard, confirmed by hash. May be interrupted anywhere and repeated."""

    def finish(self, folder: Path, whole: Whole) -> Manifest:
        """All shards are there: the dataset is to be seen."""


class Dispatch:
    """Hands shards to a destination in threads of its own, and drops what has arrived."""

    def __init__(self, destination: Destination, folder: Path) -> None:
        self.name = destination.name
        self._destination, self._folder = destination, folder
        self._queue: queue.Queue[Marker | None] = queue.Queue()
        self._room = threading.Semaphore(destination.at_once + _AHEAD)
        self._error: BaseException | None = None
        self._abandoned = False
        self._threads = [
            threading.Thread(target=self._work, name="simgen-dispatch", daemon=True)
            for _ in range(destination.at_once)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, marker: Marker) -> None:
        """Waits while others wait. Raises what went wrong with an earlier one."""
        while not self._room.acquire(timeout=0.2):
            self._raise()
        self._raise()
        self._queue.put(marker)

    @property
    def waiting(self) -> int:
        """Shards that are not there yet, at most."""
        return self._queue.unfinished_tasks

    def finish(self) -> None:
        """Waits for all of them. Raises what went wrong."""
        self._end()
        while any(thread.is_alive() for thread in self._threads) and self._error is None:
            for thread in self._threads:
                thread.join(0.2)
        self._raise()

    def abandon(self) -> None:
        """No further shard is sent; those on their way are not waited for."""
        self._abandoned = True
        self._end()

    def _end(self) -> None:
        for _ in self._threads:
            self._queue.put(None)

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (marker := self._queue.get()) is not None and not self._abandoned:
            try:
                self._destination.take(self._folder, marker)
                for path in marker.shard.files:
                    (self._folder / path).unlink(missing_ok=True)
            except BaseException as error:
                self._error = error
                self._room.release()
                return
            self._queue.task_done()
            self._room.release()
