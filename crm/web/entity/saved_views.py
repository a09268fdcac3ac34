"""Views of lists that people saved: a name for filters, order and search; private or for everyone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa

from crm.database import BigId, CrmSession, metadata, row_of
from crm.entities.model import Document
from crm.entities.usage import Shelf
from crm.entities.walk import Spot, Walker
from crm.errors import NotAllowedError, NotFoundError, RecordError
from crm.permissions.model import Actor
from crm.records.journal import SEALED
from crm.secrets import is_sealed, open_text, seal_text
from crm.texts import N_

LONGEST_NAME = 60
LONGEST_QUERY = 2_000
MOST_VIEWS = 50  # views a person may save per entity
PLACE = "crm_view.query"

view = sa.Table(
    "crm_view",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(LONGEST_NAME), nullable=False),
    sa.Column("query", sa.Text, nullable=False, info={SEALED: "text"}),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("is_shared", sa.Boolean, nullable=False),
)


def list_views(session: CrmSession, entity: str) -> list[Mapping]:
    """Return the views of an entity's list that the actor may use: own and shared ones."""
    mine = view.c.user_id == session.actor.user_id
    asked = sa.select(view).where(view.c.entity == entity, mine | view.c.is_shared).order_by(view.c.id)
    rows = [row_of(row) for row in session.connection().execute(asked)]
    return [
        {
            **row,
            "query": open_text(row["query"], PLACE),
            "is_mine": row["user_id"] == session.actor.user_id,
            "may_delete": row["user_id"] == session.actor.user_id or session.actor.may_configure,
        }
        for row in rows
    ]


def count_shared(session: CrmSession, user_id: int) -> int:
    """Return how many views a user shares with everybody; they stay."""
    asked = sa.select(sa.func.count()).select_from(view).where(view.c.user_id == user_id, view.c.is_shared)
    return session.connection().scalar(asked) or 0


def own_views(session: CrmSession) -> dict[str, str]:
    """Return the names of the actor's own views, by their numbers as texts."""
    asked = sa.select(view.c.id, view.c.name).where(view.c.user_id == session.actor.user_id)
    return {str(row.id): row.name for row in session.connection().execute(asked)}


def may_share(actor: Actor, entity: str) -> bool:
    """Return whether an actor may put a view into everybody's list: who may change such records, or configures."""
    return actor.may_configure or "update" in actor.rights(entity).can


def save_view(session: CrmSession, entity: str, name: str, query: str, is_shared: bool) -> int:
    """Keep a view and return its id.

    Errors: RecordError without a name, with a list too long to keep, or with too many views already;
            NotAllowedError when it is for everyone and the actor may not share.
    """
    if is_shared and not may_share(session.actor, entity):
        raise NotAllowedError("permissions.may_not_share_views")
    name = " ".join(name.split())[:LONGEST_NAME]
    own = [row for row in list_views(session, entity) if row["is_mine"]]
    if not name or len(query) > LONGEST_QUERY:
        raise RecordError("web.view_needs_name")
    if len(own) >= MOST_VIEWS:
        raise RecordError("web.too_many_views", limit=MOST_VIEWS)
    must_seal = session.workspace.schema.has_secrets or is_sealed(query)  # its filters hold values
    kept = seal_text(query, PLACE) if must_seal else query
    values = {"entity": entity, "name": name, "query": kept, "user_id": session.actor.user_id}
    done = session.connection().execute(sa.insert(view).values(**values, is_shared=is_shared))
    return done.inserted_primary_key[0]


def delete_view(session: CrmSession, view_id: int) -> None:
    """Delete a view; its owner may, and administrators may delete shared ones.

    Errors: NotFoundError.
    """
    mine = view.c.user_id == session.actor.user_id
    where = (view.c.id == view_id) & (mine | view.c.is_shared if session.actor.may_configure else mine)
    if not session.connection().execute(sa.delete(view).where(where)).rowcount:
        raise NotFoundError("record.not_found", entity="", id=view_id)


def walk_view(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in a saved view: in its filters, its order and its conditions."""
    spot = Spot().of(body["entity"])
    pairs = parse_qsl(body["query"], keep_blank_values=True)
    query = urlencode([_walk_argument(name, value, walker, spot.at("query")) for name, value in pairs])
    return {**body, "entity": walker.entity(body["entity"], spot.at("entity")), "query": query}


def _walk_argument(name: str, value: str, walker: Walker, spot: Spot) -> tuple[str, str]:
    if name.startswith("_flt_"):
        *operator, field = name.split("_", 3)
        return "_".join([*operator, walker.field(field, spot)]), walker.choice(
            value, spot, spot.entity, field
        )
    if name == "_oc" or name.startswith("_oc_"):
        return name, walker.field(value, spot)
    if name == "segment":
        return name, walker.part("segment")(value, spot)
    if name == "where":
        try:
            return name, json.dumps(walker.lines(json.loads(value), spot), ensure_ascii=False)
        except (ValueError, RecursionError):
            return name, value
    return name, value


def _read(connection: sa.Connection) -> list[Document]:
    rows = connection.execute(sa.select(view).order_by(view.c.id))
    return [
        Document(
            "view",
            str(row.id),
            {
                "label": row.name if row.is_shared else PRIVATE,
                "entity": row.entity,
                "query": urlencode(parse_qsl(open_text(row.query, PLACE), keep_blank_values=True)),
            },
        )
        for row in rows
    ]


def _write(connection: sa.Connection, row: Document) -> None:
    mine, query = view.c.id == int(row.name), row.body["query"]
    before = connection.scalar(sa.select(view.c.query).where(mine)) or ""
    kept = seal_text(query, PLACE) if is_sealed(before) else query
    connection.execute(sa.update(view).where(mine).values(entity=row.body["entity"], query=kept))


PRIVATE = N_("A private view")
VIEWS = Shelf("view", walk_view, _read, _write)
