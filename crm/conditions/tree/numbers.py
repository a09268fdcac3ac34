"""Exact numbers: the one arithmetic that Python, SQLite and PostgreSQL agree on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal

PLACES = 10  # digits after the point that a division keeps
MAX_DIGITS = 40  # of a number written in a condition
EXACT = Context(prec=25_000, rounding=ROUND_HALF_UP, Emax=999_999, Emin=-999_999)
PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z", re.ASCII)
BIGGEST = 2**63 - 1  # what an integer column can hold
SCALE = 10**PLACES
MANY_DAYS = 4_000_000  # more than the calendar has


def parse_number(value: object) -> Decimal | None:
    """Return a number as YAML, JSON or a person gives it, exactly; None when it is not one.

    >>> parse_number(0.9), parse_number("1250.50"), parse_number(True)
    (Decimal('0.9'), Decimal('1250.50'), None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    if isinstance(value, int):  # the digits of a huge one are not even written out
        return Decimal(value) if abs(value) < 10**MAX_DIGITS else None
    text = (
        value
        if isinstance(value, str)
        else format(Decimal(repr(value) if isinstance(value, float) else value), "f")
    )
    return Decimal(text) if PLAIN.match(text) and len(text) <= MAX_DIGITS + 2 else None


def to_text(number: Decimal) -> str:
    """Return the plain form of a number: no exponent, no zeros at the end.

    >>> to_text(Decimal("12.500")), to_text(Decimal("-0.0"))
    ('12.5', '0')
    """
    if not number:
        return "0"
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def add(parts: Sequence[Decimal]) -> Decimal:
    """Return the exact sum."""
    total = Decimal(0)
    for part in parts:
        total = EXACT.add(total, part)
    return total


def multiply(parts: Sequence[Decimal]) -> Decimal:
    """Return the exact product."""
    product = Decimal(1)
    for part in parts:
        product = EXACT.multiply(product, part)
    return product


def divide(number: Decimal, by: Decimal) -> Decimal | None:
    """Return the quotient, rounded half up to 10 places; None when divided by zero.

    >>> divide(Decimal(2), Decimal(3)), divide(Decimal(1), Decimal(0))
    (Decimal('0.6666666667'), None)
    """
    if not by:
        return None
    top, bottom = _whole(number, by)
    quotient = (2 * abs(top) * SCALE + abs(bottom)) // (2 * abs(bottom))
    return Decimal(-quotient if (top < 0) != (bottom < 0) else quotient).scaleb(-PLACES, EXACT)


def _whole(number: Decimal, by: Decimal) -> tuple[int, int]:
    """Return two whole numbers of the same ratio."""
    top, under = number.as_integer_ratio()
    bottom, over = by.as_integer_ratio()
    return top * over, under * bottom


def round_half_up(number: Decimal, places: int = 0) -> Decimal:
    """Return the number rounded to some places; a half goes away from zero.

    >>> round_half_up(Decimal("-2.5"))
    Decimal('-3')
    """
    return number.quantize(Decimal(1).scaleb(-places), context=EXACT)


def fit(operator: str, number: Decimal, places: int) -> tuple[str, int] | bool:
    """Return the comparison of a column of scaled whole numbers that means the same as one with any number.

    Shape:  (operator, whole number in the column's unit), or True or False where every value of such a
            column answers alike.

    >>> fit(">=", Decimal("2.5"), 0), fit("=", Decimal("2.5"), 0), fit("<", Decimal("2.5"), 2)
    (('>', 2), False, ('<', 250))
    """
    scaled = EXACT.scaleb(number, places)
    whole = int(scaled.to_integral_value(ROUND_FLOOR))
    if abs(whole) > BIGGEST:
        return (operator[0] == "<") if whole > 0 else (operator[0] == ">")
    if whole == scaled:
        return operator, whole
    if operator == "=":
        return False
    return (">" if operator[0] == ">" else "<="), whole


def opposite(number: Decimal) -> Decimal:
    """Return the number with the other sign."""
    return EXACT.minus(number)
