"""The days a calendar shows, and how records share them: pure reckoning, without a database or a request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crm.conditions.tree.moments import add_days, add_months
from crm.records.days import Span

VIEWS = ("month", "week", "day", "agenda")
FIRST_DAY, LAST_DAY = dt.date(1, 3, 1), dt.date(9999, 10, 31)  # so that every view has all its days


@dataclass(frozen=True)
class Piece:
    """One record on one day.

    Shape:  `begins` and `ends` say whether the record does so on this day, within the drawn row of days.
    """

    entry: Any
    span: Span
    begins: bool
    ends: bool


@dataclass(frozen=True)
class Day:
    """One day with its records; `slots` are the lanes of the row, None where a lane is free on this day.

    Shape:  `hidden` counts records for which there is no lane.
    """

    day: dt.date
    slots: tuple[Piece | None, ...]
    hidden: int


def week_of(day: dt.date, starts: int) -> list[dt.date]:
    """Return the seven days of a week."""
    first = day - dt.timedelta(days=(day.weekday() - starts) % 7)
    return [first + dt.timedelta(days=place) for place in range(7)]


def weeks_of(view: str, day: dt.date, starts: int) -> list[list[dt.date]]:
    """Return the rows of days a view draws: the whole weeks of a month, one week, or one day.

    Shape:  the agenda has the days of its month, without the days of other months.
    """
    if view == "day":
        return [[day]]
    if view == "week":
        return [week_of(day, starts)]
    month = _days_of_month(day)
    if view == "agenda":
        return [month]
    found = [week_of(month[0], starts)]
    while found[-1][-1] < month[-1]:
        found.append(week_of(found[-1][-1] + dt.timedelta(days=1), starts))
    return found


def _days_of_month(day: dt.date) -> list[dt.date]:
    first = day.replace(day=1)
    after = add_months(first, 1)
    return [first + dt.timedelta(days=place) for place in range((after - first).days)]


def moved(view: str, day: dt.date, steps: int) -> dt.date | None:
    """Return the day a step before or after leads to; None at the ends of the calendar.

    >>> moved("month", dt.date(2026, 1, 31), 1), moved("week", dt.date(2026, 1, 31), -1)
    (datetime.date(2026, 2, 28), datetime.date(2026, 1, 24))
    """
    if view in ("month", "agenda"):
        found = add_months(day, steps)
    else:
        found = add_days(day, steps * (7 if view == "week" else 1))
    return found if found and FIRST_DAY <= found <= LAST_DAY else None


def lay_out(row: Sequence[dt.date], entries: Iterable[tuple[Span, Any]], lanes: int) -> list[Day]:
    """Return a row of days with its records in lanes: one that covers several days keeps its lane.

    Shape:  `lanes` are those a day has room for; a record that finds none is counted on each of its days.
    """
    placed = list(_in_lanes(row, entries))
    found = []
    for day in row:
        here = [(lane, entry, span) for lane, entry, span in placed if span.first <= day <= span.last]
        slots: dict[int, Piece] = {
            lane: Piece(entry, span, day == max(span.first, row[0]), day == min(span.last, row[-1]))
            for lane, entry, span in here
            if lane < lanes
        }
        size = max(slots, default=-1) + 1
        found.append(Day(day, tuple(slots.get(lane) for lane in range(size)), len(here) - len(slots)))
    return found


def _in_lanes(row: Sequence[dt.date], entries: Iterable[tuple[Span, Any]]) -> Iterator[tuple[int, Any, Span]]:
    """Yield lane, entry and span: the earliest and the longest first, what has no time above what has one."""
    free: list[dt.date] = []  # the last day on which each lane is taken

    def key(pair: tuple[Span, Any]) -> tuple:
        span = pair[0]
        first, last = max(span.first, row[0]), min(span.last, row[-1])
        return first, (first - last).days, span.at is not None, span.at or dt.time()

    for span, entry in sorted(entries, key=key):
        first, last = max(span.first, row[0]), min(span.last, row[-1])
        if first > last:
            continue
        lane = next((place for place, taken in enumerate(free) if taken < first), len(free))
        free[lane : lane + 1] = [last]
        yield lane, entry, span
