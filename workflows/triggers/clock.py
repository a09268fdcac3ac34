"""`every_hour`, `every_day_at: "08:00"`, `cron: "0 8 * * 1"`: the clock alone."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import TIME, WORD
from crm.entities.walk import Spot, Walker
from crm.texts import N_, NP_
from workflows.rules.place import Place
from workflows.rules.schedule import Due, daily, is_clock, is_cron, last_hour
from workflows.rules.words import say
from workflows.triggers.base import AloneTrigger, ClockTrigger


class EveryHour(AloneTrigger, ClockTrigger):
    """Every full hour, the one in which the rule is first seen included."""

    name = "every_hour"
    label = NP_("trigger", "Every hour")
    counts_at_once = True
    can_be_late = False
    words = {
        "rule.when_every_hour": NP_("trigger", "Every hour"),
    }

    def cron_of(self, body: Any) -> str:
        """Return every hour."""
        return "0 * * * *"

    def last_due(self, body: Any, now: dt.datetime, zone: ZoneInfo) -> Due:
        """Return the last full hour; it is one in every zone, also in the night that has an hour twice."""
        return last_hour(now, zone)


class _Wall(ClockTrigger):
    """A trigger with one text behind it."""

    shape = WORD

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """Nothing is named."""
        return body


class EveryDayAt(_Wall):
    """Once a day, at a time of the rule's zone."""

    name = "every_day_at"
    shape = TIME
    label = NP_("trigger", "Every day at a time")
    words = {
        "rule.when_every_day_at": N_("Every day at %(time)s"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note what is no time of day."""
        check_time(body, place)

    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Say at what time."""
        return say("rule.when_every_day_at", language, time=body)

    def cron_of(self, body: Any) -> str:
        """Return the line of that time."""
        return daily(body)


class Cron(_Wall):
    """By a cron line."""

    name = "cron"
    label = NP_("trigger", "Schedule (cron)")
    words = {
        "rule.bad_cron": N_(
            "“%(value)s” is not a valid cron line. Use five parts, such as “0 8 * * 1” (Monday at 08:00)."
        ),
        "rule.when_cron": NP_("trigger", "Schedule: %(line)s"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note what is no cron line, or one that never comes due."""
        if not is_cron(body):
            place.refuse("rule.bad_cron", value=str(body)[:60])

    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Say the line."""
        return say("rule.when_cron", language, line=body)

    def cron_of(self, body: Any) -> str:
        """Return the line itself."""
        return body


def check_time(body: Any, place: Place) -> None:
    """Note what is no time of day."""
    if not is_clock(body):
        place.refuse("rule.bad_time", value=str(body)[:40])
