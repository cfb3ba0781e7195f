"""The real command line and the real clients in processes of their own, against the Hub on localhost.

huggingface_hub reads HF_ENDPOINT when it is imported, and it is imported by whatever version of it is installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests import forked
from tests.hub.server import HubServer

__all__ = [
    "OWNER",
    "READER",
    "downloaded",
    "environment",
    "python",
    "shards",
    "simgen",
    "snapshot",
    "started",
]

OWNER = "hf_ownerownerowner"
READER = "hf_readerreaderreader"


def environment(hub: HubServer, home: Path, token: str = OWNER) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return plain | {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": token,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",  # the Hub on localhost has none
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }


def simgen(
    hub: HubServer, *arguments: str | Path, cwd: Path, token: str = OWNER, **more: str
) -> subprocess.CompletedProcess[str]:
    return forked.simgen(*arguments, cwd=cwd, environment=environment(hub, cwd / "home", token) | more)


@contextmanager
def started(hub: HubServer, *arguments: str | Path, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Starts a command; it is killed at the end of the block if it is still there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "simgen", *map(str, arguments)],
        cwd=cwd,
        env=environment(hub, cwd / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def python(hub: HubServer, code: str, *arguments: str | Path, cwd: Path, token: str = OWNER) -> str:
    """What the code prints."""
    done = forked.python(code, *arguments, cwd=cwd, environment=environment(hub, cwd / "home", token))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def downloaded(hub: HubServer, name: str, revision: str = "main") -> dict[str, bytes]:
    """Path -> content of every file of a repository but .gitattributes, over HTTP."""
    authorization = {"Authorization": f"Bearer {hub.token}"}

    def get(url: str) -> bytes:
        with urllib.request.urlopen(urllib.request.Request(url, headers=authorization), timeout=60) as answer:
            return bytes(answer.read())

    tree = json.loads(get(f"{hub.url}/api/datasets/{name}/tree/{revision}?recursive=true"))
    paths = [entry["path"] for entry in tree if entry["type"] == "file"]
    return {
        path: get(f"{hub.url}/datasets/{name}/resolve/{revision}/{path}")
        for path in paths
        if path != ".gitattributes"
    }


def snapshot(hub: HubServer, name: str, cwd: Path) -> dict[str, bytes]:
    """The same by `snapshot_download` of the real client."""
    code = """
import sys
from huggingface_hub import snapshot_download
snapshot_download(sys.argv[1], repo_type="dataset", local_dir=sys.argv[2])
"""
    place = cwd / f"snapshot-of-{name.replace('/', '-')}"
    python(hub, code, name, place, cwd=cwd)
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and ".cache" not in path.parts and path.name != ".gitattributes"
    }


def shards(folder: Path, *kinds: str) -> dict[str, bytes]:
    """Path -> content of the shard files of a local dataset in the folders `kinds`."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for kind in kinds
        for path in sorted((folder / kind).glob("*"))
    }


def shards_in(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those of a repository's files that are shards."""
    return {
        path: data for path, data in files.items() if path.split("/")[0] in ("data", "dense", "webdataset")
    }
