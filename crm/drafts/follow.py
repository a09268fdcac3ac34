"""Drafts follow what a colleague renames: their edits are of the same entities and fields, under new names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm.drafts.store import edit
from crm.entities.load import documents_from_json
from crm.entities.model import Document
from crm.entities.usage import Shelf
from crm.entities.walk import ENTITY, Spot, Walker
from crm.revisions.rename import under_new_names


def walk_edit(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to the names in one edit of a draft, and to the name of what it edits."""
    name = walker.entity(body["name"], Spot()) if body["kind"] == ENTITY else body["name"]
    if body["body"] is None:
        return {**body, "name": name}
    found = under_new_names(documents_from_json([body["body"]])[0], walker)
    return {**body, "name": name, "body": found.body}


def _read(connection: sa.Connection) -> list[Document]:
    rows = connection.execute(sa.select(edit).order_by(edit.c.id))
    return [
        Document(
            "draft",
            str(row.id),
            {"kind": row.kind, "name": row.name, "body": None if row.body is None else json.loads(row.body)},
        )
        for row in rows
    ]


def _write(connection: sa.Connection, row: Document) -> None:
    """Write an edit under its new names, unless the draft already has an edit of that name: then it renames itself."""
    number, kind, name = int(row.name), row.body["kind"], row.body["name"]
    own = sa.select(edit.c.draft_id).where(edit.c.id == number).scalar_subquery()
    others = sa.select(edit.c.id).where(
        edit.c.draft_id == own, edit.c.kind == kind, edit.c.name == name, edit.c.id != number
    )
    if connection.scalar(others) is not None:
        return
    body = row.body["body"]
    values = {"name": name, "body": None if body is None else json.dumps(body, ensure_ascii=False)}
    connection.execute(sa.update(edit).where(edit.c.id == number).values(**values))


DRAFTS = Shelf("draft", walk_edit, _read, _write, is_use=False)
