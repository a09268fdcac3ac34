"""Many records at once: the same tables, journal and events as a single save, written set by set.

Callers have judged the rows by `prepare.judge` and `links.judge_links`; nothing is checked again here but what
the database itself refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa

from crm import events, queue
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import RecordError
from crm.events import event
from crm.fields import FIELD_TYPES
from crm.fields.base import FieldType
from crm.records.constraints import REFUSALS, refusal_of
from crm.records.journal import (
    CREATED,
    DELETED,
    RESTORED,
    UPDATED,
    change,
    change_row,
    is_heard,
    journaled_fields,
    sealed_value,
)
from crm.records.search_keys import key_fields, keying_of, search_key_of
from crm.records.sequences import next_numbers

CHUNK = 500  # ids of one IN list
Values = Mapping[str, Any]


@dataclass(frozen=True)
class RecordEdit:
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
    ids, rows = store_rows(session, entity, rows)
    write_journal(session, entity, CREATED, ids, created_values(entity, rows), with_events)
    return ids


def store_rows(
    session: CrmSession, entity: Entity, rows: Sequence[Values]
) -> tuple[list[int], Sequence[Values]]:
    """Write new records without their journal; return their ids and the rows as they were written, with their numbers.

    Errors: as `insert_rows`.
    """
    if not rows:
        return [], rows
    rows = number_rows(session, entity, rows)
    connection = session.connection()
    table = session.workspace.models.table(entity.name)
    ids = take_ids(connection, table, len(rows))
    names = filled_names(entity, rows)
    keying = keying_of(entity)
    columns = ("id", "search_key", *(entity.fields[name].column for name in names))
    stored = (
        (record_id, keying.key(row), *map(row.get, names)) for record_id, row in zip(ids, rows, strict=True)
    )
    now, user = session.clock(), session.actor.user_id
    same = {
        "created_at": now,
        "created_by_id": user,
        "updated_at": now,
        "updated_by_id": user,
        "row_version": 1,
    }
    copy_rows(connection, table, columns, stored, same)
    return ids, rows


def reinsert_rows(
    session: CrmSession, entity: Entity, rows: Sequence[tuple[int, Values, Mapping[str, Any]]]
) -> None:
    """Write deleted records again under their numbers; the journal says so, and no rule takes them for new ones.

    Shape:  each row is the number, typed values, and the values of the columns that every record has.
    Errors: RecordError when the database refuses one.
    """
    connection, table = session.connection(), session.workspace.models.table(entity.name)
    for record_id, values, stamps in rows:
        columns = {entity.fields[name].column: value for name, value in values.items()}
        columns |= {**stamps, "id": record_id, "search_key": search_key_of(entity, values)}
        columns["row_version"] = (stamps.get("row_version") or 0) + 1
        try:
            connection.execute(sa.insert(table).values(**columns))
        except REFUSALS as error:
            raise RecordError("record.has_problems", [refusal_of(entity, error)], count=1) from error
    texts = created_values(entity, [values for _id, values, _stamps in rows])
    write_journal(
        session, entity, RESTORED, [record_id for record_id, *_rest in rows], texts, with_events=False
    )


def filled_names(entity: Entity, rows: Sequence[Values]) -> list[str]:
    """Return the stored fields that any of the rows names, in declared order; the other columns stay empty."""
    named = set().union(*{tuple(row) for row in rows})
    return [name for name, field in entity.fields.items() if name in named and FIELD_TYPES[field.type].stored]


def number_rows(session: CrmSession, entity: Entity, rows: Sequence[Values]) -> Sequence[Values]:
    """Return the rows with the next numbers of the entity's sequences."""
    for field in entity.fields.values():
        if FIELD_TYPES[field.type].is_numbered:
            without = [place for place, row in enumerate(rows) if row.get(field.name) is None]
            rows = list(rows)
            for place, number in zip(without, next_numbers(session, field, len(without)), strict=True):
                rows[place] = {**rows[place], field.name: number}
    return rows


def created_values(entity: Entity, rows: Iterable[Values]) -> Iterable[bytes]:
    """Yield the journal's `{"field": [null, after]}` of new records, as JSON text."""
    writers = json_writers(entity)
    for row in rows:
        values = {}
        for name, value in row.items():
            if value is not None and name in writers:
                to_json = writers[name]
                values[name] = (None, to_json(value) if to_json else value)
        yield orjson.dumps(values, default=str)


def json_writers(entity: Entity) -> dict[str, Callable[[Any], Any] | None]:
    """Return what makes a field's value JSON, for all the journal keeps; None where it is JSON already."""
    return {
        field.name: (
            lambda value, field=field, to_json=field_type.to_json: sealed_value(field, to_json(field, value))
        )
        if field.encrypted
        else None
        if type(field_type).to_json is FieldType.to_json
        else partial(field_type.to_json, field)
        for field, field_type, _ in journaled_fields(entity)
    }


def update_rows(
    session: CrmSession, entity: Entity, edits: Sequence[RecordEdit], with_events: bool = True
) -> None:
    """Change records; journal and events in the same transaction.

    Shape:  the caller has locked the rows (`load_rows`), so that `before` is true.
    Errors: sqlalchemy.exc.IntegrityError or DataError, as `insert_rows`.
    """
    edits = [edit for edit in edits if edit.after]
    if not edits:
        return
    update_stored(session, entity, edits)
    changes = [(edit.record_id, updated_values(entity, edit)) for edit in edits]
    noted = [(record_id, values) for record_id, values in changes if values != b"{}"]
    write_journal(
        session, entity, UPDATED, [pair[0] for pair in noted], [pair[1] for pair in noted], with_events
    )


def update_stored(session: CrmSession, entity: Entity, edits: Iterable[RecordEdit]) -> None:
    """Change records without their journal; those of which the same fields change go together."""
    alike: dict[tuple[str, ...], list[RecordEdit]] = {}
    for edit in edits:
        alike.setdefault(tuple(edit.after), []).append(edit)
    for names, group in alike.items():
        _update_alike(session, entity, names, group)


def _update_alike(
    session: CrmSession, entity: Entity, names: Sequence[str], edits: Sequence[RecordEdit]
) -> None:
    """Change the same fields of several records; those by which records are found change their words too."""
    if key_fields(entity).keys() & set(names):
        _update_each(session, entity, names, edits)
        return
    same: dict[tuple[Any, ...], list[int]] = {}
    for edit in edits:
        same.setdefault(tuple(map(edit.after.get, names)), []).append(edit.record_id)
    if len(same) * 2 > len(edits):
        _update_each(session, entity, names, edits)
        return
    table = session.workspace.models.table(entity.name)
    for values, ids in same.items():
        changed = {entity.fields[name].column: value for name, value in zip(names, values, strict=True)}
        statement = sa.update(table).values(**_stamp(session, table), **changed)
        for start in range(0, len(ids), CHUNK):
            session.connection().execute(statement.where(table.c.id.in_(ids[start : start + CHUNK])))


def _stamp(session: CrmSession, table: sa.Table) -> dict[str, Any]:
    return {
        "row_version": table.c.row_version + 1,
        "updated_at": session.clock(),
        "updated_by_id": session.actor.user_id,
    }


def _update_each(
    session: CrmSession, entity: Entity, names: Sequence[str], edits: Sequence[RecordEdit]
) -> None:
    """Change records each to values of its own."""
    table = session.workspace.models.table(entity.name)
    columns = {f"b_{name}": entity.fields[name].column for name in names}
    values = {column: sa.bindparam(key) for key, column in columns.items()}
    is_searched = bool(key_fields(entity).keys() & set(names))
    keying = keying_of(entity)
    if is_searched:
        values["search_key"] = sa.bindparam("b_search_key")
    rows = []
    for edit in edits:
        row = {"b_id": edit.record_id, **{f"b_{name}": edit.after[name] for name in names}}
        if is_searched:
            row["b_search_key"] = keying.key({**edit.before, **edit.after})
        rows.append(row)
    statement = sa.update(table).where(table.c.id == sa.bindparam("b_id"))
    session.connection().execute(statement.values(**_stamp(session, table), **values), rows)


def updated_values(entity: Entity, edit: RecordEdit) -> bytes:
    """Return the journal's `{"field": [before, after]}` of one change, as JSON text."""
    values = {}
    for name, to_json in json_writers(entity).items():
        if name in edit.after:
            pair = (edit.before.get(name), edit.after[name])
            values[name] = [None if value is None else to_json(value) if to_json else value for value in pair]
    return orjson.dumps(values, default=str)


def delete_rows(
    session: CrmSession, entity: Entity, edits: Sequence[RecordEdit], with_events: bool = True
) -> None:
    """Delete records nothing points to; journal and events in the same transaction."""
    if not edits:
        return
    table = session.workspace.models.table(entity.name)
    ids = [edit.record_id for edit in edits]
    for start in range(0, len(ids), CHUNK):
        session.connection().execute(sa.delete(table).where(table.c.id.in_(ids[start : start + CHUNK])))
    kept = json_writers(entity)
    changes = []
    for edit in edits:
        values = {}
        for name, to_json in kept.items():
            value = edit.before.get(name)
            if value is not None:
                values[name] = (to_json(value) if to_json else value, None)
        changes.append(orjson.dumps(values, default=str))
    write_journal(session, entity, DELETED, ids, changes, with_events)


def put_back_row(session: CrmSession, entity: Entity, record_id: int, values: Values) -> None:
    """Write the row of a record that is gone, as it was, without a journal: for what is taken back.

    Errors: sqlalchemy.exc.IntegrityError or DataError when the database refuses it.
    """
    now = session.clock()
    fixed = {"id": record_id, "row_version": 1, "created_at": now, "updated_at": now}
    columns = {entity.fields[name].column: value for name, value in values.items()}
    row = {**fixed, "search_key": search_key_of(entity, values), **columns}
    session.connection().execute(sa.insert(session.workspace.models.table(entity.name)).values(row))


def take_away_row(session: CrmSession, entity: Entity, record_id: int) -> None:
    """Delete the row of a record without a journal: for what is taken back.

    Errors: sqlalchemy.exc.IntegrityError when something points to it.
    """
    table = session.workspace.models.table(entity.name)
    session.connection().execute(sa.delete(table).where(table.c.id == record_id))


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
    session: CrmSession,
    entity: Entity,
    kind: str,
    record_ids: Sequence[int],
    values: Iterable[bytes],
    with_events: bool,
) -> None:
    """Write one change per record, and its event; one that starts no rule when rules are to be skipped.

    Shape:  `values` are the changes as JSON text, in the order of the records; they are made while they are
            written, so that the database works at the same time as we do.
    """
    if not record_ids:
        return
    connection = session.connection()
    same = change_row(session, entity.name, 0, kind, {})
    same = {name: value for name, value in same.items() if name not in ("record_id", "values")}
    ids = take_ids(connection, change, len(record_ids))
    rows = (
        (change_id, record_id, text.decode())
        for change_id, record_id, text in zip(ids, record_ids, values, strict=True)
    )
    copy_rows(connection, change, ("id", "record_id", "values"), rows, same)
    told = same if with_events else {**same, "kind": events.QUIET}
    lane = events.lane_of(session.cause)
    write_events(
        session, told, [(record_id, number, lane) for record_id, number in zip(record_ids, ids, strict=True)]
    )


def write_events(session: CrmSession, same: Mapping[str, Any], rows: Iterable[tuple[int, int, int]]) -> None:
    """Leave one event per change that anybody listens to, and ring after the commit.

    Shape:  `same` is what the changes share; `rows` hold (record id, change id, lane).
    """
    if not is_heard(session, same["entity"], same["kind"]):
        return
    shared = {name: same[name] for name in ("kind", "entity", "revision")}
    shared |= {"created_at": same["at"], "state": "waiting", "attempts": 0}
    copy_rows(session.connection(), event, ("record_id", "change_id", "lane"), rows, shared)
    session.when_committed(events.BELL, lambda: queue.ring(events.BELL))


def take_ids(connection: sa.Connection, table: sa.Table, count: int) -> list[int]:
    """Return ids nobody else will get.

    Shape:  on SQLite the highest ones ever given plus one, plus two, ...: its single writer is us.
    """
    if connection.dialect.name == "postgresql":
        asked = sa.text(
            "SELECT array_agg(nextval(own.sequence)) FROM generate_series(1, :count), (SELECT"
            " CAST(pg_get_serial_sequence(quote_ident(:name), 'id') AS regclass) AS sequence OFFSET 0) AS own"
        )
        return connection.scalar(asked, {"name": table.name, "count": count})
    last = max(connection.scalar(sa.select(sa.func.max(table.c.id))) or 0, _last_given(connection, table))
    return list(range(last + 1, last + 1 + count))


def _last_given(connection: sa.Connection, table: sa.Table) -> int:
    """Return the highest number SQLite remembers for a table, deleted records counted; 0 where it counts none."""
    if not sa.inspect(connection).has_table("sqlite_sequence"):
        return 0
    asked = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return connection.scalar(asked, {"name": table.name}) or 0


def copy_rows(
    connection: sa.Connection,
    table: sa.Table,
    names: Sequence[str],
    rows: Iterable[tuple],
    same: Mapping[str, Any] | None = None,
) -> None:
    """Write rows the fastest way the database has: COPY on PostgreSQL, one prepared INSERT on SQLite.

    Shape:  tuples of typed values in the order of `names`, which are columns of the table; `same` holds the
            columns in which all rows are alike.
    Errors: sqlalchemy.exc.IntegrityError or DataError, as an INSERT has them.
    """
    same = same or {}
    rest = tuple(binder(connection, table, name)(value) for name, value in same.items())
    binds = [(place, binder(connection, table, name)) for place, name in enumerate(names)]
    changed = [(place, bind) for place, bind in binds if bind is not as_is]
    bound = (bound_row(row, changed) for row in rows) if changed else rows
    write = copy_to_postgresql if connection.dialect.name == "postgresql" else insert_into_sqlite
    write(connection, table, (*names, *same), ((*row, *rest) for row in bound))


def as_is(value: Any) -> Any:
    """Return the value: what binding does for most types."""
    return value


def binder(connection: sa.Connection, table: sa.Table, name: str) -> Callable[[Any], Any]:
    """Return what a column's type does when a value is bound."""
    dialect = connection.dialect
    return table.c[name].type.dialect_impl(dialect).bind_processor(dialect) or as_is


def bound_row(row: tuple, changed: Sequence[tuple[int, Callable[[Any], Any]]]) -> tuple:
    """Return one row with some of its values bound."""
    values = list(row)
    for place, bind in changed:
        values[place] = bind(values[place])
    return tuple(values)


def insert_into_sqlite(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[tuple]
) -> None:
    """Write rows by one prepared INSERT."""
    quote = connection.dialect.identifier_preparer.quote
    listed, marks = ", ".join(map(quote, names)), ", ".join("?" for _ in names)
    whole = list(rows)
    if whole:
        statement = f"INSERT INTO {quote(table.name)} ({listed}) VALUES ({marks})"  # noqa: S608 - columns of a Table
        connection.exec_driver_sql(statement, whole)


def copy_to_postgresql(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[tuple]
) -> None:
    """Write rows by COPY; a refusal becomes the error an INSERT would have raised."""
    import psycopg  # Loaded already where PostgreSQL is used, and not elsewhere.
    from psycopg import sql

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
