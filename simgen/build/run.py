"""One run of a build: has the missing shards made by a runner, counts, and finishes what is complete."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from simgen import GENERATOR_VERSION
from simgen.build.destination import Destination, Dispatch
from simgen.build.packing import waiting_clips
from simgen.build.plan import Plan, ShardPlan, Share
from simgen.build.progress import Progress
from simgen.build.resume import Scan, sweep
from simgen.build.runners import GivenUp, Runner, describe
from simgen.build.shard import ClipCount
from simgen.build.shard_log import ShardLog
from simgen.build.tally import Tally
from simgen.build.worker import ClipTask, Job, ShardDone
from simgen.dataset.finish import finish_dataset
from simgen.dataset.manifest import MANIFEST, Manifest, Marker
from simgen.dataset.storage import write_whole
from simgen.errors import BuildError
from simgen.wording import bytes_word

if TYPE_CHECKING:
    from simgen.dataset.residuals import LawResiduals
    from simgen.recipe import Recipe

__all__ = ["BuildReport", "Run"]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. `clips`, `splits`, `bytes` and `rejections` are the dataset's, the rest the run's.

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
        if self._destination is None:
            self.make_pending(runner, lock_fd)
            return self.finish()
        self._destination.begin()
        self._dispatch = Dispatch(self._destination, self._folder)
        try:
            self._send_what_is_here(self._dispatch)
            self.make_pending(runner, lock_fd)
            if self._dispatch.waiting:
                self._progress.say(f"the last shards are on their way to {self._dispatch.name}")
            self._dispatch.finish()
            return self.finish()
        except BaseException:
            self._dispatch.abandon()
            raise

    def make_pending(self, runner: Runner, lock_fd: int) -> None:
        pending = list(self._scan().pending(self._shards()))
        waiting = waiting_clips(self._folder)
        there = sum(1 for shard in pending for index in shard.indices if (shard.split, index) in waiting)
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

    def _send_what_is_here(self, dispatch: Dispatch) -> None:
        """Shards that an earlier run has finished and not sent: first, since the disk may be full of them."""
        scan = self._scan()
        for shard in self._plan.shards():
            marker = scan.marker(shard)
            if marker is not None and any((self._folder / path).exists() for path in marker.shard.files):
                dispatch.add(marker)

    def _make(self, pending: Sequence[ShardPlan], runner: Runner, lock_fd: int) -> None:
        try:
            clips = sum(shard.clips for shard in self._shards())
            self._progress.start(clips, clips - self._missing)
            job = Job(self._recipe, self._folder, self._formats)
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
        scan, share = self._scan(), self._share
        assert share is not None
        if alone:
            missing = {
                number for number, shard in enumerate(self._plan.shards()) if scan.marker(shard) is None
            }
            if not missing:
                return self.finish()
            tasks = sorted({number % share.count for number in missing})
            names = ", ".join(f"{task}/{share.count}" for task in tasks[:8]) + (
                ", …" if len(tasks) > 8 else ""
            )
            shards = "1 shard is" if len(missing) == 1 else f"{len(missing):,} shards are"
            waits = f"{shards} missing, of {'task' if len(tasks) == 1 else 'tasks'} {names}"
        else:
            waits = "Other tasks may still be at work"
        last = "The last task finishes the dataset, or the same command with --finish in place of --task"
        markers = [marker for shard in self._shards() if (marker := scan.marker(shard)) is not None]
        return self._report(markers, f"{waits}. {last}.")

    def finish(self) -> BuildReport:
        """Checks that everything is there, then writes what speaks of the whole; the manifest last."""
        sweep(self._folder, self._plan)
        scan = self._scan()
        markers: list[Marker] = []
        for shard in self._plan.shards():
            marker = scan.marker(shard)
            if marker is None:
                raise BuildError(
                    f"Shard {shard} of {self._folder} was removed or changed while the build was running. "
                    "Run the same command again."
                )
            markers.append(marker)
        if self._destination is None:
            finish_dataset(
                self._folder,
                self._recipe,
                markers,
                GENERATOR_VERSION,
                lambda: self._study_files(markers),
                self._progress.say,
            )
        else:
            self._finish_elsewhere(self._destination, markers)
        return self._report(markers)

    def _report(self, markers: Sequence[Marker], outstanding: str = "") -> BuildReport:
        """Of the shards that the markers speak of, and of what this run did."""
        splits = dict.fromkeys(self._plan.clips_per_split, 0)
        rejections: Counter[str] = Counter()
        for marker in markers:
            splits[marker.shard.split] += marker.shard.clips
            rejections.update(marker.rejections)
        return BuildReport(
            folder=self._folder,
            clips=sum(splits.values()),
            splits=splits,
            made=self._tally.made,
            bytes=sum(record.bytes for marker in markers for record in marker.shard.files.values()),
            rejections=dict(sorted(rejections.items())),
            seconds=time.monotonic() - self._start,
            core_seconds=dict(self._tally.core_seconds),
            scenario_seconds=self._tally.scenario_seconds,
            residuals=self._tally.residuals,
            outstanding=outstanding,
        )

    def _finish_elsewhere(self, destination: Destination, markers: Sequence[Marker]) -> None:
        """No manifest is written here: the folder is no dataset. The tables of a study are small and stay."""
        manifest = Manifest.of(self._recipe, markers, GENERATOR_VERSION)
        tables = {
            path: write_whole(self._folder, path, content) for path, content in self._study_files(markers)
        }
        manifest = replace(manifest, study_files=tables)
        destination.finish(self._folder, manifest)

    def _study_files(self, markers: Sequence[Marker]) -> Iterator[tuple[str, bytes]]:
        from simgen.study.neighbours import neighbour_files

        attempts: dict[str, dict[int, int]] = {}
        for marker in markers:
            attempts.setdefault(marker.shard.split, {}).update(marker.attempts)
        return neighbour_files(self._recipe, self._plan.clips_per_split, attempts)
