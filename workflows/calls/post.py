"""One call: a POST that goes to the address that was judged, ends in time, and reads no more than it must."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from workflows.calls.addresses import InternalHosts, RefusedAddressError, Target, look_up, read_url

SECONDS = 10.0  # of a whole call, from the look-up of the name to the end of the answer
MAX_ANSWER = 64 * 1024  # bytes of an answer that are read


@dataclass(frozen=True)
class Answer:
    """What the other system said; `text` is the beginning of it."""

    status: int
    text: str


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was judged before; the name is only said, never looked up again."""

    def __init__(self, target: Target, addresses: list[tuple[int, tuple]], ends: float) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if target.scheme == "https" else 80
        self.target, self.addresses, self.ends = target, addresses, ends

    def connect(self) -> None:
        """Connect to the first address that answers."""
        self.sock = self._first()
        if self.target.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(
                self.sock, server_hostname=self.target.host, do_handshake_on_connect=False
            )

    def _first(self) -> socket.socket:
        problem: OSError = OSError("no address")
        for family, where in self.addresses:
            found = socket.socket(family, socket.SOCK_STREAM)
            try:
                found.settimeout(_left(self.ends))
                found.connect(where)
            except OSError as error:
                found.close()
                problem = error
                continue
            return found
        raise problem


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def post(
    url: str, body: bytes, headers: Mapping[str, str], hosts: InternalHosts, seconds: float = SECONDS
) -> Answer:
    """Send a body to a URL and return the answer; a redirect is an answer like any other and is not followed.

    Errors: RefusedAddressError; OSError and HTTPException for what may go well another time.
    """
    target = read_url(url)
    if target is None:
        raise RefusedAddressError(url[:100])
    ends = time.monotonic() + seconds
    connection = _Connection(target, look_up(target, hosts, seconds), ends)
    try:
        connection.connect()
        with _ended_at(connection.sock, ends) as is_late:
            try:
                if isinstance(connection.sock, ssl.SSLSocket):
                    connection.sock.do_handshake()
                return _exchange(connection, target.path, body, headers)
            except (OSError, http.client.HTTPException, ValueError) as error:
                if is_late.is_set():
                    raise TimeoutError(f"no answer within {seconds:g} seconds") from error
                raise
    finally:
        connection.close()


def _exchange(connection: _Connection, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    connection.request("POST", path, body, dict(headers))
    answer = connection.getresponse()
    return Answer(answer.status, answer.read(MAX_ANSWER).decode("utf-8", "replace"))


@contextlib.contextmanager
def _ended_at(sock: socket.socket, ends: float):  # noqa: ANN202 - a context manager
    """Shut a socket when its time is over, however slowly the other side sends."""
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(ends - time.monotonic(), 0), end)
    timer.daemon = True
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()
