"""Analyses of what customers bought, and when: how their transactions are declared and read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from crm.database import CrmSession
from crm.entities.model import Entity, Schema
from crm.entities.reader import BodyReader
from crm.entities.schema_parts import WORD
from crm.errors import QueryError
from crm.fields import kind_of
from crm.fields.wall_clock import to_local
from crm.reports.analyses.base import Analysis, Answer
from crm.reports.model import Chart, Group, Measure, Report
from crm.reports.paths import check_path
from crm.reports.query import Column, ReportQuery
from crm.reports.telling import Teller
from crm.texts import Text

UNITS: Mapping[str, float] = {"day": 1.0, "week": 7.0, "month": 30.4375, "quarter": 91.3125, "year": 365.25}
"""Days of each unit of time."""
DATE = {"type": "string", "format": "date"}


@dataclass(frozen=True)
class Purchases:
    """Who bought when, and for how much: purchases of one customer on one day are one.

    Shape:  `days` holds for each customer its days in order, each with what was spent. `customer` and `spent` are the
            columns that say how a customer and an amount are shown. `until` is the last day that counts.
    """

    days: dict[Any, list[tuple[dt.date, float]]]
    until: dt.date
    customer: Column
    spent: Column | None
    answer: Answer
    teller: Teller

    def amount(self, value: float) -> str:
        """Return an amount as people read it."""
        rounded = Decimal(repr(round(value, 2)))
        return self.teller.text(self.spent, rounded) if self.spent else self.teller.plain(rounded)


class PurchaseAnalysis(Analysis):
    """An analysis of an entity that holds transactions; `customer`, `date` and `value` say which field means what."""

    keys: ClassVar[Mapping[str, Any]] = {
        "customer": WORD,
        "date": WORD,
        "value": WORD,
        "until": DATE,
        "unit": {"enum": list(UNITS)},
    }
    required = ("customer", "date")

    def check(self, reader: BodyReader, body: Mapping[str, Any], entity: Entity, schema: Schema) -> None:
        """Note every problem of the fields, the last day and the unit of time."""
        wanted = {
            "customer": ("reference", "text", "user"),
            "date": ("date", "datetime"),
            "value": ("number",),
        }
        for key, kinds in wanted.items():
            field = (
                check_path(reader, body[key], entity, schema, (key,)) if body.get(key) is not None else None
            )
            if field is not None and kind_of(field) not in kinds:
                reader.refuse("analysis.other_field", (key,), name=body[key], key=key)
        if body.get("until") is not None and day_of(body["until"]) is None:
            reader.refuse("analysis.no_day", ("until",), value=str(body["until"])[:60])
        if body.get("unit") is not None:
            reader.known(body["unit"], UNITS, ("unit",), "period")

    def read(self, session: CrmSession, report: Report) -> Purchases:
        """Return the purchases the actor sees.

        Errors: QueryError when they are not open to the actor, or are in several currencies.
        """
        options = report.options
        customer, date = (tuple(options[key].split(".")) for key in ("customer", "date"))
        value = tuple(options["value"].split(".")) if "value" in options else ()
        measure = Measure("spent", Text("spent"), "sum" if value else "count", value)
        groups = (Group(customer), Group(date, "day"))
        asked = Report(report.name, report.entity, report.label, report.lines, groups, (measure,), Chart())
        query = ReportQuery(session, asked)
        answer, until = Answer(session, report, query), last_day(session, options)
        days: dict[Any, list[tuple[dt.date, float]]] = {}
        currencies = set()
        for row in session.execute(query.every_group()):
            who, day, spent = row[0], row[1], row[-1]
            if who is not None and day is not None and day <= until:
                days.setdefault(who, []).append((day, float(spent or 0)))
                currencies.add(row[2] if len(row) > 3 else "")
        if len(currencies) > 1:
            raise QueryError("analysis.several_currencies", known=", ".join(sorted(map(str, currencies))))
        for bought in days.values():
            bought.sort()
        spent_column = query.measured[0] if value else None
        return Purchases(days, until, query.columns[0], spent_column, answer, Teller(query))


def day_of(value: Any) -> dt.date | None:
    """Return a day of a document; None for what is none."""
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        return None


def last_day(session: CrmSession, options: Mapping[str, Any]) -> dt.date:
    """Return the last day that counts: as declared, else today where the actor is."""
    declared = day_of(options.get("until")) if options.get("until") is not None else None
    return declared or to_local(session.clock(), session.actor.time_zone).date()


def days_per_unit(options: Mapping[str, Any], usual: str) -> float:
    """Return the days of the unit of time."""
    return UNITS[options.get("unit", usual)]
