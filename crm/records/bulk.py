"""Many records at once: the same tables, journal and events as a single save, written set by set.

Callers have judged the rows by `prepare.judge` and `links.judge_links`; nothing is checked again here but what
the database itself refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa
from psycopg import sql

from crm import events, queue
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.events import event
from crm.fields import FIELD_TYPES
from crm.fields.sequence import render, series
from crm.records.journal import CREATED, DELETED, UPDATED, change, change_row, journaled_fields
from crm.records.prepare import search_key_of
from crm.records.sequences import take_numbers

CHUNK = 500  # ids of one IN list
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Edit:
    """One record to change.

    Shape:  `before` holds all stored values as typed values by field name, `after` only those that change.
    """

    record_id: int
    before: Values
    after: Values = attribute(default_factory=dict)


def insert_rows(
    session: CrmSession, entity: Entity, rows: Sequence[Values], with_events: bool = True
) -> list[int]:
    """Create records and return their ids, in the order of the rows; journal and events in the same transaction.

    Shape:  each row maps field names to typed values, defaults filled in; the session's `batch_id` is noted.
    Errors: sqlalchemy.exc.IntegrityError or DataError when the database refuses any of them: then none is
            written, and the caller must roll back its savepoint.
    """
    if not rows:
        return []
    rows = number_rows(session, entity, rows)
    connection = session.connection()
    table = session.workspace.models.table(entity.name)
    ids = take_ids(connection, table, len(rows))
    fields = [field for field in entity.fields.values() if FIELD_TYPES[field.type].stored]
    names, now, user = [field.name for field in fields], session.clock(), session.actor.user_id
    columns = [*SYSTEM_COLUMNS, *(field.column for field in fields)]
    system = (now, user, now, user, 1)
    stored = (
        (record_id, *system, search_key_of(entity, row), *(row.get(name) for name in names))
        for record_id, row in zip(ids, rows, strict=True)
    )
    copy_rows(connection, table, columns, stored)
    write_journal(session, entity, CREATED, zip(ids, created_values(entity, rows), strict=True), with_events)
    return ids


SYSTEM_COLUMNS = (
    "id",
    "created_at",
    "created_by_id",
    "updated_at",
    "updated_by_id",
    "row_version",
    "search_key",
)


def number_rows(session: CrmSession, entity: Entity, rows: Sequence[Values]) -> Sequence[Values]:
    """Return the rows with the next numbers of the entity's sequences."""
    moment = session.clock()
    for field in entity.fields.values():
        if field.type == "sequence":
            pattern = field.options["pattern"]
            without = [place for place, row in enumerate(rows) if row.get(field.name) is None]
            numbers = take_numbers(session.connection(), field.uid, series(pattern, moment), len(without))
            rows = list(rows)
            for place, number in zip(without, numbers, strict=True):
                rows[place] = {**rows[place], field.name: render(pattern, number, moment)}
    return rows


def created_values(entity: Entity, rows: Iterable[Values]) -> Iterable[bytes]:
    """Yield the journal's `{"field": [null, after]}` of new records, as JSON text."""
    kept = [(field.name, field, field_type) for field, field_type, _ in journaled_fields(entity)]
    for row in rows:
        values = {}
        for name, field, field_type in kept:
            value = row.get(name)
            if value is not None:
                values[name] = (None, field_type.to_json(field, value))
        yield orjson.dumps(values, default=str)


def update_rows(session: CrmSession, entity: Entity, edits: Sequence[Edit], with_events: bool = True) -> None:
    """Change records; journal and events in the same transaction.

    Shape:  the caller has locked the rows (`load_rows`), so that `before` is true.
    Errors: sqlalchemy.exc.IntegrityError or DataError, as `insert_rows`.
    """
    edits = [edit for edit in edits if edit.after]
    if not edits:
        return
    table = session.workspace.models.table(entity.name)
    alike: dict[tuple[str, ...], list[Edit]] = {}
    for edit in edits:
        alike.setdefault(tuple(edit.after), []).append(edit)
    for names, group in alike.items():
        update_alike(session, table, entity, names, group)
    changes = ((edit.record_id, updated_values(entity, edit)) for edit in edits)
    write_journal(session, entity, UPDATED, [pair for pair in changes if pair[1] != b"{}"], with_events)


def update_alike(
    session: CrmSession, table: sa.Table, entity: Entity, names: Sequence[str], edits: Sequence[Edit]
) -> None:
    """Change the same fields of several records."""
    columns = {name: entity.fields[name].column for name in names}
    statement = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("b_id"))
        .values(
            row_version=table.c.row_version + 1,
            updated_at=session.clock(),
            updated_by_id=session.actor.user_id,
            search_key=sa.bindparam("b_search_key"),
            **{column: sa.bindparam(f"b_{name}") for name, column in columns.items()},
        )
    )
    rows = [
        {
            "b_id": edit.record_id,
            "b_search_key": search_key_of(entity, {**edit.before, **edit.after}),
            **{f"b_{name}": edit.after[name] for name in names},
        }
        for edit in edits
    ]
    session.connection().execute(statement, rows)


def updated_values(entity: Entity, edit: Edit) -> bytes:
    """Return the journal's `{"field": [before, after]}` of one change, as JSON text."""
    values = {}
    for field, field_type, _ in journaled_fields(entity):
        if field.name in edit.after:
            pair = (edit.before.get(field.name), edit.after[field.name])
            values[field.name] = [
                None if value is None else field_type.to_json(field, value) for value in pair
            ]
    return orjson.dumps(values, default=str)


def delete_rows(session: CrmSession, entity: Entity, edits: Sequence[Edit], with_events: bool = True) -> None:
    """Delete records nothing points to; journal and events in the same transaction."""
    if not edits:
        return
    table = session.workspace.models.table(entity.name)
    ids = [edit.record_id for edit in edits]
    for start in range(0, len(ids), CHUNK):
        session.connection().execute(sa.delete(table).where(table.c.id.in_(ids[start : start + CHUNK])))
    kept = [(field.name, field, field_type) for field, field_type, _ in journaled_fields(entity)]
    changes = []
    for edit in edits:
        filled = ((name, field, kind, edit.before.get(name)) for name, field, kind in kept)
        values = {
            name: (kind.to_json(field, value), None)
            for name, field, kind, value in filled
            if value is not None
        }
        changes.append((edit.record_id, orjson.dumps(values, default=str)))
    write_journal(session, entity, DELETED, changes, with_events)


def load_rows(
    session: CrmSession, entity: Entity, ids: Iterable[int], lock: bool = False
) -> dict[int, Values]:
    """Return the stored values of records by id, `row_version` among them; for code that may see everything.

    Shape:  typed values by field name. With `lock` the rows cannot change until the transaction ends.
    """
    cls = session.workspace.models[entity.name]
    fields = [field for field in entity.fields.values() if FIELD_TYPES[field.type].stored]
    attributes = [getattr(cls, FIELD_TYPES[field.type].attribute(field)) for field in fields]
    names = ("id", "row_version", *(field.name for field in fields))
    wanted, found = sorted(set(ids)), {}
    with session.as_system():
        for start in range(0, len(wanted), CHUNK):
            asked = sa.select(cls.id, cls.row_version, *attributes).where(
                cls.id.in_(wanted[start : start + CHUNK])
            )
            for row in session.execute(asked.with_for_update() if lock else asked):
                found[row[0]] = dict(zip(names, row, strict=True))
    return found


def write_journal(
    session: CrmSession, entity: Entity, kind: str, changes: Iterable[tuple[int, bytes]], with_events: bool
) -> None:
    """Write one change per record, and its event unless rules are to be skipped.

    Shape:  `changes` holds (record id, values as JSON text).
    """
    changes = list(changes)
    if not changes:
        return
    connection = session.connection()
    same = change_row(session, entity.name, 0, kind, {})
    names = [name for name in same if name not in ("record_id", "values")]
    rest = tuple(same[name] for name in names)
    ids = take_ids(connection, change, len(changes))
    rows = (
        (change_id, record_id, values.decode(), *rest)
        for change_id, (record_id, values) in zip(ids, changes, strict=True)
    )
    copy_rows(connection, change, ("id", "record_id", "values", *names), rows)
    if with_events:
        write_events(
            session,
            same,
            [(record_id, change_id) for change_id, (record_id, _) in zip(ids, changes, strict=True)],
        )


def write_events(session: CrmSession, same: Mapping[str, Any], pairs: Iterable[tuple[int, int]]) -> None:
    """Leave one event per change for the rules, and ring after the commit.

    Shape:  `same` is what the changes share; `pairs` hold (record id, change id).
    """
    columns = ("kind", "entity", "revision", "created_at", "state", "attempts", "record_id", "change_id")
    rest = (same["kind"], same["entity"], same["revision"], same["at"], "waiting", 0)
    copy_rows(session.connection(), event, columns, ((*rest, *pair) for pair in pairs))
    session.when_committed(events.BELL, lambda: queue.ring(events.BELL))


def take_ids(connection: sa.Connection, table: sa.Table, count: int) -> list[int]:
    """Return ids nobody else will get.

    Shape:  on SQLite the highest ones so far plus one, plus two, ...: its single writer is us.
    """
    if connection.dialect.name == "postgresql":
        asked = sa.text(
            "SELECT nextval(pg_get_serial_sequence(quote_ident(:name), 'id')) FROM generate_series(1, :count)"
        )
        return list(connection.scalars(asked, {"name": table.name, "count": count}))
    last = connection.scalar(sa.select(sa.func.max(table.c.id))) or 0
    return list(range(last + 1, last + 1 + count))


def copy_rows(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[tuple]
) -> None:
    """Write rows the fastest way the database has: COPY on PostgreSQL, one prepared INSERT on SQLite.

    Shape:  tuples of typed values in the order of `names`, which are columns of the table.
    Errors: sqlalchemy.exc.IntegrityError or DataError, as an INSERT has them.
    """
    prepared = prepare_rows(connection, table, names, rows)
    if connection.dialect.name == "postgresql":
        copy_to_postgresql(connection, table, names, prepared)
        return
    marks = ", ".join("?" for _ in names)
    quote = connection.dialect.identifier_preparer.quote
    listed = ", ".join(quote(name) for name in names)
    rows = list(prepared)
    if rows:
        connection.exec_driver_sql(f"INSERT INTO {quote(table.name)} ({listed}) VALUES ({marks})", rows)  # noqa: S608 - names are columns of a Table


def prepare_rows(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[tuple]
) -> Iterable[tuple]:
    """Return the rows as the driver wants them: what the column types do when a value is bound."""
    dialect = connection.dialect
    processors = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    changed = [(place, processor) for place, processor in enumerate(processors) if processor]
    if not changed:
        return rows
    return (processed(row, changed) for row in rows)


def processed(row: tuple, changed: Sequence[tuple[int, Any]]) -> tuple:
    """Return one row with some of its values processed."""
    values = list(row)
    for place, processor in changed:
        values[place] = processor(values[place])
    return tuple(values)


def copy_to_postgresql(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[tuple]
) -> None:
    """Write rows by COPY; a refusal becomes the error an INSERT would have raised."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    driver = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise sa.exc.IntegrityError("COPY", None, error) from error
    except psycopg.DataError as error:
        raise sa.exc.DataError("COPY", None, error) from error
