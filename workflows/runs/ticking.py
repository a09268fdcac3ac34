"""Rules that follow the clock: at each tick, those that came due get a run per record, once per occasion."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from crm import events, queue
from crm.conditions import compile_sql
from crm.database import CrmSession, insert_of
from crm.permissions.rows import scope_of
from workflows.organisation import RuleWorkshop, zone_of
from workflows.rules.model import Rule
from workflows.rules.schedule import Due, period_of
from workflows.runs import store
from workflows.runs.edges import by_time
from workflows.runs.pauses import list_paused
from workflows.triggers import TRIGGERS, ClockTrigger, DateTrigger
from workflows.triggers.dates import MOST_DAYS

logger = logging.getLogger(__name__)

GRACE = dt.timedelta(minutes=15)
"""How late a moment may be noticed and still count as kept, for `if_missed: skip`."""


def tick(workshop: RuleWorkshop) -> int:
    """Start what the clock says; return how many runs were planned. Two schedulers at once do it once."""
    planned = 0
    for rule in workshop.workspace().schema.parts.get("rule", {}).values():
        if isinstance(TRIGGERS[rule.trigger.kind], ClockTrigger):
            planned += _safely(workshop, rule, tick_rule)
        elif rule.enabled and rule.is_wide:
            planned += _safely(workshop, rule, tick_edge)
    if planned:
        queue.ring(events.BELL)
    return planned


def _safely(workshop: RuleWorkshop, rule: Rule, look: Callable[[CrmSession, RuleWorkshop, Rule], int]) -> int:
    try:
        with workshop.session() as session:
            return look(session, workshop, rule)
    except Exception:  # one rule's schedule must not stop the others'
        logger.exception("The schedule of rule %s broke", rule.name)
        return 0


def tick_edge(session: CrmSession, workshop: RuleWorkshop, rule: Rule) -> int:
    """Plan the runs of a rule whose conditions came to hold by time alone."""
    now = workshop.clock()
    period = f"edge:{now.isoformat()}"
    if rule.at_most_once_per:
        period = period_of(rule.at_most_once_per, now, zone_of(rule, workshop))
    values = _values(session, workshop, rule, period)
    rows = [
        {**values, "record_id": number, "trigger_key": f"{period}:{number}"}
        for number in by_time(session, workshop, rule)
    ]
    return store.insert_new(session, store.run, rows)


def tick_rule(session: CrmSession, workshop: RuleWorkshop, rule: Rule) -> int:
    """Plan the runs of one rule if it came due since it was last looked at."""
    now, kind = workshop.clock(), clock_of(rule)
    due = kind.last_due(rule.trigger.body, now, zone_of(rule, workshop))
    days = _take_turn(session, rule, due, kind)
    if not days or not rule.enabled:
        return 0
    if rule.if_missed == "skip":
        late = now - due.moment > GRACE and kind.can_be_late
        days = [] if late else days[-1:]
    return sum(_plan_runs(session, workshop, rule, replace(due, day=day)) for day in days)


def _take_turn(session: CrmSession, rule: Rule, due: Due, kind: ClockTrigger) -> Sequence[dt.date]:
    """Move the rule's clock to its latest occasion; return the local days that are new, if any.

    Shape:  one day for most rules, however many occasions were missed; every missed day for those that look
            at dates. A clock that goes backwards finds nothing new.
    """
    clock = store.rule_clock
    values = {"last_due": due.moment, "last_day": due.day}
    row = session.execute(sa.select(clock).where(clock.c.rule == rule.name)).first()
    if row is None:
        new = store.insert_new(session, clock, [{"rule": rule.name, **values}])
        return [due.day] if new and kind.counts_at_once else []
    if due.moment <= row.last_due:
        return []
    mine = (clock.c.rule == rule.name) & (clock.c.last_due == row.last_due)
    if not session.execute(sa.update(clock).where(mine).values(values)).rowcount:
        return []
    return _days_since(row.last_day, due.day) if isinstance(kind, DateTrigger) else [due.day]


def _days_since(last: dt.date, today: dt.date) -> list[dt.date]:
    count = min(max((today - last).days, 1), MOST_DAYS)
    return [today - dt.timedelta(days=back) for back in range(count - 1, -1, -1)]


def _plan_runs(session: CrmSession, workshop: RuleWorkshop, rule: Rule, due: Due) -> int:
    """Write a run for every record the rule selects, in one statement."""
    cls = session.workspace.models[rule.entity]
    zone = zone_of(rule, workshop)
    asked = sa.select(cls.id).where(cls.id > 0, *_selected(session, rule, due, zone))
    fixed = _values(session, workshop, rule, due.period)
    literals = [sa.literal(value, store.run.c[name].type).label(name) for name, value in fixed.items()]
    key = sa.literal(occasion_of(rule, due, zone) + ":") + sa.cast(cls.id, sa.String)
    insert = insert_of(session.get_bind())
    rows = asked.with_only_columns(cls.id, key, *literals)
    statement = insert(store.run).from_select(
        ["record_id", "trigger_key", *fixed], rows, include_defaults=False
    )
    counted = session.execute(statement.on_conflict_do_nothing(), execution_options=store.COUNTED)
    return counted.rowcount


def _values(session: CrmSession, workshop: RuleWorkshop, rule: Rule, period: str) -> dict[str, Any]:
    """Return what the runs of an occasion have in common."""
    now = workshop.clock()
    return {
        "rule": rule.name,
        "revision": session.workspace.number,
        "entity": rule.entity,
        "state": store.PAUSED if rule.name in list_paused(session) else store.WAITING,
        "due_at": now,
        "attempts": 0,
        "tries": 0,
        "why": {"schedule": rule.trigger.kind, "period": period, "by": "schedule", "changed": {}},
        "cause": ["schedule"],
        "created_at": now,
        "lane": events.CROWD,
    }


def _selected(session: CrmSession, rule: Rule, due: Due, zone: Any) -> list[Any]:
    """Return the SQL conditions of the records a rule is about at an occasion."""
    cls = session.workspace.models[rule.entity]
    run = store.run
    unfinished = sa.select(run.c.id).where(
        run.c.rule == rule.name,
        run.c.record_id == cls.id,
        run.c.state.in_((store.WAITING, store.CLAIMED, store.PAUSED)),
    )
    found = [~unfinished.exists()]
    if rule.condition is not None:
        found.append(compile_sql(rule.condition, rule.entity, replace(scope_of(session), time_zone=zone)))
    if isinstance(TRIGGERS[rule.trigger.kind], DateTrigger):
        found.append(on_its_day(cls, rule, due.day))
    return found


def on_its_day(cls: Any, rule: Rule, day: dt.date) -> Any:
    """Return the SQL condition of the records whose date makes this the day; only for a rule that looks at dates."""
    kind, body = TRIGGERS[rule.trigger.kind], rule.trigger.body
    return kind.is_day(getattr(cls, kind.field_of(body)), body, day)


def occasion_of(rule: Rule, due: Due, zone: Any) -> str:
    """Return the name of the occasion, the same for everybody: a rule fires once per occasion and record."""
    if rule.at_most_once_per:
        noon = dt.datetime.combine(due.day, dt.time(12))
        return period_of(rule.at_most_once_per, noon, zone)
    return clock_of(rule).occasion(due)


def clock_of(rule: Rule) -> ClockTrigger:
    """Return the trigger of a rule that follows the clock."""
    kind = TRIGGERS[rule.trigger.kind]
    assert isinstance(kind, ClockTrigger), kind
    return kind
