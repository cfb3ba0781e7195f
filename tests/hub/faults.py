"""What goes wrong at the Hub, declared by a test before it happens; nothing in a client is touched."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Fault"]


@dataclass
class Fault:
    """Happens to requests whose "METHOD /path" matches `on`, `times` times after letting `skip` of them pass.

    Exactly one of `status` (the answer instead of the real one), `cut_after` (the connection is broken once so many
    bytes of the request's body have come), `answer_lost` (what was asked for is done, and nobody hears of it),
    `stalls` (the request gets no answer; `reached` tells the test) and `first` (what happens before it is done).
    """

    on: str
    status: int = 0
    message: str = "as the test wants it"
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    answer_lost: bool = False
    stalls: bool = False
    first: Callable[[], object] | None = None
    times: int = 1
    skip: int = 0
    happened: int = 0
    reached: threading.Event = field(default_factory=threading.Event)

    def takes(self, request: str) -> bool:
        """Whether it happens to this request; counts."""
        if not re.search(self.on, request) or self.happened >= self.times:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.happened += 1
        self.reached.set()
        return True
