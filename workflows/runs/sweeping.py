"""Finding again what the bell lost, and erasing what nobody needs any more."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from crm import events, queue
from workflows.calls import outbox as calls
from workflows.hooks import store as hooks
from workflows.mail import outbox
from workflows.organisation import RuleWorkshop
from workflows.runs import budget, store
from workflows.triggers import TRIGGERS

ERASER = "#erase"  # no rule can be called so
ERASE_AT_ONCE = 5_000  # rows per sweep, so that no sweep holds the database for long


def sweep(workshop: RuleWorkshop) -> list[str]:
    """Ring for everything that may be taken and was not; return the bells that were needed.

    Shape:  what waits, what was put off and is due, and what a lost worker held longer than its lease.
    """
    now = workshop.clock()
    with workshop.reading() as session:
        work = store.has_due(session, events.event, now) or store.has_due(session, store.run, now)
        mail, call = outbox.OUTBOX.has_due(session, now), calls.OUTBOX.has_due(session, now)
    looked = ((events.BELL, work), (outbox.BELL, mail), (calls.BELL, call))
    bells = [name for name, waits in looked if waits]
    for name in bells:
        queue.ring(name)
    return bells


def erase_daily(workshop: RuleWorkshop, keep_days: int) -> int:
    """Erase what is too old, once a day, however often and by whomever it is called; return how much went."""
    clock, today = store.rule_clock, workshop.clock().date()
    with workshop.reading() as session:
        last = session.scalar(sa.select(clock.c.last_day).where(clock.c.rule == ERASER))
    if last == today:
        return 0
    erased = erase_old(workshop, keep_days)
    if erased < ERASE_AT_ONCE:  # else the next sweep goes on
        with workshop.session() as session:
            session.execute(sa.delete(clock).where(clock.c.rule == ERASER))
            row = {"rule": ERASER, "last_due": workshop.clock(), "last_day": today}
            store.insert_new(session, clock, [row])
    return erased


def erase_old(workshop: RuleWorkshop, keep_days: int) -> int:
    """Erase runs that ended long ago, with their steps, and events that were handled; return how many.

    Shape:  runs of rules that fire once per period stay, because they are what makes it once.
    """
    before = workshop.clock() - dt.timedelta(days=keep_days)
    rules = workshop.workspace().schema.parts.get("rule", {}).values()
    kept = [rule.name for rule in rules if rule.at_most_once_per or TRIGGERS[rule.trigger.kind].keeps_runs]
    with workshop.session() as session:
        old = store.run.c.ended_at < before
        asked = sa.select(store.run.c.id).where(old, store.run.c.rule.not_in(kept)).limit(ERASE_AT_ONCE)
        ids = list(session.scalars(asked))
        session.execute(sa.delete(store.step).where(store.step.c.run_id.in_(ids)))
        session.execute(sa.delete(store.run).where(store.run.c.id.in_(ids)))
        handled = sa.select(events.event.c.id).where(
            events.event.c.state == store.DONE, events.event.c.handled_at < before
        )
        gone = session.execute(
            sa.delete(events.event).where(events.event.c.id.in_(handled.limit(ERASE_AT_ONCE)))
        )
        session.execute(sa.delete(budget.spent).where(budget.spent.c.at < before))
        calls.erase_sent(session, before, ERASE_AT_ONCE)
        hooks.erase_calls(session, before)
    return len(ids) + gone.rowcount
