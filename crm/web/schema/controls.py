"""Which control edits which key of a field: one line per key.

A key that is not named here is edited as YAML, so that the keys of a new field type work before they have controls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crm.fields import type_named
from crm.fields.base import TypeWords
from crm.fields.computed import RESULTS
from crm.texts import N_, NP_

WORDS, VALUE, LINES, FINDING, KEEPING = "words", "value", "lines", "finding", "keeping"
GROUPS: Mapping[str, str] = {
    WORDS: N_("Label and help"),
    VALUE: NP_("title", "Content"),
    LINES: N_("Visibility and required"),
    FINDING: N_("Search and sorting"),
    KEEPING: N_("Storage and privacy"),
}
"""The parts of the field form, in order."""


@dataclass(frozen=True)
class KeyControl:
    """How one key is edited.

    Shape:  `control` names a function in `schema/key_forms.py`: texts, text, number, flag, word, entity, field, role,
            choices, moves, lines, inverse, default, formula or yaml. `words` are the values of a `word`.
    """

    key: str
    control: str
    group: str
    label: str
    help: str = ""
    words: tuple[str, ...] = ()


SUMMARIES = ("count", "sum", "min", "max", "avg", "last")
TAX_KINDS = ("gr.vat", "gr.amka", "ro.cui", "ro.cnp", "il.id", "il.company", "eu.vat")

KEYS: Mapping[str, KeyControl] = {
    row.key: row
    for row in (
        KeyControl("label", "texts", WORDS, NP_("key", "Label")),
        KeyControl("help", "texts", WORDS, NP_("key", "Help text")),
        KeyControl("to", "entity", VALUE, NP_("key", "Linked entity")),
        KeyControl("only_role", "role", VALUE, N_("Only users with this role")),
        KeyControl("kind", "word", VALUE, N_("Type of number"), words=TAX_KINDS),
        KeyControl("country_field", "field", VALUE, NP_("key", "Country field")),
        KeyControl("region", "code", VALUE, NP_("key", "Country"), N_("Two letters: GR, RO, IL.")),
        KeyControl("region_field", "field", VALUE, NP_("key", "Country field")),
        KeyControl("choices", "choices", VALUE, NP_("key", "Choices")),
        KeyControl("next", "moves", VALUE, NP_("key", "Allowed moves"), N_("Which choice can follow which.")),
        KeyControl("of", "word", VALUE, NP_("key", "Result"), words=tuple(RESULTS)),
        KeyControl(
            "over",
            "code",
            VALUE,
            NP_("key", "Related records"),
            N_("Related records or one of their fields: lines.amount"),
        ),
        KeyControl("where", "lines", VALUE, N_("Only related records where")),
        KeyControl("result", "word", VALUE, NP_("key", "Result type"), words=tuple(RESULTS)),
        KeyControl(
            "formula", "formula", VALUE, NP_("key", "Formula"), N_("For example: amount * probability / 100")
        ),
        KeyControl("currency", "code", VALUE, NP_("key", "Currency"), N_("Three letters: EUR, RON, ILS.")),
        KeyControl("currency_field", "field", VALUE, NP_("key", "Currency field")),
        KeyControl("places", "number", VALUE, NP_("key", "Decimal places")),
        KeyControl("at_least", "number", VALUE, NP_("key", "Minimum")),
        KeyControl("at_most", "number", VALUE, NP_("key", "Maximum")),
        KeyControl("max_length", "number", VALUE, N_("Maximum length (characters)")),
        KeyControl("pattern", "code", VALUE, NP_("key", "Format")),
        KeyControl(
            "after",
            "code",
            VALUE,
            NP_("key", "Not before"),
            N_("A date field, or a date such as 2026-01-31."),
        ),
        KeyControl(
            "before",
            "code",
            VALUE,
            NP_("key", "Not after"),
            N_("A date field, or a date such as 2026-01-31."),
        ),
        KeyControl("many", "flag", VALUE, NP_("key", "Several files")),
        KeyControl("max_mb", "number", VALUE, N_("Maximum file size (MB)")),
        KeyControl("accept", "yaml", VALUE, N_("Accepted file types")),
        KeyControl(
            "on_delete",
            "word",
            VALUE,
            N_("When the linked record is deleted"),
            words=("refuse", "clear", "cascade"),
        ),
        KeyControl("inverse", "inverse", VALUE, N_("Label in the linked entity")),
        KeyControl("only", "lines", VALUE, N_("Only records where")),
        KeyControl(
            "default",
            "default",
            VALUE,
            NP_("key", "Default value"),
            N_("A value, or a formula such as = today()"),
        ),
        KeyControl("required", "flag", LINES, NP_("key", "Required")),
        KeyControl("required_if", "lines", LINES, NP_("key", "Required when")),
        KeyControl("show_if", "lines", LINES, NP_("key", "Shown when")),
        KeyControl("read_only", "flag", LINES, NP_("key", "Read-only")),
        KeyControl("read_only_if", "lines", LINES, NP_("key", "Read-only when")),
        KeyControl("unique", "flag", FINDING, NP_("key", "Unique")),
        KeyControl("search", "flag", FINDING, NP_("key", "Searchable")),
        KeyControl("index", "flag", FINDING, N_("Fast filtering and sorting (index)")),
        KeyControl("history", "flag", KEEPING, N_("Keep changes in the history")),
        KeyControl("personal", "flag", KEEPING, NP_("key", "Personal data")),
        KeyControl("encrypted", "flag", KEEPING, N_("Encrypted in the database")),
    )
}

COLORS: Mapping[str, str] = {
    "": NP_("colour", "No colour"),
    "blue": NP_("colour", "Blue"),
    "azure": NP_("colour", "Sky blue"),
    "indigo": NP_("colour", "Indigo"),
    "purple": NP_("colour", "Purple"),
    "pink": NP_("colour", "Pink"),
    "red": NP_("colour", "Red"),
    "orange": NP_("colour", "Orange"),
    "yellow": NP_("colour", "Yellow"),
    "lime": NP_("colour", "Lime"),
    "green": NP_("colour", "Green"),
    "teal": NP_("colour", "Teal"),
    "cyan": NP_("colour", "Cyan"),
    "gray": NP_("colour", "Grey"),
}

WORD_LABELS: Mapping[str, str] = {
    "refuse": N_("Don't allow deleting it"),
    "clear": N_("Clear this field"),
    "cascade": N_("Delete this record too"),
    "count": NP_("measure", "Count"),
    "sum": NP_("measure", "Total"),
    "min": NP_("measure", "Smallest"),
    "max": NP_("measure", "Largest"),
    "avg": NP_("measure", "Average"),
    "last": NP_("measure", "Latest"),
}
"""What fixed values of keys are called; the types of fields say their names themselves."""


def control_of_key(key: str) -> KeyControl:
    """Return how a key is edited; one without a line of its own as YAML."""
    return KEYS.get(key) or KeyControl(key, "yaml", VALUE, key)


def words_of_type(name: str) -> TypeWords:
    """Return how a type is offered; one without words of its own by its name."""
    words = type_named(name).words
    return words if words.label else replace(words, label=name.replace("_", " ").capitalize())
