"""What workers and the scheduler call after a publish, and what a publisher calls to have it done."""

from __future__ import annotations

import sqlalchemy as sa

from config import current_settings
from crm import queue
from crm.database import build_engine
from crm.entities.finish import finish_indexes, list_unfinished

FINISH = "schema.finish"


def finish() -> None:
    """Do what the last publish left. Safe to repeat: what is done is not done again."""
    finish_indexes(build_engine(current_settings().database_url))


def sweep() -> None:
    """Ring again while something is left that nobody works on."""
    if list_unfinished(build_engine(current_settings().database_url)):
        queue.ring(FINISH)


def finish_soon(engine: sa.Engine) -> None:
    """Leave what a publish left to the workers."""
    queue.ring_or_do(FINISH, lambda: finish_indexes(engine))
