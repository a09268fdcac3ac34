"""`every_hour`, `every_day_at: "08:00"`, `cron: "0 8 * * 1"`: the clock alone."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import TIME, WORD
from crm.entities.walk import Spot, Walker
from crm.fields.locales import weekday_name
from crm.texts import N_, NP_
from workflows.rules.place import Place
from workflows.rules.schedule import Due, daily, is_clock, is_cron, last_hour
from workflows.rules.words import say
from workflows.triggers.base import AloneTrigger, ClockTrigger

A_SUNDAY = dt.date(2026, 3, 1)  # cron counts days from it


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
        "rule.when_weekly": N_("Every %(days)s at %(time)s"),
        "rule.when_monthly": N_("On day %(day)s of each month at %(time)s"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note what is no cron line, or one that never comes due."""
        if not is_cron(body):
            place.refuse("rule.bad_cron", value=str(body)[:60])

    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Say when it comes due; the line itself where it is more than a time of days, weekdays or a day of months."""
        code, params = cron_words(str(body), language)
        return say(code, language, **params)

    def cron_of(self, body: Any) -> str:
        """Return the line itself."""
        return body


def cron_words(line: str, language: str) -> tuple[str, dict[str, str]]:
    """Return the sentence for a line of cron, and what it is filled with.

    >>> cron_words("0 8 * * 1,3", "en"), cron_words("30 6 1 * *", "en")[0], cron_words("*/5 * * * *", "en")[0]
    (('rule.when_weekly', {'time': '08:00', 'days': 'Monday, Wednesday'}), 'rule.when_monthly', 'rule.when_cron')
    """
    minute, hour, day, month, weekday = line.split()
    if not (minute.isdecimal() and hour.isdecimal() and month == "*"):
        return "rule.when_cron", {"line": line}
    time = f"{int(hour):02}:{int(minute):02}"
    if day == weekday == "*":
        return "rule.when_every_day_at", {"time": time}
    if day == "*" and set(weekday) <= set("01234567,"):
        days = [A_SUNDAY + dt.timedelta(days=int(number)) for number in weekday.split(",") if number]
        names = (weekday_name(each, language, "wide") for each in days)
        return "rule.when_weekly", {"time": time, "days": ", ".join(names)}
    if weekday == "*" and day.isdecimal():
        return "rule.when_monthly", {"time": time, "day": day}
    return "rule.when_cron", {"line": line}


def check_time(body: Any, place: Place) -> None:
    """Note what is no time of day."""
    if not is_clock(body):
        place.refuse("rule.bad_time", value=str(body)[:40])
