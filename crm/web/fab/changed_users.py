"""Users whose password, roles or groups change, or who are made inactive, are signed out; one administrator stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Group, Role, User

from crm.database import CrmSession
from crm.errors import NotAllowedError
from crm.permissions.service import ADMIN_ROLE
from crm.permissions.sign_ins import end_sign_ins
from crm.permissions.store import list_users_with_role

SIGNS_OUT = ("password", "active", "roles", "groups")


@sa.event.listens_for(CrmSession, "after_flush")
def sign_out_changed(session: CrmSession, _context: object) -> None:
    """End the sessions and tokens of the users this flush changes, in the same transaction."""
    changed = {
        user.id for item in [*session.dirty, *session.deleted] for user in _users_changed(session, item)
    }
    if changed:
        end_sign_ins(session.connection(), changed)


@sa.event.listens_for(CrmSession, "after_flush")
def keep_an_administrator(session: CrmSession, _context: object) -> None:
    """Refuse what leaves nobody who may administer: by a user, a group or a role, changed or deleted.

    Errors: NotAllowedError.
    """
    touched = any(
        isinstance(item, User | Group | Role) and (item in session.deleted or _is_changed_at_all(item))
        for item in [*session.dirty, *session.deleted]
    )
    if touched and not list_users_with_role(session.connection(), ADMIN_ROLE):
        raise NotAllowedError("people.last_admin")


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


def _is_changed_at_all(item: Any) -> bool:
    names = ("active", "name", "roles", "groups", "users", "user")
    return any(_is_changed(item, name) for name in names if name in sa.inspect(item).attrs)


def _is_changed(item: Any, name: str) -> bool:
    return sa.inspect(item).attrs[name].history.has_changes()


def _joined_or_left(item: Any, name: str) -> Iterator[User]:
    history = sa.inspect(item).attrs[name].history
    yield from (*(history.added or ()), *(history.deleted or ()))
