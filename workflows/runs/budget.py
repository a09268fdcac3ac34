"""How much rules may do from one cause, however wide it spreads.

A cause is what no rule did: a save, a deletion, a row of an import, an occasion of the clock. The loop guard holds back
what follows too deep; this holds back what follows too wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession, insert_of, metadata
from crm.errors import Problem, RuleError
from workflows.rules.model import Rule
from workflows.runs.store import COUNTED, insert_new, run

RECORDS, MAILS, NOTICES, CALLS, RUNS = "records", "mails", "notices", "calls", "runs"
LIMITS = {RECORDS: 1_000, MAILS: 1_000, NOTICES: 1_000, CALLS: 1_000, RUNS: 1_000}
"""What rules may write, send, tell and start from one cause."""

spent = sa.Table(
    "crm_rule_budget",
    metadata,
    sa.Column("root", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("used", sa.Integer, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Index("ix_crm_rule_budget_at", "at"),
)
"""What was spent of each kind from each cause; `root` names the cause as `crm_run` does."""


class BudgetError(RuleError):
    """A rule would go beyond what one cause may bring about: its run stops, and what the step did is taken back."""


def spend(session: CrmSession, root: str, kind: str, count: int = 1) -> bool:
    """Note what is spent from a cause, in the transaction in which it is done; False when it would be too much."""
    mine = (spent.c.root == root) & (spent.c.kind == kind) & (spent.c.used <= LIMITS[kind] - count)
    more = sa.update(spent).where(mine).values(used=spent.c.used + count, at=session.clock())
    if session.execute(more).rowcount:
        return True
    new = insert_new(session, spent, [{"root": root, "kind": kind, "used": 0, "at": session.clock()}])
    return bool(new and session.execute(more).rowcount)


def spend_many(session: CrmSession, counts: Mapping[str, int], kind: str) -> bool:
    """Note what is spent from many causes; False when it would be too much for one: the caller takes all back."""
    ordered = sorted(counts.items())  # two workers that hold rows for each other wait for ever
    at = session.clock()
    rows = [{"root": root, "kind": kind, "used": count, "at": at} for root, count in ordered]
    new = insert_of(session.get_bind())(spent)
    more = new.on_conflict_do_update(
        index_elements=[spent.c.root, spent.c.kind],
        set_={"used": spent.c.used + new.excluded.used, "at": new.excluded.at},
        where=spent.c.used <= LIMITS[kind] - new.excluded.used,
    )
    written = session.connection().execute(more, rows, execution_options=COUNTED)
    return written.rowcount == len(rows) and max(counts.values()) <= LIMITS[kind]


def held_back(rule: Rule, kind: str) -> Problem:
    """Return why a rule is held back."""
    return Problem(f"rule.budget_{kind}", {"rule": rule.label, "limit": LIMITS[kind]})


def root_of(row: Mapping[str, Any]) -> str:
    """Return what names the cause of a run; a run of the clock is its own."""
    return row.get("root") or f"run:{row['id']}"


def root_of_chain(session: CrmSession, cause: tuple[str, ...], event_id: int) -> str:
    """Return what names the cause of an event: that of the run that made the change, or the event itself."""
    links = [link for link in cause if link.startswith("rule:")]
    number = links[-1].rpartition("#")[2] if links else ""
    if not number.isdigit():
        return f"event:{event_id}"
    found = session.execute(sa.select(run.c.id, run.c.root).where(run.c.id == int(number))).first()
    return (found.root if found else None) or f"run:{number}"
