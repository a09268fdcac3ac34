"""`kind: lifetime_value`: what each customer is expected to spend in a time to come, discounted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from crm.conditions.sentence import Speaker
from crm.database import CrmSession
from crm.entities.model import Entity, Schema
from crm.entities.reader import BodyReader
from crm.errors import Problem
from crm.fields.locales import shown_date
from crm.reports.analyses.base import number_column
from crm.reports.analyses.purchases import PurchaseAnalysis, Purchases, days_per_unit
from crm.reports.drill import group_line
from crm.reports.model import Group, Report
from crm.reports.query import MOST_ROWS, Column
from crm.reports.result import ReportResult, ReportRow
from crm.texts import NP_, Text

USUAL_UNIT, USUAL_HORIZON, USUAL_DISCOUNT = "week", 52, 0.1
LONGEST_HORIZON = 520
FEWEST = 10  # customers who came back; a model of fewer says nothing
LABELS = {
    "purchases": NP_("column", "Purchases"),
    "last": NP_("column", "Last purchase"),
    "alive": NP_("column", "Still a customer"),
    "expected": NP_("column", "Expected purchases"),
    "average": NP_("column", "Expected per purchase"),
    "value": NP_("column", "Lifetime value"),
}


class LifetimeValue(PurchaseAnalysis):
    """Expected purchases by the BG/NBD model, expected spending by the Gamma-Gamma model."""

    name = "lifetime_value"
    keys: ClassVar[Mapping[str, Any]] = {
        **PurchaseAnalysis.keys,
        "horizon": {"type": "integer", "minimum": 1, "maximum": LONGEST_HORIZON},
        "discount_per_year": {"type": "number", "minimum": 0},
    }
    required = ("customer", "date", "value")

    def check(self, reader: BodyReader, body: Mapping[str, Any], entity: Entity, schema: Schema) -> None:
        """Note every problem of the purchases, the horizon and the discount."""
        super().check(reader, body, entity, schema)
        horizon, discount = body.get("horizon", USUAL_HORIZON), body.get("discount_per_year", 0)
        if type(horizon) is not int or not 1 <= horizon <= LONGEST_HORIZON:
            reader.refuse("analysis.bad_horizon", ("horizon",), most=LONGEST_HORIZON)
        if isinstance(discount, bool) or not isinstance(discount, int | float) or not 0 <= discount <= 10:
            reader.refuse("analysis.bad_discount", ("discount_per_year",))

    def run(self, session: CrmSession, report: Report) -> ReportResult:
        """Fit both models and value each customer, the most valuable first."""
        bought, options = self.read(session, report), report.options
        unit, horizon = options.get("unit", USUAL_UNIT), _horizon(options)
        language = bought.teller.situation.language
        definition = Problem(
            "analysis.lifetime_value",
            {
                "horizon": Speaker(None, language).span(horizon, f"{unit}s"),
                "until": shown_date(bought.until, language),
            },
        )
        parameters = {
            "customers": len(bought.days),
            "until": bought.until.isoformat(),
            "unit": unit,
            "horizon": horizon,
        }
        columns = [bought.customer, *(_column(name, language, bought) for name in LABELS)]
        if sum(len(days) > 1 for days in bought.days.values()) < FEWEST:
            note = Problem("analysis.too_few", {"fewest": FEWEST})
            return bought.answer.result(columns, [], definition, parameters, [note])
        values = Values.of(bought, options)
        notes = [] if values.is_sure else [Problem("analysis.unsure")]
        rows = list(_rows(values, bought, report))
        return bought.answer.result(columns, rows, definition, parameters | values.parameters, notes)


@dataclass(frozen=True)
class Values:
    """What the models say of each customer, in the order of `Purchases.days`: arrays of one length."""

    alive: Any
    expected: Any
    average: Any
    value: Any
    parameters: Mapping[str, float]
    is_sure: bool

    @classmethod
    def of(cls, bought: Purchases, options: Mapping[str, Any]) -> Values:
        """Fit the models to the purchases and apply them to each customer."""
        import numpy as np  # loaded by who runs this analysis only

        from crm.reports.analyses.bgnbd import fit_buying, fit_spending

        repeats, last, age, mean = np.array(list(_seen(bought, options)), dtype=float).T
        buying, spends = fit_buying(repeats, last, age), (repeats > 0) & (mean > 0)
        spending = fit_spending(repeats[spends], mean[spends])
        known, place = np.unique(np.column_stack((repeats, last, age)), axis=0, return_inverse=True)
        place, ahead = place.reshape(-1), _horizon(options)
        expected = [buying.expected(*known.T, step) for step in range(ahead + 1)]
        factors, average = list(_factors(options)), spending.expected(repeats, mean)
        worth = sum(
            (after - before) * factor
            for before, after, factor in zip(expected, expected[1:], factors, strict=False)
        )
        parameters = {name: getattr(buying, name) for name in ("r", "alpha", "a", "b", "log_likelihood")}
        parameters |= {name: getattr(spending, name) for name in ("p", "q", "v")}
        return cls(
            buying.alive(repeats, last, age),
            expected[-1][place],
            average,
            worth[place] * average,
            parameters | {"discount_per_year": _discount(options)},
            buying.is_sure and spending.is_sure,
        )


def _seen(bought: Purchases, options: Mapping[str, Any]) -> Iterator[tuple[float, ...]]:
    """Yield of each customer how often they came back, when last, how long ago they came first, and what they spend."""
    length = days_per_unit(options, USUAL_UNIT)
    for days in bought.days.values():
        first, repeats = days[0][0], len(days) - 1
        mean = sum(spent for _day, spent in days[1:]) / max(repeats, 1)
        yield repeats, (days[-1][0] - first).days / length, (bought.until - first).days / length, mean


def _factors(options: Mapping[str, Any]) -> Iterator[float]:
    """Yield what an amount in each unit of time ahead is worth today."""
    for step in range(1, _horizon(options) + 1):
        yield (1 + _discount(options)) ** (-step * days_per_unit(options, USUAL_UNIT) / 365.25)


def _horizon(options: Mapping[str, Any]) -> int:
    return int(options.get("horizon", USUAL_HORIZON))


def _discount(options: Mapping[str, Any]) -> float:
    return float(options.get("discount_per_year", USUAL_DISCOUNT))


def _column(name: str, language: str, bought: Purchases) -> Column:
    label = Text(LABELS[name]).get(language)
    if name in ("average", "value") and bought.spent is not None:
        spent = bought.spent
        return Column(name, label, True, spent.field, None, spent.measure, None, spent.usual)
    if name == "last":
        return Column(name, label, False, period="day")
    return number_column(name, label, is_share=name == "alive")


def _rows(values: Values, bought: Purchases, report: Report) -> Iterator[ReportRow]:
    """Yield the customers with the highest value; each leads to their purchases."""
    people, teller = list(bought.days), bought.teller
    best = sorted(range(len(people)), key=lambda place: -values.value[place])[:MOST_ROWS]
    teller.query.load_names([(people[place],) + (None,) * 9 for place in best])
    group = Group(tuple(report.options["customer"].split(".")))
    for place in best:
        who, days = people[place], bought.days[people[place]]
        alive, expected = round(100 * float(values.alive[place]), 1), round(float(values.expected[place]), 2)
        average, value = round(float(values.average[place]), 2), round(float(values.value[place]), 2)
        yield ReportRow(
            (who, len(days), days[-1][0], alive, expected, average, value),
            (
                teller.text(bought.customer, who),
                teller.plain(len(days)),
                shown_date(days[-1][0], teller.situation.language),
                teller.plain(alive, is_share=True),
                teller.plain(expected),
                bought.amount(average),
                bought.amount(value),
            ),
            [*report.lines, group_line(group, bought.customer.field, who)],
        )
