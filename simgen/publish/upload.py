"""A finished dataset to the Hub: check it, send it, show it. See docs/publishing.md."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from simgen.errors import PublishError
from simgen.publish.card import CARD, CardFiles, card_of, check_card, describe
from simgen.publish.hub import HubRepository
from simgen.publish.limits import findings
from simgen.publish.progress import Audience, Quiet
from simgen.publish.publication import Publication, publications, texts_of
from simgen.publish.repository import repository_name
from simgen.publish.staging import Arrival, Staging
from simgen.publish.target import Identity
from simgen.reading.retries import PATIENCE, Patience
from simgen.verification.dataset import verify

__all__ = ["PublishReport", "Published", "card_in", "missing", "publish", "reveal"]


@dataclass(frozen=True, slots=True)
class Published:
    """One repository, as it is now."""

    repository: str
    page: str  # for a browser
    commit: str
    formats: tuple[str, ...]
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PublishReport:
    name: str
    clips: int
    repositories: tuple[Published, ...]
    sent: int  # bytes that this run had to send
    seconds: float
    tag: str | None
    private: bool


def publish(
    location: str | Path,
    repository: str,
    *,
    formats: Sequence[str] | None = None,
    tars: str | None = None,
    private: bool = False,
    tag: str | None = None,
    revision: str = "main",
    replace: bool = False,
    audience: Audience | None = None,
    patience: Patience = PATIENCE,
) -> PublishReport:
    """Publishes the dataset in folder `location` as `repository` (user/name); tars as `tars` (user/name-wds if None).

    Checks first: that it may go there, then every byte of it. Shards that the Hub has are not sent again; the branch
    `revision` changes in one commit, at the end. Raises ValueError for a repository that cannot be one, DatasetError
    without a finished dataset, PublishError with what to do; run again, it goes on from where it was.
    """
    start = time.monotonic()
    audience = audience or Quiet()
    repository_name(repository)
    if tars is not None:
        repository_name(tars)
    coming = publications(location, repository, formats, tars)
    beyond = [finding for part in coming for finding in findings(part)]
    if beyond:
        raise PublishError("\n".join(beyond))
    stages = [
        Staging(HubRepository(part.repository, patience), Identity.of(part.manifest), revision, replace)
        for part in coming
    ]
    old, where = card_in(coming[0].folder)
    for part, stage in zip(coming, stages, strict=True):
        check_card(part.manifest, part.repository, old, where)
        stage.check(private, tag, part.manifest)
    _verify(location, partial(audience.read, "verify"))
    for stage in stages:
        stage.begin(private)
    parts = list(zip(coming, stages, strict=True))
    total = sum(record.bytes for part in coming for record in part.files.values())
    to_send = sum(arrival.record.bytes for part, stage in parts for arrival in missing(part, stage))
    try:
        audience.start(total, total - to_send)
        for part, stage in parts:
            stage.send(missing(part, stage), audience.sent)
    finally:
        audience.close()
    try:
        description = describe(location, coming[0].manifest, partial(audience.read, "card"))
    finally:
        audience.close()
    cards = [card_of(part.manifest, part.repository, description, old, where) for part in coming]
    return reveal(parts, cards, audience, tag, to_send, start, private)


def card_in(folder: Path) -> tuple[bytes | None, Path]:
    """The card in a folder, None if there is none, and where it is."""
    place = folder / CARD
    return (place.read_bytes() if place.exists() else None), place


def reveal(
    parts: Sequence[tuple[Publication, Staging]],
    cards: Sequence[CardFiles],
    audience: Audience,
    tag: str | None,
    sent: int,
    start: float,
    private: bool,
) -> PublishReport:
    """Shows what has arrived, repository by repository, and tags it. `sent` bytes in all, since the moment `start`."""
    published = []
    for (part, stage), card in zip(parts, cards, strict=True):
        texts = texts_of(part.manifest, card)
        head = stage.reveal(part, texts, audience.say)
        if tag is not None:
            stage.tag(tag, head)
        files = len(part.files) + len(texts)
        entry = Published(
            part.repository,
            stage.hub.page,
            head,
            part.manifest.formats,
            files,
            part.bytes + sum(map(len, texts.values())),
        )
        published.append(entry)
    manifest = parts[0][0].manifest
    return PublishReport(
        name=manifest.name,
        clips=sum(manifest.splits.values()),
        repositories=tuple(published),
        sent=sent,
        seconds=time.monotonic() - start,
        tag=tag,
        private=private,
    )


def missing(part: Publication, stage: Staging) -> Iterator[Arrival]:
    """What the Hub has not got yet."""
    for path, record in part.files.items():
        if not stage.holds(record):
            yield Arrival(path, part.folder / path, record)


def _verify(location: str | Path, progress: Callable[[int, int], None]) -> None:
    report = verify(location, progress=progress)
    if not report.ok:
        findings = "\n".join(f"  {finding}" for finding in report.findings[:10])
        more = f"\n  … and {len(report.findings) - 10:,} more" if len(report.findings) > 10 else ""
        raise PublishError(
            f"{location} is not as it was built, so it is not published:\n{findings}{more}\n"
            "`simgen build` with the same recipe and folder makes damaged shards again; then publish it."
        )
