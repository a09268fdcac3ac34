"""Before a publish that changes the type of many values: their column is filled beside the old one, in batches."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm.database import about_to_write, utcnow
from crm.errors import ConflictError, Problem, SchemaError
from crm.revisions.batches import next_rows
from crm.revisions.column_moves import (
    BESIDE,
    add_move,
    carry_noted,
    end_move,
    find_prepared,
    move,
    note_writers,
    noted,
    overtaken,
)
from crm.revisions.convert import Move, do_not_convert, read_rows, write_values
from crm.revisions.indexes import is_large
from crm.revisions.locks import close_table, patiently, wait_shortly

LEASE_SECONDS = 60  # after which what nobody prepares any more is dropped
PAUSE_SECONDS = 0.02  # after each batch, so that other writers have their turn
FEW = 200  # noted records that the publish itself may convert
Beat = Callable[[], None]
CATCHES = 50  # rounds of converting what was noted; then the publish does the rest


def list_unready(connection: sa.Connection, moves: Iterable[Move]) -> list[Move]:
    """Return the moves of so many records that they have to be prepared, and are not."""
    return [
        one
        for one in moves
        if find_prepared(connection, one.fingerprint) is None and is_large(connection, one.table)
    ]


def prepare_moves(engine: sa.Engine, moves: Iterable[Move], beat: Beat = lambda: None) -> list[int]:
    """Fill the columns that fields will have, some records at a time; return the numbers of what was prepared.

    Shape:  `beat` is called now and then; what it raises ends the work.
    Errors: SchemaError naming the records whose values do not convert; ConflictError when somebody else prepares the
            same, or tables are in use. Nothing is left behind then.
    """
    made: list[int] = []
    problems: list[Problem] = []
    try:
        for one in moves:
            move_id, beside = patiently(lambda one=one: _begin(engine, one))
            made.append(move_id)
            refused, total = _fill(engine, move_id, beside, beat)
            if not refused or one.is_return:
                refused = _catch_up(engine, move_id, beside, refused)
            problems += do_not_convert(one, refused, total)
        if problems:
            raise SchemaError("schema.has_problems", problems, count=len(problems))
    except BaseException:  # whatever ends a preparation, nothing of it may stay behind
        drop_preparations(engine, made)
        raise
    return made


def _begin(engine: sa.Engine, one: Move) -> tuple[int, Move]:
    """Make the column, and note from now on who writes the old one.

    A column that returns is filled where it is: what it holds of records that were not changed since is kept.
    """
    with about_to_write(), engine.begin() as connection:
        wait_shortly(connection)
        _refuse_second(connection, one)
        has_column = one.is_return and one.new.column in _columns(connection, one.table)
        close_table(connection, one.table)
        move_id = add_move(connection, one, one.new.column, lease_until=_lease())
        beside = one if has_column else replace(one, column=f"{BESIDE}{move_id}")
        if not has_column:
            _add_column(connection, beside)
            named = sa.update(move).where(move.c.id == move_id).values(column_name=beside.column)
            connection.execute(named)
        note_writers(connection, move_id, one)
    return move_id, beside


def _refuse_second(connection: sa.Connection, one: Move) -> None:
    same = (move.c.fingerprint == one.fingerprint, move.c.revision.is_(None))
    for row in connection.execute(sa.select(move).where(*same)).all():
        if row.lease_until > utcnow():
            raise ConflictError("schema.publish_busy")
        _drop(connection, row)


def _columns(connection: sa.Connection, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(connection).get_columns(table)}


def _add_column(connection: sa.Connection, one: Move) -> None:
    quote = connection.dialect.identifier_preparer.quote
    kind = one.target.type.compile(connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {quote(one.table)} ADD COLUMN {quote(one.column)} {kind}")


def _lease() -> dt.datetime:
    return utcnow() + dt.timedelta(seconds=LEASE_SECONDS)


def _fill(engine: sa.Engine, move_id: int, one: Move, beat: Beat) -> tuple[dict[int, str], int]:
    """Convert every record, and return what was refused and how many had a value.

    From the first refusal on the rest is only counted: the publish will not happen.
    """
    refused: dict[int, str] = {}
    total, after = 0, 0
    while True:
        with about_to_write(), engine.begin() as connection:
            rows, last = next_rows(connection, one.place, [one.source, one.target], after)
            newer = overtaken(connection, one, [row[0] for row in rows])
            rows = [row for row in rows if row[0] not in newer and any(part is not None for part in row[1:])]
            values, bad = read_rows(one, rows)
            refused |= bad
            total += len(rows)
            if not refused or one.is_return:
                write_values(connection, one, values)
            _say(connection, move_id, **({} if last is None else {"after": last}))
        if last is None:
            return refused, total
        after = last
        beat()
        time.sleep(PAUSE_SECONDS)


def _say(connection: sa.Connection, move_id: int, **values: Any) -> None:
    """Write down how far a preparation is, and that it goes on."""
    said = sa.update(move).where(move.c.id == move_id, move.c.revision.is_(None))
    if not connection.execute(said.values(lease_until=_lease(), **values)).rowcount:
        raise ConflictError("schema.publish_busy")  # We were held for dead, and our column is gone.


def _catch_up(engine: sa.Engine, move_id: int, one: Move, refused: dict[int, str]) -> dict[int, str]:
    """Convert what was written meanwhile until little is left; return what is refused now."""
    for left in reversed(range(CATCHES)):
        with about_to_write(), engine.begin() as connection:
            done, bad = carry_noted(connection, move_id, one)
            refused = {key: value for key, value in refused.items() if key not in done} | bad
            asked = sa.select(sa.func.count()).select_from(noted).where(noted.c.move_id == move_id)
            is_done = connection.scalar(asked) <= FEW or not left
            _say(connection, move_id, is_full=is_done and (one.is_return or not refused))
        if is_done:
            break
        time.sleep(PAUSE_SECONDS)
    return refused


# What came to nothing


def drop_preparations(engine: sa.Engine, made: list[int]) -> None:
    """Drop what was prepared for a publish that is over: what it used has a revision by now."""
    if made:
        _drop_all(engine, move.c.id.in_(made))


def drop_abandoned(engine: sa.Engine) -> None:
    """Drop what was prepared by somebody who died."""
    _drop_all(engine, move.c.lease_until < utcnow())


def _drop_all(engine: sa.Engine, which: sa.ColumnElement[bool]) -> None:
    with suppress(ConflictError):  # The tables are in use; the next sweep tries again.
        patiently(lambda: _drop_now(engine, which))


def _drop_now(engine: sa.Engine, which: sa.ColumnElement[bool]) -> None:
    with about_to_write(), engine.begin() as connection:
        wait_shortly(connection)
        for row in connection.execute(sa.select(move).where(which, move.c.revision.is_(None))).all():
            _drop(connection, row)


def _drop(connection: sa.Connection, row: Any) -> None:
    close_table(connection, row.table_name)
    end_move(connection, row)
    if row.column_name.startswith(BESIDE):
        quote = connection.dialect.identifier_preparer.quote
        connection.exec_driver_sql(
            f"ALTER TABLE {quote(row.table_name)} DROP COLUMN {quote(row.column_name)}"
        )


@dataclass(frozen=True)
class Preparing:
    """A field whose values are being converted before its publish: `done` of `total` records, counted in ids."""

    table: str
    field_uid: str
    done: int
    total: int


def list_preparing(connection: sa.Connection) -> list[Preparing]:
    """Return what is being prepared."""
    found = []
    for row in connection.execute(sa.select(move).where(move.c.revision.is_(None)).order_by(move.c.id)).all():
        ids = sa.select(sa.func.max(sa.column("id"))).select_from(sa.table(row.table_name))
        total = max(connection.scalar(ids) or 0, row.after)
        found.append(Preparing(row.table_name, row.field_uid, total if row.is_full else row.after, total))
    return found
