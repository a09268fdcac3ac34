"""Paths such as `customer.owner.email`, as rules and message texts use them: looked up, then followed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity, Schema
from crm.entities.reader import nearest
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.records import values
from crm.texts import Text
from workflows.given import Given, given_of

PATH = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){0,4}\Z")
TITLE, LINK = "title", "link"
OF_EVERY_RECORD = {
    **{name: Field(name, type_name, Text(name)) for name, type_name in SYSTEM_FIELDS.items()},
    TITLE: Field(TITLE, "text", Text(TITLE)),
    LINK: Field(LINK, "url", Text(LINK)),
}
"""What every record has beside its fields; a declared field of the same name wins."""
OF_A_USER = {"name": Field("name", "text", Text("name")), "email": Field("email", "email", Text("email"))}
"""What may be read of a user; nothing else of them is ever in reach."""


@dataclass(frozen=True)
class Path:
    """A path that exists in the schema.

    Shape:  `hops` are the relationships to follow, `entity` the one (None: a user) they lead to, `field` the
            field read there.
    """

    hops: tuple[str, ...]
    entity: Entity | None
    field: Field

    @property
    def is_title(self) -> bool:
        """Whether the path means how the record is called, and no field of that name."""
        return self.entity is not None and self.field is OF_EVERY_RECORD[TITLE]

    @property
    def is_link(self) -> bool:
        """Whether the path means the address of the record's page."""
        return self.entity is not None and self.field is OF_EVERY_RECORD[LINK]


def find_path(text: str, entity: Entity, schema: Schema) -> Path | Problem:
    """Return a path looked up in the schema, or the problem with it, the nearest name in it."""
    given = given_of(entity)
    if given is not None and given.owns(text):
        field = given.field(text)
        return Path((), entity, field) if field else _not_given(text, given)
    *ways, last = text.split(".")
    here: Entity | None = entity
    for name in ways:
        field = fields_of(here).get(name)
        if field is None:
            return _unknown(name, here)
        points = FIELD_TYPES[field.type].links
        if not points:
            return Problem("rule.not_a_way", {"name": name, "path": text})
        here = schema.entities.get(str(field.options.get("to"))) if points == "record" else None
        if points == "record" and here is None:
            return Problem("rule.not_a_way", {"name": name, "path": text})
    field = fields_of(here).get(last)
    return Path(tuple(ways), here, field) if field else _unknown(last, here)


def fields_of(entity: Entity | None) -> Mapping[str, Field]:
    """Return what can be read of a record of an entity, or of a user (None), by name."""
    return {**OF_EVERY_RECORD, **entity.fields} if entity else OF_A_USER


def _unknown(name: str, entity: Entity | None) -> Problem:
    near = nearest(name, fields_of(entity))
    code = "rule.unknown_field_near" if near else "rule.unknown_field"
    return Problem(code, {"name": name[:60], "near": near, "entity": entity.name if entity else "user"})


def _not_given(text: str, given: Given) -> Problem:
    near = nearest(text, [f"{given.word}.{name}" for name in given.fields or ()])
    return Problem(f"rule.unknown_given{'_near' if near else ''}", {"name": text[:60], "near": near})


def follow(record: Any, path: Path) -> Any:
    """Return what a path's hops lead to from a record: a record, a user, or None."""
    for hop in path.hops:
        if record is None:
            return None
        record = getattr(record, hop)
    return record


def value_of(session: CrmSession, record: Any, path: Path) -> Any:
    """Return what a path holds for a record: a typed value (an id for references and users), or None.

    Shape:  only for a path that ends at a record's field; a user's own fields are `people`'s affair.
    """
    holder = follow(record, path)
    if holder is None or path.entity is None:
        return None
    if path.is_title:
        return title_of(session, holder, Situation())
    return values.value_of(session, holder, path.field.name)


def title_of(session: CrmSession, record: Any, situation: Situation) -> str:
    """Return how a record is called."""
    entity = record.__entity__
    names = [*values.title_fields(entity), "id"]
    return values.title_of(entity, values.values_of(session, record, names), situation)


def display_of(session: CrmSession, record: Any, path: Path, situation: Situation) -> str:
    """Return what a path holds as plain text for people; "" when it is empty."""
    holder = follow(record, path)
    if holder is None or path.entity is None:
        return ""
    if path.is_title:
        return title_of(session, holder, situation)
    if FIELD_TYPES[path.field.type].links:
        return _display_pointer(session, getattr(holder, path.field.name), situation)
    name = path.field.name
    row = values.values_of(session, holder, values.with_beside(path.entity, [name]))
    titles = values.linked_titles(session, path.entity, [row], [name], situation)
    surroundings = Situation(situation.language, situation.time_zone, "rule")
    return values.display_of(path.entity, name, row, titles, surroundings)


def _display_pointer(session: CrmSession, target: Any, situation: Situation) -> str:
    if target is None:
        return ""
    return title_of(session, target, situation) if hasattr(target, "__entity__") else str(target)
