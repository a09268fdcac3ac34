"""One or several of a list of choices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.errors import FieldError, Problem
from crm.fields import options
from crm.fields.base import Field, FieldType, Situation, TypeWords, refusal
from crm.fields.columns import Words
from crm.fields.fold import fold
from crm.fields.text_reading import one_line, shown
from crm.fields.words import search_keys
from crm.texts import LANGUAGES, N_, NP_, Text

COLORS = (
    "blue", "azure", "indigo", "purple", "pink", "red", "orange", "yellow", "lime", "green", "teal",
    "cyan", "gray",
)  # fmt: skip
LONGEST_KEY = 60
MOST_CHOICES = 1_000
MOST_COMMAS = 8  # parts of a label that holds commas
_KEY = re.compile(r"[^\s|,;\x00-\x1f](?:[^|,;\x00-\x1f]*[^\s|,;\x00-\x1f])?")


@dataclass(frozen=True)
class Choice:
    """One allowed value: the key that is stored, its label, and the color of its badge ("" for none)."""

    key: str
    label: Text
    color: str = ""


class Choices(Mapping):
    """The choices of a field by key, in order, that can be found by any of their labels."""

    def __init__(self, choices: Mapping[str, Choice]) -> None:
        self._by_key = dict(choices)
        self._by_language = {language: self._labels(language) for language in LANGUAGES}
        self._by_any = self._unambiguous()

    def __getitem__(self, key: str) -> Choice:
        return self._by_key[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_key)

    def __len__(self) -> int:
        return len(self._by_key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self._by_key == dict(other)

    __hash__ = None

    def find(self, text: str, language: str) -> str | None:
        """Return the key that a key or a label, folded, means; None when none or several fit.

        Shape:  the language's own labels come first.
        """
        if text in self._by_key:
            return text
        folded = fold(text)
        return self._by_language.get(language, {}).get(folded) or self._by_any.get(folded)

    def _labels(self, language: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, choice in self._by_key.items():
            label = fold(choice.label.get(language))
            found[label] = key if found.get(label, key) == key else ""
        return {label: key for label, key in found.items() if key and label}

    def _unambiguous(self) -> dict[str, str]:
        """Return the keys by folded key and by the labels of every language that mean one choice only."""
        meant: dict[str, set[str]] = {}
        for labels in self._by_language.values():
            for label, key in labels.items():
                meant.setdefault(label, set()).add(key)
        found = {label: keys.pop() for label, keys in meant.items() if len(keys) == 1}
        folded: dict[str, set[str]] = {}
        for key in self._by_key:
            folded.setdefault(fold(key), set()).add(key)
        return found | {key: keys.pop() for key, keys in folded.items() if len(keys) == 1}


def label_of(key: str, body: Any) -> Text:
    """Return a choice's label: its own, or the key made readable."""
    label = body.get("label") if isinstance(body, Mapping) and ("label" in body or "color" in body) else body
    if not label:
        return Text(key.replace("_", " ").capitalize() if key.islower() else key)
    return Text(label)


def build_choices(body: Any) -> Choices:
    """Return the choices of a checked document: a map by key, or a list of keys."""
    rows = body.items() if isinstance(body, Mapping) else ((key, None) for key in body)
    return Choices(
        {
            key: Choice(key, label_of(key, row), (row.get("color") or "") if isinstance(row, Mapping) else "")
            for key, row in rows
        }
    )


def all_choices(field: Field) -> Mapping[str, Choice]:
    """Return the choices of a field, and after them those that records may still hold but nobody can choose."""
    retired = field.options.get("retired")
    choices = field.options.get("choices") or {}
    return {**choices, **{key: retired[key] for key in retired if key not in choices}} if retired else choices


def allowed_moves(field: Field, before: str | None) -> tuple[str, ...]:
    """Return the choices a record may have after `before`, in order: itself, and those `next` allows.

    Shape:  everything when nothing was chosen before, or when `next` has no line for `before`.
    """
    choices = tuple(field.options["choices"])
    moves = (field.options.get("next") or {}).get(before)
    if before is None or moves is None:
        return choices
    return tuple(key for key in choices if key == before or key in moves)


class ChoiceType(FieldType):
    """One of the field's choices, stored by its key."""

    name = "choice"
    words = TypeWords(
        "circle-check", NP_("field.type", "Single choice"), N_("One value from a list, with colours")
    )
    has_choices = True
    keys = frozenset({"choices", "next"})
    control = "select"

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the choices, their colors and the allowed moves."""
        choices = body.get("choices")
        if not isinstance(choices, (Mapping, list)) or not 0 < len(choices) <= MOST_CHOICES:
            return options.bad(name, "choices", "field.no_choices", most=MOST_CHOICES)
        problems: list[Problem] = []
        rows = choices.items() if isinstance(choices, Mapping) else [(key, None) for key in choices]
        for key, row in rows:
            problems += _check_choice(name, key, row)
        if len({key for key, _ in rows if isinstance(key, str)}) < len(rows) and not problems:
            problems += options.bad(name, "choices", "field.choice_twice")
        return problems or _check_moves(name, body.get("next"), [key for key, _ in rows])

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the choices and the moves."""
        found: dict[str, Any] = {"choices": build_choices(body["choices"])}
        if "next" in self.keys:
            moves = body.get("next") or {}
            found["next"] = {
                key: tuple([after] if isinstance(after, str) else after) for key, after in moves.items()
            }
        return found

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return VARCHAR."""
        return sa.String(LONGEST_KEY)

    def order(self, field: Field, value: sa.ColumnElement, language: str) -> tuple[sa.ColumnElement, ...]:
        """Return the place of the choice among the declared ones, written out so that an index can hold it.

        A choice that is retired stands behind them, as what is empty does.
        """
        places = [
            (value == sa.literal(key, sa.String(), literal_execute=True), sa.literal_column(str(place)))
            for place, key in enumerate(field.options["choices"])
        ]
        return (sa.case(*places),)

    def clean(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the key of the choice; its label in any language does as well."""
        if type(value) is str and value in field.options["choices"]:
            return value
        text = one_line(field, value)
        return self.find(field, text, situation) if text else None

    def retired(self, field: Field, value: Any) -> tuple[str, ...]:
        """Return the keys of a value that are no choices any more."""
        keys = value if isinstance(value, (list, tuple)) else () if value is None else (value,)
        return tuple(key for key in keys if key not in field.options["choices"])

    def holds_any(self, column: sa.ColumnElement, keys: Iterable[str]) -> sa.ColumnElement[bool]:
        """Return the condition of records that have one of the keys."""
        return column.in_(list(keys))

    def from_json(self, field: Field, stored: Any) -> Any:
        """Return the key that was stored, whether it is a choice by now or not."""
        if stored is not None and not isinstance(stored, str):
            raise refusal(field, "choice.unknown", value=shown(str(stored)), known="")
        return stored or None

    def find(self, field: Field, text: str, situation: Situation) -> str:
        """Return the key a text means; one that is retired stays with the record that has it.

        Shape:  a file may name what is retired, because it is read before its record is known: `records` judges it.
        """
        choices = field.options["choices"]
        key = choices.find(text, situation.language) if len(text) <= 300 else None
        if key is None and text in self.retired(field, situation.held.get(field.name)):
            return text
        if key is None and situation.source == "import" and field.options.get("retired"):
            key = field.options["retired"].find(text, situation.language) if len(text) <= 300 else None
        if key is None:
            some = ", ".join(choice.label.get(situation.language) for choice in list(choices.values())[:8])
            raise refusal(field, "choice.unknown", value=shown(text), known=some)
        return key

    def label(self, field: Field, key: str, language: str) -> str:
        """Return a choice's label; of one that is retired, the last it had."""
        choice = field.options["choices"].get(key) or (field.options.get("retired") or {}).get(key)
        return choice.label.get(language) if choice else key

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the label."""
        return "" if value is None else self.label(field, value, situation.language)

    def to_cell(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the label; the key where another choice has the same label."""
        if value is None:
            return None
        label, choices = self.label(field, value, situation.language), field.options["choices"]
        is_clear = value not in choices or choices.find(one_line(field, label), situation.language) == value
        return label if is_clear else value

    def search_key(self, field: Field, value: Any) -> str:
        """Return the labels of every language."""
        return (
            " ".join(dict.fromkeys(search_keys(self.label(field, value, code)) for code in LANGUAGES))
            if value
            else ""
        )


class ChoicesType(ChoiceType):
    """Several of the field's choices, in the field's own order."""

    name = "choices"
    words = TypeWords("checks", NP_("field.type", "Multiple choice"), N_("Several values from a list"))
    several = True
    is_indexable = False
    kind = "many"
    keys = frozenset({"choices"})
    control = "multi"

    def is_shown_as(self, field: Field, held: Any, sent: Any, situation: Situation) -> bool:
        """Return whether the same keys were sent: in a form those that are retired stand last."""
        if isinstance(sent, (list, tuple)) and isinstance(held, (list, tuple)):
            return sorted(held) == sorted(map(str, sent))
        return super().is_shown_as(field, held, sent, situation)

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return text that holds several words."""
        return Words()

    def order(self, field: Field, value: sa.ColumnElement, language: str) -> tuple[sa.ColumnElement, ...]:
        """Return the column: several choices have no place."""
        return (value,)

    def clean(self, field: Field, value: Any, situation: Situation) -> tuple[str, ...] | None:
        """Return the keys, each once; a text parts them by comma, semicolon, bar or line."""
        if value is None or value == "":
            return None
        if not isinstance(value, (list, tuple)):
            text = one_line(field, value.replace("\n", ";") if isinstance(value, str) else value)
            value = parted(text, field.options["choices"], situation.language)
        if len(value) > MOST_CHOICES:
            raise refusal(field, "choice.too_many", most=MOST_CHOICES)
        words = [one_line(field, word) for word in value]
        chosen = {self.find(field, word, situation) for word in words if word}
        return (
            tuple(key for key in field.options["choices"] if key in chosen)
            + self.retired(field, sorted(chosen))
            or None
        )

    def holds_any(self, column: sa.ColumnElement, keys: Iterable[str]) -> sa.ColumnElement[bool]:
        """Return the condition of records that have one of the keys among others."""
        return sa.or_(sa.false(), *(column.contains(f"|{key}|", autoescape=True) for key in keys))

    def from_json(self, field: Field, stored: Any) -> tuple[str, ...] | None:
        """Return the keys that were stored."""
        if stored is not None and not isinstance(stored, (list, tuple)):
            raise refusal(field, "choice.unknown", value=shown(str(stored)), known="")
        return tuple(super(ChoicesType, self).from_json(field, key) for key in stored or ()) or None

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the labels."""
        return ", ".join(self.label(field, key, situation.language) for key in value or ())

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the keys."""
        return ",".join(value or ())

    def to_json(self, field: Field, value: Any) -> list[str] | None:
        """Return the keys as a list."""
        return None if value is None else list(value)

    def to_cell(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the labels in one text that `clean` reads again; the keys where it could not."""
        labels = [self.label(field, key, situation.language) for key in value or ()]
        usual = ", ".join(labels)
        if self.retired(field, value) or self.is_read_as(field, usual, value, situation):
            return usual or None
        parted_well = "; ".join(labels)
        return parted_well if self.is_read_as(field, parted_well, value, situation) else "; ".join(value)

    def is_read_as(self, field: Field, text: str, value: Any, situation: Situation) -> bool:
        """Return whether a text means exactly this value."""
        try:
            return self.clean(field, text, situation) == (value or None)
        except FieldError:
            return False

    def search_key(self, field: Field, value: Any) -> str:
        """Return the labels of every choice made."""
        return " ".join(super(ChoicesType, self).search_key(field, key) for key in value or ())


def parted(text: str, choices: Choices, language: str) -> list[str]:
    """Return the words of a text, each of which should mean a choice; a label may hold commas itself."""
    if len(text) <= 300 and choices.find(text, language):
        return [text]
    words: list[str] = []
    for piece in re.split("[;|]", text):
        parts = piece.split(",")
        while parts:
            ends = range(min(len(parts), MOST_COMMAS), 1, -1)
            end = next((end for end in ends if choices.find(",".join(parts[:end]).strip(), language)), 1)
            words.append(",".join(parts[:end]))
            parts = parts[end:]
    return words


def _check_choice(name: str, key: Any, row: Any) -> list[Problem]:
    if not isinstance(key, str) or len(key) > LONGEST_KEY or not _KEY.fullmatch(key):
        return options.bad(name, "choices", "field.bad_choice_key", value=str(key)[:40], most=LONGEST_KEY)
    if row is None or isinstance(row, str):
        return []
    if not isinstance(row, Mapping):
        return options.bad(name, "choices", "field.bad_choice", value=key)
    label = row.get("label") if "label" in row or "color" in row else row
    is_label = (
        label is None
        or isinstance(label, str)
        or (
            isinstance(label, Mapping)
            and all(code in LANGUAGES and isinstance(words, str) for code, words in label.items())
        )
    )
    unknown = set(row) - {"label", "color"} if label is not row else set()
    if not is_label or unknown:
        return options.bad(name, "choices", "field.bad_choice", value=key)
    return options.check_word(name, row, "color", COLORS)


def _check_moves(name: str, moves: Any, keys: list[str]) -> list[Problem]:
    if moves is None:
        return []
    if not isinstance(moves, Mapping):
        return options.bad(name, "next", "field.bad_moves")
    problems: list[Problem] = []
    for before, afters in moves.items():
        afters = [afters] if isinstance(afters, str) else afters
        if not isinstance(afters, list):
            problems += options.bad(name, "next", "field.bad_moves")
            continue
        for key in (before, *afters):
            problems += options.check_word(name, {"next": key}, "next", keys)
    return problems
