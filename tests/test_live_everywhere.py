"""A publish reaches every process in seconds, and no request fails meanwhile: the whole app, on both databases."""

from __future__ import annotations

import copy
import itertools
import json
import threading
import time
import urllib.request
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app import wire
from crm.database import build_engine
from crm.entities.load import documents_from_json
from crm.revisions.processes import publish_status
from crm.revisions.publish import publish_schema, rollback_schema
from crm.revisions.workspace import load_workspace
from tests.crm.revisions.publishing import fill_customers, publish_changed
from tests.running import Running, run_app, wait_for

pytestmark = pytest.mark.slow

PASSWORD = "three-green-boats-9"
SOON = 5.0  # seconds; the promise


class Load:
    """Clients that ask for pages all the time and note every answer that is not a good one."""

    def __init__(self, running: Running, token: str) -> None:
        self.running, self.token = running, token
        self.failed: list[str] = []
        self.answered = 0
        self.going = True
        self.threads = [threading.Thread(target=self._ask, args=(place,)) for place in range(3)]

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.going = False
        for thread in self.threads:
            thread.join()

    def _ask(self, place: int) -> None:
        paths = ("/api/v1/deal/?q=(page_size:5)", "/login/", "/api/v1/customer/")
        while self.going:
            request = urllib.request.Request(f"http://127.0.0.1:{self.running.port}{paths[place]}")
            request.add_header("Authorization", f"Bearer {self.token}")
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    answer.read()
                self.answered += 1
            except OSError as error:
                self.failed.append(f"{paths[place]}: {error}")
            time.sleep(0.02)


class Writer(threading.Thread):
    """Saves one field of some records all the time, through whichever process answers, and notes what was accepted."""

    def __init__(self, running: Running, token: str, records: range) -> None:
        super().__init__()
        self.running, self.token, self.records = running, token, records
        self.saved: dict[int, int] = {}
        self.failed: list[str] = []
        self.going = True

    def run(self) -> None:
        """Save a number in each record in turn, until it is enough."""
        for turn in itertools.count(1_000_000):
            if not self.going:
                return
            record = self.records[turn % len(self.records)]
            body = json.dumps({"street": str(turn)}).encode()
            address = f"http://127.0.0.1:{self.running.port}/api/v1/customer/{record}"
            request = urllib.request.Request(
                address, body, {"Content-Type": "application/json"}, method="PUT"
            )
            request.add_header("Authorization", f"Bearer {self.token}")
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    answer.read()
                self.saved[record] = turn
            except OSError as error:
                self.failed.append(f"{record}: {error}")


@pytest.fixture(scope="module")
def running(lasting_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running app, for every test in this file."""
    given = {"CRM_ADMIN_PASSWORD": PASSWORD, "CRM_DATABASE_URL": lasting_database_url}
    with run_app(tmp_path_factory.mktemp("live") / "instance", **given) as started:
        yield started


def token_of(running: Running) -> str:
    body = json.dumps({"username": "admin", "password": PASSWORD, "provider": "db"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{running.port}/api/v1/security/login", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())["access_token"]


def publish_a_field(engine: sa.Engine) -> int:
    bodies = [copy.deepcopy(dict(document.body)) for document in load_workspace(engine).schema.documents]
    deal = next(body for body in bodies if body.get("entity") == "deal" and "fields" in body)
    deal["fields"]["budget"] = {"type": "money"}
    return publish_schema(engine, documents_from_json(bodies), "live")


def is_everywhere(engine: sa.Engine, number: int) -> bool:
    status = publish_status(engine)
    return status["revision"] == number and status["all_there"]


def test_a_publish_is_live_everywhere_in_seconds_and_no_request_fails(
    running: Running, lasting_database_url: str
) -> None:
    wire()
    engine = build_engine(lasting_database_url)
    wait_for(lambda: "Ctrl-C stops it" in running.said(), running.said())
    wait_for(lambda: len(publish_status(engine)["processes"]) == 5, running.said())
    kinds = [row["kind"] for row in publish_status(engine)["processes"]]
    assert kinds == ["scheduler", "web", "web", "worker", "worker"]
    seconds = []
    with Load(running, token_of(running)) as load:
        wait_for(lambda: load.answered > 10, "no load")
        for publish in (publish_a_field, lambda engine: rollback_schema(engine, 1)):
            number = publish(engine)
            started = time.monotonic()
            wait_for(lambda number=number: is_everywhere(engine, number), str(publish_status(engine)))
            seconds.append(time.monotonic() - started)
    assert load.failed == []
    assert max(seconds) < SOON, seconds


def make_streets_numbers(engine: sa.Engine) -> int:
    """Publish customers whose street is a number."""

    def change(entities: dict) -> None:
        entities["customer"]["fields"]["street"] = {"type": "integer"}

    return publish_changed(engine, change)


def streets(engine: sa.Engine, records: range) -> dict[int, int]:
    """Return what the live revision has for some records."""
    workspace = load_workspace(engine)
    column = workspace.models.table("customer").c[
        workspace.schema.entities["customer"].fields["street"].column
    ]
    with engine.connect() as connection:
        rows = connection.execute(sa.select(column.table.c.id, column).where(column.table.c.id.in_(records)))
        return {row[0]: row[1] for row in rows}


def test_a_field_changes_its_type_under_writers_and_no_value_is_lost(
    running: Running, lasting_database_url: str
) -> None:
    wire()
    engine = build_engine(lasting_database_url)
    wait_for(lambda: "Ctrl-C stops it" in running.said(), running.said())
    wait_for(lambda: len(publish_status(engine)["processes"]) == 5, running.said())
    fill_customers(engine, 25_000)  # more than a publish converts itself
    token = token_of(running)
    writers = [Writer(running, token, range(first, first + 5)) for first in (1, 12_001, 24_001)]
    with Load(running, token) as load:
        for writer in writers:
            writer.start()
        wait_for(lambda: all(writer.saved for writer in writers), "nobody writes")
        number = make_streets_numbers(engine)
        wait_for(lambda: is_everywhere(engine, number), str(publish_status(engine)))
        for writer in writers:
            writer.going = False
            writer.join()
    assert [*load.failed, *(found for writer in writers for found in writer.failed)] == []
    for writer in writers:
        wait_for(lambda writer=writer: streets(engine, writer.records) == writer.saved, str(writer.saved))
    untouched = range(100, 200)
    assert streets(engine, untouched) == {number: number for number in untouched}
