"""What records point to and must not share: references, users and unique values, asked of the database at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from crm.conditions import compile_sql
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.permissions import store as people
from crm.permissions.rows import parse_trusted, scope_of
from crm.records.files import judge_files
from crm.records.prepare import is_empty

CHUNK = 500


def judge_links(
    session: CrmSession,
    entity: Entity,
    rows: list[tuple[int | None, Mapping[str, Any]]],
    changed: Iterable[str] | None = None,
) -> dict[int, list[Problem]]:
    """Return the problems of references, users and unique fields, by the row's place in the list.

    Shape:  `rows` holds (record id or None, typed values); only the fields in `changed` are asked about.
    """
    names = set(entity.fields if changed is None else changed)
    problems: dict[int, list[Problem]] = defaultdict(list)
    for field in entity.fields.values():
        if field.name not in names or not FIELD_TYPES[field.type].stored:
            continue
        if FIELD_TYPES[field.type].points == "record":
            _judge_references(session, entity, field, rows, problems)
        elif FIELD_TYPES[field.type].holds_files:
            judge_files(session, entity, field, rows, problems)
        elif FIELD_TYPES[field.type].points == "user":
            _judge_users(session, entity, field, rows, problems)
        if field.unique:
            _judge_unique(session, entity, field, rows, problems)
    return problems


def _judge_references(session: CrmSession, entity: Entity, field: Field, rows: list, problems: dict) -> None:
    """Refuse what does not exist, or what the actor may not see: the two answer alike.

    Of several references those that the record has already may stay, whoever adds another one.
    """
    wanted = {target for _id, values in rows for target in _targets(values.get(field.name))}
    known = _known_targets(session, field, wanted)
    held = _held_targets(session, entity, field, rows) if wanted - known else {}
    for place, (record_id, values) in enumerate(rows):
        allowed = known | held.get(record_id, frozenset())
        missing = [target for target in _targets(values.get(field.name)) if target not in allowed]
        if missing:
            target = session.workspace.schema.entities[field.options["to"]]
            problems[place].append(
                Problem("record.no_such_reference", {"entity": target.label, "id": missing[0]}, field.name)
            )


def _targets(value: Any) -> tuple[int, ...]:
    if value is None:
        return ()
    return tuple(int(part) for part in value) if isinstance(value, tuple) else (value,)


def _known_targets(session: CrmSession, field: Field, wanted: set[int]) -> set[int]:
    target = session.workspace.schema.entities[field.options["to"]]
    cls = session.workspace.models[target.name]
    only = tuple(field.options.get("only") or ())
    known: set[int] = set()
    ordered = sorted(wanted)
    for start in range(0, len(ordered), CHUNK):
        asked = sa.select(cls.id).where(cls.id.in_(ordered[start : start + CHUNK]))
        if only:
            asked = asked.where(
                compile_sql(parse_trusted(session.workspace, target, only), target.name, scope_of(session))
            )
        known.update(session.scalars(asked))
    return known


def _held_targets(
    session: CrmSession, entity: Entity, field: Field, rows: list
) -> dict[int | None, frozenset[int]]:
    """Return what the stored records point to by a field of several references."""
    ids = [record_id for record_id, _values in rows if record_id is not None]
    if not FIELD_TYPES[field.type].several or not ids:
        return {}
    cls, held = session.workspace.models[entity.name], {}
    with session.as_system():
        for start in range(0, len(ids), CHUNK):
            asked = sa.select(cls.id, getattr(cls, field.name)).where(cls.id.in_(ids[start : start + CHUNK]))
            held |= {row[0]: frozenset(_targets(row[1])) for row in session.execute(asked)}
    return held


def _judge_users(session: CrmSession, entity: Entity, field: Field, rows: list, problems: dict) -> None:
    """Refuse users who cannot be chosen; a record may keep the user it has."""
    wanted = {values.get(field.name) for _id, values in rows} - {None}
    if not wanted:
        return
    known = _choosable(session, wanted, field.options.get("only_role"))
    held = _held_users(session, entity, field, rows) if wanted - known else {}
    for place, (record_id, values) in enumerate(rows):
        value = values.get(field.name)
        if value is not None and value not in known and held.get(record_id) != value:
            problems[place].append(Problem("record.no_such_user", {"id": values[field.name]}, field.name))


def _choosable(session: CrmSession, wanted: set[int], role: str | None) -> set[int]:
    """Return which of some users may be chosen, those that this transaction has read without asking again."""
    met = (
        set() if role else {number for number in wanted if (one := session.people.get(number)) and one.active}
    )
    asked = wanted - met
    return met | people.which_may_be_chosen(session.connection(), asked, role) if asked else met


def _held_users(session: CrmSession, entity: Entity, field: Field, rows: list) -> dict[int, int]:
    ids, held = [record_id for record_id, _values in rows if record_id is not None], {}
    cls = session.workspace.models[entity.name]
    attribute = getattr(cls, FIELD_TYPES[field.type].attribute(field))
    with session.as_system():
        for start in range(0, len(ids), CHUNK):
            asked = sa.select(cls.id, attribute).where(cls.id.in_(ids[start : start + CHUNK]))
            held |= dict(session.execute(asked).all())
    return held


def _judge_unique(session: CrmSession, entity: Entity, field: Field, rows: list, problems: dict) -> None:
    """Refuse a value another record has, in the database or among the rows themselves."""
    attribute = getattr(session.workspace.models[entity.name], FIELD_TYPES[field.type].attribute(field))
    cls = session.workspace.models[entity.name]
    wanted = [values.get(field.name) for _id, values in rows if not is_empty(values.get(field.name))]
    taken: dict[Any, int | None] = {}
    with session.as_system():
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            taken.update(
                (row[1], row[0])
                for row in session.execute(sa.select(cls.id, attribute).where(attribute.in_(part)))
            )
    seen: dict[Any, int] = {}
    for place, (record_id, values) in enumerate(rows):
        value = values.get(field.name)
        if is_empty(value):
            continue
        if taken.get(value, record_id) != record_id or value in seen:
            problems[place].append(Problem("record.not_unique", {"label": field.label}, field.name))
        seen.setdefault(value, place)
