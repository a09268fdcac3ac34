"""`kind: cohort_retention` and `kind: churn`: who came back after their first purchase, and who did not."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from crm.database import CrmSession
from crm.errors import Problem
from crm.fields.locales import shown_date
from crm.reports.analyses.base import number_column
from crm.reports.analyses.purchases import PurchaseAnalysis, Purchases
from crm.reports.model import Report
from crm.reports.periods import say_period
from crm.reports.query import Column
from crm.reports.result import ReportResult, ReportRow
from crm.texts import NP_, Text

USUAL_UNIT = "month"
MOST_PERIODS = 24  # columns after the first purchase
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}


class CohortRetention(PurchaseAnalysis):
    """Of the customers of each cohort, those who bought again in each period after their first."""

    name = "cohort_retention"
    is_share_of_lost = False

    def run(self, session: CrmSession, report: Report) -> ReportResult:
        """Count each cohort, period by period."""
        bought, unit = self.read(session, report), report.options.get("unit", USUAL_UNIT)
        language = bought.teller.situation.language
        sizes, came = count(bought, unit)
        last = min(max((_between(first, bought.until, unit) for first in sizes), default=0), MOST_PERIODS)
        columns = [
            Column("cohort", Text(NP_("column", "First purchase")).get(language), False, period=unit),
            number_column("customers", Text(NP_("column", "Customers")).get(language)),
            *(
                number_column(f"after_{step}", bought.teller.plain(step), is_share=True)
                for step in range(last + 1)
            ),
        ]
        rows = [self._row(first, size, came, bought, unit, last) for first, size in sorted(sizes.items())]
        definition = Problem(f"analysis.{self.name}", {"until": shown_date(bought.until, language)})
        parameters = {"customers": sum(sizes.values()), "until": bought.until.isoformat(), "unit": unit}
        return bought.answer.result(columns, rows, definition, parameters)

    def _row(
        self, first: dt.date, size: int, came: Counter, bought: Purchases, unit: str, last: int
    ) -> ReportRow:
        teller, known = bought.teller, _between(first, bought.until, unit)
        shares: list[float | None] = []
        for step in range(last + 1):
            share = 100 * came[first, step] / size
            shares.append(
                round(100 - share if self.is_share_of_lost else share, 1) if step <= known else None
            )
        texts = ["" if share is None else teller.plain(share, is_share=True) for share in shares]
        label = say_period(first, unit, teller.situation.language)
        return ReportRow((first, size, *shares), (label, teller.plain(size), *texts), None)


class Churn(CohortRetention):
    """The other side of retention: with it, each figure makes 100 %."""

    name = "churn"
    is_share_of_lost = True


def count(bought: Purchases, unit: str) -> tuple[Counter[dt.date], Counter[Any]]:
    """Return the size of each cohort by the beginning of its period, and how many bought how many periods later."""
    sizes: Counter[dt.date] = Counter()
    came: Counter[Any] = Counter()
    for days in bought.days.values():
        first = begin_of(days[0][0], unit)
        sizes[first] += 1
        came.update((first, step) for step in {_between(first, day, unit) for day, _spent in days})
    return sizes, came


def begin_of(day: dt.date, unit: str) -> dt.date:
    """Return the first day of the period a day is in; weeks begin on Monday.

    >>> begin_of(dt.date(2026, 11, 29), "week"), begin_of(dt.date(2026, 11, 29), "quarter")
    (datetime.date(2026, 11, 23), datetime.date(2026, 10, 1))
    """
    if unit == "week":
        return day - dt.timedelta(days=day.weekday())
    if unit in MONTHS:
        return day.replace(month=(day.month - 1) // MONTHS[unit] * MONTHS[unit] + 1, day=1)
    return day


def _between(first: dt.date, day: dt.date, unit: str) -> int:
    """Return how many periods after one that begins on a first day another day is."""
    if unit in DAYS:
        return (begin_of(day, unit) - first).days // DAYS[unit]
    start = begin_of(day, unit)
    return ((start.year - first.year) * 12 + start.month - first.month) // MONTHS[unit]
