"""What a publish takes away that its publisher must have agreed to: entities, roles, and their own access."""

from __future__ import annotations

from collections.abc import Iterable

from crm.entities.identity import assign_identities
from crm.entities.load import build_schema
from crm.entities.model import Document, Schema
from crm.errors import ConflictError, Problem
from crm.permissions.model import Actor
from crm.revisions.diff import diff_documents
from crm.revisions.workspace import Workspace

CODES = {"entity": "schema.loses_entity", "role": "schema.loses_role"}


def list_losses(live: Workspace, actor: Actor, documents: Iterable[Document]) -> list[Problem]:
    """Return what of the live revision would be gone: a renamed entity is not, the actor's own role counts twice.

    Nothing is lost by documents with problems: they are refused.
    """
    documents = list(documents)
    schema, problems = build_schema(documents, live.number + 1)
    if problems:
        return []
    after = assign_identities(documents, live.identities)
    removed = diff_documents(list(live.schema.documents), documents, live.identities, after)["removed"]
    lost = [
        Problem(CODES[row["kind"]], {"name": _label(live.schema, row["kind"], row["name"])})
        for row in removed
        if row["kind"] in CODES
    ]
    return lost + ([Problem("schema.loses_access")] if _loses_access(actor, schema) else [])


def require_agreement(live: Workspace, actor: Actor, documents: Iterable[Document], is_agreed: bool) -> None:
    """Refuse a publish that takes something away until the publisher has agreed to it.

    Errors: ConflictError, whose problems name what would go.
    """
    lost = [] if is_agreed else list_losses(live, actor, documents)
    if lost:
        raise ConflictError("schema.needs_agreement", lost)


def _label(schema: Schema, kind: str, name: str) -> str:
    found = schema.entities.get(name) if kind == "entity" else schema.parts["role"].get(name)
    return (getattr(found, "plural", None) or found.label).get("en") if found else name


def _loses_access(actor: Actor, after: Schema) -> bool:
    """Return whether the actor may configure the CRM today, and may no more with another schema."""
    if actor.sees_everything or not actor.may_configure:
        return False
    roles = after.parts["role"]
    return not any(roles[role.name].admin for role in actor.roles if role.name in roles)
