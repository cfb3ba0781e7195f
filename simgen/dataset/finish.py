"""What speaks of the whole dataset, once all its shards are done: recipe.yaml, README.md and, last,
manifest.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simgen.dataset.card import dataset_card
from simgen.dataset.manifest import MANIFEST, RECIPE, Manifest, Marker
from simgen.dataset.storage import write_whole

__all__ = ["CARD", "finish_dataset"]

CARD = "README.md"


def finish_dataset(folder: Path, recipe: Any, markers: Sequence[Marker], generator_version: int) -> Manifest:
    """Writes the three files from the markers of all shards. What is already there as it should be is left
    alone.

    A card that a person has edited is kept unless the dataset itself has changed.
    """
    manifest = Manifest.of(recipe, markers, generator_version)
    text = manifest.to_text().encode()
    unchanged = _content(folder / MANIFEST) == text
    card = dataset_card(manifest).encode()
    for relative, content in ((RECIPE, manifest.recipe.encode()), (CARD, card), (MANIFEST, text)):
        kept = unchanged and relative == CARD and (folder / CARD).exists()
        if not kept and _content(folder / relative) != content:
            write_whole(folder, relative, content)
    return manifest


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
