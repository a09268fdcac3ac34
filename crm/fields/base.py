"""What a field is, and what every field type can do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from crm.errors import FieldError, Problem
from crm.fields.alphabet import ROOT, alphabetical, by_code_point
from crm.texts import Text


@dataclass(frozen=True)
class TypeWords:
    """How a type is offered in the editor: its icon, its name, and a sentence about it."""

    icon: str = "file"
    label: str = ""
    sentence: str = ""


UNSAID = "•••"  # in place of a value that may stand nowhere in plain


@dataclass(frozen=True)
class Field:
    """One field of an entity, as declared; never changed after loading.

    Shape:  `options` holds the keys only this type knows (choices, currency, to, ...), already built by the
            type. `required_if`, `show_if`, `read_only_if` are raw condition lines. `uid` and `column` are
            given when the schema is published and stay for good.
    """

    name: str
    type: str
    label: Text
    uid: str = ""
    column: str = ""
    help: Text | None = None
    required: bool = False
    read_only: bool = False
    unique: bool = False
    index: bool = False
    search: bool = False
    history: bool = True
    personal: bool = False
    encrypted: bool = False
    default: Any = None
    was: str | None = None
    required_if: tuple = ()
    show_if: tuple = ()
    read_only_if: tuple = ()
    options: Mapping[str, Any] = attribute(default_factory=dict)


@dataclass(frozen=True)
class Situation:
    """Where a value comes from or goes to: who reads it, and beside which other values it stands.

    Shape:  `source` is "form", "api", "import" or "rule". `values` are the other values of the record, for
            keys such as `region_field`, `held` those the stored record has. `currency` and `region` are the
            organisation's defaults.
    """

    language: str = "en"
    time_zone: ZoneInfo = ZoneInfo("Europe/Athens")
    source: str = "form"
    values: Mapping[str, Any] = attribute(default_factory=dict)
    currency: str = "EUR"
    region: str = "GR"
    held: Mapping[str, Any] = attribute(default_factory=dict)


def refusal(field: Field, code: str, **params: object) -> FieldError:
    """Return the error that says why a value does not fit its field; every sentence may use the label.

    What a person typed into an encrypted field is not repeated: errors are kept and logged.
    """
    if field.encrypted and "value" in params:
        params["value"] = UNSAID
    return FieldError(code, label=field.label, **params)


class FieldType:
    """The behaviour of one type of field. One instance per type is in the registry.

    Shape:  `kind` is what conditions and formulas see: text, number, boolean, date, datetime, reference,
            user, many (several words of text) or none (cannot be compared). `keys` names the extra YAML keys.
            `control` names the template piece that draws the form control.
    """

    name: ClassVar[str] = ""
    kind: ClassVar[str] = "text"
    keys: ClassVar[frozenset[str]] = frozenset()
    limits: ClassVar[frozenset[str]] = frozenset()  # keys that judge a new value; a stored one stays
    beside: ClassVar[frozenset[str]] = frozenset()  # keys that may name a field by which the value is read
    control: ClassVar[str] = "text"
    stored: ClassVar[bool] = True  # False: computed on reading, no column
    writable: ClassVar[bool] = True  # False: nobody may set it (formula, sequence, summary)
    importable: ClassVar[bool] = True  # False: a spreadsheet cannot bring it
    aligned_end: ClassVar[bool] = False  # numbers stand at the end of a list cell
    left_to_right: ClassVar[bool] = False  # codes, phones, mails: dir=ltr in every language
    points: ClassVar[str] = ""  # "record" or "user": the value is the number of one
    several: ClassVar[bool] = False  # the value is a tuple of words or numbers
    has_choices: ClassVar[bool] = False  # the key `choices` says what may be chosen
    holds_files: ClassVar[bool] = False  # the value names uploads
    computes: ClassVar[str] = ""  # "formula" or "children": calculated from these on reading
    is_numbered: ClassVar[bool] = False  # a new record is given the next value
    unit: ClassVar[str] = ""  # "percent" or "currency"
    reaches: ClassVar[str] = ""  # "phone" or "mail": a person is reached by the value
    is_long: ClassVar[bool] = False  # takes the width of a page
    has_normal_form: ClassVar[bool] = False  # one thing may be written in several ways
    names_records: ClassVar[bool] = False  # a record can be known by its value
    is_indexable: ClassVar[bool] = True  # an index helps to find records
    seal_refused: ClassVar[str] = ""  # the code that says why it cannot be encrypted
    header_words: ClassVar[str] = ""  # headers of files that mean the type rather than a name
    words: ClassVar[TypeWords] = TypeWords()  # how the editor offers it
    sentences: ClassVar[Mapping[str, str]] = {}  # what its refusals say, by code

    @property
    def links(self) -> str:
        """Return "record" or "user" when the value is the number of exactly one."""
        return "" if self.several else self.points

    @property
    def chooses_one(self) -> bool:
        """Tell whether the value is one choice."""
        return self.has_choices and not self.several

    def href(self, value: Any) -> str:
        """Return where a click on a value leads, outside the house; "" for nowhere."""
        return ""

    def from_plain(self, value: Any) -> Any:
        """Return the typed value of what `json.dumps(value, default=str)` wrote."""
        return tuple(value) if self.several else value

    def meant_by(self, word: Any, now: dt.datetime, time_zone: ZoneInfo, user_id: int | None) -> Any:
        """Return what a word means as a default at a moment (naive UTC), such as `today`; None for a plain value."""
        return None

    def check_options(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return every problem in the type's own keys and the default; the loader checks the common keys."""
        return self.check_keys(name, body) or self.check_default(name, body)

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return every problem in the type's own keys."""
        return []

    def check_default(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the default: it must be a value of this type, or a formula `= …`."""
        default = body.get("default")
        if default is None or (isinstance(default, str) and default.startswith("=")):
            return []
        field = Field(name, self.name, Text(name), options=self.build_options(body))
        try:
            self.clean(field, default, Situation(source="rule"))
        except FieldError:
            shown = str(default)[:60]
            return [
                Problem("field.bad_default", {"name": name, "key": "default", "value": shown}, field=name)
            ]
        return []

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the type's own keys as typed values, defaults filled in; `body` has passed the check."""
        return {key: body[key] for key in self.keys if key in body}

    def attribute(self, field: Field) -> str:
        """Return the mapped attribute that holds the value (`customer_id` for a reference `customer`)."""
        return field.name

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return the SQL type of the field's column."""
        raise NotImplementedError

    def order(self, field: Field, value: sa.ColumnElement, language: str) -> tuple[sa.ColumnElement, ...]:
        """Return the SQL by which records are sorted, given the SQL of the value: words as readers of a language do."""
        if self.kind != "text":
            return (value,)
        return alphabetical(value, ROOT if self.left_to_right else language), by_code_point(value)

    def clean(self, field: Field, value: Any, situation: Situation) -> Any:
        """Return the typed, normalised value of what a person, a file or an API sent; None when empty.

        Shape:  `value` is a string as typed in the situation's language, or a native JSON or spreadsheet
                value. Emptiness and `required` are not judged here.
        Errors: FieldError, with a code of `crm/messages/fields.py`.
        """
        raise NotImplementedError

    def retired(self, field: Field, value: Any) -> tuple[str, ...]:
        """Return the members of a stored value that nobody can choose any more."""
        return ()

    def again(self, field: Field, held: Any, situation: Situation) -> Any:
        """Return a stored value beside other values than before.

        Errors: FieldError when it does not fit beside them.
        """
        return self.clean(field, held, situation)

    def leans_on(self, field: Field) -> frozenset[str]:
        """Return the names that stand in the keys of `beside`."""
        named = (field.options.get(key) for key in self.beside)
        return frozenset(name for name in named if isinstance(name, str))

    def is_shown_as(self, field: Field, held: Any, sent: Any, situation: Situation) -> bool:
        """Return whether what was sent is what its source shows for the stored value: nobody touched it."""
        if situation.source == "form":
            listed = isinstance(sent, (list, tuple)) and isinstance(held, (list, tuple))
            shown = tuple(held) if listed else self.form_text(field, held, situation)
            sent = tuple(sent) if listed else sent
        elif situation.source == "import":
            shown = self.to_cell(field, held, situation)
            if shown is not None and type(shown) is not type(sent):
                shown, sent = str(shown), str(sent)
        else:
            shown = self.to_json(field, held)
        return sent == shown and type(sent) is type(shown)

    def from_json(self, field: Field, stored: Any) -> Any:
        """Return what `to_json` wrote as the typed value, whatever limits the field has by now.

        Errors: FieldError when the field is of another type by now.
        """
        return self.clean(self.without_limits(field), stored, Situation(source="api"))

    def without_limits(self, field: Field) -> Field:
        """Return the field as it would read a value that it need not judge."""
        if not self.limits:
            return field
        options = {key: value for key, value in field.options.items() if key not in self.limits}
        return replace(field, options=options)

    def fit(self, field: Field, value: Any) -> Any:
        """Return a computed value as the column holds it: rounded to its places, cut to its length."""
        return value

    def result(self, field: Field) -> FieldType:
        """Return the type whose values the field holds: itself, or what a formula results in."""
        return self

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the value as plain text in the reader's language; "" when empty."""
        return "" if value is None else str(value)

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the value as the form control wants it; `clean` of it gives the value back."""
        return "" if value is None else str(value)

    def to_json(self, field: Field, value: Any) -> Any:
        """Return the value as JSON (REST answers, history, revisions); `clean` of it gives it back."""
        return value

    def to_cell(self, field: Field, value: Any, situation: Situation) -> Any:
        """Return the value for a spreadsheet cell: str, int, float, Decimal, bool, date, datetime or None."""
        return value

    def sheet_format(self, field: Field, cell: Any, situation: Situation) -> str:
        """Return the number format of what `to_cell` gave, in the reader's way; "" for none. `%` means hundredths."""
        return ""

    def search_key(self, field: Field, value: Any) -> str:
        """Return the folded words that find this value, separated by spaces; "" when it is not searchable."""
        return ""
