"""Each operator and each function, in Python and in SQL at once, on both databases."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from tests.crm.conditions.world import World, formula, tree


def _people(world: World, session: Session) -> None:
    """Store the customers 1 to 5: full, accented, empty, empty text, edge of numbers."""
    north = world.add(session, "region", id=1, name="Βοράς", rank=1, manager_id=1)
    world.add(session, "region", id=2, name="Negev", rank=None, manager_id=None)
    world.add(
        session, "customer", id=1, name="Παπαδόπουλος", segment="large", region_id=north.id, owner_id=1,
        revenue=Decimal("1500.50"), weight=Decimal("0.0001"), staff=3, is_partner=True,
        born_on=dt.date(2026, 3, 29), seen_at=dt.datetime(2026, 3, 28, 22, 30), needs=("price", "speed"),
        labels=("Βράδυ", "vip"), notes="50%_off \\ sale",
    )  # fmt: skip
    world.add(
        session, "customer", id=2, name="Țurcanu", segment="small", region_id=2, parent_id=1, owner_id=2,
        revenue=Decimal("-10.00"), weight=Decimal("2.5"), staff=0, is_partner=False,
        born_on=dt.date(2025, 3, 30), seen_at=dt.datetime(2026, 3, 30, 9, 30), needs=("quality",), labels=("x",),
        notes="O'Brien",
    )  # fmt: skip
    world.add(session, "customer", id=3)
    world.add(session, "customer", id=4, name="", notes="", owner_id=3, parent_id=2, needs=(), region_id=1)
    world.add(
        session, "customer", id=5, name="כֹּהֵן", segment="medium", revenue=Decimal("99999999999999.99"), staff=1,
        born_on=dt.date(2026, 4, 2), seen_at=dt.datetime(2026, 3, 29, 0, 30), weight=Decimal("-3"),
    )  # fmt: skip
    for key, (customer, state, total, pieces, day) in enumerate(
        (
            (1, "paid", "100.10", 2, dt.date(2026, 3, 1)),
            (1, "open", "20.20", None, dt.date(2025, 12, 30)),
            (1, None, None, 4, None),
            (2, "paid", "0.01", 1, dt.date(2025, 10, 5)),
        ),
        start=1,
    ):
        amount = Decimal(total) if total else None
        world.add(
            session, "order", id=key, number=f"N{key}", customer_id=customer, state=state, total=amount,
            pieces=pieces, bought_on=day,
        )  # fmt: skip


CONDITIONS: list[tuple[Any, set[int]]] = [
    ({"field": "segment", "is": "large"}, {1}),
    ({"field": "segment", "is_not": "large"}, {2, 3, 4, 5}),
    ({"field": "segment", "is_one_of": ["large", "small"]}, {1, 2}),
    ({"field": "segment", "is_none_of": ["large", "small"]}, {3, 4, 5}),
    ({"field": "name", "is": "Παπαδόπουλος"}, {1}),
    ({"field": "name", "is": "παπαδόπουλος"}, set()),
    ({"field": "name", "is_empty": True}, {3, 4}),
    ({"field": "name", "is_empty": False}, {1, 2, 5}),
    ({"field": "name", "contains": "ΠΑΔΟΠ"}, {1}),
    ({"field": "name", "contains": "turc"}, {2}),
    ({"field": "name", "starts_with": "παπα"}, {1}),
    ({"field": "name", "starts_with": "δοπ"}, set()),
    ({"field": "name", "contains": "כהן"}, {5}),
    ({"field": "notes", "contains": "%"}, {1}),
    ({"field": "notes", "contains": "0%_O"}, {1}),
    ({"field": "notes", "contains": "_"}, {1}),
    ({"field": "notes", "contains": "\\"}, {1}),
    ({"field": "notes", "contains": "'"}, {2}),
    ({"none": [{"field": "name", "contains": "a"}]}, {1, 3, 4, 5}),
    ({"field": "revenue", "is": 1500.5}, {1}),
    ({"field": "revenue", "is_not": "1500.50"}, {2, 3, 4, 5}),
    ({"field": "revenue", "above": 1500.499}, {1, 5}),
    ({"field": "revenue", "at_least": "1500.501"}, {5}),
    ({"field": "revenue", "below": 0}, {2}),
    ({"field": "revenue", "at_most": -10}, {2}),
    ({"field": "revenue", "between": [-10, 1500.50]}, {1, 2}),
    ({"field": "revenue", "is_one_of": [-10, 0.001, 1500.5]}, {1, 2}),
    ({"field": "revenue", "above": "99999999999999999999999"}, set()),
    ({"field": "revenue", "below": "99999999999999999999999"}, {1, 2, 5}),
    ({"field": "staff", "above": 2.5}, {1}),
    ({"field": "staff", "at_least": 0.5}, {1, 5}),
    ({"field": "staff", "is": 2.5}, set()),
    ({"field": "staff", "is_not": 2.5}, {1, 2, 3, 4, 5}),
    ({"field": "staff", "below": 1}, {2}),
    ({"field": "weight", "above": "0.00009"}, {1, 2}),
    ({"field": "is_partner", "is": True}, {1}),
    ({"field": "is_partner", "is": False}, {2}),
    ({"field": "is_partner", "is_not": True}, {2, 3, 4, 5}),
    ({"field": "born_on", "is": "2026-03-29"}, {1}),
    ({"field": "born_on", "above": "2026-03-29"}, {5}),
    ({"field": "born_on", "between": ["2025-03-30", "2026-03-29"]}, {1, 2}),
    ({"field": "born_on", "older_than": "1 day"}, {2}),
    ({"field": "born_on", "within_last": "1 day"}, {1}),
    ({"field": "born_on", "within_last": "1 year"}, {1, 2}),
    ({"field": "born_on", "older_than": "1 year"}, set()),
    ({"field": "born_on", "within_next": "1 week"}, {5}),
    ({"field": "seen_at", "is": "2026-03-29"}, {1, 5}),  # 00:30 and 02:30 in Athens, on the day of 23 hours
    ({"field": "seen_at", "at_most": "2026-03-29"}, {1, 5}),
    ({"field": "seen_at", "above": "2026-03-29"}, {2}),
    ({"field": "seen_at", "below": "2026-03-29"}, set()),
    ({"field": "seen_at", "is": "2026-03-30 12:30"}, {2}),
    ({"field": "seen_at", "at_least": "2026-03-30T09:30:00+00:00"}, {2}),
    ({"field": "seen_at", "older_than": "1 day"}, {1, 5}),
    ({"field": "seen_at", "older_than": "33 hours"}, {1}),
    ({"field": "seen_at", "within_last": "33 hours"}, {2, 5}),
    ({"field": "seen_at", "is_none_of": ["2026-03-29", "2026-03-30"]}, {3, 4}),
    ({"field": "owner", "is": "me"}, {1}),
    ({"field": "owner", "is": "my_team"}, {1, 2}),
    ({"field": "owner", "is_not": "my_team"}, {3, 4, 5}),
    ({"field": "owner", "is_one_of": ["my_team", 3]}, {1, 2, 4}),
    ({"field": "owner", "is": 3}, {4}),
    ({"field": "owner", "is_empty": True}, {3, 4, 5}),  # user 3 was deleted
    ({"field": "owner", "is_empty": False}, {1, 2}),
    ({"field": "region.manager", "is_empty": False}, {1, 4}),
    ({"formula": "is_empty(coalesce(owner, region.manager))"}, {3, 4, 5}),
    ({"formula": "is_empty(owner) and not is_empty(name)"}, {5}),
    ({"any_of": "orders", "where": [{"field": "customer.owner", "is_empty": False}]}, {1, 2}),
    ({"field": "created_by", "is_empty": True}, {1, 2, 3, 4, 5}),
    ({"field": "needs", "is": "price"}, {1}),
    ({"field": "needs", "is_none_of": ["price", "quality"]}, {3, 4, 5}),
    ({"field": "needs", "contains": "PRICE"}, {1}),
    ({"field": "needs", "is_empty": True}, {3, 4, 5}),
    ({"field": "labels", "contains": "βραδυ"}, {1}),
    ({"field": "labels", "contains": "βραδ"}, set()),
    ({"field": "labels", "is": "vip"}, {1}),
    ({"field": "region.name", "is": "Βοράς"}, {1, 4}),
    ({"field": "region.name", "is_not": "Βοράς"}, {2, 3, 5}),
    ({"field": "region.name", "is_empty": True}, {3, 5}),
    ({"field": "region.rank", "is_empty": True}, {2, 3, 5}),
    ({"field": "region.rank", "at_most": 1}, {1, 4}),
    ({"field": "region.manager", "is": "me"}, {1, 4}),
    ({"field": "region", "is": 2}, {2}),
    ({"field": "region", "is_empty": True}, {3, 5}),
    ({"field": "parent.parent.name", "contains": "παπ"}, {4}),
    ({"field": "parent.rich", "is": True}, {2}),
    ({"field": "parent.per_head", "at_least": 500}, {2}),
    ({"field": "parent.per_head", "is_empty": True}, {1, 3, 4, 5}),
    ({"in_segment": "large"}, {1}),
    ({"field": "parent", "in_segment": "large_or_old"}, {2}),
    ({"none": [{"field": "parent", "in_segment": "large"}]}, {1, 3, 4, 5}),
    ({"count_of": "orders", "at_least": 2}, {1}),
    ({"count_of": "orders", "is": 0}, {3, 4, 5}),
    ({"count_of": "orders", "where": [{"field": "state", "is": "paid"}], "is": 1}, {1, 2}),
    ({"count_of": "parent.orders", "at_least": 1}, {2, 4}),
    ({"sum_of": "orders.total", "above": 120.295}, {1}),
    ({"sum_of": "orders.total", "at_most": 0}, {3, 4, 5}),
    ({"sum_of": "orders.line", "is": "200.20"}, {1}),
    ({"sum_of": "orders.customer.revenue", "is": "4501.5"}, {1}),
    ({"any_of": "orders", "where": [{"field": "total", "is_empty": True}]}, {1}),
    ({"none_of": "orders"}, {3, 4, 5}),
    ({"none_of": "orders", "where": [{"field": "customer.segment", "is": "large"}]}, {2, 3, 4, 5}),
    ({"any_of": "daughters", "where": [{"any_of": "orders"}]}, {1}),
    ({"field": "order_count", "at_least": 1}, {1, 2}),
    ({"field": "order_total", "is": "120.30"}, {1}),
    ({"field": "mean_total", "is": "60.15"}, {1}),
    ({"field": "loud", "contains": "turcanu"}, {2}),
    ({"field": "loud", "is_empty": True}, {3, 4}),
    ({"field": "rich", "is": True}, {1, 5}),
    ({"field": "per_head", "above": 500}, {1, 5}),
    ({"field": "revenue", "above": "= staff * 500"}, {1, 5}),
    ({"field": "name", "starts_with": "= name"}, {1, 2, 5}),
    ({"field": "born_on", "below": "= today()"}, {1, 2}),
    ({"field": "seen_at", "at_least": "= born_on"}, {1, 2}),
    ({"formula": "revenue > 1000 and not is_partner"}, {5}),
    ({"formula": "is_partner"}, {1}),
    ({"formula": "sum_of(orders_last_90_days.total) > sum_of(orders_90_to_180_days_ago.total)"}, {1}),
    (
        {
            "any": [
                {"field": "staff", "is": 0},
                {"all": [{"field": "staff", "is": 1}, {"field": "revenue", "above": 1}]},
            ]
        },
        {2, 5},
    ),
    ({"none": [{"field": "staff", "above": 0}, {"field": "name", "is_empty": True}]}, {2}),
    ({"field": "id", "is_one_of": [1, 3]}, {1, 3}),
    ({"field": "created_at", "within_last": "1 hour"}, {1, 2, 3, 4, 5}),
    ({"field": "created_by", "is": "me"}, set()),
]


def test_a_condition_selects_the_same_records_in_sql_and_python(world: World, records: Session) -> None:
    _people(world, records)
    for line, expected in CONDITIONS:
        found = world.both(records, tree(world.schema, "customer", line), "customer")
        assert ({key for key, holds in found.items() if holds}, line) == (expected, line)


FORMULAS: list[tuple[str, Any]] = [
    ("revenue / 7", Decimal("214.3571428571")),
    ("-revenue / 7", Decimal("-214.3571428571")),
    ("revenue / 0", None),
    ("revenue + weight - staff", Decimal("1497.5001")),
    ("2 - 3 - 4", Decimal("-5")),
    ("100 / 8 / 2 * 3", Decimal("18.75")),
    ("(1 + 2) * -(3 - 5)", Decimal("6")),
    ("round(revenue / 7, 2)", Decimal("214.36")),
    ("round(2.5)", Decimal("3")),
    ("round(-2.5)", Decimal("-3")),
    ("per_head * 2", Decimal("1000.34")),
    ("if(revenue > 1000, 'big', 'small')", "big"),
    ("if(is_empty(parent.name), 1, 2)", Decimal(1)),
    ("coalesce(parent.revenue, revenue, 0)", Decimal("1500.50")),
    ("min(staff, parent.staff, 7)", Decimal(3)),
    ("max(staff, 7)", Decimal(7)),
    ("max(born_on, today())", dt.date(2026, 3, 30)),
    ("concat(name, ' ', staff, ' ', revenue, ' ', born_on, parent.name)", "Παπαδόπουλος 3 1500.5 2026-03-29"),
    ("concat(parent.name, '')", None),
    ("upper(name)", "ΠΑΠΑΔΌΠΟΥΛΟΣ"),
    ("lower('ΆΣ ÎȚ Q')", "άσ îț q"),
    ("length(name) + length(parent.name)", Decimal(12)),
    ("year(born_on) * 100 + month(seen_at)", Decimal("202603")),
    ("days_between(seen_at, today())", Decimal(1)),
    ("days_between(today(), born_on)", Decimal(-1)),
    ("add_days(born_on, staff)", dt.date(2026, 4, 1)),
    ("add_days(seen_at, 1.9)", dt.date(2026, 3, 30)),
    ("add_days(born_on, -99999999)", None),
    ("add_hours(seen_at, 5.5)", dt.datetime(2026, 3, 29, 4, 0)),
    ("add_hours(seen_at, -1.0000001)", dt.datetime(2026, 3, 28, 21, 30)),
    ("add_minutes(seen_at, 90.99)", dt.datetime(2026, 3, 29, 0, 0, 59)),
    ("add_minutes(seen_at, -999999999999)", None),
    ("add_hours(seen_at, -20000000)", None),
    ("add_hours(seen_at, 69000000)", dt.datetime(9897, 9, 20, 22, 30)),
    ("hours_between(seen_at, add_minutes(seen_at, 100))", Decimal("1.6666666667")),
    ("hours_between(now(), seen_at) < 0", True),
    ("working_days_between(seen_at, today())", Decimal(1)),
    ("working_days_between(today(), seen_at)", Decimal(-1)),
    ("add_working_hours(seen_at, 0)", dt.datetime(2026, 3, 28, 22, 30)),
    ("add_working_hours(seen_at, 9)", dt.datetime(2026, 3, 31, 7, 0)),
    ("add_working_hours(seen_at, 8)", dt.datetime(2026, 3, 30, 14, 0)),
    ("add_working_hours(seen_at, -1)", None),
    ("add_working_hours(seen_at, 10001)", None),
    ("add_working_hours(seen_at, 10000)", dt.datetime(2031, 1, 10, 15, 0)),
    ("today()", dt.date(2026, 3, 30)),
    ("seen_at", dt.datetime(2026, 3, 28, 22, 30)),
    ("coalesce(seen_at, now())", dt.datetime(2026, 3, 28, 22, 30)),
    ("is_partner and revenue > 10", True),
    ("coalesce(is_partner, false)", True),
    ("count_of(orders)", Decimal(3)),
    ("sum_of(orders.total)", Decimal("120.30")),
    ("sum_of(orders.total, state = 'paid')", Decimal("100.10")),
    ("sum_of(orders.total, bought_on in last 90 days)", Decimal("120.30")),
    ("sum_of(orders.total, bought_on in last 89 days)", Decimal("100.10")),
    ("count_of(orders, bought_on in 90 to 29 days ago)", Decimal(1)),
    ("sum_of(orders.line) / count_of(orders)", Decimal("66.7333333333")),
    ("sum_of(parent.orders.total)", Decimal(0)),
    ("mean_total", Decimal("60.15")),
    ("needs", ("price", "speed")),
]


def test_a_formula_gives_the_same_value_in_sql_and_python(world: World, records: Session) -> None:
    _people(world, records)
    for text, expected in FORMULAS:
        found = world.both(records, formula(world.schema, "customer", text), "customer")[1]
        assert (found, type(found), text) == (expected, type(expected), text)
