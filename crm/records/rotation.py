"""A new key: everything that older keys sealed is sealed anew, a little at a time, while the house works."""

from __future__ import annotations

import sqlalchemy as sa

from crm.entities.workspace import Workspace
from crm.records.journal import change, reseal_values
from crm.records.store import list_sealed_otherwise, replace_sealed, sealed_columns
from crm.secrets import current_keys

CHUNK = 500


def reseal_everything(engine: sa.Engine, workspace: Workspace) -> dict[str, int]:
    """Seal every value of every encrypted field by the first key; return counts of values and journal rows.

    Safe to repeat and to interrupt: each chunk is a transaction of its own, and what is done is not done again.
    Neither version nor history of a record changes: nobody saved it.
    """
    key_id, values = current_keys()[0].id, 0
    for column in sealed_columns(workspace):
        while done := _reseal_some(engine, column, key_id):
            values += done
    return {"values": values, "changes": _reseal_journal(engine, key_id)}


def _reseal_some(engine: sa.Engine, column: sa.Column, key_id: str) -> int:
    with engine.begin() as connection:
        found = list_sealed_otherwise(connection, column, key_id, CHUNK)
        rows = [{"row": row_id, "old": text, "value": column.type.open(text)} for row_id, text in found]
        if rows:
            replace_sealed(connection, column, rows)
    return len(rows)


def _reseal_journal(engine: sa.Engine, key_id: str) -> int:
    last, total = 0, 0
    while True:
        with engine.begin() as connection:
            asked = sa.select(change.c.id, change.c["values"]).where(
                change.c.id > last, change.c["values"].contains('{"sealed"')
            )
            rows = connection.execute(asked.order_by(change.c.id).limit(CHUNK)).all()
            for row_id, text in rows:
                fresh = reseal_values(text, key_id)
                if f'"{key_id}.' in fresh and fresh != text:
                    connection.execute(sa.update(change).where(change.c.id == row_id).values(values=fresh))
                    total += 1
        if not rows:
            return total
        last = rows[-1][0]
