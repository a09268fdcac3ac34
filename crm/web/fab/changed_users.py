"""Users whose password, roles or groups change, or who are made inactive, are signed out everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Group, Role, User

from crm.database import CrmSession
from crm.permissions.sign_ins import end_sign_ins

SIGNS_OUT = ("password", "active", "roles", "groups")


@sa.event.listens_for(CrmSession, "after_flush")
def sign_out_changed(session: CrmSession, _context: object) -> None:
    """End the sessions and tokens of the users this flush changes, in the same transaction."""
    changed = {
        user.id for item in [*session.dirty, *session.deleted] for user in _users_changed(session, item)
    }
    if changed:
        end_sign_ins(session.connection(), changed)


def _users_changed(session: CrmSession, item: Any) -> Iterator[User]:
    """Yield the users who are others than before, for one object of a flush."""
    is_gone = item in session.deleted
    if isinstance(item, User):
        if is_gone or any(_is_changed(item, name) for name in SIGNS_OUT):
            yield item
    elif isinstance(item, Group):
        yield from _joined_or_left(item, "users")
        if is_gone or _is_changed(item, "roles"):
            yield from item.users
    elif isinstance(item, Role):
        yield from item.user if is_gone else _joined_or_left(item, "user")


def _is_changed(item: Any, name: str) -> bool:
    return sa.inspect(item).attrs[name].history.has_changes()


def _joined_or_left(item: Any, name: str) -> Iterator[User]:
    history = sa.inspect(item).attrs[name].history
    yield from (*(history.added or ()), *(history.deleted or ()))
