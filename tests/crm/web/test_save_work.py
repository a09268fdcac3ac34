"""What a save over REST costs: a fixed number of statements, whoever saves."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from crm.web.forms.once import KEEP_DAYS, find_made, remember_made
from tests.counting import python_calls, statements
from tests.factories import make_customer

CUSTOMERS = "/api/v1/customer/"
MOST_STATEMENTS = {
    "postgresql": {"POST": 4, "PUT": 6},
    "sqlite": {"POST": 6, "PUT": 8},  # a BEGIN of its own; change and event one by one
}
MOST_CALLS = 5_700  # of Python functions for a create, in the web process


@pytest.fixture
def caller(client, app):
    """A function that sends JSON as somebody with a token."""
    browser = client()
    tokens = {}

    def call(who, method, path, body):
        if who not in tokens:
            tokens[who] = browser.api_token(who)
        answer = browser.open(path, method=method, json=body, headers=tokens[who])
        assert answer.status_code < 300, answer.text
        return answer.json

    return call


def customer(number):
    return {
        "name": f"Customer {number}",
        "city": "Patras",
        "email": f"c{number}@example.com",
        "revenue": number,
    }


@pytest.mark.both_databases("statements are counted")
@pytest.mark.parametrize("who", ["admin", "sales"])
def test_a_save_takes_few_statements(caller, engine, who):
    made = caller(who, "POST", CUSTOMERS, customer(1))["id"]
    caller(who, "PUT", f"{CUSTOMERS}{made}", {"city": "Volos"})
    most = MOST_STATEMENTS[engine.dialect.name]
    with statements(engine) as noted:
        caller(who, "POST", CUSTOMERS, customer(2))
    assert len(noted) <= most["POST"], noted
    with statements(engine) as noted:
        caller(who, "PUT", f"{CUSTOMERS}{made}", {"city": "Patras"})
    assert len(noted) <= most["PUT"], noted


@pytest.mark.both_databases("statements are counted")
def test_a_save_by_form_takes_few_statements(client, engine):
    browser = client("sales")
    form = {**customer(1), "csrf_token": browser.token("/customer/add"), "_once": "b"}
    assert browser.post("/customer/add", data=form).status_code == 302
    with statements(engine) as noted:
        browser.post("/customer/add", data={**form, **customer(2), "_once": "c"})
    assert len(noted) <= MOST_STATEMENTS[engine.dialect.name]["POST"] + 3, noted


def test_one_save_in_some_sweeps_the_old_tokens_of_forms(session):
    start = session.clock()
    remember_made(session, "Before", 1)
    session.clock = lambda: start + dt.timedelta(days=KEEP_DAYS, hours=1)
    remember_made(session, "bright", 2)
    assert find_made(session, "Before") == 1
    remember_made(session, "After", 3)
    assert [find_made(session, token) for token in ("Before", "bright", "After")] == [None, 2, 3]


def test_a_create_takes_little_work(caller):
    for number in range(3):
        caller("sales", "POST", CUSTOMERS, customer(number))
    assert python_calls(lambda: caller("sales", "POST", CUSTOMERS, customer(9))) < MOST_CALLS


def test_names_are_those_of_now_and_not_of_an_earlier_transaction(caller, session, engine):
    who = caller("sales", "POST", CUSTOMERS, customer(1))["result"]["owner"]
    make_customer(session)
    session.commit()
    with engine.begin() as connection:
        connection.execute(sa.text("update ab_user set last_name = 'Renamed' where id = :id"), who)
    assert caller("sales", "POST", CUSTOMERS, customer(2))["result"]["owner"]["title"] == "Sales Renamed"
