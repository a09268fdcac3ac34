"""A worker that is killed in the middle of an import, and another that goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from config import ROOT
from crm import leases
from crm.database import only_reading
from crm.imports import service, work
from crm.records.journal import change
from tests.crm.imports.bench import csv_of

pytestmark = pytest.mark.slow

ROWS = 2_000
WORKER = """
import sys
import time
import app
from crm.imports import applying, jobs

app.wire()
applying.CHUNK = 200
real = applying.Executor.execute
def slowly(executor, rows):
    outcome = real(executor, rows)
    time.sleep(0.05)  # so that the kill most likely comes between a chunk's rows and its commit
    return outcome
applying.Executor.execute = slowly
jobs.apply_batch(int(sys.argv[1]))
"""


def test_a_killed_run_ends_with_every_row_exactly_once(workshop, settings, session, monkeypatch):
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0)
    table = [["name"], *([f"N{number}"] for number in range(ROWS))]
    batch_id = workshop.check(csv_of(table), "customer")["id"]
    workshop.deed(batch_id, service.begin_apply)
    worker = start_worker(settings, batch_id)
    try:
        with only_reading():
            wait_for(lambda: workshop.batch(batch_id)["done"] >= 400, worker)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    before = workshop.batch(batch_id)
    assert before["state"] == "applying"
    assert 0 < before["done"] == before["created"] < ROWS
    with workshop.shop.engine.begin() as connection:
        connection.execute(sa.text("UPDATE crm_import_batch SET lease_until = NULL"))
    assert work.apply_batch(workshop.shop, batch_id)
    after = workshop.batch(batch_id)
    assert (after["state"], after["created"], after["failed"]) == ("done", ROWS, 0)
    cls = session.workspace.models["customer"]
    assert session.execute(sa.select(sa.func.count(), sa.func.count(cls.name.distinct()))).one() == (
        ROWS,
        ROWS,
    )
    noted = sa.select(sa.func.count()).where(change.c.batch_id == batch_id)
    assert session.connection().scalar(noted) == ROWS


def start_worker(settings, batch_id: int) -> subprocess.Popen:
    """Start a process that applies the batch as a worker does."""
    environ = {
        **os.environ,
        "CRM_DATABASE_URL": settings.database_url,
        "CRM_INSTANCE": str(settings.instance),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", WORKER, str(batch_id)]
    return subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.DEVNULL)


def wait_for(is_so, worker: subprocess.Popen, seconds: float = 60) -> None:
    """Wait until something is so while the process lives."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert worker.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
