"""Shards that do not stay: each is handed to a `Destination` once its marker is written, and its files are dropped when
that has it. A dataset may then be larger than the disk.

What a destination is, is nobody's business here; `simgen.publish.as_it_goes` has the one for the Hub.
"""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simgen.dataset.manifest import Manifest, Marker
    from simgen.dataset.storage import FileRecord

__all__ = ["Destination", "Dispatch"]

_AHEAD = 2  # shards that wait to be sent; with more of them the build waits, so that the disk does not fill


class Destination(Protocol):
    """Keeps finished shards somewhere else. Errors are SimgenErrors that say what to do."""

    name: str  # as a message calls it

    def begin(self) -> None:
        """Raises when this dataset may not go there; else looks at what is there already."""

    def holds(self, record: FileRecord) -> bool:
        """Whether it has a file of this size and hash."""

    def take(self, folder: Path, marker: Marker) -> None:
        """Returns when it has every file of the shard, confirmed by hash."""

    def finish(self, folder: Path, manifest: Manifest) -> None:
        """All shards are there: the dataset is to be seen."""


class Dispatch:
    """Hands shards to a destination in a thread of its own, one after the other, and drops what has arrived."""

    def __init__(self, destination: Destination, folder: Path) -> None:
        self.name = destination.name
        self._destination, self._folder = destination, folder
        self._queue: queue.Queue[Marker | None] = queue.Queue()
        self._room = threading.Semaphore(1 + _AHEAD)  # one on its way
        self._error: BaseException | None = None
        self._abandoned = False
        self._thread = threading.Thread(target=self._work, name="simgen-dispatch", daemon=True)
        self._thread.start()

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
        self._queue.put(None)
        while self._thread.is_alive():
            self._thread.join(0.2)
        self._raise()

    def abandon(self) -> None:
        """No further shard is sent; the one on its way is not waited for."""
        self._abandoned = True
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
