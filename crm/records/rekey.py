"""The search keys of records that were saved before other fields became searchable."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from crm.database import CrmSession, open_session
from crm.entities.model import Entity
from crm.entities.workspace import Workspace
from crm.permissions.model import SYSTEM
from crm.records.prepare import search_key_of
from crm.records.store import write_search_keys
from crm.records.values import type_of

CHUNK = 2_000


def rebuild_search_keys(engine: sa.Engine, workspace: Workspace, names: Iterable[str]) -> None:
    """Write the search key of every record of some entities anew, in small transactions.

    Neither version nor history of a record changes: nobody saved it.
    """
    for name in sorted(names):
        entity, after = workspace.schema.entities[name], 0
        while after is not None:
            with open_session(engine, workspace, SYSTEM) as session:
                after = _rebuild_some(session, entity, after)


def _rebuild_some(session: CrmSession, entity: Entity, after: int) -> int | None:
    """Rebuild the next records behind an id, and return the last id; None when there were none."""
    cls = session.workspace.models[entity.name]
    fields = [field for field in entity.fields.values() if field.search and type_of(field).stored]
    columns = [getattr(cls, type_of(field).attribute(field)) for field in fields]
    asked = sa.select(cls.id, *columns).where(cls.id > after).order_by(cls.id).limit(CHUNK)
    rows = session.execute(asked).all()
    if not rows:
        return None
    keys = [
        {
            "row": row[0],
            "key": search_key_of(entity, dict(zip((field.name for field in fields), row[1:], strict=True))),
        }
        for row in rows
    ]
    write_search_keys(session, entity, keys)
    return rows[-1][0]
