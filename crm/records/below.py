"""What hangs below a record: the ways that lead from other entities, by declared references, up to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields import FIELD_TYPES

DEEPEST = 3  # references between a record and what hangs below it
MOST_WAYS = 60


@dataclass(frozen=True)
class Way:
    """One way up.

    Shape:  records of `entity` lead by `fields` to the record above: `("complaint", "customer")` of an activity.
            `between` are the entities after the first step, that of the record above last.
    """

    entity: Entity
    fields: tuple[str, ...]
    between: tuple[Entity, ...] = ()


def ways_below(session: CrmSession, entity: Entity) -> list[Way]:
    """Return the ways on which the actor may come from records below an entity up to it, the shortest first.

    Shape:  an entity stands once on a way, or several times in a row where it refers to itself (a task below a task);
            fields and entities that are not open to the actor lead nowhere.
    """
    found: list[Way] = []
    level = [Way(entity, ())]
    for _depth in range(DEEPEST):
        level = [way for above in level for way in _steps(session, above)]
        found += level
    return found[:MOST_WAYS]


def _steps(session: CrmSession, above: Way) -> Iterator[Way]:
    """Yield the ways that are one step longer than one; the first, of no step, ends at the record itself."""
    passed = (above.entity, *above.between)
    for inverse in above.entity.inverses.values():
        child = session.workspace.schema.entities[inverse.entity]
        rights = session.actor.rights(child.name)
        if "read" not in rights.can or inverse.field in rights.hidden:
            continue
        if child is above.entity or child not in passed:
            yield Way(child, (inverse.field, *above.fields), passed)


def hangs_below(session: CrmSession, way: Way, record_id: int) -> sa.ColumnElement[bool]:
    """Return the condition that a record of the way's entity leads to one record; the guard narrows each step."""
    models = session.workspace.models
    condition: Any = None
    for entity, name in reversed(list(zip(way.between[:-1], way.fields[1:], strict=True))):
        here = aliased(models[entity.name])
        condition = sa.select(here.id).where(_leads(here, entity, name, record_id, condition))
    return _leads(models[way.entity.name], way.entity, way.fields[0], record_id, condition)


def _leads(cls: Any, entity: Entity, name: str, record_id: int, above: Any) -> sa.ColumnElement[bool]:
    field = entity.fields[name]
    attribute = getattr(cls, FIELD_TYPES[field.type].attribute(field))
    return attribute == record_id if above is None else attribute.in_(above)
