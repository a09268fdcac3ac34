"""The host: revisions swap while requests go on, and a bad one never takes the site down."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, Response
from sqlalchemy.orm import Mapper
from werkzeug.test import Client

from crm.web.host import Host, Source
from tests.crm.web.house import DOCUMENTS, House


class Revisions:
    """A source of revisions whose apps answer their number."""

    def __init__(self) -> None:
        self.number = 1
        self.is_away = False
        self.broken: set[int] = set()
        self.disposed: list[int] = []
        self.reported: list[int] = []

    def live_number(self) -> int:
        if self.is_away:
            raise OSError("away")
        return self.number

    def build(self, number: int) -> Flask:
        if number in self.broken:
            raise ValueError("does not build")
        app = Flask("small")
        app.extensions["number"] = number

        @app.get("/")
        def index() -> str:
            return str(number)

        @app.get("/long")
        def long() -> Response:
            def parts() -> Iterator[str]:
                yield str(number)
                yield "end"

            return Response(parts())

        return app

    def host(self, check_seconds: float = 0.0) -> Host:
        dispose = lambda app: self.disposed.append(app.extensions["number"])  # noqa: E731
        return Host(Source(self.live_number, self.build, self.reported.append, dispose), check_seconds)


@pytest.fixture
def revisions() -> Revisions:
    return Revisions()


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)


def test_a_new_revision_is_served_soon_and_reported(revisions: Revisions) -> None:
    host = revisions.host()
    assert Client(host).get("/").text == "1"
    revisions.number = 2
    wait_for(lambda: Client(host).get("/").text == "2")
    wait_for(lambda: revisions.reported[-1] == 2)


def test_a_revision_retires_when_its_last_answer_is_closed(revisions: Revisions) -> None:
    host = revisions.host()
    answer = Client(host).get("/long", buffered=False)
    revisions.number = 2
    wait_for(lambda: Client(host).get("/").text == "2")
    assert revisions.disposed == []
    assert answer.get_data(as_text=True) == "1end"
    answer.close()
    wait_for(lambda: revisions.disposed == [1])


def test_a_revision_that_does_not_build_leaves_the_old_one_serving(revisions: Revisions) -> None:
    host = revisions.host()
    Client(host).get("/")
    revisions.broken.add(2)
    revisions.number = 2
    Client(host).get("/")
    wait_for(lambda: host.state.failed_number == 2)
    assert Client(host).get("/").text == "1"
    assert "Revision 2 could not be built (ValueError); revision 1 keeps serving." in host.notes()
    revisions.number = 3
    wait_for(lambda: Client(host).get("/").text == "3")
    assert host.notes() == []


def test_the_last_revision_keeps_serving_while_the_database_is_away(revisions: Revisions) -> None:
    host = revisions.host()
    Client(host).get("/")
    revisions.is_away = True
    assert Client(host).get("/").text == "1"


@pytest.mark.parametrize(("path", "kind"), [("/health", "application/json"), ("/", "text/plain")])
def test_without_any_app_the_answer_is_503(revisions: Revisions, path: str, kind: str) -> None:
    revisions.is_away = True
    answer = Client(revisions.host()).get(path)
    assert answer.status_code == 503
    assert answer.mimetype == kind


def test_the_marker_is_read_at_most_every_quarter_of_a_second(revisions: Revisions) -> None:
    asked = []
    host = revisions.host(check_seconds=0.25)
    host.source.live_number = lambda: asked.append(1) or 1
    for _ in range(50):
        Client(host).get("/")
    assert len(asked) <= 3


def test_no_request_is_lost_in_twenty_swaps_under_four_threads(house: House) -> None:
    lost, seen, running = [], set(), threading.Event()
    running.set()

    def ask() -> None:
        browser = house.browser()
        browser.sign_in("chris")
        while running.is_set():
            answer = browser.get("/profile/")
            seen.add(answer.headers["X-Revision"])
            if answer.status_code != 200:
                lost.append((answer.status_code, answer.text[:200]))
            time.sleep(0.01)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        house.publish(entities_firm=firm_with(f"extra_{number}"))
        swaps = house.host.state.swaps
        wait_for(lambda: house.host.state.swaps > swaps or house.host.serving.number >= number + 2)  # noqa: B023
    running.clear()
    for thread in threads:
        thread.join()
    assert lost == []
    assert len(seen) >= 20


def test_swaps_leave_no_mapped_class_behind(house: House) -> None:
    browser = house.browser()
    browser.sign_in("chris")

    def swap(number: int) -> int:
        revision = house.publish(entities_firm=firm_with(f"extra_{number}"))
        wait_for(
            lambda: browser.get("/profile/").status_code == 200 and house.host.serving.number == revision
        )
        browser.get("/users/list/")
        gc.collect()
        return sum(isinstance(thing, Mapper) for thing in gc.get_objects())

    counts = [swap(number) for number in range(20)]
    assert counts[-1] == counts[2]


def firm_with(field: str) -> str:
    """Return the small entity with one field more."""
    return DOCUMENTS["entities/firm.yaml"].rstrip() + f"\n          {field}: {{type: text}}\n        "
