"""Asking a store again: which failures may pass, how long to wait, and the sentence when none of it helped.

Worth another try: no answer in time, a connection that broke or gave less than was asked for, the statuses
408, 425, 429 and 5xx. Not worth one: what the store has decided (400, 401, 403, 404, 416). Waits double with
full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015), so that thousand workers
that failed together do not come back together; a store's own Retry-After is obeyed.

The exceptions of the HTTP libraries are known by name and by their status, so that none is imported here.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from simgen.errors import DatasetError
from simgen.reading.damage import REMEDY

__all__ = [
    "PATIENCE",
    "Patience",
    "ShortReadError",
    "StoreError",
    "Tries",
    "TruncatedError",
    "may_pass",
    "patiently",
    "reason",
    "status_of",
]

Result = TypeVar("Result")

_PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_PASSING_CLASSES = frozenset(
    {
        "aiohttp.ClientConnectionError",
        "aiohttp.ClientPayloadError",
        "asyncio.TimeoutError",
        "botocore.ConnectionError",
        "botocore.HTTPClientError",
        "botocore.ResponseStreamingError",
        "fsspec.FSTimeoutError",
        "http.HTTPException",
        "httpx.TransportError",
        "httpx2.TransportError",
        "requests.ConnectionError",
        "requests.Timeout",
        "urllib3.HTTPError",
    }
)
_DECIDED = frozenset(
    {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTDIR, errno.EISDIR, errno.ENOSYS}
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a store is asked and how long is waited in between, at most."""

    attempts: int = 6
    first_wait_s: float = 1.0  # before the second attempt; doubles from there, times a draw from 0..1
    longest_wait_s: float = 30.0
    longest_asked_s: float = 300.0  # of a Retry-After; the Hub counts requests in windows of five minutes
    silence_s: float = 60.0  # an HTTP connection on which nothing arrives for so long is broken


PATIENCE = Patience()


class StoreError(DatasetError):
    """A store does not give a file though nothing says that the file is damaged: it may be whole tomorrow."""


class ShortReadError(OSError):
    """The store gave fewer bytes than it was asked for, though the file has them."""


class TruncatedError(OSError):
    """The file ends before the bytes that it was asked for."""

    def __init__(self, message: str) -> None:
        super().__init__(errno.EINVAL, message)


def patiently(action: Callable[[], Result], path: str, patience: Patience = PATIENCE) -> Result:
    """What `action` returns, tried again while its failures may pass.

    FileNotFoundError comes through as it is. Any other failure becomes a DatasetError that names `path`, says
    how often it was tried and what to do.
    """
    tries = Tries(patience)
    try:
        return tries.of(action)
    except DatasetError:
        raise
    except Exception as error:
        if _is_missing(error):
            raise
        damaged = isinstance(error, TruncatedError) or status_of(error) == 416
        raise (DatasetError if damaged else StoreError)(
            f"{path} could not be read ({reason(error)}; {tries.in_words}). {_advice(error)}"
        ) from error


class Tries:
    """Does something until it works or asking again makes no sense; then its error comes through."""

    def __init__(self, patience: Patience = PATIENCE) -> None:
        self._patience = patience
        self._count, self._started = 0, time.monotonic()

    def of(self, action: Callable[[], Result]) -> Result:
        """What `action` returns; its last error when it was given up."""
        import tenacity  # not needed for local datasets

        def once() -> Result:
            self._count += 1
            return action()

        backoff = tenacity.wait_random_exponential(self._patience.first_wait_s, self._patience.longest_wait_s)

        def wait(state: Any) -> float:
            asked = _asked_wait_s(state.outcome.exception())
            own = float(backoff(state))
            return own if asked is None else min(asked, self._patience.longest_asked_s) + own

        again = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._patience.attempts),
            wait=wait,
            retry=tenacity.retry_if_exception(may_pass),
            reraise=True,
        )
        result: Result = again(once)
        return result

    @property
    def in_words(self) -> str:
        if self._count == 1:
            return "tried once"
        return f"tried {self._count} times in {time.monotonic() - self._started:.0f} s"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was made from: s3fs and fsspec wrap those of their HTTP clients."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__


def may_pass(error: BaseException) -> bool:
    if not isinstance(error, Exception) or isinstance(error, DatasetError):
        return False
    status = status_of(error)
    if status is not None:
        return status in _PASSING_STATUS
    if any(_broke_off(link) for link in _chain(error)):
        return True
    if isinstance(error, OSError):
        decided = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
        return not isinstance(error, decided) and error.errno not in _DECIDED
    return False


def _is_missing(error: BaseException) -> bool:
    """fsspec calls a file missing whatever status an HTTP server answers with when it is asked for a size."""
    return isinstance(error, FileNotFoundError) and not may_pass(error) and status_of(error) not in (401, 403)


def _broke_off(error: BaseException) -> bool:
    names = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    return bool(names & _PASSING_CLASSES) or isinstance(error, TimeoutError)


def status_of(error: BaseException) -> int | None:
    """The HTTP status behind an exception of aiohttp, botocore, httpx, requests, gcsfs or azure-core."""
    found: Iterator[Any]
    for link in _chain(error):
        if _broke_off(link):  # aiohttp derives this from an error of its parser that has the status 400
            return None
        response = getattr(link, "response", None)
        if isinstance(response, dict):
            found = iter([response.get("ResponseMetadata", {}).get("HTTPStatusCode")])
        else:
            names = ("status", "status_code", "code")
            # one at a time: aiohttp warns whoever looks at `code`
            found = (getattr(owner, name, None) for owner in (link, response) for name in names)
        for value in found:
            if isinstance(value, int) and 100 <= value < 600:
                return value
    return None


def _asked_wait_s(error: BaseException | None) -> float | None:
    """Retry-After of the store's answer, in seconds or as a date (RFC 9110, section 10.2.3)."""
    for link in _chain(error):
        response = getattr(link, "response", None)
        if isinstance(response, dict):
            headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        else:
            headers = getattr(response, "headers", None) or getattr(link, "headers", None) or {}
        for name in headers if hasattr(headers, "keys") else ():
            if str(name).lower() == "retry-after":
                return _seconds(str(headers[name]))
    return None


def _seconds(value: str) -> float | None:
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def reason(error: BaseException) -> str:
    """Its status and what it says, in a line."""
    status = status_of(error)
    text = " ".join(str(error).split())[:300] or type(error).__name__
    return f"status {status}: {text}" if status is not None else f"{type(error).__name__}: {text}"


def _advice(error: BaseException) -> str:
    status = status_of(error)
    names = {type(link).__name__ for link in _chain(error)}
    if isinstance(error, TruncatedError):
        return REMEDY
    if status in (401, 403) or isinstance(error, PermissionError) or "NoCredentialsError" in names:
        return "The store refuses access: check the credentials that its own tools use, see docs/stores.md"
    if status == 429:
        return (
            "The store asks for fewer requests: log in, read with fewer workers, or keep shards with `cache=`"
        )
    if may_pass(error):
        return (
            "The store or the network does not answer: look at both and run again; `cache=` needs them less"
        )
    return "The store refuses the request: check the URL"
