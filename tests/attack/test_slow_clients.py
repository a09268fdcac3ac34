"""Those who send or take a letter at a time hold up nobody, and are not waited for for ever."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from crm.runtime import web_worker

CLIENTS = 50
SOON = 1.0  # seconds
LOGIN = b'{"username": "admin", "password": "x", "provider": "db"}'
HEADERS = b"GET /login/ HTTP/1.1\r\nHost: localhost\r\nX-Letters: "
BODY = (
    b"POST /api/v1/security/login HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 4000\r\n\r\n"
)
UPLOAD = (
    b"POST /api/v1/import/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
)
LETTER = {HEADERS: b"a", BODY: b"a", UPLOAD: b"1\r\na\r\n"}


@contextmanager
def slow_clients(port: int, begin: bytes, count: int = CLIENTS) -> Iterator[list[socket.socket]]:
    """Connect many clients that begin a request and go on letter by letter."""
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    is_over = threading.Event()

    def drip() -> None:
        while not is_over.wait(0.2):
            for client in clients:
                with suppress(OSError):
                    client.send(LETTER[begin])

    for client in clients:
        client.send(begin)
    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield clients
    finally:
        is_over.set()
        thread.join()
        for client in clients:
            client.close()


def seconds_of(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


@pytest.mark.parametrize("begin", LETTER, ids=["headers", "body", "upload"])
def test_fifty_slow_clients_keep_nobody_waiting(installation, begin):
    installation.get("/login/")
    with slow_clients(installation.port, begin):
        pages = [seconds_of(lambda: installation.get("/login/")) for _ in range(8)]
        health = seconds_of(lambda: installation.get("/health"))
    assert max(pages) < SOON and health < SOON, (pages, health)


def test_fifty_clients_that_take_no_answer_keep_nobody_waiting(installation):
    asked = b"GET /static/vendor/tabler.css HTTP/1.1\r\nHost: localhost\r\n\r\n"
    clients = [socket.create_connection(("127.0.0.1", installation.port)) for _ in range(CLIENTS)]
    try:
        for client in clients:
            client.send(asked)
        pages = [seconds_of(lambda: installation.get("/login/")) for _ in range(8)]
    finally:
        for client in clients:
            client.close()
    assert max(pages[1:]) < SOON, pages


def test_headers_that_do_not_come_to_an_end_are_not_waited_for(installation):
    with slow_clients(installation.port, HEADERS, 2) as clients:
        started = time.monotonic()
        clients[0].settimeout(web_worker.HEADER_SECONDS * 3)
        with suppress(ConnectionResetError):  # the same: it was closed while letters were on their way
            assert clients[0].recv(100) == b""
        assert time.monotonic() - started < web_worker.HEADER_SECONDS + 5
    assert installation.health()["status"]


def test_a_body_beyond_the_limit_is_refused_in_the_one_shape(installation):
    status, _headers, told = installation.ask("POST", "/api/v1/import/", **{"Content-Length": str(10**10)})
    assert (status, told["error"]["code"]) == (413, "http.413")


def test_what_has_come_slowly_is_answered_like_anything_else(installation):
    with socket.create_connection(("127.0.0.1", installation.port)) as client:
        whole = BODY.replace(b"4000", str(len(LOGIN)).encode()) + LOGIN
        for start in range(0, len(whole), 60):
            client.send(whole[start : start + 60])
        assert client.recv(100).startswith(b"HTTP/1.1 401 ")
