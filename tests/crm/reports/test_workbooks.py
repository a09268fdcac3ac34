"""Workbooks in the reader's way: typed values, their formats, names and direction."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from urllib.parse import unquote

import openpyxl
import pytest

from crm.fields.base import Situation
from crm.records.listing import ListQuery
from crm.reports.service import get_report, run_report
from crm.reports.tables import report_rows, write_export
from tests.factories import make_customer, make_deal

SITUATION = Situation("el")


def exported(session, entity, path, language):
    """Return the first line below the header of an export, by header, and the sheet."""
    session.actor = replace(session.actor, language=language)
    write_export(session, session.workspace.schema.entities[entity], ListQuery(), path)
    sheet = openpyxl.load_workbook(path).active
    return dict(zip((cell.value for cell in sheet[1]), sheet[2], strict=True)), sheet


@pytest.mark.parametrize(
    ("language", "day", "amount", "is_leftward"),
    [
        ("en", "dd/mm/yyyy", "[$€-809]#,##0.00", False),
        ("el", "d/m/yyyy", "#,##0.00 [$€-408]", False),
        ("ro", "dd.mm.yyyy", "#,##0.00 [$EUR-418]", False),
        ("he", "d.m.yyyy", "#,##0.00 [$€-40D]", True),
    ],
)
def test_cells_of_an_export_are_typed_and_look_as_their_reader_writes(
    session, tmp_path, language, day, amount, is_leftward
):
    values = {"amount": Decimal("1234.5"), "closes_on": dt.date(2026, 3, 29), "probability": Decimal("12.5")}
    make_deal(session, customer=make_customer(session), **values)
    session.commit()
    row, sheet = exported(session, "deal", tmp_path / "a.xlsx", language)
    entity = session.workspace.schema.entities["deal"]
    closes, sum_, share = (
        row[entity.fields[name].label.get(language)] for name in ("closes_on", "amount", "probability")
    )
    assert (closes.value.date(), closes.number_format) == (dt.date(2026, 3, 29), day)
    assert (sum_.value, sum_.number_format) == (1234.5, amount)
    assert (share.value, "%" in share.number_format) == (0.125, True)
    assert sheet.title == entity.plural.get(language)
    assert bool(sheet.sheet_view.rightToLeft) is is_leftward


def test_months_of_a_report_are_months_and_amounts_have_their_currency(session):
    make_deal(
        session,
        customer=make_customer(session),
        amount=Decimal(500),
        closes_on=dt.date(2026, 3, 29),
        stage="won",
    )
    session.commit()
    outcome = run_report(session, get_report(session, "revenue_by_segment"))
    found = dict(
        zip((column.name for column in outcome.columns), report_rows(outcome, SITUATION)[0], strict=True)
    )
    assert (found["closes_on"].value, found["closes_on"].format) == (dt.date(2026, 3, 1), "[$-408]mmm yyyy")
    assert (found["revenue"].value, found["revenue"].format) == (500, "#,##0.00 [$€-408]")


def test_files_are_called_in_the_words_of_their_reader(client):
    browser = client("admin")
    answer = browser.get("/export/customer?_l_=el")
    name = unquote(answer.headers["Content-Disposition"])
    assert "Πελάτες 2026-" in name and name.endswith(".xlsx")
