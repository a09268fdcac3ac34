"""Which records an actor may read, change or delete, as SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sqlalchemy as sa

from crm.conditions import NOTHING, Scope, compile_sql, fields_of, parse_conditions
from crm.conditions.tree.model import Node
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import SchemaError
from crm.revisions.workspace import Workspace

CHUNK = 500  # ids of one IN list


def scope_of(session: CrmSession) -> Scope:
    """Return what conditions need to know about this session: who asks, when, against which revision."""
    actor, workspace = session.actor, session.workspace
    return Scope(
        models=workspace.models,
        schema=workspace.schema,
        dialect=session.get_bind().dialect.name,
        user_id=actor.user_id,
        team_user_ids=actor.team_user_ids,
        now=session.clock(),
        time_zone=actor.time_zone,
        is_user=lambda number: session.get(workspace.models.user, number) is not None,
    )


def parse_trusted(workspace: Workspace, entity: Entity, lines: tuple) -> Node:
    """Return the tree of lines that were checked at publish; remembered with the revision.

    Errors: SchemaError when they have problems after all.
    """
    key = ("conditions", entity.name, repr(lines))
    found = workspace.trees.get(key)
    if found is None:
        found, problems = parse_conditions(list(lines), entity, workspace.schema)
        if problems:
            raise SchemaError("schema.has_problems", problems, count=len(problems))
        workspace.trees[key] = found
    return found


def row_criteria(session: CrmSession, entity: Entity, deed: str) -> sa.ColumnElement[bool] | None:
    """Return the SQL condition a record must meet for this deed; None when every record does."""
    remembered = session.info.setdefault("row_criteria", {})
    key = (session.actor, session.workspace.number, entity.name, deed)
    if key not in remembered:
        remembered[key] = _compile(session, entity, deed)
    return remembered[key]


def _compile(session: CrmSession, entity: Entity, deed: str) -> sa.ColumnElement[bool] | None:
    rights = session.actor.rights(entity.name)
    if deed not in rights.can:
        return sa.false()
    ways = rights.rows[deed]
    if ways is None:
        return None
    scope = replace(scope_of(session), unguarded=True)  # rights on the way must not add to this right
    nodes = [parse_trusted(session.workspace, entity, way) for way in ways]
    return sa.or_(*(compile_sql(node, entity.name, scope) for node in nodes))


def fields_asked(session: CrmSession, entity: Entity, deeds: Iterable[str]) -> set[str]:
    """Return the fields of an entity that decide which of its records the actor may do this with."""
    rows = session.actor.rights(entity.name).rows
    ways = [way for deed in deeds for way in rows.get(deed) or ()]
    asked = (fields_of(parse_trusted(session.workspace, entity, way)) for way in ways)
    return {name for found in asked for of, name in found if of == entity.name}


def visible_trees(session: CrmSession) -> dict[str, Node]:
    """Return, by entity, the condition of the records the actor may read; entities that are all open are absent.

    Python reads formulas over children by it, as the guard narrows the same in SQL.
    """
    found: dict[str, Node] = {}
    if session.actor.sees_everything:
        return found
    for name, entity in session.workspace.schema.entities.items():
        rights = session.actor.rights(name)
        if "read" not in rights.can:
            found[name] = NOTHING
        elif rights.rows["read"] is not None:
            ways = ({"any": [{"all": list(way)} for way in rights.rows["read"]]},)
            found[name] = parse_trusted(session.workspace, entity, ways)
    return found


def may_touch(session: CrmSession, entity: Entity, deed: str, record_id: int) -> bool:
    """Return whether the actor may do this with one record, as it is stored now."""
    return session.actor.sees_everything or bool(which_may_touch(session, entity, deed, [record_id]))


def which_may_touch(session: CrmSession, entity: Entity, deed: str, ids: Iterable[int]) -> set[int]:
    """Return with which of some records the actor may do this, as they are stored now."""
    cls, wanted = session.workspace.models[entity.name], sorted(set(ids))
    limits = [row_criteria(session, entity, needed) for needed in {"read", deed}]
    asked = sa.select(cls.id).where(*(limit for limit in limits if limit is not None))
    found: set[int] = set()
    with session.as_system():
        for start in range(0, len(wanted), CHUNK):
            found.update(session.scalars(asked.where(cls.id.in_(wanted[start : start + CHUNK]))))
    return found
