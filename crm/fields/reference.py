"""Fields that point: to a record, to several records, to a user."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from crm.errors import Problem
from crm.fields import options
from crm.fields.base import Field, FieldType, Situation, TypeWords, refusal
from crm.fields.columns import Words
from crm.fields.text_reading import code_text, shown
from crm.texts import LANGUAGES, N_, NP_, Text

LARGEST_ID = 2**63 - 1
LARGEST_USER_ID = 2**31 - 1
MOST_REFERENCES = 1_000
ON_DELETE = ("refuse", "clear", "cascade")


@dataclass(frozen=True)
class ChildrenName:
    """What the records pointing here are called on the other side."""

    name: str
    label: Text


def read_id(field: Field, value: Any, largest: int = LARGEST_ID) -> int | None:
    """Return a record's number; None when empty.

    Errors: FieldError for anything that is no whole number above zero, true and false included.
    """
    if type(value) is int:
        number = value
    elif value is None:
        return None
    elif isinstance(value, str):
        text = code_text(field, value)
        if not text:
            return None
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    else:
        number = int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else 0
    if not 0 < number <= largest:
        raise refusal(field, "reference.not_a_record", value=shown(value))
    return number


class ReferenceType(FieldType):
    """One record of another entity, by its number; whether it exists and may be seen, `records` checks."""

    name = "reference"
    seal_refused = "schema.encrypted_link"
    words = TypeWords("link", NP_("field.type", "Linked record"), N_("One record of another entity"))
    points = "record"
    kind = "reference"
    keys = frozenset({"to", "on_delete", "inverse", "only"})
    control = "lookup"

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the target, its deletion and the name of the children."""
        problems = options.check_name(name, body, "to")
        if body.get("to") is None:
            problems += options.bad(name, "to", "field.no_target")
        problems += options.check_word(name, body, "on_delete", ON_DELETE)
        if body.get("on_delete") == "clear" and body.get("required") is True:
            problems += options.bad(name, "on_delete", "field.clears_required")
        problems += _check_lines(name, body.get("only"))
        return problems + _check_inverse(name, body.get("inverse"))

    def check_default(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return the problem of a default: a record's number means nothing in another database."""
        if body.get("default") is None or str(body["default"]).startswith("="):
            return []
        return options.bad(name, "default", "field.bad_default", value=str(body["default"])[:60])

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the target, what its deletion does, the children's name, and the conditions."""
        inverse = body.get("inverse")
        named = (
            ChildrenName(inverse["name"], Text(inverse.get("label") or inverse["name"])) if inverse else None
        )
        only = body.get("only") or ()
        return {
            "to": body["to"],
            "on_delete": body.get("on_delete") or "refuse",
            "inverse": named,
            "only": tuple(only) if isinstance(only, (list, tuple)) else (only,),
        }

    def attribute(self, field: Field) -> str:
        """Return `<name>_id`; the name itself is the relationship."""
        return f"{field.name}_id"

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return BIGINT, as the numbers of records are."""
        return sa.BigInteger()

    def clean(self, field: Field, value: Any, situation: Situation) -> int | None:
        """Return the number of the record."""
        return read_id(field, value)


class UserType(ReferenceType):
    """One user, by number; `me` as a default is the person who creates the record."""

    name = "user"
    words = TypeWords("user", NP_("field.type", "User"), N_("A colleague, for example the owner"))
    points = "user"
    kind = "user"
    keys = frozenset({"only_role"})
    control = "lookup"

    def meant_by(self, word: Any, now: dt.datetime, time_zone: ZoneInfo, user_id: int | None) -> Any:
        """Return who acts for `me`."""
        return user_id if word == "me" else None

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the role."""
        return options.check_name(name, body, "only_role")

    def check_default(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return the problem of a default that is not `me`."""
        return [] if body.get("default") == "me" else super().check_default(name, body)

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the role users must have."""
        return {"only_role": body.get("only_role")}

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return INTEGER, as the numbers of users are."""
        return sa.Integer()

    def clean(self, field: Field, value: Any, situation: Situation) -> int | None:
        """Return the number of the user."""
        return read_id(field, value, LARGEST_USER_ID)


class ReferencesType(ReferenceType):
    """Several records of another entity.

    Shape:  their numbers as a tuple of text, in the order given, each once; JSON has whole numbers.
    """

    name = "references"
    words = TypeWords(
        "git-merge", NP_("field.type", "Linked records"), N_("Several records of another entity")
    )
    several = True
    is_indexable = False
    kind = "many"
    control = "lookups"

    def attribute(self, field: Field) -> str:
        """Return the field's name: there is no relationship."""
        return field.name

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return text that holds several words."""
        return Words()

    def clean(self, field: Field, value: Any, situation: Situation) -> tuple[str, ...] | None:
        """Return the numbers of the records; a text parts them by comma, semicolon or bar."""
        if isinstance(value, str):
            value = value.replace(";", ",").replace("|", ",").split(",")
        elif not isinstance(value, (list, tuple)):
            value = [value]
        if len(value) > MOST_REFERENCES:
            raise refusal(field, "reference.too_many", most=MOST_REFERENCES)
        numbers = [read_id(field, one) for one in value]
        return tuple(dict.fromkeys(str(number) for number in numbers if number is not None)) or None

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the numbers; the page shows titles instead."""
        return ", ".join(value or ())

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the numbers."""
        return ",".join(value or ())

    def to_json(self, field: Field, value: Any) -> list[int] | None:
        """Return the numbers as a list."""
        return None if value is None else [int(number) for number in value]

    def to_cell(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the numbers in one text."""
        return ", ".join(value or ()) or None


def _check_lines(name: str, lines: Any) -> list[Problem]:
    if lines is None or isinstance(lines, (list, Mapping)):
        return []
    return options.bad(name, "only", "field.expected_lines")


def _check_inverse(name: str, inverse: Any) -> list[Problem]:
    if inverse is None:
        return []
    if not isinstance(inverse, Mapping) or set(inverse) - {"name", "label"} or inverse.get("name") is None:
        return options.bad(name, "inverse", "field.bad_inverse")
    label = inverse.get("label")
    is_label = (
        label is None
        or isinstance(label, str)
        or (
            isinstance(label, Mapping)
            and all(code in LANGUAGES and isinstance(words, str) for code, words in label.items())
        )
    )
    problems = [] if is_label else options.bad(name, "inverse", "field.bad_inverse")
    return problems + options.check_name(name, {"inverse": inverse["name"]}, "inverse")
