"""Numbers without gaps: one counter per field and series, raised in the record's own transaction."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from crm.database import CrmSession, insert_of, metadata
from crm.fields.base import Field
from crm.fields.sequence import render, series

sequence = sa.Table(
    "crm_sequence",
    metadata,
    sa.Column("field_uid", sa.String(64), primary_key=True),
    sa.Column("series", sa.String(80), primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)


def next_numbers(session: CrmSession, field: Field, count: int = 1) -> list[str]:
    """Return the next numbers of a field as its pattern writes them, dated by the actor's day."""
    pattern = field.options["pattern"]
    today = session.clock().replace(tzinfo=dt.UTC).astimezone(session.actor.time_zone)
    numbers = take_numbers(session.connection(), field.uid, series(pattern, today), count)
    return [render(pattern, number, today) for number in numbers]


def take_numbers(connection: sa.Connection, field_uid: str, series: str, count: int = 1) -> range:
    """Return the next numbers; others wait until this transaction ends, so none is lost or given twice."""
    where = (sequence.c.field_uid == field_uid) & (sequence.c.series == series)
    raised = sa.update(sequence).where(where).values(last=sequence.c.last + count).returning(sequence.c.last)
    last = connection.scalar(raised)
    if last is None:
        insert = insert_of(connection)(sequence).values(field_uid=field_uid, series=series, last=0)
        connection.execute(insert.on_conflict_do_nothing())
        last = connection.scalar(raised)
    return range(last - count + 1, last + 1)
