"""What is asked after every fault: the build is run again, and nothing tells that something went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import simgen
from simgen.build import BuildReport
from simgen.build.plan import ShardPlan, Share
from simgen.build.runners import Audience, GivenUp
from simgen.build.worker import Job, write_shard
from simgen.recipe import load_recipe
from simgen.verification import verify
from tests.build.hand import content


class Here:
    """A runner that makes the shards in this process, which has the engine loaded: a second run costs its clips."""

    def run(
        self, job: Job, shards: Sequence[ShardPlan], lock_fd: int, audience: Audience
    ) -> Sequence[GivenUp]:
        for shard in shards:
            audience.on_shard(write_shard(job, shard))
        return []


def make_here(recipe: Path, folder: Path, share: Share | None = None) -> BuildReport:
    return simgen.build(load_recipe(recipe), folder, runner=Here(), share=share)


class Undisturbed:
    """A dataset that nothing has happened to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.content = folder, content(folder)

    def is_what_becomes_of(self, folder: Path, recipe: Path) -> BuildReport:
        """Runs the build again and compares: every byte, hidden files included, and every label with what follows
        from the others. What the second run did."""
        report = make_here(recipe, folder)
        assert content(folder) == self.content
        found = verify(folder, deep=True)
        assert found.ok, found.text
        return report
