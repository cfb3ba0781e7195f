"""A Hugging Face Hub on localhost, as far as its real clients need one: they read it and write to it over HTTP.

    POST /api/repos/create                                   a repository; 409 if it exists
    GET  /api/whoami-v2
    GET  /api/datasets/{id}[/revision/{rev}]                 the repository: commit, files
    GET  /api/datasets/{id}/tree/{rev}[/{path}]?recursive&limit&cursor   a folder, in pages
    POST /api/datasets/{id}/paths-info/{rev}                 some paths
    GET  /api/datasets/{id}/refs, …/commits/{rev}            branches and tags; the history
    HEAD, GET /datasets/{id}/resolve/{rev}/{path}            a file, with byte ranges
    POST /api/validate-yaml                                  is the front matter of a card YAML?
    POST /api/datasets/{id}/preupload/{rev}                  which files go to LFS, and which are there already
    POST /datasets/{id}.git/info/lfs/objects/batch           where to put LFS objects: whole or in parts
    PUT  /lfs/{id}/{sha256}[/{part}], POST /lfs/{id}/…       the bytes, and that they are complete
    POST /api/datasets/{id}/commit/{rev}                     adds and deletes files; 412 if the parent has moved on
    POST, DELETE /api/datasets/{id}/branch/{name}, …/tag/{…}

`reading.py` and `writing.py` answer them, `repositories.py` keeps what they give and take. Errors carry X-Error-Code as
the Hub's do (RepoNotFound, RevisionNotFound, EntryNotFound). Public repositories are anybody's to read; to write takes
`token` (a reader's token gets 403, a wrong one 401). Faults are declared with `HubServer.faults`.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub import reading, writing
from tests.hub.faults import Fault
from tests.hub.repositories import HubError, Repository

__all__ = ["HubError", "HubServer", "Repository", "serve_hub"]

_PAGE = 1000
_CHUNK = 1 << 16


@dataclass
class HubServer:
    root: Path
    token: str = ""  # the owner's
    readers: frozenset[str] = frozenset()  # tokens that may not write
    page: int = _PAGE  # entries of a listing per answer
    part_bytes: int = 1 << 40  # larger LFS objects are uploaded in parts of this size
    quota_bytes: int = 1 << 60  # of LFS objects, all repositories together
    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)  # "GET /path"
    bytes_sent: int = 0  # of files
    received: Counter[str] = field(
        default_factory=Counter
    )  # bytes by LFS object, those of broken uploads included
    lock: threading.RLock = field(default_factory=threading.RLock)

    def create(self, name: str, private: bool = False) -> Repository:
        with self.lock:
            if name in self.repositories:
                raise HubError(409, "", "You already created this dataset repo")
            repository = Repository.new(name, self.root / name.replace("/", "--"), private)
            self.repositories[name] = repository
            return repository

    def put(self, name: str, folder: Path) -> Repository:
        """A repository whose main holds the files of a folder."""
        repository = self.create(name)
        repository.put_folder(folder)
        return repository

    @property
    def bytes_received(self) -> int:
        return sum(self.received.values())

    def bytes_received_of(self, files: Iterable[bytes]) -> int:
        """Of these contents."""
        return sum(self.received[digest] for digest in {hashlib.sha256(data).hexdigest() for data in files})

    def stored_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every body waits 40 ms for the client to acknowledge its headers
    hub: HubServer
    query: dict[str, str]
    _left: int  # bytes of the body that are still to come
    _fault: Fault | None

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self._left = int(self.headers.get("Content-Length") or 0)
        asked = f"{self.command} {unquote(url.path)}"
        with self.hub.lock:
            self.hub.requests.append(asked)
            self._fault = next((fault for fault in self.hub.faults if fault.takes(asked)), None)
        try:
            self._answer(url.path)
        except HubError as error:
            self._read_away()
            headers = {"X-Error-Code": error.code, "X-Error-Message": str(error), **error.headers}
            self.send_json({"error": str(error)}, error.status, headers)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def _answer(self, path: str) -> None:
        fault = self._fault
        if fault is not None and fault.status:
            raise HubError(fault.status, "", fault.message, **fault.headers)
        if fault is not None and fault.stalls:
            time.sleep(60)
            raise ConnectionAbortedError
        if fault is not None and fault.first is not None:
            fault.first()
        for pattern, method in ROUTES:
            if match := re.fullmatch(pattern, f"{self.command} {path}"):
                method(self, *(None if group is None else unquote(group) for group in match.groups()))
                return
        raise HubError(404, "", f"this Hub has no {self.command} {path}")

    def repository(self, name: str) -> Repository:
        """The repository of this name, if whoever asks may see it."""
        user, found = self.user(), self.hub.repositories.get(name)
        if found is None or (found.private and user is None):
            raise HubError(404 if user else 401, "RepoNotFound", "Repository not found")
        return found

    def user(self) -> str | None:
        """Who asks: "owner", "reader" or nobody."""
        given = self.headers.get("Authorization")
        if given is None:
            return None
        if given == f"Bearer {self.hub.token}":
            return "owner"
        if given.removeprefix("Bearer ") in self.hub.readers:
            return "reader"
        raise HubError(401, "", "Invalid credentials in Authorization header")

    def must_write(self) -> None:
        user = self.user()
        if user is None:
            raise HubError(401, "", "Invalid username or password.")
        if user != "owner":
            raise HubError(403, "", "You don't have the rights to write to this repository")

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes; ends early with a broken connection where a fault says so."""
        come, cut = 0, self._fault.cut_after if self._fault else None
        while self._left:
            size = min(_CHUNK, self._left, _CHUNK if cut is None else max(1, cut - come))
            data = self.rfile.read(size)
            if not data:
                raise ConnectionAbortedError
            self._left -= len(data)
            come += len(data)
            yield data
            if cut is not None and come >= cut:
                self._break()

    def body(self) -> bytes:
        return b"".join(self.chunks())

    def json(self) -> Any:
        return json.loads(self.body() or b"{}")

    def _break(self) -> NoReturn:
        self.connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError

    def _read_away(self) -> None:
        """What is left of the body of a request that is refused: the connection is used again."""
        while self._left and (data := self.rfile.read(min(_CHUNK, self._left))):
            self._left -= len(data)

    def send_json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        self.send(json.dumps(value).encode(), status, headers)

    def send(self, data: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        if self._fault is not None and self._fault.answer_lost:
            self._break()
        self._read_away()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


_ID = r"([^/]+/[^/]+)"
_API = rf"/api/datasets/{_ID}"
ROUTES: tuple[tuple[str, Callable[..., None]], ...] = (
    (rf"GET {_API}(?:/revision/([^/]+))?", reading.repository),
    # Repositories without a user are the Hub's oldest; older clients ask whether "user" of user/name is one.
    (r"GET /api/datasets/([^/]+)(?:/revision/([^/]+))?", reading.repository),
    (rf"GET {_API}/refs", reading.refs),
    (rf"GET {_API}/commits/([^/]+)", reading.commits),
    (rf"GET {_API}/tree/([^/]+)(?:/(.+))?", reading.tree),
    (rf"POST {_API}/paths-info/([^/]+)", reading.paths_info),
    (rf"(?:HEAD|GET) /datasets/{_ID}/resolve/([^/]+)/(.+)", reading.resolve),
    (r"GET /api/whoami-v2", reading.whoami),
    (r"POST /api/validate-yaml", writing.validate_yaml),
    (r"POST /api/repos/create", writing.create),
    (rf"POST {_API}/preupload/([^/]+)", writing.preupload),
    (rf"POST /datasets/{_ID}\.git/info/lfs/objects/batch", writing.batch),
    (rf"PUT /lfs/{_ID}/([0-9a-f]{{64}})", writing.put_object),
    (rf"PUT /lfs/{_ID}/([0-9a-f]{{64}})/(\d+)", writing.put_part),
    (rf"POST /lfs/{_ID}/([0-9a-f]{{64}})/complete", writing.complete),
    (rf"POST /lfs/{_ID}/verify", writing.verify),
    (rf"POST {_API}/commit/([^/]+)", writing.commit),
    (rf"POST {_API}/branch/([^/]+)", writing.create_branch),
    (rf"DELETE {_API}/branch/([^/]+)", writing.delete_branch),
    (rf"POST {_API}/tag/([^/]+)", writing.create_tag),
    (rf"DELETE {_API}/tag/([^/]+)", writing.delete_tag),
)


@contextmanager
def serve_hub(root: Path, token: str = "") -> Iterator[HubServer]:
    hub = HubServer(root, token)
    root.mkdir(parents=True, exist_ok=True)
    listener = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Request,), {"hub": hub}))
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
