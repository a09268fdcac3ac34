"""Messages to users inside the app: a row each, read or not yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm.database import BigId, CrmSession, insert_of, metadata, row_of
from crm.errors import NotFoundError
from crm.texts import Text

MAX_COUNT = 99  # the bell shows "99+" beyond; nobody counts further

notification = sa.Table(
    "crm_notification",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("text", sa.JSON, nullable=False),  # per language, or one string for all
    sa.Column("entity", sa.String(64)),
    sa.Column("record_id", sa.BigInteger),
    sa.Column("key", sa.String(120), unique=True),
    sa.Column("revision", sa.Integer),  # that calls the entity so
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("read_at", sa.DateTime),
    sa.Index("ix_crm_notification_user", "user_id", "read_at", "id"),
)


@dataclass(frozen=True)
class Notice:
    """Something a user should know.

    Shape:  `text` is a string or one per language. `entity` and `record_id` say what it is about.
            `key` names the occasion: a second notice with the same key is not written.
    """

    user_id: int
    text: str | Mapping[str, str]
    entity: str | None = None
    record_id: int | None = None
    key: str | None = None


def add_notification(session: CrmSession, notice: Notice) -> bool:
    """Leave a notification for a user; return whether it is new."""
    insert = insert_of(session.get_bind())
    statement = insert(notification).values(_row(session, notice)).on_conflict_do_nothing()
    written = session.connection().execute(statement, execution_options={"preserve_rowcount": True})
    return bool(written.rowcount)


def add_notifications(session: CrmSession, notices: Sequence[Notice]) -> None:
    """Leave notifications; those that are there already are not written again."""
    if notices:
        statement = insert_of(session.get_bind())(notification).on_conflict_do_nothing()
        session.connection().execute(statement, [_row(session, notice) for notice in notices])


def known_keys(session: Session, keys: Sequence[str]) -> set[str]:
    """Return which of some occasions have a notification already."""
    asked = sa.select(notification.c.key).where(notification.c.key.in_(keys))
    return set(session.connection().scalars(asked)) if keys else set()


def _row(session: CrmSession, notice: Notice) -> dict[str, Any]:
    return {
        "user_id": notice.user_id,
        "text": notice.text if isinstance(notice.text, str) else dict(notice.text),
        "entity": notice.entity,
        "record_id": notice.record_id,
        "key": notice.key,
        "revision": session.workspace.number,
        "created_at": session.clock(),
    }


def list_notifications(
    session: Session, user_id: int, limit: int = 50, before: int | None = None
) -> list[dict[str, Any]]:
    """Return a user's notifications, newest first; `before` is the id of the last one already seen."""
    asked = sa.select(notification).where(notification.c.user_id == user_id)
    if before is not None:
        asked = asked.where(notification.c.id < before)
    rows = session.connection().execute(asked.order_by(notification.c.id.desc()).limit(limit))
    return [{**found, "text": Text(found["text"])} for found in map(row_of, rows)]


def count_unread(session: Session, user_id: int) -> int:
    """Return how many notifications a user has not read; never more than `MAX_COUNT` + 1."""
    unread = sa.select(notification.c.id).where(
        notification.c.user_id == user_id, notification.c.read_at.is_(None)
    )
    return (
        session.connection().scalar(
            sa.select(sa.func.count()).select_from(unread.limit(MAX_COUNT + 1).subquery())
        )
        or 0
    )


def find_notification(session: Session, user_id: int, notification_id: int) -> dict[str, Any] | None:
    """Return one of a user's own notifications."""
    mine = (notification.c.id == notification_id) & (notification.c.user_id == user_id)
    row = session.connection().execute(sa.select(notification).where(mine)).first()
    return {**row_of(row), "text": Text(row.text)} if row else None


def mark_read(session: Session, user_id: int, notification_id: int, now: dt.datetime) -> dict[str, Any]:
    """Note that a user has read a notification and return it.

    Errors: NotFoundError when it is not the user's own.
    """
    found = find_notification(session, user_id, notification_id)
    if found is None:
        raise NotFoundError("notification.not_found")
    mine = (notification.c.id == notification_id) & notification.c.read_at.is_(None)
    session.connection().execute(sa.update(notification).where(mine).values(read_at=now))
    return found


def mark_all_read(session: Session, user_id: int, now: dt.datetime) -> int:
    """Note that a user has read everything; return how many were new."""
    mine = (notification.c.user_id == user_id) & notification.c.read_at.is_(None)
    return session.connection().execute(sa.update(notification).where(mine).values(read_at=now)).rowcount
