"""What workers and the scheduler call for people who leave."""

from __future__ import annotations

from config import current_settings
from crm import queue
from crm.database import build_engine
from crm.leaving import handover
from crm.runtime.scheduler import Tick


def hand_over(handover_id: int) -> None:
    """Hand over what somebody held. Safe to repeat."""
    handover.run_handover(build_engine(current_settings().database_url), handover_id)


def sweep() -> None:
    """Ring again for every handover that waits and nobody works on."""
    for handover_id in handover.list_forgotten(build_engine(current_settings().database_url)):
        queue.ring(handover.JOB, handover_id)


JOBS = (queue.Declared(handover.JOB, hand_over),)
TICKS = (Tick("handovers the bell lost", sweep),)
"""The jobs and ticks of this package."""
