"""The file system behind a location, and what to install or set up when there is none.

A location is a folder or any URL that fsspec knows. fsspec finds the package for a kind of URL; this file
knows which extra of simgen installs it, and gives the HTTP client what it lacks: timeouts, proxies, ~/.netrc.
"""

from __future__ import annotations

import base64
from typing import Any

import fsspec

from simgen.dataset.storage import FileRecord
from simgen.errors import DatasetError, MissingDependencyError

__all__ = ["CANNOT_LIST", "file_system", "kept_record", "protocol_of"]

# kind of URL -> the extra of simgen-physics that installs what reads it
_EXTRAS = {
    "http": "http",
    "https": "http",
    "s3": "s3",
    "s3a": "s3",
    "hf": "hf",
    "gs": "gcs",
    "gcs": "gcs",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
}
CANNOT_LIST = frozenset({"http", "https"})  # a web server need not say which files it has
_SILENCE_S = 60.0  # a connection on which nothing arrives for so long is given up (and tried again)


def protocol_of(location: str) -> str:
    """ "s3" of s3://…, "file" of a path; of a chain such as simplecache::s3://… the first."""
    return location.split("://", 1)[0].split("::", 1)[0] if "://" in location else "file"


def file_system(location: str, silence_s: float = _SILENCE_S, **more: Any) -> tuple[Any, str]:
    """The fsspec file system of a location and the path in it; `more` are options of every such system.

    Raises MissingDependencyError when its package is not installed, DatasetError when it cannot be opened.
    """
    protocol = protocol_of(location)
    try:
        system, root = fsspec.core.url_to_fs(location, **_options(protocol, silence_s), **more)
    except ImportError as error:  # fsspec names the package, e.g. "Install s3fs to access S3"
        raise MissingDependencyError(
            f"{location} cannot be opened: {error}. {_how_to_install(protocol)}"
        ) from error
    except (ValueError, OSError) as error:
        raise DatasetError(f"{location} cannot be opened: {error}") from error
    return system, str(root)


def kept_record(system: Any, place: str) -> FileRecord | None:
    """Size and SHA-256 of a file as the store itself keeps them: S3 of a file that was sent in one piece with its SHA-256,
    which S3 compared with what it received; the Hub of every large file. Nothing is read. None where the store keeps none.

    Raises what the file system raises, FileNotFoundError among it.
    """
    protocols = {system.protocol} if isinstance(system.protocol, str) else set(system.protocol)
    if "s3" in protocols:
        bucket, key, _ = system.split_path(place)
        told = system.call_s3("head_object", Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        digest = str(told.get("ChecksumSHA256") or "")
        if (
            not digest or "-" in digest or told.get("ChecksumType") == "COMPOSITE"
        ):  # of parts: the hash of their hashes
            return None
        return FileRecord(int(told["ContentLength"]), base64.b64decode(digest).hex())
    if "hf" in protocols:
        told = system.info(place).get("lfs")
        return None if told is None else FileRecord(int(told.size), str(told.sha256))
    return None


def _options(protocol: str, silence_s: float) -> dict[str, Any]:
    if protocol not in ("http", "https"):
        return {}  # s3fs and huggingface_hub have timeouts of their own (15 s and 10 s)
    import aiohttp  # what fsspec reads http with; ImportError is the caller's

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=silence_s, sock_read=silence_s)
    # trust_env: proxies of the environment and passwords of ~/.netrc, as curl and git have them
    plain = {"Accept-Encoding": "identity"}  # byte ranges are of the file, not of what a server made of it
    return {"client_kwargs": {"timeout": timeout, "trust_env": True, "headers": plain}}


def _how_to_install(protocol: str) -> str:
    extra = _EXTRAS.get(protocol)
    if extra is None:
        return f"Install the fsspec package for {protocol}:// beside simgen"
    return f"pip install 'simgen-physics[{extra}]'"
