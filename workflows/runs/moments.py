"""What a record held at the moment of an event: its values now, with every later change taken back.

Rules are judged by that moment, so the answer does not depend on how late the worker comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import FieldError
from crm.events import event
from crm.fields import FIELD_TYPES
from crm.records.draft import RecordDraft
from crm.records.journal import DELETED, change, read_changes
from crm.records.values import values_of


@dataclass(frozen=True)
class Origin:
    """What made a rule look at a record: who did it, and what led there.

    Shape:  `changed` maps the changed fields of the record to their values before. `cause` is the chain that led to
            the change, the change's own actor not included.
    """

    entity: Entity
    record_id: int
    changed: Mapping[str, Any]
    cause: tuple[str, ...]
    actor: str


@dataclass(frozen=True)
class Moment(Origin):
    """A record before and after one change.

    Shape:  `before` is None for a record that was created by it, `after` the gone record's last values for
            one that was deleted.
    """

    after: RecordDraft
    before: RecordDraft | None

    def seen_from(self, session: CrmSession) -> Moment:
        """Return the same moment, reading what lies around the record through another session."""
        return replace(
            self, after=_moved(self.after, session), before=self.before and _moved(self.before, session)
        )


def _moved(draft: RecordDraft, session: CrmSession) -> RecordDraft:
    return RecordDraft(session, draft.__entity__, draft._values, draft.id)


class History:
    """The changes of a batch of records, read at once.

    Shape:  `first` is the lowest change id of the batch: whatever came later may have to be taken back.
    """

    def __init__(self, session: CrmSession, records: Iterable[tuple[str, int]], first: int) -> None:
        self.session = session
        self.rows: dict[tuple[str, int], list[dict[str, Any]]] = {}
        self.records: dict[tuple[str, int], Any] = {}
        by_entity: dict[str, set[int]] = {}
        for entity, record_id in records:
            by_entity.setdefault(entity, set()).add(record_id)
        for entity, ids in by_entity.items():
            self._read_changes(entity, ids, first)
            self._read_records(entity, ids)

    def _read_changes(self, entity: str, ids: set[int], first: int) -> None:
        declared = self.session.workspace.schema.entities.get(entity)
        asked = sa.select(change).where(change.c.record_id.in_(ids), change.c.id >= first)
        for row in read_changes(self.session, declared, asked.order_by(change.c.id)) if declared else ():
            self.rows.setdefault((entity, row["record_id"]), []).append(row)

    def _read_records(self, entity: str, ids: set[int]) -> None:
        cls = self.session.workspace.models.get(entity)
        if cls is not None:
            for record in self.session.scalars(sa.select(cls).where(cls.id.in_(ids))):
                self.records[entity, record.id] = record

    def moment(self, entity: Entity, record_id: int, change_id: int) -> Moment | None:
        """Return the record around one of the changes; None when the journal no longer has the change."""
        rows = self.rows.get((entity.name, record_id), [])
        mine = next((row for row in rows if row["id"] == change_id), None)
        if mine is None:
            return None
        values = self._values_now(entity, record_id)
        for row in reversed(rows):
            if row["id"] > change_id:
                values |= {name: pair[0] for name, pair in self._typed(entity, row).items()}
        return self._around(entity, record_id, mine, values)

    def _values_now(self, entity: Entity, record_id: int) -> dict[str, Any]:
        record = self.records.get((entity.name, record_id))
        return values_of(self.session, record, stored_names(entity)) if record is not None else {}

    def _around(self, entity: Entity, record_id: int, row: Mapping, values: dict[str, Any]) -> Moment:
        typed = self._typed(entity, row)
        old = {name: pair[0] for name, pair in typed.items()}
        before = (
            None
            if row["kind"] == "created"
            else RecordDraft(self.session, entity, {**values, **old}, record_id)
        )
        side = 0 if row["kind"] == DELETED else 1
        after = {**values, **{name: pair[side] for name, pair in typed.items()}}
        draft = RecordDraft(self.session, entity, {**_system(self.records.get((entity.name, record_id))),
        **after},
                            record_id)  # fmt: skip
        return Moment(entity, record_id, old, tuple(row["cause"]), actor_of(row), draft, before)

    def _typed(self, entity: Entity, row: Mapping) -> dict[str, list[Any]]:
        return typed_values(entity, row)


def typed_values(entity: Entity, row: Mapping) -> dict[str, list[Any]]:
    """Return the changed fields of a row of the journal that still exist as typed `[before, after]`."""
    return {name: [_value(entity, name, value) for value in pair] for name, pair in row["values"].items()}


def actor_of(row: Mapping[str, Any]) -> str:
    """Return who made a change of the journal, as chains of causes name them."""
    return f"{row['actor_kind']}:{row['user_id'] or row['actor_name']}"


def stored_names(entity: Entity) -> list[str]:
    """Return the fields that have a column."""
    return [field.name for field in entity.fields.values() if FIELD_TYPES[field.type].stored]


def _value(entity: Entity, name: str, value: Any) -> Any:
    field = entity.fields[name]
    if value is None:
        return None
    try:
        return FIELD_TYPES[field.type].from_json(field, value)
    except FieldError:
        return None  # a value of a type the field no longer has


def _system(record: Any) -> dict[str, Any]:
    """Return what every record has and no change touches."""
    if record is None:
        return {}
    return {
        "created_at": record.created_at,
        "created_by": record.created_by_id,
        "updated_at": record.updated_at,
        "updated_by": record.updated_by_id,
    }


def change_of_event(session: CrmSession, entity: Entity, event_id: int) -> dict[str, list[Any]] | None:
    """Return what an event's change wrote, as the journal keeps it; None when either is erased."""
    number = session.scalar(sa.select(event.c.change_id).where(event.c.id == event_id))
    rows = read_changes(session, entity, sa.select(change).where(change.c.id == number)) if number else []
    return rows[0]["values"] if rows else None


def find_gone(session: CrmSession, entity: Entity, record_id: int) -> RecordDraft | None:
    """Return the last values of a deleted record, from the journal."""
    asked = sa.select(change).where(change.c.record_id == record_id, change.c.kind == DELETED)
    last = read_changes(session, entity, asked.order_by(change.c.id.desc()).limit(1))
    if not last:
        return None
    values = {name: _value(entity, name, pair[0]) for name, pair in last[0]["values"].items()}
    return RecordDraft(session, entity, values, record_id)
