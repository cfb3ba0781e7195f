"""A Hugging Face Hub on localhost, as far as its real client needs one: repositories are folders.

`<root>/datasets/<namespace>/<name>/…` holds the files of a repository's only revision, `main`; its commit is
the hash of what is in it. Only what reading asks for is here, and only the standard library is used:

    GET  /api/datasets/{id}[/revision/{rev}]                 the repository: commit, files
    GET  /api/datasets/{id}/tree/{rev}[/{path}]?recursive&limit&cursor   a folder, in pages
    POST /api/datasets/{id}/paths-info/{rev}                 some paths
    GET  /api/datasets/{id}/refs                             branches and tags
    HEAD, GET /datasets/{id}/resolve/{rev}/{path}            a file, with byte ranges

Errors carry X-Error-Code as the Hub's do (RepoNotFound, RevisionNotFound, EntryNotFound). A token is asked for
when one was given to `HubServer`.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["HubError", "HubServer", "Repository", "serve_hub"]

_LFS_FROM = 10_000_000  # bytes; the Hub stores larger files, and binary ones, in LFS
_PAGE = 1000
_CREATED = "2026-01-01T00:00:00.000Z"


class HubError(Exception):
    """An answer that is not the one that was asked for."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Repository:
    id: str  # namespace/name
    folder: Path

    @property
    def files(self) -> list[str]:
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.folder).as_posix() for path in paths)

    @property
    def commit(self) -> str:
        """40 hexadecimal digits that change with the files."""
        listing = [(name, (self.folder / name).stat().st_size, self.oid(name)) for name in self.files]
        return hashlib.sha1(json.dumps([self.id, listing]).encode()).hexdigest()

    def oid(self, path: str) -> str:
        """What git calls the content of a file."""
        data = (self.folder / path).read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()

    def entry(self, path: str) -> dict[str, Any]:
        place = self.folder / path
        if place.is_dir():
            return {
                "type": "directory",
                "path": path,
                "oid": hashlib.sha1(path.encode()).hexdigest(),
                "size": 0,
            }
        entry: dict[str, Any] = {
            "type": "file",
            "path": path,
            "oid": self.oid(path),
            "size": place.stat().st_size,
        }
        if self.is_lfs(path):
            sha256 = hashlib.sha256(place.read_bytes()).hexdigest()
            entry["lfs"] = {"oid": sha256, "size": entry["size"], "pointerSize": 130}
        return entry

    def is_lfs(self, path: str) -> bool:
        place = self.folder / path
        return place.suffix in (".parquet", ".tar", ".mp4") or place.stat().st_size >= _LFS_FROM

    def listing(self, path: str, recursive: bool) -> list[dict[str, Any]]:
        place = self.folder / path
        if not place.is_dir():
            raise HubError(404, "EntryNotFound", f"{path} does not exist on main")
        found = place.rglob("*") if recursive else place.iterdir()
        return [self.entry(item.relative_to(self.folder).as_posix()) for item in sorted(found)]

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "author": self.id.split("/")[0],
            "sha": self.commit,
            "private": False,
            "gated": False,
            "disabled": False,
            "lastModified": _CREATED,
            "createdAt": _CREATED,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "siblings": [{"rfilename": name} for name in self.files],
        }


@dataclass
class HubServer:
    root: Path
    token: str = ""
    page: int = _PAGE  # entries of a listing per answer
    url: str = ""
    requests: list[str] = field(default_factory=list)  # "GET /path"
    bytes_sent: int = 0  # of files
    statuses: list[int] = field(default_factory=list)  # taken one by one by the next requests for files

    def repository(self, name: str, revision: str) -> Repository:
        repository = Repository(name, self.root / "datasets" / name)
        if not repository.folder.is_dir():
            raise HubError(404, "RepoNotFound", "Repository not found")
        if revision not in ("main", "refs/convert/parquet", repository.commit):
            raise HubError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return repository


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: HubServer

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_GET
    do_POST = do_GET

    def _answer(self) -> None:
        url = urlsplit(self.path)
        path, query = unquote(url.path), {name: values[0] for name, values in parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.requests.append(f"{self.command} {path}")
        try:
            if self.hub.token and self.headers.get("Authorization") != f"Bearer {self.hub.token}":
                raise HubError(401, "", "Invalid username or password.")
            for pattern, method in self.ROUTES:
                if match := re.fullmatch(pattern, path):
                    method(self, *match.groups(), query=query, body=body)
                    return
            raise HubError(404, "", f"this Hub has no {path}")
        except HubError as error:
            headers = {"X-Error-Code": error.code, "X-Error-Message": str(error)}
            if error.status == 429:
                headers["Retry-After"] = "0"
            self._send_json({"error": str(error)}, error.status, headers)

    def _info(self, name: str, revision: str | None, **_: Any) -> None:
        self._send_json(self.hub.repository(name, revision or "main").to_json())

    def _refs(self, name: str, **_: Any) -> None:
        commit = self.hub.repository(name, "main").commit
        branch = {"name": "main", "ref": "refs/heads/main", "targetCommit": commit}
        self._send_json({"branches": [branch], "converts": [], "tags": []})

    def _tree(self, name: str, revision: str, path: str | None, query: dict[str, str], **_: Any) -> None:
        recursive = query.get("recursive", "").lower() in ("1", "true")
        entries = self.hub.repository(name, revision).listing(path or "", recursive)
        start = int(query.get("cursor", 0))
        stop = start + min(int(query.get("limit", self.hub.page)), self.hub.page)
        headers = {}
        if stop < len(entries):
            url = urlsplit(self.path)
            more = "&".join(f"{key}={value}" for key, value in {**query, "cursor": str(stop)}.items())
            headers["Link"] = f'<{self.hub.url}{url.path}?{more}>; rel="next"'
        self._send_json(entries[start:stop], 200, headers)

    def _paths_info(self, name: str, revision: str, body: bytes, **_: Any) -> None:
        repository = self.hub.repository(name, revision)
        if "json" in (self.headers.get("Content-Type") or ""):
            paths = json.loads(body)["paths"]
        else:
            paths = parse_qs(body.decode()).get("paths", [])
        paths = [paths] if isinstance(paths, str) else paths
        self._send_json([repository.entry(path) for path in paths if (repository.folder / path).exists()])

    def _resolve(self, name: str, revision: str, path: str, **_: Any) -> None:
        repository = self.hub.repository(name, revision)
        file = repository.folder / path
        if not file.is_file():
            raise HubError(404, "EntryNotFound", f"{path} does not exist on {revision}")
        if self.command == "GET" and self.hub.statuses:
            raise HubError(self.hub.statuses.pop(0), "", "as the test wants it")
        data = file.read_bytes()
        headers = {
            "X-Repo-Commit": repository.commit,
            "ETag": f'"{repository.oid(path)}"',
            "Accept-Ranges": "bytes",
        }
        if repository.is_lfs(path):
            headers["X-Linked-Etag"] = f'"{hashlib.sha256(data).hexdigest()}"'
            headers["X-Linked-Size"] = str(len(data))
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self._send(data, 200, headers)
            return
        start = int(asked[1])
        if start >= len(data):
            raise HubError(416, "", "Range not satisfiable")
        part = data[start : int(asked[2]) + 1 if asked[2] else None]
        headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(data)}"
        self._send(part, 206, headers)

    def _send_json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        self._send(json.dumps(value).encode(), status, headers)

    def _send(self, data: bytes, status: int, headers: dict[str, str]) -> None:
        if "ETag" in headers and self.command == "GET":
            self.hub.bytes_sent += len(data)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass

    _ID = r"([^/]+/[^/]+)"
    ROUTES = (
        (rf"/api/datasets/{_ID}(?:/revision/(.+))?", _info),
        (rf"/api/datasets/{_ID}/refs", _refs),
        (rf"/api/datasets/{_ID}/tree/([^/]+)(?:/(.+))?", _tree),
        (rf"/api/datasets/{_ID}/paths-info/(.+)", _paths_info),
        (rf"/datasets/{_ID}/resolve/([^/]+)/(.+)", _resolve),
    )


@contextmanager
def serve_hub(root: Path, token: str = "") -> Iterator[HubServer]:
    hub = HubServer(root, token)
    handler = type("Handler", (_Handler,), {"hub": hub})
    listener = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    listener.daemon_threads = True
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{listener.server_port}"
    try:
        yield hub
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
