"""Amounts of two currencies are never put into one number, wherever they are summed up or shown."""

from __future__ import annotations

import io
from collections.abc import Iterator

import openpyxl
import pytest

from crm.database import CrmSession
from crm.fields.base import Situation
from crm.reports.figure import build_figure
from crm.reports.result import ReportResult
from crm.reports.service import run_report
from crm.reports.tables import report_facts, report_rows
from crm.reports.workbook import write_workbook
from tests.crm.reports.ledger import open_ledger
from tests.crm.reports.test_drill_down import report_of, wrong_marks
from tests.factories import make_record

SUM = "{number: {count: true}, total: {sum: amount}}"


@pytest.fixture
def ledger(empty_database_url: str) -> Iterator[CrmSession]:
    """Entries of 100 and 20 euro, one of them by habit, and of 500 lei."""
    session = open_ledger(empty_database_url)
    for amount, currency, state in (
        (100, "EUR", "open"),
        (20, None, "open"),
        (500, "RON", "open"),
        (-120.5, "EUR", "paid"),
    ):
        make_record(
            session,
            "entry",
            name="E",
            amount=str(amount),
            paid_in=currency,
            state=state,
            fee=amount,
            fee_in=currency,
        )
    session.commit()
    yield session
    session.close()


def table(outcome: ReportResult) -> list[tuple[str, ...]]:
    """Return the texts of a report."""
    return [row.texts for row in outcome.rows]


def test_a_report_has_a_row_and_a_total_for_each_currency(ledger) -> None:
    outcome = run_report(ledger, report_of(ledger, ["state"], SUM))
    assert [column.name for column in outcome.columns] == ["state", "paid_in", "number", "total"]
    assert table(outcome) == [
        ("Open", "Euro", "2", "€120.00"), ("Open", "Leu", "1", "RON500.00"), ("Paid", "Euro", "1", "-€120.50"),
    ]  # fmt: skip
    assert outcome.totals == ("4", "-€0.50 · RON500.00")
    assert not wrong_marks(ledger, outcome)
    assert report_facts(outcome)["rows"] == [
        ["open", "EUR", 2, 120],
        ["open", "RON", 1, 500],
        ["paid", "EUR", 1, -120.5],
    ]


def test_a_report_by_the_currency_itself_has_no_second_one(ledger) -> None:
    outcome = run_report(ledger, report_of(ledger, ["paid_in"], SUM))
    assert table(outcome) == [("Euro", "2", "-€20.50"), ("Leu", "1", "RON500.00"), ("—", "1", "€20.00")]


@pytest.mark.parametrize(
    "measure", ["sum: amount", "avg: amount", "min: amount", "max: amount", "sum: double", "sum: fee"]
)
def test_one_number_is_a_figure_for_each_currency(ledger, measure) -> None:
    outcome = run_report(ledger, report_of(ledger, [], f"{{value: {{{measure}}}}}"))
    assert (
        len(outcome.rows) == 2 and outcome.totals[0].count("€") == 1 and outcome.totals[0].count("RON") == 1
    )


def test_a_chart_stacks_no_currency_on_another(ledger, tmp_path) -> None:
    for kind in ("stacked_bar", "line", "pie", "bar"):
        outcome = run_report(
            ledger, report_of(ledger, ["state"], SUM, chart={"kind": kind, "x": "state", "y": "total"})
        )
        figure = build_figure(outcome, "en", lambda row, column: "/x")
        assert [trace["name"] for trace in figure["data"]] == ["Euro", "Leu"] and figure["layout"][
            "barmode"
        ] == "group"
        if kind == "pie":
            assert figure["data"][0]["domain"]["x"] != figure["data"][1]["domain"]["x"]
    file = tmp_path / "table.xlsx"
    write_workbook(file, "x", [column.label for column in outcome.columns], report_rows(outcome, Situation()))
    rows = list(openpyxl.load_workbook(io.BytesIO(file.read_bytes())).active.iter_rows(values_only=True))
    assert rows[1:] == [("Open", "Euro", 2, 120), ("Open", "Leu", 1, 500), ("Paid", "Euro", 1, -120.5)]
