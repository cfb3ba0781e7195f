"""A web server on localhost that serves a folder with byte ranges, notes every request, and fails on demand."""

from __future__ import annotations

import base64
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

__all__ = ["Fault", "Request", "WebServer", "serve"]


@dataclass(frozen=True)
class Fault:
    """What happens to one request for a file."""

    status: int = 0  # answers with this status
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False  # announces everything, sends half, closes the connection
    short: bool = False  # sends half without a length and closes, as a proxy may: no client can see it
    silent_s: float = 0.0  # waits so long before it answers
    wrong: bool = False  # one byte is another one
    whole: bool = False  # knows no ranges: sends the whole file with 200


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    start: int
    end: int  # after the last byte that was asked for; -1 for the whole file
    status: int


@dataclass
class WebServer:
    folder: Path
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(
        default_factory=lambda: defaultdict(list)
    )  # path -> for each next request
    password: str = ""  # "user:word"; nothing is given without it
    always: dict[str, Fault] = field(default_factory=dict)  # path -> for every request
    lock: Any = field(default_factory=threading.Lock)

    def fail(self, path: str, *faults: Fault) -> None:
        self.faults[path].extend(faults)

    def gets(self, path: str = "") -> list[Request]:
        """Successful GETs, of files whose path begins so."""
        return [r for r in self.requests if r.method == "GET" and r.status < 300 and r.path.startswith(path)]

    def bytes_sent(self, path: str = "") -> int:
        sizes = {r.path: (self.folder / r.path).stat().st_size for r in self.gets(path)}
        return sum((r.end if r.end >= 0 else sizes[r.path]) - r.start for r in self.gets(path))

    def take_fault(self, path: str) -> Fault:
        with self.lock:
            waiting = self.faults.get(path)
            return waiting.pop(0) if waiting else self.always.get(path, Fault())


@contextmanager
def serve(folder: Path) -> Iterator[WebServer]:
    server = WebServer(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or a body waits 40 ms for the acknowledgement of its headers

        def do_HEAD(self) -> None:
            self.answer(False)

        def do_GET(self) -> None:
            self.answer(True)

        def answer(self, body: bool) -> None:
            path = self.path.lstrip("/").split("?")[0]
            fault = server.take_fault(path)
            login = f"Basic {base64.b64encode(server.password.encode()).decode()}"
            if server.password and self.headers.get("Authorization") != login:
                fault = Fault(status=401)
            file = server.folder / path
            time.sleep(fault.silent_s)
            if fault.status or not file.is_file():
                self.note(path, 0, -1, fault.status or 404)
                self.send_response(fault.status or 404)
                for name, value in fault.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            data = file.read_bytes()
            asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            start, end = (int(asked[1]), int(asked[2]) + 1) if asked and not fault.whole else (0, -1)
            if start and start >= len(data):
                self.note(path, start, end, 416)
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.note(path, start, end, 206 if end >= 0 else 200)
            part = data[start:end] if end >= 0 else data
            self.send_response(206 if end >= 0 else 200)
            if end >= 0:
                self.send_header("Content-Range", f"bytes {start}-{start + len(part) - 1}/{len(data)}")
            if fault.wrong:
                part = part[:-1] + bytes([part[-1] ^ 1])
            if not fault.short:
                self.send_header("Content-Length", str(len(part)))
            self.send_header("Accept-Ranges", "bytes")
            if fault.cut or fault.short:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            if body:
                self.wfile.write(part[: len(part) // 2] if fault.cut or fault.short else part)

        def note(self, path: str, start: int, end: int, status: int) -> None:
            with server.lock:
                server.requests.append(Request(self.command, path, start, end, status))

        def log_message(self, *args: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that gave up waiting

    listener = Listener(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{listener.server_port}"
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
