"""Dates, and moments in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from crm.errors import Problem
from crm.fields import options
from crm.fields.base import Field, FieldType, Situation, TypeWords, refusal
from crm.fields.date_reading import read_date, read_moment
from crm.fields.locales import UTC, shown_date, shown_moment
from crm.fields.sheet_formats import SECONDS, TIME, date_format
from crm.fields.text_reading import code_text, shown
from crm.fields.wall_clock import comes_twice, exists, to_local, to_utc, with_offset
from crm.texts import N_, NP_

MOMENT_WORDS = ("today", "now")
_SAMPLE = dt.date(2026, 3, 29)


class DateType(FieldType):
    """A day of the calendar.

    Shape:  date. `after` and `before` exclude the day itself and are a fixed date or the name of another
            field; a limit in a field that is empty does not limit.
    """

    name = "date"
    words = TypeWords("calendar", NP_("field.type", "Date"), N_("A day without a time"))
    kind = "date"
    keys = frozenset({"after", "before"})
    limits = keys
    beside = keys
    control = "date"

    def from_plain(self, value: Any) -> Any:
        """Return the day."""
        return dt.date.fromisoformat(value)

    def meant_by(self, word: Any, now: dt.datetime, time_zone: ZoneInfo, user_id: int | None) -> Any:
        """Return the day of `today` and `now` where the user is."""
        return to_local(now, time_zone).date() if word in MOMENT_WORDS else None

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the limits."""
        problems: list[Problem] = []
        for key in ("after", "before"):
            value = body.get(key)
            if value is not None and self.limit(value) is None:
                problems += options.bad(name, key, "field.expected_date_or_field", value=str(value)[:40])
        return problems

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return each limit as a date or the name of a field."""
        return {key: self.limit(body[key]) for key in ("after", "before") if body.get(key) is not None}

    def check_default(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the default: a fixed value, or `today` or `now`."""
        return [] if body.get("default") in MOMENT_WORDS else super().check_default(name, body)

    @staticmethod
    def limit(value: Any) -> dt.date | str | None:
        """Return a limit as a date or a field's name; None when it is neither."""
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.date):
            return value
        if not isinstance(value, str):
            return None
        return read_date(value) or (value if value.isidentifier() else None)

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return DATE."""
        return sa.Date()

    def clean(self, field: Field, value: Any, situation: Situation) -> dt.date | None:
        """Return the day; of a moment, the day it falls on here."""
        if value is None or value == "":
            return None
        if type(value) is str:
            day = read_date(value) or self._from_text(field, value, situation)
        else:
            day = self._from_native(field, value, situation)
        return self.judge(field, day, situation) if day is not None and field.options else day

    def _from_text(self, field: Field, value: str, situation: Situation) -> dt.date | None:
        text = code_text(field, value)
        if not text:
            return None
        day = read_date(text)
        if day is not None:
            return day
        moment = read_moment(text)
        if moment is None:
            raise refusal(field, "date.not_a_date", value=shown(value), example=self.example(situation))
        return self._from_native(field, moment, situation)

    def _from_native(self, field: Field, value: Any, situation: Situation) -> dt.date:
        if isinstance(value, dt.datetime):
            try:
                return value.astimezone(situation.time_zone).date() if value.tzinfo else value.date()
            except OverflowError:
                value = str(value)
        if isinstance(value, dt.date):
            return value
        raise refusal(field, "date.not_a_date", value=shown(value), example=self.example(situation))

    def is_shown_as(self, field: Field, held: Any, sent: Any, situation: Situation) -> bool:
        """Return whether nobody touched the value: in a form it stands in the reader's order."""
        if situation.source == "form" and isinstance(sent, str):
            sent = self.normal(sent)
        return super().is_shown_as(field, held, sent, situation)

    @staticmethod
    def normal(text: str) -> str:
        """Return a day that was typed as `form_text` gives it; what is none as it is."""
        day = read_date(text)
        return day.isoformat() if day else text

    def again(self, field: Field, held: Any, situation: Situation) -> Any:
        """Return a stored day or moment that lies between its limits as they are now."""
        return self.judge(field, held, situation)

    def judge(self, field: Field, value: Any, situation: Situation) -> Any:
        """Return a day or moment that lies between its limits."""
        after = self.limit_of(field, "after", situation)
        if after is not None and not value > after:
            raise refusal(field, "date.too_early", limit=self.display(field, after, situation))
        before = self.limit_of(field, "before", situation)
        if before is not None and not value < before:
            raise refusal(field, "date.too_late", limit=self.display(field, before, situation))
        return value

    def limit_of(self, field: Field, key: str, situation: Situation) -> Any:
        """Return a limit as a value of this type; None when there is none."""
        limit = field.options.get(key)
        if isinstance(limit, str):
            limit = situation.values.get(limit)
        return None if limit in (None, "") else self.comparable(limit, situation)

    def comparable(self, limit: Any, situation: Situation) -> dt.date | None:
        """Return a date out of another field's value, typed or still as text."""
        if isinstance(limit, dt.datetime):
            return to_local(limit, situation.time_zone).date() if limit.tzinfo is None else limit.date()
        return limit if isinstance(limit, dt.date) else read_date(limit) if isinstance(limit, str) else None

    def example(self, situation: Situation) -> str:
        """Return a date as the reader would write it."""
        return shown_date(_SAMPLE, situation.language)

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the date with its month in letters."""
        return "" if value is None else shown_date(value, situation.language)

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the date as the browser's control wants it."""
        return "" if value is None else value.isoformat()

    def to_json(self, field: Field, value: Any) -> str | None:
        """Return the date in ISO form."""
        return None if value is None else value.isoformat()

    def sheet_format(self, field: Field, cell: Any, situation: Situation) -> str:
        """Return day, month and year in the reader's order."""
        return date_format(situation.language) if isinstance(cell, dt.date) else ""

    def fit(self, field: Field, value: Any) -> Any:
        """Return a computed day; of a computed moment, its day in UTC."""
        return value.date() if isinstance(value, dt.datetime) else value


class DateTimeType(DateType):
    """A moment, kept in UTC to the second and shown in the reader's time zone.

    Shape:  naive datetime in UTC. What is typed without a zone is local time of the situation. A local
            hour that the clocks skip is refused; of one that happens twice the first is meant, unless an offset
            says which.
    """

    name = "datetime"
    words = TypeWords("clock", N_("Date and time"), N_("Shown in each user's time zone"))
    kind = "datetime"
    control = "datetime"

    def from_plain(self, value: Any) -> Any:
        """Return the moment."""
        return dt.datetime.fromisoformat(value)

    def meant_by(self, word: Any, now: dt.datetime, time_zone: ZoneInfo, user_id: int | None) -> Any:
        """Return the moment itself for `today` and `now`."""
        return now if word in MOMENT_WORDS else None

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return TIMESTAMP without a zone."""
        return sa.DateTime()

    def clean(self, field: Field, value: Any, situation: Situation) -> dt.datetime | None:
        """Return the moment in UTC."""
        if value is None or value == "":
            return None
        local = self._local(field, value, situation)
        if local is None:
            return None
        local = self._in_the_held_hour(field, local.replace(microsecond=0), situation)
        moment = to_utc(local, situation.time_zone)
        if not exists(local, situation.time_zone):
            if local.year in (dt.MINYEAR, dt.MAXYEAR):
                raise refusal(field, "date.not_a_moment", value=shown(value), example=self.example(situation))
            raise refusal(field, "date.skipped_hour", value=local.strftime("%H:%M"))
        return self.judge(field, moment, situation) if field.options else moment

    @staticmethod
    def _in_the_held_hour(field: Field, local: dt.datetime, situation: Situation) -> dt.datetime:
        """Return a local time as the second of two equal hours when the record's own moment lies in that hour."""
        held = situation.held.get(field.name)
        if local.tzinfo is not None or not isinstance(held, dt.datetime):
            return local
        here = to_local(held, situation.time_zone)
        is_beside = here.fold and abs(here.replace(fold=0) - local) < dt.timedelta(hours=1)
        return local.replace(fold=1) if is_beside and comes_twice(local, situation.time_zone) else local

    def _local(self, field: Field, value: Any, situation: Situation) -> dt.datetime | None:
        if isinstance(value, dt.datetime):
            return value
        if isinstance(value, dt.date):
            return dt.datetime(value.year, value.month, value.day)
        text = code_text(field, value) if isinstance(value, str) else ""
        if not text and isinstance(value, str):
            return None
        local = read_moment(text)
        if local is None:
            raise refusal(field, "date.not_a_moment", value=shown(value), example=self.example(situation))
        return local

    @staticmethod
    def normal(text: str) -> str:
        """Return a moment that was typed as `form_text` gives it; one with an offset, or what is none, as it is."""
        local = read_moment(text)
        if local is None or local.tzinfo is not None:
            return text
        return local.isoformat(timespec="seconds" if local.second else "minutes")

    def comparable(self, limit: Any, situation: Situation) -> dt.datetime | None:
        """Return a moment out of a date or another field's value: a day begins at its local midnight."""
        if isinstance(limit, str):
            limit = read_moment(limit)
        elif isinstance(limit, dt.datetime) and limit.tzinfo is None:
            return limit
        if isinstance(limit, dt.date) and not isinstance(limit, dt.datetime):
            limit = dt.datetime(limit.year, limit.month, limit.day)
        return to_utc(limit, situation.time_zone) if isinstance(limit, dt.datetime) else None

    def example(self, situation: Situation) -> str:
        """Return a moment as the reader would write it."""
        return f"{super().example(situation)} 15:30"

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return date and time in the reader's zone."""
        return "" if value is None else shown_moment(value, situation.language, situation.time_zone)

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the local date and time as the browser's control wants them."""
        if value is None:
            return ""
        local = to_local(value, situation.time_zone)
        return local.isoformat(timespec="seconds" if local.second else "minutes")

    def to_json(self, field: Field, value: Any) -> str | None:
        """Return the moment in ISO form, marked as UTC."""
        return None if value is None else value.isoformat(timespec="seconds") + "Z"

    def to_cell(self, field: Field, value: Any, situation: Situation) -> dt.datetime | str | None:
        """Return the local date and time: a spreadsheet knows no zones, so an hour that comes twice is a text."""
        if value is None:
            return None
        local = to_local(value, situation.time_zone)
        if comes_twice(local, situation.time_zone):
            return with_offset(value, situation.time_zone).isoformat(" ")
        return local

    def sheet_format(self, field: Field, cell: Any, situation: Situation) -> str:
        """Return the day and the time, of 24 hours."""
        if not isinstance(cell, dt.datetime):
            return ""
        return date_format(situation.language) + (SECONDS if cell.second else TIME)

    def fit(self, field: Field, value: Any) -> Any:
        """Return a computed moment to the second; of a day, its midnight in UTC."""
        if isinstance(value, dt.datetime):
            value = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            return value.replace(microsecond=0)
        return dt.datetime(value.year, value.month, value.day) if isinstance(value, dt.date) else None
