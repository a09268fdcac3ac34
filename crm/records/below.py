"""What hangs below a record: the ways that lead from other entities, by declared references, up to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields import FIELD_TYPES

DEEPEST = 3  # references between a record and what hangs below it
MOST_WAYS = 60


@dataclass(frozen=True)
class Way:
    """One way up.

    Shape:  records of `entity` lead by `fields` to the record above: `("complaint", "customer")` of an activity.
            `between` are the entities after the first step.
    """

    entity: Entity
    fields: tuple[str, ...]
    between: tuple[Entity, ...] = ()


def ways_below(session: CrmSession, entity: Entity) -> list[Way]:
    """Return the ways on which the actor may come from records below an entity up to it, the shortest first.

    Shape:  an entity stands once on a way; fields and entities that are not open to the actor lead nowhere.
    """
    found: list[Way] = []
    level = list(_steps(session, entity, None))
    for _depth in range(DEEPEST):
        found += level
        level = [way for above in level for way in _steps(session, above.entity, above)]
    return [way for way in found if entity not in (way.entity, *way.between)][:MOST_WAYS] or []


def _steps(session: CrmSession, entity: Entity, above: Way | None) -> Iterator[Way]:
    for inverse in entity.inverses.values():
        child = session.workspace.schema.entities[inverse.entity]
        rights = session.actor.rights(child.name)
        if "read" not in rights.can or inverse.field in rights.hidden:
            continue
        if above is None:
            yield Way(child, (inverse.field,))
        elif child not in (above.entity, *above.between):
            yield Way(child, (inverse.field, *above.fields), (above.entity, *above.between))


def hangs_below(session: CrmSession, way: Way, record_id: int) -> sa.ColumnElement[bool]:
    """Return the condition that a record of the way's entity leads to one record; the guard narrows each step."""
    condition = record_id
    for entity, name in reversed(list(zip((way.entity, *way.between), way.fields, strict=True))):
        attribute = _attribute(session, entity, name)
        condition = attribute == condition if condition is record_id else attribute.in_(condition)
        if entity is not way.entity:
            cls = session.workspace.models[entity.name]
            condition = sa.select(cls.id).where(condition)
    return condition


def _attribute(session: CrmSession, entity: Entity, name: str) -> Any:
    field = entity.fields[name]
    return getattr(session.workspace.models[entity.name], FIELD_TYPES[field.type].attribute(field))
