"""The values of conditions in a form: which control shows one, and what it sends read back.

A control is named after what it holds: choice, boolean, number, date, moment, user, record, segment, span, text, or
formula. The operator says how many there are: one, two (`between`), or a list.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from crm.conditions.operators import OPERATORS
from crm.conditions.operators.base import FLAG, LIST, TWO
from crm.conditions.tree.kinds import is_formula, literal, unescaped
from crm.conditions.tree.model import BOOLEAN, DATE, DATETIME, NUMBER, REFERENCE, USER
from crm.conditions.tree.numbers import parse_number
from crm.fields.date_reading import read_date
from crm.fields.locales import DECIMAL_COMMA
from crm.fields.number_reading import read_number
from crm.web.conditions.editor import OPPOSITES, Meant
from crm.web.forms.days import in_order

Texts = tuple[str, ...]

UNITS = ("hours", "days", "weeks", "months", "years")
LISTED = tuple(name for name, operator in OPERATORS.items() if operator.takes == LIST)
PAIRED = tuple(name for name, operator in OPERATORS.items() if operator.takes == TWO)
SELECTS = ("choice", "user", "record")  # in a list, the control is a select of several; else a line for each
MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2})?))?\Z", re.ASCII)
SPAN = re.compile(r"(\d{1,5}) (hour|day|week|month|year)s?\Z", re.ASCII)
ID = re.compile(r"[0-9]{1,18}\Z")
UNSENDABLE = re.compile("[\0\r\n\ud800-\udfff]")  # what an input does not send as it was


def control_of(meant: Meant, operator: str) -> str:
    """Return the control of a value beside an operator; "" for operators that take none."""
    known = OPERATORS.get(operator)
    if operator in OPPOSITES or (known is not None and known.takes == FLAG):
        return ""
    if known is not None and known.control:
        return known.control
    if meant.choices:
        return "choice"
    kinds = {NUMBER: "number", BOOLEAN: "boolean", DATE: "date", DATETIME: "moment", USER: "user"}
    return kinds.get(meant.kind, "record" if meant.kind == REFERENCE else "text")


def width_of(control: str) -> int:
    """Return how many texts one value of a control sends."""
    return 2 if control in ("moment", "span") else 1


# --- A value as texts ----------------------------------------------------------------------------------


def show_value(value: Any, control: str, operator: str, language: str) -> Texts | None:
    """Return a value as the texts of its controls; None when they cannot show it."""
    if not control:
        return () if value is True else None
    if operator in LISTED:
        return _show_list(value, control, language)
    if operator in PAIRED:
        if not isinstance(value, list) or len(value) != 2:
            return None
        ends = [_show_one(end, control, language) for end in value]
        return None if None in ends else tuple(text for end in ends for text in end)
    return _show_one(value, control, language)


def _show_list(value: Any, control: str, language: str) -> Texts | None:
    if not isinstance(value, list) or not value:
        return None
    shown = [_show_one(part, control, language) for part in value]
    if None in shown or any(not "".join(texts).strip() for texts in shown):
        return None
    texts = [" ".join(filter(None, _in_words(part, control, language))) for part in shown]
    if control not in SELECTS:
        return ("\n".join(texts),)
    return tuple(texts) if len(set(texts)) == len(texts) else None


def _in_words(texts: Texts, control: str, language: str) -> Texts:
    """Return the texts of one value of a list: a day as the reader writes it, which `read_date` reads back."""
    if control not in ("date", "moment"):
        return texts
    return (in_order(dt.date.fromisoformat(texts[0]), language), *texts[1:])


def _show_one(value: Any, control: str, language: str) -> Texts | None:
    if isinstance(value, str) and UNSENDABLE.search(value):
        return None
    return SHOWN[control](value, language)


def _show_number(value: Any, language: str) -> Texts | None:
    if is_formula(value):
        return (value,)
    number = parse_number(value)
    if number is None:
        return (value,) if isinstance(value, str) else None
    text = format(number, "f")
    return (text.replace(".", ",") if language in DECIMAL_COMMA else text,)


def _show_words(value: Any, language: str) -> Texts | None:
    """Return a text as it is found; a formula among texts is none."""
    return None if is_formula(value) else _show_text(unescaped(value), language)


def _show_text(value: Any, _language: str) -> Texts | None:
    return (str(value),) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _show_boolean(value: Any, _language: str) -> Texts | None:
    return ("true" if value else "false",) if isinstance(value, bool) else None


def _show_date(value: Any, _language: str) -> Texts | None:
    return (value,) if isinstance(value, str) and len(value) == 10 and _is_day(value) else None


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return text.isascii()


def _show_moment(value: Any, _language: str) -> Texts | None:
    match = MOMENT.match(value) if isinstance(value, str) else None
    if match is None or not _is_day(match[1]) or not _is_time(match[2]):
        return None
    return (match[1], match[2] or "")


def _is_time(text: str | None) -> bool:
    try:
        dt.time.fromisoformat(text or "00:00")
    except ValueError:
        return False
    return True


def _show_span(value: Any, _language: str) -> Texts | None:
    match = SPAN.match(value) if isinstance(value, str) else None
    return (match[1], f"{match[2]}s") if match else None


def _show_formula(value: Any, _language: str) -> Texts | None:
    return (value[1:].strip(),) if is_formula(value) else None


SHOWN: Mapping[str, Callable[[Any, str], Texts | None]] = {
    "number": _show_number,
    "text": _show_words,
    "choice": _show_text,
    "boolean": _show_boolean,
    "date": _show_date,
    "moment": _show_moment,
    "user": _show_text,
    "record": _show_text,
    "segment": _show_text,
    "span": _show_span,
    "formula": _show_formula,
}


# --- Texts as a value ----------------------------------------------------------------------------------


def is_unfinished(texts: Texts, control: str, operator: str) -> bool:
    """Return whether a value is still to be given."""
    if not control:
        return False
    wanted = 2 if operator in PAIRED else 1
    step = width_of(control) if operator not in LISTED else 1
    firsts = texts[: wanted * step : step]
    return len(firsts) < wanted or any(not text.strip() for text in firsts)


def read_value(texts: Texts, control: str, operator: str, language: str) -> Any:
    """Return the value that finished texts mean, as YAML or JSON would hold it; what cannot be read stays text."""
    if not control:
        return True
    if operator in LISTED:
        parts = texts if control in SELECTS else texts[0].replace("\r\n", "\n").split("\n")
        return [_read_one(_split(part, control), control, language) for part in parts if part.strip()]
    width = width_of(control)
    if operator in PAIRED:
        return [_read_one(texts[at : at + width], control, language) for at in (0, width)]
    return _read_one(texts[:width], control, language)


def _split(text: str, control: str) -> Texts:
    return tuple(text.strip().partition(" ")[::2]) if control == "moment" else (text,)


def _read_one(texts: Texts, control: str, language: str) -> Any:
    first, second = texts[0].strip(), (texts[1].strip() if len(texts) > 1 else "")
    if control == "number":
        return _read_number(first, language)
    if control == "boolean":
        return {"true": True, "false": False}.get(first, first)
    if control in ("user", "record") and ID.match(first):
        return int(first)
    if control == "formula":
        return f"= {first}"
    if control == "text":
        return literal(first)
    if control in ("date", "moment"):
        day = read_date(first)
        return f"{day.isoformat() if day else first} {second}".strip()
    return _read_span(first, second) if control == "span" else first


def _read_number(text: str, language: str) -> Any:
    number = None if text.startswith("=") else read_number(text, language)
    return text if number is None else plain_number(number)


def plain_number(number: Decimal) -> int | float | str:
    """Return a number as a document holds it: whole, else with its decimals; as text where a float would lose some.

    >>> plain_number(Decimal("12")), plain_number(Decimal("0.10")), plain_number(Decimal("0.12345678901234567891"))
    (12, 0.1, '0.12345678901234567891')
    """
    if number == number.to_integral_value() and abs(number) < 10**18:
        return int(number)
    text = repr(float(number))
    return float(text) if Decimal(text) == number and "e" not in text else format(number, "f")


def _read_span(amount: str, unit: str) -> str:
    whole = str(int(amount)) if ID.match(amount) else amount
    unit = unit if unit in UNITS else "days"
    return f"{whole} {unit[:-1] if whole == '1' else unit}"


# --- Exactness -----------------------------------------------------------------------------------------


def same(first: Any, second: Any) -> bool:
    """Return whether two values are the same in a document: 1, 1.0, true and "1" are four.

    >>> same(1, True), same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    (False, True)
    """
    return json_of(first) == json_of(second)


def load_json(text: str) -> Any:
    """Return the data in a text of JSON.

    Errors: ValueError, also for half a letter, which JSON may hold and nothing else; RecursionError.
    """
    found = json.loads(text)
    json.dumps(found, ensure_ascii=False).encode()
    return found


def json_of(value: Any) -> str:
    """Return a value as one line of JSON, keys in order so that it can be compared."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
