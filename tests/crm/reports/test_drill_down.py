"""Every mark of a report leads to exactly the records it counts, whatever it groups by, and a time has no holes."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from crm.database import CrmSession
from crm.demo import load_demo
from crm.errors import NotFoundError, QueryError
from crm.fields.locales import WEEK_STARTS
from crm.records.listing import count_records
from crm.reports.charts.scale import compact
from crm.reports.figure import build_figure
from crm.reports.kind import build_report
from crm.reports.model import Report
from crm.reports.result import ReportResult
from crm.reports.service import get_report, run_report
from tests.crm.reports.ledger import fill, groups, open_ledger
from tests.crm.web.house import documents_of

MEASURES = "{number: {count: true}, some: {count: [{field: pieces, above: 0}]}, total: {sum: price}}"


@pytest.fixture
def ledger(empty_database_url: str) -> Iterator[CrmSession]:
    """A ledger with random entries."""
    session = open_ledger(empty_database_url)
    fill(session, 60, seed=4)
    yield session
    session.close()


def report_of(session: CrmSession, group_by: list[Any], measures: str = MEASURES, **more: Any) -> Report:
    """Return a report of entries as a document would build it."""
    body = {"report": "made", "entity": "entry", "group_by": group_by, **more}
    text = json.dumps(body)[:-1] + f', "measures": {measures}}}'
    document = documents_of({"reports/made.yaml": text})[0]
    return build_report(document, session.workspace.schema)


def wrong_marks(session: CrmSession, outcome: ReportResult) -> list[Any]:
    """Return the marks that count other records than they lead to."""
    entity, found = session.workspace.schema.entities[outcome.report.entity], []
    for row in outcome.rows:
        for column, value in zip(outcome.columns, row.values, strict=True):
            if column.measure is not None and column.measure.kind == "count":
                lines = json.loads(json.dumps(row.lines_of(column)))
                count = count_records(session, entity, lines)
                found += [(outcome.report.groups, row.texts, value, count, lines)] if count != value else []
    return found


def test_every_mark_of_every_kind_of_group_leads_to_what_it_counts(ledger) -> None:
    for group in groups(ledger):
        outcome = run_report(ledger, report_of(ledger, [group]))
        assert outcome.rows and not wrong_marks(ledger, outcome), group


@pytest.mark.parametrize("start", ["sunday", "saturday", None])
def test_weeks_begin_as_their_reader_chose(ledger, start) -> None:
    ledger.actor = replace(ledger.actor, week_start=start)
    for field in ("day", "moment"):
        outcome = run_report(ledger, report_of(ledger, [{"week": field}]))
        days = {row.values[0] for row in outcome.rows} - {
            None,
            dt.date.min,
        }  # before the first day there is none
        assert {day.weekday() for day in days} == {WEEK_STARTS[start or "monday"]}
        assert not wrong_marks(ledger, outcome)


def test_marks_of_two_groups_and_of_amounts_lead_there_too(ledger) -> None:
    every, chance = list(groups(ledger)), random.Random(5)
    amounts = "{number: {count: true}, sum: {sum: amount}, fee: {max: fee}, limit: {avg: client.limit}}"
    for pair in chance.sample(list(itertools.permutations(every, 2)), 60):
        outcome = run_report(ledger, report_of(ledger, list(pair), chance.choice((MEASURES, amounts))))
        assert not wrong_marks(ledger, outcome), pair


def test_a_record_counts_in_every_value_it_has_and_once_in_all(ledger) -> None:
    entity = ledger.workspace.schema.entities["entry"]
    outcome = run_report(ledger, report_of(ledger, ["ways"]))
    assert {row.values[0] for row in outcome.rows} == {"phone", "mail", "visit", None}
    assert [row.texts[0] for row in outcome.rows] == ["Phone", "Mail", "Visit", "—"]
    assert outcome.totals[0] == str(count_records(ledger, entity, []))


def test_a_removed_choice_is_grouped_by_its_last_label_and_leads_to_its_records(
    empty_database_url, ledger
) -> None:
    from tests.crm.reports.ledger import ENTRY

    ledger.close()
    fewer = ENTRY.replace("{open: Open, paid: Paid, lost: Lost}", "{open: Open, paid: Paid}")
    fewer = fewer.replace("{phone: Phone, mail: Mail, visit: Visit}", "{phone: Phone, mail: Mail}")
    session = open_ledger(empty_database_url, entities_entry=fewer)
    for group, gone in (("state", "Lost"), ("ways", "Visit")):
        outcome = run_report(session, report_of(session, [group]))
        assert gone in [row.texts[0] for row in outcome.rows]
        assert not wrong_marks(session, outcome)
    session.close()


@pytest.mark.parametrize("kind", ["line", "bar"])
def test_a_time_has_no_holes(empty_database_url, kind) -> None:
    from tests.factories import make_record

    session = open_ledger(empty_database_url)
    for day in ("2025-11-03", "2026-03-29", None):
        make_record(session, "entry", name="x", day=day, price=5)
    chart = {"chart": {"kind": kind, "x": "day", "y": "total"}}
    outcome = run_report(session, report_of(session, [{"month": "day"}], **chart))
    figure = build_figure(outcome, "en", lambda row, column: "/x")
    months = ["Nov 2025", "Dec 2025", "Jan 2026", "Feb 2026", "Mar 2026", "—"]
    assert figure["layout"]["xaxis"]["categoryarray"] == months
    if kind == "line":
        assert figure["data"][0]["x"] == months and figure["data"][0]["y"] == [5.0, 0, 0, 0, 5.0, 5.0]
    session.close()


@pytest.mark.parametrize("who", ["admin", "manager", "marketing"])
def test_the_marks_of_the_shipped_reports_open_the_list_they_count(
    client, session, session_as, engine, who
) -> None:
    load_demo(engine, customers=25)
    browser, reader = client(who), session_as(who)
    opened = 0
    for name in reader.workspace.schema.parts["report"]:
        try:
            outcome = run_report(reader, get_report(reader, name))
        except (NotFoundError, QueryError):
            continue
        if outcome.report.analysis:
            continue  # its rows are customers and findings, not groups of records
        assert not wrong_marks(reader, outcome), name
        for trace in browser.get(f"/reports/{name}/figure.json").json["data"]:
            for url in filter(None, trace["customdata"][:3]):
                page = browser.get(url)
                assert page.status_code == 200 and "be applied" not in page.text
                assert parse_qs(urlsplit(url).query) and urlsplit(url).path.endswith("/list/")
                opened += 1
    assert opened


@pytest.mark.parametrize("language", ["en", "el", "ro", "he"])
def test_large_numbers_on_an_axis_are_said_in_the_readers_language(ledger, language) -> None:
    body = {"chart": {"kind": "stacked_bar", "x": "state", "y": "all"}}
    outcome = run_report(ledger, report_of(ledger, ["state"], "{all: {sum: pieces}}", **body))
    axis = build_figure(outcome, language, lambda row, column: "/x")["layout"]["yaxis"]
    assert axis["tickvals"][-1] >= max(row.values[1] for row in outcome.rows) >= 10**12
    assert axis["ticktext"] == [compact(number, language) for number in axis["tickvals"]]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["-3K", "0", "1.5M", "2.5B"]),
        ("el", ["-3\xa0χιλ.", "0", "1,5\xa0εκ.", "2,5\xa0δισ."]),
        ("ro", ["-3\xa0mii", "0", "1,5\xa0mil.", "2,5\xa0mld."]),
        ("he", ["\u200e-3 אלף", "0", "1.5 מיליון", "2.5 מיליארד"]),
    ],
)
def test_thousands_millions_and_billions_have_their_words(language, said) -> None:
    assert [compact(number, language) for number in (-3_000, 0, 1_500_000, 2_500_000_000)] == said
