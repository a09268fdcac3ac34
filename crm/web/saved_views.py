"""Views of lists that people saved: a name for filters, order and search; private or for everyone."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from crm.database import BigId, CrmSession, metadata, row_of
from crm.errors import NotFoundError, RecordError

LONGEST_NAME = 60
LONGEST_QUERY = 2_000
MOST_VIEWS = 50  # views a person may save per entity

view = sa.Table(
    "crm_view",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(LONGEST_NAME), nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("is_shared", sa.Boolean, nullable=False),
)


def list_views(session: CrmSession, entity: str) -> list[Mapping]:
    """Return the views of an entity's list that the actor may use: own and shared ones."""
    mine = view.c.user_id == session.actor.user_id
    asked = sa.select(view).where(view.c.entity == entity, mine | view.c.is_shared).order_by(view.c.id)
    rows = [row_of(row) for row in session.connection().execute(asked)]
    return [{**row, "is_mine": row["user_id"] == session.actor.user_id} for row in rows]


def save_view(session: CrmSession, entity: str, name: str, query: str, is_shared: bool) -> int:
    """Keep a view and return its id.

    Errors: RecordError without a name, with a list too long to keep, or with too many views already.
    """
    name = " ".join(name.split())[:LONGEST_NAME]
    own = [row for row in list_views(session, entity) if row["is_mine"]]
    if not name or len(query) > LONGEST_QUERY:
        raise RecordError("web.view_needs_name")
    if len(own) >= MOST_VIEWS:
        raise RecordError("web.too_many_views", limit=MOST_VIEWS)
    values = {"entity": entity, "name": name, "query": query, "user_id": session.actor.user_id}
    done = session.connection().execute(sa.insert(view).values(**values, is_shared=is_shared))
    return done.inserted_primary_key[0]


def delete_view(session: CrmSession, view_id: int) -> None:
    """Take back a view; only the one who saved it may, or an administrator.

    Errors: NotFoundError.
    """
    where = view.c.id == view_id
    if not session.actor.sees_everything:
        where &= view.c.user_id == session.actor.user_id
    if not session.connection().execute(sa.delete(view).where(where)).rowcount:
        raise NotFoundError("record.not_found", entity="", id=view_id)
