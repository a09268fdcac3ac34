"""What removed fields and entities left in the database: listed, and dropped when nobody needs it any more."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.database import BigId, metadata, only_reading, row_of, utcnow
from crm.entities.identity import Identities, identities_from_json
from crm.entities.taken_names import object_name
from crm.errors import ConflictError
from crm.revisions import impact, store
from crm.revisions.column_moves import end_all_moves
from crm.revisions.locks import locked
from crm.revisions.processes import oldest_revision
from crm.revisions.proposal import rollback_proposal
from crm.revisions.publish import weigh
from crm.revisions.words import words_table

purge = sa.Table(
    "crm_purge",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("table_name", sa.String(64), nullable=False),
    sa.Column("column_name", sa.String(64), nullable=False, default=""),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("field", sa.String(64), nullable=False, default=""),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("user_name", sa.String(64), nullable=False, default=""),
    sa.Column("at", sa.DateTime, nullable=False),
)
"""What was dropped, by whom and when, one row per column or table."""

TOLD_OF_A_PURGE = ("entity", "field", "count", "user_name", "at")


@dataclass(frozen=True)
class Parked:
    """A column, or a whole table, that no field or entity of the live revision has.

    Shape:  `entity` and `field` are the names they had last; `column` and `field` are "" for a whole table.
            `revision` is the last that had it, `since` the moment the next one was published. `count` counts values,
            or records.
    """

    table: str
    column: str
    entity: str
    field: str
    revision: int
    since: dt.datetime
    count: int

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**self.__dict__, "since": self.since.isoformat(timespec="seconds")}


def list_parked(engine: sa.Engine) -> list[Parked]:
    """Return what is parked, oldest first."""
    with only_reading(), engine.connect() as connection:
        return _list_parked(connection)


def purge_parked(engine: sa.Engine, older_than_days: int = 0, user_name: str = "") -> list[Parked]:
    """Drop what has been parked for so many days, note it, and return it. Its values are gone for good.

    Errors: ConflictError while a living process still works with an older revision, or another admin publishes.
    """
    before = utcnow() - dt.timedelta(days=older_than_days)
    with locked(engine) as connection:
        live, oldest = store.live_number(connection), oldest_revision(connection)
        if oldest is not None and oldest < live:
            raise ConflictError("schema.not_everywhere", live=live, oldest=oldest)
        end_all_moves(connection)
        found = [parked for parked in _list_parked(connection) if parked.since <= before]
        for parked in found:
            _drop(connection, parked)
        if found:
            connection.execute(sa.insert(purge), [_row(parked, user_name) for parked in found])
    return found


def weigh_rollback(
    engine: sa.Engine, number: int, user_name: str = ""
) -> tuple[dict[str, Any], impact.Impact]:
    """Return what going back to a revision would do, as `weigh_documents` does, and the stored values behind it.

    Shape:  "purged" lists what would come back empty, because its values were dropped since.
    Errors: NotFoundError when there is no such revision.
    """
    answer, stored = weigh(engine, lambda connection: rollback_proposal(connection, number), user_name)
    purged = [{key: row[key] for key in TOLD_OF_A_PURGE} for row in list_purged(engine, number)]
    return {**answer, "purged": purged}, stored


def list_purged(engine: sa.Engine, number: int) -> list[Mapping]:
    """Return what was dropped of the fields and entities that a rollback to a revision would bring: they come empty.

    Shape:  `entity` and `field` are the names in that revision; "count", "user_name" and "at" tell of the purge. A
            field that is live with another type is none of them: its values of today come, as far as they convert.
    """
    with only_reading(), engine.connect() as connection:
        then = store.find_revision(connection, number)
        live = store.find_revision(connection, store.live_number(connection))
        if then is None or live is None:
            return []
        rows = [row_of(row) for row in connection.execute(sa.select(purge).order_by(purge.c.id))]
        before, today = (identities_from_json(one["identities"]) for one in (then, live))
        there = _there(connection, today.taken)
    known = {field.uid for entity in today.entities.values() for field in entity.fields.values()}
    places = {place: names for place, names in _places(before).items() if place not in there}
    found = []
    for row in rows:
        entity, field = places.get((row["table_name"], row["column_name"]), ("", ""))
        if entity and before.field(entity, field, "").uid not in known:
            found.append({**row, "entity": entity, "field": field})
    return found


def _places(identities: Identities) -> dict[tuple[str, str], tuple[str, str]]:
    """Return entity and field of every table and column a revision has."""
    found = {}
    for name, entity in identities.entities.items():
        found[entity.table, ""] = (name, "")
        for field_name, field in entity.fields.items():
            found[entity.table, field.column] = (name, field_name)
    return found


def _list_parked(connection: sa.Connection) -> list[Parked]:
    live = store.find_revision(connection, store.live_number(connection))
    if live is None:
        return []
    identities = identities_from_json(live["identities"])
    left = _there(connection, identities.taken) - set(_places(identities))
    found, later = [], live
    for number in range(live["number"] - 1, 0, -1):
        if not left:
            break
        earlier = _identities_at(connection, number)
        places = _places(earlier) if earlier else {}
        for place in sorted(left & set(places)):
            left.discard(place)
            if (place[0], "") in left and place[1]:
                continue
            found.append(
                Parked(*place, *places[place], number, later["created_at"], _count(connection, *place))
            )
        later = {"created_at": store.moment_of(connection, number)}
    whole = {parked.table for parked in found if not parked.column}
    kept = [parked for parked in found if not parked.column or parked.table not in whole]
    return sorted(kept, key=lambda parked: (parked.since, parked.table, parked.column))


def _there(connection: sa.Connection, taken: Iterable[str]) -> set[tuple[str, str]]:
    """Return the tables and columns ever given that are in the database."""
    inspector = sa.inspect(connection)
    tables = set(inspector.get_table_names()) & {word for word in taken if "." not in word}
    columns = {(table, one["name"]) for table in tables for one in inspector.get_columns(table)}
    given = {tuple(word.split(".", 1)) for word in taken if "." in word}
    return {(table, "") for table in tables} | (columns & given)


def _identities_at(connection: sa.Connection, number: int) -> Identities | None:
    stored = connection.scalar(
        sa.select(store.revision.c.identities).where(store.revision.c.number == number)
    )
    return identities_from_json(json.loads(stored)) if stored else None


def _count(connection: sa.Connection, table: str, column: str) -> int:
    counted = sa.func.count(sa.column(column)) if column else sa.func.count()
    return connection.scalar(sa.select(counted).select_from(sa.table(table)))


def _drop(connection: sa.Connection, parked: Parked) -> None:
    quote = connection.dialect.identifier_preparer.quote
    table, column = quote(parked.table), quote(parked.column)
    if not parked.column:
        connection.exec_driver_sql(f"DROP TABLE {table}")
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quote(words_table(parked.table))}")
        return
    for kind in ("ix", "uq"):  # SQLite drops no column that an index has.
        index = quote(object_name(kind, parked.table, parked.column))
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {index}")
    connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")


def _row(parked: Parked, user_name: str) -> dict[str, Any]:
    return {
        "table_name": parked.table,
        "column_name": parked.column,
        "entity": parked.entity,
        "field": parked.field,
        "count": parked.count,
        "user_name": user_name,
        "at": utcnow(),
    }
