"""What the web server answers without an app: too many requests, too much in one, no room for it."""

from __future__ import annotations

import errno
import socket
import time

import pytest
from werkzeug.test import Client

from config import current_settings
from crm.runtime import web_worker
from crm.web.serving.host import REFUSED, Host, Source
from tests.crm.web.form_reader import form_of

HOST = Host(Source(lambda: 1, lambda number: 1 / 0))
WORDS = {"en": "Try again", "el": "ξανά", "ro": "din nou", "he": "שוב"}


def ask(path: str, status: int = 503, method: str = "GET", **headers: str):
    return Client(HOST).open(path, method=method, headers=headers, environ_overrides={REFUSED: status})


@pytest.mark.parametrize("language", WORDS)
def test_a_page_beyond_the_queue_says_so_in_the_readers_language_and_comes_back_by_itself(language):
    answer = ask("/customer/list/", **{"Accept-Language": language})
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert WORDS[language] in answer.text
    assert f'lang="{language}"' in answer.text
    assert answer.headers["Retry-After"] == answer.headers["Refresh"]


def test_a_form_beyond_the_queue_is_answered_to_its_script_and_never_sent_again_by_itself():
    answer = ask("/customer/add", method="POST", **{"X-Form": "1"})
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "web.busy")
    assert "Refresh" not in answer.headers
    assert "Refresh" not in ask("/customer/add", method="POST").headers


def test_what_was_typed_into_a_form_beyond_the_queue_can_be_sent_once_more():
    sent = {"name": 'Ann "x" <b>', "csrf_token": "abc", "password": "secret"}
    answer = Client(HOST).post("/customer/add?city=Arad", data=sent, environ_overrides={REFUSED: 503})
    assert form_of(answer.text).to_dict() == {"name": 'Ann "x" <b>', "csrf_token": "abc"}
    assert 'action="/customer/add?city=Arad"' in answer.text and "still here" in answer.text


@pytest.mark.parametrize(("status", "code"), [(503, "web.busy"), (413, "http.413"), (507, "http.507")])
def test_every_refusal_of_the_api_has_the_one_shape(status, code):
    answer = ask("/api/v1/import/", status)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) == (status == 503)


class Server:
    """What a connection knows of its server; notes what it is given to do."""

    def __init__(self) -> None:
        self.tasks: list[web_worker.Channel] = []
        self.active_channels: dict = {}
        self.adj = web_worker.Adjustments()

    def add_task(self, channel: web_worker.Channel) -> None:
        self.tasks.append(channel)


@pytest.fixture
def channel():
    ours, theirs = socket.socketpair()
    made = web_worker.Channel(Server(), ours, ("here", 1), web_worker.Adjustments(), map={})
    yield made
    made.close()
    theirs.close()


def test_a_body_for_which_there_is_no_room_is_refused_and_not_cut(channel, monkeypatch):
    channel.received(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")

    def no_room(_data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(channel.request, "received", no_room)
    channel.received(b"abc")
    assert channel.server.tasks == [channel]
    assert (channel.requests[0].refused, channel.requests[0].connection_close) == (507, True)


def test_deadlines_are_for_those_who_keep_us_waiting_only(channel):
    now = time.time()
    assert not channel.is_overdue(now)
    assert channel.is_overdue(now + web_worker.IDLE_SECONDS + 1), "idle"
    channel.received(b"POST / HTTP/1.1\r\n")
    assert channel.is_overdue(now + web_worker.HEADER_SECONDS + 1), "headers"
    channel.received(b"Content-Length: 90000\r\n\r\n")
    assert not channel.is_overdue(now + web_worker.HEADER_SECONDS + 1)
    assert channel.is_overdue(now + web_worker.BODY_SECONDS + 1), "body"
    channel.received(b"x" * 50_000)
    assert not channel.is_overdue(now + web_worker.BODY_SECONDS + 90), "it comes at a pace"
    channel.received(b"x" * 40_000)
    assert not channel.is_overdue(now + 3_600), "an answer of ours may take as long as it takes"


class Held:
    """A connection as maintenance sees it."""

    def __init__(self, host: str, since: float, is_waiting: bool = True) -> None:
        self.addr, self.last_activity, self.is_waiting = (host, 1), since, is_waiting
        self.will_close = False

    def is_overdue(self, _now: float) -> bool:
        return False


@pytest.mark.parametrize(("proxies", "closed"), [("0", 2), ("1", 0)])
def test_one_address_holds_only_so_many_connections_that_wait(monkeypatch, proxies, closed):
    monkeypatch.setenv("CRM_PROXIES", proxies)
    current_settings.cache_clear()
    monkeypatch.setattr(web_worker, "MOST_OF_ONE", 3)
    server = web_worker.Deadlines()
    one = [Held("1.2.3.4", since) for since in range(5)]
    others = [Held(f"5.6.7.{number}", 0) for number in range(9)] + [Held("1.2.3.4", 0, is_waiting=False)]
    server.active_channels = dict(enumerate(one + others))
    server.maintenance(10)
    assert [held.will_close for held in one] == [True] * closed + [False] * (5 - closed)
    assert not any(held.will_close for held in others)
    current_settings.cache_clear()


def test_a_queue_is_as_long_as_its_wait(channel):
    admission = web_worker.Admission(threads=0)
    admission.threads = 4
    channel.server.add_task = admission.add_task
    channel.received(b"GET /customer/list/ HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (len(admission.pages.queue), channel.requests[0].refused) == (1, 0)
    admission.usual = web_worker.QUEUE_SECONDS * 4
    admission.add_task(channel)
    assert channel.requests[0].refused == 503
    channel.requests[0].path, channel.requests[0].refused = "/health", 0
    admission.add_task(channel)
    assert channel.requests[0].refused == 0, "whether it lives is always answered"
    admission.shutdown()
