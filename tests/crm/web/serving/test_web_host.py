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

from crm.web.serving.host import Host, Source
from tests.crm.web.house import DOCUMENTS, Browser, House

pytestmark = pytest.mark.slow


class Revisions:
    """A source of revisions whose apps answer their number."""

    def __init__(self) -> None:
        self.number = 1
        self.is_away = False
        self.broken: set[int] = set()
        self.disposed: list[int] = []
        self.reported: list[int] = []
        self.failures: list[str] = []

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
        return Host(Source(self.live_number, self.build, self.report, dispose), check_seconds)

    def report(self, number: int, failure: str) -> None:
        self.reported.append(number)
        self.failures.append(failure)


@pytest.fixture
def revisions() -> Revisions:
    return Revisions()


def read(host: Host) -> str:
    """Return the home page, read and closed as a server does."""
    with Client(host).get("/") as answer:
        return answer.text


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def test_a_new_revision_is_served_soon_and_reported(revisions: Revisions) -> None:
    host = revisions.host()
    assert read(host) == "1"
    revisions.number = 2
    wait_for(lambda: read(host) == "2")
    wait_for(lambda: revisions.reported[-1] == 2)


def test_a_revision_retires_when_its_last_answer_is_closed(revisions: Revisions) -> None:
    host = revisions.host()
    answer = Client(host).get("/long", buffered=False)
    revisions.number = 2
    wait_for(lambda: read(host) == "2")
    assert revisions.disposed == []
    assert answer.get_data(as_text=True) == "1end"
    answer.close()
    wait_for(lambda: revisions.disposed == [1])


def test_a_revision_that_does_not_build_leaves_the_old_one_serving(revisions: Revisions) -> None:
    host = revisions.host()
    read(host)
    revisions.broken.add(2)
    revisions.number = 2
    read(host)
    wait_for(lambda: host.state.failed_number == 2)
    assert read(host) == "1"
    assert "Revision 2 could not be built (ValueError); revision 1 keeps serving." in host.notes()
    wait_for(lambda: revisions.failures[-1] == "Revision 2: ValueError: does not build")
    assert revisions.reported[-1] == 1
    revisions.number = 3
    wait_for(lambda: read(host) == "3")
    assert host.notes() == []
    wait_for(lambda: revisions.failures[-1] == "")


def test_a_process_that_was_stopped_for_long_takes_up_the_live_revision_before_it_answers(
    revisions: Revisions,
) -> None:
    host = revisions.host()
    read(host)
    revisions.number = 2
    host._looked_at -= 3_600
    assert read(host) == "2"


def test_the_last_revision_keeps_serving_while_the_database_is_away(revisions: Revisions) -> None:
    host = revisions.host()
    read(host)
    revisions.is_away = True
    assert read(host) == "1"


@pytest.mark.parametrize(("path", "kind"), [("/health", "application/json"), ("/", "text/html")])
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
        read(host)
    assert len(asked) <= 3


class Swapping:
    """A real CRM whose app is built anew whenever `number` moves."""

    def __init__(self, house: House) -> None:
        real = house.host.source
        self.number = 1
        source = Source(lambda: self.number, lambda number: real.build(1), dispose=real.dispose)
        self.house = House(house.settings, house.engine, Host(source, check_seconds=0.0))
        self.house.host.warm()

    def swap(self, browser: Browser) -> None:
        """Move on to the next revision and wait until it serves."""
        self.number += 1
        wait_for(lambda: browser.get("/health") and self.house.host.serving.number == self.number)


def test_no_request_is_lost_in_twenty_swaps_under_four_threads(house: House) -> None:
    swapping = Swapping(house)
    lost, answered, running = [], [], threading.Event()
    running.set()

    def ask() -> None:
        browser = swapping.house.browser()
        browser.sign_in("chris")
        while running.is_set():
            answer = browser.get("/firm/list/")
            answered.append(answer.status_code)
            if answer.status_code != 200:
                lost.append((answer.status_code, answer.text[:200]))
            time.sleep(0.01)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        swapping.swap(house.browser())
    running.clear()
    for thread in threads:
        thread.join()
    assert lost == []
    assert len(answered) > 20
    assert swapping.house.host.state.swaps == 20


def test_swaps_leave_no_mapped_class_behind(house: House) -> None:
    swapping = Swapping(house)
    browser = swapping.house.browser()
    browser.sign_in("chris")
    counts = []
    for number in range(20):
        swapping.swap(browser)
        assert browser.get("/firm/list/").status_code == 200
        if number in (2, 19):
            gc.collect()
            counts.append(sum(isinstance(thing, Mapper) for thing in gc.get_objects()))
    assert counts[0] == counts[1]


def test_a_publish_is_served_without_a_restart(house: House) -> None:
    browser = house.browser()
    browser.sign_in("chris")
    field = "\n          size: {type: integer, label: Size in people}\n        "
    number = house.publish(entities_firm=DOCUMENTS["entities/firm.yaml"].rstrip() + field)
    wait_for(lambda: browser.get("/health").headers["X-Revision"] == str(number))
    assert "Size in people" in browser.get("/firm/add").text


def test_a_start_with_a_live_revision_that_does_not_build_serves_the_last_good_one(revisions):
    revisions.number, revisions.broken = 4, {4, 3}
    host = revisions.host()
    host.source.earlier = lambda number: range(number - 1, 0, -1)
    assert read(host) == "2"
    assert "4" in host.notes()[0] and revisions.failures[-1].startswith("Revision 4: ValueError")


def test_a_start_without_any_revision_that_builds_says_why(revisions):
    revisions.broken = {1}
    with Client(revisions.host()).get("/") as answer:
        assert answer.status_code == 503
