"""What workers and the scheduler call after a publish, and what a publisher calls to have it done."""

from __future__ import annotations

import time

import sqlalchemy as sa

from config import current_settings
from crm import queue
from crm.database import build_engine
from crm.revisions.column_moves import has_moves, settle_moves
from crm.revisions.finish import finish_indexes, list_unfinished
from crm.revisions.prepare import drop_abandoned
from crm.runtime.scheduler import Tick

FINISH = "schema.finish"
ARRIVAL_SECONDS = (
    5.0  # until when every process has a revision; what it writes until then is carried over at once
)
PAUSE_SECONDS = 0.3


def finish() -> None:
    """Do what the last publish left. Safe to repeat: what is done is not done again."""
    _finish(build_engine(current_settings().database_url))


def _finish(engine: sa.Engine) -> None:
    """Carry values over first: they are few, and somebody waits for them."""
    until = time.monotonic() + ARRIVAL_SECONDS
    while settle_moves(engine) and time.monotonic() < until:
        time.sleep(PAUSE_SECONDS)
    drop_abandoned(engine)
    finish_indexes(engine)


def sweep() -> None:
    """Ring again while something is left that nobody works on."""
    engine = build_engine(current_settings().database_url)
    if has_moves(engine) or list_unfinished(engine):
        queue.ring(FINISH)


def finish_soon(engine: sa.Engine) -> None:
    """Leave what a publish left to the workers."""
    queue.ring_or_do(FINISH, lambda: _finish(engine))


JOBS = (queue.Declared(FINISH, finish),)
TICKS = (Tick("what a publish left", sweep),)
