"""The revision table: numbered, unchangeable versions of the schema; the newest is live."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from crm.database import metadata, row_of, utcnow

revision = sa.Table(
    "crm_revision",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("documents", sa.Text, nullable=False, info={"sealed": "values"}),  # secrets in them
    sa.Column("identities", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False, default=""),
    sa.Column("user_name", sa.String(64), nullable=False, default=""),
    sa.Column("base", sa.Integer),
    sa.Column("created_at", sa.DateTime, nullable=False),
)


def live_number(connection: sa.Connection) -> int:
    """Return the number of the live revision; 0 when nothing was published yet."""
    return connection.scalar(sa.select(sa.func.max(revision.c.number))) or 0


def earlier_numbers(connection: sa.Connection, number: int, most: int = 20) -> list[int]:
    """Return the revisions before one, the last one first."""
    numbers = sa.select(revision.c.number).where(revision.c.number < number)
    return list(connection.scalars(numbers.order_by(revision.c.number.desc()).limit(most)))


def moment_after(connection: sa.Connection, number: int) -> dt.datetime | None:
    """Return since when a newer revision than this one is live; None when none is."""
    return connection.scalar(sa.select(sa.func.min(revision.c.created_at)).where(revision.c.number > number))


def find_revision(connection: sa.Connection, number: int) -> Mapping | None:
    """Return one revision with its documents and identities as plain data."""
    row = connection.execute(sa.select(revision).where(revision.c.number == number)).first()
    if row is None:
        return None
    found = row_of(row)
    return {
        **found,
        "documents": json.loads(found["documents"]),
        "identities": json.loads(found["identities"]),
    }


def list_revisions(connection: sa.Connection) -> list[Mapping]:
    """Return every revision without its documents, newest first."""
    columns = [column for column in revision.c if column.name not in ("documents", "identities")]
    rows = connection.execute(sa.select(*columns).order_by(revision.c.number.desc()))
    return [row_of(row) for row in rows]


def list_identities(connection: sa.Connection, after: int) -> Iterator[tuple[int, dt.datetime, Mapping]]:
    """Yield number, moment and identities of every revision after one, oldest first."""
    columns = (revision.c.number, revision.c.created_at, revision.c.identities)
    rows = connection.execute(
        sa.select(*columns).where(revision.c.number > after).order_by(revision.c.number)
    )
    for number, moment, identities in rows:
        yield number, moment, json.loads(identities)


def moment_of(connection: sa.Connection, number: int) -> dt.datetime | None:
    """Return when a revision was published; None when there is none of the number."""
    return connection.scalar(sa.select(revision.c.created_at).where(revision.c.number == number))


def add_revision(connection: sa.Connection, number: int, content: Mapping, why: str, user_name: str) -> None:
    """Write a new revision; `content` holds documents, identities and base."""
    connection.execute(
        sa.insert(revision).values(
            number=number,
            documents=json.dumps(content["documents"], ensure_ascii=False),
            identities=json.dumps(content["identities"], ensure_ascii=False),
            base=content["base"],
            why=why,
            user_name=user_name,
            created_at=utcnow(),
        )
    )
