"""Rules that fail again and again pause: what would start waits, and their owner is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm.database import CrmSession, metadata
from crm.errors import Problem
from workflows.organisation import RuleWorkshop
from workflows.runs import store
from workflows.runs.telling import Subject, tell_owner

MOST_FAILURES = 10  # one after the other

pause = sa.Table(
    "crm_rule_pause",
    metadata,
    sa.Column("rule", sa.String(64), primary_key=True),
    sa.Column("is_paused", sa.Boolean, nullable=False),
    sa.Column("since", sa.DateTime, nullable=False),
    sa.Column("last_run", sa.BigInteger, nullable=False),  # runs up to this one are not counted any more
)
"""Rules that have paused; one that goes on keeps its row, so that old failures count no more."""


def list_paused(session: Session) -> dict[str, dt.datetime]:
    """Return the rules that pause, each with the moment since when."""
    rows = session.execute(sa.select(pause.c.rule, pause.c.since).where(pause.c.is_paused))
    return {row.rule: row.since for row in rows}


def note_failure(session: CrmSession, workshop: RuleWorkshop, rule: str, about: Subject) -> None:
    """After a run that failed for good: pause the rule when its last ten have, and tell its owner."""
    known = session.execute(sa.select(pause).where(pause.c.rule == rule)).first()
    if known is not None and known.is_paused:
        return
    ended = (store.run.c.rule == rule) & store.run.c.state.in_((store.DONE, store.FAILED))
    after = store.run.c.id > (known.last_run if known else 0)
    asked = sa.select(store.run.c.id, store.run.c.state).where(ended, after).order_by(store.run.c.id.desc())
    rows = session.execute(asked.limit(MOST_FAILURES)).all()
    if len(rows) < MOST_FAILURES or any(row.state != store.FAILED for row in rows):
        return
    values = {"is_paused": True, "since": workshop.clock(), "last_run": rows[0].id}
    if known is not None:
        session.execute(sa.update(pause).where(pause.c.rule == rule).values(values))
    elif not store.insert_new(session, pause, [{"rule": rule, **values}]):
        return
    waiting = (store.run.c.rule == rule) & (store.run.c.state == store.WAITING)
    session.execute(sa.update(store.run).where(waiting).values(state=store.PAUSED))
    found = workshop.workspace().schema.parts.get("rule", {}).get(rule)
    problem = Problem("rule.paused", {"rule": found.label if found else rule, "count": MOST_FAILURES})
    tell_owner(session, workshop, rule, problem, about, f"paused:{rule}:{rows[0].id}")


def hold_paused(session: Session, rows: Sequence[dict]) -> Sequence[dict]:
    """Return planned runs, those of rules that pause held until somebody lets them go on."""
    held = list_paused(session) if rows else {}
    for row in rows:
        if row["rule"] in held and row["state"] == store.WAITING:
            row["state"] = store.PAUSED
    return rows


def resume(session: CrmSession, rule: str, runs_held: bool) -> None:
    """Let a rule go on; what was held runs now, or is left out."""
    last = session.scalar(sa.select(sa.func.max(store.run.c.id)).where(store.run.c.rule == rule)) or 0
    session.execute(sa.update(pause).where(pause.c.rule == rule).values(is_paused=False, last_run=last))
    held = (store.run.c.rule == rule) & (store.run.c.state == store.PAUSED)
    left_out = {"state": store.SKIPPED, "ended_at": session.clock()}
    session.execute(
        sa.update(store.run).where(held).values({"state": store.WAITING} if runs_held else left_out)
    )
