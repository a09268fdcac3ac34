"""Exact numbers: whole, decimal, percent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from math import isfinite
from typing import Any

import sqlalchemy as sa

from crm.errors import Problem
from crm.fields import options
from crm.fields.base import Field, FieldType, Situation, TypeWords, refusal
from crm.fields.columns import DIGITS, EXACT, ExactDecimal, places_of
from crm.fields.locales import DECIMAL_COMMA, shown_number, shown_percent, with_minus_at_left
from crm.fields.number_reading import PLAIN, read_number
from crm.fields.sheet_formats import number_format
from crm.fields.text_reading import code_text, shown
from crm.texts import N_, NP_

MOST_PLACES = 9
STEPS = tuple(Decimal(1).scaleb(-places) for places in range(MOST_PLACES + 10))
MOST_EXACT = 2**53  # below it a float holds every whole number
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1


class NumberType(FieldType):
    """What all numbers share: reading, limits, exact places."""

    kind = "number"
    keys = frozenset({"at_least", "at_most", "places"})
    limits = frozenset({"at_least", "at_most"})
    control = "number"
    aligned_end = True
    left_to_right = True
    usual_places = 2

    def sheet_format(self, field: Field, cell: Any, situation: Situation) -> str:
        """Return the format of a number with as many places as it has."""
        return number_format(places_of(cell)) if isinstance(cell, int | Decimal) else ""

    def from_plain(self, value: Any) -> Any:
        """Return the exact number."""
        return Decimal(value)

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with limits and places."""
        problems = options.check_whole(name, body, "places", 0, MOST_PLACES) if "places" in self.keys else []
        limits = {key: body[key] for key in ("at_least", "at_most") if body.get(key) is not None}
        numbers = {key: options.as_number(value) for key, value in limits.items()}
        for key, number in numbers.items():
            if number is None:
                problems += options.bad(name, key, "field.expected_number", value=str(limits[key])[:40])
        least, most = numbers.get("at_least"), numbers.get("at_most")
        if least is not None and most is not None and least > most:
            problems += options.bad(name, "at_most", "field.limits_cross")
        return problems

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return limits as Decimals, and the places."""
        places = body.get("places")
        return {
            "at_least": options.as_number(body.get("at_least")),
            "at_most": options.as_number(body.get("at_most")),
            "places": self.usual_places if places is None else places,
        }

    def places(self, field: Field) -> int:
        """Return how many decimal places the field keeps."""
        return field.options.get("places", self.usual_places)

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return an exact decimal of the field's places."""
        return ExactDecimal(self.places(field))

    def clean(self, field: Field, value: Any, situation: Situation) -> Decimal | None:
        """Return the number with exactly the field's places; one that needs more is refused, not rounded."""
        if type(value) is str and PLAIN.fullmatch(value):
            number = Decimal(value)
        elif type(value) is float and isfinite(value):
            number = self.as_spreadsheet_shows(field, Decimal(repr(value)))
        else:
            number = self.read(field, value, situation)
        return None if number is None else self.judge(field, self.placed(field, number), situation)

    def read(self, field: Field, value: Any, situation: Situation) -> Decimal | None:
        """Return the number in a text or a native value; None when empty."""
        if isinstance(value, str):
            if not value or value.isspace():
                return None
            number = self.read_text(field, value, situation)
            if number is None and code_text(field, value):
                raise self.no_number(field, value, situation)
            return number
        if value is None:
            return None
        return self.read_native(field, value, situation)

    def read_text(self, field: Field, text: str, situation: Situation) -> Decimal | None:
        """Return the number a person typed; None when it is none."""
        language = "en" if situation.source in ("api", "rule") and "," not in text else situation.language
        return read_number(text, language)

    def read_native(self, field: Field, value: Any, situation: Situation) -> Decimal:
        """Return a program's number; true, false, endless ones and everything else are refused."""
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
            raise self.no_number(field, value, situation)
        if isinstance(value, int) and value.bit_length() > 200:
            raise refusal(field, "number.too_big", value=shown(""), digits=DIGITS)
        number = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
        if not number.is_finite():
            raise self.no_number(field, value, situation)
        if number and abs(number.adjusted()) > 40:
            raise refusal(field, "number.too_big", value="", digits=DIGITS)
        return self.as_spreadsheet_shows(field, number) if isinstance(value, float) else number

    def as_spreadsheet_shows(self, field: Field, number: Decimal) -> Decimal:
        """Return a computed cell's 19.989999999999998 as the 19.99 its reader saw, with 15 digits."""
        if -number.as_tuple().exponent <= self.places(field) or not -40 < number.adjusted() < 40:
            return number
        seen = number.quantize(Decimal(1).scaleb(number.adjusted() - 14), ROUND_HALF_UP, EXACT)
        return seen if places_of(seen) <= self.places(field) else number

    def placed(self, field: Field, number: Decimal) -> Decimal:
        """Return the number with the field's places; refuse one that does not fit."""
        places = self.places(field)
        if number.adjusted() > 40:
            raise refusal(field, "number.too_big", value="", digits=DIGITS - places)
        exact = number.quantize(STEPS[places], None, EXACT)
        if exact != number:
            raise refusal(field, "number.too_many_places", value=shown(number), places=places)
        if exact and exact.adjusted() >= DIGITS - places:
            raise refusal(field, "number.too_big", value=shown(number), digits=DIGITS - places)
        return exact

    def judge(self, field: Field, number: Any, situation: Situation) -> Any:
        """Return a number that is within the limits."""
        least, most = field.options.get("at_least"), field.options.get("at_most")
        if least is not None and number < least:
            raise refusal(field, "number.too_small", limit=_told(least, situation.language))
        if most is not None and number > most:
            raise refusal(field, "number.too_large", limit=_told(most, situation.language))
        return number

    def no_number(self, field: Field, value: Any, situation: Situation) -> Exception:
        """Return the refusal of what is no number, with an example in the reader's language."""
        example = shown_number(Decimal("1250.5"), situation.language, min(2, self.usual_places))
        return refusal(field, "number.not_a_number", value=shown(value), example=example)

    def fit(self, field: Field, value: Any) -> Decimal | None:
        """Return a computed number rounded half away from zero to the field's places; None when too big."""
        if value is None or isinstance(value, bool):
            return None
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        places = self.places(field)
        try:
            rounded = number.quantize(STEPS[places], ROUND_HALF_UP, EXACT)
        except InvalidOperation:
            return None
        return None if not rounded.is_finite() or rounded.adjusted() >= DIGITS - places else rounded

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the number with the language's separators."""
        return "" if value is None else shown_number(value, situation.language)

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the number without thousands, with the language's decimal mark."""
        if value is None:
            return ""
        text = format(value, "f")
        return text.replace(".", ",") if situation.language in DECIMAL_COMMA else text

    def to_json(self, field: Field, value: Any) -> str | None:
        """Return the number as text, since JSON's own numbers are not exact.

        Shape:  three places get a fourth, `1.2340`: `1.234` would be a thousand in Greek.
        """
        if value is None:
            return None
        text = format(value, "f")
        return text + "0" if text[-4:-3] == "." else text


def _told(number: Any, language: str) -> str:
    """Return a number as it stands in a sentence."""
    return with_minus_at_left(shown_number(number, language), language)


class IntegerType(NumberType):
    """A whole number that 64 bits hold."""

    name = "integer"
    words = TypeWords(
        "list", NP_("field.type", "Whole number"), N_("Number without decimals: pieces, people, days")
    )
    keys = frozenset({"at_least", "at_most"})
    usual_places = 0

    def from_plain(self, value: Any) -> Any:
        """Return the whole number."""
        return value

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the limits."""
        return {key: value for key, value in super().build_options(body).items() if key != "places"}

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return BIGINT."""
        return sa.BigInteger()

    def clean(self, field: Field, value: Any, situation: Situation) -> int | None:
        """Return the whole number; `12.0` is one, `12.5` is not."""
        if type(value) is str and len(value) < 19 and value.isascii() and value.isdigit():
            return self.judge(field, int(value), situation)
        if type(value) is float and value.is_integer() and -MOST_EXACT < value < MOST_EXACT:
            value = int(value)  # what spreadsheets make of every whole number
        if type(value) is not int:
            number = self.read(field, value, situation)
            if number is None:
                return None
            value = int(number)
            if value != number:
                raise refusal(field, "number.not_whole", value=shown(number))
        if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
            raise refusal(field, "number.too_big", value="", digits=DIGITS)
        return self.judge(field, value, situation)

    def fit(self, field: Field, value: Any) -> int | None:
        """Return a computed number rounded to a whole one."""
        number = super().fit(field, value)
        return None if number is None else int(number)

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the digits."""
        return "" if value is None else str(value)

    def to_json(self, field: Field, value: Any) -> int | None:
        """Return the number itself."""
        return value


class DecimalType(NumberType):
    """A number with up to `places` decimal places (4), exact."""

    name = "decimal"
    words = TypeWords("adjustments", NP_("field.type", "Decimal"), N_("Exact number with decimals"))
    usual_places = 4


class PercentType(NumberType):
    """A percentage: 12.5 means 12.5%."""

    name = "percent"
    words = TypeWords("chart-donut", NP_("field.type", "Percentage"), N_("12.5 means 12.5%"))
    unit = "percent"
    control = "number"

    def read_text(self, field: Field, text: str, situation: Situation) -> Decimal | None:
        """Return the number before or after a percent sign."""
        bare = text.replace("٪", "%").strip().strip("\u200e\u200f")
        if bare.endswith("%"):
            text = bare[:-1].rstrip("\u00a0\u202f ")
        elif bare.startswith("%"):
            text = bare[1:].lstrip("\u00a0\u202f ")
        return super().read_text(field, text, situation)

    def sheet_format(self, field: Field, cell: Any, situation: Situation) -> str:
        """Return the format of a percentage."""
        return number_format(places_of(cell)) + "%" if isinstance(cell, int | Decimal) else ""

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the number with a percent sign."""
        return "" if value is None else shown_percent(value, situation.language)


class RatingType(IntegerType):
    """One to five stars."""

    name = "rating"
    words = TypeWords("star", NP_("field.type", "Rating"), N_("One to five stars"))
    keys = frozenset()
    control = "rating"
    most = 5

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return nothing: a rating has no keys of its own."""
        return []

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the limits."""
        return {"at_least": Decimal(1), "at_most": Decimal(self.most)}

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return SMALLINT."""
        return sa.SmallInteger()

    def judge(self, field: Field, number: Any, situation: Situation) -> Any:
        """Return a number of stars."""
        if not 1 <= number <= self.most:
            raise refusal(field, "rating.out_of_range", most=self.most)
        return number

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the stars."""
        return "" if value is None else "★" * value + "☆" * (self.most - value)
