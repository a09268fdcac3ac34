"""What an admin does to the form, the duplicate rules and the checks of an entity: from a body to a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.drafts.edits import Body, fields_of
from crm.drafts.keys import ENTITY_ORDER, INNER_ORDER, moved, put_key

# The sections of the form


def sections_of(body: Body) -> list[Body]:
    """Return the sections of the form as they are written."""
    found = body.get("form")
    return [section for section in found if isinstance(section, Mapping)] if isinstance(found, list) else []


def unplaced(body: Body) -> list[str]:
    """Return the fields that no section names; the form shows them in a last one."""
    placed = {name for section in sections_of(body) for name in section.get("fields") or ()}
    return [name for name in fields_of(body) if name not in placed]


def add_section(body: Body, label: Any) -> dict[str, Any]:
    """Add an empty section at the end of the form."""
    section = put_key({"fields": []}, "section", label, INNER_ORDER["form"])
    return _with_form(body, [*sections_of(body), section])


def name_section(body: Body, place: int, label: Any) -> dict[str, Any]:
    """Give a section another heading; nothing leaves it without one."""
    sections = sections_of(body)
    sections[place] = put_key(sections[place], "section", label, INNER_ORDER["form"])
    return _with_form(body, sections)


def set_columns(body: Body, place: int, columns: int) -> dict[str, Any]:
    """Give a section one column, or two as usual."""
    sections = sections_of(body)
    sections[place] = put_key(
        sections[place], "columns", columns if columns == 1 else None, INNER_ORDER["form"]
    )
    return _with_form(body, sections)


def move_section(body: Body, place: int, steps: int) -> dict[str, Any]:
    """Move a section up (negative) or down."""
    order = moved(list(range(len(sections_of(body)))), place, steps)
    return _with_form(body, [sections_of(body)[each] for each in order])


def remove_section(body: Body, place: int) -> dict[str, Any]:
    """Take a section away; its fields are placed nowhere then, and none is lost."""
    return _with_form(body, [each for number, each in enumerate(sections_of(body)) if number != place])


def place_field(body: Body, name: str, section: int | None, place: int | None = None) -> dict[str, Any]:
    """Put a field into a section, at the end or at a place in it; None takes it out of all."""
    sections = []
    for number, each in enumerate(sections_of(body)):
        names = [word for word in each.get("fields") or () if word != name]
        if number == section:
            names.insert(len(names) if place is None else max(0, place), name)
        sections.append({**each, "fields": names})
    return _with_form(body, sections)


def step_field(body: Body, name: str, steps: int) -> dict[str, Any]:
    """Move a field up (negative) or down within its section."""
    sections = []
    for each in sections_of(body):
        names = list(each.get("fields") or ())
        sections.append({**each, "fields": moved(names, name, steps)} if name in names else each)
    return _with_form(body, sections)


def _with_form(body: Body, sections: list[Body]) -> dict[str, Any]:
    return put_key(body, "form", [dict(section) for section in sections], ENTITY_ORDER)


# Lists of things: checks and duplicate rules


def items_of(body: Body, key: str) -> list:
    """Return what a key holds as a list."""
    found = body.get(key)
    return list(found) if isinstance(found, list) else []
