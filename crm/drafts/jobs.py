"""What workers and the scheduler call for publishes that take long."""

from __future__ import annotations

from config import current_settings
from crm import queue
from crm.database import build_engine
from crm.drafts import publications
from crm.runtime.scheduler import Tick


def publish(publication_id: int) -> None:
    """Publish what was asked for. Safe to repeat."""
    publications.run_publication(build_engine(current_settings().database_url), publication_id)


def sweep() -> None:
    """Ring again for every publish that waits and nobody works on."""
    for publication_id in publications.list_forgotten(build_engine(current_settings().database_url)):
        queue.ring(publications.JOB, publication_id)


JOBS = (queue.Declared(publications.JOB, publish),)
TICKS = (Tick("publishes the bell lost", sweep),)
