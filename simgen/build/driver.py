"""A whole dataset: `build(recipe, folder)` prepares the folder, has the missing shards made, writes the
manifest last."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from simgen import GENERATOR_VERSION
from simgen.build.destination import Destination, Dispatch
from simgen.build.local import GivenUp, cores, describe, run_local
from simgen.build.lock import folder_lock, lock_if_free, task_lock
from simgen.build.packing import waiting_clips
from simgen.build.plan import Plan, ShardPlan, Share
from simgen.build.progress import Progress, Silent
from simgen.build.resume import Scan, Target, check_folder, prepare, sweep
from simgen.build.shard import ClipCount
from simgen.build.shard_log import ShardLog
from simgen.build.storage_trouble import storage_trouble
from simgen.build.tally import Tally
from simgen.build.worker import ClipTask, Job, ShardDone
from simgen.dataset.finish import finish_dataset
from simgen.dataset.manifest import FORMATS, MANIFEST, Manifest, Marker
from simgen.dataset.storage import write_whole
from simgen.errors import BuildError, MissingDependencyError
from simgen.wording import bytes_word

if TYPE_CHECKING:
    from simgen.dataset.residuals import LawResiduals
    from simgen.recipe import Recipe

__all__ = ["BuildReport", "build", "finish", "formats_of", "outlook", "plan_of", "require_what_it_takes"]


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


def folder_of(recipe: Recipe, output: str | Path | None) -> Path:
    """Where the dataset goes: datasets/<recipe name> below the working folder when nothing is said."""
    return Path(output if output is not None else Path("datasets") / recipe.name).absolute()


def plan_of(recipe: Recipe, clips: int | None = None) -> Plan:
    """The plan of the recipe's splits; `clips` stands in for the number of clips of every split, of groups rounded
    up to whole ones.
    """
    if clips is not None and clips < 1:
        raise ValueError(f"a dataset needs at least one clip, not {clips}")
    groups = {name: len(design.members) for name, design in recipe.designs.items() if design.in_groups}
    counts = {
        name: design.clips if clips is None else -(-clips // groups.get(name, 1)) * groups.get(name, 1)
        for name, design in recipe.designs.items()
    }
    ladders = {name: design.ladder for name, design in recipe.designs.items() if design.ladder}
    return Plan(counts, recipe.output.clips_per_shard, ladders, groups)


def build(
    recipe: Recipe,
    output: str | Path | None = None,
    *,
    clips: int | None = None,
    workers: int | None = None,
    formats: Sequence[str] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    called: str | None = None,
    destination: Destination | None = None,
    log: Path | None = None,
    share: Share | None = None,
) -> BuildReport:
    """Builds the dataset in folder `output` (datasets/<recipe name> if None), or does what is missing of it.

    `clips` replaces the clip count of every split, `formats` (parquet, webdataset) those of the recipe;
    `workers` is the number of processes (None: one per core). The bytes of the dataset depend on the
    recipe, the counts and the formats alone. With a `destination` finished shards go there and do not stay;
    the folder keeps their markers. File `log` gets a line of JSON per finished shard. With a `share` only those
    shards are made, beside other processes that make theirs; the last one finishes the dataset.
    Raises BuildError with what to do when it cannot be finished; what is finished is kept and the same call
    continues.
    """
    folder = folder_of(recipe, output)
    plan = plan_of(recipe, clips)
    chosen = formats_of(recipe, formats)
    workers = cores() if workers is None else workers
    if workers < 1:
        raise ValueError(f"a build needs at least one worker, not {workers}")
    if share is not None and (overwrite or destination is not None):
        raise ValueError("a share of a build neither overwrites the dataset nor sends it elsewhere")
    require_what_it_takes(recipe)
    shard_log = None if log is None else ShardLog(log)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        # nothing was there yet, so a path that leads nowhere is the user's and not something that vanished
        lost = isinstance(error, (FileNotFoundError, NotADirectoryError))
        sentence = None if lost else storage_trouble(error, folder)
        if sentence is None:
            reason = (error.strerror or type(error).__name__).lower()
            sentence = f"The folder {folder} cannot be made ({reason}). Give another one with -o."
        raise BuildError(sentence) from error
    run = _Run(
        recipe,
        folder,
        plan,
        chosen,
        progress or Silent(),
        called or recipe.name,
        destination,
        shard_log,
        share,
    )
    with _trouble_told(folder):
        if share is not None:
            return _build_share(run, recipe, folder, plan, chosen, workers)
        with folder_lock(folder) as lock:
            if destination is not None:
                _refuse_finished(folder, destination)
            prepare(folder, recipe, plan, chosen, overwrite)
            return run.through(workers, lock)


def _build_share(
    run: _Run, recipe: Recipe, folder: Path, plan: Plan, formats: tuple[str, ...], workers: int
) -> BuildReport:
    """Makes a share beside other tasks; whoever is alone at the end, and finds everything there, finishes."""
    target = Target.of(recipe, plan, formats)

    def ready(alone: bool) -> None:
        prepare(folder, recipe, plan, formats, alone=alone)

    with task_lock(folder, ready, lambda: Target.read(folder) == target) as lock:
        run.make_pending(workers, lock)
    with lock_if_free(folder) as alone:
        return run.finish_if_complete(alone)


def finish(
    recipe: Recipe,
    output: str | Path | None = None,
    *,
    clips: int | None = None,
    formats: Sequence[str] | None = None,
    progress: Progress | None = None,
    called: str | None = None,
) -> BuildReport:
    """Finishes a dataset of which tasks have made all shards. Raises BuildError that says what is missing."""
    folder, plan, chosen = folder_of(recipe, output), plan_of(recipe, clips), formats_of(recipe, formats)
    if Target.read(folder) is None:
        raise BuildError(
            f"{folder} holds no build that could be finished. Build it first, or say where with -o."
        )
    check_folder(folder, recipe, plan, chosen)
    run = _Run(recipe, folder, plan, chosen, progress or Silent(), called or recipe.name)
    with _trouble_told(folder), folder_lock(folder):
        missing = list(Scan(folder, recipe, plan, chosen, adopt=False).pending())
        if missing:
            names = ", ".join(map(str, missing[:3])) + (", …" if len(missing) > 3 else "")
            raise BuildError(
                f"{folder} is not complete: {len(missing):,} of {plan.shard_count:,} shards are missing ({names}). "
                "Run the tasks that make them again, or build without --task to have all of them made here."
            )
        return run.finish()


@contextmanager
def _trouble_told(folder: Path) -> Iterator[None]:
    """What the disk refuses becomes a sentence."""
    try:
        yield
    except OSError as error:
        sentence = storage_trouble(error, folder)
        if sentence is None:
            raise
        raise BuildError(sentence) from error


def _refuse_finished(folder: Path, destination: Destination) -> None:
    """A dataset that is whole on this disk is not dropped from it."""
    if (folder / MANIFEST).exists():
        raise BuildError(
            f"{folder} holds a finished dataset, and a build with --publish keeps no shard here. "
            f"To upload it and keep it: simgen publish {folder} {destination.name}. Or give another folder with -o."
        )


def outlook(
    recipe: Recipe,
    output: str | Path | None = None,
    *,
    clips: int | None = None,
    formats: Sequence[str] | None = None,
    overwrite: bool = False,
    share: Share | None = None,
) -> str:
    """What `build` would do, as text; changes nothing. Raises the BuildError that `build` would raise."""
    folder = folder_of(recipe, output)
    plan, chosen = plan_of(recipe, clips), formats_of(recipe, formats)
    require_what_it_takes(recipe)
    shards = list(plan.shards() if share is None else share.of(plan.shards()))
    missing = len(shards)
    if not overwrite:
        check_folder(folder, recipe, plan, chosen)
        missing = sum(1 for _ in Scan(folder, recipe, plan, chosen, adopt=False).pending(shards))
    counts = ", ".join(f"{split} {count:,}" for split, count in plan.clips_per_split.items())
    own = "" if share is None else f"task {share} makes {len(shards):,} of them: "
    lines = [
        f"{folder}: {plan.clips:,} clips ({counts}) in {plan.shard_count:,} shards as {' and '.join(chosen)}",
        f"  {own}{len(shards) - missing:,} shards are done, {missing:,} are to be made",
    ]
    if overwrite and (folder / MANIFEST).exists():
        lines.append("  the dataset that is there now would be removed first (--overwrite)")
    return "\n".join(lines)


class _Run:
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

    def through(self, workers: int, lock: int) -> BuildReport:
        if self._destination is None:
            self.make_pending(workers, lock)
            return self.finish()
        self._destination.begin()
        self._dispatch = Dispatch(self._destination, self._folder)
        try:
            self._send_what_is_here(self._dispatch)
            self.make_pending(workers, lock)
            if self._dispatch.waiting:
                self._progress.say(f"the last shards are on their way to {self._dispatch.name}")
            self._dispatch.finish()
            return self.finish()
        except BaseException:
            self._dispatch.abandon()
            raise

    def make_pending(self, workers: int, lock: int) -> None:
        pending = list(self._scan().pending(self._shards()))
        waiting = waiting_clips(self._folder)
        there = sum(1 for shard in pending for index in shard.indices if (shard.split, index) in waiting)
        self._missing = sum(shard.clips for shard in pending) - there
        if pending:
            (self._folder / MANIFEST).unlink(missing_ok=True)  # no longer true
            self._make(pending, waiting, workers, lock)

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

    def _make(
        self, pending: Sequence[ShardPlan], waiting: set[tuple[str, int]], workers: int, lock: int
    ) -> None:
        try:
            clips = sum(shard.clips for shard in self._shards())
            self._progress.start(clips, clips - self._missing)
            job = Job(self._recipe, self._folder, self._formats)
            given_up = run_local(
                job, pending, waiting, workers, lock, self._on_clip, self._on_shard, self._progress.say
            )
        finally:
            self._progress.close()
        if given_up:
            raise BuildError(self._obituary(given_up))

    def _on_clip(self, count: ClipCount) -> None:
        self._tally.clip(count)
        if self._log is not None:
            self._log.clip(count)
        self._progress.clip(count)
        if not self._warned and self._tally.made >= 8 and self._destination is None:
            self._warned = True
            self._warn_of_space()

    def _on_shard(self, done: ShardDone) -> None:
        for count in done.made:
            self._on_clip(count)
        self._tally.core_seconds["write"] += done.seconds
        if self._log is not None:
            self._log.shard(done)
        if self._dispatch is not None:
            self._dispatch.add(done.marker)

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
            waits = f"{len(missing):,} shards are missing, of tasks {names}"
        else:
            waits = "Other tasks may still be at work"
        folder = min(os.path.relpath(self._folder), str(self._folder), key=len)
        last = f"The last task finishes the dataset, or: simgen build {self._called} -o {folder} --finish"
        markers = [marker for shard in self._shards() if (marker := scan.marker(shard)) is not None]
        return self._report(markers, f"{waits}. {last}")

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


def formats_of(recipe: Recipe, formats: Sequence[str] | None) -> tuple[str, ...]:
    if formats is None:
        formats = FORMATS if recipe.output.format == "both" else (recipe.output.format,)
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise ValueError(f"formats are {' and '.join(FORMATS)}, not {', '.join(unknown) or 'none'}")
    return tuple(name for name in FORMATS if name in formats)


def require_what_it_takes(recipe: Recipe) -> None:
    """Raises MissingDependencyError now rather than in every worker."""
    import importlib.util
    import platform

    from simgen.dataset.column_table import Layout
    from simgen.dataset.video import require_codec

    if importlib.util.find_spec("pybullet") is None:
        raise MissingDependencyError(
            "Building needs the physics engine PyBullet, which has wheels for Python 3.10 and 3.11 on Linux "
            f"x86-64; this is Python {platform.python_version()} on {platform.system()} "
            f"{platform.machine()}. "
            "Build in an environment of Python 3.11 (python3.11 -m venv .venv && .venv/bin/pip install "
            "simgen-physics), or compile it: pip install pybullet. Reading a dataset works here as it is."
        )
    require_codec(Layout.of(recipe).codec)
