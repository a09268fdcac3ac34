"""The shipped reports count what they say, on both databases and under everybody's rights."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm.database import CrmSession
from crm.demo import load_demo
from crm.errors import NotFoundError
from crm.reports.service import get_report, run_report
from tests.factories import make_customer, make_deal, make_record, user_id


def shown(session: CrmSession, name: str) -> list[tuple[str, ...]]:
    return [tuple(row.texts) for row in run_report(session, get_report(session, name)).rows]


def test_a_mean_of_amounts_is_an_amount(session: CrmSession) -> None:
    for revenue in ("100.00", "51.00", "0.00"):
        make_customer(session, segment="small", status="active", revenue=revenue)
    make_customer(session, segment="small", status="lead", revenue="9000.00")
    assert shown(session, "customers_by_segment") == [("Small company", "3", "€151.00", "€50.33")]


def test_the_churn_rate_is_the_share_of_those_who_left(session: CrmSession) -> None:
    for number, (kind, churn) in enumerate([("one_year", "Yes"), ("one_year", "No"), ("two_year", "No")]):
        values = {"customer_number": f"N-{number}", "contract_kind": kind, "churn": churn, "monthly": "20"}
        make_record(session, "subscriber", **values)
    rows = shown(session, "churn_by_contract")
    assert [row[:4] for row in rows] == [("One year", "2", "1", "50%"), ("Two year", "1", "0", "0%")]


def test_a_seller_sees_own_deals_and_not_whose_customers_are_others(
    session: CrmSession, session_as: Callable[..., CrmSession]
) -> None:
    sales, other = user_id(session, "sales"), user_id(session, "service")
    for owner, segment in ((sales, "small"), (other, "public")):
        customer = make_customer(session, owner=owner, segment=segment)
        values = {"stage": "won", "amount": "10", "closes_on": "2026-02-01", "owner": sales}
        make_deal(session, customer=customer, **values)
    session.commit()
    rows = shown(session_as("sales"), "revenue_by_segment")
    assert sorted(row[0] for row in rows) == ["Small company", "—"]


@pytest.mark.parametrize("role", ["manager", "sales", "service", "marketing", "accountant", "viewer"])
def test_every_role_runs_its_reports(session_as: Callable[..., CrmSession], engine, role: str) -> None:
    load_demo(engine, customers=10)
    session = session_as(role)
    opened = []
    for name in session.workspace.schema.parts["report"]:
        try:
            report = get_report(session, name)
        except NotFoundError:
            continue
        run_report(session, report)
        opened.append(name)
    assert opened
