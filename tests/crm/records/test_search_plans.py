"""No list page, search or look-up reads a whole table: what the databases say they will do, over 20,000 records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from crm.records.listing import ListQuery, list_records
from crm.records.search import find_hits, search_everywhere
from crm.records.search_keys import marks_of, searched_fields

pytestmark = pytest.mark.both_databases("each plans for itself")

RECORDS = 20_000
FILL = """
INSERT INTO customer (name, kind, status, city, country, language, owner_id, created_at, updated_at, row_version,
                      search_key)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most)
SELECT 'Company ' || i, 'company', 'active', 'Athens', 'GR', 'en', 1 + i % 5, :now, :now, 1,
       :name || '^company ' || :name || '=n' || i || ' ' || :city || '\\:athens'
       || CASE WHEN i > :late THEN ' ' || :name || '=late' ELSE '' END
FROM n
"""


@pytest.fixture
def crowded(session):
    """A session over many customers, the last hundredth of which are called late."""
    customer = session.workspace.schema.entities["customer"]
    marks = marks_of(searched_fields(customer))
    given = {"most": RECORDS, "late": RECORDS * 0.99, "name": marks["name"], "city": marks["city"]}
    connection = session.connection()
    connection.execute(sa.text(FILL), {**given, "now": session.clock()})
    connection.exec_driver_sql("ANALYZE customer")
    return session


@contextmanager
def statements(connection: sa.Connection) -> Iterator[list[tuple[str, object]]]:
    """Gather what is asked of the database."""
    heard: list[tuple[str, object]] = []

    def hear(_connection, _cursor, statement, parameters, _context, _many):
        heard.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        sa.event.remove(connection, "before_cursor_execute", hear)


def plan_of(connection: sa.Connection, statement: str, parameters: object) -> str:
    is_sqlite = connection.dialect.name == "sqlite"
    rows = connection.exec_driver_sql(
        f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}", parameters
    ).all()
    return "\n".join(str(row[-1]) for row in rows)


def reads_all(plan: str) -> bool:
    """Return whether a plan looks at customers one by one for some; counting the first 10,000 of all is bounded."""
    lines = plan.splitlines()
    return any(
        ("Seq Scan on customer" in line and any("Filter:" in other for other in lines[place + 1 : place + 2]))
        or (line.startswith("SCAN customer") and "USING" not in line)
        for place, line in enumerate(lines)
    )


ASKED: dict[str, Callable] = {
    "first page": lambda session, customer: list_records(session, customer, ListQuery()),
    "a word of nearly all": lambda session, customer: list_records(
        session, customer, ListQuery(search="company")
    ),
    "words of the last ones": lambda session, customer: list_records(
        session, customer, ListQuery(search="late")
    ),
    "a rare word": lambda session, customer: list_records(session, customer, ListQuery(search="n1234")),
    "no such word": lambda session, customer: list_records(session, customer, ListQuery(search="xyzzy")),
    "two words": lambda session, customer: list_records(session, customer, ListQuery(search="athens late")),
    "a later page": lambda session, customer: list_records(
        session, customer, ListQuery(search="company", page=3)
    ),
    "a look-up": lambda session, customer: find_hits(session, customer, "comp ath"),
    "everywhere": lambda session, _customer: search_everywhere(session, "late"),
}


def test_no_list_search_or_look_up_reads_a_whole_table(crowded):
    customer, connection = crowded.workspace.schema.entities["customer"], crowded.connection()
    wrong = []
    for name, ask in ASKED.items():
        with statements(connection) as heard:
            ask(crowded, customer)
        assert heard
        for statement, parameters in heard:
            if statement.startswith("SELECT") and "FROM customer" in statement:
                off = "off" if "crm_words" in statement else "on"  # as it is while one searches
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SET LOCAL enable_seqscan = {off}")
                plan = plan_of(connection, statement, parameters)
                if reads_all(plan):
                    wrong.append((name, statement, plan))
    assert wrong == []


def test_the_last_ones_are_found_and_counted(crowded):
    customer = crowded.workspace.schema.entities["customer"]
    page = list_records(crowded, customer, ListQuery(search="late", page_size=10))
    assert (page.total, len(page.rows), page.has_next) == (RECORDS // 100, 10, True)
    everyone = list_records(crowded, customer, ListQuery(search="company"))
    assert everyone.total_is_capped


def test_pages_of_a_search_hold_every_hit_once(crowded):
    customer, seen = crowded.workspace.schema.entities["customer"], []
    for number in range(6):
        page = list_records(crowded, customer, ListQuery(search="n12", page=number, page_size=200))
        seen += [row["id"] for row in page.rows]
    assert len(seen) == len(set(seen)) == 1 + 10 + 100 + 1000 == page.total


def test_a_search_that_is_sorted_by_a_field_sorts_a_bounded_part_and_says_so(crowded):
    customer = crowded.workspace.schema.entities["customer"]
    late = list_records(crowded, customer, ListQuery(search="late", order=(("name", False),), page_size=5))
    assert [row["name"] for row in late.rows] == [
        f"Company {RECORDS * 99 // 100 + 1 + place}" for place in range(5)
    ]
    assert (late.total, late.notes) == (RECORDS // 100, [])
    many = list_records(crowded, customer, ListQuery(search="company", order=(("name", True),)))
    assert many.total_is_capped and [note.code for note in many.notes] == ["record.search_is_sorted_in_part"]
