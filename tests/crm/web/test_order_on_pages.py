"""Lists, boards, REST, look-ups, exports and reports stand in one order, the one a reader expects."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from crm.permissions.store import USERS
from crm.reports.model import Group
from crm.reports.service import get_report, run_report
from tests.factories import make_customer

pytestmark = pytest.mark.both_databases("each sorts by SQL of its own")

IN_ORDER = ("3M", "Acme", "Ștefan", "zeta", "Άλφα", "«Βόλος»", "ΒΟΛΟΣ Β", "γάμμα", "Ωμέγα", "אברהם", "כהן")


@pytest.fixture
def customers(session):
    """Customers in no order."""
    mixed = list(IN_ORDER)
    random.Random(3).shuffle(mixed)
    for name in mixed:
        make_customer(session, name=name, city=name, segment="small", status="lead")
    session.commit()


def in_sight(page: str) -> list[str]:
    """Return the names in the order in which a page shows them."""
    return sorted(IN_ORDER, key=lambda name: page.index(f">{name}</"))


@pytest.mark.parametrize("path", ["/customer/list/", "/customer/board/"])
def test_a_page_shows_names_in_order(client, customers, path) -> None:
    assert in_sight(client("admin").get(path).text) == list(IN_ORDER)


def test_rest_answers_in_order(client, customers) -> None:
    asked = quote("(columns:!(name),order_column:name,order_direction:desc)")
    rows = client("admin").get(f"/api/v1/customer/?q={asked}").json["result"]
    assert [row["name"] for row in rows] == list(IN_ORDER[::-1])


def test_a_look_up_offers_records_in_order(client, customers) -> None:
    offered = client("admin").get("/lookup/deal/customer?q=").json
    assert [row["text"] for row in offered] == list(IN_ORDER)


def test_an_exported_file_is_in_order(client, customers) -> None:
    text = client("admin").get("/export/customer?format=csv").data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), csv.Sniffer().sniff(text.splitlines()[0])))
    place = rows[0].index("Name")
    assert [row[place] for row in rows[1:]] == list(IN_ORDER)


def test_groups_of_a_report_that_are_equally_large_are_in_order(session, customers) -> None:
    report = replace(get_report(session, "customers_by_segment"), groups=(Group(("city",)),), lines=())
    assert [row.texts[0] for row in run_report(session, report).rows] == list(IN_ORDER)


def test_a_look_up_finds_and_orders_users_by_name_however_it_is_typed(client, session) -> None:
    for login, first in (("sales", "Ωμέγα"), ("service", "Άννα"), ("manager", "Βάννα")):
        named = {"first_name": first, "last_name": "Ναννά"}
        session.connection().execute(sa.update(USERS).where(USERS.c.username == login).values(named))
    session.commit()
    offered = client("admin").get("/lookup/customer/created_by?q=ΝΑΝΝΑ").json
    assert [row["text"] for row in offered] == ["Άννα Ναννά", "Βάννα Ναννά", "Ωμέγα Ναννά"]
