"""Values as list cells and facts: the text, and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from crm.entities.model import Entity
from crm.fields import type_of
from crm.fields.base import Field, Situation
from crm.records.values import display_of, field_of

HREFS = {"email": "mailto:", "phone": "tel:"}


@dataclass(frozen=True)
class Cell:
    """One value, ready to be drawn by `ui_cell` of `entity/_cell.html`.

    Shape:  `kind` is text, pill, link, boolean or long. `direction` is "ltr" for codes, else "".
    """

    name: str
    label: str
    text: str
    kind: str = "text"
    color: str = ""
    href: str = ""
    direction: str = ""
    is_number: bool = False


def build_cell(
    entity: Entity,
    name: str,
    values: Mapping[str, Any],
    titles: Mapping[str, Mapping[int, str]],
    situation: Situation,
) -> Cell:
    """Return the cell of one field of one record."""
    field, value = field_of(entity, name), values.get(name)
    field_type = type_of(field)
    text = display_of(entity, name, values, titles, situation)
    kind, color, href = _manner(field, value, text)
    return Cell(
        name,
        field.label.get(situation.language),
        text,
        kind,
        color,
        href,
        "ltr" if field_type.left_to_right else "",
        field_type.aligned_end,
    )


def _manner(field: Field, value: Any, text: str) -> tuple[str, str, str]:
    """Return kind, colour and address of a value."""
    if value is None or value == "":
        return "text", "", ""
    if field.type == "choice":
        choice = field.options["choices"].get(value)
        return ("pill", choice.color, "") if choice and choice.color else ("text", "", "")
    if field.type == "boolean":
        return "boolean", "green" if value else "", ""
    if field.type == "reference" and text:
        return "link", "", url_for(view_name(field.options["to"]) + ".show", pk=value)
    if field.type in HREFS:
        return "link", "", HREFS[field.type] + str(value)
    if field.type == "url":
        return "link", "", str(value)
    return ("long" if field.type in ("long_text", "address") else "text"), "", ""


def view_name(entity: str) -> str:
    """Return the name of an entity's view, which is its endpoint too.

    >>> view_name("order_line")
    'OrderLineView'
    """
    return "".join(part.capitalize() for part in entity.split("_")) + "View"
