"""What `/health` says about the parts of the CRM."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import time

import pytest
import sqlalchemy as sa
from flask import Flask
from redis import Redis

from crm import queue
from crm.database import build_engine, utcnow
from crm.events import BELL, leave_events
from crm.own_tables.upgrade import upgrade
from crm.queue import QueueState
from crm.queue.bell import TIMEOUT_SECONDS
from crm.revisions.processes import Reporter, list_processes, oldest_revision, publish_status, report_process
from crm.revisions.store import revision
from crm.runtime.redis_server import RedisServer
from crm.web.serving import health
from crm.web.serving.health import install_health
from crm.web.serving.host import Host
from tests.crm.web.house import Browser, House

KEYS = {
    "status",
    "database",
    "redis",
    "workers",
    "oldest_event_seconds",
    "waiting",
    "revision",
    "live_revision",
    "differs_since",
    "notes",
}


def test_health_needs_no_login_and_has_the_documented_shape(house: House) -> None:
    answer = house.browser().get("/health")
    assert answer.status_code == 200
    assert set(answer.json) == KEYS
    assert answer.json["database"] == "ok"
    assert answer.json["revision"] == 1


def test_a_redis_that_is_away_is_said_and_is_no_failure(house: House, redis_server: RedisServer) -> None:
    assert house.browser().get("/health").json["redis"] == "ok"
    redis_server.stop()
    answer = house.browser().get("/health")
    assert answer.status_code == 200
    assert (answer.json["redis"], answer.json["status"]) == ("away", "degraded")


def test_the_oldest_waiting_event_is_measured(house: House) -> None:
    row = {"kind": "created", "entity": "firm", "record_id": 1, "revision": 1}
    with house.engine.begin() as connection:
        leave_events(connection, [{**row, "created_at": utcnow() - dt.timedelta(seconds=90)}])
    told = house.browser().get("/health").json
    assert told["waiting"]["events"] == 1
    assert "Background tasks are late. Waiting: 1. Minutes since the oldest: 2." in told["notes"]
    assert told["status"] == "degraded"
    assert 89 <= house.browser().get("/health").json["oldest_event_seconds"] <= 120


def test_a_start_is_no_fault_but_workers_that_do_not_come_are_one(monkeypatch) -> None:
    monkeypatch.setattr(health, "BEGUN", time.monotonic())
    assert health.delays_of(QueueState("ok"), {}) == []
    monkeypatch.setattr(health, "BEGUN", time.monotonic() - health.START_SECONDS)
    assert [problem.code for problem in health.delays_of(QueueState("ok"), {})] == ["work.no_worker"]


def test_a_database_that_is_away_is_503(house: House) -> None:
    app = Flask("small")
    install_health(app, build_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing"))
    answer = app.test_client().get("/health")
    assert answer.status_code == 503
    assert (answer.json["status"], answer.json["database"]) == ("away", "away")
    assert set(answer.json) == KEYS


def test_a_process_reports_the_revision_it_serves(house: House) -> None:
    with house.engine.connect() as connection:
        found = list_processes(connection)
    assert [(row["kind"], row["revision"]) for row in found] == [("web", 1)]


def publish_unseen(house: House, seconds: int) -> str:
    """Make a revision live that the web process does not take up, so many seconds ago; return that moment."""
    then = utcnow().replace(microsecond=0) - dt.timedelta(seconds=seconds)
    with house.engine.begin() as connection:
        row = dict(connection.execute(sa.select(revision)).mappings().one())
        connection.execute(sa.insert(revision).values(**{**row, "number": 2, "created_at": then}))
    return f"{then.isoformat()}Z"


def test_health_tells_what_is_served_and_what_is_live_and_since_when(house: House) -> None:
    browser = Browser(house.app)
    since = publish_unseen(house, seconds=1)
    told = browser.get("/health").json
    assert (told["revision"], told["live_revision"], told["differs_since"]) == (1, 2, since)
    assert not [note for note in told["notes"] if "revision" in note]


def test_a_process_that_stays_behind_is_degraded_and_pages_of_admins_say_so(house: House) -> None:
    browser = Browser(house.app)
    browser.sign_in("admin")
    assert "is current" not in browser.get("/admin/schema/").text
    publish_unseen(house, seconds=60)
    told = browser.get("/health").json
    assert told["status"] == "degraded"
    assert "This process serves revision 1; revision 2 is live." in told["notes"]
    assert "Web processes with an older revision: 1." in " ".join(told["notes"])
    assert "This page comes from revision 1, but revision 2 is current." in browser.get("/admin/schema/").text


def test_a_process_not_heard_of_holds_nothing_back(house_on_each: House) -> None:
    engine = house_on_each.engine
    report_process(engine, "here:2", "worker", 3)
    report_process(engine, "here:2", "worker", 4)
    report_process(engine, "gone:1", "web", 0)
    with engine.begin() as connection:
        connection.execute(
            sa.text("update crm_process set seen_at = :then where id = 'gone:1'"),
            {"then": utcnow() - dt.timedelta(minutes=3)},
        )
        assert oldest_revision(connection) == 1
        assert len(list_processes(connection)) == 2


def test_the_status_of_a_publish_says_who_serves_what_and_who_could_not(house_on_each: House) -> None:
    engine = house_on_each.engine
    report_process(engine, "here:2", "worker", 1)
    assert publish_status(engine)["all_there"]
    number = house_on_each.publish(entities_shed="entity: shed\nfields:\n  name: {type: text}")
    report_process(engine, "here:2", "worker", 1, "Revision 2: ValueError: no")
    status = publish_status(engine)
    assert (status["revision"], status["all_there"]) == (number, False)
    assert [(row["id"], row["failure"]) for row in status["failures"]] == [
        ("here:2", "Revision 2: ValueError: no")
    ]
    report_process(engine, "here:2", "worker", number)
    assert publish_status(engine)["failures"] == []


def test_a_worker_reports_what_it_took_up_and_why_it_could_not(house_on_each: House) -> None:
    engine, broken = house_on_each.engine, []

    def take_up() -> None:
        if broken:
            raise ValueError("does not load")

    reporter = Reporter(engine, "worker", take_up)
    reporter.look()
    number = house_on_each.publish(entities_shed="entity: shed\nfields:\n  name: {type: text}")
    broken.append(True)
    reporter._next_look = 0.0
    reporter.look()
    (failure,) = publish_status(engine)["failures"]
    assert (failure["revision"], failure["failure"]) == (number - 1, "ValueError: does not load")
    broken.clear()
    reporter._next_look = 0.0
    reporter.look()
    workers = [row for row in publish_status(engine)["processes"] if row["kind"] == "worker"]
    assert [(row["revision"], row["failure"]) for row in workers] == [(number, "")]
    reporter.end()
    assert [row["kind"] for row in publish_status(engine)["processes"]] == ["web"]


def test_our_tables_get_the_columns_they_lack(house_on_each: House) -> None:
    engine = house_on_each.engine
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE crm_process DROP COLUMN failure"))
    upgrade(engine)
    assert "failure" in {column["name"] for column in sa.inspect(engine).get_columns("crm_process")}


def test_only_those_who_configure_read_the_status(house: House) -> None:
    for name, code in (("chris", 200), ("sonia", 403)):
        browser = house.browser()
        browser.sign_in(name)
        assert browser.get("/api/v1/schema/status").status_code == code


def test_a_build_that_failed_is_noted(house: House) -> None:
    host: Host = house.host
    host.state.failed_number, host.state.failure = 2, "ValueError"
    assert "Revision 2 could not be built" in house.browser().get("/health").json["notes"][-1]


# Redis on bad days: it is named, on `/health` and to administrators, and work goes on afterwards.


def fill(connection: Redis) -> None:
    connection.config_set("maxmemory", 1)


def follow_nobody(connection: Redis) -> None:
    connection.execute_command("REPLICAOF", "127.0.0.1", "1")


BAD_DAYS = {"full": (fill, "memory"), "read_only": (follow_nobody, "accept changes")}


@pytest.mark.parametrize("word", BAD_DAYS)
def test_a_redis_that_takes_no_writes_is_named(house: House, redis_server: RedisServer, word: str) -> None:
    spoil, said = BAD_DAYS[word]
    with Redis.from_url(redis_server.url) as connection:
        spoil(connection)
    answer = house.browser().get("/health")
    assert answer.status_code == 200
    assert (answer.json["redis"], answer.json["status"]) == (word, "degraded")
    assert said in " ".join(answer.json["notes"])
    browser = Browser(house.app)
    browser.sign_in("admin")
    assert said in browser.get("/admin/schema/").text
    assert said not in browser.get("/firm/list/").text, "this is nothing for those who work with records"


def test_a_frozen_redis_is_named_and_pages_wait_for_it_once(house: House, redis_server: RedisServer) -> None:
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    try:
        assert house.browser().get("/health").json["redis"] == "silent"
        queue.ring(BELL)
        started = time.monotonic()
        assert queue.glance_at_queue().redis == "silent"
        assert time.monotonic() - started < TIMEOUT_SECONDS
    finally:
        os.kill(redis_server.process.pid, signal.SIGCONT)


def test_a_sign_in_with_a_wrong_password_survives_a_full_redis(
    house: House, redis_server: RedisServer
) -> None:
    with Redis.from_url(redis_server.url) as connection:
        fill(connection)
    browser = Browser(house.app)
    page = browser.get("/login/").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
    answer = browser.post("/login/", data={"username": "admin", "password": "wrong", "csrf_token": token})
    assert answer.status_code < 500
