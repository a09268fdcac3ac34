"""Reading a number as typed in one of our languages, or as a program wrote it."""

from __future__ import annotations

import re
from decimal import Decimal

from crm.fields.locales import DECIMAL_COMMA

MOST_DIGITS = 40  # longer texts are no numbers anybody typed
# A point followed by three digits and nothing else may part thousands; any other point is a decimal point.
PLAIN = re.compile(r"-?[0-9]{1,30}(?:\.(?:[0-9]{1,2}|[0-9]{4,20}))?")
_BLANKS = re.compile("[ \t\u00a0\u2007\u2009\u202f'’]")
_MARKS = re.compile("[\u200b-\u200f\u061c\u2060\u202a-\u202e\u2066-\u2069\ufeff]")
_DIGITS = r"[0-9]{1,30}"
_GROUPED = {
    mark: re.compile(rf"[1-9][0-9]{{0,2}}(?:{re.escape(mark)}[0-9]{{3}})+") for mark in (".", ",", " ")
}
_WITH_DECIMALS = {
    mark: re.compile(rf"(?:{_DIGITS}{re.escape(mark)}[0-9]{{0,30}}|{re.escape(mark)}[0-9]{{1,30}})")
    for mark in ".,"
}


def read_number(text: str, language: str) -> Decimal | None:
    """Return the number in a text, exactly; None when it is none, or could be two.

    Shape:  separators are those of the language: `1.234,56` in Greek and Romanian, `1,234.56` in English and
            Hebrew. A form that can only be read one way is read so in every language: `1234.56`, `1 234,56`,
            `1.234,56`, `1,234.56`, `1.234.567`. Refused: `1,23` in English, `12,34,567`, `1.2.3`, `1e5`.

    >>> read_number("1.234", "el"), read_number("1.234", "en"), read_number("1,23", "en")
    (Decimal('1234'), Decimal('1.234'), None)
    """
    if PLAIN.fullmatch(text):
        return Decimal(text)
    text = _MARKS.sub("", text).strip().replace("\u2212", "-") if not text.isascii() else text.strip()
    negative, text = _sign(text)
    text = _BLANKS.sub(" ", text).strip()
    if not 0 < len(text) <= MOST_DIGITS:
        return None
    digits = _plain_digits(text, language)
    if digits is None:
        return None
    return -Decimal(digits) if negative else Decimal(digits)


def _sign(text: str) -> tuple[bool, str]:
    """Return whether a number is negative, and the rest: `-5`, `5-` and the accountants' `(5)`."""
    if text[:1] in ("-", "+"):
        return text[0] == "-", text[1:].lstrip()
    if text[-2:] in (",-", ".-"):  # a shop's way to say: no cents
        return False, text[:-2]
    if text[-1:] == "-":
        return True, text[:-1].rstrip()
    if text[:1] == "(" and text[-1:] == ")":
        return True, text[1:-1].strip()
    return False, text


def _plain_digits(text: str, language: str) -> str | None:
    """Return digits with at most a point, out of one unsigned number with separators."""
    point, comma = text.rfind("."), text.rfind(",")
    if point >= 0 and comma >= 0:
        return _with_both(text, "." if point > comma else ",")
    if " " in text:
        mark = "." if point >= 0 else ","
        whole, _, rest = text.partition(mark)
        return _joined(whole, " ", rest) if _GROUPED[" "].fullmatch(whole) and _are_digits(rest) else None
    if point < 0 and comma < 0:
        return text if _are_digits(text) and text else None
    mark = "." if point >= 0 else ","
    return _with_one(text, mark, language)


def _with_both(text: str, mark: str) -> str | None:
    whole, _, rest = text.rpartition(mark)
    other = "," if mark == "." else "."
    return _joined(whole, other, rest) if _GROUPED[other].fullmatch(whole) and _are_digits(rest) else None


def _with_one(text: str, mark: str, language: str) -> str | None:
    """Read a number with one kind of mark: the language decides, unless only one reading is possible."""
    own = "," if language in DECIMAL_COMMA else "."
    is_grouped = _GROUPED[mark].fullmatch(text) is not None
    if is_grouped and (mark != own or text.count(mark) > 1):
        return text.replace(mark, "")
    if (mark == own or mark == ".") and _WITH_DECIMALS[mark].fullmatch(text):
        return text.replace(mark, ".")
    return None


def _joined(whole: str, mark: str, rest: str) -> str:
    return whole.replace(mark, "") + ("." + rest if rest else "")


def _are_digits(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit())
