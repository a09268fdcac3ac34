"""`days_before: {field: ends_on, days: 30}`, `days_after: …`, `yearly_on: born_on`: a date of the record."""

from __future__ import annotations

import calendar
import datetime as dt
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm.conditions.tree.moments import shift_day
from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import TIME, WHOLE, WORD, closed
from crm.entities.walk import Spot, Walker
from crm.fields import FIELD_TYPES, kind_of
from crm.fields.base import Field
from crm.texts import N_, NP_
from workflows.rules.place import Place
from workflows.rules.schedule import DEFAULT_HOUR, Due, daily
from workflows.rules.words import field_label, say
from workflows.triggers.base import ClockTrigger
from workflows.triggers.clock import check_time
from workflows.triggers.records import CHANGES

MAX_DAYS = 3_660
MOST_DAYS = 31  # days that a rule which looks at dates makes up for


class DateTrigger(ClockTrigger):
    """A trigger whose day each record has for itself.

    Shape:  it listens to changes too: a record that comes into its window when its day is past is looked at once, late.
    """

    events = CHANGES
    counts_at_once = True

    def cron_of(self, body: Any) -> str:
        """Return the line of the hour at which its day starts."""
        return daily(self.hour_of(body))

    @staticmethod
    def hour_of(body: Any) -> str:
        """Return the time of day at which its day starts."""
        return body.get("at", DEFAULT_HOUR) if isinstance(body, Mapping) else DEFAULT_HOUR

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """Whether the day has come is read of the date."""
        if isinstance(body, Mapping):
            return walker.inside(body, spot, {"field": walker.field})
        return walker.field(body, spot)

    @staticmethod
    def field_of(body: Any) -> str:
        """Return the name of the date field."""
        return body["field"] if isinstance(body, Mapping) else body

    @abstractmethod
    def is_day(self, column: Any, body: Any, day: dt.date) -> sa.ColumnElement[bool]:
        """Return the SQL condition of the records whose date makes this the day."""

    @abstractmethod
    def day_of(self, date: dt.date, body: Any, today: dt.date) -> dt.date | None:
        """Return the day a date makes, today or before, as long as it is not too late for it; else None."""

    def occasion(self, due: Due) -> str:
        """Return the day."""
        return due.day.isoformat()


class _Days(DateTrigger):
    """A number of days beside a date."""

    shape = closed(field=WORD, days=WHOLE, at=TIME)

    def check(self, body: Any, place: Place) -> None:
        """Note what is no date field, no number of days, no time."""
        found = place.keys(body, self.shape["properties"], ("field", "days"))
        days = found.get("days", 0)
        if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= MAX_DAYS:
            place.at("days").refuse("rule.bad_days", value=str(days)[:40], limit=MAX_DAYS)
        _check_field_and_time(found, place)

    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Say how many days beside which date."""
        field = field_label(entity.fields[body["field"]], language)
        return say(f"rule.when_{self.name}", language, days=body["days"], field=field)


class DaysBefore(_Days):
    """So many days before a date."""

    name = "days_before"
    label = NP_("trigger", "Days before a date")
    words = {
        "rule.when_days_before": N_("Days before “%(field)s”: %(days)s"),
    }

    def is_day(self, column: Any, body: Any, day: dt.date) -> sa.ColumnElement[bool]:
        """Return the condition of dates that lie so far ahead."""
        return column == day + dt.timedelta(days=body["days"])

    def day_of(self, date: dt.date, body: Any, today: dt.date) -> dt.date | None:
        """Return the day, until the date itself is over."""
        day = shift_day(date, -body["days"], "days")
        return day if day <= today <= date else None


class DaysAfter(_Days):
    """So many days after a date."""

    name = "days_after"
    label = NP_("trigger", "Days after a date")
    words = {
        "rule.when_days_after": N_("Days after “%(field)s”: %(days)s"),
    }

    def is_day(self, column: Any, body: Any, day: dt.date) -> sa.ColumnElement[bool]:
        """Return the condition of dates that lie so far back."""
        return column == day - dt.timedelta(days=body["days"])

    def day_of(self, date: dt.date, body: Any, today: dt.date) -> dt.date | None:
        """Return the day, for as many days as a rule makes up for."""
        day = shift_day(date, body["days"], "days")
        return day if day <= today < shift_day(day, MOST_DAYS, "days") else None


class YearlyOn(DateTrigger):
    """Every year on the day of a date, from that date on."""

    name = "yearly_on"
    label = NP_("trigger", "Yearly on a date")
    shape = {"anyOf": [WORD, closed(field=WORD, at=TIME)]}
    keeps_runs = True
    words = {
        "rule.when_yearly_on": N_("Yearly on the date “%(field)s”"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note what is no date field and no time."""
        if isinstance(body, Mapping):
            _check_field_and_time(place.keys(body, ("field", "at"), ("field",)), place)
        else:
            _check_date_field(body, place)

    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Say of which date."""
        return say(
            "rule.when_yearly_on", language, field=field_label(entity.fields[self.field_of(body)], language)
        )

    def is_day(self, column: Any, body: Any, day: dt.date) -> sa.ColumnElement[bool]:
        """Return the condition of anniversaries; the 29th of February has its on the 28th in short years."""
        days = [day.day]
        if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year):
            days.append(29)
        return sa.and_(
            column <= day, sa.extract("month", column) == day.month, sa.extract("day", column).in_(days)
        )

    def day_of(self, date: dt.date, body: Any, today: dt.date) -> dt.date | None:
        """Return the day, only on the day: nobody is congratulated afterwards."""
        is_leap_day = (date.month, date.day) == (2, 29) and not calendar.isleap(today.year)
        day = today.replace(month=date.month, day=28 if is_leap_day else date.day)
        return day if date <= today == day else None

    def occasion(self, due: Due) -> str:
        """Return the year."""
        return str(due.day.year)


def _check_field_and_time(found: Mapping[str, Any], place: Place) -> None:
    if "field" in found:
        _check_date_field(found["field"], place.at("field"))
    if "at" in found:
        check_time(found["at"], place.at("at"))


def _is_date(field: Field) -> bool:
    """Return whether records have the field in a column of days."""
    return FIELD_TYPES[field.type].stored and kind_of(field) == "date"


def _check_date_field(name: Any, place: Place) -> None:
    fields = place.entity.fields
    if isinstance(name, str) and name in fields and not _is_date(fields[name]):
        place.refuse("rule.not_a_date", name=name)
        return
    if isinstance(name, str) and name in fields and fields[name].encrypted:
        place.refuse("schema.encrypted_not_here", name=name)  # the database finds no day in it
        return
    place.known(name, [field.name for field in fields.values() if _is_date(field)], "field_of_record")
