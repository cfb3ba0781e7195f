"""Who makes the shards of a build: the protocol `Runner`, and a file for each that there is.

A runner decides where and in what order shards are made, never what is in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from simgen.build.worker import ClipTask, WarmUp

if TYPE_CHECKING:
    from simgen.build.plan import ShardPlan
    from simgen.build.shard import ClipCount
    from simgen.build.worker import Job, ShardDone, Task

__all__ = ["Audience", "GivenUp", "Runner", "describe"]


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A task that killed its worker, or raised, three times."""

    task: Task
    reason: str
    trace: str = ""


class Audience(Protocol):
    """Hears what happens, in the driver's process. All methods return at once."""

    def on_clip(self, count: ClipCount) -> None:
        """A clip is ready for its shard."""

    def on_shard(self, done: ShardDone) -> None:
        """A shard is finished; it names the clips that were not announced before."""

    def say(self, sentence: str) -> None:
        """Something that the user should know now."""


class Runner(Protocol):
    def run(
        self, job: Job, shards: Sequence[ShardPlan], lock_fd: int, audience: Audience
    ) -> Sequence[GivenUp]:
        """Makes the shards; the tasks that had to be given up, in the order in which that happened.

        Processes of this machine that write to the folder inherit `lock_fd`, so that the dataset stays locked as long
        as one of them lives. Raises BuildError as soon as going on makes no sense (no draw of a clip is fit, the disk
        is full). On that and on any other exception, KeyboardInterrupt among them, what was begun is ended first.
        """


def describe(task: Task) -> str:
    if isinstance(task, WarmUp):
        return "the start of a worker"
    return f"{task.split} clip {task.index}" if isinstance(task, ClipTask) else f"shard {task}"
