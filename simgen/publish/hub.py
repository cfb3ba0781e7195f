"""A repository on the Hugging Face Hub as publishing needs it, through the Hub's own client.

Only what huggingface_hub has in its versions 0.36, 1.x and 2.x is used. Tokens are the client's own business: it finds
them (`hf auth login`, HF_TOKEN), nothing here reads one but to strike it out of a message. Every request is asked again
while its failure may pass; what remains becomes a PublishError that says what to do.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from simgen import __version__
from simgen.errors import MissingDependencyError, PublishError
from simgen.reading.retries import PATIENCE, Patience, Tries, may_pass, status_of

try:
    import huggingface_hub
except ImportError as error:
    raise MissingDependencyError(
        f"Publishing needs the Hub's client, huggingface_hub ({error}). pip install 'simgen-physics[hf]'"
    ) from error
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
from huggingface_hub.errors import RepositoryNotFoundError

__all__ = ["HubFile", "HubRepository", "MovedError", "Refs"]

_KIND = "dataset"
_PATHS_AT_ONCE = 500  # the Hub takes at most 1,000 in a request
_CONFLICTS = (409, 412)


class MovedError(Exception):
    """The branch is no longer where it was when the commit was prepared: somebody else wrote to it."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a revision: its size in bytes, its sha256 if it is in large-file storage, what git calls its content."""

    size: int
    sha256: str
    blob: str


@dataclass(frozen=True, slots=True)
class Refs:
    """Name -> commit."""

    branches: Mapping[str, str]
    tags: Mapping[str, str]


class HubRepository:
    """One dataset repository, `user/name`; it need not exist yet."""

    def __init__(self, name: str, patience: Patience = PATIENCE) -> None:
        if huggingface_hub.constants.HF_HUB_OFFLINE:
            raise PublishError(
                "HF_HUB_OFFLINE is set: the Hub's client talks to nobody. Unset it to publish."
            )
        self.name = name
        self._patience = patience
        self._api: Any = HfApi(library_name="simgen", library_version=__version__)
        self._at: dict[str, Any] = {"repo_id": name, "repo_type": _KIND}

    @property
    def location(self) -> str:
        """Where simgen and fsspec read it."""
        return f"hf://datasets/{self.name}"

    @property
    def page(self) -> str:
        """Where a person looks at it."""
        return f"{self._api.endpoint}/datasets/{self.name}"

    def is_private(self) -> bool | None:
        """None when there is no such repository, or none that may be seen."""
        found = self._ask(lambda: self._api.repo_info(**self._at), may_be_missing=True)
        return None if found is None else bool(found.private)

    def create(self, private: bool) -> None:
        self._ask(lambda: self._api.create_repo(**self._at, private=private, exist_ok=True))

    def refs(self) -> Refs:
        found = self._ask(lambda: self._api.list_repo_refs(**self._at))
        return Refs(
            {branch.name: branch.target_commit for branch in found.branches},
            {tag.name: tag.target_commit for tag in found.tags},
        )

    def files(self, revision: str) -> dict[str, HubFile]:
        """Every file of a revision by path."""

        def listing() -> list[Any]:
            return list(self._api.list_repo_tree(**self._at, revision=revision, recursive=True))

        return dict(_files(self._ask(listing)))

    def some_files(self, revision: str, paths: Sequence[str]) -> dict[str, HubFile]:
        """Those of these paths that are there."""

        def infos(part: Sequence[str]) -> list[Any]:
            return list(
                self._ask(lambda: self._api.get_paths_info(**self._at, paths=part, revision=revision))
            )

        starts = range(0, len(paths), _PATHS_AT_ONCE)
        return dict(pair for start in starts for pair in _files(infos(paths[start : start + _PATHS_AT_ONCE])))

    def last_title(self, revision: str, path: str) -> str:
        """First line of the commit that last changed a file; "" when there is no such file."""
        entries = self._ask(
            lambda: self._api.get_paths_info(**self._at, paths=[path], revision=revision, expand=True)
        )
        last = entries[0].last_commit if entries else None
        return "" if last is None else str(last["title"])

    def create_branch(self, branch: str, start: str) -> None:
        self._ask(lambda: self._api.create_branch(**self._at, branch=branch, revision=start, exist_ok=True))

    def delete_branch(self, branch: str) -> None:
        self._ask(lambda: self._api.delete_branch(**self._at, branch=branch))

    def create_tag(self, tag: str, commit: str) -> None:
        self._ask(lambda: self._api.create_tag(**self._at, tag=tag, revision=commit))

    def commit(
        self,
        branch: str,
        parent: str,
        title: str,
        files: Mapping[str, Path | bytes],
        copies: Mapping[str, tuple[str, str]] | None = None,
        deletions: Sequence[str] = (),
        on_bytes: Callable[[int], None] | None = None,
    ) -> str:
        """A commit on top of `parent`, whole or not at all; its hash.

        `files` are sent (what the Hub has already is not sent again), `copies` are path -> (path, revision) of files that
        it holds. `on_bytes` hears, from several threads, of bytes on their way. Raises MovedError when the branch
        has moved on.
        """
        additions = [_Addition(path, source, on_bytes) for path, source in files.items()]
        operations: list[Any] = [
            *(CommitOperationDelete(path_in_repo=path, is_folder=False) for path in deletions),
            *additions,
            *(
                CommitOperationCopy(src_path_in_repo=source, path_in_repo=path, src_revision=revision)
                for path, (source, revision) in (copies or {}).items()
            ),
        ]
        with _quiet_bars():
            if additions:
                self._ask(
                    lambda: _apart(
                        lambda: self._api.preupload_lfs_files(
                            self.name, additions, repo_type=_KIND, revision=branch, free_memory=False
                        )
                    )
                )
            made = self._ask(
                lambda: self._api.create_commit(
                    **self._at,
                    operations=operations,
                    commit_message=title,
                    revision=branch,
                    parent_commit=parent,
                )
            )
        return str(made.oid)

    def _ask(self, action: Callable[[], Any], may_be_missing: bool = False) -> Any:
        tries = Tries(self._patience)
        try:
            return tries.of(action)
        except Exception as error:
            if may_be_missing and isinstance(error, RepositoryNotFoundError):
                return None
            if status_of(error) in _CONFLICTS:
                raise MovedError(_words_of(error)) from error
            raise PublishError(_sentence(error, self.name, tries)) from error


class _Addition(CommitOperationAdd):
    """A file to send that tells how many of its bytes are on their way; bytes that are sent again count once."""

    def __init__(self, path: str, source: Path | bytes, on_bytes: Callable[[int], None] | None) -> None:
        super().__init__(path_in_repo=path, path_or_fileobj=source)
        self._on_bytes = on_bytes
        self._reached = 0
        self._lock = threading.Lock()

    @contextmanager
    def as_file(self, with_tqdm: bool = False) -> Iterator[BinaryIO]:
        """`with_tqdm` is what the client says when it sends the file rather than looks at it."""
        if with_tqdm and self._on_bytes is not None and isinstance(self.path_or_fileobj, str):
            with _WatchedFile(self.path_or_fileobj, self._reach) as file:
                yield file
        else:
            with super().as_file() as plain:
                yield plain

    def _reach(self, position: int) -> None:
        with self._lock:
            new, self._reached = max(0, position - self._reached), max(position, self._reached)
        if new and self._on_bytes is not None:
            self._on_bytes(new)


class _WatchedFile(io.BufferedReader):
    def __init__(self, path: str, reach: Callable[[int], None]) -> None:
        super().__init__(io.FileIO(path))
        self._reach = reach

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._reach(self.tell())
        return data


def _apart(action: Callable[[], Any]) -> Any:
    """Does it in a thread of its own: the client waits for the files on their way even after Ctrl-C, we do not."""
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(action())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="simgen-upload", daemon=True).start()
    # In slices: a wait without an end is not always woken by a signal, only by what it waits for.
    while not wait([outcome], timeout=0.2).done:
        pass
    return outcome.result()


@contextmanager
def _quiet_bars() -> Iterator[None]:
    """The client's own bars, one per file, only where ours cannot see the bytes: Xet sends them past Python."""
    bars: Any = huggingface_hub.utils
    if bars.are_progress_bars_disabled() or _sends_with_xet():
        yield
        return
    bars.disable_progress_bars()
    try:
        yield
    finally:
        bars.enable_progress_bars()


def _sends_with_xet() -> bool:
    import importlib.util

    return importlib.util.find_spec("hf_xet") is not None and not huggingface_hub.constants.HF_HUB_DISABLE_XET


def _files(entries: Sequence[Any]) -> Iterator[tuple[str, HubFile]]:
    for entry in entries:
        if hasattr(entry, "blob_id"):  # a folder has none
            yield entry.path, HubFile(entry.size, entry.lfs.sha256 if entry.lfs else "", entry.blob_id)


def _sentence(error: Exception, name: str, tries: Tries) -> str:
    """What happened and what to do."""
    status, words = status_of(error), _words_of(error)
    again = "What the Hub has is kept; the same command goes on from there."
    if status == 401:
        return (
            f"The Hub does not know who asks to write to {name} ({words}). Log in with `hf auth login`, or set HF_TOKEN "
            "to a token with the right to write: https://huggingface.co/settings/tokens"
        )
    if status in (402, 403, 413):
        return (
            f"The Hub refuses to write to {name} ({status}: {words}). If the token may not write there, make one that may: "
            "https://huggingface.co/settings/tokens; if its storage is full, free some or take a larger plan. "
            f"{again}"
        )
    if status == 404:
        return f"The Hub has not got what is asked for at {name} ({words})."
    if may_pass(error):
        return f"The Hub or the network does not answer for {name} ({words}; {tries.in_words}). {again}"
    return f"The Hub or its client refuses at {name} ({words}). {again}"


def _words_of(error: BaseException) -> str:
    """What the Hub said, else what its client did; without addresses (their queries hold signatures) and tokens."""
    chain: list[Any] = [error]
    while (cause := chain[-1].__cause__) is not None and cause not in chain:
        chain.append(cause)
    said = next((link.server_message for link in chain if getattr(link, "server_message", None)), None)
    header = next(
        (
            link.response.headers.get("X-Error-Message")
            for link in chain
            if getattr(link, "response", None) is not None
        ),
        None,
    )
    text = said or header or f"{type(chain[-1]).__name__}: {chain[-1]}"
    text = re.sub(r"\?\S*", "", " ".join(str(text).split()))
    token = huggingface_hub.get_token()
    if token:
        text = text.replace(token, "…")
    return text[:300].rstrip(".")
