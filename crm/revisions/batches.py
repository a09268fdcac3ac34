"""Going through a whole table while people work in it: some records at a time, and never waiting for anybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

BATCH = 2_000


def next_rows(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[sa.ColumnElement],
    after: int,
    most: int = BATCH,
) -> tuple[Sequence[Any], int | None]:
    """Lock the next records after an id for the rest of the transaction; return them and the last id they cover.

    Shape:  rows of (id, *columns). They end before the first record that another transaction has locked: we never
            wait, so we cannot be part of a deadlock. The id is None when no record is left.
    """
    behind = sa.select(table.c.id).where(table.c.id > after).order_by(table.c.id).limit(most)
    ids = list(connection.scalars(behind))
    if not ids:
        return [], None
    asked = sa.select(table.c.id, *columns).where(table.c.id.between(ids[0], ids[-1])).order_by(table.c.id)
    rows = connection.execute(asked.with_for_update(skip_locked=True, key_share=True)).all()
    held = {row[0] for row in rows}
    busy = next((number for number in ids if number not in held), None)
    if busy is None:
        return rows, ids[-1]
    return [row for row in rows if row[0] < busy], busy - 1
