"""What is already in the folder, and whether this build may continue it.

`Target` is what a folder is being filled with; it is written before the first clip. A folder with another
target is refused in a sentence that names the difference, but for one: a larger number of clips, which
keeps every full shard (its file gets the new number of shards in its name) and adds the rest.

A shard is done when its marker says so and matches. Its files are stat'ed, and read again only if they
may have changed since the marker was written (`is_sealed`), so that an edited shard is found, whatever the clock
showed, and a scan of a million clips takes seconds. Files that are kept elsewhere (build --publish) may be missing here: the marker stays.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simgen import GENERATOR_VERSION
from simgen.build.packing import make_room, remove_room
from simgen.build.plan import Plan, ShardPlan
from simgen.dataset.finish import CARD, CROISSANT
from simgen.dataset.manifest import MANIFEST, RECIPE, STUDY, Marker, shard_files
from simgen.dataset.storage import PRIVATE, FileRecord, is_sealed, remove_unfinished, seal, write_whole
from simgen.errors import BuildError
from simgen.publish.card_sections import remove_pictures

if TYPE_CHECKING:
    from simgen.recipe import Recipe

__all__ = [
    "KINDS",
    "MARKERS",
    "OURS",
    "SHARD_NAME",
    "TARGET",
    "Scan",
    "Target",
    "check_folder",
    "clear",
    "occupied",
    "prepare",
    "sweep",
]

TARGET = f"{PRIVATE}/build.json"
MARKERS = f"{PRIVATE}/markers"
KINDS = ("data", "dense", "webdataset")
OURS = (*KINDS, STUDY, MANIFEST, RECIPE, CARD, CROISSANT, PRIVATE)
SHARD_NAME = re.compile(r"(?P<split>.+)-(?P<number>\d{5,})-of-(?P<count>\d{5,})\.(json|parquet|tar)")


@dataclass(frozen=True, slots=True)
class Target:
    """What a folder is being filled with."""

    recipe_hash: str
    generator_version: int
    formats: tuple[str, ...]
    clips_per_shard: int
    clips_per_split: Mapping[str, int]

    @classmethod
    def of(cls, recipe: Recipe, plan: Plan, formats: Sequence[str]) -> Target:
        return cls(
            recipe.hash, GENERATOR_VERSION, tuple(formats), plan.clips_per_shard, dict(plan.clips_per_split)
        )

    @classmethod
    def read(cls, folder: Path, name: str = "") -> Target | None:
        """None when no build has begun here. Raises BuildError when the file is damaged; `name` is what that calls the
        folder, if not by its path.
        """
        try:
            value = json.loads((folder / TARGET).read_bytes())
            return cls(
                str(value["recipe_hash"]),
                int(value["generator_version"]),
                tuple(value["formats"]),
                int(value["clips_per_shard"]),
                {str(split): int(count) for split, count in value["clips_per_split"].items()},
            )
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BuildError(
                f"{name or folder}/{TARGET} is damaged, so what {name or folder} holds is not known. "
                "Start again with --overwrite, or give another folder with -o."
            ) from error

    def write(self, folder: Path) -> None:
        write_whole(folder, TARGET, (json.dumps(dataclasses.asdict(self), indent=1) + "\n").encode())


def prepare(
    folder: Path,
    recipe: Recipe,
    plan: Plan,
    formats: Sequence[str],
    overwrite: bool = False,
    alone: bool = True,
    name: str = "",
) -> None:
    """Makes the folder ready for this build, or raises BuildError with the sentence why not; `name`: see `Target.read`.

    Needs the folder's lock; where the file system has none, `alone` is False and what looks unfinished stays.
    """
    if not (overwrite and clear(folder)):
        check_folder(folder, recipe, plan, formats, name)
    before, target = Target.read(folder), Target.of(recipe, plan, formats)
    if alone:
        remove_unfinished(folder)
    make_room(folder)
    if before != target:
        (folder / MANIFEST).unlink(missing_ok=True)  # what it says is no longer the aim
        target.write(folder)
    source = recipe.source.encode()
    if not (folder / RECIPE).exists() or (folder / RECIPE).read_bytes() != source:
        write_whole(folder, RECIPE, source)


def check_folder(folder: Path, recipe: Recipe, plan: Plan, formats: Sequence[str], name: str = "") -> None:
    """Raises BuildError when the folder holds what this build does not continue. Changes nothing."""
    # looked at before the target, which another task may be writing now: it is there before anything else
    strange = [name for name in OURS if name != PRIVATE and (folder / name).exists()]
    before = Target.read(folder, name)
    if before is not None:
        difference = _difference(folder, recipe) if before.recipe_hash != recipe.hash else ""
        _refuse_another(name or str(folder), before, Target.of(recipe, plan, formats), difference)
    elif strange:
        raise BuildError(occupied(name or str(folder), strange))


def occupied(name: str, strange: Sequence[str]) -> str:
    """The sentence for a folder that something else than a build has filled."""
    return (
        f"{name} already holds {' and '.join(strange)}, and no build that could be continued. "
        "Give another folder with -o."
    )


def clear(folder: Path) -> bool:
    """Removes a simgen dataset, and nothing that simgen did not write. False when there is none."""
    if not (folder / TARGET).exists() and not (folder / MANIFEST).exists():
        return False
    (folder / MANIFEST).unlink(missing_ok=True)  # first: from here on nobody takes the rest for a dataset
    for kind in KINDS:
        for name in _shard_names(folder / kind):
            (folder / kind / name).unlink(missing_ok=True)
        if (folder / kind).is_dir() and not any((folder / kind).iterdir()):
            (folder / kind).rmdir()
    for name in (RECIPE, CARD, CROISSANT):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / STUDY, ignore_errors=True)
    remove_pictures(folder)
    shutil.rmtree(folder / MARKERS, ignore_errors=True)
    remove_room(folder)
    remove_unfinished(folder)
    (folder / TARGET).unlink(missing_ok=True)
    return True


def _refuse_another(folder: str, before: Target, target: Target, difference: str) -> None:
    remedy = "Give another folder with -o, or start again with --overwrite."
    if before.recipe_hash != target.recipe_hash:
        raise BuildError(f"{folder} holds clips of another recipe: {difference}. {remedy}")
    if before.generator_version != target.generator_version:
        raise BuildError(
            f"{folder} was begun with generator version {before.generator_version}, this simgen has version "
            f"{target.generator_version} and makes other clips of the same recipe. {remedy}"
        )
    if before.formats != target.formats:
        raise BuildError(
            f"{folder} is built as {' and '.join(before.formats)}, "
            f"now {' and '.join(target.formats)} is asked for. {remedy}"
        )
    if before.clips_per_shard != target.clips_per_shard:
        raise BuildError(
            f"{folder} has {before.clips_per_shard} clips per shard, now output.clips_per_shard is "
            f"{target.clips_per_shard}. {remedy}"
        )
    for split, count in before.clips_per_split.items():
        now = target.clips_per_split.get(split, 0)
        if now < count:
            raise BuildError(
                f"{folder} holds or is to hold {count} clips of {split}, now only {now} are wanted. "
                f"A reader can take the first {now} of them (`take={now}`). For a smaller one: {remedy}"
            )


def _difference(folder: Path, recipe: Recipe) -> str:
    """Which keys differ between the folder's recipe and this one."""
    from simgen.recipe import parse_recipe

    try:
        there = _leaves(parse_recipe((folder / RECIPE).read_text(), RECIPE).model_dump(mode="json"))
    except Exception:  # damaged, or of another version: the hashes differ all the same
        return f"its {RECIPE} cannot be compared with {recipe.name}"
    here = _leaves(recipe.model_dump(mode="json"))
    keys = [key for key in {**here, **there} if here.get(key) != there.get(key) and not _only_counts(key)]
    if not keys:
        return f"its {RECIPE} differs from {recipe.name}"
    shown = [f"{key} is {_word(there, key)} there and {_word(here, key)} here" for key in keys[:3]]
    return ", ".join(shown) + (f", and {len(keys) - 3} more" if len(keys) > 3 else "")


def _only_counts(key: str) -> bool:
    """Keys that are no part of the hash."""
    return key.split(".")[0] in ("output", "clips") or (key.startswith("splits.") and key.endswith(".clips"))


def _leaves(value: Any, key: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {
            name: leaf
            for entry, inner in value.items()
            for name, leaf in _leaves(inner, f"{key}.{entry}" if key else str(entry)).items()
        }
    return {key: value}


def _word(leaves: Mapping[str, Any], key: str) -> str:
    if key not in leaves:
        return "not set"
    text = json.dumps(leaves[key], ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _nowhere(record: FileRecord) -> bool:
    return False


class Scan:
    """Looks through a folder: which shards of the plan are done. `adopt`: renames those of a smaller plan;
    `elsewhere` tells of a file that is not in the folder whether it is kept somewhere else.
    """

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        plan: Plan,
        formats: Sequence[str],
        adopt: bool = True,
        elsewhere: Callable[[FileRecord], bool] = _nowhere,
    ) -> None:
        self._adopt, self._elsewhere = adopt, elsewhere
        self._folder, self._recipe, self._plan, self._formats = folder, recipe, plan, tuple(formats)
        self._counts: dict[str, set[int]] = {}  # split -> numbers of shards in the names of its markers
        for name in _shard_names(folder / MARKERS):
            match = SHARD_NAME.fullmatch(name)
            assert match is not None
            self._counts.setdefault(match["split"], set()).add(int(match["count"]))

    def pending(self, shards: Iterable[ShardPlan] | None = None) -> Iterator[ShardPlan]:
        """The shards that are still to be made, in order; of all of the plan's, or of `shards`."""
        for shard in self._plan.shards() if shards is None else shards:
            if self.marker(shard) is None:
                yield shard

    def marker(self, shard: ShardPlan) -> Marker | None:
        """The shard's marker if it is done, under whatever number of shards it was made."""
        counts = self._counts.get(shard.split, ())
        for count in sorted(counts, key=lambda count: (count != shard.count, count)):
            marker = Marker.read(self._folder, shard.split, shard.number, count)
            if marker is None or not self._fits(marker, shard):
                continue
            names = (
                dict.fromkeys(marker.shard.files) if count == shard.count else self._new_names(marker, shard)
            )
            if not self._intact(marker, names):
                continue
            return self._rename(marker, shard, names) if count != shard.count and self._adopt else marker
        return None

    def _fits(self, marker: Marker, shard: ShardPlan) -> bool:
        return (
            marker.recipe_hash == self._recipe.hash
            and marker.generator_version == GENERATOR_VERSION
            and marker.formats == self._formats
            and (marker.shard.split, marker.shard.shard) == (shard.split, shard.number)
            and (marker.shard.start, marker.shard.clips) == (shard.start, shard.clips)
        )

    def _intact(self, marker: Marker, names: Mapping[str, str | None]) -> bool:
        """Every file is there in its size, and unchanged since the marker was written. `names`: see `_place`."""
        # strings, since with pathlib the paths would take as long as all the rest
        stamp = f"{self._folder}/{Marker.path(marker.shard.split, marker.shard.shard, marker.shard_count)}"
        found: list[tuple[str, FileRecord, os.stat_result]] = []
        try:
            for path, record in marker.shard.files.items():
                place = self._place(path, names[path])
                try:
                    status = os.stat(place)  # noqa: PTH116
                except FileNotFoundError:
                    if self._elsewhere(record):
                        continue
                    return False
                if status.st_size != record.bytes:
                    return False
                found.append((place, record, status))
            statuses = [status for _, _, status in found]
            if not found or is_sealed(os.stat(stamp), statuses):  # noqa: PTH116
                return True
            if any(_sha256(Path(place)) != record.sha256 for place, record, _ in found):
                return False
        except OSError:
            return False
        with contextlib.suppress(OSError):  # a folder that may only be read
            seal(Path(stamp), statuses)  # not again at the next scan
        return True

    def _place(self, path: str, renamed: str | None) -> str:
        """Where a shard's file is: under its name, or the one that an interrupted renaming has given it."""
        if renamed is not None and renamed != path and not (self._folder / path).exists():
            path = renamed
        return f"{self._folder}/{path}"

    def _new_names(self, marker: Marker, shard: ShardPlan) -> dict[str, str | None]:
        """What the shard's files are called in this plan."""
        dense = any(path.startswith("dense/") for path in marker.shard.files)
        old = shard_files(shard.split, shard.number, marker.shard_count, marker.formats, dense)
        new = shard_files(shard.split, shard.number, shard.count, marker.formats, dense)
        return {path: new[role] for role, path in old.items()}

    def _rename(self, marker: Marker, shard: ShardPlan, names: Mapping[str, str | None]) -> Marker:
        """Gives a finished, intact shard its names in this plan. May be interrupted anywhere and repeated."""
        files = {}
        for path, record in marker.shard.files.items():
            new = names[path]
            assert new is not None
            if (place := Path(self._place(path, new))).exists():  # else it is kept elsewhere
                place.replace(self._folder / new)
            files[new] = record
        renamed = dataclasses.replace(
            marker, shard=dataclasses.replace(marker.shard, files=files), shard_count=shard.count
        )
        renamed.write(self._folder)
        (self._folder / Marker.path(shard.split, shard.number, marker.shard_count)).unlink()
        return renamed


def sweep(folder: Path, plan: Plan) -> None:
    """Removes the shard files and markers of smaller plans, and what waited for one. All is done by now."""
    counts = {split: plan.shards_of(split) for split in plan.clips_per_split}
    for kind in (*KINDS, MARKERS):
        for name in _shard_names(folder / kind):
            match = SHARD_NAME.fullmatch(name)
            if match and counts.get(match["split"]) != int(match["count"]):
                (folder / kind / name).unlink(missing_ok=True)
    remove_room(folder)
    remove_unfinished(folder)


def _shard_names(folder: Path) -> Iterator[str]:
    """What in the folder is called like a shard's file. They may be removed meanwhile."""
    if folder.is_dir():
        with os.scandir(folder) as entries:
            for entry in entries:
                if SHARD_NAME.fullmatch(entry.name):
                    yield entry.name


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
