"""All that a card is made from: what the manifest says, and what reading the clips told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simgen.dataset.manifest import Manifest
from simgen.reading.clip import Clip
from simgen.verification.design import DesignRow
from simgen.verification.survey import Survey

__all__ = ["Facts"]


@dataclass(frozen=True, slots=True)
class Facts:
    """`survey` and what comes after it are missing from the card that a build writes: it reads no clip."""

    manifest: Manifest
    repo: str = ""  # user/name where the dataset is for the Hub, "" for a folder
    survey: Survey | None = None
    shown: Sequence[Clip] = ()  # the clips in the pictures, the first one is told of at length
    pictures: frozenset[str] = frozenset()  # their paths in the dataset
    design: Sequence[DesignRow] = ()  # of a study
    audit: Sequence[str] = ()  # of a study: lines of Markdown

    @property
    def scenarios(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.manifest.layout.mixture) or (self.manifest.scenario,)

    @property
    def first_split(self) -> str:
        return next(iter(self.manifest.splits))
