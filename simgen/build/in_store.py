"""Building, finishing and looking at a dataset in a store: what `simgen.build.driver` does when `-o` is a URL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from simgen.build.lock import folder_lock
from simgen.build.plan import Plan, ShardPlan, ShardPlans, Share
from simgen.build.resume import Scan, check_folder
from simgen.build.run import BuildReport, Run
from simgen.build.runners import Runner
from simgen.build.store import PATIENCE, Store
from simgen.build.store_destination import StoreDestination
from simgen.dataset.manifest import MANIFEST
from simgen.dataset.storage import PRIVATE
from simgen.reading.retries import Patience

if TYPE_CHECKING:
    from simgen.recipe import Recipe

__all__ = ["build_in_store", "fill_from", "is_whole_in_store", "missing_in_store", "shards_in_store"]


def fill_from(folder: Path, url: str, patience: Patience | None) -> StoreDestination:
    """The store at a URL, to be filled from a staging folder."""
    kept = f"What is finished is kept, there and in {folder}: run the same command again."
    return StoreDestination(url, kept, patience or PATIENCE)


def build_in_store(
    run: Run,
    store: StoreDestination,
    folder: Path,
    recipe: Recipe,
    plan: Plan,
    formats: Sequence[str],
    overwrite: bool,
    runner: Runner,
    share: Share | None,
) -> BuildReport:
    """Everything, or the share of a task: who finds all markers there writes the manifest, and two of them the same."""
    with _staged(folder) as lock:
        store.prepare(folder, recipe, plan, formats, overwrite)
        run.make_and_send(runner, lock)
        if share is None:
            return run.finish()
        missing = run.by_task(store.unmarked(plan.shards()))
        if not missing:  # by name: now what they say is looked at
            store.look(folder, plan.shards())
            missing = run.missing()
        return run.outstanding(missing) if missing else run.finish()


@contextmanager
def shards_in_store(
    folder: Path, store: StoreDestination, recipe: Recipe, plan: Plan, formats: Sequence[str]
) -> Iterator[Sequence[ShardPlan] | None]:
    """The shards that are missing there, None when nothing was begun; the folder is a staging folder meanwhile."""
    with _staged(folder):
        yield _missing(folder, store, recipe, plan, formats, plan.shards())


def missing_in_store(
    url: str, recipe: Recipe, plan: Plan, formats: Sequence[str], shards: Sequence[ShardPlan]
) -> int:
    """How many of these shards are missing. Changes nothing. Raises the BuildError that a build would raise."""
    with tempfile.TemporaryDirectory(prefix="simgen-") as folder:
        missing = _missing(Path(folder), StoreDestination(url), recipe, plan, formats, shards)
        return len(shards) if missing is None else len(missing)


def _missing(
    folder: Path,
    store: StoreDestination,
    recipe: Recipe,
    plan: Plan,
    formats: Sequence[str],
    shards: Iterable[ShardPlan],
) -> Sequence[ShardPlan] | None:
    if store.fetch_target(folder) is None:
        return None
    check_folder(folder, recipe, plan, formats, store.name)
    asked = ShardPlans(plan, shards)
    store.look(folder, asked)
    scan = Scan(folder, recipe, plan, formats, adopt=False, elsewhere=store.holds)
    return ShardPlans(plan, scan.pending(asked))


def is_whole_in_store(url: str) -> bool:
    """Whether a finished dataset is there."""
    return Store(url).entry(MANIFEST) is not None


@contextmanager
def _staged(folder: Path) -> Iterator[int]:
    """Holds the staging folder, see `folder_lock`. It is gone afterwards if all went well."""
    with folder_lock(folder) as lock:
        yield lock
        for entry in (*folder.iterdir(), *(folder / PRIVATE).iterdir()):
            if entry.is_dir() and entry.name != PRIVATE:
                shutil.rmtree(entry)
            elif entry.is_file() and entry.name != "lock":
                entry.unlink()
    with suppress(OSError):  # not if somebody else has begun here
        (folder / PRIVATE).rmdir()
        folder.rmdir()
