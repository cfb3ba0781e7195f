"""What a repository is to hold, and whether a dataset may be published at all: everything that a look at the local
folder tells. Nothing here talks to the Hub.

Parquet shards go to the repository, tars to a sibling: `load_dataset` infers one builder per repository, so one that
lists both cannot load the second. Each of the two is a complete dataset with a manifest of its own,
the one that a build with `--format parquet` (or `webdataset`) would have written.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simgen.dataset.manifest import FORMATS, MANIFEST, RECIPE, Manifest
from simgen.dataset.storage import FileRecord
from simgen.errors import PublishError
from simgen.publish.card import CardFiles
from simgen.publish.repository import repository_of
from simgen.reading.folder import Folder, read_manifest

__all__ = ["Publication", "listed", "only", "parts_of", "publications", "texts_of"]

_KINDS = {"data": "parquet", "dense": "parquet", "webdataset": "webdataset"}  # folder -> format
_SHARD_PATH = re.compile(r"(data|dense|webdataset)/[\w-]+-\d{5,}-of-\d{5,}\.(parquet|tar)")
_TABLE_PATH = re.compile(r"study/[\w-]+\.parquet")


@dataclass(frozen=True, slots=True)
class Publication:
    """What one repository is to hold: the files of its manifest, and a card with its pictures, made later."""

    repository: str
    folder: Path
    manifest: Manifest

    @property
    def files(self) -> dict[str, FileRecord]:
        """Path -> size and hash of every file that the manifest lists."""
        return listed(self.manifest)

    @property
    def bytes(self) -> int:
        return sum(record.bytes for record in self.files.values())


def listed(manifest: Manifest) -> dict[str, FileRecord]:
    """Path -> size and hash: the shards, and the tables of a study."""
    shards = {path: record for shard in manifest.shards for path, record in shard.files.items()}
    return {**shards, **manifest.study_files}


def publications(
    location: str | Path, repository: str, formats: Sequence[str] | None, tars: str | None
) -> list[Publication]:
    """What goes where. Raises DatasetError when there is no finished dataset in the folder `location`, PublishError
    when it cannot be published as it is.
    """
    folder = Folder(location)
    if not folder.is_local:
        raise PublishError(f"{location} is not on this machine: only a local folder can be published.")
    manifest = read_manifest(folder)
    place = Path(str(location).removeprefix("file://"))
    _check_paths(manifest, place)
    return parts_of(place, manifest, repository, _chosen(manifest, formats, location), tars)


def parts_of(
    place: Path, manifest: Manifest, repository: str, formats: Sequence[str], tars: str | None
) -> list[Publication]:
    """The dataset in folder `place`, whose shards need not be there, by repository."""
    targets: dict[str, list[str]] = {}
    for kind in formats:
        targets.setdefault(repository_of(kind, repository, tars), []).append(kind)
    return [Publication(name, place, only(manifest, kinds)) for name, kinds in targets.items()]


def only(manifest: Manifest, formats: Sequence[str]) -> Manifest:
    """The manifest of the same dataset without the files of other formats."""
    if set(formats) == set(manifest.formats):
        return manifest
    shards = tuple(
        dataclasses.replace(
            shard,
            files={
                path: record for path, record in shard.files.items() if _KINDS[path.split("/")[0]] in formats
            },
        )
        for shard in manifest.shards
    )
    kept = tuple(name for name in manifest.formats if name in formats)
    return dataclasses.replace(manifest, formats=kept, shards=shards)


def _chosen(manifest: Manifest, formats: Sequence[str] | None, location: str | Path) -> tuple[str, ...]:
    if formats is None:
        return manifest.formats
    missing = [name for name in formats if name not in manifest.formats]
    if missing:
        raise PublishError(
            f"{location} has no {' and no '.join(missing)} files, it was built as {' and '.join(manifest.formats)}. "
            "Leave --formats out, or build it with --format both."
        )
    return tuple(name for name in FORMATS if name in formats)


def _check_paths(manifest: Manifest, place: Path) -> None:
    """A manifest names what is read and sent: nothing outside the dataset's own folders."""
    if not re.fullmatch(r"[\w-]+", manifest.name):
        raise PublishError(
            f"{place / MANIFEST}: the dataset's name is '{manifest.name}', which has a path or a strange character in it. "
            "simgen writes no such name: build the dataset again."
        )
    for path in listed(manifest):
        if not _SHARD_PATH.fullmatch(path) and not (
            path in manifest.study_files and _TABLE_PATH.fullmatch(path)
        ):
            raise PublishError(
                f"{place / MANIFEST} names the file '{path}', which is no file of a dataset. "
                "simgen writes no such name: build the dataset again."
            )


def texts_of(part: Manifest, card: CardFiles) -> dict[str, bytes]:
    """The small files of a repository; the manifest last."""
    return {**card.files, RECIPE: part.recipe.encode(), MANIFEST: part.to_text().encode()}
