"""When a scheduled rule is due: pure arithmetic on clocks, daylight saving included.

A wall-clock time that a spring night skips comes at the same distance from midnight (03:30 at 04:30); one
that an autumn night has twice is meant the first time. So every day has each time exactly once.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from crm.fields.wall_clock import to_local, to_utc

CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\Z")
DEFAULT_HOUR = "08:00"
"""When the rules that look at a date (`days_before`, `days_after`, `yearly_on`) start their day."""

HOUR = dt.timedelta(hours=1)
DURATION = re.compile(r"([0-9]{1,4}) (minute|hour|day|week|month|year)s?\Z")
UNITS = {
    "minute": dt.timedelta(minutes=1),
    "hour": HOUR,
    "day": dt.timedelta(days=1),
    "week": dt.timedelta(weeks=1),
    "month": dt.timedelta(days=30),
    "year": dt.timedelta(days=365),
}


@dataclass(frozen=True)
class Due:
    """A moment a schedule came due.

    Shape:  `moment` is UTC without a zone, `day` the local date, `period` the name of the occasion, equal for
            everybody who computes it: the idempotency key of what it starts.
    """

    moment: dt.datetime
    day: dt.date
    period: str


def last_hour(now: dt.datetime, zone: ZoneInfo) -> Due:
    """Return the full hour that came last, `now` included."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return Due(hour, to_local(hour, zone).date(), f"{hour:%Y-%m-%dT%HZ}")


def daily(time: str) -> str:
    """Return the cron line of a time of day.

    >>> daily("08:05")
    '5 8 * * *'
    """
    hour, minute = time.split(":")
    return f"{int(minute)} {int(hour)} * * *"


def last_by_clock(line: str, now: dt.datetime, zone: ZoneInfo) -> Due:
    """Return the latest moment, `now` included, at which a cron line came due by the wall clock of a zone."""
    local = to_local(now, zone) + dt.timedelta(seconds=1)
    while True:
        local = _before(line, local)
        moment = to_utc(local, zone)
        if moment <= now:
            return Due(moment, local.date(), f"{local:%Y-%m-%dT%H:%M}")


def _before(line: str, moment: dt.datetime) -> dt.datetime:
    """Return when a cron line came due before a moment; who asks for none does not load what reads them."""
    from croniter import croniter

    return croniter(line, moment).get_prev(dt.datetime)


def is_clock(time: object) -> bool:
    """Return whether a text is a time of day.

    >>> is_clock("08:05"), is_clock("8:05"), is_clock(8)
    (True, False, False)
    """
    return isinstance(time, str) and bool(CLOCK.match(time))


def is_cron(line: object) -> bool:
    """Return whether a text is a cron line of five fields that comes due at all.

    >>> is_cron("0 8 * * 1"), is_cron("0 8 30 2 *"), is_cron("hourly")
    (True, False, False)
    """
    if not isinstance(line, str) or len(line) > 100 or len(line.split()) != 5:
        return False
    try:
        _before(line, dt.datetime(2026, 1, 1))
    except (ValueError, KeyError):
        return False
    return True


def period_of(word: str, moment: dt.datetime, zone: ZoneInfo) -> str:
    """Return the name of the day, week, month or year a moment lies in, for `at_most_once_per`.

    >>> period_of("week", dt.datetime(2026, 12, 31, 23), ZoneInfo("Europe/Athens"))
    '2026-W53'
    """
    local = to_local(moment, zone)
    if word == "week":
        year, week, _ = local.isocalendar()
        return f"{year}-W{week:02}"
    return f"{local:%Y-%m-%d}"[: {"day": 10, "month": 7, "year": 4}[word]]


def duration(words: object) -> dt.timedelta | None:
    """Return a duration written as "4 hours"; None for anything else.

    Unit:   a month counts 30 days and a year 365.

    >>> duration("2 days"), duration("soon")
    (datetime.timedelta(days=2), None)
    """
    found = DURATION.match(words) if isinstance(words, str) else None
    return int(found[1]) * UNITS[found[2]] if found else None
