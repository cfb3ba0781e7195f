"""The dataset card: README.md with the front matter that the Hub and `datasets` read, a page for a person, and
its pictures; croissant.json beside it.

A build writes the short one, from the manifest alone (`dataset_card`). `simgen card` reads the dataset and
writes the whole one (`write_card`). Both keep what a person wrote into the places that are theirs. Nothing
depends on the time or the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simgen.dataset.manifest import Manifest
from simgen.dataset.storage import write_whole
from simgen.errors import DatasetError
from simgen.publish.card_edits import (
    FRONT,
    METADATA,
    edits_of,
    metadata_of,
    place,
    sealed,
    section_mark,
    with_edits,
)
from simgen.publish.card_facts import Facts
from simgen.publish.card_sections import CLIP, PLAYING, SECTIONS, SHEET, histograms_of
from simgen.publish.card_study import audit_lines
from simgen.publish.croissant import CROISSANT, croissant
from simgen.publish.front_matter import files_front, metadata_front, tar_files_front
from simgen.reading.clip import Clip
from simgen.reading.folder import Folder, read_manifest
from simgen.reading.reader import open_dataset
from simgen.verification.design import DesignRow, design_rows
from simgen.verification.survey import Survey, survey

__all__ = [
    "CARD",
    "CardFiles",
    "Description",
    "card_files",
    "card_of",
    "check_card",
    "dataset_card",
    "describe",
    "renewed_card",
    "speaks_of",
    "write_card",
]

CARD = "README.md"
_MOST_SHOWN = 6  # clips in the pictures; twice as many play side by side where there are many scenarios


@dataclass(frozen=True, slots=True)
class CardFiles:
    """Path in the dataset -> content; and the places in which a person's lines were found."""

    files: dict[str, bytes]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """What reading a dataset told."""

    survey: Survey
    shown: Sequence[Clip]
    pictures: Mapping[str, bytes]  # path in the dataset -> the file
    design: Sequence[DesignRow] = ()  # of a study
    audit: Sequence[str] = ()


def dataset_card(manifest: Manifest) -> str:
    """The whole README.md as far as the manifest tells."""
    return _text(Facts(manifest))


def renewed_card(manifest: Manifest, old: bytes, where: Path) -> str:
    """The same with the edits of the card `old` that is there; DatasetError where they cannot be told apart."""
    fresh = dataset_card(manifest)
    return with_edits(fresh, _edits(fresh, old, where))


def card_files(
    folder: str | Path,
    repo: str = "",
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> CardFiles:
    """Makes README.md, its pictures and croissant.json for the dataset in a folder, and writes nothing.

    repo: user/name on the Hub, where its snippets and croissant.json shall read from; "" for the folder.
    overwrite: a card that a person has changed outside the places that are theirs is not asked for them.
    `progress(done, total)` hears how many clips are read. Raises DatasetError when the dataset is not finished or
    damaged, or when such a card is there.
    """
    there = Folder(folder)
    if not there.is_local:
        raise DatasetError(
            f"{folder}: a card is written into the folder of a dataset on this machine. Copy the dataset first."
        )
    path, manifest = Path(folder), read_manifest(there)
    old = None if overwrite else _content(path / CARD)
    check_card(manifest, repo, old, path / CARD)  # refused before the work rather than behind it
    return card_of(manifest, repo, describe(path, manifest, progress), old, path / CARD)


def describe(
    location: str | Path, manifest: Manifest, progress: Callable[[int, int], None] | None = None
) -> Description:
    """Reads what a whole card tells of the clips of a dataset in a folder or at a URL."""
    found = survey(location, progress)
    facts = Facts(manifest, "", found, _shown(location, manifest, found))
    design = design_rows(location) if manifest.study else ()
    audit = audit_lines(manifest.recipe) if manifest.study else ()
    return Description(found, facts.shown, _pictures(facts), design, audit)


def card_of(
    manifest: Manifest, repo: str, description: Description | None, old: bytes | None, where: Path
) -> CardFiles:
    """The card of the files that `manifest` lists, with what a person wrote into the card `old`, which is at `where`;
    without a description as far as the manifest tells.
    """
    facts, pictures = Facts(manifest, repo), {}
    if description is not None:
        pictures = dict(description.pictures)
        facts = Facts(
            manifest,
            repo,
            description.survey,
            description.shown,
            frozenset(pictures),
            description.design,
            description.audit,
        )
    fresh = _text(facts)
    usual, edits = edits_of(fresh, fresh, CARD), _edits(fresh, old, where)
    text = with_edits(fresh, edits)
    described = {}
    if "parquet" in manifest.formats:  # Croissant speaks of Parquet files
        described[CROISSANT] = croissant(manifest, metadata_of(text), repo).encode()
    return CardFiles(
        files={**pictures, **described, CARD: text.encode()},
        kept=tuple(name for name, lines in edits.items() if lines != usual.get(name)),
    )


def check_card(manifest: Manifest, repo: str, old: bytes | None, where: Path) -> None:
    """Raises DatasetError when a new card would lose what a person wrote into the card `old`."""
    _edits(_text(Facts(manifest, repo)), old, where)


def write_card(
    folder: str | Path,
    repo: str = "",
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> CardFiles:
    """Writes what `card_files` makes into the dataset's folder, the card last; nothing else is touched."""
    made = card_files(folder, repo, overwrite=overwrite, progress=progress)
    for relative, data in made.files.items():
        if _content(Path(folder) / relative) != data:
            write_whole(Path(folder), relative, data)
    return made


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _text(facts: Facts) -> str:
    lines = [_front(facts.manifest)]
    for section in SECTIONS:
        found = section.lines(facts)
        if found:
            heading = [f"## {section.title}", ""] if section.title else []
            lines += ["", section_mark(section.name), "", *heading, *found]
    return sealed("\n".join(lines) + "\n")


def speaks_of(manifest: Manifest) -> str:
    """The line of a card that says of which dataset it speaks, to the byte."""
    return f"# of the dataset {manifest.digest()[:16]}"


def _front(manifest: Manifest) -> str:
    metadata = metadata_front(manifest)
    files = files_front(manifest) if "parquet" in manifest.formats else tar_files_front(manifest)
    yours = place(METADATA, _yaml(metadata))
    return "\n".join(["---", section_mark(FRONT), *yours, speaks_of(manifest), *_yaml(files), "---"])


def _yaml(value: dict[str, Any]) -> Sequence[str]:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110).rstrip("\n").split("\n")


def _edits(text: str, old: bytes | None, where: Path) -> dict[str, list[str]]:
    """What a person wrote into the card that is there, for the new card `text`."""
    if old is None:
        return {}
    try:
        return edits_of(old.decode("utf-8-sig"), text, str(where))
    except UnicodeDecodeError as error:
        line = old[: error.start].count(b"\n") + 1
        raise DatasetError(f"{where}:{line}: the card is not UTF-8 text. Save it as UTF-8.") from error


def _shown(location: str | Path, manifest: Manifest, found: Survey) -> list[Clip]:
    """A few clips, of every scenario and every split in turn, in the order of the dataset."""
    waiting = [list(numbers) for numbers in found.first.values()]
    chosen: list[int] = []
    most = _MOST_SHOWN * (1 if len(manifest.layout.mixture) <= _MOST_SHOWN else 2)
    while len(chosen) < most and any(waiting):
        for numbers in waiting:
            if numbers and len(chosen) < most:
                chosen.append(numbers.pop(0))
    clips = open_dataset(location, passes=manifest.layout.passes)
    return [clips[number] for number in sorted(chosen)]


def _pictures(facts: Facts) -> dict[str, bytes]:
    """Path in the dataset -> the file."""
    from simgen.publish.card_pictures import clip_picture, contact_sheet, playing
    from simgen.publish.histograms import histograms

    assert facts.survey is not None
    made = {
        PLAYING: playing(facts.shown),
        SHEET: contact_sheet(facts.shown[:_MOST_SHOWN]),
        CLIP: clip_picture(facts.shown[0]),
    }
    for scenario, params in facts.survey.params.items():
        if any(len({*values}) > 1 for found in params.values() for values in found.values()):
            made[histograms_of(facts, scenario)] = histograms(params)
    return made
