"""The answers of the Hub to whoever reads."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.hub.repositories import DATE, HubError

if TYPE_CHECKING:
    from tests.hub.server import Request


def repository(request: Request, name: str, revision: str | None) -> None:
    found = request.repository(name)
    commit = found.head(revision or "main")
    request.send_json(
        {
            "id": found.id,
            "author": found.id.split("/")[0],
            "sha": commit.oid,
            "private": found.private,
            "gated": False,
            "disabled": False,
            "lastModified": DATE,
            "createdAt": DATE,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "siblings": [{"rfilename": path} for path in sorted(commit.files)],
        }
    )


def refs(request: Request, name: str) -> None:
    found = request.repository(name)
    request.send_json(
        {
            "branches": [
                {"name": branch, "ref": f"refs/heads/{branch}", "targetCommit": oid}
                for branch, oid in found.branches.items()
            ],
            "converts": [],
            "tags": [
                {"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": oid}
                for tag, oid in found.tags.items()
            ],
        }
    )


def commits(request: Request, name: str, revision: str) -> None:
    history = request.repository(name).history(revision)
    request.send_json(
        [
            {"id": commit.oid, "title": commit.title, "message": "", "authors": [], "date": DATE}
            for commit in history
        ]
    )


def tree(request: Request, name: str, revision: str, path: str | None) -> None:
    query = request.query
    recursive = query.get("recursive", "").lower() in ("1", "true")
    entries = request.repository(name).head(revision).listing((path or "").rstrip("/"), recursive)
    start = int(query.get("cursor", 0))
    stop = start + min(int(query.get("limit", request.hub.page)), request.hub.page)
    headers = {}
    if stop < len(entries):
        more = urlencode({**query, "cursor": stop})
        headers["Link"] = f'<{request.hub.url}{urlsplit(request.path).path}?{more}>; rel="next"'
    request.send_json(entries[start:stop], 200, headers)


def paths_info(request: Request, name: str, revision: str) -> None:
    commit = request.repository(name).head(revision)
    body = request.body()
    if "json" in (request.headers.get("Content-Type") or ""):
        paths = json.loads(body)["paths"]
    else:
        paths = parse_qs(body.decode()).get("paths", [])
    paths = [paths] if isinstance(paths, str) else paths
    request.send_json([entry for path in paths if (entry := commit.entry(path)) is not None])


def resolve(request: Request, name: str, revision: str, path: str) -> None:
    found = request.repository(name)
    commit = found.head(revision)
    file = commit.files.get(path)
    if file is None:
        raise HubError(404, "EntryNotFound", f"{path} does not exist on {revision}")
    headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{file.etag}"', "Accept-Ranges": "bytes"}
    if file.lfs:
        headers |= {"X-Linked-Etag": f'"{file.etag}"', "X-Linked-Size": str(file.size)}
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    start, stop = 0, file.size
    if asked is not None:
        start, stop = int(asked[1]), min(file.size, int(asked[2]) + 1 if asked[2] else file.size)
        if start >= file.size:
            raise HubError(416, "", "Range not satisfiable")
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    with (found.objects / file.sha256).open("rb") as content:
        content.seek(start)
        data = content.read(stop - start)
    if request.command == "GET":
        with request.hub.lock:
            request.hub.bytes_sent += len(data)
    request.send(data, 200 if asked is None else 206, headers)


def whoami(request: Request) -> None:
    user = request.user()
    if user is None:
        raise HubError(401, "", "Invalid username or password.")
    role = "write" if user == "owner" else "read"
    token = {"displayName": "test", "role": role}
    request.send_json({"type": "user", "name": "user", "orgs": [], "auth": {"accessToken": token}})
