"""The design of a finished study: a table with a row per split, and a picture of parameters by split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simgen.dataset.manifest import Manifest
from simgen.errors import DatasetError
from simgen.reading.folder import Folder
from simgen.reading.neighbours import Neighbours
from simgen.reading.reader import open_dataset

__all__ = ["DesignRow", "design_rows", "design_words", "plot_design"]

MOST_PLOTTED = 2000  # clips of a split: more would not be told apart


@dataclass(frozen=True, slots=True)
class DesignRow:
    """One split of a study."""

    split: str
    clips: int
    made_of: str  # "train", "ladder 10, 100", "20 groups of 9: angle_deg"
    outside: Mapping[str, int]  # factor outside the training range -> clips
    nearest: tuple[float, float] | None  # median and largest distance to the nearest training clip


@dataclass(slots=True)
class _Seen:
    outside: Counter[str] = field(default_factory=Counter)
    varied: str = ""


def design_rows(location: str | Path) -> tuple[DesignRow, ...]:
    """A row for each split; none for a dataset that is no study."""
    folder = Folder(location)
    names = [name for name in ("ood", "varied") if name in _columns(location)]
    dataset = open_dataset(location, columns=["split", *names])
    manifest = dataset.manifest
    if not manifest.study:
        return ()
    seen = {split: _Seen() for split in manifest.splits}
    for clip in dataset:
        here = seen[clip.split]
        here.outside.update(clip.values.get("ood", ()))
        here.varied = clip.values.get("varied", "")
    return tuple(
        DesignRow(
            split,
            clips,
            _made_of(manifest, split, clips, seen[split].varied),
            dict(seen[split].outside.most_common()),
            _nearest(folder, manifest, split),
        )
        for split, clips in manifest.splits.items()
    )


def _columns(location: str | Path) -> tuple[str, ...]:
    return open_dataset(location).columns


def _made_of(manifest: Manifest, split: str, clips: int, varied: str) -> str:
    words = ["trained on"] if split == manifest.study.get("train") else []
    if ladder := manifest.study.get("ladders", {}).get(split):
        words.append(f"ladder {', '.join(f'{size:,}' for size in ladder)}")
    if size := manifest.study.get("groups", {}).get(split):
        words.append(f"{clips // size:,} groups of {size}: {varied}")
    return "; ".join(words)


def _nearest(folder: Folder, manifest: Manifest, split: str) -> tuple[float, float] | None:
    found = Neighbours.read(folder, manifest, split)
    if found is None:
        return None
    known = found.distance[found.distance >= 0]
    return (float(np.median(known)), float(known.max())) if len(known) else None


def design_words(rows: tuple[DesignRow, ...]) -> list[str]:
    """The rows as a table for a person."""
    if not rows:
        return []
    cells: list[tuple[str, ...]] = [
        ("split", "clips", "made of", "outside the training range", "nearest training clip")
    ]
    for row in rows:
        outside = ", ".join(f"{name} {_share(count, row.clips)}" for name, count in row.outside.items())
        near = "" if row.nearest is None else f"{row.nearest[0]:.3g} (at most {row.nearest[1]:.3g})"
        cells.append((row.split, f"{row.clips:,}", row.made_of, outside, near))
    widths = [max(len(row[place]) for row in cells) for place in range(5)]
    lines = ["  design:"]
    for cell_row in cells:
        texts = [cell.ljust(width) for cell, width in zip(cell_row, widths, strict=True)]
        texts[1] = cell_row[1].rjust(widths[1])
        lines.append(f"    {'  '.join(texts)}".rstrip())
    return lines


def _share(count: int, clips: int) -> str:
    return "in all" if count == clips else f"in {count:,}"


def plot_design(location: str | Path, path: Path) -> None:
    """Draws the parameters by split: a row per split, a column per parameter, a tick per clip.

    The studied factors come first; parameters that never change are left out. Raises DatasetError for a
    dataset in which nothing changes.
    """
    dataset = open_dataset(location, columns=["split", "params"])
    manifest = dataset.manifest
    drawn: dict[str, dict[str, list[Any]]] = {split: {} for split in manifest.splits}
    taken: Counter[str] = Counter()
    for clip in dataset:
        if taken[clip.split] < MOST_PLOTTED:
            taken[clip.split] += 1
            for name, value in clip.params.items():
                drawn[clip.split].setdefault(name, []).append(value)
    names = [
        name
        for name, _ in manifest.layout.params
        if len({value for split in drawn.values() for value in split.get(name, ())}) > 1
    ]
    if not names:
        raise DatasetError(
            f"{location} has no parameter that differs between clips: there is nothing to plot"
        )
    studied = [name for name in manifest.study.get("factors", ()) if name in names]
    from simgen.verification.strips import draw_strips

    ordered = [*studied, *(name for name in names if name not in studied)]
    train = manifest.study.get("train")
    draw_strips(drawn, ordered, str(train) if train else "", path)
