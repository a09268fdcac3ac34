"""The one journal: every change of every record, written in the record's own transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm import events, queue
from crm.database import BigId, CrmSession, metadata, row_of
from crm.entities.model import Entity
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.revisions.former_names import read_former_names
from crm.revisions.models import Record
from crm.revisions.store import live_number, revision
from crm.secrets import reseal, seal, unseal

CREATED, UPDATED, DELETED, RESTORED = "created", "updated", "deleted", "restored"
AT_ONCE = 1_000  # changes of one question
SEALED = "sealed"  # the one key of a JSON value nobody can read in the database

change = sa.Table(
    "crm_change",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("values", sa.Text, nullable=False, info={SEALED: "values"}),  # {"field": [before, after]}
    sa.Column("user_id", sa.Integer),
    sa.Column("actor_kind", sa.String(16), nullable=False),
    sa.Column("actor_name", sa.String(100), nullable=False),
    sa.Column("batch_id", sa.BigInteger, index=True),
    sa.Column("cause", sa.Text, nullable=False, default="[]"),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Index("ix_crm_change_record", "entity", "record_id", "id"),
)
"""One row per saved record: which fields, from what to what, by whom and why."""

NOTING = sa.insert(change).values(
    {column.name: sa.bindparam(column.name, type_=column.type) for column in change.c if column.name != "id"}
)
NOTE_ONE = NOTING.returning(change.c.id, sa.select(sa.func.max(revision.c.number)).scalar_subquery())
"""One change; returns its id and the number of the live revision."""

NOTE_HEARD = events.leave_event_of(NOTING.returning(change.c.id).cte("noted"))
"""One change and its event, for PostgreSQL; SQLite inserts nothing within a statement, and has no round trips."""


def journaled_fields(entity: Entity) -> Iterator[tuple[Field, Any, str]]:
    """Yield field, type and attribute of everything the journal keeps."""
    for field in entity.fields.values():
        field_type = FIELD_TYPES[field.type]
        if field_type.stored and field.history:
            yield field, field_type, field_type.attribute(field)


def change_row(
    session: CrmSession, entity: str, record_id: int, kind: str, values: Mapping
) -> dict[str, Any]:
    """Return one journal row for what this session's actor did.

    Shape:  `values` maps field names to `[before, after]` as JSON values.
    """
    return {
        "entity": entity,
        "record_id": record_id,
        "kind": kind,
        "values": json.dumps(values, ensure_ascii=False, default=str),
        "user_id": session.actor.user_id,
        "actor_kind": session.actor.kind,
        "actor_name": session.actor.name[:100],
        "batch_id": session.batch_id,
        "cause": json.dumps(session.cause),
        "revision": session.workspace.number,
        "at": session.clock(),
    }


@sa.event.listens_for(CrmSession, "after_flush")
def _note_changes(session: CrmSession, _context: Any) -> None:
    """Write change and event rows; the history of attributes is still whole here."""
    rows = [row for record, kind in _touched(session) if (row := _row_of(session, record, kind))]
    if not rows:
        return
    connection = session.connection()
    if len(rows) == 1:
        _note_one(session, connection, rows[0])
        return
    ids = connection.scalars(
        sa.insert(change).returning(change.c.id, sort_by_parameter_order=True), rows
    ).all()
    leave_events(session, connection, rows, ids)


def _note_one(session: CrmSession, connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Write one change and, if anybody listens, its event, in as few round trips as can be."""
    if _is_heard_here(session, row["entity"], row["kind"]) and connection.dialect.name == "postgresql":
        connection.execute(NOTE_HEARD, {**row, "lane": events.lane_of(session.cause)})
        _ring_when_committed(session)
        return
    change_id, live = connection.execute(NOTE_ONE, row).one()
    session.info["is_outdated"] = (session.get_transaction(), live != session.workspace.number)
    leave_events(session, connection, [row], [change_id])


def leave_events(
    session: CrmSession, connection: sa.Connection, rows: Sequence[Mapping], ids: Sequence[int]
) -> None:
    """Leave one event per change that anybody listens to, and ring after the commit."""
    told = [
        {
            "kind": row["kind"],
            "entity": row["entity"],
            "record_id": row["record_id"],
            "change_id": change_id,
            "revision": row["revision"],
            "created_at": row["at"],
            "lane": events.lane_of(session.cause),
        }
        for row, change_id in zip(rows, ids, strict=True)
        if is_heard(session, row["entity"], row["kind"])
    ]
    if told:
        events.leave_events(connection, told)
        _ring_when_committed(session)


def is_heard(session: CrmSession, entity: str, kind: str) -> bool:
    """Return whether a change must leave an event: somebody listens to it, or may do so in a newer revision."""
    return _is_heard_here(session, entity, kind) or _is_outdated(session)


def _is_heard_here(session: CrmSession, entity: str, kind: str) -> bool:
    return (entity, kind) in events.heard_changes(session.workspace)


def _is_outdated(session: CrmSession) -> bool:
    """Return whether a newer revision than the session's is live: what it listens to is not known here.

    Shape:  asked once per transaction; what is published after that counts as published after the save.
    """
    asked = session.get_transaction()
    known = session.info.get("is_outdated")
    if known is None or known[0] is not asked:
        is_newer = live_number(session.connection()) != session.workspace.number
        known = session.info["is_outdated"] = (asked, is_newer)
    return known[1]


def _ring_when_committed(session: CrmSession) -> None:
    session.when_committed(events.BELL, lambda: queue.ring(events.BELL))


def _touched(session: Session) -> Iterator[tuple[Record, str]]:
    for objects, kind in ((session.new, CREATED), (session.dirty, UPDATED), (session.deleted, DELETED)):
        for record in objects:
            if isinstance(record, Record):
                yield record, kind


def _row_of(session: CrmSession, record: Record, kind: str) -> dict[str, Any] | None:
    values: dict[str, list] = {}
    state = sa.inspect(record)
    for field, field_type, attribute in journaled_fields(record.__entity__):
        if attribute in state.unloaded and kind != DELETED:
            continue
        history = state.attrs[attribute].history
        before = history.deleted[0] if history.deleted else None
        after = history.added[0] if history.added else None
        if kind == DELETED:
            before, after = getattr(record, attribute), None
        elif not history.has_changes():
            continue
        if before != after:
            values[field.name] = [_json(field_type, field, before), _json(field_type, field, after)]
    if kind == UPDATED and not values:
        return None
    return change_row(session, record.__entity__.name, record.id, kind, values)


def _json(field_type: Any, field: Field, value: Any) -> Any:
    if value is None:
        return None
    return kept_value(field, field_type.to_json(field, value))


def kept_value(field: Field, plain: Any) -> Any:
    """Return a JSON value as it may be kept: that of an encrypted field is sealed."""
    return sealed_value(field, plain) if field.encrypted and plain is not None else plain


def sealed_value(field: Field, plain: Any) -> dict[str, Any]:
    """Return a JSON value of an encrypted field as the journal keeps it: nobody can read it in the database."""
    return {SEALED: [field.uid, seal(json.dumps(plain, default=str), _place(field.uid))]}


def _place(field_uid: str) -> str:
    return f"journal {field_uid}"


def read_values(text: str) -> dict[str, list[Any]]:
    """Return the values of one journal row as data, sealed ones opened."""
    values = json.loads(text)
    return values if SEALED not in text else open_values(values)


def open_values(data: Any) -> Any:
    """Return JSON data with whatever is sealed in it opened."""
    return with_sealed(data, lambda uid, token: json.loads(unseal(token, _place(uid))))


def reseal_values(data: Any) -> Any:
    """Return JSON data with its sealed values sealed again by the first key of the ring."""
    return with_sealed(data, lambda uid, token: {SEALED: [uid, reseal(token, _place(uid))]})


def with_sealed(data: Any, turn: Callable[[str, str], Any]) -> Any:
    """Return JSON data with each sealed value replaced by what is made of its field's uid and its token."""
    if isinstance(data, dict):
        if set(data) == {SEALED}:
            return turn(*data[SEALED])
        return {name: with_sealed(value, turn) for name, value in data.items()}
    return [with_sealed(value, turn) for value in data] if isinstance(data, list) else data


def read_changes(session: CrmSession, entity: Entity, asked: sa.Select) -> list[dict[str, Any]]:
    """Return the changes of an entity's records that a statement selects, values and cause as data.

    Shape:  `values` by the names of the session's revision; `gone` holds those of fields it no longer has, by uid.
            Whatever else the statement says, only rows about this entity are returned.
    """
    connection = session.connection()
    former = read_former_names(connection)
    rows = [row_of(row) for row in connection.execute(asked.where(former.about(change, entity)))]
    found = []
    for row in rows:
        values, gone = former.values_today(entity, read_values(row["values"]), row["revision"])
        found.append({**row, "values": values, "gone": gone, "cause": json.loads(row["cause"])})
    return found


def list_changes(
    session: CrmSession, entity: Entity, record_id: int, limit: int = 200
) -> list[dict[str, Any]]:
    """Return the newest changes of one record, newest first (shape: `read_changes`)."""
    asked = sa.select(change).where(change.c.record_id == record_id)
    return read_changes(session, entity, asked.order_by(change.c.id.desc()).limit(limit))


def list_updates(session: CrmSession, entity: Entity, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return some changes of an entity's records by number, the newest first; creations and deletions are left out."""
    found: list[dict[str, Any]] = []
    ordered = sorted(numbers, reverse=True)
    for start in range(0, len(ordered), AT_ONCE):
        named = change.c.id.in_(ordered[start : start + AT_ONCE])
        asked = sa.select(change).where(named, change.c.kind == UPDATED)
        found += read_changes(session, entity, asked.order_by(change.c.id.desc()))
    return found


def newest_change(session: CrmSession, entity: Entity, record_id: int) -> int:
    """Return the number of a record's newest change under its name of today, 0 when it has none."""
    mine = (change.c.entity == entity.name, change.c.record_id == record_id)
    return session.connection().scalar(sa.select(sa.func.max(change.c.id)).where(*mine)) or 0
