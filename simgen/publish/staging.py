"""How a dataset gets to a repository: shards in small commits on a work branch, then one commit that shows everything.

The work branch holds what has arrived. It makes an upload resumable (what it holds is not sent again, and large files
that arrived before their commit are known to the Hub by their hash) and keeps half a dataset out of sight: the branch
that people read changes once, in a single commit of copies (pointers, no bytes), deletions and small files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simgen.dataset.manifest import MANIFEST, Manifest
from simgen.dataset.storage import FileRecord
from simgen.errors import PublishError
from simgen.publish.card import CARD
from simgen.publish.hub import HubFile, HubRepository, MovedError
from simgen.publish.limits import FILES_PER_COMMIT
from simgen.publish.publication import Publication
from simgen.publish.target import TITLE, Identity, Target, look

__all__ = ["Arrival", "Staging"]

_BYTES_PER_COMMIT = 5_000_000_000  # so that a commit comes every few minutes
_TRIES = 3  # when somebody else commits in between
_MAIN = "main"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A shard file to send."""

    path: str  # in the repository
    place: Path
    record: FileRecord


class Staging:
    """A repository that is being filled. `check`, `begin`, any number of `send`, `reveal`."""

    def __init__(
        self, hub: HubRepository, identity: Identity, revision: str = _MAIN, replace: bool = False
    ) -> None:
        self.hub = hub
        self._identity, self._revision, self._replace = identity, revision, replace
        self._branch = "simgen-upload" if revision == _MAIN else f"simgen-upload-{revision}"
        self._head = ""  # of the work branch
        self._held: dict[tuple[str, int], tuple[str, str]] = {}  # (sha256, size) -> path, revision

    def check(self, private: bool, tag: str | None, coming: Manifest | None = None) -> None:
        """Raises PublishError when this dataset may not go there. Changes nothing. `coming`: its manifest, if known."""
        there = self.hub.is_private()
        if there is None:
            return
        if private and not there:
            raise PublishError(
                f"{self.hub.name} exists and is public. Make it private at {self.hub.page}/settings, or leave --private out."
            )
        refs = self.hub.refs()
        start = refs.branches.get(self._revision)
        target = look(self.hub, start) if start is not None else None
        if target is not None:
            target.check(self.hub.name, self._identity, self._replace)
        if tag is not None and tag in refs.tags:
            same = target is not None and refs.tags[tag] == target.head and target.manifest == coming
            if not same:
                raise self._taken(tag, refs.tags[tag])

    def begin(self, private: bool) -> None:
        """Makes the repository and the work branch where they are missing, and looks at what has arrived."""
        if self.hub.is_private() is None:
            self.hub.create(private)
        self._refresh()

    def _refresh(self) -> None:
        refs = self.hub.refs()
        start = refs.branches.get(self._revision) or refs.branches.get(_MAIN)
        if start is None:
            raise PublishError(f"{self.hub.name} has no branch {_MAIN}.")
        if self._branch not in refs.branches:
            self.hub.create_branch(self._branch, start)
        self._head = refs.branches.get(self._branch, start)
        for revision in dict.fromkeys((start, self._head)):
            self._hold(self.hub.files(revision), revision)

    def _hold(self, files: Mapping[str, HubFile], revision: str) -> None:
        for path, file in files.items():
            if file.sha256:
                self._held[file.sha256, file.size] = (path, revision)

    def holds(self, record: FileRecord) -> bool:
        """Whether these very bytes have arrived."""
        return (record.sha256, record.bytes) in self._held

    def send(self, arrivals: Iterable[Arrival], on_bytes: Callable[[int], None] | None = None) -> None:
        """Sends what has not arrived, in small commits; returns when the Hub has confirmed every hash."""
        for group in _groups(arrival for arrival in arrivals if not self.holds(arrival.record)):
            self._commit(group, on_bytes)
            found = self.hub.some_files(self._head, [arrival.path for arrival in group])
            for arrival in group:
                if not _is(found.get(arrival.path), arrival):
                    raise PublishError(
                        f"{arrival.path} arrived at {self.hub.name} as other bytes than {arrival.place} had when it was "
                        "built: it was changed meanwhile. Run `simgen verify`, then the same command again."
                    )
            self._hold(found, self._head)

    def _commit(self, group: list[Arrival], on_bytes: Callable[[int], None] | None) -> None:
        files = {arrival.path: arrival.place for arrival in group}
        title = f"{TITLE}: {len(group)} shard file{'s' if len(group) > 1 else ''} of {self._identity.name}"
        for _ in range(_TRIES):
            try:
                self._head = self.hub.commit(self._branch, self._head, title, files, on_bytes=on_bytes)
                return
            except MovedError:
                self._refresh()
        raise PublishError(
            f"Somebody else writes to the branch {self._branch} of {self.hub.name} all the time: is a second upload under "
            "way? Run the same command again when it is done."
        )

    def location(self, manifest: Manifest) -> str:
        """Where what has arrived can be read as a dataset already, by who knows of it; shards that have other names there,
        those of a smaller dataset, get their new ones.
        """
        text, there = manifest.to_text().encode(), self.hub.files(self._head)
        shards = {path: record for shard in manifest.shards for path, record in shard.files.items()}
        copies = {
            path: self._held[record.sha256, record.bytes]
            for path, record in shards.items()
            if path not in there or there[path].sha256 != record.sha256
        }
        if copies or MANIFEST not in there or not _has(there[MANIFEST], text):
            title = f"{TITLE}: the manifest of {self._identity.name}"
            self._head = self.hub.commit(self._branch, self._head, title, {MANIFEST: text}, copies)
        return f"{self.hub.location}@{self._head}"

    def reveal(self, publication: Publication, texts: Mapping[str, bytes], say: Callable[[str], None]) -> str:
        """One commit shows the dataset with its small files; the branch's head after it. The work branch is gone then."""
        for _ in range(_TRIES):
            target = self._target()
            target.check(self.hub.name, self._identity, self._replace)
            new = {
                path: text
                for path, text in texts.items()
                if path not in target.files or not _has(target.files[path], text)
            }
            if CARD in new and target.card_by_hand and not self._replace:
                del new[CARD]
                say(
                    f"{CARD} of {self.hub.name} was edited on the Hub and stays as it is; --replace puts the dataset's own "
                    "in its place."
                )
            copies = {
                path: self._held[record.sha256, record.bytes]
                for path, record in publication.files.items()
                if path not in target.files or target.files[path].sha256 != record.sha256
            }
            deletions = target.obsolete({**publication.files, **texts}, self._replace)
            clips = sum(publication.manifest.splits.values())
            title = f"{TITLE}: {self._identity.name}, {clips:,} clips"
            head = target.head
            if new or copies or deletions:
                try:
                    head = self.hub.commit(self._revision, target.head, title, new, copies, deletions)
                except MovedError:
                    continue
            self.hub.delete_branch(self._branch)
            return head
        raise PublishError(
            f"Somebody else commits to {self._revision} of {self.hub.name} all the time. Everything has arrived; run the "
            "same command again to show it."
        )

    def tag(self, tag: str, commit: str) -> None:
        """Raises PublishError when the tag stands for something else."""
        there = self.hub.refs().tags.get(tag)
        if there is None:
            self.hub.create_tag(tag, commit)
        elif there != commit:
            raise self._taken(tag, there)

    def _taken(self, tag: str, commit: str) -> PublishError:
        return PublishError(
            f"{self.hub.name} has a tag {tag} already, for commit {commit[:12]}. Choose another tag: whoever uses that one "
            "counts on it."
        )

    def _target(self) -> Target:
        """The branch that people read; it is made now if there is none."""
        refs = self.hub.refs()
        if self._revision not in refs.branches:
            self.hub.create_branch(self._revision, refs.branches[_MAIN])
            return look(self.hub, refs.branches[_MAIN])
        return look(self.hub, refs.branches[self._revision])


def _groups(arrivals: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    group: list[Arrival] = []
    size = 0
    for arrival in arrivals:
        if group and (len(group) >= FILES_PER_COMMIT or size + arrival.record.bytes > _BYTES_PER_COMMIT):
            yield group
            group, size = [], 0
        group.append(arrival)
        size += arrival.record.bytes
    if group:
        yield group


def _is(file: HubFile | None, arrival: Arrival) -> bool:
    """Whether the Hub has these bytes under this name."""
    if file is None or file.size != arrival.record.bytes:
        return False
    if file.sha256:
        return file.sha256 == arrival.record.sha256
    return file.blob == _blob(arrival.place.read_bytes())  # small, and not in large-file storage there


def _has(file: HubFile, data: bytes) -> bool:
    """Whether a file of the Hub has this content."""
    return file.sha256 == hashlib.sha256(data).hexdigest() if file.sha256 else file.blob == _blob(data)


def _blob(data: bytes) -> str:
    """What git calls a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
