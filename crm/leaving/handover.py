"""Handing over: asked for with a person's leaving, done in steps that any worker may go on with."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm import queue
from crm.database import BigId, CrmSession, about_to_write, metadata, only_reading, row_of, utcnow
from crm.entities.model import Entity
from crm.errors import CrmError, NotAllowedError, NotFoundError, Problem, RecordError
from crm.fields.base import Field
from crm.leaving.holdings import attribute_of, is_last_admin, list_holdings, user_fields
from crm.messages import told
from crm.permissions import store as people
from crm.permissions.model import SYSTEM
from crm.permissions.service import actor_of_user
from crm.records.service import update_record
from crm.revisions.workspace import get_workspace

JOB = "people.hand_over"
STEP = 50  # records of one transaction
AT_ONCE = 100  # records handed over while the page waits
LEASE_SECONDS = 60
MOST_TOLD = 20

handover = sa.Table(
    "crm_handover",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("user_id", sa.Integer, nullable=False),  # who leaves
    sa.Column("by_user_id", sa.Integer),  # who decided; empty for the command line
    sa.Column("plan", sa.Text, nullable=False),  # {"uid of a field": number of the successor, or null}
    sa.Column("state", sa.String(16), nullable=False),  # waiting, working, done
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False, default=0),
    sa.Column("refused", sa.Text, nullable=False, default="[]"),  # the first of them, with the reason
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("created_at", sa.DateTime, nullable=False),
)


@dataclass(frozen=True)
class Handover:
    """One handover and how far it is.

    Shape:  `plan` maps a field's uid to the successor's number, None for nobody. `refused` holds `{"entity", "id",
            "message"}` of records that could not be saved.
    """

    id: int
    user_id: int
    by_user_id: int | None
    plan: Mapping[str, int | None]
    state: str
    total: int
    done: int
    refused: list[dict[str, Any]]
    attempts: int

    def as_json(self) -> dict[str, Any]:
        """Return what commands answer."""
        facts = {"id": self.id, "state": self.state, "total": self.total, "done": self.done}
        return {**facts, "refused": self.refused}


# Asking


def leave(session: CrmSession, user_id: int, chosen: Mapping[str, int | None]) -> int:
    """Deactivate a user and leave what they hold to others; return the handover's number. The caller commits.

    Shape:  `chosen` maps `entity.field` to the successor's number, None for nobody; what it does not name stays.
    Errors: NotAllowedError for whoever is no administrator, for oneself and for the last administrator; NotFoundError;
            RecordError when somebody was named who may not be chosen.
    """
    _require_admin(session)
    connection = session.connection()
    if user_id == session.actor.user_id:
        raise NotAllowedError("people.not_oneself")
    if is_last_admin(connection, user_id):
        raise NotAllowedError("people.last_admin")
    people.deactivate(connection, user_id)
    return _ask(session, user_id, chosen)


def hand_over(session: CrmSession, user_id: int, chosen: Mapping[str, int | None]) -> int:
    """Leave to others what a user holds who is inactive or was deleted long ago; as `leave` else."""
    _require_admin(session)
    user = people.find_user(session.connection(), user_id)
    if user and user["active"]:
        raise RecordError("people.still_active")
    return _ask(session, user_id, chosen)


def _require_admin(session: CrmSession) -> None:
    if not session.actor.sees_everything:
        raise NotAllowedError("people.admins_only")


def _ask(session: CrmSession, user_id: int, chosen: Mapping[str, int | None]) -> int:
    plan, total, problems = {}, 0, []
    for holding in list_holdings(session, user_id):
        if holding.key not in chosen:
            continue
        successor = chosen[holding.key]
        asked = people.choosable(holding.field.options.get("only_role"))
        if successor is not None and (
            successor == user_id or successor not in set(session.connection().scalars(asked))
        ):
            problems.append(Problem("record.no_such_user", {"id": successor}, holding.key))
        elif successor is None and holding.field.required:
            problems.append(Problem("record.required", {"label": holding.field.label}, holding.key))
        plan[holding.field.uid] = successor
        total += holding.count
    if problems:
        raise RecordError("people.bad_successor", problems)
    row = {"user_id": user_id, "by_user_id": session.actor.user_id, "plan": json.dumps(plan), "total": total}
    added = session.connection().execute(
        sa.insert(handover).values(**row, state="waiting", created_at=session.clock())
    )
    return added.inserted_primary_key[0]


def begin(engine: sa.Engine, handover_id: int, total: int) -> None:
    """Do a committed handover now when it is small, else leave it to the workers."""
    if total <= AT_ONCE:
        run_handover(engine, handover_id)
    else:
        queue.ring_or_do(JOB, lambda: run_handover(engine, handover_id), handover_id)


def get_handover(connection: sa.Connection, handover_id: int) -> Handover:
    """Return one handover.

    Errors: NotFoundError.
    """
    row = connection.execute(sa.select(handover).where(handover.c.id == handover_id)).first()
    if row is None:
        raise NotFoundError("people.no_such_handover")
    found = {name: row_of(row)[name] for name in Handover.__dataclass_fields__}
    return Handover(**{**found, "plan": json.loads(found["plan"]), "refused": json.loads(found["refused"])})


# Doing


def list_forgotten(engine: sa.Engine) -> list[int]:
    """Return the handovers that wait and nobody works on."""
    with only_reading(), engine.connect() as connection:
        return list(connection.scalars(sa.select(handover.c.id).where(_is_free())))


def run_handover(engine: sa.Engine, handover_id: int) -> None:
    """Hand over step by step. Safe to repeat: what was handed over no longer names who left."""
    with about_to_write(), engine.begin() as connection:
        values = {"state": "working", "lease_until": _lease(), "attempts": handover.c.attempts + 1}
        taken = sa.update(handover).where(handover.c.id == handover_id, _is_free())
        if not connection.execute(taken.values(**values)).rowcount:
            return
        found = get_handover(connection, handover_id)
    with only_reading():
        workspace = get_workspace(engine)
    refused: list[dict[str, Any]] = []
    with about_to_write(), CrmSession(workspace.bind(engine)) as session:
        session.workspace, session.actor = workspace, SYSTEM
        if found.by_user_id is not None:
            actor = actor_of_user(session.connection(), found.by_user_id, workspace.schema)
            session.actor = replace(actor, is_admin=True)  # who decided was an administrator then
        session.cause = (f"handover:{found.id}",)
        session.commit()
        for entity, field in user_fields(session):
            if field.uid in found.plan and not _hand_over(session, found, entity, field, refused):
                return
        session.execute(_own(found).values(state="done", lease_until=None))
        session.commit()


def _hand_over(
    session: CrmSession, found: Handover, entity: Entity, field: Field, refused: list[dict[str, Any]]
) -> bool:
    """Hand over the records of one field; False when another attempt has begun."""
    cls, attribute, last = session.workspace.models[entity.name], attribute_of(session, entity, field), 0
    while True:
        asked = sa.select(cls.id).where(attribute == found.user_id, cls.id > last).order_by(cls.id)
        ids = list(session.scalars(asked.limit(STEP)))
        if not ids:
            return True
        done = sum(_hand_over_one(session, found, entity, field, each, refused) for each in ids)
        kept = json.dumps(refused[:MOST_TOLD], ensure_ascii=False)
        values = {"done": handover.c.done + done, "refused": kept, "lease_until": _lease()}
        if not session.execute(_own(found).values(**values)).rowcount:
            session.rollback()
            return False
        session.commit()
        last = ids[-1]


def _hand_over_one(
    session: CrmSession,
    found: Handover,
    entity: Entity,
    field: Field,
    record_id: int,
    refused: list[dict[str, Any]],
) -> int:
    try:
        with session.begin_nested():
            update_record(session, entity, record_id, {field.name: found.plan[field.uid]})
        return 1
    except CrmError as error:
        problem = (error.problems or [error.as_problem()])[0]
        words = told(problem, session.actor.language)["message"]
        refused.append({"entity": entity.name, "id": record_id, "message": words})
        return 0


def _is_free() -> sa.ColumnElement[bool]:
    is_left = sa.and_(handover.c.state == "working", handover.c.lease_until < utcnow())
    return sa.or_(handover.c.state == "waiting", is_left)


def _own(found: Handover) -> sa.Update:
    attempt = (handover.c.id == found.id, handover.c.attempts == found.attempts)
    return sa.update(handover).where(*attempt, handover.c.state == "working")


def _lease() -> dt.datetime:
    return utcnow() + dt.timedelta(seconds=LEASE_SECONDS)


def same_for_all(session: CrmSession, user_id: int, successor: int | None) -> dict[str, int | None]:
    """Return the choice that leaves all to one, or to nobody."""
    return {holding.key: successor for holding in list_holdings(session, user_id)}
