"""What speaks of the whole dataset, once all its shards are done: recipe.yaml, README.md and, last,
manifest.json.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from simgen.dataset.card import dataset_card
from simgen.dataset.manifest import MANIFEST, RECIPE, Manifest, Marker
from simgen.dataset.storage import FileRecord, write_whole
from simgen.errors import DatasetError

__all__ = ["CARD", "finish_dataset"]

CARD = "README.md"


def finish_dataset(
    folder: Path,
    recipe: Any,
    markers: Sequence[Marker],
    generator_version: int,
    study_files: Callable[[], Iterable[tuple[str, bytes]]] = tuple,
) -> Manifest:
    """Writes the three files from the markers of all shards, after the tables of a study that `study_files` gives
    (path, content). What is already there as it should be is left alone.

    A card that a person has edited is kept unless the dataset itself has changed.
    """
    manifest = Manifest.of(recipe, markers, generator_version)
    records = _as_they_are(folder, manifest)
    if records is None:
        records = {path: write_whole(folder, path, content) for path, content in study_files()}
    manifest = replace(manifest, study_files=records)
    text = manifest.to_text().encode()
    unchanged = _content(folder / MANIFEST) == text
    card = dataset_card(manifest).encode()
    for relative, content in ((RECIPE, manifest.recipe.encode()), (CARD, card), (MANIFEST, text)):
        kept = unchanged and relative == CARD and (folder / CARD).exists()
        if not kept and _content(folder / relative) != content:
            write_whole(folder, relative, content)
    return manifest


def _as_they_are(folder: Path, manifest: Manifest) -> Mapping[str, FileRecord] | None:
    """The tables of the study, where the folder holds this very dataset with all of them intact."""
    try:
        before = Manifest.from_text((folder / MANIFEST).read_bytes())
        if replace(before, study_files={}) != manifest:
            return None
        for path, record in before.study_files.items():
            if hashlib.sha256((folder / path).read_bytes()).hexdigest() != record.sha256:
                return None
    except (OSError, DatasetError):
        return None
    return before.study_files


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
