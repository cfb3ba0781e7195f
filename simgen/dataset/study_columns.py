"""The columns that say where a clip stands in a study: its group, what was done in it, what is out of range.

A dataset has those that its recipe needs, in every split, so that all its files have the same columns; a layout
names them under `labels`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simgen.dataset.column_table import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STUDY_COLUMNS", "StudyPlace", "study_values"]

_I4, _TEXT = pa.int32(), pa.string()

STUDY_COLUMNS: dict[str, tuple[Column, ...]] = {  # by the label that asks for them
    "groups": (
        Column("group", pa.int64(), "", "", "clips of a split with the same group share every draw; -1: no group"),
        Column(
            "varied", _TEXT, "", "",
            "what differs within the group: factors of a sweep, the intervention of a pair, \"violation\"",
        ),
        Column(
            "level", _I4, "", "",
            "place in the group: of a sweep the level, of a pair 0 factual and 1 counterfactual, of twins 0 possible",
        ),
    ),
    "pairs": (
        Column("intervention", _TEXT, "", "", "what was done in this clip, \"\" in factual ones: remove ball_b, set friction=0"),
        Column("intervention_frame", _I4, "", "", "the frame at which it was done, -1 if nothing was"),
    ),
    "twins": (
        Column("plausible", pa.bool_(), "", "", "false: something happens that physics forbids"),
        Column("violation", _TEXT, "", "", "what: vanish, appear, teleport …; \"\" in plausible clips"),
        Column(
            "violation_frame", _I4, "", "",
            "the first frame that differs from the possible twin's, -1 in plausible clips",
        ),
    ),
    "cuts": (
        Column(
            "present", pa.list_(pa.list_(pa.int8())), "", "(T, N)",
            "1 where the body is there; 0 before it appears, after it has vanished or was taken away",
        ),
        Column("later_frame", _I4, "", "", "the frame from which the scene is later_scene, -1 if it stays the same"),
        Column("later_scene", _TEXT, "", "", "the scene from later_frame on as JSON, \"\" if it stays the same"),
    ),
    "ood": (
        Column(
            "ood", pa.list_(_TEXT), "", "",
            "parameters outside the range of the split that is trained on; joined by + where each is inside but the "
            "combination is not; all others are inside",
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StudyPlace:
    """Where a clip stands in a study, as the columns say it."""

    group: int = -1
    varied: str = ""
    level: int = -1
    intervention: str = ""
    intervention_frame: int = -1
    plausible: bool = True
    violation: str = ""
    violation_frame: int = -1
    present: NDArray[np.int8] | None = None  # (T, N); None: everything is there all the time
    later_frame: int = -1
    later_scene: str = ""
    ood: tuple[str, ...] = ()

    @classmethod
    def of_values(cls, values: Mapping[str, Any]) -> StudyPlace:
        """What the columns that were read say."""
        names = [column.name for columns in STUDY_COLUMNS.values() for column in columns]
        known = {name: values[name] for name in names if name in values}
        if "ood" in known:
            known["ood"] = tuple(known["ood"])
        return cls(**known)


def study_values(place: StudyPlace, labels: tuple[str, ...], frames: int, bodies: int) -> dict[str, Any]:
    """The values of the columns that the labels ask for."""
    values: dict[str, Any] = {}
    for label, columns in STUDY_COLUMNS.items():
        for column in columns if label in labels else ():
            value = getattr(place, column.name)
            if column.name == "present" and value is None:
                value = np.ones((frames, bodies), np.int8)
            values[column.name] = list(value) if column.name == "ood" else value
    return values
