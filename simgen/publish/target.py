"""The branch that people read: what it holds now, and whether that may give way to a dataset.

A dataset takes the place of a smaller one of the same recipe and generator. Nothing else is replaced, and nothing that
simgen did not put there is deleted or overwritten, unless `--replace` is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simgen.dataset.manifest import MANIFEST, Manifest
from simgen.errors import DatasetError, PublishError
from simgen.publish.card import CARD
from simgen.publish.card_sections import is_picture
from simgen.publish.hub import HubFile, HubRepository
from simgen.publish.publication import listed
from simgen.reading.folder import Folder

__all__ = ["TITLE", "Identity", "Target", "look"]

TITLE = "simgen publish"  # how every commit of ours begins
_SHARD_FOLDERS = ("data/", "dense/", "webdataset/", "study/")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a dataset is, known before its first clip is made."""

    name: str
    recipe_hash: str
    generator_version: int
    clips_per_split: Mapping[str, int]

    @classmethod
    def of(cls, manifest: Manifest) -> Identity:
        return cls(manifest.name, manifest.recipe_hash, manifest.generator_version, manifest.splits)


@dataclass(frozen=True, slots=True)
class Target:
    """A branch at one moment."""

    head: str  # its commit
    files: Mapping[str, HubFile]
    manifest: Manifest | None  # None when what is there is no dataset of simgen's
    why_not: str = ""  # why its manifest cannot be read
    card_by_hand: bool = False  # somebody edited the card on the Hub

    def check(self, repository: str, coming: Identity, replace: bool) -> None:
        """Raises PublishError when the dataset may not take this place."""
        if replace:
            return
        remedy = "Publish under another name, or replace what is there with --replace."
        if self.manifest is None:
            strange = sorted(
                path for path in self.files if path.startswith(_SHARD_FOLDERS) or path in (CARD, MANIFEST)
            )
            if strange:
                more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
                reason = self.why_not or "it is no dataset of simgen's"
                raise PublishError(
                    f"{repository} already holds {', '.join(strange[:3])}{more}, and {reason}. {remedy}"
                )
            return
        there = Identity.of(self.manifest)
        if there.recipe_hash != coming.recipe_hash:
            raise PublishError(
                f"{repository} holds a dataset of another recipe: {there.name} ({there.recipe_hash[:12]}…), and this is "
                f"{coming.name} ({coming.recipe_hash[:12]}…). {remedy}"
            )
        if there.generator_version != coming.generator_version:
            raise PublishError(
                f"{repository} holds clips of generator version {there.generator_version}, these are of version "
                f"{coming.generator_version}. {remedy}"
            )
        for split, clips in there.clips_per_split.items():
            now = coming.clips_per_split.get(split, 0)
            if now < clips:
                raise PublishError(
                    f"{repository} holds {clips:,} clips of {split}, this dataset has {now:,}: publishing it would take "
                    f"clips away from whoever reads it. {remedy}"
                )

    def obsolete(self, coming: Mapping[str, object], replace: bool) -> list[str]:
        """Files that are to go: those of the dataset that is there; of anybody, if everything is replaced."""
        ours = set(listed(self.manifest)) if self.manifest else set()
        if self.manifest is not None and not (self.card_by_hand and not replace):
            ours |= {path for path in self.files if is_picture(path)}
        if replace:
            ours |= {path for path in self.files if path.startswith(_SHARD_FOLDERS)}
        return sorted(path for path in ours if path in self.files and path not in coming)


def look(hub: HubRepository, head: str) -> Target:
    """What commit `head` of the repository holds."""
    files = hub.files(head)
    manifest, why_not = None, ""
    if MANIFEST in files:
        folder = Folder(f"{hub.location}@{head}")
        try:
            manifest = Manifest.from_text(folder.read(MANIFEST), f"{hub.name}/{MANIFEST}")
        except (DatasetError, OSError) as error:
            why_not = str(error)
    by_hand = manifest is not None and CARD in files and not hub.last_title(head, CARD).startswith(TITLE)
    return Target(head, files, manifest, why_not, by_hand)
