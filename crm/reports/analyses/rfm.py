"""`kind: rfm`: customers by how recently, how often and for how much they bought, in named groups."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm.database import CrmSession
from crm.errors import Problem
from crm.fields.locales import shown_date
from crm.reports.analyses.base import number_column
from crm.reports.analyses.purchases import PurchaseAnalysis, Purchases
from crm.reports.model import Report
from crm.reports.query import Column
from crm.reports.result import ReportResult, ReportRow
from crm.texts import NP_, Text

FIFTHS = 5
GROUPS = (
    ("champions", NP_("rfm", "Champions"), lambda recent, often: recent >= 4 and often >= 4),
    ("loyal", NP_("rfm", "Loyal"), lambda recent, often: recent >= 3 and often >= 3),
    ("at_risk", NP_("rfm", "At risk"), lambda recent, often: often >= 3),
    ("new", NP_("rfm", "New"), lambda recent, often: recent >= 4),
    ("fading", NP_("rfm", "Fading"), lambda recent, often: recent == 3),
    ("lost", NP_("rfm", "Lost"), lambda recent, often: True),
)
"""The groups by the fifths of recency and frequency; a customer is in the first that fits."""
LABELS = {
    "customers": NP_("column", "Customers"),
    "share": NP_("column", "Share"),
    "days": NP_("column", "Days since the last purchase"),
    "purchases": NP_("column", "Purchases each"),
    "spent": NP_("column", "Spent"),
    "spent_share": NP_("column", "Share of spending"),
}


@dataclass(frozen=True)
class Scores:
    """The fifths of one customer: 5 is best. `days` since the last purchase, `often` purchases, `spent` altogether."""

    recency: int
    frequency: int
    monetary: int
    days: int
    often: int
    spent: float

    @property
    def group(self) -> str:
        """Return the name of the group they fall into."""
        return next(name for name, _label, fits in GROUPS if fits(self.recency, self.frequency))


class Rfm(PurchaseAnalysis):
    """Recency, frequency and monetary value in fifths."""

    name = "rfm"

    def run(self, session: CrmSession, report: Report) -> ReportResult:
        """Score each customer and count the groups."""
        bought = self.read(session, report)
        found, language = scores_of(bought), bought.teller.situation.language
        definition = Problem("analysis.rfm", {"until": shown_date(bought.until, language)})
        columns = [
            Column("group", Text(NP_("column", "Group")).get(language), False),
            *_columns(bought, language),
        ]
        parameters = {"customers": len(found), "until": bought.until.isoformat()}
        rows = [_row(label, name, found, bought) for name, label, _fits in GROUPS]
        return bought.answer.result(columns, [row for row in rows if row.values[1]], definition, parameters)


def scores_of(bought: Purchases) -> dict[Any, Scores]:
    """Return the scores of each customer; equal values have equal scores."""
    days = {who: (bought.until - bought_on[-1][0]).days for who, bought_on in bought.days.items()}
    often = {who: len(bought_on) for who, bought_on in bought.days.items()}
    spent = {who: sum(value for _day, value in bought_on) for who, bought_on in bought.days.items()}
    recency = fifths({who: -value for who, value in days.items()})
    frequency, monetary = fifths(often), fifths(spent)
    return {
        who: Scores(recency[who], frequency[who], monetary[who], days[who], often[who], spent[who])
        for who in bought.days
    }


def fifths(values: Mapping[Any, float]) -> dict[Any, int]:
    """Return in which fifth each value is, 1 to 5, by the share of values below it.

    >>> fifths({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}), fifths({"a": 7, "b": 7})
    ({'a': 1, 'b': 2, 'c': 3, 'd': 4, 'e': 5}, {'a': 1, 'b': 1})
    """
    ordered = sorted(values.values())
    return {key: 1 + FIFTHS * bisect_left(ordered, value) // len(ordered) for key, value in values.items()}


def _columns(bought: Purchases, language: str) -> list[Column]:
    found = []
    for name, label in LABELS.items():
        words, spent = Text(label).get(language), bought.spent
        if name == "spent" and spent is not None:
            found.append(Column(name, words, True, spent.field, None, spent.measure, None, spent.usual))
        else:
            found.append(number_column(name, words, is_share=name in ("share", "spent_share")))
    return found


def _row(label: str, name: str, found: Mapping[Any, Scores], bought: Purchases) -> ReportRow:
    some = [one for one in found.values() if one.group == name]
    spent, every = sum(one.spent for one in some), sum(one.spent for one in found.values())
    values = (
        len(some),
        _percent(len(some), len(found)),
        _mean([one.days for one in some]),
        _mean([one.often for one in some]),
        round(spent, 2),
        _percent(spent, every),
    )
    teller = bought.teller
    texts = [teller.plain(value, is_share=place in (1, 5)) for place, value in enumerate(values)]
    texts[4] = bought.amount(spent)
    return ReportRow((name, *values), (Text(label).get(teller.situation.language), *texts), None)


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 1) if values else 0.0


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
