"""`simgen.build` of hand-made clips, without an engine: the real driver, writer and destination, a runner of one process.

`python -m tests.stores.hand_build URL STAGING CLIPS` does it in a process of its own, which a test may kill.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simgen.build.driver import build
from simgen.build.plan import ShardPlan, Share
from simgen.build.run import BuildReport
from simgen.build.runners import Audience, GivenUp
from simgen.build.worker import Job, write_shard
from simgen.reading.retries import Patience
from tests.build.hand import BuildRecipe, Output, lay_out_clips

__all__ = ["QUICK", "HandRunner", "StoreRecipe", "made"]

QUICK = Patience(attempts=8, first_wait_s=0.02, longest_wait_s=0.1)


@dataclass(frozen=True)
class Design:
    clips: int = 0
    in_groups: bool = False
    ladder: tuple[int, ...] = ()


@dataclass(frozen=True)
class StoreRecipe(BuildRecipe):
    """Shards of two clips."""

    frame_count: int = 4
    splits: dict[str, Any] = field(default_factory=lambda: {"train": Design(3), "test": Design(3)})
    compares: bool = False
    output: Output = field(default_factory=lambda: Output(clips_per_shard=2))

    def training_of(self, split: str) -> None:
        return None


@dataclass(frozen=True)
class HandRunner:
    """One shard after the other; `before` hears of each."""

    before: Callable[[ShardPlan], object] = lambda shard: None

    def run(
        self, job: Job, shards: Sequence[ShardPlan], lock_fd: int, audience: Audience
    ) -> Sequence[GivenUp]:
        for shard in shards:
            self.before(shard)
            lay_out_clips(job.folder, job.recipe, shard)  # type: ignore[arg-type]
            audience.on_shard(write_shard(job, shard))
        return []


def made(
    output: str | Path,
    staging: Path | None = None,
    clips: int | None = None,
    *,
    recipe: StoreRecipe | None = None,
    share: Share | None = None,
    overwrite: bool = False,
    before: Callable[[ShardPlan], object] = lambda shard: None,
    patience: Patience = QUICK,
) -> tuple[BuildReport, list[str]]:
    """The report, and the shards that were made for it."""
    names: list[str] = []

    def note(shard: ShardPlan) -> None:
        before(shard)
        names.append(str(shard))

    report = build(
        recipe or StoreRecipe(),  # type: ignore[arg-type]
        output,
        clips=clips,
        runner=HandRunner(note),
        share=share,
        overwrite=overwrite,
        staging=staging,
        patience=patience,
    )
    return report, names


if __name__ == "__main__":
    print(*made(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))[1])
