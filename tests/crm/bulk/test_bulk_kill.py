"""A worker that is killed in the middle of a bulk change, and another that goes on; and people who save meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from config import ROOT
from crm.bulk import service, store
from crm.bulk.service import Which
from crm.bulk.work import BulkWorkshop, run_job
from crm.database import only_reading
from crm.records.bulk import insert_rows
from crm.records.journal import UPDATED, change
from crm.records.service import update_record

pytestmark = pytest.mark.slow

RECORDS = 2_000
WORKER = """
import sys
import time
import app
from crm.bulk import jobs, editing

app.wire()
real = editing.Editor.perform
def slowly(editor, chunk):
    outcome = real(editor, chunk)
    time.sleep(0.1)  # so that the kill most likely comes between a chunk's records and its commit
    return outcome
editing.Editor.perform = slowly
jobs.run(int(sys.argv[1]))
"""


def test_a_killed_job_changes_every_record_exactly_once(session, engine, settings, clock, monkeypatch):
    monkeypatch.setattr(store, "CHUNK", 100)
    entity = session.workspace.schema.entities["customer"]
    usual = {"kind": "company", "status": "lead", "country": "GR", "language": "el"}
    ids = insert_rows(session, entity, [{**usual, "name": f"N{place}"} for place in range(RECORDS)])
    number = service.start_edit(session, entity, Which(ids), {"source": "fair"})
    session.commit()
    environ = {
        **os.environ,
        "CRM_DATABASE_URL": settings.database_url,
        "CRM_INSTANCE": str(settings.instance),
    }
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(number)], cwd=ROOT, env=environ)  # noqa: S603
    try:
        wait_for(lambda: job_of(session, number)["done"] >= 300, worker)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    before = job_of(session, number)
    assert before["state"] == "working" and 0 < before["done"] == before["changed"] < RECORDS
    update_record(session, entity, ids[-1], {"website": "https://koine.example"})
    session.execute(sa.text("UPDATE crm_bulk_job SET lease_until = NULL"))
    session.commit()
    assert run_job(BulkWorkshop(engine, clock=clock), number)
    after = job_of(session, number)
    assert (after["state"], after["changed"], after["refused"]) == ("done", RECORDS, 0)
    noted = sa.select(sa.func.count(), sa.func.count(change.c.record_id.distinct())).where(
        change.c.kind == UPDATED, change.c.cause.contains("job:")
    )
    assert tuple(session.connection().execute(noted).one()) == (RECORDS, RECORDS)
    last = session.get(session.workspace.models["customer"], ids[-1])
    assert (last.source, last.website, last.row_version) == ("fair", "https://koine.example", 3)


def job_of(session, number):
    session.rollback()
    with only_reading():
        found = service.get_job(session, number)
        session.rollback()
    return found


def wait_for(is_so, worker, seconds=60):
    end = time.monotonic() + seconds
    while not is_so():
        assert worker.poll() is None, "the worker ended by itself"
        assert time.monotonic() < end
        time.sleep(0.02)
