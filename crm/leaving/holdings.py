"""What a user holds: records by field, and the documents that name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.drafts.store import list_drafts
from crm.entities.model import Document, Entity
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.permissions import store as people
from crm.permissions.service import ADMIN_ROLE


@dataclass(frozen=True)
class Holding:
    """Records that name a user in one field; `count` says how many."""

    entity: Entity
    field: Field
    count: int

    @property
    def key(self) -> str:
        """Return what forms, options and the table call it."""
        return f"{self.entity.name}.{self.field.name}"


def user_fields(session: CrmSession) -> Iterator[tuple[Entity, Field]]:
    """Yield every field that names a user."""
    for entity in session.workspace.schema.entities.values():
        for field in entity.fields.values():
            if FIELD_TYPES[field.type].points == "user" and FIELD_TYPES[field.type].stored:
                yield entity, field


def attribute_of(session: CrmSession, entity: Entity, field: Field) -> Any:
    """Return the mapped attribute that holds a field's user."""
    return getattr(session.workspace.models[entity.name], FIELD_TYPES[field.type].attribute(field))


def list_holdings(session: CrmSession, user_id: int) -> list[Holding]:
    """Return what a user, or one who was deleted, holds: one indexed count per field."""
    found = []
    with session.as_system():
        for entity, field in user_fields(session):
            attribute = attribute_of(session, entity, field)
            count = session.scalar(sa.select(sa.func.count()).where(attribute == user_id)) or 0
            found += [Holding(entity, field, count)] if count else []
    return found


def documents_naming(session: CrmSession, username: str) -> list[Document]:
    """Return the documents that name a user: rules that assign or write to them, and others."""
    return [
        document for document in session.workspace.schema.documents if _names_user(document.body, username)
    ]


def _names_user(value: Any, username: str) -> bool:
    if isinstance(value, Mapping):
        return value.get("user") == username or any(_names_user(each, username) for each in value.values())
    return isinstance(value, (list, tuple)) and any(_names_user(each, username) for each in value)


def count_drafted(session: CrmSession, user_id: int) -> int:
    """Return how many documents lie in a user's draft."""
    return sum(len(draft.edits) for draft in list_drafts(session, user_id=user_id))


def is_last_admin(connection: sa.Connection, user_id: int) -> bool:
    """Return whether nobody else who is active may administer."""
    return people.list_users_with_role(connection, ADMIN_ROLE) == [user_id]


def successors(session: CrmSession, holding: Holding, user_id: int) -> dict[int, str]:
    """Return who may take a holding over, by the one rule of who may be chosen."""
    connection = session.connection()
    asked = people.choosable(holding.field.options.get("only_role"))
    ids = [number for number in connection.scalars(asked) if number != user_id]
    return people.list_names(connection, ids, session.actor.language)
