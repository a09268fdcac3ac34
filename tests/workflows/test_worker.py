"""A real worker: the job is delivered twice and more, the effect is there once, the mail is a file."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from config import ROOT
from crm import events, queue
from tests.factories import make_complaint, make_customer

pytestmark = pytest.mark.slow

BURST = """
import sys
import app
from crm import queue
from crm.queue.worker import build_worker

app.wire()
worker = build_worker(sys.argv[1])
queue.use_redis(sys.argv[1])
worker.work(burst=True, logging_level="WARNING")
"""


@pytest.fixture
def work(settings, redis_server):
    """A function that lets a worker process do all that waits, and end."""

    def run() -> None:
        environ = {
            "PATH": os.environ["PATH"],
            "CRM_DATABASE_URL": settings.database_url,
            "CRM_INSTANCE": str(settings.instance),
            "CRM_REDIS_URL": redis_server.url,
        }
        subprocess.run(
            [sys.executable, "-c", BURST, redis_server.url], cwd=ROOT, env=environ, check=True, timeout=120
        )

    return run


def test_a_shipped_rule_mails_once_although_its_job_comes_three_times(session, settings, work):
    customer = make_customer(session, name="Ada", email="ada@example.com", language="en")
    make_complaint(session, customer=customer, subject="Broken")
    session.commit()
    for _ in range(2):
        queue.ring(events.BELL)
    work()
    queue.ring(events.BELL)
    queue.ring("mail.deliver")
    work()
    files = list((settings.instance / "mail").glob("*.eml"))
    assert len(files) == 1
    assert b"To: ada@example.com" in files[0].read_bytes()
    assert session.get(session.workspace.models["complaint"], 1).owner is not None
