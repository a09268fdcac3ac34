"""Columns whose values are sealed: plain in Python, ciphertext in the database, equal values found by a blind index."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators as sql_operators
from sqlalchemy.types import TypeDecorator

from crm.fields.columns import EXACT, ExactDecimal, Words
from crm.secrets import INDEX_LENGTH, blind_index, blind_indexes, seal, unseal


def plain_text(value: Any) -> str:
    """Return a typed value as the one text that stands for it, however it is written.

    >>> plain_text(Decimal("5.00")), plain_text(5), plain_text(dt.date(2026, 3, 29)), plain_text(("α", "β"))
    ('5', '5', '2026-03-29', 'α|β')
    """
    if isinstance(value, tuple):
        return "|".join(value)
    if isinstance(value, Decimal):
        return format(value.normalize(EXACT) + 0, "f")
    return value.isoformat() if isinstance(value, dt.date) else str(value)


class Encrypted(TypeDecorator):
    """A column of sealed values.

    Shape:  stored as `<blind index>.<key id>.<nonce and ciphertext>`; `inner` is the type of the plain value,
            `place` the table and column it is sealed for. `==` and `in_` ask for the blind index; nothing else
            but a test for emptiness exists.
    """

    impl = sa.Text
    cache_ok = True

    class comparator_factory(TypeDecorator.Comparator):  # noqa: N801 - SQLAlchemy's own name
        """Equality only."""

        def operate(self, op: Callable, *other: Any, **kwargs: Any) -> Any:
            """Compare with one value or several by their blind indexes."""
            if op in (operator.eq, operator.ne) and other[0] is not None:
                found = matches(self.expr, [value_of(other[0])])
                return found if op is operator.eq else sa.not_(found)
            if op in (sql_operators.in_op, sql_operators.not_in_op):
                found = matches(self.expr, list(other[0]))
                return found if op is sql_operators.in_op else sa.not_(found)
            if op in (sql_operators.is_, sql_operators.is_not, operator.eq, operator.ne):
                return super().operate(op, *other, **kwargs)
            raise TypeError("An encrypted column can only be compared for equality or emptiness.")

    def __init__(self, inner: sa.types.TypeEngine, place: str) -> None:
        super().__init__()
        self.inner, self.place = inner, place

    def coerce_compared_value(self, op: Callable | None, value: Any) -> sa.types.TypeEngine:
        """Return plain text: what stands beside the column is a blind index."""
        return sa.Text()

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Return the sealed value."""
        if value is None:
            return None
        text = plain_text(value)
        return f"{blind_index(text, self.place)}.{seal(text, self.place)}"

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        """Return the plain value."""
        return None if value is None else self.open(value)

    def open(self, stored: str) -> Any:
        """Return the typed value of what the database holds."""
        text = unseal(stored[INDEX_LENGTH + 1 :], self.place)
        if isinstance(self.inner, ExactDecimal):
            return Decimal(text).quantize(self.inner.step, context=EXACT)
        return next((read(text) for kind, read in READ.items() if isinstance(self.inner, kind)), text)


READ: Mapping[type, Callable[[str], Any]] = {
    sa.Integer: int,
    sa.Date: dt.date.fromisoformat,
    sa.DateTime: dt.datetime.fromisoformat,
    sa.Boolean: lambda text: text == str(True),
    Words: lambda text: tuple(text.split("|")),
}
"""How the text of a sealed value becomes the value again, by the type of the plain column; others are text."""


def index_of(column: Any) -> sa.ColumnElement:
    """Return the SQL of a column's blind index; its index in the database is on the same expression."""
    start, length = sa.literal_column("1"), sa.literal_column(str(INDEX_LENGTH))
    return sa.func.substr(column, start, length, type_=sa.Text())


def matches(column: Any, values: Iterable[Any]) -> sa.ColumnElement:
    """Return the condition that a column holds one of some typed values."""
    place = column.type.place
    texts = dict.fromkeys(plain_text(value) for value in values if value is not None)
    found = [index for text in texts for index in blind_indexes(text, place)]
    return index_of(column).in_(found) if found else sa.false()


def value_of(other: Any) -> Any:
    """Return the value of a literal."""
    return other.value if isinstance(other, sa.BindParameter) else other
