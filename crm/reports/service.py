"""Running a report: one query under the reader's rights, and what its numbers mean."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal

from crm.conditions import say
from crm.database import CrmSession
from crm.errors import NotFoundError
from crm.fields import type_of
from crm.fields.locales import shown_percent, with_minus_at_left
from crm.permissions.rows import parse_trusted
from crm.permissions.service import require
from crm.permissions.sight import Narrowed, narrowed_by_rights
from crm.records.amounts import amount_text, amounts_text
from crm.reports.model import Report
from crm.reports.periods import say_period
from crm.reports.query import MOST_ROWS, Column, ReportQuery


@dataclass(frozen=True)
class ReportRow:
    """One group: typed keys and numbers in the order of the columns, texts for people, and the way to its records.

    Shape:  `lines` are raw conditions that select exactly the group's records.
    """

    values: tuple[Any, ...]
    texts: tuple[str, ...]
    lines: list[Any]

    def lines_of(self, column: Column) -> list[Any]:
        """Return the conditions that select the records a number counts: of some, those that meet its own."""
        return [*self.lines, *(column.measure.lines if column.measure else ())]


@dataclass(frozen=True)
class ReportResult:
    """A report that was run.

    Shape:  `totals` are texts, of amounts in several currencies a figure for each. `is_cut` says that there are more
            groups than can be shown. `narrowed` are the records it asks about of which the reader sees a part only.
    """

    report: Report
    columns: tuple[Column, ...]
    rows: list[ReportRow]
    totals: tuple[str, ...]
    definition: str
    as_of: dt.datetime
    milliseconds: int
    narrowed: list[Narrowed]
    is_cut: bool = False

    @property
    def group_count(self) -> int:
        """Return how many of the columns are groups."""
        return sum(not column.is_measure for column in self.columns)


def get_report(session: CrmSession, name: str) -> Report:
    """Return a report the actor may open.

    Errors: NotFoundError when there is none of the name, or it is not open to the actor.
    """
    found = session.workspace.schema.parts["report"].get(name)
    if found is None or not session.actor.may_see_report(name):
        raise NotFoundError("report.not_found", name=name)
    require(session.actor, "read", session.workspace.schema.entities[found.entity])
    return found


def run_report(session: CrmSession, report: Report) -> ReportResult:
    """Run a report under the actor's rights.

    Errors: QueryError when it reads something that is not open to the actor.
    """
    begun = time.perf_counter()
    query = ReportQuery(session, report)
    found = session.execute(query.statement()).all()
    query.load_names(found)
    teller = Teller(query)
    shown = query.in_order(found[:MOST_ROWS], teller.text)
    rows = [ReportRow(tuple(row), teller.texts(row), query.lines_of(row, found)) for row in shown]
    totals = tuple(
        teller.total(column, total) for column, total in zip(query.measured, query.totals(), strict=True)
    )
    return ReportResult(
        report=report,
        columns=query.columns,
        rows=rows,
        totals=totals,
        definition=define(session, report),
        as_of=session.clock().replace(microsecond=0),
        milliseconds=int((time.perf_counter() - begun) * 1000),
        narrowed=narrowed_by_rights(session, query.entity, query.reads),
        is_cut=len(found) > MOST_ROWS,
    )


def define(session: CrmSession, report: Report) -> str:
    """Return what a report counts, in the reader's language."""
    language, schema = session.actor.language, session.workspace.schema
    entity = schema.entities[report.entity]
    if not report.lines:
        return entity.plural.get(language)
    tree = parse_trusted(session.workspace, entity, report.lines)
    return f"{entity.plural.get(language)}: {say(tree, entity, schema, language)}"


class Teller:
    """Says the values of a report as people read them."""

    def __init__(self, query: ReportQuery) -> None:
        self.query, self.situation = query, query.situation

    def texts(self, row: Sequence[Any]) -> tuple[str, ...]:
        """Return the texts of a row; an amount is in the currency of its group."""
        return tuple(
            self.text(column, value, row[column.currency] if column.currency is not None else "")
            for column, value in zip(self.query.columns, row, strict=True)
        )

    def text(self, column: Column, value: Any, currency: str | None = "") -> str:
        """Return one value as people read it."""
        if value is None:
            return "" if column.is_measure else "—"
        if column.name in self.query.names and not column.is_measure:
            return self.query.names[column.name].get(value, f"#{value}")
        if column.period:
            return say_period(value, column.period, self.situation.language)
        if column.field is None or self._is_plain(column):
            is_share = column.measure is not None and column.measure.kind == "share"
            return number_text(value, is_share, self.situation.language)
        if column.is_measure and column.usual:
            return amount_text(column.field, value, currency or column.usual, self.situation)
        is_word = not column.is_measure and type_of(column.field).result(column.field).kind == "many"
        return type_of(column.field).display(column.field, (value,) if is_word else value, self.situation)

    def total(self, column: Column, amounts: Mapping[str, Any]) -> str:
        """Return a measure over everything; of amounts in several currencies a figure for each."""
        if column.usual:
            return amounts_text(column.field, amounts, self.situation)
        return self.text(column, amounts.get(""))

    @staticmethod
    def _is_plain(column: Column) -> bool:
        """Return whether a mean is shown as a number: that of stars or pieces is not one of them."""
        is_mean = column.measure is not None and column.measure.kind == "avg"
        return is_mean and not type_of(column.field).result(column.field).unit


def number_text(value: Any, is_share: bool, language: str) -> str:
    """Return a plain number, or a percentage, in a language."""
    if is_share:
        return shown_percent(Decimal(str(value)), language)
    return with_minus_at_left(format_decimal(value, locale=language, decimal_quantization=False), language)
