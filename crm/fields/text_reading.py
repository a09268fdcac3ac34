"""Reading text as people and spreadsheets deliver it: NFC, trimmed, without what cannot be seen."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any
from unicodedata import is_normalized, normalize

from crm.fields.base import Field, refusal

# Control characters, halves of surrogate pairs, and marks that turn the reading direction of what follows.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_INVISIBLE = re.compile("[\u200b-\u200f\u061c\u2060\u00ad]")
_ENDS = (
    " \t\n\u00a0\u1680\u2002\u2003\u2007\u2009\u202f\u3000\u200b\u200c\u200d\u200e\u200f\u061c\u2060\u00ad"
)
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029")
LARGEST_INPUT = 5_000_000  # characters of one value; nothing longer is even looked at


def shown(value: Any) -> str:
    """Return a value as an error message may show it: short and in one line."""
    text = value if isinstance(value, str) else str(value) if isinstance(value, (int, float, Decimal)) else ""
    text = text or type(value).__name__
    text = " ".join(_UNWANTED.sub("", text[:200]).split())
    return text if len(text) <= 60 else text[:59] + "…"


def as_text(field: Field, value: Any) -> str:
    """Return a text, or a spreadsheet's number or date written as text.

    Errors: FieldError for true and false, lists, maps and anything else that is not one text.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, dt.date, dt.time)):
        raise refusal(field, "text.not_a_text", value=shown(value))
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**63 else repr(value)
    if isinstance(value, int) and value.bit_length() > 1000:
        raise refusal(field, "text.too_long", limit=300, length=301)
    return format(value, "f") if isinstance(value, Decimal) and value.is_finite() else str(value)


def one_line(field: Field, value: Any) -> str:
    """Return the value as one trimmed line of NFC text; "" when nothing is left."""
    if type(value) is not str:
        value = "" if value is None else as_text(field, value)
    if value.isprintable():  # no line ends, no control characters, no marks
        return (value if is_normalized("NFC", value) else normalize("NFC", value)).strip()
    return several_lines(field, value).replace("\n", " ").replace("\t", " ").strip()


def several_lines(field: Field, value: Any) -> str:
    """Return the value as NFC text without control characters, lines ended by one newline, trimmed."""
    if type(value) is not str:
        value = "" if value is None else as_text(field, value)
    if value.isprintable():
        return (value if is_normalized("NFC", value) else normalize("NFC", value)).strip()
    if len(value) > LARGEST_INPUT:
        raise refusal(field, "text.too_long", limit=LARGEST_INPUT, length=len(value))
    text = _LINE_ENDS.sub("\n", value) if "\r" in value or not value.isascii() else value
    text = _UNWANTED.sub("", text)
    return normalize("NFC", text).strip().strip(_ENDS)


def code_text(field: Field, value: Any) -> str:
    """Return one line without invisible marks, for numbers, codes and addresses copied from a page."""
    text = one_line(field, value)
    return (
        text
        if text.isascii()
        else _INVISIBLE.sub("", text).replace("\u00a0", " ").replace("\u202f", " ").strip()
    )
