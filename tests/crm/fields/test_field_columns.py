# ruff: noqa: SIM300 - a column beside a literal is no Yoda condition
"""Exact decimals and words in real databases."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import StatementError

from crm.fields.columns import ExactDecimal, Words, as_ratio, places_of

METADATA = sa.MetaData()
DEALS = sa.Table(
    "deals",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("amount", ExactDecimal(2)),
    sa.Column("rate", ExactDecimal(4)),
    sa.Column("count", sa.BigInteger),
    sa.Column("words", Words),
)
A, R, N = DEALS.c.amount, DEALS.c.rate, DEALS.c["count"]
AMOUNTS = [
    Decimal(text) for text in ("0.10", "0.20", "-5.00", "9999999999999999.99", "-9999999999999999.99", "0.00")
]


@pytest.fixture
def connection(empty_database_url: str) -> Iterator[sa.Connection]:
    """A connection to a database with one table of amounts."""
    engine = sa.create_engine(empty_database_url)
    METADATA.create_all(engine)
    with engine.connect() as found:
        rows = [
            {"id": place, "amount": amount, "rate": Decimal("1.2345"), "count": place, "words": ("a", "bc")}
            for place, amount in enumerate(AMOUNTS)
        ]
        found.execute(DEALS.insert(), rows)
        found.execute(DEALS.insert(), {"id": 99})
        yield found
    engine.dispose()


def one(connection: sa.Connection, expression: sa.ColumnElement, *where: sa.ColumnElement) -> object:
    """Return the value of an expression over the table."""
    return connection.execute(sa.select(expression).select_from(DEALS).where(*where)).scalar()


def test_amounts_come_back_to_the_cent(connection: sa.Connection) -> None:
    found = connection.execute(sa.select(A).order_by(DEALS.c.id)).scalars().all()
    assert found == [*AMOUNTS, None]
    assert all(isinstance(amount, Decimal) for amount in found[:-1])


def test_sums_and_bounds_are_exact(connection: sa.Connection) -> None:
    assert one(connection, sa.func.sum(A), DEALS.c.id < 2) == Decimal("0.30")
    assert one(connection, sa.func.sum(A)) == sum(AMOUNTS)
    assert one(connection, sa.func.min(A)) == min(AMOUNTS)
    assert one(connection, sa.func.max(A)) == max(AMOUNTS)


def test_literals_in_functions_take_the_type_of_the_column(connection: sa.Connection) -> None:
    literal = sa.literal(Decimal("7.50"), A.type)
    assert one(connection, sa.func.coalesce(A, literal), DEALS.c.id == 99) == Decimal("7.50")
    assert one(connection, sa.case((A.is_(None), literal), else_=A), DEALS.c.id == 99) == Decimal("7.50")
    assert one(connection, sa.func.coalesce(A, literal), DEALS.c.id == 0) == Decimal("0.10")


def test_amounts_sort_as_numbers(connection: sa.Connection) -> None:
    found = connection.execute(sa.select(A).where(A.is_not(None)).order_by(A.desc())).scalars().all()
    assert found == sorted(AMOUNTS, reverse=True)


@pytest.mark.parametrize(
    "literal",
    [
        0,
        0.1,
        Decimal("0.1"),
        Decimal("0.100000001"),
        Decimal("0.0999"),
        10**30,
        -(10**30),
        Decimal("9" * 30 + ".00"),
    ],
)
def test_comparing_with_any_literal_is_exact(connection: sa.Connection, literal: object) -> None:
    exact = Decimal(repr(literal)) if isinstance(literal, float) else Decimal(literal)
    for operator in ("__gt__", "__ge__", "__lt__", "__le__", "__eq__", "__ne__"):
        condition = getattr(A, operator)(literal)
        found = connection.execute(sa.select(DEALS.c.id).where(condition)).scalars().all()
        assert sorted(found) == [
            place for place, amount in enumerate(AMOUNTS) if getattr(amount, operator)(exact)
        ]


def test_between_and_one_of(connection: sa.Connection) -> None:
    between = sa.select(DEALS.c.id).where(A.between(Decimal("0.05"), Decimal("0.15")))
    assert connection.execute(between).scalars().all() == [0]
    one_of = sa.select(DEALS.c.id).where(A.in_([Decimal("0.1"), Decimal("0.2"), Decimal("0.201")]))
    assert sorted(connection.execute(one_of).scalars()) == [0, 1]


def test_arithmetic_keeps_every_digit(connection: sa.Connection) -> None:
    first = DEALS.c.id == 0
    assert one(connection, A * R, first) == Decimal("0.123450")
    assert one(connection, A + R, first) == Decimal("1.3345")
    assert one(connection, R - A, first) == Decimal("1.1345")
    assert one(connection, A + 1, first) == Decimal("1.10")
    assert one(connection, 1 - A, first) == Decimal("0.90")
    assert one(connection, A * Decimal("0.001"), first) == Decimal("0.00010")
    assert one(connection, A * N + (A + R) * 2, first) == Decimal("2.6690")
    assert one(connection, sa.func.sum(A * R), DEALS.c.id < 2) == Decimal("0.370350")


def test_expressions_of_different_places_compare(connection: sa.Connection) -> None:
    assert one(connection, sa.func.count(), A * R > Decimal("0.12345"), DEALS.c.id < 2) == 1
    assert one(connection, sa.func.count(), A * 100 > R, DEALS.c.id < 2) == 2


def test_columns_of_different_places_compare(connection: sa.Connection) -> None:
    assert one(connection, sa.func.count(), R > A, DEALS.c.id < 2) == 2
    assert one(connection, sa.func.count(), A < R, DEALS.c.id < 2) == 2
    assert one(connection, sa.func.count(), A == R) == 0
    assert one(connection, sa.func.count(), A >= N, DEALS.c.id < 2) == 1


def test_division_goes_through_a_ratio(connection: sa.Connection) -> None:
    with pytest.raises(TypeError):
        A / 3  # noqa: B018 - building the expression is what fails
    assert float(one(connection, as_ratio(A) / as_ratio(R), DEALS.c.id == 0)) == pytest.approx(0.1 / 1.2345)
    assert float(one(connection, sa.func.avg(as_ratio(A)), DEALS.c.id < 2)) == pytest.approx(0.15)


@pytest.mark.parametrize("value", [Decimal("0.001"), 0.125, Decimal("NaN"), Decimal("Infinity"), True])
def test_what_does_not_fit_is_never_rounded(connection: sa.Connection, value: object) -> None:
    with pytest.raises(StatementError, match="decimal places|not a number"):
        connection.execute(DEALS.insert(), {"id": 500, "amount": value})


def test_literals_are_written_into_sql(connection: sa.Connection) -> None:
    statement = sa.select(DEALS.c.id).where(A == Decimal("0.20"))
    text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
    assert connection.execute(sa.text(text)).scalars().all() == [1]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.decimals(-(10**6), 10**6, places=2),
    second=st.decimals(-(10**4), 10**4, places=4),
    literal=st.decimals(-(10**4), 10**4, places=6),
)
def test_database_and_python_calculate_alike(
    connection: sa.Connection, first: Decimal, second: Decimal, literal: Decimal
) -> None:
    connection.execute(DEALS.delete().where(DEALS.c.id == 200))
    connection.execute(DEALS.insert(), {"id": 200, "amount": first, "rate": second})
    row = connection.execute(
        sa.select(A + R, A - R, A * R, A > literal, A == R, R < literal, A * 2 >= R).where(DEALS.c.id == 200)
    ).one()
    expected = (
        first + second,
        first - second,
        first * second,
        first > literal,
        first == second,
        second < literal,
    )
    assert tuple(row)[:6] == expected
    assert row[6] == (first * 2 >= second)


def test_words_come_back_as_a_tuple_and_are_found(connection: sa.Connection) -> None:
    words = DEALS.c.words
    assert one(connection, words, DEALS.c.id == 0) == ("a", "bc")
    assert one(connection, words, DEALS.c.id == 99) is None
    assert one(connection, sa.func.count(), words.contains("|bc|")) == len(AMOUNTS)
    assert one(connection, sa.func.count(), words.contains("|b|")) == 0
    assert one(connection, sa.func.count(), words == ("a", "bc")) == len(AMOUNTS)
    connection.execute(DEALS.insert(), {"id": 300, "words": ()})
    assert one(connection, words.is_(None), DEALS.c.id == 300)


@pytest.mark.parametrize(("number", "places"), [("1.50", 1), ("1E+3", 0), ("0.000", 0), ("-0.001", 3)])
def test_places_of_a_number(number: str, places: int) -> None:
    assert places_of(Decimal(number)) == places
