"""Core statements on entity tables that change neither version nor history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity


def write_search_keys(session: CrmSession, entity: Entity, keys: Sequence[dict[str, Any]]) -> None:
    """Write the search keys of records.

    Shape:  each of `keys` holds `row`, the record's id, and `key`.
    """
    table = session.workspace.models.table(entity.name)
    written = sa.update(table).where(table.c.id == sa.bindparam("row")).values(search_key=sa.bindparam("key"))
    session.connection().execute(written, keys)
