"""Profiles and teams of users, and the few facts about users that rights need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from crm.database import BigId, metadata, row_of
from crm.errors import NotFoundError
from crm.fields.alphabet import alphabetical
from crm.fields.fold import fold
from crm.permissions.sign_ins import end_sign_ins

team = sa.Table(
    "crm_team",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
)

profile = sa.Table(
    "crm_profile",
    metadata,
    sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("team_id", sa.BigInteger, index=True),
    sa.Column("language", sa.String(5)),
    sa.Column("time_zone", sa.String(64)),
    sa.Column("theme", sa.String(10)),
    sa.Column("week_start", sa.String(10)),
    sa.Column("start_page", sa.String(16)),  # "dashboard"; empty for my day
)

FOREIGN = sa.MetaData()
"""Flask-AppBuilder's tables of users, as far as rights read them: to load its own classes costs a command a second."""

USERS = sa.Table(
    "ab_user",
    FOREIGN,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("username", sa.String(128)),
    sa.Column("first_name", sa.String(64)),
    sa.Column("last_name", sa.String(64)),
    sa.Column("email", sa.String(320)),
    sa.Column("active", sa.Boolean),
)
ROLES = sa.Table(
    "ab_role", FOREIGN, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(64))
)
GROUPS = sa.Table(
    "ab_group", FOREIGN, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(100))
)
USER_ROLES, USER_GROUPS, GROUP_ROLES = (
    sa.Table(
        name,
        FOREIGN,
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(column, sa.Integer) for column in columns),
    )
    for name, *columns in (
        ("ab_user_role", "user_id", "role_id"),
        ("ab_user_group", "user_id", "group_id"),
        ("ab_group_role", "group_id", "role_id"),
    )
)


def find_profile(connection: sa.Connection, user_id: int) -> Mapping:
    """Return a user's profile; an empty one when nothing was chosen yet."""
    row = connection.execute(sa.select(profile).where(profile.c.user_id == user_id)).first()
    return row_of(row) if row else dict.fromkeys(profile.c.keys()) | {"user_id": user_id}


def save_profile(connection: sa.Connection, user_id: int, **values: object) -> None:
    """Change some of a user's profile."""
    if not values:
        return
    updated = connection.execute(sa.update(profile).where(profile.c.user_id == user_id).values(**values))
    if not updated.rowcount:
        connection.execute(sa.insert(profile).values(user_id=user_id, **values))


def list_team_users(connection: sa.Connection, user_id: int, team_id: int | None) -> tuple[int, ...]:
    """Return the users of a team; the user alone when there is no team."""
    if team_id is None:
        return (user_id,)
    found = connection.scalars(sa.select(profile.c.user_id).where(profile.c.team_id == team_id))
    return tuple(sorted({user_id, *found}))


def held_roles() -> sa.Subquery:
    """Return who holds which role, by the user's own or by a group: `user_id`, `role_id`."""
    own = sa.select(USER_ROLES.c.user_id, USER_ROLES.c.role_id)
    by_group = sa.select(USER_GROUPS.c.user_id, GROUP_ROLES.c.role_id).join(
        GROUP_ROLES, GROUP_ROLES.c.group_id == USER_GROUPS.c.group_id
    )
    return sa.union(own, by_group).subquery("held")


def list_role_names(connection: sa.Connection, user_id: int) -> list[str]:
    """Return the names of a user's roles, those of groups among them."""
    held = held_roles()
    asked = (
        sa.select(ROLES.c.name)
        .join(held, held.c.role_id == ROLES.c.id)
        .where(held.c.user_id == user_id)
        .order_by(ROLES.c.name)
    )
    return list(connection.scalars(asked))


def choosable(role: str | None = None) -> sa.Select:
    """Return the one rule of who may be chosen for a field: active users, of its role where it names one."""
    asked = sa.select(USERS.c.id).where(USERS.c.active.is_(True))
    if role is None:
        return asked
    held = held_roles()
    named = sa.select(held.c.user_id).join(ROLES, held.c.role_id == ROLES.c.id).where(ROLES.c.name == role)
    return asked.where(USERS.c.id.in_(named))


def everybody() -> sa.Select:
    """Return the numbers of all users there are, inactive ones too; who was deleted is not among them."""
    return sa.select(USERS.c.id)


def which_may_be_chosen(connection: sa.Connection, ids: Iterable[int], role: str | None) -> set[int]:
    """Return which of some users may be chosen."""
    return set(connection.scalars(choosable(role).where(USERS.c.id.in_(list(ids)))))


def list_groups_of(connection: sa.Connection, ids: Iterable[int]) -> dict[int, set[str]]:
    """Return what the groups of some users are called, by user."""
    asked = sa.select(USER_GROUPS.c.user_id, GROUPS.c.name).join(
        GROUPS, GROUPS.c.id == USER_GROUPS.c.group_id
    )
    found: dict[int, set[str]] = {}
    for user_id, name in connection.execute(asked.where(USER_GROUPS.c.user_id.in_(list(ids)))):
        found.setdefault(user_id, set()).add(name)
    return found


def list_names(connection: sa.Connection, ids: Iterable[int], language: str) -> dict[int, str]:
    """Return the full names of users by id, in the order of a language."""
    full = USERS.c.first_name + " " + USERS.c.last_name
    asked = sa.select(USERS.c.id, full, USERS.c.username).where(USERS.c.id.in_(list(ids)))
    rows = connection.execute(asked.order_by(alphabetical(full, language), USERS.c.id))
    return {row[0]: (row[1] or "").strip() or row[2] for row in rows}


def deactivate(connection: sa.Connection, user_id: int) -> None:
    """Sign a user out everywhere and deactivate them: they cannot sign in, and their name stays in all records.

    Errors: NotFoundError when there is no such user.
    """
    left = sa.update(USERS).where(USERS.c.id == user_id).values(active=False)
    if not connection.execute(left).rowcount:
        raise NotFoundError("permissions.no_such_user", name=user_id)
    end_sign_ins(connection, [user_id])


@dataclass(frozen=True)
class Person:
    """A user as others see one."""

    id: int
    first_name: str
    last_name: str
    username: str
    active: bool


def list_people(connection: sa.Connection, ids: Iterable[int]) -> list[Person]:
    """Return some users; those that were deleted are absent."""
    columns = (USERS.c[name] for name in ("id", "first_name", "last_name", "username", "active"))
    found = connection.execute(sa.select(*columns).where(USERS.c.id.in_(list(ids))))
    return [Person(*row) for row in found]


def list_users_with_role(connection: sa.Connection, role: str) -> list[int]:
    """Return the active users who have a role, lowest id first."""
    return list(connection.scalars(choosable(role).order_by(USERS.c.id)))


def list_user_names(connection: sa.Connection, language: str, limit: int = 500) -> list[tuple[str, str]]:
    """Return the active users' login and full names, by full name."""
    full = USERS.c.first_name + " " + USERS.c.last_name
    asked = (
        sa.select(USERS.c.username, full)
        .where(USERS.c.active.is_(True))
        .order_by(alphabetical(full, language), USERS.c.id)
    )
    return [(name, (words or "").strip()) for name, words in connection.execute(asked.limit(limit))]


def find_user(connection: sa.Connection, user_id: int) -> Mapping | None:
    """Return a user's names, address and state; never the password."""
    columns = (
        USERS.c.id,
        USERS.c.username,
        USERS.c.first_name,
        USERS.c.last_name,
        USERS.c.email,
        USERS.c.active,
    )
    row = connection.execute(sa.select(*columns).where(USERS.c.id == user_id)).first()
    return row_of(row) if row else None


def list_role_holders(connection: sa.Connection, language: str) -> dict[str, list[str]]:
    """Return who holds each role, by full name: active users, those of groups among them."""
    held, full = held_roles(), USERS.c.first_name + " " + USERS.c.last_name
    asked = (
        sa.select(ROLES.c.name, full, USERS.c.username)
        .join(held, held.c.role_id == ROLES.c.id)
        .join(USERS, held.c.user_id == USERS.c.id)
        .where(USERS.c.active.is_(True))
        .order_by(alphabetical(full, language), USERS.c.id)
    )
    found: dict[str, list[str]] = {}
    for role, name, login in connection.execute(asked):
        found.setdefault(role, []).append((name or "").strip() or login)
    return found


def find_login(connection: sa.Connection, name: str) -> Mapping | None:
    """Return the active user who signs in by this name or mail address: id and login name."""
    same = sa.or_(sa.func.lower(USERS.c.username) == sa.func.lower(name), USERS.c.email == name)
    asked = sa.select(USERS.c.id, USERS.c.username).where(same, USERS.c.active.is_(True))
    row = connection.execute(asked.order_by(USERS.c.email == name, USERS.c.id)).first()
    return row_of(row) if row else None


def find_login_id(connection: sa.Connection, name: str) -> int | None:
    """Return the active user of exactly this login name."""
    return connection.scalar(sa.select(USERS.c.id).where(USERS.c.username == name, USERS.c.active.is_(True)))


def find_number(connection: sa.Connection, name: str) -> int | None:
    """Return the user of exactly this login name, inactive or not."""
    return connection.scalar(everybody().where(USERS.c.username == name))


def find_user_id(connection: sa.Connection, words: str) -> int | None:
    """Return the one active user whose name, address or full name is this; None for none or several."""
    return find_user_ids(connection, [words])[words]


def find_user_ids(connection: sa.Connection, words: Iterable[str]) -> dict[str, int | None]:
    """Return the active user each word means by name, address or full name, folded; None for none or several."""
    asked = sa.select(USERS.c.id, USERS.c.username, USERS.c.email, USERS.c.first_name, USERS.c.last_name)
    known: dict[str, set[int]] = {}
    for row in connection.execute(asked.where(USERS.c.active.is_(True))):
        for name in (row.username, row.email, f"{row.first_name} {row.last_name}"):
            known.setdefault(fold(name or ""), set()).add(row.id)
    found = {word: known.get(fold(word), set()) if fold(word) else set() for word in words}
    return {word: next(iter(ids)) if len(ids) == 1 else None for word, ids in found.items()}
