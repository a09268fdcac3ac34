"""Between moments (naive UTC, as the database stores them) and what the clock on the wall shows.

One rule for the two odd hours of a year; forms, conditions and schedules all use it.

- An hour that comes twice means the first one, unless `fold` is 1 or an offset is given.
- An hour that the clocks skip does not exist. Typing it is refused (`exists`); a computed time that falls into it
  moves on by the skipped hour (03:30 becomes 04:30).
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo


def to_utc(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the moment of a wall clock's time, or of a time with an offset.

    Shape:  at the ends of the calendar the time itself.

    >>> to_utc(dt.datetime(2026, 3, 29, 3, 30), ZoneInfo("Europe/Athens")).isoformat()
    '2026-03-29T01:30:00'
    """
    zoned = local if local.tzinfo is not None else local.replace(tzinfo=zone)
    try:
        return zoned.astimezone(dt.UTC).replace(tzinfo=None)
    except OverflowError:
        return local.replace(tzinfo=None, fold=0)


def to_local(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return what the wall clock shows at a moment, naive; `fold` is 1 in the second of two equal hours."""
    try:
        return moment.replace(tzinfo=dt.UTC).astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return moment


def exists(local: dt.datetime, zone: ZoneInfo) -> bool:
    """Return whether a time is a moment: the wall clock shows none of a skipped hour."""
    moment = to_utc(local, zone)
    if local.tzinfo is not None:
        return moment.replace(tzinfo=dt.UTC) == local
    return to_local(moment, zone) == local


def comes_twice(local: dt.datetime, zone: ZoneInfo) -> bool:
    """Return whether the wall clock shows a time twice."""
    first, second = (to_utc(local.replace(fold=fold), zone) for fold in (0, 1))
    return first < second


def with_offset(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return a moment as the wall clock shows it, with the offset that tells two equal hours apart."""
    return moment.replace(tzinfo=dt.UTC).astimezone(zone)
