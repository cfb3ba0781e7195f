"""A whole dataset: `build(recipe, folder)` prepares the folder, has the missing shards made, writes the
manifest last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from simgen.build.destination import Destination
from simgen.build.lock import folder_lock, lock_if_free, task_lock
from simgen.build.output import folder_of, staging_of, store_url
from simgen.build.plan import Plan, ShardPlan, ShardPlans, Share
from simgen.build.progress import Progress, Silent
from simgen.build.resume import Scan, Target, check_folder, prepare
from simgen.build.run import BuildReport, Run
from simgen.build.runners import Runner
from simgen.build.runners.local import LocalRunner, cores
from simgen.build.shard_log import ShardLog
from simgen.build.storage_trouble import storage_trouble
from simgen.dataset.manifest import FORMATS, MANIFEST
from simgen.errors import BuildError, MissingDependencyError

if TYPE_CHECKING:
    from simgen.reading.retries import Patience
    from simgen.recipe import Recipe

__all__ = ["build", "finish", "formats_of", "outlook", "plan_of", "require_what_it_takes"]


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
    runner: Runner | None = None,
    staging: str | Path | None = None,
    patience: Patience | None = None,
) -> BuildReport:
    """Builds the dataset in folder `output` (datasets/<recipe name> if None), or does what is missing of it. The URL of a
    store (s3://…) does as well: shards wait for it below folder `staging` (the user's cache folder if None) and do not
    stay, and `patience` is how long it may fail to answer.

    `clips` replaces the clip count of every split, `formats` (parquet, webdataset) those of the recipe;
    `workers` is the number of processes (None: one per core), or `runner` says who makes the shards. The bytes of the dataset depend on the
    recipe, the counts and the formats alone. With a `destination` finished shards go there and do not stay;
    the folder keeps their markers. File `log` gets a line of JSON per finished shard. With a `share` only those
    shards are made, beside other processes that make theirs; the last one finishes the dataset.
    Raises BuildError with what to do when it cannot be finished; what is finished is kept and the same call
    continues.
    """
    url = store_url(output)
    folder = folder_of(recipe, output) if url is None else staging_of(url, staging, share)
    plan = plan_of(recipe, clips)
    chosen = formats_of(recipe, formats)
    if workers is not None and workers < 1:
        raise ValueError(f"a build needs at least one worker, not {workers}")
    runner = runner or LocalRunner(cores() if workers is None else workers)
    if share is not None and (overwrite or destination is not None):
        raise ValueError("a share of a build neither overwrites the dataset nor sends it elsewhere")
    require_what_it_takes(recipe)
    shard_log = None if log is None else ShardLog(log)
    _make_folder(folder, "-o" if url is None else "--staging")
    store = None
    if url is not None:
        from simgen.build.in_store import build_in_store, fill_from  # what a folder needs none of

        destination = store = fill_from(folder, url, patience)
    run = Run(
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
        if store is not None:
            return build_in_store(run, store, folder, recipe, plan, chosen, overwrite, runner, share)
        if share is not None:
            return _build_share(run, recipe, folder, plan, chosen, runner)
        with folder_lock(folder) as lock:
            if destination is not None:
                _refuse_finished(folder, destination)
            prepare(folder, recipe, plan, chosen, overwrite)
            run.make_and_send(runner, lock)
            return run.finish()


def _make_folder(folder: Path, option: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        # nothing was there yet, so a path that leads nowhere is the user's and not something that vanished
        lost = isinstance(error, (FileNotFoundError, NotADirectoryError))
        sentence = None if lost else storage_trouble(error, folder)
        if sentence is None:
            reason = (error.strerror or type(error).__name__).lower()
            sentence = f"The folder {folder} cannot be made ({reason}). Give another one with {option}."
        raise BuildError(sentence) from error


def _build_share(
    run: Run, recipe: Recipe, folder: Path, plan: Plan, formats: tuple[str, ...], runner: Runner
) -> BuildReport:
    """Makes a share beside other tasks; whoever is alone at the end, and finds everything there, finishes."""
    target = Target.of(recipe, plan, formats)

    def ready(alone: bool) -> None:
        prepare(folder, recipe, plan, formats, alone=alone)

    with task_lock(folder, ready, lambda: Target.read(folder) == target) as lock:
        run.make_pending(runner, lock)
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
    staging: str | Path | None = None,
) -> BuildReport:
    """Finishes a dataset of which tasks have made all shards. Raises BuildError that says what is missing."""
    plan, chosen = plan_of(recipe, clips), formats_of(recipe, formats)
    told = progress or Silent(), called or recipe.name
    if (url := store_url(output)) is not None:
        from simgen.build.in_store import fill_from, shards_in_store

        folder = staging_of(url, staging, None)
        store = fill_from(folder, url, None)
        _make_folder(folder, "--staging")
        with _trouble_told(folder), shards_in_store(folder, store, recipe, plan, chosen) as shards:
            _refuse_incomplete(url, shards, plan)
            return Run(recipe, folder, plan, chosen, *told, store).finish()
    folder = folder_of(recipe, output)
    if Target.read(folder) is None:
        _refuse_incomplete(folder, None, plan)
    check_folder(folder, recipe, plan, chosen)
    run = Run(recipe, folder, plan, chosen, *told)
    with _trouble_told(folder), folder_lock(folder):
        _refuse_incomplete(
            folder, ShardPlans(plan, Scan(folder, recipe, plan, chosen, adopt=False).pending()), plan
        )
        return run.finish()


def _refuse_incomplete(place: Path | str, missing: Sequence[ShardPlan] | None, plan: Plan) -> None:
    """`missing`: None when no build has begun there."""
    if missing is None:
        raise BuildError(
            f"{place} holds no build that could be finished. Build it first, or say where with -o."
        )
    if missing:
        names = ", ".join(map(str, missing[:3])) + (", …" if len(missing) > 3 else "")
        raise BuildError(
            f"{place} is not complete: {len(missing):,} of {plan.shard_count:,} shards are missing ({names}). "
            "Run the tasks that make them again, or build without --task to have all of them made here."
        )


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
    plan, chosen = plan_of(recipe, clips), formats_of(recipe, formats)
    require_what_it_takes(recipe)
    asked = ShardPlans(plan, plan.shards() if share is None else share.of(plan.shards()))
    missing, url = len(asked), store_url(output)
    place = folder_of(recipe, output) if url is None else url
    if url is not None:
        from simgen.build.in_store import is_whole_in_store, missing_in_store

        there = overwrite and is_whole_in_store(url)
        if not overwrite:
            missing = missing_in_store(url, recipe, plan, chosen, asked)
    else:
        folder = Path(place)
        there = overwrite and (folder / MANIFEST).exists()
        if not overwrite:
            check_folder(folder, recipe, plan, chosen)
            missing = sum(1 for _ in Scan(folder, recipe, plan, chosen, adopt=False).pending(asked))
    counts = ", ".join(f"{split} {count:,}" for split, count in plan.clips_per_split.items())
    own = "" if share is None else f"task {share} makes {len(asked):,} of them: "
    lines = [
        f"{place}: {plan.clips:,} clips ({counts}) in {plan.shard_count:,} shards as {' and '.join(chosen)}",
        f"  {own}{len(asked) - missing:,} shards are done, {missing:,} are to be made",
    ]
    if there:
        lines.append("  the dataset that is there now would be removed first (--overwrite)")
    return "\n".join(lines)


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
