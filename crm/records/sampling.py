"""What a formula gives for a few records that the reader has access to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.conditions import Node, compile_sql, parse_formula
from crm.conditions.tree.model import is_condition
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.permissions.rows import scope_of
from crm.permissions.sight import is_open
from crm.records.listing import ListQuery, list_records
from crm.records.values import situation_of, title_fields, title_of

SAMPLE = 3  # records


@dataclass(frozen=True)
class SampleValue:
    """What a formula gives for one record; None when it is empty."""

    record: int
    title: str
    value: Any


def sample_values(session: CrmSession, entity: str, text: str) -> list[SampleValue] | None:
    """Return the values of a formula for the latest records the actor may read.

    Shape:  None where it cannot be said: what the formula reads is not live yet, or is closed to the actor.
    """
    schema, rights = session.workspace.schema, session.actor.rights(entity)
    found = schema.entities.get(entity)
    if found is None or "read" not in rights.can:
        return None
    tree, problems = parse_formula(text, found, schema)
    if problems or not is_open(session.actor, tree, schema):
        return None
    query = ListQuery(order=(("id", True),), page_size=SAMPLE, columns=tuple(title_fields(found)))
    rows = list_records(session, found, query).rows
    values = _values(session, found, tree, [row["id"] for row in rows])
    situation = situation_of(session)
    return [SampleValue(row["id"], title_of(found, row, situation), values.get(row["id"])) for row in rows]


def _values(session: CrmSession, entity: Entity, tree: Node, ids: list[int]) -> dict[int, Any]:
    if not ids:
        return {}
    cls = session.workspace.models[entity.name]
    value = compile_sql(tree, entity.name, scope_of(session))
    value = sa.case((value, sa.true()), else_=sa.false()) if is_condition(tree) else value
    rows = session.execute(sa.select(cls.id, value).where(cls.id.in_(ids)))
    return {row[0]: bool(row[1]) if is_condition(tree) else row[1] for row in rows}
