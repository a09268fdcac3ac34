"""The tables of approvals: what waits for a decision, who has a say in it, and who is away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm.database import BigId, insert_of, metadata, row_of
from crm.entities.model import Entity
from crm.revisions.former_names import FormerNames
from workflows.runs.store import CLAIMED, run
from workflows.runs.store import WAITING as RUN_WAITS

WAITING, APPROVED, REFUSED, WITHDRAWN = "waiting", "approved", "refused", "withdrawn"

approval = sa.Table(
    "crm_approval",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("key", sa.String(120), nullable=False, unique=True),
    sa.Column("run_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("position", sa.String(40), nullable=False),
    sa.Column("rule", sa.String(64), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("remind_at", sa.DateTime),
    sa.Column("decided_at", sa.DateTime),
    sa.Column("decided_by", sa.Integer),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Index("ix_crm_approval_record", "entity", "record_id", "id"),
)
"""A question that a run asked. `key` names run and step, so that it is asked once; `version` counts what changed it.

States: waiting, and the ends: approved, refused, withdrawn (its run ended otherwise).
"""

seat = sa.Table(
    "crm_approval_seat",
    metadata,
    sa.Column("approval_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("person_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("text", sa.JSON, nullable=False),  # per language, by the rights of the person
    sa.Column("stand_in_id", sa.Integer),
    sa.Column("stand_in_text", sa.JSON(none_as_null=True)),
    sa.Column("verdict", sa.String(16)),
    sa.Column("decided_by", sa.Integer),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("at", sa.DateTime),
    sa.Index("ix_crm_approval_seat_person", "person_id", "verdict"),
    sa.Index("ix_crm_approval_seat_stand_in", "stand_in_id", "verdict"),
)
"""Somebody's say in an approval; `stand_in_id` may say it for them while they are away."""

away = sa.Table(
    "crm_away",
    metadata,
    sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("from_day", sa.Date, nullable=False),
    sa.Column("until_day", sa.Date, nullable=False),
    sa.Column("stand_in_id", sa.Integer, nullable=False, index=True),
)
"""Who is away, both days included, and who decides for them meanwhile."""


def add_approval(session: Session, values: Mapping[str, Any]) -> Mapping:
    """Write a new approval and return it."""
    row = {"state": WAITING, "version": 1, "reason": "", **values}
    key = session.execute(sa.insert(approval).values(row)).inserted_primary_key
    return {**row, "id": key[0]}


def find_by_key(session: Session, key: str) -> Mapping | None:
    """Return the approval that a step of a run asked for."""
    row = session.execute(sa.select(approval).where(approval.c.key == key)).first()
    return row_of(row) if row else None


def find_approval(session: Session, approval_id: int) -> Mapping | None:
    """Return one approval."""
    row = session.execute(sa.select(approval).where(approval.c.id == approval_id)).first()
    return row_of(row) if row else None


def wake_run(session: Session, run_id: int, now: dt.datetime) -> bool:
    """Let a run that waits go on now, and hold it until the transaction ends; False when it no longer waits."""
    waits = (run.c.id == run_id) & run.c.state.in_((RUN_WAITS, CLAIMED))
    return session.execute(sa.update(run).where(waits).values(due_at=now)).rowcount == 1


def hold_waiting(session: Session, approval_id: int) -> bool:
    """Hold an approval that is not decided until the transaction ends; False when it is."""
    mine = (approval.c.id == approval_id) & (approval.c.state == WAITING)
    more = sa.update(approval).where(mine).values(version=approval.c.version + 1)
    return session.execute(more).rowcount == 1


def change_approval(session: Session, approval_id: int, **values: Any) -> None:
    """Change an approval."""
    session.execute(sa.update(approval).where(approval.c.id == approval_id).values(**values))


def list_seats(session: Session, ids: Iterable[int]) -> dict[int, list[Mapping]]:
    """Return the seats of approvals, by approval, in their order."""
    found: dict[int, list[Mapping]] = {number: [] for number in ids}
    asked = sa.select(seat).where(seat.c.approval_id.in_(found)).order_by(seat.c.place, seat.c.person_id)
    for row in session.execute(asked):
        found[row.approval_id].append(row_of(row))
    return found


def add_seats(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Give people a say; who has one already keeps it."""
    if rows:
        session.execute(insert_of(session.get_bind())(seat).on_conflict_do_nothing(), list(rows))


def change_seat(session: Session, approval_id: int, person_id: int, **values: Any) -> bool:
    """Change a seat nobody has spoken from; False when somebody has."""
    mine = (seat.c.approval_id == approval_id) & (seat.c.person_id == person_id) & seat.c.verdict.is_(None)
    return session.execute(sa.update(seat).where(mine).values(**values)).rowcount == 1


def take_seats(session: Session, approval_id: int, people: Iterable[int]) -> None:
    """Take their say from people who have not spoken."""
    mine = (seat.c.approval_id == approval_id) & seat.c.person_id.in_(list(people))
    session.execute(sa.delete(seat).where(mine, seat.c.verdict.is_(None)))


def list_open_of(session: Session, user_id: int) -> list[Mapping]:
    """Return what waits for somebody or for those whom they stand in for, oldest first."""
    mine = (seat.c.person_id == user_id) | (seat.c.stand_in_id == user_id)
    open_seats = sa.select(seat.c.approval_id).where(mine, seat.c.verdict.is_(None))
    asked = sa.select(approval).join(run, run.c.id == approval.c.run_id)
    waits = (approval.c.state == WAITING) & run.c.state.in_((RUN_WAITS, CLAIMED))
    rows = session.execute(asked.where(waits, approval.c.id.in_(open_seats)).order_by(approval.c.id))
    return [row_of(row) for row in rows]


def list_decided_by(session: Session, user_id: int, limit: int) -> list[Mapping]:
    """Return what somebody has spoken about lately, newest first: the approval with what they `said`."""
    columns = (seat.c.verdict, seat.c.reason.label("said"), seat.c.at.label("spoken_at"))
    asked = sa.select(approval, *columns).join(seat, seat.c.approval_id == approval.c.id)
    rows = session.execute(
        asked.where(seat.c.decided_by == user_id)
        .order_by(seat.c.at.desc(), approval.c.id.desc())
        .limit(limit)
    )
    return [row_of(row) for row in rows]


def list_stand_ins(session: Session, people: Iterable[int], day: dt.date) -> dict[int, int]:
    """Return who stands in for whom on a day, of some people."""
    mine = away.c.user_id.in_(list(people)) & (away.c.from_day <= day) & (away.c.until_day >= day)
    rows = session.execute(sa.select(away.c.user_id, away.c.stand_in_id).where(mine))
    return {row.user_id: row.stand_in_id for row in rows}


def find_away(session: Session, user_id: int) -> Mapping | None:
    """Return when somebody is away and who stands in."""
    row = session.execute(sa.select(away).where(away.c.user_id == user_id)).first()
    return row_of(row) if row else None


def save_away(session: Session, user_id: int, values: Mapping[str, Any] | None) -> None:
    """Note when somebody is away; None for not at all."""
    session.execute(sa.delete(away).where(away.c.user_id == user_id))
    if values is not None:
        session.execute(sa.insert(away).values(user_id=user_id, **values))


def list_waiting_on(session: Session, former: FormerNames, entity: Entity, record_id: int) -> list[Mapping]:
    """Return the approvals about a record that wait, oldest first."""
    about = former.about(approval, entity) & (approval.c.record_id == record_id)
    waits = (approval.c.state == WAITING) & run.c.state.in_((RUN_WAITS, CLAIMED))
    asked = sa.select(approval).join(run, run.c.id == approval.c.run_id).where(about, waits)
    return [row_of(row) for row in session.execute(asked.order_by(approval.c.id))]


def list_decided(session: Session, about: sa.ColumnElement[bool], limit: int) -> list[Mapping]:
    """Return what was said about records, newest first: the approval with the seat it was said from."""
    columns = (
        seat.c.verdict,
        seat.c.reason.label("said"),
        seat.c.at.label("spoken_at"),
        seat.c.decided_by.label("who"),
    )
    asked = sa.select(approval, *columns, seat.c.person_id, seat.c.text).join(
        seat, seat.c.approval_id == approval.c.id
    )
    spoken = asked.where(about, seat.c.verdict.is_not(None)).order_by(seat.c.at.desc(), approval.c.id.desc())
    return [row_of(row) for row in session.execute(spoken.limit(limit))]
