"""Records that come into the window of a date rule when its day has begun: they are looked at once, late."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from crm.conditions import evaluate
from crm.database import CrmSession
from crm.permissions.rows import scope_of
from crm.records.draft import RecordDraft
from workflows.organisation import RuleWorkshop, zone_of
from workflows.rules.model import Rule
from workflows.rules.schedule import to_local, to_utc
from workflows.runs.moments import Moment
from workflows.triggers import TRIGGERS, DateTrigger


def late_day(
    session: CrmSession, workshop: RuleWorkshop, rule: Rule, moment: Moment, at: dt.datetime
) -> dt.date | None:
    """Return the day a record has missed, when it was a change at `at` that brought it into the rule's window.

    Shape:  the window begins with the rule's hour on the record's day; before that the clock will find the record. A
            record that was in it already, with the same day and its conditions met, was found or is not to be.
    """
    if rule.if_missed == "skip":
        return None
    day = _day(session, workshop, rule, moment.after, at)
    before = moment.before and _day(session, workshop, rule, moment.before, at)
    return day if day != before else None


def _day(
    session: CrmSession, workshop: RuleWorkshop, rule: Rule, record: RecordDraft, at: dt.datetime
) -> dt.date | None:
    kind, body, zone = TRIGGERS[rule.trigger.kind], rule.trigger.body, zone_of(rule, workshop)
    assert isinstance(kind, DateTrigger), kind
    date = getattr(record, kind.field_of(body))
    day = date and kind.day_of(date, body, to_local(at, zone).date())
    if not day or to_utc(dt.datetime.combine(day, dt.time.fromisoformat(kind.hour_of(body))), zone) > at:
        return None
    scope = replace(scope_of(session), time_zone=zone)
    return day if rule.condition is None or evaluate(rule.condition, record, scope) else None
