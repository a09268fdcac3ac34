"""What a spreadsheet shows of a number, date or time: the text its number format makes of it.

Source: ECMA-376 part 1, 18.8.30 (numFmt), and what Excel really shows.
"""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "SHORT", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "SHORT h:mm", 37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0",
}  # fmt: skip
"""The codes of the formats a workbook names by number only; 0 and 49 show the value as it is."""

SHORT_DATES = {"en": "yyyy-mm-dd", "el": "d/m/yyyy", "ro": "dd.mm.yyyy", "he": "dd/mm/yyyy"}
"""The machine's own short date, which the file does not hold; English has two, so the year stands first."""

COMMA_LANGUAGES = ("el", "ro")
LANGUAGES_OF_CODES = {"408": "el", "418": "ro", "40d": "he"}
TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<filler>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<half>AM/PM|A/P)|(?P<general>General)|(?P<exponent>E[+-])|(?P<fraction>[0#?]+ */ *(?:[0#?]+|\d+))"
    r"|(?P<digit>[0#?])|(?P<clock>y+|m+|d+|h+|s+(?:\.0+)?)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[0-9.]+)")
COMPARE = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip
CellTime = dt.date | dt.time | dt.timedelta
DAY_ZERO = dt.datetime(1899, 12, 30)


class Token(NamedTuple):
    """One piece of a format: what it is, and its text."""

    kind: str
    text: str


def show(value: float | CellTime, code: str, language: str) -> str | None:
    """Return what a cell shows; None when its format is one we cannot follow.

    >>> show(1234, "00000", "en"), show(0.125, "0.0%", "en"), show(1234.5, "#,##0.00 [$€-408]", "el")
    ('01234', '12.5%', '1.234,50 €')
    >>> show(dt.date(2026, 3, 1), "dd/mm/yyyy", "en"), show(306912345678, "(00) 000-0000000", "en")
    ('01/03/2026', '(30) 691-2345678')
    """
    code = code.replace("SHORT", SHORT_DATES.get(language, SHORT_DATES["en"]))
    if isinstance(value, CellTime):
        return show_moment(value, parts_of(code)[0], language)
    number = Decimal(repr(value))
    section, is_bare = section_of(parts_of(code), number)
    text = show_number(abs(number), section, language) if section is not None else None
    if text is None or not text.strip():
        return None
    is_negative = number < 0 and is_bare and any(letter in "123456789" for letter in text)
    return f"-{text.strip()}" if is_negative else text.strip()


@lru_cache(maxsize=500)
def parts_of(code: str) -> tuple[tuple[Token, ...], ...]:
    """Return the sections of a format: for positive numbers, negative ones, zero, text."""
    sections: list[list[Token]] = [[]]
    for found in TOKEN.finditer(code):
        kind, text = found.lastgroup or "", found[found.lastgroup or 0]
        if kind == "other" and text == ";":
            sections.append([])
        else:
            sections[-1].append(Token(kind, text))
    return tuple(map(tuple, sections))


def section_of(
    sections: Sequence[tuple[Token, ...]], number: Decimal
) -> tuple[tuple[Token, ...] | None, bool]:
    """Return the section that shows a number, and whether a minus goes before what it shows."""
    conditions = [condition_of(section) for section in sections]
    if any(conditions):
        for section, condition in zip(sections, conditions, strict=True):
            if condition is None or COMPARE[condition[0]](number, Decimal(condition[1])):
                return section, number < 0
        return None, False
    if number < 0 and len(sections) > 1:
        return sections[1], False
    return sections[2] if number == 0 and len(sections) > 2 else sections[0], number < 0


def condition_of(section: Sequence[Token]) -> tuple[str, str] | None:
    """Return the condition in brackets that a section begins with."""
    found = (CONDITION.fullmatch(token.text) for token in section if token.kind == "bracket")
    return next(((each[1], each[2]) for each in found if each), None)


def literal_of(token: Token) -> str:
    """Return what a piece shows that is neither digit nor clock: letters, a currency's sign, a blank."""
    if token.kind == "bracket":
        return token.text[1:].partition("-")[0] if token.text.startswith("$") else ""
    return {"space": " ", "filler": ""}.get(token.kind, token.text)


# Numbers


def show_number(number: Decimal, section: Sequence[Token], language: str) -> str | None:
    """Return a number above or equal zero as one section shows it; None when the section shows dates."""
    kinds = {token.kind for token in section}
    if "clock" in kinds or "half" in kinds:
        return None
    if "general" in kinds or ("other", "@") in section:
        text = general_text(number, language)
        is_value = [token.kind == "general" or token == ("other", "@") for token in section]
        return "".join(
            text if own else literal_of(token) for own, token in zip(is_value, section, strict=True)
        )
    number *= 100 ** sum(1 for token in section if token == ("other", "%"))
    if "fraction" in kinds:
        return show_fraction(number, section)
    if "exponent" in kinds:
        return show_power(number, section, language)
    return show_digits(number, section, language)


def general_text(number: Decimal, language: str = "en") -> str:
    """Return a number without any format, as digits."""
    text = format(number.normalize(), "f")
    return text.replace(".", ",") if language in COMMA_LANGUAGES else text


def show_digits(number: Decimal, section: Sequence[Token], language: str) -> str:
    """Return a number in its digits' places, whatever letters stand between them."""
    digits = [place for place, token in enumerate(section) if token.kind == "digit"]
    if not digits:
        return "".join(map(literal_of, section))
    point = next((place for place, token in enumerate(section) if token == ("other", ".")), len(section))
    whole = [place for place in digits if place < point]
    after = [place for place in digits if place > point]
    commas = [place for place, token in enumerate(section) if token == ("other", ",")]
    number /= 1000 ** sum(
        1 for place in commas if place > digits[-1] or (whole and whole[-1] < place < point)
    )
    is_grouped = any(whole and whole[0] < place < whole[-1] for place in commas)
    rounded = format(number.quantize(Decimal(1).scaleb(-len(after)), ROUND_HALF_UP), "f")
    left, _, right = rounded.partition(".")
    mark, group = (",", ".") if language in COMMA_LANGUAGES else (".", ",")
    shown = {**whole_digits(left.lstrip("0"), whole, section, group if is_grouped else "")}
    shown.update(decimal_digits(right, after, section))
    shown.update(dict.fromkeys(commas, ""))
    if point < len(section):
        shown[point] = mark
    return "".join(shown.get(place, literal_of(token)) for place, token in enumerate(section))


def whole_digits(digits: str, places: Sequence[int], section: Sequence[Token], group: str) -> dict[int, str]:
    """Return the digits before the point, from the right; the first place takes all that are left."""
    shown: dict[int, str] = {}
    for done, place in enumerate(reversed(places)):
        rest = digits[:-1] if done + 1 < len(places) else ""
        taken = digits[len(rest) :] or {"0": "0", "?": " "}.get(section[place].text, "")
        digits = rest
        shown[place] = grouped(taken, done, group) if group else taken
    return shown


def grouped(digits: str, done: int, group: str) -> str:
    """Return digits with a mark behind each that is followed by a multiple of three others."""
    return "".join(
        digit + (group if behind and behind % 3 == 0 and digit.isdigit() else "")
        for digit, behind in zip(digits, range(done + len(digits) - 1, done - 1, -1), strict=True)
    )


def decimal_digits(digits: str, places: Sequence[int], section: Sequence[Token]) -> dict[int, str]:
    """Return the digits behind the point; zeros at the end are shown where the format wants them."""
    shown, is_end = {}, True
    for digit, place in reversed(list(zip(digits, places, strict=True))):
        is_end = is_end and digit == "0"
        shown[place] = {"#": "", "?": " "}.get(section[place].text, digit) if is_end else digit
    return shown


def show_power(number: Decimal, section: Sequence[Token], language: str) -> str:
    """Return a number in scientific form, such as 1.25E+05."""
    at = next(place for place, token in enumerate(section) if token.kind == "exponent")
    before, after = section[:at], section[at + 1 :]
    point = next((place for place, token in enumerate(before) if token == ("other", ".")), len(before))
    step = sum(1 for token in before[:point] if token.kind == "digit") or 1
    power = number.adjusted() // step * step if number else 0
    mantissa = show_digits(number.scaleb(-power), before, language)
    width = sum(1 for token in after if token.text == "0")
    sign = "-" if power < 0 else section[at].text[1].replace("-", "")
    return f"{mantissa}E{sign}{abs(power):0{width}d}"


def show_fraction(number: Decimal, section: Sequence[Token]) -> str:
    """Return a number with a fraction, such as 1 1/2."""
    shape = next(token.text for token in section if token.kind == "fraction")
    below = shape.partition("/")[2].strip()
    has_whole = any(token.kind == "digit" for token in section)
    whole = int(number) if has_whole else 0
    rest = Fraction(number) - whole
    if below.isdigit():
        part = f"{round(rest * int(below))}/{below}" if rest else ""
    else:
        near = rest.limit_denominator(10 ** len(below) - 1)
        part = f"{near.numerator}/{near.denominator}" if near else ""
    return " ".join(filter(None, (str(whole) if whole or not part else "", part)))


# Dates and times


def show_moment(value: CellTime, section: Sequence[Token], language: str) -> str | None:
    """Return a date or time as a section shows it; None for a format that shows none."""
    clocks = [token for token in section if token.kind == "clock" or is_elapsed(token)]
    if not clocks:
        return None
    told = (LANGUAGES_OF_CODES.get(token.text.rpartition("-")[2].lower().lstrip("0")) for token in section)
    language = next(filter(None, told), language)
    moment = moment_of(value)
    is_half = any(token.kind == "half" for token in section)
    shown, before = "", ""
    for place, token in enumerate(section):
        if token.kind == "clock" or is_elapsed(token):
            following = next(
                (next_one.text[:1] for next_one in section[place + 1 :] if is_clock(next_one)), ""
            )
            is_minute = token.text[:1].lower() == "m" and (before == "h" or following.lower() == "s")
            shown += show_part(moment, token, language, (is_half, is_minute))
            before = token.text[:1].lower()
        elif token.kind == "half":
            shown += ("AM", "PM")[moment.hour >= 12][: 2 if len(token.text) > 3 else 1]
        else:
            shown += literal_of(token)
    return shown.strip()


def moment_of(value: CellTime) -> dt.datetime:
    """Return a date or time as the moment a spreadsheet counts it as."""
    if isinstance(value, dt.timedelta):
        return DAY_ZERO + value
    if isinstance(value, dt.time):
        return dt.datetime.combine(DAY_ZERO, value)
    return value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)


def is_elapsed(token: Token) -> bool:
    """Return whether a piece shows hours, minutes or seconds that have passed: `[h]`."""
    return token.kind == "bracket" and token.text[:1].lower() in ("h", "m", "s") and len(set(token.text)) == 1


def is_clock(token: Token) -> bool:
    """Return whether a piece shows a part of a date or time."""
    return token.kind == "clock" or is_elapsed(token)


def show_part(moment: dt.datetime, token: Token, language: str, how: tuple[bool, bool]) -> str:
    """Return one part of a date or time.

    Shape:  `how` says whether hours are counted to twelve, and whether an `m` means minutes.
    """
    letter, width = token.text[:1].lower(), len(token.text)
    is_half, is_minute = how
    if token.kind == "bracket":
        passed = (moment - DAY_ZERO).total_seconds()
        return f"{int(passed // {'h': 3600, 'm': 60, 's': 1}[letter]):0{width}d}"
    if letter == "y":
        return f"{moment.year:04d}" if width > 2 else f"{moment.year % 100:02d}"
    if letter in "md" and width > 2 and not is_minute:
        return name_of(moment, letter, width, language)
    if letter == "s":
        whole, _, decimals = token.text.partition(".")
        seconds = f"{moment.second:0{min(len(whole), 2)}d}"
        return (
            f"{seconds}.{moment.microsecond:06d}"[: len(seconds) + 1 + len(decimals)] if decimals else seconds
        )
    hour = (moment.hour % 12 or 12) if is_half else moment.hour
    number = {"m": moment.minute if is_minute else moment.month, "d": moment.day, "h": hour}[letter]
    return f"{number:0{min(width, 2)}d}"


def name_of(moment: dt.datetime, letter: str, width: int, language: str) -> str:
    """Return the name of a month or a weekday."""
    from babel.dates import get_day_names, get_month_names  # only few formats have names

    shape = "abbreviated" if width == 3 else "wide"
    if letter == "d":
        return get_day_names(shape, "format", language)[moment.weekday()]
    name = get_month_names(shape, "format", language)[moment.month]
    return name[:1] if width == 5 else name
