"""Rows that other packages keep about records, such as e-mails on a timeline: they follow a record that is merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.revisions.former_names import read_former_names

Moved = list[list[int]]
"""Rows that moved: (row, its record before, its record now)."""


@dataclass(frozen=True)
class Followers:
    """A table of rows about records.

    Shape:  the table has the columns `id`, `entity`, `record_id` and `revision`.
    """

    name: str
    table: sa.Table

    def move(self, session: CrmSession, entity: Entity, sources: Sequence[int], into: int) -> Moved:
        """Let the rows of some records be about another one of the entity."""
        connection, table = session.connection(), self.table
        about = read_former_names(connection).about(table, entity)
        asked = sa.select(table.c.id, table.c.record_id).where(about, table.c.record_id.in_(list(sources)))
        moved = [[row.id, row.record_id, into] for row in connection.execute(asked)]
        self._put(session, moved)
        return moved

    def move_back(self, session: CrmSession, moved: Iterable[Sequence[int]]) -> Moved:
        """Let rows be about the record they were about before, as far as they still are about the other one."""
        turned = [[number, now, before] for number, before, now in moved]
        self._put(session, turned)
        return turned

    def _put(self, session: CrmSession, moved: Moved) -> None:
        table, connection = self.table, session.connection()
        for number, before, now in moved:
            mine = (table.c.id == number, table.c.record_id == before)
            connection.execute(sa.update(table).where(*mine).values(record_id=now))


FOLLOWERS: list[Followers] = []
"""Every such table; a package adds its own where it declares it."""
