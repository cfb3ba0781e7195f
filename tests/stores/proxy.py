"""A proxy on localhost before a real store: it fails as a test declares beforehand, notes requests, and can be away."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.hub.faults import Fault

__all__ = ["Proxy", "proxy"]

_OWN = frozenset(
    {"connection", "transfer-encoding", "content-length"}
)  # of one connection, not of the message


class Proxy:
    """Passes requests on to the server at `target`; `url` is its own."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target).netloc
        self.faults: list[Fault] = []
        self.requests: list[str] = []  # "METHOD /path?query"
        self._port, self._lock = 0, threading.Lock()
        self._listener: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def fail(self, fault: Fault) -> Fault:
        with self._lock:
            self.faults.append(fault)
        return fault

    def fault(self, request: str) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            return next((fault for fault in self.faults if fault.takes(request)), None)

    def come(self) -> None:
        """Listens, at the port of last time."""
        server = self

        class Handler(_Handler):
            proxy = server

        listener = _Listener(("127.0.0.1", self._port), Handler)
        self._listener, self._port = listener, listener.server_port
        threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()

    def go(self) -> None:
        """Nobody listens any more, and connections that are open break."""
        if self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener.hang_up()  # type: ignore[attr-defined]
            self._listener = None


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *arguments: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that gave up, or was cut off


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a body waits 40 ms for the acknowledgement of its headers
    proxy: Proxy

    def answer(self) -> None:
        fault = self.proxy.fault(f"{self.command} {self.path}")
        length = int(self.headers.get("Content-Length", 0))
        if fault is not None and fault.cut_after is not None:
            self.rfile.read(min(fault.cut_after, length))
            self.hang_up()
            return
        body = self.rfile.read(length)
        if fault is not None and fault.status:
            text = (
                f"<Error><Code>{fault.message}</Code><Message>as the test wants it</Message></Error>".encode()
            )
            self.reply(fault.status, fault.headers, text)
            return
        if fault is not None and fault.first is not None:
            fault.first()
        server = http.client.HTTPConnection(self.proxy.target, timeout=60)
        try:
            server.request(self.command, self.path, body, dict(self.headers.items()))
            found = server.getresponse()
            data = found.read()
        finally:
            server.close()
        if fault is not None and fault.answer_lost:
            self.hang_up()
            return
        headers = {name: value for name, value in found.getheaders() if name.lower() not in _OWN}
        self.reply(found.status, headers, data, found.getheader("Content-Length") if not data else None)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    def reply(self, status: int, headers: dict[str, str], body: bytes, length: str | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    made = Proxy(target)
    made.come()
    try:
        yield made
    finally:
        made.go()
