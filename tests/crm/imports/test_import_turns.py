"""A long import lets others have its worker: it goes on in turns, and ends as if it had never stopped."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from crm import queue
from crm.imports import applying, files, jobs, service, undo, work
from crm.records.service import create_record
from tests.crm.imports.bench import csv_of

ROWS = 50


@pytest.fixture
def short_turns(workshop, monkeypatch, redis_server):
    """Turns of one chunk of ten rows, and this test's import settings for jobs."""
    monkeypatch.setattr(applying, "CHUNK", 10)
    monkeypatch.setattr(undo, "ROWS", 10)
    monkeypatch.setattr(queue, "TURN_SECONDS", 0)
    monkeypatch.setattr(jobs, "current_workshop", lambda: workshop.shop)
    return redis_server


def work_through(workshop, do, batch_id, state):
    """Do the job as often as it rings for itself; return how often that was."""
    turns = 0
    while workshop.batch(batch_id)["state"] == state:
        do(batch_id)
        turns += 1
        assert workshop.batch(batch_id)["lease_until"] is None, "others may go on at once"
    return turns


def test_an_import_in_turns_writes_and_takes_back_every_row_once(workshop, session, short_turns):
    batch_id = workshop.check(csv_of([["name"], *([f"N{n}"] for n in range(ROWS))]), "customer")["id"]
    workshop.deed(batch_id, service.begin_apply)
    assert work_through(workshop, jobs.apply_batch, batch_id, "applying") >= ROWS // 10
    assert workshop.batch(batch_id)["created"] == ROWS
    assert queue.look_at_queue().waiting >= ROWS // 10 - 1, "the rest was rung for each time"
    cls = session.workspace.models["customer"]
    assert session.scalar(sa.select(sa.func.count(cls.name.distinct()))) == ROWS
    session.rollback()
    workshop.deed(batch_id, service.begin_undo)
    assert work_through(workshop, jobs.undo_batch, batch_id, "undoing") >= ROWS // 10
    assert session.scalar(sa.select(sa.func.count()).select_from(cls)) == 0


def test_a_command_that_works_itself_takes_no_turns(workshop, short_turns):
    batch_id = workshop.check(csv_of([["name"], *([f"N{n}"] for n in range(ROWS))]), "customer")["id"]
    workshop.deed(batch_id, service.begin_apply)
    assert work.apply_batch(workshop.shop, batch_id)
    assert workshop.batch(batch_id)["state"] == "done"


def test_what_each_turn_refused_stands_in_the_one_file(workshop, session_as, short_turns):
    rows = [["name", "website"], *([f"N{n}", f"n{n}.example.com"] for n in range(ROWS))]
    rows[ROWS][0] = ""  # the check refuses it
    batch_id = workshop.check(csv_of(rows), "competitor")["id"]
    with session_as() as session:  # and the first turn finds that somebody took this name meanwhile
        create_record(session, session.workspace.schema.entities["competitor"], {"name": "N3"})
        session.commit()
    workshop.deed(batch_id, service.begin_apply)
    assert work_through(workshop, jobs.apply_batch, batch_id, "applying") >= ROWS // 10 - 1
    batch = workshop.batch(batch_id)
    assert (batch["state"], batch["created"], batch["failed"]) == ("done", ROWS - 2, 2)
    with files.local_file(
        workshop.shop.settings.files_url, batch["problems_key"], files.secret_of(batch)
    ) as path:
        assert load_workbook(path).active.max_row == 3
