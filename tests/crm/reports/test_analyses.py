"""The built-in analyses against published results and against reckoning by hand."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from typing import Any

import pytest
import sqlalchemy as sa

from crm.database import about_to_write
from crm.demo import load_demo
from crm.entities.load import check_schema, documents_from_json
from crm.errors import QueryError
from crm.permissions.model import SYSTEM
from crm.reports.model import Chart, Report
from crm.reports.result import ReportResult
from crm.reports.service import run_report
from crm.texts import Text
from tests.factories import make_customer, make_record, user_id
from tests.shared_data import SHARED, needs_shared_data

DAY = dt.date(2026, 3, 1)
PURCHASES = {"customer": "buyer", "date": "bought_on", "value": "amount"}
CDNOW_UNTIL = dt.date(1997, 9, 30)


def analysis(kind: str, lines: tuple = (), entity: str = "purchase", **options: Any) -> Report:
    """Return a report of a kind, as if it were declared."""
    given = {**(PURCHASES if entity == "purchase" else {}), **options}
    return Report(kind, entity, Text(kind), lines, (), (), Chart("table"), None, kind, given)


def fill(session: Any, bought: Iterable[tuple[int, dt.date, str]]) -> None:
    """Write purchases by the number of their customer, straight into the tables."""
    models, bought = session.workspace.models, list(bought)
    at = {"row_version": 1, "created_at": dt.datetime(2026, 1, 1), "updated_at": dt.datetime(2026, 1, 1)}
    customers = [
        {"id": number, "name": f"C{number}", "status": "active", "kind": "person", "language": "en", **at}
        for number in sorted({who for who, _day, _spent in bought})
    ]
    buyer, amount = (models["purchase"].__entity__.fields[name].column for name in ("buyer", "amount"))
    rows = [{buyer: who, "bought_on": day, amount: spent, "quantity": 1, **at} for who, day, spent in bought]
    with about_to_write():
        session.execute(sa.insert(models.table("customer")), customers)
        session.execute(sa.insert(models.table("purchase")), rows)
        session.commit()
    session.actor = SYSTEM


def by_first(result: ReportResult) -> dict[Any, tuple]:
    return {row.values[0]: row.values[1:] for row in result.rows}


@needs_shared_data
@pytest.mark.parametrize("database_kind", ["sqlite"])  # the numbers are reckoned in Python on either
def test_lifetime_value_reproduces_the_published_parameters(session):
    """Fader, Hardie and Lee 2005: 39 weeks of CDNOW."""
    lines = (SHARED / "cdnow" / "CDNOW_sample.txt").read_text().split("\n")
    parts = [line.split() for line in lines if line.strip()]
    fill(session, ((int(who), dt.date.fromisoformat(day), spent) for _, who, day, _cds, spent in parts))
    given = {"until": CDNOW_UNTIL.isoformat(), "unit": "week", "horizon": 39, "discount_per_year": 0.1}
    found = run_report(session, analysis("lifetime_value", **given))
    told = found.parameters
    published = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "v": 15.44}
    assert {name: told[name] for name in published} == pytest.approx(published, rel=0.005)
    assert told["log_likelihood"] == pytest.approx(-9582.4, abs=0.05)
    assert told["customers"] == 2357
    values = [row.values for row in found.rows]
    assert values == sorted(values, key=lambda row: -row[6]) and values[0][6] > values[-1][6] > 0
    assert all(0 <= row[3] <= 100 for row in values)
    assert found.rows[0].lines == [{"field": "buyer", "is": values[0][0]}]


def test_too_few_repeat_customers_are_said_and_not_modelled(session):
    fill(session, [(1, DAY, "10"), (1, DAY + dt.timedelta(9), "10"), (2, DAY, "5")])
    found = run_report(session, analysis("lifetime_value", until="2026-06-01"))
    assert found.rows == [] and [note.code for note in found.notes] == ["analysis.too_few"]


def some_purchases() -> list[tuple[int, dt.date, str]]:
    chance = random.Random(4)
    return [
        (
            chance.randint(1, 40),
            DAY + dt.timedelta(days=chance.randint(0, 200)),
            f"{chance.randint(1, 90)}.50",
        )
        for _ in range(300)
    ]


def days_by_customer(until: dt.date) -> dict[int, dict[dt.date, float]]:
    days: dict[int, dict[dt.date, float]] = {}
    for who, day, spent in some_purchases():
        if day <= until:
            bought = days.setdefault(who, {})
            bought[day] = bought.get(day, 0) + float(spent)
    return days


def test_rfm_scores_by_the_share_of_customers_below(session):
    fill(session, some_purchases())
    until = DAY + dt.timedelta(days=150)
    days = days_by_customer(until)

    def fifth(value: float, every: list[float]) -> int:
        return 1 + 5 * sum(other < value for other in every) // len(every)

    recent, often = {who: max(one) for who, one in days.items()}, {who: len(one) for who, one in days.items()}
    champions = [
        who
        for who in days
        if fifth(recent[who].toordinal(), [day.toordinal() for day in recent.values()]) >= 4
        and fifth(often[who], list(often.values())) >= 4
    ]
    found = by_first(run_report(session, analysis("rfm", until=until.isoformat())))
    assert found["champions"][0] == len(champions) > 0
    assert found["champions"][4] == round(sum(sum(days[who].values()) for who in champions), 2)
    assert sum(row[0] for row in found.values()) == len(days)
    assert sum(row[4] for row in found.values()) == pytest.approx(
        sum(sum(one.values()) for one in days.values())
    )


def test_retention_and_churn_make_up_a_hundred_and_agree_with_a_count(session):
    fill(session, some_purchases())
    until = DAY + dt.timedelta(days=150)
    retained, lost = (
        by_first(run_report(session, analysis(kind, until=until.isoformat())))
        for kind in ("cohort_retention", "churn")
    )
    days = days_by_customer(until)
    march = [one for one in days.values() if min(one).month == 3]
    in_may = sum(any(day.month == 5 for day in one) for one in march)
    assert retained[DAY][0] == len(march)
    assert retained[DAY][1] == 100 and retained[DAY][3] == round(100 * in_may / len(march), 1)
    for cohort, shares in retained.items():
        pairs = list(zip(shares[1:], lost[cohort][1:], strict=True))
        assert all(one is None and other is None or one + other == pytest.approx(100) for one, other in pairs)
    assert retained[max(retained)][-1] is None, "what has not come yet is left empty"


def test_a_profile_puts_what_separates_first_and_leaves_small_groups_out(session):
    chance = random.Random(7)
    for number in range(120):
        kind = "month_to_month" if number % 2 else "two_year"
        leaves = number % 20 == 0 if kind == "two_year" else number % 3 > 0
        make_record(
            session,
            "subscriber",
            customer_number=f"N-{number}",
            contract_kind=kind,
            churn="Yes" if leaves else "No",
            monthly=str(20 + chance.randint(0, 60)),
        )
    session.actor = SYSTEM
    target = [{"field": "churn", "is": "Yes"}]
    found = run_report(session, analysis("segment_profile", entity="subscriber", target=target, min_group=20))
    first = found.rows[0].values
    assert first[0] == "contract_kind" and first[5] < 0.001
    assert {row.values[0] for row in found.rows} >= {"contract_kind", "monthly"}
    assert "churn" not in {row.values[0] for row in found.rows}
    assert all(row.values[2] >= 20 for row in found.rows)
    assert found.rows[0].lines == [{"field": "contract_kind", "is": "month_to_month"}]
    assert found.parameters["records"] == 120
    named = analysis("segment_profile", entity="subscriber", target=target, min_group=20, fields=["monthly"])
    assert {row.values[0] for row in run_report(session, named).rows} == {"monthly"}


@needs_shared_data
@pytest.mark.parametrize("role", ["sales"])
def test_an_analysis_counts_what_its_reader_sees(session, session_as, role):
    own = make_customer(session, owner=user_id(session, role))
    other = make_customer(session, owner=user_id(session, "admin"))
    for customer in (own, other):
        make_record(session, "purchase", buyer=customer, bought_on=DAY, amount="10")
    session.commit()
    reader = session_as(role)
    try:
        found = run_report(reader, analysis("rfm", until="2026-06-01"))
    except QueryError as refused:
        assert refused.code == "report.closed"
    else:
        assert found.parameters["customers"] == 1


WRONG = {
    "customer": ({"customer": "amount"}, "analysis.other_field"),
    "date": ({"date": "channel"}, "analysis.other_field"),
    "until": ({"until": "tomorrow"}, "analysis.no_day"),
    "unit": ({"unit": "fortnight"}, "schema.unknown_period"),
    "horizon": ({"horizon": 0}, "analysis.bad_horizon"),
    "discount_per_year": ({"discount_per_year": -1}, "analysis.bad_discount"),
    "kind": ({"kind": "lifetime"}, "schema.unknown_analysis_near"),
    "measures": ({"measures": {"n": {"count": True}}}, "schema.unknown_key"),
}


@pytest.mark.parametrize("key", WRONG)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_what_is_wrong_is_refused_at_its_key(session, key):
    change, code = WRONG[key]
    body = {"report": "wrong", "kind": "lifetime_value", "entity": "purchase", **PURCHASES, **change}
    others = [dict(document.body) for document in session.workspace.schema.documents]
    problems = check_schema(documents_from_json([*others, body]), 2)[1]
    assert [problem.code for problem in problems if problem.file == "reports/wrong.yaml"][:1] == [code]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_each_shipped_analysis_has_a_page_a_figure_a_workbook_and_an_answer(client, session, engine):
    load_demo(engine, customers=25)
    browser = client("admin")
    for name, report in session.workspace.schema.parts["report"].items():
        if report.analysis:
            page = browser.get(f"/reports/{name}")
            assert page.status_code == 200 and report.label.get("en") in page.text
            assert browser.get(f"/reports/{name}/figure.json").status_code == 200
            assert browser.get(f"/reports/{name}.xlsx").status_code == 200
            told = browser.get(f"/api/v1/report/{name}").json
            assert told["definition"] and told["columns"], name
