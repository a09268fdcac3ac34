"""Column types the database libraries lack: exact decimals everywhere, and several words in one text."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

DIGITS = 18  # of any stored number, before and after the point together: what 64 bits hold for certain
EXACT = Context(prec=80)
_LARGEST = 2**63 - 1
_ARITHMETIC = frozenset({operator.add, operator.sub, operator.mul, operator.truediv})
_COMPARISONS = frozenset({operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne})


def places_of(number: Decimal | int) -> int:
    """Return how many decimal places a number needs.

    >>> places_of(Decimal("1.50")), places_of(Decimal("1E+3"))
    (1, 0)
    """
    if isinstance(number, int):
        return 0
    return max(0, -number.normalize(EXACT).as_tuple().exponent)


class ExactDecimal(TypeDecorator):
    """A decimal number that no database rounds: NUMERIC on PostgreSQL, a scaled integer on SQLite.

    Shape:  Decimal in Python, always with `places` decimal places. Comparing, sorting, sum(), min(), max(),
            `+`, `-` and `*` are exact on both databases, with literals of any precision: every expression
            knows its own places. A literal inside a function or case() takes the column's type by
            `sa.literal(value, column.type)`. Division is exact nowhere: divide `as_ratio(column)`.
    Errors: ValueError for a stored value with more places than the column; nothing is rounded in silence.
    """

    impl = sa.Numeric
    cache_ok = True

    class comparator_factory(TypeDecorator.Comparator):  # noqa: N801 - SQLAlchemy's own name
        """Arithmetic that keeps track of the places."""

        def operate(self, op: Callable, *other: Any, **kwargs: Any) -> Any:
            """Combine an expression with another one or a literal."""
            if op in _ARITHMETIC and other:
                return combine(op, self.expr, other[0])
            if op in _COMPARISONS and _is_number(other[0]):
                first, second = same_places(self.expr, other[0])
                if first is not self.expr or second is not other[0]:
                    return op(first, second, **kwargs)
            return super().operate(op, *other, **kwargs)

        def reverse_operate(self, op: Callable, other: Any, **kwargs: Any) -> Any:
            """Combine a literal on the left with an expression on the right."""
            if op in _ARITHMETIC:
                return combine(op, other, self.expr)
            return super().reverse_operate(op, other, **kwargs)

    def __init__(self, places: int = 2, compared: bool = False) -> None:
        super().__init__(DIGITS, places, asdecimal=True)
        self.places = places
        self.compared = compared
        self.step = Decimal(1).scaleb(-places, EXACT)

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine:
        """Return BIGINT on SQLite, which has no exact decimals, and NUMERIC elsewhere."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(max(DIGITS, self.places), self.places, asdecimal=True))

    def coerce_compared_value(self, op: Callable | None, value: Any) -> sa.types.TypeEngine:
        """Return the type of a literal beside the column: the same scale, but it may have more places."""
        return ExactDecimal(self.places, compared=True)

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Return what the database stores or compares with."""
        if value is None:
            return None
        if not self.compared and type(value) is Decimal and value.same_quantum(self.step):  # as cleaned
            return int(value.scaleb(self.places, EXACT)) if dialect.name == "sqlite" else value
        if isinstance(value, bool):
            raise ValueError(f"{value!r} is not a number to store")
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if not number.is_finite():
            raise ValueError(f"{value!r} is not a number to store")
        if dialect.name == "sqlite":
            return self._scaled(number)
        if not self.compared and places_of(number) > self.places:
            raise ValueError(f"{number} has more than {self.places} decimal places")
        return number

    def literal_processor(self, dialect: sa.Dialect) -> Callable[[Any], str]:
        """Return a function that writes a number as SQL text."""
        return lambda value: format(self.process_bind_param(value, dialect), "f")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        """Return the Decimal the database holds."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return Decimal(value).scaleb(-self.places, EXACT)
        return value if isinstance(value, Decimal) else Decimal(str(value))

    def _scaled(self, number: Decimal) -> int | float:
        """Return the number times ten to the places; a finer one that is compared lies between integers."""
        scaled = number.scaleb(self.places, EXACT)
        whole = int(scaled.to_integral_value(ROUND_FLOOR, EXACT))
        if self.compared:
            whole = max(-_LARGEST, min(_LARGEST, whole))
            return whole if whole == scaled or abs(whole) > 2**52 else whole + 0.5
        if whole != scaled:
            raise ValueError(f"{number} has more than {self.places} decimal places")
        return whole


class _rescaled(FunctionElement):  # noqa: N801 - a function in SQL
    """A number brought to more places: multiplied where numbers are scaled integers, itself elsewhere."""

    name = "rescaled"
    inherit_cache = True


@compiles(_rescaled)
def _as_it_is(element: _rescaled, compiler: Any, **kwargs: Any) -> str:
    return compiler.process(list(element.clauses)[0], **kwargs)


@compiles(_rescaled, "sqlite")
def _multiplied(element: _rescaled, compiler: Any, **kwargs: Any) -> str:
    number, factor = element.clauses
    return f"({compiler.process(number, **kwargs)} * {compiler.process(factor, **kwargs)})"


class _ratio(FunctionElement):  # noqa: N801 - a function in SQL
    """A number in its own size, ready to be divided or averaged."""

    name = "ratio"
    inherit_cache = True


@compiles(_ratio)
def _numeric(element: _ratio, compiler: Any, **kwargs: Any) -> str:
    return compiler.process(list(element.clauses)[0], **kwargs)


@compiles(_ratio, "sqlite")
def _unscaled(element: _ratio, compiler: Any, **kwargs: Any) -> str:
    number, factor = element.clauses
    return f"(CAST({compiler.process(number, **kwargs)} AS REAL) / {compiler.process(factor, **kwargs)})"


def _power(places: int) -> sa.ColumnElement:
    return sa.literal(10**places, sa.BigInteger())


def exact(value: Any) -> sa.ColumnElement:
    """Return a number or an expression as an expression that knows its decimal places.

    Shape:  a whole number, a Decimal, an integer expression or an ExactDecimal one.
    """
    if hasattr(value, "__clause_element__"):
        value = value.__clause_element__()
    if not isinstance(value, sa.ColumnElement):
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        return sa.literal(number, ExactDecimal(places_of(number)))
    if isinstance(value.type, ExactDecimal):
        return value
    return sa.type_coerce(value, ExactDecimal(0))


def with_places(value: Any, places: int) -> sa.ColumnElement:
    """Return an expression brought to at least so many places, unchanged in size."""
    element = exact(value)
    missing = places - element.type.places
    if missing <= 0:
        return element
    finer = _rescaled(element, _power(missing))
    finer.type = ExactDecimal(places)
    return finer


def same_places(first: Any, second: Any) -> tuple[sa.ColumnElement, sa.ColumnElement]:
    """Return two expressions brought to the same places."""
    first, second = exact(first), exact(second)
    places = max(first.type.places, second.type.places)
    return with_places(first, places), with_places(second, places)


def _is_number(value: Any) -> bool:
    """Return whether a value is an expression of an exact number."""
    if hasattr(value, "__clause_element__"):
        value = value.__clause_element__()
    return isinstance(value, sa.ColumnElement) and isinstance(value.type, (ExactDecimal, sa.Integer))


def as_ratio(value: Any) -> sa.ColumnElement:
    """Return an expression to divide or average: NUMERIC on PostgreSQL, floating on SQLite."""
    element = exact(value)
    found = _ratio(element, _power(element.type.places))
    found.type = sa.Numeric(asdecimal=False)
    return found


def combine(op: Callable, left: Any, right: Any) -> sa.ColumnElement:
    """Return left + right, left - right or left * right, exact, with the places the result has.

    Errors: TypeError for a division.
    """
    if op is operator.truediv:
        raise TypeError("Exact decimals cannot be divided in SQL; divide as_ratio(...) and round the result.")
    first, second = (exact(left), exact(right)) if op is operator.mul else same_places(left, right)
    places = first.type.places + second.type.places if op is operator.mul else first.type.places
    return sa.sql.elements.BinaryExpression(
        first.self_group(against=op), second.self_group(against=op), op, type_=ExactDecimal(places)
    )


class Words(TypeDecorator):
    """Several words in one text, `|a|b|`, so that `LIKE '%|a|%'` finds a word; a tuple in Python."""

    impl = sa.Text
    cache_ok = True

    def coerce_compared_value(self, op: Callable | None, value: Any) -> sa.types.TypeEngine:
        """Return the type of a literal beside the column: plain text for LIKE, words for equality."""
        return sa.Text() if isinstance(value, str) else self

    def process_bind_param(self, value: Iterable | str | None, dialect: sa.Dialect) -> str | None:
        """Return the words between bars; None for no word."""
        if value is None or isinstance(value, str):
            return value or None
        words = [str(word) for word in value]
        return f"|{'|'.join(words)}|" if words else None

    def process_literal_param(self, value: Any, dialect: sa.Dialect) -> str:
        """Return the words as SQL text."""
        found = self.process_bind_param(value, dialect)
        return "NULL" if found is None else "'" + found.replace("'", "''") + "'"

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> tuple[str, ...] | None:
        """Return the words as a tuple; None for none."""
        return tuple(value.strip("|").split("|")) if value else None
