"""What a list costs: a fixed number of statements, and little work for each row more."""

from __future__ import annotations

import pytest

from tests.counting import python_calls, statements
from tests.factories import make_customer, user_id

ROWS = 60
PAGE, REST = "/customer/list/", "/api/v1/customer/?q=(page_size:{})"
MOST_STATEMENTS = {PAGE: 6, REST.format(20): 4}  # one fewer where only the reader is named
MOST_CALLS_PER_ROW = {PAGE + "?psize={}": 450, REST: 60}


@pytest.fixture
def customers(session):
    """More customers than a page shows, of people with and without row rights."""
    owners = [user_id(session, name) for name in ("sales", "service", "admin")]
    for place in range(ROWS):
        owner = owners[place % 6 if place % 6 < 3 else 0]
        make_customer(session, name=f"Customer {place}", owner=owner, city="Patras", phone="+302101234567")
    session.commit()


@pytest.mark.both_databases("statements are counted")
@pytest.mark.parametrize("who", ["admin", "sales"])
@pytest.mark.parametrize("path", MOST_STATEMENTS)
def test_a_list_takes_few_statements_however_long_it_is(client, engine, customers, who, path):
    browser = client(who)
    assert browser.get(path).status_code == 200
    with statements(engine) as noted:
        browser.get(path)
    assert len(asked(noted)) <= MOST_STATEMENTS[path], asked(noted)


@pytest.mark.parametrize("path", MOST_CALLS_PER_ROW)
def test_a_row_more_takes_little_work(client, customers, path):
    browser = client("admin")
    short, long = (path.format(size) for size in (10, 50))
    for address in (short, long):
        assert browser.get(address).status_code == 200
    more = python_calls(lambda: browser.get(long)) - python_calls(lambda: browser.get(short))
    assert 0 < more / 40 < MOST_CALLS_PER_ROW[path]


def asked(noted):
    """Return the statements that ask something: SQLite is also told when to begin."""
    return [statement for statement in noted if statement.lstrip().upper().startswith(("SELECT", "WITH"))]
