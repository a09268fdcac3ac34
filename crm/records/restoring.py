"""Deleted records come back as they were: with what went with them, their files, and what pointed to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, NotFoundError, Problem, RecordError
from crm.fields import FIELD_TYPES
from crm.permissions.rows import which_may_touch
from crm.permissions.service import readable_fields
from crm.records.bin import Binned, find_binned, forget, is_open, purge_deeds, rows_of_deed
from crm.records.bulk import RecordEdit, load_rows, reinsert_rows, update_rows
from crm.records.links import judge_links

MOMENTS = ("created_at", "updated_at")


def restore_record(session: CrmSession, entity: Entity, record_id: int) -> list[Problem]:
    """Take a deleted record out of the bin with all that went with it; return what could not come back with it.

    Errors: NotFoundError when it is not in the actor's bin; RecordError when it cannot come back, with every reason.
    """
    found = find_binned(session, entity, record_id)
    if found is None:
        raise NotFoundError("bin.not_found")
    return restore_deed(session, found.number)


def purge_record(session: CrmSession, entity: Entity, record_id: int) -> None:
    """Delete a record permanently that is in the bin, with all that went with it.

    Errors: NotFoundError when it is not in the actor's bin.
    """
    found = find_binned(session, entity, record_id)
    if found is None:
        raise NotFoundError("bin.not_found")
    purge_deeds(session, [found.number])


def restore_deed(session: CrmSession, deed: int) -> list[Problem]:
    """Restore what one deed deleted; return what could not come back with it.

    Errors: as `restore_record`; the caller must roll back then.
    """
    rows = rows_of_deed(session, deed)
    first = next((row for row in rows if row.number == deed), None)
    if first is None or not is_open(session, first):
        raise NotFoundError("bin.not_found")
    notes: list[Problem] = []
    for row in rows:
        if not row.is_link:
            _restore_row(session, row, notes)
    for row in rows:
        if row.is_link:
            _point_again(session, row, notes)
    forget(session, deed)
    if not session.actor.sees_everything and not which_may_touch(
        session, first.entity, "delete", [first.record_id]
    ):
        raise NotFoundError("bin.not_found")
    return notes


def _restore_row(session: CrmSession, row: Binned, notes: list[Problem]) -> None:
    """Write one record again, without what it can no longer hold."""
    values = _judged(session, row, notes)
    if row.gone:
        notes.append(Problem("bin.fields_gone", {"entity": row.entity.label, "id": row.record_id}))
    stamps = {
        name: dt.datetime.fromisoformat(value) if name in MOMENTS and value else value
        for name, value in row.stamps.items()
    }
    try:
        reinsert_rows(session, row.entity, [(row.record_id, values, stamps)])
    except CrmError as error:
        raise _refusal(row, list(error.problems) or [error.as_problem()]) from error


def _judged(session: CrmSession, row: Binned, notes: list[Problem]) -> dict[str, Any]:
    """Return what a record may hold now: links to what is gone are left out, where they may be.

    Errors: RecordError.
    """
    values = dict(row.values)
    with session.as_system():
        actor, session.actor = session.actor, _all_seeing(session)
        try:
            problems = judge_links(session, row.entity, [(row.record_id, values)]).get(0, [])
        finally:
            session.actor = actor
    refused = []
    for problem in problems:
        field = row.entity.fields[problem.field or ""]
        if problem.code == "record.not_unique" or field.required or FIELD_TYPES[field.type].holds_files:
            refused.append(problem)
            continue
        values[field.name] = None
        if field.name in readable_fields(session.actor, row.entity):
            notes.append(Problem("bin.link_gone", {"label": field.label}, field.name))
    if refused:
        raise _refusal(row, refused)
    return values


def _all_seeing(session: CrmSession) -> Any:
    """Return the actor as one whom no right restricts: what a record pointed to may be closed to who restores it."""
    return replace(session.actor, is_admin=True)


def _refusal(row: Binned, problems: Sequence[Problem]) -> RecordError:
    params = {"entity": row.entity.label, "id": row.record_id}
    return RecordError("bin.cannot_restore", [Problem("bin.cannot_restore", params), *problems], **params)


def _point_again(session: CrmSession, row: Binned, notes: list[Problem]) -> None:
    """Let a living record point again to what was restored, unless it points elsewhere by now."""
    stored: Mapping[str, Any] = load_rows(session, row.entity, [row.record_id], lock=True).get(
        row.record_id, {}
    )
    after = {name: value for name, value in row.values.items() if stored and stored.get(name) is None}
    if after:
        update_rows(session, row.entity, [RecordEdit(row.record_id, stored, after)])
    for name in set(row.values) - set(after):
        label = row.entity.fields[name].label
        notes.append(Problem("bin.points_elsewhere", {"label": label, "id": row.record_id}))
