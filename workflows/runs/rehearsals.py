"""Rehearsals that are asked for in the web: done by a worker, watched, cancelled, and kept for a day for who asked."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from crm import queue
from crm.database import BigId, CrmSession, about_to_write, metadata, row_of
from crm.drafts import store as drafts
from crm.drafts.service import document_of
from crm.entities.model import Entity
from crm.errors import CrmError, NotAllowedError, NotFoundError
from crm.permissions.flows import is_within
from crm.permissions.service import actor_of_user
from workflows.organisation import RuleWorkshop
from workflows.runs.drafted import RULE, digest_of, drafted_workspace, rehearse_both
from workflows.runs.errors import as_json, problems_of
from workflows.runs.rehearse import Asked, read_period, rehearse

BELL = "rules.rehearse"
KEPT = dt.timedelta(days=1)
SHOWN = 200  # firings and refusals that are kept in full; all are counted
BEAT_SECONDS = 0.5
LEASE_SECONDS = 60
WAITING, WORKING, DONE, FAILED, CANCELLED = "waiting", "working", "done", "failed", "cancelled"

rehearsal = sa.Table(
    "crm_rehearsal",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("rule", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),  # of the rule's document as it was tried
    sa.Column("asked", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("done", sa.Integer, nullable=False, default=0),
    sa.Column("total", sa.Integer, nullable=False, default=0),
    sa.Column("result", sa.Text),
    sa.Column("error", sa.JSON(none_as_null=True)),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Index("ix_crm_rehearsal_user_id_rule", "user_id", "rule"),
)
"""States: waiting, working (until `lease_until`), done, failed, cancelled. Sealed values are left out of the result."""


class CancelledError(Exception):
    """Somebody cancelled the rehearsal, or another worker has taken it."""


def ask(session: CrmSession, workshop: RuleWorkshop, rule: str, asked: Mapping[str, Any]) -> int:
    """Have a worker rehearse a rule of the actor's draft; return the number of the rehearsal; commits on its own.

    Shape:  `asked` may name `record`, `changes` and `since`.
    Errors: NotFoundError; RuleError for a period that cannot be read.
    """
    read_asked(asked)
    document = document_of(session, own_draft(session), RULE, rule)
    if document is None:
        raise NotFoundError("rule.not_found", name=rule)
    mine = (rehearsal.c.user_id == session.actor.user_id) & (rehearsal.c.rule == rule)
    old = rehearsal.c.created_at < session.clock() - KEPT
    session.execute(sa.delete(rehearsal).where(mine | old))
    row = {
        "user_id": session.actor.user_id, "rule": rule, "digest": digest_of(document.body), "asked": dict(asked),
        "state": WAITING, "created_at": session.clock(), "done": 0, "total": 0,
    }  # fmt: skip
    (number,) = session.execute(sa.insert(rehearsal).values(row)).inserted_primary_key
    session.commit()
    queue.ring_or_do(BELL, lambda: run_rehearsal(workshop, number), number)
    return number


def read_asked(asked: Mapping[str, Any]) -> Asked:
    """Return what a form or a stored row asks for.

    Errors: RuleError.
    """
    since = asked.get("since")
    return Asked(asked.get("record"), read_period(since) if since else None, asked.get("changes"))


def own_draft(session: CrmSession) -> Any:
    """Return the actor's draft, if there is one."""
    return next(iter(drafts.list_drafts(session, user_id=session.actor.user_id)), None)


def find_last(session: CrmSession, rule: str) -> dict[str, Any] | None:
    """Return the actor's last rehearsal of a rule."""
    mine = (rehearsal.c.user_id == session.actor.user_id) & (rehearsal.c.rule == rule)
    row = session.execute(sa.select(rehearsal).where(mine).order_by(rehearsal.c.id.desc())).first()
    return row_of(row) if row else None


def was_rehearsed(session: CrmSession, rule: str, body: Mapping[str, Any]) -> bool:
    """Return whether the actor has rehearsed a rule as it stands."""
    last = find_last(session, rule)
    return last is not None and last["state"] == DONE and last["digest"] == digest_of(body)


def cancel(session: CrmSession, rule: str) -> None:
    """Let the actor's rehearsal of a rule end."""
    mine = (rehearsal.c.user_id == session.actor.user_id) & (rehearsal.c.rule == rule)
    open_ones = rehearsal.c.state.in_((WAITING, WORKING))
    session.execute(sa.update(rehearsal).where(mine, open_ones).values(state=CANCELLED))


def list_forgotten(workshop: RuleWorkshop) -> list[int]:
    """Return the rehearsals that wait and nobody works on."""
    with workshop.reading() as session:
        return list(session.scalars(sa.select(rehearsal.c.id).where(_is_free(workshop))))


def _is_free(workshop: RuleWorkshop) -> sa.ColumnElement[bool]:
    is_left = (rehearsal.c.state == WORKING) & (rehearsal.c.lease_until < workshop.clock())
    return (rehearsal.c.state == WAITING) | is_left


def run_rehearsal(workshop: RuleWorkshop, number: int) -> None:
    """Do a rehearsal and keep its outcome. Safe to repeat: it changes nothing."""
    row = _claim(workshop, number)
    if row is None:
        return
    try:
        result = _rehearse(workshop, row, _Beat(workshop, number))
        values: dict[str, Any] = {
            "state": DONE,
            "result": json.dumps(result, ensure_ascii=False, default=str),
        }
    except CancelledError:
        return
    except CrmError as error:
        values = {"state": FAILED, "error": as_json(problems_of(error))}
    with about_to_write(), workshop.session() as session:
        mine = (rehearsal.c.id == number) & (rehearsal.c.state == WORKING)
        session.execute(sa.update(rehearsal).where(mine).values(**values, lease_until=None))


def _claim(workshop: RuleWorkshop, number: int) -> Mapping[str, Any] | None:
    with about_to_write(), workshop.session() as session:
        values = {"state": WORKING, "lease_until": workshop.clock() + dt.timedelta(seconds=LEASE_SECONDS)}
        taken = sa.update(rehearsal).where(rehearsal.c.id == number, _is_free(workshop)).values(values)
        if not session.execute(taken).rowcount:
            return None
        return row_of(session.execute(sa.select(rehearsal).where(rehearsal.c.id == number)).one())


class _Beat:
    """Notes how far a rehearsal is, and hears when it is cancelled."""

    def __init__(self, workshop: RuleWorkshop, number: int) -> None:
        self.workshop, self.number, self.last = workshop, number, 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self.last < BEAT_SECONDS:
            return
        self.last = time.monotonic()
        lease = self.workshop.clock() + dt.timedelta(seconds=LEASE_SECONDS)
        mine = (rehearsal.c.id == self.number) & (rehearsal.c.state == WORKING)
        values = {"done": done, "total": total, "lease_until": lease}
        with about_to_write(), self.workshop.session() as session:
            if not session.execute(sa.update(rehearsal).where(mine).values(values)).rowcount:
                raise CancelledError


def _rehearse(workshop: RuleWorkshop, row: Mapping[str, Any], beat: _Beat) -> dict[str, Any]:
    name = row["rule"]
    with workshop.reading() as session:
        session.actor = actor_of_user(session.connection(), row["user_id"], session.workspace.schema)
        asked = replace(read_asked(row["asked"]), language=session.actor.language)
        draft = own_draft(session)
        is_edited = draft is not None and draft.find_edit(RULE, name) is not None
        workspace = drafted_workspace(session, draft, name) if is_edited else session.workspace
        require_within(session, workspace.schema, name)
        entity = workspace.schema.entities[workspace.schema.parts[RULE][name].entity]
    if is_edited:
        return shortened(rehearse_both(workshop, draft, name, asked, beat), entity)
    return shortened(rehearse(workshop, name, asked, beat).as_json(), entity)


def require_within(session: CrmSession, schema: Any, name: str) -> None:
    """Let pass who may read and do all that a rule does: a trial of it tells what it read.

    Errors: NotAllowedError.
    """
    for document in schema.documents:
        if (document.kind, document.name) == (RULE, name) and not is_within(
            session.actor, schema, schema, document
        ):
            raise NotAllowedError("rule.may_not_try", rule=schema.parts[RULE][name].label)


def shortened(found: dict[str, Any], entity: Entity) -> dict[str, Any]:
    """Return a result of which the first firings and refusals are kept in full, without sealed values."""
    kept = dict(found)
    for key in ("firings", "refused"):
        kept[f"{key}_count"] = len(found[key])
        kept[key] = found[key][:SHOWN]
    kept["firings"] = [
        {**one, "effects": [_open(each, entity) for each in one["effects"]]} for one in kept["firings"]
    ]
    if found.get("live"):
        kept["live"] = shortened(found["live"], entity)
    return kept


def _open(effect: Mapping[str, Any], entity: Entity) -> dict[str, Any]:
    changes = effect.get("changes")
    if not changes:
        return dict(effect)
    sealed = {name for name, field in entity.fields.items() if field.encrypted}
    return {**effect, "changes": {name: pair for name, pair in changes.items() if name not in sealed}}
