"""Moves values to another column: a row holds the progress of each move, triggers note records written meanwhile.

A move starts before its publish when many records have values (`prepare.py`), else within it. Until every process
works with the new revision, triggers note each record whose old column is written, and its value is carried over.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from crm.database import BigId, about_to_write, metadata, only_reading, utcnow
from crm.entities.build import build_entity
from crm.entities.identity import identities_from_json
from crm.entities.load import documents_from_json
from crm.errors import Problem
from crm.fields.base import Field
from crm.revisions.batches import BATCH
from crm.revisions.convert import Move, convert_at_once, do_not_convert, read_rows, write_values
from crm.revisions.locks import close_table, is_not_free, wait_shortly
from crm.revisions.processes import oldest_revision
from crm.revisions.store import find_revision

logger = logging.getLogger(__name__)

GRACE_SECONDS = 30  # after every process took the revision up, for answers that began before
BESIDE = "_new_"  # how the name of a column begins that no revision has yet; no field's name does

move = sa.Table(
    "crm_move",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("table_name", sa.String(64), nullable=False),
    sa.Column("old_column", sa.String(64), nullable=False),
    sa.Column("column_name", sa.String(64), nullable=False),  # where the new values are
    sa.Column("field_uid", sa.String(64), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("revision", sa.Integer),  # that has the new column; none while it is prepared
    sa.Column("after", sa.BigInteger, nullable=False, default=0),  # the last record converted
    sa.Column("is_full", sa.Boolean, nullable=False, default=False),  # but for what was noted
    sa.Column("lease_until", sa.DateTime),  # of who prepares it
    sa.Column("everywhere_since", sa.DateTime),
)

noted = sa.Table(
    "crm_move_row",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("move_id", sa.BigInteger, nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Index("ix_crm_move_row", "move_id", "record_id"),
)
"""Records whose old column was written since they were converted."""

FUNCTIONS = (
    """CREATE OR REPLACE FUNCTION crm_note_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO crm_move_row (move_id, record_id) VALUES (TG_ARGV[0]::bigint, NEW.id); RETURN NULL; END $$""",
    """CREATE OR REPLACE FUNCTION crm_forget_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM crm_move_row WHERE move_id = TG_ARGV[0]::bigint AND record_id = NEW.id; RETURN NULL; END $$""",
)


def install(engine: sa.Engine) -> None:
    """Create what the triggers call in a PostgreSQL database; safe to repeat. SQLite's triggers say it themselves."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            for statement in FUNCTIONS:
                connection.exec_driver_sql(statement)


# Within the publish


def find_prepared(connection: sa.Connection, fingerprint: str) -> Any:
    """Return the row of a move that was prepared to its end; None when there is none."""
    ready = (move.c.fingerprint == fingerprint, move.c.revision.is_(None), move.c.is_full)
    return connection.execute(sa.select(move).where(*ready).order_by(move.c.id)).first()


def prepared_columns(connection: sa.Connection, moves: Iterable[Move]) -> set[tuple[str, str]]:
    """Return table and column of those moves whose column is there under another name."""
    return {
        (one.table, one.new.column) for one in moves if find_prepared(connection, one.fingerprint) is not None
    }


def take_over(connection: sa.Connection, one: Move, number: int) -> list[Problem]:
    """Bring all values into their new column, which revision `number` has, and note from now on who writes the old one.

    Return the problem of values that do not convert.
    """
    close_table(connection, one.table)
    _end_the_way_back(connection, one)
    row = find_prepared(connection, one.fingerprint)
    if row is None:
        refused, total = convert_at_once(connection, one)
        move_id = add_move(connection, one, one.new.column, revision=number, is_full=True)
        note_writers(connection, move_id, one)
    else:
        move_id, beside = row.id, replace(one, column=row.column_name)
        refused, total = carry_all_noted(connection, move_id, beside)
        if row.column_name != one.new.column:
            _rename(connection, one.table, row.column_name, one.new.column)
        taken = {"revision": number, "column_name": one.new.column}
        connection.execute(sa.update(move).where(move.c.id == move_id).values(**taken))
    _forget_what_is_overwritten(connection, move_id, one)
    return do_not_convert(one, refused, total)


def _end_the_way_back(connection: sa.Connection, one: Move) -> None:
    """End a move that this one reverts, so that no value is carried back."""
    reverted = (
        move.c.field_uid == one.new.uid,
        move.c.old_column == one.new.column,
        move.c.revision.is_not(None),
    )
    for row in connection.execute(sa.select(move).where(*reverted)).all():
        _end_here(connection, row, _known_move(connection, row))


def _rename(connection: sa.Connection, table: str, column: str, name: str) -> None:
    quote = connection.dialect.identifier_preparer.quote
    connection.exec_driver_sql(f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(column)} TO {quote(name)}")


def add_move(connection: sa.Connection, one: Move, column: str, **values: Any) -> int:
    """Write down a move and return its number."""
    places = {"table_name": one.table, "old_column": one.old.column, "column_name": column}
    row = {**places, "field_uid": one.new.uid, "fingerprint": one.fingerprint, **values}
    return connection.execute(sa.insert(move).values(**row)).inserted_primary_key[0]


# Triggers


def note_writers(connection: sa.Connection, move_id: int, one: Move) -> None:
    """Note from now on every record whose old column is written."""
    column = connection.dialect.identifier_preparer.quote(one.old.column)
    note = f"INSERT INTO crm_move_row (move_id, record_id) VALUES ({move_id}, NEW.id)"  # noqa: S608 - a number
    _trigger(connection, (move_id, "new"), one.table, "INSERT", f"NEW.{column} IS NOT NULL", note)
    _trigger(
        connection, (move_id, "old"), one.table, f"UPDATE OF {column}", _differs(connection, column), note
    )


def _forget_what_is_overwritten(connection: sa.Connection, move_id: int, one: Move) -> None:
    """Drop the note of a record when its new column is written: that value is newer."""
    column = connection.dialect.identifier_preparer.quote(one.new.column)
    forget = f"DELETE FROM crm_move_row WHERE move_id = {move_id} AND record_id = NEW.id"  # noqa: S608 - a number
    when = _differs(connection, column)
    _trigger(connection, (move_id, "over"), one.table, f"UPDATE OF {column}", when, forget)


def _differs(connection: sa.Connection, column: str) -> str:
    sign = "IS DISTINCT FROM" if connection.dialect.name == "postgresql" else "IS NOT"
    return f"OLD.{column} {sign} NEW.{column}"


def _trigger(
    connection: sa.Connection, key: tuple[int, str], table: str, event: str, when: str, deed: str
) -> None:
    name, table = f"crm_move_{key[0]}_{key[1]}", connection.dialect.identifier_preparer.quote(table)
    if connection.dialect.name == "postgresql":
        function = "crm_forget_move" if key[1] == "over" else "crm_note_move"
        what = f"EXECUTE FUNCTION {function}('{key[0]}')"
    else:
        what = f"BEGIN {deed}; END"
    connection.exec_driver_sql(
        f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN ({when}) {what}"
    )


def end_move(connection: sa.Connection, row: Any) -> None:
    """Drop the triggers of a move and forget it."""
    on = f" ON {connection.dialect.identifier_preparer.quote(row.table_name)}"
    for key in ("new", "old", "over"):
        tail = on if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS crm_move_{row.id}_{key}{tail}")
    connection.execute(sa.delete(noted).where(noted.c.move_id == row.id))
    connection.execute(sa.delete(move).where(move.c.id == row.id))


# Carrying over


def carry_noted(connection: sa.Connection, move_id: int, one: Move) -> tuple[set[int], dict[int, str]]:
    """Convert some of the noted records, without waiting for locked ones; return them, and what was refused."""
    asked = sa.select(noted.c.record_id).where(noted.c.move_id == move_id).distinct()
    ids = list(connection.scalars(asked.order_by(noted.c.record_id).limit(BATCH)))
    if not ids:
        return set(), {}
    place = one.place
    found = sa.select(*place.c).where(place.c.id.in_(ids)).order_by(place.c.id)
    rows = connection.execute(found.with_for_update(skip_locked=True, key_share=True)).all()
    there = set(connection.scalars(sa.select(place.c.id).where(place.c.id.in_(ids))))
    done = {row[0] for row in rows} | (set(ids) - there)
    of_them = (noted.c.move_id == move_id, noted.c.record_id.in_(done))
    still = set(connection.scalars(sa.select(noted.c.record_id).where(*of_them)))  # now that they are held
    still -= overtaken(connection, one, still)
    values, refused = read_rows(one, [row for row in rows if row[0] in still])
    connection.execute(sa.delete(noted).where(*of_them))
    write_values(connection, one, values)
    return done, refused


def overtaken(connection: sa.Connection, one: Move, ids: Collection[int]) -> set[int]:
    """Return the records whose value in a column that returns is the newer one.

    A process of a revision that has the column wrote it, and the move away from it has yet to carry that over.
    """
    if not one.is_return or not ids:
        return set()
    away = sa.select(move.c.id).where(move.c.field_uid == one.new.uid, move.c.old_column == one.target.name)
    asked = sa.select(noted.c.record_id).where(noted.c.move_id.in_(away), noted.c.record_id.in_(ids))
    return set(connection.scalars(asked))


def carry_all_noted(connection: sa.Connection, move_id: int, one: Move) -> tuple[dict[int, str], int]:
    """Convert every record that was noted, in a table that is closed; return what was refused, and how many it was."""
    refused: dict[int, str] = {}
    total = 0
    while True:
        done, bad = carry_noted(connection, move_id, one)
        if not done:
            return refused, total
        refused |= bad
        total += len(done)


# After the publish


def has_moves(engine: sa.Engine) -> bool:
    """Return whether values may still be written to a column that the live revision does not have."""
    with only_reading(), engine.connect() as connection:
        return bool(connection.scalar(sa.select(sa.func.count()).select_from(move)))


def settle_moves(engine: sa.Engine) -> bool:
    """Carry over what processes of the revision before wrote; end the moves that none of them can concern any more.

    Return whether there still are such processes. Safe to repeat at any moment, and to call in two processes.
    """
    with only_reading(), engine.connect() as connection:
        rows = connection.execute(
            sa.select(move).where(move.c.revision.is_not(None)).order_by(move.c.id)
        ).all()
        known = [(row, _known_move(connection, row)) for row in rows]
        oldest = oldest_revision(connection)
    for row, one in known:
        while one is not None and _carry_some(engine, row.id, one):
            pass
        if oldest is None or oldest >= row.revision:
            _end_after_grace(engine, row, one, oldest is not None)
    return any(oldest is not None and oldest < row.revision for row in rows)


def _carry_some(engine: sa.Engine, move_id: int, one: Move) -> bool:
    with about_to_write(), engine.begin() as connection:
        done, refused = carry_noted(connection, move_id, one)
    if refused:  # They stay in the column they have, and come back with it.
        logger.warning(
            "Values of %s written by the revision before do not fit: %s", one.new.name, sorted(refused)
        )
    return bool(done)


def _end_after_grace(engine: sa.Engine, row: Any, one: Move | None, has_processes: bool) -> None:
    """End a move that every process knows about, once all requests that began before it must be over."""
    now = utcnow()
    try:
        with about_to_write(), engine.begin() as connection:
            if has_processes and row.everywhere_since is None:
                connection.execute(sa.update(move).where(move.c.id == row.id).values(everywhere_since=now))
            elif not has_processes or row.everywhere_since < now - dt.timedelta(seconds=GRACE_SECONDS):
                wait_shortly(connection)
                _end_here(connection, row, one)
    except sa.exc.OperationalError as error:
        if not is_not_free(error):
            raise  # else the next sweep tries again


def _end_here(connection: sa.Connection, row: Any, one: Move | None) -> None:
    close_table(connection, row.table_name)
    if one is not None:
        carry_all_noted(connection, row.id, one)
    end_move(connection, row)


def end_all_moves(connection: sa.Connection) -> None:
    """End every move that has its revision, before old columns are dropped; every process must know that revision."""
    for row in connection.execute(
        sa.select(move).where(move.c.revision.is_not(None)).order_by(move.c.id)
    ).all():
        _end_here(connection, row, _known_move(connection, row))


def _known_move(connection: sa.Connection, row: Any) -> Move | None:
    """Return a published move, read from the two revisions it lies between."""
    old = _field_at(connection, row.revision - 1, row.field_uid)
    new = _field_at(connection, row.revision, row.field_uid)
    return Move(row.table_name, old, new, is_return=True, column=row.column_name) if old and new else None


def _field_at(connection: sa.Connection, number: int, uid: str) -> Field | None:
    found = find_revision(connection, number)
    identities = identities_from_json(found["identities"])
    for document in documents_from_json(found["documents"]):
        if document.kind == "entity":
            known = identities.entities[document.name].fields
            name = next((name for name, field in known.items() if field.uid == uid), None)
            if name is not None:
                return build_entity(document, identities).fields[name]
    return None
