"""Which columns are read: those that were asked for, and what showing them needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from simgen.dataset.column_table import Column, columns
from simgen.dataset.manifest import Manifest
from simgen.errors import DatasetError
from simgen.reading.neighbours import NEIGHBOUR_COLUMNS
from simgen.reading.view import View
from simgen.recipe.wording import did_you_mean, listed

__all__ = ["PASS_COLUMNS", "check_names", "selected_columns"]

PASS_COLUMNS = {
    "depth": ("depth", "depth_scale_m", "depth_offset_m"),
    "segmentation": ("segmentation",),
    "normals": ("normals",),
    "flow": ("flow", "flow_scale_px", "flow_occluded"),
}  # dense pass -> the columns that hold it


def selected_columns(
    manifest: Manifest,
    location: str | Path,
    names: Sequence[str] | None,
    passes: Sequence[str],
    view: View,
) -> tuple[Column, ...]:
    """The columns to read: those called `names` (None: all that are not dense), of `passes`, and what `view`
    needs.
    """
    table = columns(manifest.layout)
    check_names("columns", names or ())
    check_names("passes", passes)
    for name in passes:
        if name not in manifest.layout.passes:
            there = listed(manifest.layout.passes, "and") or "none"
            raise DatasetError(f"{location} has no dense pass '{name}'; it has {there}")
    known = [*(column.name for column in table), "frame_indices"]  # which follow from the view
    known += NEIGHBOUR_COLUMNS if manifest.study_files else ()  # which are tables of their own
    for name in names or ():
        if name not in known:
            raise DatasetError(
                f"{location} has no column '{name}'.{did_you_mean(name, known)} Its manifest.json lists all"
            )
    dense = {
        name + manifest.layout.suffix(camera)
        for camera in manifest.layout.cameras
        for dense_pass in passes
        for name in PASS_COLUMNS[dense_pass]
    }
    if names is None:
        wanted = {column.name for column in table if not column.dense}
    else:
        wanted = {"key", *names, *view.needs(tuple(names), manifest.layout)}
    return tuple(column for column in table if column.name in wanted | dense)


def check_names(what: str, names: object) -> None:
    """Raises DatasetError unless `names` is a collection of words; `what` is the argument it came as."""
    if (
        not isinstance(names, Collection)
        or isinstance(names, str)
        or not all(isinstance(n, str) for n in names)
    ):
        instead = f"[{names!r}]" if isinstance(names, str) else '["video", "state"]'
        raise DatasetError(f"{what}={names!r}: it is a list of names, for example {instead}")
