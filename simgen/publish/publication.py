"""What a repository is to hold, and whether a dataset may be published at all: everything that a look at the local
folder tells. Nothing here talks to the Hub.

Parquet shards go to the repository, tars to a sibling: `load_dataset` infers one builder per repository, so one that
lists both cannot load the second (FORMATS.md 1.5). Each of the two is a complete dataset with a manifest of its own,
the one that a build with `--format parquet` (or `webdataset`) would have written.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simgen.dataset.finish import CARD
from simgen.dataset.manifest import FORMATS, MANIFEST, RECIPE, Manifest
from simgen.dataset.storage import FileRecord
from simgen.errors import PublishError
from simgen.publish.card import dataset_card
from simgen.publish.tar_card import tar_card
from simgen.reading.folder import Folder, read_manifest

__all__ = ["Publication", "listed", "only", "parts_of", "publications", "repository_name", "repository_of"]

_CROISSANT = "croissant.json"
_KINDS = {"data": "parquet", "dense": "parquet", "webdataset": "webdataset"}  # folder -> format
_SHARD_PATH = re.compile(r"(data|dense|webdataset)/[\w-]+-\d{5,}-of-\d{5,}\.(parquet|tar)")
_TABLE_PATH = re.compile(r"study/[\w-]+\.parquet")
_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9_])?", re.ASCII)
_LONGEST_NAME = 96


@dataclass(frozen=True, slots=True)
class Publication:
    """What one repository is to hold: the files of its manifest, and small ones with their content."""

    repository: str
    folder: Path
    manifest: Manifest
    texts: Mapping[str, bytes]  # README.md, manifest.json, recipe.yaml, croissant.json

    @property
    def files(self) -> dict[str, FileRecord]:
        """Path -> size and hash of every file that the manifest lists."""
        return listed(self.manifest)

    @property
    def bytes(self) -> int:
        return sum(record.bytes for record in self.files.values()) + sum(map(len, self.texts.values()))


def listed(manifest: Manifest) -> dict[str, FileRecord]:
    """Path -> size and hash: the shards, and the tables of a study."""
    shards = {path: record for shard in manifest.shards for path, record in shard.files.items()}
    return {**shards, **manifest.study_files}


def repository_name(text: str) -> str:
    """`text` if it can be the name of a repository; else ValueError with what one looks like."""
    example = "write USER/NAME: your name on the Hub, or an organization's, and the dataset's"
    if "://" in text or text.startswith(("/", ".", "~")) or text.count("/") > 1:
        raise ValueError(f"'{text}' is a path or an address and no repository; {example}")
    if text.count("/") == 0:
        raise ValueError(f"'{text}' is no repository; {example}")
    for part in text.split("/"):
        if not _NAME.fullmatch(part) or len(part) > _LONGEST_NAME or "--" in part or ".." in part:
            raise ValueError(
                f"'{text}' cannot be a repository: '{part}' must be letters, digits, '-', '_' and '.', at most "
                f"{_LONGEST_NAME}, with no '--' or '..' and neither '-' nor '.' at its ends; {example}"
            )
    if text.endswith(".git"):
        raise ValueError(f"'{text}' cannot be a repository: its name ends in .git; {example}")
    return text


def repository_of(format: str, repository: str, tars: str | None) -> str:
    """Where the files of a format go; tars to a sibling when nothing else is said."""
    return repository if format == "parquet" else tars or f"{repository}-wds"


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
    place = Path(location)
    _check_paths(manifest, place)
    return parts_of(place, manifest, repository, _chosen(manifest, formats, location), tars)


def parts_of(
    place: Path, manifest: Manifest, repository: str, formats: Sequence[str], tars: str | None
) -> list[Publication]:
    """The dataset in folder `place`, whose shards need not be there, by repository."""
    card = _checked_card(place, manifest)
    targets: dict[str, list[str]] = {}
    for kind in formats:
        targets.setdefault(repository_of(kind, repository, tars), []).append(kind)
    return [
        Publication(name, place, part := only(manifest, kinds), _texts(place, manifest, part, card))
        for name, kinds in targets.items()
    ]


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


@dataclass(frozen=True, slots=True)
class _Card:
    text: str
    front: Mapping[str, Any]  # its YAML
    body: str  # what follows


def _checked_card(place: Path, manifest: Manifest) -> _Card:
    """The folder's card. Raises PublishError when its front matter cannot be read."""
    try:
        data = (place / CARD).read_bytes()
    except FileNotFoundError:
        data = dataset_card(manifest).encode()
    remedy = f"Put it right; or delete {CARD} and run `simgen build` with the same recipe and folder, which writes it anew."
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise PublishError(f"{place / CARD} is not UTF-8 ({error.reason}). {remedy}") from error
    lines = text.split("\n")
    if lines[0] != "---" or "---" not in lines[1:]:
        raise PublishError(
            f"{place / CARD}:1: the card does not begin with its front matter, the YAML between two lines of ---, "
            f"by which the Hub and `datasets` find the splits. {remedy}"
        )
    end = lines.index("---", 1)
    try:
        found: Any = yaml.safe_load("\n".join(lines[1:end]))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 2 + (mark.line if mark is not None else 0)
        problem = getattr(error, "problem", None) or "it is no YAML"
        raise PublishError(
            f"{place / CARD}:{line}: the card's front matter cannot be read: {problem}. {remedy}"
        ) from error
    if not isinstance(found, dict):
        raise PublishError(
            f"{place / CARD}:2: the card's front matter is not a list of `key: value`. {remedy}"
        )
    return _Card(text, found, "\n".join(lines[end + 1 :]))


def _texts(place: Path, manifest: Manifest, part: Manifest, card: _Card) -> dict[str, bytes]:
    texts = {RECIPE: manifest.recipe.encode(), MANIFEST: part.to_text().encode()}
    if part.formats == ("webdataset",):
        return {CARD: tar_card(card.front, card.body, part).encode(), **texts}
    if (place / _CROISSANT).exists():
        texts[_CROISSANT] = (place / _CROISSANT).read_bytes()
    return {CARD: card.text.encode(), **texts}
