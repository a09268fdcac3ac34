"""The document a new entity begins with: its first field, and those that its board and its calendar need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.drafts.choices import ChoiceRow, set_choices
from crm.drafts.edits import Body, add_field, new_entity, put_inner
from crm.texts import LANGUAGES, NP_, translate

NAME, STATUS, DATE = NP_("field", "Name"), NP_("field", "Status"), NP_("field", "Date")
USUAL_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("not_begun", NP_("option", "Not started"), "blue"),
    ("in_progress", NP_("option", "In progress"), "orange"),
    ("finished", NP_("option", "Finished"), "green"),
)
"""Key, label and colour of the choices a board has where nobody named others."""


@dataclass(frozen=True)
class NewField:
    """A field by its key and what people call it."""

    name: str
    label: Any


@dataclass(frozen=True)
class Features:
    """What a new entity can do from its first day.

    Shape:  `board` is the choice field with one column per choice, of `columns`; `calendar` the date field by which
            records stand in the calendar; `link` a field that leads to the entity `to`; `timeline`: the records
            appear on the timeline of that.
    """

    board: NewField | None = None
    columns: tuple[ChoiceRow, ...] = ()
    calendar: NewField | None = None
    link: NewField | None = None
    to: str = ""
    timeline: bool = False


def begin_entity(name: str, keys: Body, features: Features) -> dict[str, Any]:
    """Return the document of a new entity.

    Errors: SchemaError when two of its fields have one name, or two columns.
    """
    first = {"type": "text", "label": in_every_language(NAME), "required": True, "search": True}
    body = new_entity(name, keys, ("name", first))
    if features.link is not None:
        link = {"type": "reference", "label": features.link.label, "to": features.to, "on_delete": "clear"}
        body = add_field(body, features.link.name, link)
    if features.board is not None:
        board = features.board
        choice = {"type": "choice", "label": board.label, "required": True}
        choice = set_choices(choice, features.columns)
        body = add_field(body, board.name, {**choice, "default": next(iter(choice["choices"]), None)})
        body = put_inner(body, "kanban", {"by": board.name})
    if features.calendar is not None:
        body = add_field(body, features.calendar.name, {"type": "date", "label": features.calendar.label})
        body = put_inner(body, "calendar", {"from": features.calendar.name})
    if features.timeline:
        at = features.calendar.name if features.calendar else "created_at"
        body = put_inner(body, "timeline", {"at": at, "title": "name"})
    return put_inner(body, "list", {"columns": list(body["fields"])}) if len(body["fields"]) > 1 else body


def in_every_language(sentence: str) -> dict[str, str]:
    """Return a word of the catalogues as a document holds it."""
    return {language: translate(sentence, language) for language in LANGUAGES}


def usual_columns(language: str) -> Mapping[str, ChoiceRow]:
    """Return the usual columns of a board by what they are called in a language."""
    return {
        translate(label, language): ChoiceRow(key, in_every_language(label), color)
        for key, label, color in USUAL_COLUMNS
    }
