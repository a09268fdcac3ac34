"""Lists: pages that join without a gap, searches that count what they show, and few statements for either."""

from __future__ import annotations

import pytest

from crm.records.listing import ListQuery, list_records
from tests.counting import statements
from tests.factories import make_customer, user_id

NAMES = (
    "Delta Foods",
    "Alpha Foods",
    "Echo Foods",
    "Alpha Foods",
    "Charlie Foods",
    "Bravo Wines",
    "Foxtrot Foods",
)


@pytest.fixture
def customers(session):
    """Some customers, every second one of the salesperson."""
    owners = [user_id(session, "sales"), user_id(session, "service")]
    for place, name in enumerate(NAMES):
        make_customer(session, name=name, owner=owners[place % 2])
    session.commit()


def pages(session, size=2, **asked):
    """Return every page of a list, until one says that none follows."""
    entity = session.workspace.schema.entities["customer"]
    found = [list_records(session, entity, ListQuery(page_size=size, **asked))]
    while found[-1].has_next:
        found.append(list_records(session, entity, ListQuery(page=len(found), page_size=size, **asked)))
    return found


def names(found):
    return [row["name"] for page in found for row in page.rows]


@pytest.mark.parametrize("direction", [False, True])
def test_the_pages_of_a_list_join_without_a_gap(session, customers, direction):
    found = pages(session, order=(("name", direction),), columns=("name",))
    assert names(found) == sorted(NAMES, reverse=direction)
    assert [len(page.rows) for page in found] == [2, 2, 2, 1]
    assert {page.total for page in found} == {len(NAMES)}


def test_the_pages_of_a_search_hold_the_hits_and_nothing_else(session, customers):
    found = pages(session, search="foods", order=(("name", False),), columns=("name",))
    assert names(found) == sorted(name for name in NAMES if "Foods" in name)
    assert {(page.total, page.total_is_capped) for page in found} == {(6, False)}


def test_later_pages_and_searches_show_own_records_only(session_as, customers):
    sales, own = session_as("sales"), sorted(NAMES[::2])
    assert names(pages(sales, order=(("name", False),), columns=("name",))) == own
    found = pages(sales, search="foods", order=(("name", False),), columns=("name",))
    assert (names(found), found[0].total) == (own, len(own))


def test_a_search_that_finds_too_much_to_be_sorted_is_still_in_order(session, customers, monkeypatch):
    monkeypatch.setattr("crm.records.listing.COUNT_LIMIT", 3)
    found = pages(session, search="foods", order=(("name", False),), columns=("name",))
    assert names(found) == sorted(name for name in NAMES if "Foods" in name)
    assert {(page.total, page.total_is_capped) for page in found} == {(3, True)}


def test_a_page_behind_the_last_one_is_empty(session, customers):
    entity = session.workspace.schema.entities["customer"]
    for search in ("", "foods"):
        page = list_records(session, entity, ListQuery(page=50, search=search))
        assert (page.rows, page.has_next) == ([], False)


@pytest.mark.parametrize("who", ["admin", "sales"])
@pytest.mark.parametrize(("asked", "count"), [({}, 2), ({"page": 2}, 2), ({"search": "foods"}, 11)])
def test_a_list_takes_two_statements_and_a_search_a_bounded_number(
    engine, session_as, customers, who, asked, count
):
    session = session_as(who)
    session.connection()
    with statements(engine) as noted:
        list_records(session, session.workspace.schema.entities["customer"], ListQuery(page_size=2, **asked))
    assert len(noted) == count if count == 2 else len(noted) <= count
