"""Connections are spread over the web processes, and none is left waiting."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from waitress import wasyncore

from config import load_settings
from crm.runtime.shares import Shares
from crm.runtime.web_worker import Admission, Fairness, TcpServer, adjust, listen


@pytest.fixture
def pair(tmp_path) -> Iterator[list[TcpServer]]:
    """Two servers of one address, as two processes have it."""
    shares, sock = Shares(), socket.create_server(("127.0.0.1", 0))
    adjusted, made = adjust(load_settings({"CRM_INSTANCE": str(tmp_path)})), []
    for _ in range(2):
        places = {}
        server = listen(None, places, sock.dup(), Admission(1), adjusted)
        server.fairness, server.places = Fairness(shares, shares.take_place()), places
        made.append(server)
    yield made
    for server in made:
        server.task_dispatcher.shutdown()
        wasyncore.close_all(server.places)
    sock.close()


def taken(server: TcpServer) -> int:
    """Let a server look once; return how many connections it has."""
    wasyncore.loop(timeout=0, map=server.places, use_poll=True, count=1)
    return len(server.active_channels)


@pytest.fixture
def connect(pair) -> Iterator[Callable[[int], None]]:
    """A function that opens some connections, which are closed after the test."""
    with ExitStack() as opened:
        address = pair[0].socket.getsockname()
        yield (
            lambda count: (
                [opened.enter_context(socket.create_connection(address)) for _ in range(count)] and None
            )
        )


def test_the_one_that_always_looks_first_does_not_take_all_connections(pair, connect):
    eager, other = pair
    connect(6)
    deadline = time.monotonic() + 5
    while taken(eager) + taken(other) < 6 and time.monotonic() < deadline:
        pass
    assert (taken(eager), taken(other)) == (3, 3)


def test_a_connection_that_nobody_else_takes_is_taken(pair, connect):
    eager, _stopped = pair
    connect(3)
    deadline = time.monotonic() + 5
    while taken(eager) < 3 and time.monotonic() < deadline:
        pass
    assert taken(eager) == 3
