"""How much work waits in the database, and since when: each kind of work says it of itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from crm.database import utcnow


@dataclass(frozen=True)
class Waiting:
    """What waits of one kind.

    Unit:   `seconds` is how long the oldest has been waiting for somebody to begin or go on with it.
    """

    count: int = 0
    seconds: float = 0.0


Look = Callable[[sa.Connection, dt.datetime], Waiting]

BACKLOG: dict[str, Look] = {}
"""Each kind of work by its name; each package declares its own, and `app.wire` joins them."""


def look_at_backlog(connection: sa.Connection) -> Mapping[str, Waiting]:
    """Return what waits, by its kind."""
    now = utcnow()
    return {name: look(connection, now) for name, look in BACKLOG.items()}


def count_waiting(
    connection: sa.Connection, since: sa.Column, now: dt.datetime, condition: sa.ColumnElement[bool]
) -> Waiting:
    """Return how many rows meet a condition, and the age of the oldest by one of their columns."""
    asked = sa.select(sa.func.count(), sa.func.min(since)).where(condition)
    count, oldest = connection.execute(asked).one()
    seconds = max((now - oldest).total_seconds(), 0.0) if count else 0.0
    return Waiting(count, round(seconds, 3))
