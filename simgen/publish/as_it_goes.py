"""`simgen build … --publish`: shards go to the Hub as they are finished and do not stay; see docs/publishing.md.

The Hub itself says what has arrived (the work branch, the branch that people read), so a build that was killed, or whose
folder lost everything but its markers, makes nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from simgen import GENERATOR_VERSION
from simgen.build.destination import Whole
from simgen.dataset.manifest import Manifest, Marker
from simgen.dataset.storage import FileRecord, write_whole
from simgen.publish.card import card_of, describe
from simgen.publish.hub import HubRepository
from simgen.publish.progress import Audience, Quiet
from simgen.publish.publication import parts_of
from simgen.publish.repository import repository_of
from simgen.publish.staging import Arrival, Staging
from simgen.publish.target import Identity
from simgen.publish.upload import PublishReport, card_in, missing, reveal
from simgen.reading.retries import PATIENCE, Patience

if TYPE_CHECKING:
    from simgen.build.plan import ShardPlan

__all__ = ["HubDestination"]


class HubDestination:
    """The repository `user/name`, and for tars its sibling, as the destination of a build."""

    at_once = 1  # a commit follows the other
    store = ""  # only this process commits

    def __init__(
        self,
        identity: Identity,
        repository: str,
        formats: Sequence[str],
        *,
        private: bool = False,
        audience: Audience | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        self.name = repository
        self.report: PublishReport | None = None  # when it is finished
        self._private, self._audience = private, audience or Quiet()
        self._formats = tuple(formats)
        names = dict.fromkeys(repository_of(format, repository, None) for format in formats)
        self._stages = {name: Staging(HubRepository(name, patience), identity) for name in names}
        self._sent, self._start = 0, time.monotonic()

    def begin(self) -> None:
        for stage in self._stages.values():
            stage.check(self._private, None)
        for stage in self._stages.values():
            stage.begin(self._private)

    def look(self, folder: Path, shards: Iterable[ShardPlan]) -> None:
        """The markers are in the folder, and `begin` has looked at everything."""

    def holds(self, record: FileRecord) -> bool:
        return any(stage.holds(record) for stage in self._stages.values())

    def wants(self, folder: Path, marker: Marker) -> bool:
        return any((folder / path).exists() for path in marker.shard.files)

    def take(self, folder: Path, marker: Marker) -> None:
        for path, record in marker.shard.files.items():
            format = "webdataset" if path.startswith("webdataset/") else "parquet"
            stage = self._stages[repository_of(format, self.name, None)]
            if not stage.holds(record):
                stage.send([Arrival(path, folder / path, record)], self._audience.sent)
                self._sent += record.bytes

    def finish(self, folder: Path, whole: Whole) -> Manifest:
        """No manifest is written here: the folder is no dataset. The tables of a study are small and stay."""
        manifest = Manifest.of(whole.recipe, whole.markers, GENERATOR_VERSION)
        study = {path: write_whole(folder, path, content) for path, content in whole.study_files()}
        manifest = replace(manifest, study_files=study)
        parts = parts_of(folder, manifest, self.name, self._formats, None)
        pairs = [(part, self._stages[part.repository]) for part in parts]
        for part, stage in pairs:  # the tables of a study
            stage.send(missing(part, stage), self._audience.sent)
        tables = next((pair for pair in pairs if "parquet" in pair[0].manifest.formats), None)
        description = None
        if tables is not None:  # a few columns are read back; tars would have to be read whole
            source, stage = tables
            description = describe(stage.location(source.manifest), source.manifest)
        old, where = card_in(folder)
        cards = [card_of(part.manifest, part.repository, description, old, where) for part, _ in pairs]
        self.report = reveal(pairs, cards, self._audience, None, self._sent, self._start, self._private)
        return manifest
