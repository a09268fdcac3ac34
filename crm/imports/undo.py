"""Taking a batch back by the journal: what nobody touched since is removed or restored, the rest is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields import FIELD_TYPES
from crm.imports import service
from crm.imports.lease import CHUNK as ROWS
from crm.imports.lease import Attempt, ImportWorkshop
from crm.permissions.model import SYSTEM
from crm.records.bulk import CHUNK, RecordEdit, delete_rows, load_rows, update_rows
from crm.records.journal import CREATED, UPDATED, change, read_changes
from crm.records.reverting import FormerValues
from crm.revisions.former_names import read_former_names

Change = Mapping[str, Any]


@dataclass
class Undone:
    """What became of one chunk of changes.

    Shape:  `last` is the smallest change looked at; the next chunk is below it.
    """

    last: int
    seen: int = 0
    removed: int = 0
    restored: int = 0
    kept: int = 0


class Undoer:
    """Takes back the changes of one batch, newest first."""

    def __init__(self, session: CrmSession, entity: Entity, batch_id: int) -> None:
        self.session, self.entity, self.batch_id = session, entity, batch_id

    def undo_chunk(self, below: int, limit: int) -> Undone | None:
        """Take back the next changes below a change; None when there are none left."""
        asked = sa.select(change).where(
            change.c.batch_id == self.batch_id, change.c.kind.in_((CREATED, UPDATED))
        )
        if below:
            asked = asked.where(change.c.id < below)
        rows = read_changes(self.session, self.entity, asked.order_by(change.c.id.desc()).limit(limit))
        if not rows:
            return None
        outcome = Undone(rows[-1]["id"], len(rows))
        stored = load_rows(self.session, self.entity, (row["record_id"] for row in rows), lock=True)
        self.remove([row for row in rows if row["kind"] == CREATED], stored, outcome)
        self.restore([row for row in rows if row["kind"] == UPDATED], stored, outcome)
        return outcome

    def remove(self, rows: list[Change], stored: Mapping[int, Mapping], outcome: Undone) -> None:
        """Delete the records the batch created, unless somebody changed them or points to them."""
        ids = {row["record_id"] for row in rows if row["record_id"] in stored}
        ids -= self.list_touched(rows)
        ids -= self.list_parents(ids)
        delete_rows(
            self.session, self.entity, [RecordEdit(record_id, stored[record_id]) for record_id in sorted(ids)]
        )
        outcome.removed += len(ids)
        outcome.kept += sum(1 for row in rows if row["record_id"] in stored) - len(ids)

    def list_touched(self, rows: Iterable[Change]) -> set[int]:
        """Return the records that were changed after the batch wrote them."""
        ids = [row["record_id"] for row in rows]
        first = {row["record_id"]: row["id"] for row in rows}
        connection, found = self.session.connection(), set()
        own = read_former_names(connection).about(change, self.entity)
        for start in range(0, len(ids), CHUNK):
            asked = sa.select(change.c.record_id, sa.func.max(change.c.id)).where(
                own, change.c.record_id.in_(ids[start : start + CHUNK])
            )
            for record_id, newest in connection.execute(asked.group_by(change.c.record_id)):
                if newest > first[record_id]:
                    found.add(record_id)
        return found

    def list_parents(self, ids: Iterable[int]) -> set[int]:
        """Return the records that others point to."""
        wanted, found = sorted(ids), set()
        schema, models = self.session.workspace.schema, self.session.workspace.models
        for inverse in self.entity.inverses.values():
            field = schema.entities[inverse.entity].fields[inverse.field]
            child = models[inverse.entity]
            attribute = getattr(child, FIELD_TYPES[field.type].attribute(field))
            with self.session.as_system():
                for start in range(0, len(wanted), CHUNK):
                    asked = (
                        sa.select(attribute).where(attribute.in_(wanted[start : start + CHUNK])).distinct()
                    )
                    found.update(self.session.scalars(asked))
        return found

    def restore(self, rows: list[Change], stored: Mapping[int, Mapping], outcome: Undone) -> None:
        """Give fields back the value they had, where they still hold what the batch wrote."""
        edits, former = [], FormerValues(self.entity)
        for row in rows:
            before = stored.get(row["record_id"])
            if before is None:
                continue
            after, touched = former.before(row["values"], before)
            if after:
                edits.append(RecordEdit(row["record_id"], before, after))
            if not touched and not row["gone"]:
                outcome.restored += 1
            else:
                outcome.kept += 1
        update_rows(self.session, self.entity, edits)


def take_back(_workshop: ImportWorkshop, attempt: Attempt) -> None:
    """Take back what the batch wrote, newest change first."""
    session, batch = attempt.session, attempt.batch
    session.batch_id, session.cause = None, (f"import-undo:{batch['id']}",)
    undoer = Undoer(session, attempt.entity, batch["id"])
    while True:
        attempt.hold_to_write()
        outcome = undoer.undo_chunk(batch["done_number"], ROWS)
        if outcome is None:
            break
        counts = {name: batch[name] + getattr(outcome, name) for name in ("removed", "restored", "kept")}
        attempt.note(done=batch["done"] + outcome.seen, done_number=outcome.last, **counts)
        session.commit()
        attempt.give_way()
    attempt.finish("undone")


def count_undo(workshop: ImportWorkshop, batch_id: int) -> dict[str, int]:
    """Return what an undo would do: it is done, counted and rolled back."""
    workspace = workshop.workspace()
    with CrmSession(workspace.bind(workshop.engine)) as session:
        session.workspace, session.actor = workspace, SYSTEM
        batch = service.get_batch(session, batch_id)
        undoer = Undoer(session, service.entity_of(session, batch["entity"]), batch_id)
        counts, below = Counter(removed=0, restored=0, kept=0), 0
        while (outcome := undoer.undo_chunk(below, ROWS)) is not None:
            below = outcome.last
            counts.update(removed=outcome.removed, restored=outcome.restored, kept=outcome.kept)
        session.rollback()
    return dict(counts)
