"""Users as rules see them: who has a role, how to reach them, whose turn it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from crm.database import CrmSession, metadata
from crm.errors import RuleError
from crm.permissions import store
from workflows.runs.locks import hold_lock

turn = sa.Table(
    "crm_turn",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)
"""When each user was last chosen by a step that goes round: higher numbers are later."""


@dataclass(frozen=True)
class Person:
    """A user who can be told or given something; `language` is None when they have chosen none."""

    id: int
    name: str
    email: str
    language: str | None = None


def find_person(session: CrmSession, user_id: int) -> Person | None:
    """Return an active user."""
    connection = session.connection()
    user = store.find_user(connection, user_id)
    return _person(user, store.find_profile(connection, user_id)) if user and user["active"] else None


def _person(user: Mapping, profile: Mapping) -> Person:
    name = f"{user['first_name'] or ''} {user['last_name'] or ''}".strip() or user["username"]
    return Person(user["id"], name, user["email"] or "", profile["language"])


def find_by_username(session: CrmSession, name: str) -> Person | None:
    """Return the one active user of that name."""
    user_id = store.find_user_id(session.connection(), name)
    return find_person(session, user_id) if user_id is not None else None


def list_of_role(session: CrmSession, role: str) -> list[Person]:
    """Return the active users who have a role, lowest id first."""
    ids = store.list_users_with_role(session.connection(), role)
    found = [find_person(session, user_id) for user_id in ids]
    return [person for person in found if person]


class Turns:
    """Whose turn it is, held until the transaction ends: nobody else chooses meanwhile."""

    def __init__(self, session: CrmSession, key: str) -> None:
        self.session, self.key = session, key
        hold_lock(session, f"turn:{key}")
        rows = session.execute(sa.select(turn.c.user_id, turn.c.number).where(turn.c.key == key))
        self._stored = {row.user_id: row.number for row in rows}
        self._now = dict(self._stored)

    def last(self, user_id: int) -> int:
        """Return when a user was last chosen; 0 for never."""
        return self._now.get(user_id, 0)

    def take(self, user_id: int) -> None:
        """Put a user at the end of the queue."""
        self._now[user_id] = 1 + max([0, *self._now.values()])

    def save(self) -> None:
        """Write down who was chosen."""
        for user_id, number in self._now.items():
            mine = (turn.c.key == self.key) & (turn.c.user_id == user_id)
            if user_id not in self._stored:
                self.session.execute(sa.insert(turn).values(key=self.key, user_id=user_id, number=number))
            elif number != self._stored[user_id]:
                self.session.execute(sa.update(turn).where(mine).values(number=number))


def nobody_in(session: CrmSession, role: str) -> RuleError:
    """Return the error that no active user has a role, which is called by its label."""
    known = session.workspace.schema.parts.get("role", {}).get(role)
    return RuleError("rule.nobody_in_role", role=known.label if known else role)


@contextmanager
def in_turn(session: CrmSession, role: str, key: str) -> Iterator[Callable[[], Person]]:
    """Give a function that returns the next user of a role; whose turn it was is noted at the end.

    Errors: RuleError when nobody active has the role.
    """
    candidates = list_of_role(session, role)
    if not candidates:
        raise nobody_in(session, role)
    turns = Turns(session, key)

    def take() -> Person:
        chosen = min(candidates, key=lambda person: (turns.last(person.id), person.id))
        turns.take(chosen.id)
        return chosen

    yield take
    turns.save()
