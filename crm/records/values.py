"""Values of records on their way out: computed fields, titles of what they refer to, texts for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from crm.conditions import evaluate, parse_field
from crm.database import CrmSession
from crm.entities.check import placeholders
from crm.entities.model import Entity
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, FieldType, Situation
from crm.messages import render
from crm.permissions.rows import scope_of, visible_trees
from crm.permissions.store import list_people
from crm.records.files import names_of_files
from crm.texts import NP_, Text

SYSTEM_LABELS = {
    "id": NP_("field.type", "Number"),
    "created_at": NP_("field", "Created at"),
    "created_by": NP_("field", "Created by"),
    "updated_at": NP_("field", "Updated at"),
    "updated_by": NP_("field", "Updated by"),
}
TITLES_AT_ONCE = 1_000


class RecordTitles(str):
    """The titles of some records as one text, and the records themselves as (number, title)."""

    records: tuple[tuple[int, str], ...] = ()

    @classmethod
    def of(cls, records: Iterable[tuple[int, str]]) -> RecordTitles:
        """Return the titles of records, parted as an import reads them again: a title may have a comma."""
        found = tuple(records)
        titles = cls("; ".join(title for _number, title in found))
        titles.records = found
        return titles


def field_of(entity: Entity, name: str) -> Field:
    """Return a declared field, or one that every record has.

    Errors: KeyError when there is none of the name.
    """
    if name in entity.fields:
        return entity.fields[name]
    return Field(name, SYSTEM_FIELDS[name], Text(SYSTEM_LABELS[name]), column=name, read_only=True)


def type_of(field: Field) -> FieldType:
    """Return the type of a field."""
    return FIELD_TYPES[field.type]


def currency_field(entity: Entity, field: Field) -> Field | None:
    """Return the field that says in which currency an amount is; None for one that has its own, and for no amount."""
    name = field.options.get("currency_field")
    if not name or type_of(field).result(field).name != "money" or name not in entity.fields:
        return None
    return field_of(entity, name)


def with_beside(entity: Entity, names: Iterable[str]) -> tuple[str, ...]:
    """Return field names and those of the fields that must be known to show them: an amount's currency."""
    found = dict.fromkeys(names)
    for name in list(found):
        beside = currency_field(entity, entity.fields[name]) if name in entity.fields else None
        if beside is not None:
            found.setdefault(beside.name)
    return tuple(found)


def situation_of(session: CrmSession, source: str = "form") -> Situation:
    """Return the situation of this session's actor."""
    return Situation(session.actor.language, session.actor.time_zone, source)


def values_of(session: CrmSession, record: Any, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Return typed values by field name, computed fields included; for code that may see them all."""
    entity: Entity = record.__entity__
    names = [*entity.fields, *SYSTEM_FIELDS] if names is None else names
    return {name: value_of(session, record, name) for name in names}


def value_of(session: CrmSession, record: Any, name: str) -> Any:
    """Return one typed value of a record."""
    field = field_of(record.__entity__, name)
    field_type = type_of(field)
    if not field_type.stored:
        with session.as_system():
            return compute(session, record, field)
    return getattr(record, field_type.attribute(field))


def compute(session: CrmSession, record: Any, field: Field) -> Any:
    """Return what a formula or summary gives for a record or draft now, over the children the actor may see."""
    scope = replace(scope_of(session), visible=visible_trees(session))
    found = evaluate(formula_tree(session, record.__entity__, field), record, scope)
    return type_of(field).fit(field, found)


def formula_tree(session: CrmSession, entity: Entity, field: Field) -> Any:
    """Return the tree that computes a field that is not stored; parsed once per revision."""
    key = ("computed", entity.name, field.name)
    trees = session.workspace.trees
    if key not in trees:
        trees[key], _problems = parse_field(entity, field, session.workspace.schema)
    return trees[key]


def title_fields(entity: Entity) -> list[str]:
    """Return the fields that make up a record's title."""
    return placeholders(entity.title)


def title_of(entity: Entity, values: Mapping[str, Any], situation: Situation) -> str:
    """Return how a record is called, from its title pattern; its number when that is empty.

    Shape:  `values` holds at least the title's fields and id.
    """
    text = entity.title
    beside = Situation(situation.language, situation.time_zone, situation.source, values)
    for name in title_fields(entity):
        field = field_of(entity, name)
        text = text.replace("{" + name + "}", type_of(field).display(field, values.get(name), beside))
    return " ".join(text.split()) or f"#{values.get('id')}"


def titles_by_id(
    session: CrmSession, entity: Entity, ids: Iterable[int], situation: Situation
) -> dict[int, str]:
    """Return the titles of records the actor may see; the others are absent."""
    wanted = sorted({found for found in ids if found is not None})
    if not wanted or "read" not in session.actor.rights(entity.name).can:
        return {}
    cls = session.workspace.models[entity.name]
    hidden = session.actor.rights(entity.name).hidden
    names = [name for name in with_beside(entity, title_fields(entity)) if name not in hidden]
    stored = [name for name in names if type_of(field_of(entity, name)).stored]
    columns = [
        getattr(cls, type_of(field_of(entity, name)).attribute(field_of(entity, name))) for name in stored
    ]
    found: dict[int, str] = {}
    for start in range(0, len(wanted), TITLES_AT_ONCE):
        asked = sa.select(cls.id, *columns).where(cls.id.in_(wanted[start : start + TITLES_AT_ONCE]))
        for number, *values in session.execute(asked):
            found[number] = title_of(
                entity, {"id": number, **dict(zip(stored, values, strict=True))}, situation
            )
    return found


def titles_by_value(
    session: CrmSession, entity: Entity, values: Iterable[tuple[str, ...] | None], situation: Situation
) -> dict[tuple[str, ...], RecordTitles]:
    """Return the titles behind the values of a field of several references, by value; unseen records are left out."""
    wanted = {value for value in values if value}
    titles = titles_by_id(session, entity, (int(one) for value in wanted for one in value), situation)
    return {
        value: RecordTitles.of((int(one), titles[int(one)]) for one in value if int(one) in titles)
        for value in wanted
    }


def user_names(session: CrmSession, ids: Iterable[int]) -> dict[int, str]:
    """Return the names of users by id, marked where somebody has left; every id has one."""
    wanted = {found for found in ids if found is not None}
    known = known_user_names(session, wanted)
    gone = wanted - known.keys()
    language = session.actor.language
    return known | {
        number: render(Problem("people.deleted", {"number": number}), language) for number in gone
    }


def known_user_names(session: CrmSession, ids: Iterable[int]) -> dict[int, str]:
    """Return the names of users by id, without those who were deleted; who has left is marked as inactive."""
    wanted = {found for found in ids if found is not None}
    met = session.people
    people = [met[number] for number in wanted & met.keys()]
    if unknown := sorted(wanted - met.keys(), key=str):  # a form sends numbers as texts
        people += list_people(session.connection(), unknown)
    language = session.actor.language
    names = {}
    for row in people:
        name = f"{row.first_name} {row.last_name}".strip() or row.username
        names[row.id] = name if row.active else render(Problem("people.inactive", {"name": name}), language)
    return names


def linked_titles(
    session: CrmSession,
    entity: Entity,
    rows: Iterable[Mapping[str, Any]],
    names: Iterable[str],
    situation: Situation,
) -> dict[str, dict[Any, str]]:
    """Return, for every reference, user and file field among the names, the titles of what the rows point to.

    Shape:  one query per field and page, never one per row, and one for all users; several files or references by
            the whole value.
    """
    rows, names = list(rows), list(names)
    found: dict[str, dict[Any, str]] = {}
    of_users = [name for name in names if type_of(field_of(entity, name)).points == "user"]
    users = user_names(session, (row.get(name) for name in of_users for row in rows))
    for name in names:
        field = field_of(entity, name)
        if name in of_users:
            found[name] = {row[name]: users[row[name]] for row in rows if row.get(name) is not None}
        elif type_of(field).holds_files:
            found[name] = names_of_files(session, (row.get(name) for row in rows))
        elif type_of(field).links == "record":
            target = session.workspace.schema.entities[field.options["to"]]
            found[name] = titles_by_id(session, target, (row.get(name) for row in rows), situation)
        elif type_of(field).points == "record":
            target = session.workspace.schema.entities[field.options["to"]]
            found[name] = titles_by_value(session, target, (row.get(name) for row in rows), situation)
    return found


def display_of(
    entity: Entity,
    name: str,
    values: Mapping[str, Any],
    titles: Mapping[str, Mapping[int, str]],
    situation: Situation,
) -> str:
    """Return one value as text for people; a reference as the title of what it points to."""
    field, value = field_of(entity, name), values.get(name)
    if name in titles:
        return "" if value is None else titles[name].get(value, "")
    beside = Situation(situation.language, situation.time_zone, situation.source, values)
    return type_of(field).display(field, value, beside)
