"""A publish that takes long: a worker does it, its outcome is kept, and another worker goes on where one died."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from app import wire
from config import ROOT
from crm import queue
from crm.database import build_engine, utcnow
from crm.drafts import publications, service
from crm.drafts.publications import (
    find_publication,
    get_publication,
    publication,
    publish_later,
    run_publication,
)
from crm.errors import ConflictError, TakesLongError
from crm.revisions import indexes
from crm.revisions.column_moves import move, settle_moves
from crm.revisions.publish import publish_at_once
from crm.revisions.workspace import get_workspace
from tests.crm.revisions.publishing import fill_customers, publish_changed
from tests.crm.revisions.test_column_moves import require_nothing_left, retype, streets


@pytest.fixture
def waiting(session_as, engine, monkeypatch: pytest.MonkeyPatch):
    """A function that has somebody's draft, in which the street becomes a number, wait to be published."""
    monkeypatch.setattr(queue, "ring_or_do", lambda *_given: None)  # nobody does it at once

    def ask(why: str = "Numbers") -> int:
        session = session_as("admin")
        draft = service.edit_document(session, "entity", "customer", as_number)
        session.commit()
        number = publish_later(session, draft, why)
        session.close()
        return number

    return ask


def as_number(body: dict) -> dict:
    retype("integer")({"customer": body})
    return body


def look(session_as, publication_id: int):
    session = session_as("admin")
    found = get_publication(session, publication_id)
    session.close()
    return found


def test_a_publish_that_takes_long_is_not_done_while_a_page_waits(engine, session_as, monkeypatch):
    monkeypatch.setattr(indexes, "SMALL", 1)
    fill_customers(engine, 3)
    session = session_as("admin")
    draft = service.edit_document(session, "entity", "customer", as_number)
    session.commit()
    with pytest.raises(TakesLongError):
        service.publish_draft(session, draft, "", publish_at_once)
    require_nothing_left(engine)


def test_the_worker_publishes_it_and_keeps_the_revision(engine, waiting, session_as):
    fill_customers(engine, 3)
    number = waiting()
    assert look(session_as, number).state == "waiting" and publications.list_forgotten(engine) == [number]
    run_publication(engine, number)
    found = look(session_as, number)
    assert (found.state, found.revision) == ("done", get_workspace(engine).number)
    assert streets(engine) == [1, 2, 3] and publications.list_forgotten(engine) == []


def test_a_second_delivery_publishes_nothing_more(engine, waiting, session_as):
    number = waiting()
    run_publication(engine, number)
    live = get_workspace(engine).number
    run_publication(engine, number)
    assert get_workspace(engine).number == live and look(session_as, number).revision == live


def test_an_attempt_that_died_after_the_publish_is_found_published(engine, waiting, session_as):
    number = waiting()
    run_publication(engine, number)
    with engine.begin() as connection:
        lost = {"state": "working", "revision": None, "lease_until": utcnow().replace(year=2020)}
        connection.execute(sa.update(publication).values(**lost))
    run_publication(engine, number)
    assert look(session_as, number).revision == get_workspace(engine).number


def test_why_it_was_refused_is_kept_with_the_draft(engine, waiting, session_as):
    fill_customers(engine, 3)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE customer SET street = 'Tsimiski' WHERE id = 2"))
    number = waiting()
    run_publication(engine, number)
    session = session_as("admin")
    found = find_publication(session, service.find_draft(session))
    assert found.state == "refused" and "2: Tsimiski" in found.problems[0]["message"]


def test_why_it_was_refused_is_told_to_whom_it_was_written_for(engine, waiting, session_as):
    fill_customers(engine, 1)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE customer SET street = 'Tsimiski'"))
    number = waiting()
    run_publication(engine, number)
    colleague = session_as("configurator")
    assert get_publication(colleague, number).problems == ()
    colleague.close()
    assert "Tsimiski" in look(session_as, number).problems[0]["message"]


def test_a_draft_that_was_edited_since_is_not_published(engine, waiting, session_as):
    number, live = waiting(), get_workspace(engine).number
    session = session_as("admin")
    service.edit_document(session, "entity", "customer", lambda body: {**body, "icon": "star"})
    session.commit()
    session.close()
    run_publication(engine, number)
    assert look(session_as, number).state == "refused" and get_workspace(engine).number == live


def test_an_attempt_that_was_given_up_is_fenced_off(engine, waiting):
    number = waiting()
    first = publications._claim(engine, number)
    with engine.begin() as connection:
        connection.execute(sa.update(publication).values(lease_until=utcnow().replace(year=2020)))
    assert publications._claim(engine, number).attempts == 2
    with pytest.raises(ConflictError):
        publications._beat(engine, first)


def test_after_three_attempts_it_is_given_up(engine, waiting, session_as):
    number = waiting()
    with engine.begin() as connection:
        connection.execute(sa.update(publication).values(attempts=3))
    run_publication(engine, number)
    assert look(session_as, number).state == "refused"


def test_going_back_over_many_records_is_done_by_a_worker_too(engine, session_as, monkeypatch):
    monkeypatch.setattr(indexes, "SMALL", 1)
    fill_customers(engine, 3)
    first = get_workspace(engine).number
    publish_changed(engine, retype("integer"))
    session = session_as("admin")
    number = publications.go_back_later(session, first)
    session.close()
    assert look(session_as, number).state == "done" and streets(engine) == ["1", "2", "3"]


@pytest.mark.slow
def test_a_killed_worker_is_followed_by_one_that_publishes(engine, database_url, waiting, session_as):
    fill_customers(engine, 30_000)
    number = waiting()
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, database_url, str(number)], cwd=ROOT, stdout=subprocess.PIPE
    )
    process.stdout.readline()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:  # until it is in the midst of it
        with engine.connect() as connection:
            if connection.scalar(sa.select(sa.func.max(move.c.after))):
                break
        time.sleep(0.02)
    process.kill()
    process.communicate()
    time.sleep(0.2)  # PostgreSQL notices that its client is gone
    assert look(session_as, number).state == "working"
    run_publication(engine, number)
    assert look(session_as, number).state == "working"  # its lease has not ended
    with engine.begin() as connection:
        for table in (publication, move):
            connection.execute(sa.update(table).values(lease_until=utcnow().replace(year=2020)))
    run_publication(engine, number)
    assert look(session_as, number).state == "done"
    assert streets(engine) == list(range(1, 30_001))
    settle_moves(engine)
    require_nothing_left(engine)


if __name__ == "__main__":
    wire()
    engine = build_engine(sys.argv[1])
    get_workspace(engine)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    run_publication(engine, int(sys.argv[2]))
