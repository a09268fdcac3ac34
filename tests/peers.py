"""Other systems for the tests: real HTTP servers on loopback."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from crm.internal_hosts import InternalHosts


@dataclass
class Peer:
    """A server that keeps every call.

    Shape:  `calls` are (path, headers, body). `answers` are the statuses of the next answers; 204 when none is left.
            `way` is how it answers: "", "hang" (not at all), "drip" (a byte now and then), "flood" (without an end).
    """

    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    way: str = ""
    goes_to: str = ""
    port: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def hosts(self) -> InternalHosts:
        """Return the setting that allows to call it."""
        return InternalHosts.read([f"127.0.0.1:{self.port}"])


@contextlib.contextmanager
def peer() -> Iterator[Peer]:
    """Start a server, and stop it at the end."""
    found = Peer()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:  # noqa: N802 - the library's name
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.calls.append((self.path, dict(self.headers), body))
            with contextlib.suppress(OSError):
                {"hang": self.hang, "drip": self.drip, "flood": self.flood}.get(found.way, self.answer)()

        def answer(self) -> None:
            self.send_response(found.answers.pop(0) if found.answers else 204)
            if found.goes_to:
                self.send_header("Location", found.goes_to)
            self.end_headers()

        def hang(self) -> None:
            found.is_over.wait(20)

        def drip(self) -> None:
            while not found.is_over.wait(0.02):
                self.wfile.write(b"H")

        def flood(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not found.is_over.is_set():
                self.wfile.write(b"x" * 65_536)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield found
    finally:
        found.is_over.set()
        server.shutdown()
        server.server_close()


def seconds_of(deed: object) -> float:
    """Return how long a call of a function took, whatever came of it."""
    started = time.monotonic()
    with contextlib.suppress(Exception):
        deed()  # type: ignore[operator] - a function
    return time.monotonic() - started
