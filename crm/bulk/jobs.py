"""What workers and the scheduler call for bulk changes."""

from __future__ import annotations

from dataclasses import replace

from config import current_settings
from crm import queue
from crm.bulk import service, store
from crm.bulk.work import BulkWorkshop, run_job
from crm.database import build_engine, only_reading, utcnow
from crm.leases import TurnOverError
from crm.runtime.scheduler import Tick


def current_workshop() -> BulkWorkshop:
    """Return what this process's settings say."""
    settings = current_settings()
    return BulkWorkshop(build_engine(settings.database_url), settings.language, settings.time_zone)


def run(number: int) -> None:
    """Work on a job, for one turn. Safe to repeat: chunks that are done are skipped."""
    try:
        run_job(replace(current_workshop(), turn_seconds=queue.TURN_SECONDS), number)
    except TurnOverError:
        queue.ring(service.JOB, number)


def sweep() -> None:
    """Ring again for every job that waits and nobody works on."""
    with only_reading():
        waiting = service.list_forgotten(current_workshop().engine, utcnow())
    for number in waiting:
        queue.ring(service.JOB, number)


JOBS = (queue.Declared(service.JOB, run),)
TICKS = (Tick("bulk changes the bell lost", sweep),)
BACKLOG = {"bulk": store.LEASED.look_at_waiting}
