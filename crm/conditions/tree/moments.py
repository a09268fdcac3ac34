"""Days and moments: calendar arithmetic in a time zone, the same for Python, SQL and sentences.

A date is a calendar day. A datetime is an instant, naive UTC. Where the two meet, the datetime counts as the day it
has in the organisation's time zone: `{field: opened_at, at_most: 2026-03-29}` includes that whole day, whether it has
23, 24 or 25 hours. `older_than: 2 days` goes two days back on the calendar and keeps the wall clock; hours are exact.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from zoneinfo import ZoneInfo

from crm.fields.wall_clock import to_local, to_utc

UNITS = ("hours", "days", "weeks", "months", "years")
DURATION = re.compile(r"\s*([0-9]{1,5})\s+([a-z]+)\s*\Z")
FIRST, LAST = dt.datetime.min, dt.datetime.max


def parse_duration(text: object) -> tuple[int, str] | None:
    """Return the amount and the unit of a duration such as `2 days`; None when it is not one.

    >>> parse_duration("1 week")
    (1, 'weeks')
    """
    match = DURATION.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    unit = match[2] if match[2].endswith("s") else f"{match[2]}s"
    return (int(match[1]), unit) if unit in UNITS else None


def add_months(day: dt.date, months: int) -> dt.date | None:
    """Return the same day of another month, or that month's last; None outside the years 1 to 9999.

    >>> add_months(dt.date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_days(day: dt.date, days: int) -> dt.date | None:
    """Return a day some days away; None outside the years 1 to 9999."""
    number = day.toordinal() + days
    return dt.date.fromordinal(number) if 1 <= number <= dt.date.max.toordinal() else None


def add_seconds(moment: dt.datetime, seconds: int) -> dt.datetime | None:
    """Return a moment some seconds away; None outside the years 1 to 9999."""
    try:
        return moment + dt.timedelta(seconds=seconds)
    except OverflowError:
        return None


def shift_day(day: dt.date, amount: int, unit: str) -> dt.date:
    """Return a day some days, weeks, months or years away, held within the years 1 to 9999."""
    if unit in ("months", "years"):
        found = add_months(day, amount * (12 if unit == "years" else 1))
    else:
        found = add_days(day, amount * (7 if unit == "weeks" else 1))
    return found or (dt.date.max if amount > 0 else dt.date.min)


def shift_moment(moment: dt.datetime, amount: int, unit: str, zone: ZoneInfo) -> dt.datetime:
    """Return a moment some units away: hours exactly, all else by the calendar and the wall clock of the zone."""
    if unit == "hours":
        try:
            return moment + dt.timedelta(hours=amount)
        except OverflowError:
            return LAST if amount > 0 else FIRST
    local = to_local(moment, zone).replace(fold=0)
    return to_utc(dt.datetime.combine(shift_day(local.date(), amount, unit), local.time()), zone)


def day_of(moment: dt.datetime, zone: ZoneInfo) -> dt.date:
    """Return the calendar day of an instant."""
    return to_local(moment, zone).date()


def day_start(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Return the instant (naive UTC) at which a calendar day begins."""
    return to_utc(dt.datetime.combine(day, dt.time()), zone)


def day_end(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Return the instant (naive UTC) at which the next day begins."""
    following = add_days(day, 1)
    return day_start(following, zone) if following else LAST


def parse_day(text: object) -> dt.date | None:
    """Return a date given as such or as `2026-03-29`; None when it is neither."""
    if isinstance(text, dt.date) and not isinstance(text, dt.datetime):
        return text
    if not isinstance(text, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def parse_moment(text: object) -> dt.datetime | None:
    """Return a datetime given as such or as `2026-03-29 14:30`; aware when the text names an offset."""
    if isinstance(text, dt.datetime):
        return text
    if not isinstance(text, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}", text):
        return None
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None
