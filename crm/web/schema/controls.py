"""Which control edits which key of a field: one line per key.

A key that is not named here is edited as YAML, so that the keys of a new field type work before they have controls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crm.fields import type_named
from crm.fields.base import TypeWords
from crm.fields.computed import RESULTS
from crm.texts import N_

WORDS, VALUE, LINES, FINDING, KEEPING = "words", "value", "lines", "finding", "keeping"
GROUPS: Mapping[str, str] = {
    WORDS: N_("What people read"),
    VALUE: N_("What it holds"),
    LINES: N_("When it is shown, required or closed"),
    FINDING: N_("Finding"),
    KEEPING: N_("Keeping"),
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
        KeyControl("label", "texts", WORDS, N_("Label")),
        KeyControl("help", "texts", WORDS, N_("Help under the field")),
        KeyControl("to", "entity", VALUE, N_("Points to")),
        KeyControl("only_role", "role", VALUE, N_("Only users with this role")),
        KeyControl("kind", "word", VALUE, N_("Kind of number"), words=TAX_KINDS),
        KeyControl("country_field", "field", VALUE, N_("Country from the field")),
        KeyControl("region", "code", VALUE, N_("Country"), N_("Two letters: GR, RO, IL.")),
        KeyControl("region_field", "field", VALUE, N_("Country from the field")),
        KeyControl("choices", "choices", VALUE, N_("Choices")),
        KeyControl("next", "moves", VALUE, N_("Allowed moves"), N_("Which choice may follow which.")),
        KeyControl("of", "word", VALUE, N_("Result"), words=tuple(RESULTS)),
        KeyControl(
            "over", "code", VALUE, N_("Over"), N_("The children, or one of their fields: lines.amount")
        ),
        KeyControl("where", "lines", VALUE, N_("Only children where")),
        KeyControl("result", "word", VALUE, N_("Type of the result"), words=tuple(RESULTS)),
        KeyControl("formula", "formula", VALUE, N_("Formula"), N_("For example: amount * probability / 100")),
        KeyControl("currency", "code", VALUE, N_("Currency"), N_("Three letters: EUR, RON, ILS.")),
        KeyControl("currency_field", "field", VALUE, N_("Currency from the field")),
        KeyControl("places", "number", VALUE, N_("Decimal places")),
        KeyControl("at_least", "number", VALUE, N_("At least")),
        KeyControl("at_most", "number", VALUE, N_("At most")),
        KeyControl("max_length", "number", VALUE, N_("Longest text (characters)")),
        KeyControl("pattern", "code", VALUE, N_("Pattern")),
        KeyControl(
            "after", "code", VALUE, N_("Not before"), N_("A date field, or a date such as 2026-01-31.")
        ),
        KeyControl(
            "before", "code", VALUE, N_("Not after"), N_("A date field, or a date such as 2026-01-31.")
        ),
        KeyControl("many", "flag", VALUE, N_("Several files")),
        KeyControl("max_mb", "number", VALUE, N_("Largest file (MB)")),
        KeyControl("accept", "yaml", VALUE, N_("Accepted kinds of files")),
        KeyControl(
            "on_delete",
            "word",
            VALUE,
            N_("When the other record is deleted"),
            words=("refuse", "clear", "cascade"),
        ),
        KeyControl("inverse", "inverse", VALUE, N_("Name on the other side")),
        KeyControl("only", "lines", VALUE, N_("Only records where")),
        KeyControl(
            "default",
            "default",
            VALUE,
            N_("Filled in at first"),
            N_("A value, or a formula such as = today()"),
        ),
        KeyControl("required", "flag", LINES, N_("Required")),
        KeyControl("required_if", "lines", LINES, N_("Required when")),
        KeyControl("show_if", "lines", LINES, N_("Shown when")),
        KeyControl("read_only", "flag", LINES, N_("Closed for changes")),
        KeyControl("read_only_if", "lines", LINES, N_("Closed when")),
        KeyControl("unique", "flag", FINDING, N_("No two records with one value")),
        KeyControl("search", "flag", FINDING, N_("Found by the search")),
        KeyControl("index", "flag", FINDING, N_("Filtered and sorted quickly (index)")),
        KeyControl("history", "flag", KEEPING, N_("Changes are kept in the history")),
        KeyControl("personal", "flag", KEEPING, N_("Personal data")),
        KeyControl("encrypted", "flag", KEEPING, N_("Encrypted in the database")),
    )
}

COLORS: Mapping[str, str] = {
    "": N_("No colour"), "blue": N_("Blue"), "azure": N_("Sky blue"), "indigo": N_("Indigo"), "purple": N_("Purple"),
    "pink": N_("Pink"), "red": N_("Red"), "orange": N_("Orange"), "yellow": N_("Yellow"), "lime": N_("Lime"),
    "green": N_("Green"), "teal": N_("Teal"), "cyan": N_("Cyan"), "gray": N_("Grey"),
}  # fmt: skip

WORD_LABELS: Mapping[str, str] = {
    "refuse": N_("Refuse to delete it"),
    "clear": N_("Empty this field"),
    "cascade": N_("Delete this record too"),
    "count": N_("Count"),
    "sum": N_("Sum"),
    "min": N_("Smallest"),
    "max": N_("Largest"),
    "avg": N_("Average"),
    "last": N_("Latest"),
}
"""What fixed values of keys are called; the types of fields say their names themselves."""


def control_of_key(key: str) -> KeyControl:
    """Return how a key is edited; one without a line of its own as YAML."""
    return KEYS.get(key) or KeyControl(key, "yaml", VALUE, key)


def words_of_type(name: str) -> TypeWords:
    """Return how a type is offered; one without words of its own by its name."""
    words = type_named(name).words
    return words if words.label else replace(words, label=name.replace("_", " ").capitalize())
