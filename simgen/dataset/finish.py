"""What speaks of the whole dataset, once all its shards are done: recipe.yaml, README.md, croissant.json and, last,
manifest.json.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from simgen.dataset.manifest import MANIFEST, RECIPE, Manifest, Marker
from simgen.dataset.storage import FileRecord, holds, write_pieces, write_whole
from simgen.errors import DatasetError
from simgen.publish.card import CARD, dataset_card, renewed_card, speaks_of
from simgen.publish.card_edits import metadata_of
from simgen.publish.croissant import CROISSANT, croissant_pieces

__all__ = ["CARD", "CROISSANT", "OLD_CARD", "finish_dataset"]

OLD_CARD = "README.old.md"


def finish_dataset(
    folder: Path,
    recipe: Any,
    markers: Iterable[Marker],
    generator_version: int,
    study_files: Callable[[], Iterable[tuple[str, bytes]]] = tuple,
    say: Callable[[str], None] = lambda sentence: None,
) -> Manifest:
    """Writes the files from the markers of all shards, which are looked at one by one, after the tables of a study that `study_files` gives
    (path, content). What is already there as it should be is left alone.

    A card that speaks of this dataset is kept as it is. In the card of another one what a person wrote into the places that are theirs
    stays; one that was changed elsewhere is put aside, which `say` hears.
    """
    manifest = Manifest.of(recipe, markers, generator_version)
    records = _as_they_are(folder, manifest)
    if records is None:
        records = {path: write_whole(folder, path, content) for path, content in study_files()}
    manifest = replace(manifest, study_files=records)
    old = _content(folder / CARD)
    unchanged = holds(folder / MANIFEST, manifest.pieces())
    if old is None or not (unchanged or speaks_of(manifest).encode() in old.splitlines()):
        card = _card(folder, manifest, old, say)
        metadata = metadata_of(card)
        _put(folder, CARD, lambda: (card.encode(),))
        _put(folder, CROISSANT, lambda: map(str.encode, croissant_pieces(manifest, metadata)))
    _put(folder, RECIPE, lambda: (manifest.recipe.encode(),))
    if not unchanged:
        manifest.write(folder)
    return manifest


def _put(folder: Path, relative: str, pieces: Callable[[], Iterable[bytes]]) -> None:
    """Writes the file unless it is there as it should be."""
    if not holds(folder / relative, pieces()):
        write_pieces(folder, relative, pieces())


def _as_they_are(folder: Path, manifest: Manifest) -> Mapping[str, FileRecord] | None:
    """The tables of the study, where the folder holds this very dataset with all of them intact."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            before = Manifest.from_file(file)
        if replace(before, study_files={}) != manifest:
            return None
        for path, record in before.study_files.items():
            if hashlib.sha256((folder / path).read_bytes()).hexdigest() != record.sha256:
                return None
    except (OSError, DatasetError):
        return None
    return before.study_files


def _card(folder: Path, manifest: Manifest, old: bytes | None, say: Callable[[str], None]) -> str:
    """A new card with what a person wrote into the old one."""
    if old is None:
        return dataset_card(manifest)
    try:
        return renewed_card(manifest, old, folder / CARD)
    except DatasetError as error:
        write_whole(folder, OLD_CARD, old)
        say(
            f"{error}\nThe dataset has changed, so it has a new card; the card that was there is now {OLD_CARD}."
        )
        return dataset_card(manifest)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
