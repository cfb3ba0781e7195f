"""One run of a build: has the missing shards made by a runner, counts, and finishes what is complete."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simgen import GENERATOR_VERSION
from simgen.build.destination import Destination, Dispatch, Whole
from simgen.build.packing import waiting_clips
from simgen.build.plan import Plan, ShardPlan, ShardPlans, Share
from simgen.build.progress import Progress
from simgen.build.resume import Scan, sweep
from simgen.build.runners import GivenUp, Runner, describe
from simgen.build.shard import ClipCount
from simgen.build.shard_log import ShardLog
from simgen.build.tally import Tally
from simgen.build.worker import ClipTask, Job, ShardDone
from simgen.dataset.finish import finish_dataset
from simgen.dataset.manifest import MANIFEST, Marker
from simgen.errors import BuildError
from simgen.wording import bytes_word

if TYPE_CHECKING:
    from simgen.dataset.residuals import LawResiduals
    from simgen.recipe import Recipe

__all__ = ["BuildReport", "Run"]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. `clips`, `splits`, `bytes` and `rejections` are the dataset's, the rest the run's. `store` is the
    URL of a dataset that is not on this machine; `folder` was its staging folder then.

    Of a task that has not finished the dataset, they are those of the task's own shards.
    """

    folder: Path
    clips: int  # in the dataset
    splits: Mapping[str, int]  # clips per split
    made: int  # clips made by this run
    bytes: int  # of the shards
    rejections: Mapping[str, int]  # reason -> draws of the whole dataset that it cost
    seconds: float  # wall time
    core_seconds: Mapping[str, float]  # per stage: scene, simulate, render, label, encode, write
    scenario_seconds: Mapping[str, float]  # core seconds per clip made, by scenario
    residuals: Mapping[str, LawResiduals]  # by law, of the clips made
    outstanding: str = (
        ""  # of a task: what the dataset waits for, a sentence; "" when the dataset is finished
    )
    store: str = ""
    formats: tuple[str, ...] = ()


class Run:
    """One run of a build in a folder that is prepared and locked meanwhile."""

    def __init__(
        self,
        recipe: Recipe,
        folder: Path,
        plan: Plan,
        formats: tuple[str, ...],
        progress: Progress,
        called: str,
        destination: Destination | None = None,
        log: ShardLog | None = None,
        share: Share | None = None,
    ) -> None:
        self._recipe, self._folder, self._plan, self._formats = recipe, folder, plan, formats
        self._progress, self._called = progress, called
        self._destination, self._share = destination, share
        self._dispatch: Dispatch | None = None
        self._start = time.monotonic()
        self._tally, self._log = Tally(), log
        self._missing = 0
        self._warned = False

    def through(self, runner: Runner, lock_fd: int) -> BuildReport:
        self.make_and_send(runner, lock_fd)
        return self.finish()

    def make_and_send(self, runner: Runner, lock_fd: int) -> None:
        """All that this run answers for is made, and at its destination if there is one."""
        if self._destination is None:
            self.make_pending(runner, lock_fd)
            return
        self._destination.begin()
        self._destination.look(self._folder, self._shards())
        self._dispatch = Dispatch(self._destination, self._folder)
        try:
            self._send_what_is_here(self._destination, self._dispatch)
            self.make_pending(runner, lock_fd)
            if self._dispatch.waiting:
                self._progress.say(f"the last shards are on their way to {self._dispatch.name}")
            self._dispatch.finish()
        except BaseException:
            self._dispatch.abandon()
            raise

    def make_pending(self, runner: Runner, lock_fd: int) -> None:
        pending = ShardPlans(self._plan, self._scan().pending(self._shards()))
        waiting = waiting_clips(self._folder)
        there = 0
        if waiting:
            there = sum((shard.split, index) in waiting for shard in pending for index in shard.indices)
        self._missing = sum(shard.clips for shard in pending) - there
        if pending:
            (self._folder / MANIFEST).unlink(missing_ok=True)  # no longer true
            self._make(pending, runner, lock_fd)

    def _shards(self) -> Iterator[ShardPlan]:
        """Those that this run answers for."""
        return self._plan.shards() if self._share is None else self._share.of(self._plan.shards())

    def _scan(self) -> Scan:
        if self._destination is None:
            return Scan(self._folder, self._recipe, self._plan, self._formats)
        elsewhere = self._destination.holds
        return Scan(self._folder, self._recipe, self._plan, self._formats, elsewhere=elsewhere)

    def _send_what_is_here(self, destination: Destination, dispatch: Dispatch) -> None:
        """Shards that an earlier run has finished and not sent: first, since the disk may be full of them."""
        scan = self._scan()
        for shard in self._shards():
            marker = scan.marker(shard)
            if marker is not None and destination.wants(self._folder, marker):
                dispatch.add(marker)

    def _make(self, pending: Sequence[ShardPlan], runner: Runner, lock_fd: int) -> None:
        try:
            clips = sum(shard.clips for shard in self._shards())
            self._progress.start(clips, clips - self._missing)
            store = self._destination.store if self._destination is not None else ""
            job = Job(self._recipe, self._folder, self._formats, store)
            given_up = runner.run(job, pending, lock_fd, self)
        finally:
            self._progress.close()
        if given_up:
            raise BuildError(self._obituary(given_up))

    def on_clip(self, count: ClipCount) -> None:
        self._tally.clip(count)
        if self._log is not None:
            self._log.clip(count)
        self._progress.clip(count)
        if not self._warned and self._tally.made >= 8 and self._destination is None:
            self._warned = True
            self._warn_of_space()

    def on_shard(self, done: ShardDone) -> None:
        for count in done.made:
            self.on_clip(count)
        self._tally.core_seconds["write"] += done.seconds
        if self._log is not None:
            self._log.shard(done)
        if self._dispatch is not None:
            self._dispatch.add(done.marker)

    def say(self, sentence: str) -> None:
        self._progress.say(sentence)

    def _warn_of_space(self) -> None:
        """Once a few clips are there, their size tells whether the rest will fit."""
        made = self._tally.made
        needed = self._tally.bytes / made * (self._missing - made) * len(self._formats)
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            self._progress.say(
                f"warning: the missing clips will need about {bytes_word(needed)}, "
                f"{bytes_word(free)} are free at {self._folder}"
            )

    def _obituary(self, given_up: Sequence[GivenUp]) -> str:
        """Names every clip that could not be made, and how to see it happen."""
        lines = []
        for entry in given_up:
            where = f"{describe(entry.task)} (seed {self._recipe.seed})"
            line = f"{where} was given up after three tries: {entry.reason}."
            if isinstance(entry.task, ClipTask):
                line += (
                    f"\n  To see it happen: simgen preview {self._called} "
                    f"--split {entry.task.split} --index {entry.task.index}"
                )
            lines.append(line)
            if entry.trace and os.environ.get("SIMGEN_DEBUG"):
                lines.append(entry.trace)
        lines.append("Everything else is kept; the same command tries the missing shards again.")
        return "\n".join(lines)

    def finish_if_complete(self, alone: bool) -> BuildReport:
        """After a share. `alone`: no other task is at work, and none can begin."""
        if not alone:
            return self.outstanding(None)
        missing = self.missing()
        return self.outstanding(missing) if missing else self.finish()

    def missing(self) -> Counter[int]:
        """Task -> how many of its shards are not done."""
        scan = self._scan()
        return self.by_task(
            number for number, shard in enumerate(self._plan.shards()) if scan.marker(shard) is None
        )

    def by_task(self, numbers: Iterable[int]) -> Counter[int]:
        """Whose these shards of the plan are: task -> how many."""
        assert self._share is not None
        return Counter(number % self._share.count for number in numbers)

    def outstanding(self, missing: Counter[int] | None) -> BuildReport:
        """Of a share, while shards are missing: task -> how many, None if nobody can know."""
        share, scan = self._share, self._scan()
        assert share is not None
        waits = "Other tasks may still be at work"
        if missing is not None:
            tasks = sorted(missing)
            names = ", ".join(f"{task}/{share.count}" for task in tasks[:8]) + (
                ", …" if len(tasks) > 8 else ""
            )
            count = missing.total()
            shards = "1 shard is" if count == 1 else f"{count:,} shards are"
            waits = f"{shards} missing, of {'task' if len(tasks) == 1 else 'tasks'} {names}"
        last = "The last task finishes the dataset, or the same command with --finish in place of --task"
        size, splits, rejections = 0, Counter[str](), Counter[str]()
        for shard in self._shards():
            if (marker := scan.marker(shard)) is not None:
                size += sum(record.bytes for record in marker.shard.files.values())
                splits[shard.split] += shard.clips
                rejections.update(marker.rejections)
        return self._report(splits, size, rejections, f"{waits}. {last}.")

    def finish(self) -> BuildReport:
        """Checks that everything is there, then writes what speaks of the whole; the manifest last."""
        if self._destination is not None:
            self._destination.look(self._folder, self._plan.shards())
        sweep(self._folder, self._plan)
        attempts: dict[str, dict[int, int]] = {}  # of clips that were drawn again
        markers, tables = self._markers(attempts), lambda: self._study_files(attempts)
        if self._destination is None:
            manifest = finish_dataset(
                self._folder, self._recipe, markers, GENERATOR_VERSION, tables, self._progress.say
            )
        else:
            whole = Whole(self._recipe, self._plan, markers, tables, self._progress.say)
            manifest = self._destination.finish(self._folder, whole)
        return self._report(manifest.splits, manifest.byte_count, manifest.rejections)

    def _markers(self, attempts: dict[str, dict[int, int]]) -> Iterator[Marker]:
        """Of all shards, one by one, since they are many. `attempts` gets what a study's tables need of them."""
        scan = self._scan()
        where: object = self._folder if self._destination is None else self._destination.name
        for shard in self._plan.shards():
            marker = scan.marker(shard)
            if marker is None:
                raise BuildError(
                    f"Shard {shard} of {where} was removed or changed while the build was running. "
                    "Run the same command again."
                )
            if self._recipe.compares:
                attempts.setdefault(shard.split, {}).update(marker.attempts)
            yield marker

    def _report(
        self, splits: Mapping[str, int], size: int, rejections: Mapping[str, int], outstanding: str = ""
    ) -> BuildReport:
        """Of the shards that these figures speak of, and of what this run did."""
        splits = {split: splits.get(split, 0) for split in self._plan.clips_per_split}
        return BuildReport(
            folder=self._folder,
            clips=sum(splits.values()),
            splits=splits,
            made=self._tally.made,
            bytes=size,
            rejections=dict(sorted(rejections.items())),
            seconds=time.monotonic() - self._start,
            core_seconds=dict(self._tally.core_seconds),
            scenario_seconds=self._tally.scenario_seconds,
            residuals=self._tally.residuals,
            outstanding=outstanding,
            store=self._destination.store if self._destination is not None else "",
            formats=self._formats,
        )

    def _study_files(self, attempts: Mapping[str, Mapping[int, int]]) -> Iterator[tuple[str, bytes]]:
        from simgen.study.neighbours import neighbour_files

        return neighbour_files(self._recipe, self._plan.clips_per_split, attempts)
