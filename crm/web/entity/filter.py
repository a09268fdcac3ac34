"""The filter of a list: an editor of its conditions, in a drawer or, without scripts, on a page of its own."""

from __future__ import annotations

import json
from typing import Any

from flask import request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.urls import iri_to_uri

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.permissions.sight import conditions_for
from crm.web.conditions.builder import (
    Editor,
    draw_conditions,
    finished_lines,
    is_pressed,
    is_sent,
    redraw_conditions,
)
from crm.web.conditions.form import BUTTON
from crm.web.conditions.pages import count_of, reader_editor
from crm.web.entity.arguments import address_with, read_arguments
from crm.web.entity.cells import view_name

NAME = "if"
LONGEST_FILTER = 8_000  # characters of an address that every browser and server takes
FIRST_ROW = MultiDict({BUTTON: f"add:{NAME}:field"})


def filter_page(session: CrmSession, entity: Entity) -> dict[str, Any]:
    """Return what the filter's template wants: the editor, with the conditions of the address or of the form."""
    editor = reader_editor(session, entity, NAME, label=gettext("All of these"))
    if is_sent(request.form, NAME):
        count = count_of(session, entity, finished_lines(editor, request.form))
        return {"editor": redraw_conditions(editor, request.form, count)}
    lines = lines_of_address(session, entity)
    return {"editor": draw_lines(editor, lines, count_of(session, entity, lines))}


def draw_lines(editor: Editor, lines: list[Any], count: str) -> Markup:
    """Return the editor; where there is no condition yet, a first one is ready to be filled in."""
    return draw_conditions(editor, lines, count) if lines else redraw_conditions(editor, FIRST_ROW, count)


def lines_of_address(session: CrmSession, entity: Entity) -> list[Any]:
    """Return the conditions in the address, those of a segment's tab aside."""
    filters = read_arguments(session, entity, request.args.items(multi=True)).filters
    return [active.line for active in filters if active.argument != "segment" and active.line is not None]


def filtered_url(session: CrmSession, entity: Entity) -> str:
    """Return the address of the list with the conditions of the form; "" where they are not ready.

    Shape:  search, segment, order and page size of the address stay; the page does not.
    """
    if is_pressed(request.form):
        return ""
    lines = finished_lines(reader_editor(session, entity, NAME), request.form)
    if conditions_for(session, entity, lines)[1]:
        return ""
    kept = [
        (name, value)
        for name, value in request.args.items(multi=True)
        if not name.startswith(("_flt", "page", "after")) and name != "where"
    ]
    where = json.dumps(lines, ensure_ascii=False) if lines else None
    url = address_with(url_for(f"{view_name(entity.name)}.list"), kept, where=where)
    return url if len(iri_to_uri(url)) <= LONGEST_FILTER else ""
