"""The tables of drafts: who prepares what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm.database import BigId, CrmSession, metadata
from crm.drafts.model import Draft, Edit

draft = sa.Table(
    "crm_draft",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("user_id", sa.Integer, unique=True),  # a person has one draft at a time
    sa.Column("user_name", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
)

edit = sa.Table(
    "crm_draft_edit",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("draft_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("body", sa.Text, info={"sealed": "values"}),  # empty when the document is to be removed
    sa.Column("base", sa.Integer, nullable=False),
    sa.Column("user_name", sa.String(64), nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
    sa.UniqueConstraint("draft_id", "kind", "name"),
)

upload = sa.Table(
    "crm_draft_upload",
    metadata,
    sa.Column(
        "user_id", sa.Integer, primary_key=True, autoincrement=False
    ),  # a person decides about one at a time
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
)


def list_drafts(session: CrmSession, **where: Any) -> list[Draft]:
    """Return the drafts whose columns hold the given values, newest first, with their edits."""
    connection = session.connection()
    conditions = [draft.c[key] == value for key, value in where.items()]
    rows = connection.execute(
        sa.select(draft).where(*conditions).order_by(draft.c.updated_at.desc(), draft.c.id)
    )
    found = [dict(row._mapping) for row in rows]
    edits: dict[int, list[Edit]] = {row["id"]: [] for row in found}
    for row in connection.execute(sa.select(edit).where(edit.c.draft_id.in_(edits)).order_by(edit.c.id)):
        edits[row.draft_id].append(_edit_of(row))
    return [Draft(**row, edits=tuple(edits[row["id"]])) for row in found]


def _edit_of(row: Any) -> Edit:
    body = None if row.body is None else json.loads(row.body)
    return Edit(row.kind, row.name, body, row.base, row.user_name, row.updated_at)


def add_draft(session: CrmSession) -> int:
    """Write an empty draft of the actor and return its id."""
    actor, now = session.actor, session.clock()
    values = {"user_id": actor.user_id, "user_name": actor.name, "created_at": now, "updated_at": now}
    return session.connection().execute(sa.insert(draft).values(**values, version=0)).inserted_primary_key[0]


def count_up(session: CrmSession, draft_id: int, version: int, **values: Any) -> bool:
    """Take the next version of a draft; False when somebody else took it."""
    where = (draft.c.id == draft_id) & (draft.c.version == version)
    values |= {"version": version + 1, "updated_at": session.clock()}
    return bool(session.connection().execute(sa.update(draft).where(where).values(**values)).rowcount)


def write_edit(
    session: CrmSession, draft_id: int, key: tuple[str, str], body: Mapping[str, Any] | None, base: int
) -> None:
    """Write what a draft wants of one document (`key`: kind and name)."""
    values = {
        "body": None if body is None else json.dumps(body, ensure_ascii=False),
        "base": base,
        "user_name": session.actor.name,
        "updated_at": session.clock(),
    }
    connection = session.connection()
    done = connection.execute(sa.update(edit).where(_place(draft_id, key)).values(**values))
    if not done.rowcount:
        connection.execute(sa.insert(edit).values(draft_id=draft_id, kind=key[0], name=key[1], **values))


def delete_edit(session: CrmSession, draft_id: int, key: tuple[str, str]) -> None:
    """Forget what a draft wants of one document."""
    session.connection().execute(sa.delete(edit).where(_place(draft_id, key)))


def delete_draft(session: CrmSession, draft_id: int) -> None:
    """Erase a draft with its edits."""
    session.connection().execute(sa.delete(edit).where(edit.c.draft_id == draft_id))
    session.connection().execute(sa.delete(draft).where(draft.c.id == draft_id))


def _place(draft_id: int, key: tuple[str, str]) -> sa.ColumnElement[bool]:
    return (edit.c.draft_id == draft_id) & (edit.c.kind == key[0]) & (edit.c.name == key[1])


def write_upload(session: CrmSession, content: Mapping[str, Any]) -> None:
    """Keep what the actor sent for the draft, in place of what was sent before."""
    delete_upload(session)
    values = {"user_id": session.actor.user_id, "content": json.dumps(content, ensure_ascii=False)}
    session.connection().execute(sa.insert(upload).values(**values, at=session.clock()))


def find_upload(session: CrmSession) -> Mapping[str, Any] | None:
    """Return what the actor sent and has not decided about; None when there is nothing."""
    own = upload.c.user_id == session.actor.user_id
    content = session.connection().scalar(sa.select(upload.c.content).where(own))
    return None if content is None else json.loads(content)


def delete_upload(session: CrmSession) -> None:
    """Forget what the actor sent."""
    session.connection().execute(sa.delete(upload).where(upload.c.user_id == session.actor.user_id))
