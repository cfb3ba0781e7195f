"""The answers of the Hub to whoever writes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml  # the one thing that is not of the standard library; simgen needs it anyway

from tests.hub.repositories import HubError, Repository, StoredFile

if TYPE_CHECKING:
    from tests.hub.server import Request

_MOST_LFS_FILES = 25_000  # of a commit


def create(request: Request) -> None:
    request.must_write()
    asked = request.json()
    name = f"{asked.get('organization') or 'user'}/{asked['name']}"
    url = f"{request.hub.url}/datasets/{name}"
    private = asked.get("private") is True or asked.get("visibility") == "private"
    try:
        request.hub.create(name, private)
    except HubError as error:
        request.send_json({"error": str(error), "url": url}, error.status)
    else:
        request.send_json({"url": url, "name": name, "id": name})


def validate_yaml(request: Request) -> None:
    text = request.json()["content"]
    errors = []
    if text.startswith("---\n"):
        try:
            yaml.safe_load(text[4:].split("\n---", 1)[0])
        except yaml.YAMLError as error:
            errors = [{"message": str(error)}]
    request.send_json({"errors": errors, "warnings": []}, 400 if errors else 200)


def preupload(request: Request, name: str, revision: str) -> None:
    request.must_write()
    repository = request.repository(name)
    there = repository.head(revision).files
    answers = []
    for file in request.json()["files"]:
        path = file["path"]
        lfs = repository.is_lfs(path, file["size"])
        answer = {"path": path, "uploadMode": "lfs" if lfs else "regular", "shouldIgnore": False}
        if path in there:
            answer["oid"] = there[path].etag
        answers.append(answer)
    request.send_json({"files": answers})


def batch(request: Request, name: str) -> None:
    request.must_write()
    repository, hub = request.repository(name), request.hub
    asked = request.json()
    missing = [entry for entry in asked["objects"] if not repository.has_object(entry["oid"])]
    if hub.stored_bytes() + sum(entry["size"] for entry in missing) > hub.quota_bytes:
        raise HubError(
            403,
            "",
            "Private repository storage limit reached, please upgrade your plan to increase your private storage limit",
        )
    objects: list[dict[str, Any]] = []
    for entry in asked["objects"]:
        answer = {"oid": entry["oid"], "size": entry["size"]}
        if entry in missing:
            answer["actions"] = _actions(request, name, entry["oid"], entry["size"])
        objects.append(answer)
    request.send_json({"transfer": "basic", "objects": objects})


def _actions(request: Request, name: str, oid: str, size: int) -> dict[str, Any]:
    place, part = f"{request.hub.url}/lfs/{name}", request.hub.part_bytes
    verify = {"href": f"{place}/verify"}
    if size <= part:
        return {"upload": {"href": f"{place}/{oid}"}, "verify": verify}
    parts = {f"{number + 1:05d}": f"{place}/{oid}/{number + 1}" for number in range(-(-size // part))}
    upload = {"href": f"{place}/{oid}/complete", "header": {"chunk_size": str(part), **parts}}
    return {"upload": upload, "verify": verify}


def put_object(request: Request, name: str, oid: str) -> None:
    _keep(request, name, f"{oid}.unfinished")
    _finish(request.hub.repositories[name], oid, [f"{oid}.unfinished"])
    request.send(b"")


def put_part(request: Request, name: str, oid: str, number: str) -> None:
    digest = _keep(request, name, f"{oid}.{number}")
    request.send(b"", 200, {"ETag": f'"{digest}"'})


def complete(request: Request, name: str, oid: str) -> None:
    parts = request.json()["parts"]
    _finish(request.hub.repositories[name], oid, [f"{oid}.{part['partNumber']}" for part in parts])
    request.send_json({})


def _keep(request: Request, name: str, place: str) -> str:
    """Writes the request's body; its md5, as stores for objects give it. The address is the permission."""
    digest = hashlib.md5()
    unfinished = request.hub.repositories[name].objects / place
    with unfinished.open("wb") as file:
        for data in request.chunks():
            with request.hub.lock:
                request.hub.received[place.split(".")[0]] += len(data)
            digest.update(data)
            file.write(data)
    return digest.hexdigest()


def _finish(repository: Repository, oid: str, parts: list[str]) -> None:
    """The parts become the object, if they are what its name says."""
    places = [repository.objects / part for part in parts]
    data = b"".join(place.read_bytes() for place in places)
    for place in places:
        place.unlink()
    if hashlib.sha256(data).hexdigest() != oid:
        raise HubError(400, "", "the content does not match its hash")
    (repository.objects / oid).write_bytes(data)


def verify(request: Request, name: str) -> None:
    asked = request.json()
    place = request.hub.repositories[name].objects / asked["oid"]
    if not place.exists() or place.stat().st_size != asked["size"]:
        raise HubError(404, "", "the object is not there")
    request.send_json({})


def commit(request: Request, name: str, revision: str) -> None:
    request.must_write()
    repository = request.repository(name)
    lines = [json.loads(line) for line in request.body().splitlines() if line]
    header = next(line["value"] for line in lines if line["key"] == "header")
    if sum(line["key"] == "lfsFile" for line in lines) > _MOST_LFS_FILES:
        raise HubError(413, "", "too many LFS files in one commit")
    changes = list(_changes(repository, lines))
    added = repository.commit(revision, header["summary"], header.get("parentCommit", ""), changes)
    url = f"{request.hub.url}/datasets/{name}/commit/{added.oid}"
    request.send_json({"success": True, "commitOid": added.oid, "commitUrl": url, "hookOutput": ""})


def _changes(repository: Repository, lines: list[dict[str, Any]]) -> Iterator[tuple[str, StoredFile | None]]:
    for line in lines:
        key, value = line["key"], line["value"]
        if key == "file":
            data = (
                base64.b64decode(value["content"]) if value.get("encoding") == "base64" else value["content"]
            )
            yield value["path"], repository.keep(data)
        elif key == "lfsFile":
            yield value["path"], repository.lfs_file(value["oid"])
        elif key == "deletedFile":
            yield value["path"], None
        elif key == "deletedFolder":
            yield value["path"].rstrip("/") + "/", None


def create_branch(request: Request, name: str, branch: str) -> None:
    request.must_write()
    repository = request.repository(name)
    start = repository.head(request.json().get("startingPoint", "main")).oid
    with repository.lock:
        if branch in repository.branches:
            raise HubError(409, "", f"Reference already exists: {branch}")
        repository.branches[branch] = start
    request.send_json({})


def delete_branch(request: Request, name: str, branch: str) -> None:
    request.must_write()
    if request.repository(name).branches.pop(branch, None) is None:
        raise HubError(404, "RevisionNotFound", f"no branch {branch}")
    request.send_json({})


def create_tag(request: Request, name: str, revision: str) -> None:
    request.must_write()
    repository, tag = request.repository(name), request.json()["tag"]
    if tag in repository.tags:
        raise HubError(409, "", f"Tag reference exists already: {tag}")
    repository.tags[tag] = repository.head(revision).oid
    request.send_json({})


def delete_tag(request: Request, name: str, tag: str) -> None:
    request.must_write()
    if request.repository(name).tags.pop(tag, None) is None:
        raise HubError(404, "RevisionNotFound", f"no tag {tag}")
    request.send_json({})
