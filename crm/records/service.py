"""The one way to save: every record that a person, a rule or the API creates, changes or deletes passes here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.exc import StaleDataError

from crm.database import CrmSession
from crm.entities.model import Entity, Inverse
from crm.errors import ConflictError, NotAllowedError, NotFoundError, Problem, RecordError
from crm.fields import FIELD_TYPES
from crm.fields.base import Situation
from crm.permissions.rows import fields_asked
from crm.permissions.service import require
from crm.records import journal as _journal  # noqa: F401 - listens to every flush
from crm.records.bin import put_link, put_record
from crm.records.constraints import refusal_of
from crm.records.defaults import default_values
from crm.records.files import attach_files
from crm.records.links import judge_links
from crm.records.prepare import clean_values, judge, refused_fields
from crm.records.reach import reaches
from crm.records.search_keys import search_key_of
from crm.records.sequences import next_numbers
from crm.records.values import situation_of, values_of
from crm.revisions.models import Record

CASCADE_DEPTH = 8


def get_record(session: CrmSession, entity: Entity, record_id: int) -> Record:
    """Return one record the actor may see.

    Errors: NotAllowedError when the actor may see none at all; NotFoundError for this one.
    """
    require(session.actor, "read", entity)
    cls = session.workspace.models[entity.name]
    found = session.scalar(sa.select(cls).where(cls.id == record_id)) if 0 < record_id < 2**63 else None
    if found is None:
        raise NotFoundError("record.not_found", entity=entity.label, id=record_id)
    return found


def _read_whole(session: CrmSession, entity: Entity, record_id: int) -> Record:
    """Return one record the actor may see, as it is stored now and with the fields that are hidden from the actor.

    Errors: as `get_record`.
    """
    require(session.actor, "read", entity)
    cls = session.workspace.models[entity.name]
    asked = sa.select(cls).where(cls.id == record_id).execution_options(populate_existing=True)
    with session.as_system():
        found = session.scalar(asked) if 0 < record_id < 2**63 else None
    if found is None or not reaches(session, found, "read"):
        raise NotFoundError("record.not_found", entity=entity.label, id=record_id)
    return found


def create_record(
    session: CrmSession, entity: Entity, values: Mapping[str, Any], situation: Situation | None = None
) -> Record:
    """Create one record, note the change, tell the workflows.

    Shape:  `values` maps field names to what was sent; fields that are not named take their default.
    Errors: NotAllowedError; RecordError with every bad field, not the first one.
    """
    require(session.actor, "create", entity)
    situation = situation or situation_of(session)
    problems = refused_fields(session, entity, values, "create")
    known = {
        name: value for name, value in values.items() if name not in {problem.field for problem in problems}
    }
    clean, found = clean_values(entity, known, situation)
    problems += found
    defaults, unfit = default_values(session, entity, {**dict.fromkeys(p.field for p in found), **clean})
    problems += unfit
    after = {**defaults, **clean}
    problems += _without(judge(session, entity, None, after, None), problems)
    problems += judge_links(session, entity, [(None, after)]).get(0, [])
    _refuse(problems)
    after |= _numbers(session, entity, after)
    record = session.workspace.models[entity.name]()
    now = session.clock()
    record.created_at, record.created_by_id = now, session.actor.user_id
    _write(session, entity, record, after)
    _require_own_row(session, entity, record, "create", after)
    return record


def update_record(
    session: CrmSession,
    entity: Entity,
    record_id: int,
    values: Mapping[str, Any],
    situation: Situation | None = None,
    version: int | None = None,
) -> Record:
    """Change one record; a name that is missing from `values` stays as it is.

    Shape:  `version` is the row version the caller saw; None means whatever is stored.
    Errors: NotFoundError, NotAllowedError; ConflictError when somebody saved since; RecordError.
    """
    record = _read_whole(session, entity, record_id)
    if not reaches(session, record, "update"):
        raise NotAllowedError("permissions.may_not_update", entity=entity.plural)
    if version is not None and version != record.row_version:
        raise ConflictError("record.changed_since", entity=entity.label)
    situation = situation or situation_of(session)
    before = values_of(session, record, _stored_names(entity))
    problems = refused_fields(session, entity, values, "update")
    known = {
        name: value for name, value in values.items() if name not in {problem.field for problem in problems}
    }
    clean, found = clean_values(entity, known, replace(situation, values=before, held=before))
    hidden = session.actor.rights(entity.name).hidden
    problems += [problem for problem in found if problem.field not in hidden]
    after = {**before, **clean}
    changed = [name for name in clean if clean[name] != before.get(name)]
    problems += _without(judge(session, entity, before, after, record_id), problems)
    problems += judge_links(session, entity, [(record_id, after)], changed).get(0, [])
    _refuse(problems)
    if changed:
        _write(session, entity, record, after)
        _require_own_row(session, entity, record, "update", changed)
    return record


def delete_record(session: CrmSession, entity: Entity, record_id: int) -> int:
    """Delete one record, and do with its children what their references say: refuse, clear or cascade.

    Shape:  returns the deed's number in the bin, by which all of it can be restored.
    Errors: NotFoundError, NotAllowedError; RecordError naming the children that prevent it.
    """
    return _delete(session, entity, record_id, 0, None)


def _delete(session: CrmSession, entity: Entity, record_id: int, depth: int, deed: int | None) -> int:
    record = _read_whole(session, entity, record_id)
    if not reaches(session, record, "delete"):
        raise NotAllowedError("permissions.may_not_delete", entity=entity.plural)
    deed = put_record(session, record, deed)
    with session.as_system():
        for inverse in entity.inverses.values():
            _part_from_children(session, record, inverse, depth, deed)
    with _saving(session), session.as_system():
        session.delete(record)
        session.flush()
    return deed


def _part_from_children(session: CrmSession, record: Record, inverse: Inverse, depth: int, deed: int) -> None:
    entity: Entity = record.__entity__
    child = session.workspace.schema.entities[inverse.entity]
    field = child.fields[inverse.field]
    cls = session.workspace.models[child.name]
    attribute = getattr(cls, FIELD_TYPES[field.type].attribute(field))
    ids = list(session.scalars(sa.select(cls.id).where(attribute == record.id)))
    if not ids:
        return
    way = field.options.get("on_delete", "refuse")
    if way == "refuse" or depth > CASCADE_DEPTH:
        params = {"entity": entity.label, "count": len(ids), "children": inverse.label}
        raise RecordError("record.has_children", [Problem("record.has_children", params)], **params)
    for child_id in ids:
        if way == "cascade":
            _as_system(session, lambda found=child_id: _delete(session, child, found, depth + 1, deed))
            continue
        _as_system(session, lambda found=child_id: update_record(session, child, found, {field.name: None}))
        put_link(session, child, child_id, {field.name: record.id}, deed)


def _as_system(session: CrmSession, deed: Any) -> None:
    """Do something that follows from what the actor may do, although the actor might not do it alone."""
    actor = session.actor
    session.actor = replace(actor, is_admin=True)
    try:
        deed()
    finally:
        session.actor = actor


def _stored_names(entity: Entity) -> list[str]:
    return [field.name for field in entity.fields.values() if FIELD_TYPES[field.type].stored]


def _without(problems: list[Problem], known: list[Problem]) -> list[Problem]:
    """Return the problems of fields that have none yet: one sentence per field is enough."""
    named = {problem.field for problem in known if problem.field}
    return [problem for problem in problems if problem.field not in named]


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise RecordError("record.has_problems", problems, count=len(problems))


def _numbers(session: CrmSession, entity: Entity, after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the next numbers of the entity's sequences."""
    return {
        field.name: next_numbers(session, field)[0]
        for field in entity.fields.values()
        if FIELD_TYPES[field.type].is_numbered and after.get(field.name) is None
    }


def _write(session: CrmSession, entity: Entity, record: Record, after: Mapping[str, Any]) -> None:
    """Put values on the record and flush; the journal listens."""
    for field in entity.fields.values():
        field_type = FIELD_TYPES[field.type]
        if field_type.stored and field.name in after:
            attribute = field_type.attribute(field)
            if getattr(record, attribute) != after[field.name]:
                setattr(record, attribute, after[field.name])
    record.search_key = search_key_of(entity, after)
    record.updated_at, record.updated_by_id = session.clock(), session.actor.user_id
    try:
        with _saving(session), nullcontext() if session.is_whole else session.begin_nested():
            session.add(record)
            session.flush()
            attach_files(session, entity, record.id, after)
    except StaleDataError as error:
        raise ConflictError("record.changed_since", entity=entity.label) from error
    except sa.exc.IntegrityError as error:
        raise RecordError("record.has_problems", [refusal_of(entity, error)], count=1) from error


def _require_own_row(
    session: CrmSession, entity: Entity, record: Record, deed: str, changed: Iterable[str]
) -> None:
    """Refuse to write a record out of the actor's own reach, and name the values that lead there.

    The caller's rollback takes it back.
    """
    if reaches(session, record, deed):
        return
    asked = fields_asked(session, entity, {"read", deed}) - session.actor.rights(entity.name).hidden
    leading = [Problem("record.leads_away", field=name) for name in changed if name in asked]
    problems = [Problem("record.out_of_reach", {"entity": entity.plural}), *leading]
    raise NotAllowedError("record.out_of_reach", problems, entity=entity.plural)


@contextmanager
def _saving(session: CrmSession) -> Iterator[None]:
    session.info["saving"] = True
    try:
        yield
    finally:
        session.info["saving"] = False
