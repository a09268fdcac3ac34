"""The list of an entity as its page draws it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import request, url_for
from flask_babel import gettext, pgettext

from crm.conditions import say
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import Problem
from crm.fields import type_of
from crm.messages import render
from crm.permissions.service import readable_fields, require
from crm.permissions.sight import (
    conditions_for,
    narrowed_by_rights,
    readable_schema,
    told_in_labels,
    told_narrowed,
)
from crm.records.buttons import shown_buttons
from crm.records.listing import ListQuery, Page, list_records
from crm.records.values import field_of, linked_titles, situation_of, title_fields, title_of
from crm.web.entity.arguments import (
    ActiveFilter,
    ListArguments,
    address_with,
    address_without,
    read_arguments,
)
from crm.web.entity.bulk import may_assign
from crm.web.entity.cells import Cell, build_cell, record_url, view_name
from crm.web.entity.merge import may_merge
from crm.web.entity.record import editable_names
from crm.web.entity.saved_views import list_views, may_share
from crm.web.entity.switch import switch_of
from crm.web.skin import number

SHOWN_COLUMNS = 7
PAGE_SIZES = (25, 50, 100)


@dataclass(frozen=True)
class Column:
    """The head of one column: where a click on it leads, and how it is sorted now."""

    name: str
    label: str
    sort_url: str
    sorted: str
    is_number: bool


@dataclass(frozen=True)
class Line:
    """One record of the list."""

    id: int
    title: str
    url: str
    cells: list[Cell]


def list_page(session: CrmSession, entity: Entity) -> dict[str, Any]:
    """Return what the template of a list wants, for the request's address."""
    require(session.actor, "read", entity)
    arguments = read_arguments(session, entity, request.args.items(multi=True))
    wanted = tuple(dict.fromkeys((*title_fields(entity), *entity.columns[:SHOWN_COLUMNS])))
    page = shown_page(session, entity, arguments, replace(arguments.query, columns=wanted))
    situation = situation_of(session)
    shown = [name for name in entity.columns[:SHOWN_COLUMNS] if name in page.columns]
    titles = linked_titles(session, entity, page.rows, shown, situation)
    told = [*told_notes(session, entity, arguments), *page.notes]
    notes = [render(note, situation.language) for note in told]
    return {
        "entity": entity,
        "view": view_name(entity.name),
        "columns": [_column(entity, name, page, situation.language) for name in shown],
        "lines": [_line(entity, row, shown, titles, situation) for row in page.rows],
        "count": _count_text(page),
        "total": page.total,
        "is_filtered": bool(arguments.filters or arguments.query.search),
        "is_refused": bool(arguments.problems),
        "editable": editable_names(session, entity),
        "inplace_url": f"/{entity.name}/field/",
        "can_assign": may_assign(session, entity),
        "can_merge": may_merge(session, entity),
        "buttons": [
            {"name": button.name, "label": button.label.get(situation.language)}
            for button in shown_buttons(session, entity)
        ],
        "may_share": may_share(session.actor, entity.name),
        "search": arguments.query.search,
        "chips": filter_chips(session, entity, arguments.filters),
        "tabs": _tabs(session, entity, arguments, situation.language),
        "notes": notes,
        "switch": switch_of(session, entity, "list"),
        "query_string": request.query_string.decode("utf-8", "replace"),
        "segment_of": _as_segment(entity, arguments),
        **_foot(page, arguments),
    }


def _as_segment(entity: Entity, arguments: ListArguments) -> str:
    """Return the arguments of the page that makes a segment of the filters; "" without any."""
    lines = [found.line for found in arguments.filters if found.line is not None]
    where = json.dumps(lines, ensure_ascii=False)
    return urlencode({"entity": entity.name, "where": where}) if lines and not arguments.problems else ""


def _column(entity: Entity, name: str, page: Page, language: str) -> Column:
    field = field_of(entity, name)
    current = next((("desc" if down else "asc") for key, down in page.order if key == name), "")
    turned = "desc" if current == "asc" else "asc"
    pairs = list(request.args.items(multi=True))
    url = address_with(request.path, pairs, _oc=None, _od=None, page=None, after=None)
    url += (
        "&" if "?" in url else "?"
    ) + f"_oc_{view_name(entity.name)}={name}&_od_{view_name(entity.name)}={turned}"
    return Column(name, field.label.get(language), url, current, type_of(field).aligned_end)


def _line(entity: Entity, row: Mapping, shown: list[str], titles: Mapping, situation: Any) -> Line:
    url = record_url(entity.name, row["id"])
    cells = [build_cell(entity, name, row, titles, situation) for name in shown]
    return Line(row["id"], title_of(entity, row, situation), url, cells)


def _count_text(page: Page) -> str:
    return number(page.total) + "+" if page.total_is_capped else number(page.total)


def told_notes(session: CrmSession, entity: Entity, arguments: ListArguments) -> list[Problem]:
    """Return what was not understood, and of which records that filters ask about the reader sees a part only."""
    if arguments.problems or not arguments.filters:
        return arguments.notes
    tree, _problems = conditions_for(session, entity, [found.line for found in arguments.filters])
    others = (
        found for found in narrowed_by_rights(session, entity, tree) if found.entity.name != entity.name
    )
    return [*arguments.notes, *told_narrowed(others)]


def filter_chips(session: CrmSession, entity: Entity, filters: list[ActiveFilter]) -> list[dict[str, Any]]:
    """Return the filters as sentences, each with the address that takes it away; what is wrong with one is said."""
    pairs, language, found = list(request.args.items(multi=True)), session.actor.language, []
    for active in filters:
        if active.argument == "segment" and not active.problems:
            continue  # its tab shows it
        if active.problems:
            text = " ".join(told_in_labels(session, entity, each) for each in active.problems)
        else:
            tree, _problems = conditions_for(session, entity, [active.line])
            text = say(tree, entity, readable_schema(session), language)
        url = address_without(request.path, pairs, active)
        found.append({"label": text, "remove_url": url, "is_broken": bool(active.problems)})
    return found


def shown_page(session: CrmSession, entity: Entity, arguments: ListArguments, query: ListQuery) -> Page:
    """Return the page a list shows: nothing where a filter cannot be applied, never more than was asked for."""
    if not arguments.problems:
        return list_records(session, entity, query)
    readable = readable_schema(session).entities[entity.name]
    columns = tuple(name for name in query.columns or () if name in readable.fields)
    return Page([], 0, False, False, columns, ())


def _tabs(
    session: CrmSession, entity: Entity, arguments: ListArguments, language: str
) -> list[dict[str, Any]]:
    """Return the views above the list: everything, mine, the entity's segments, and what people saved."""
    path = url_for(view_name(entity.name) + ".list")
    current = request.query_string.decode("utf-8", "replace")
    tabs = [{"label": pgettext("view", "All"), "url": path, "active": not request.args}]
    owner = next(
        (
            name
            for name, field in readable_fields(session.actor, entity).items()
            if type_of(field).points == "user"
        ),
        None,
    )
    if owner and session.actor.user_id:
        where = address_with(path, [], where=json.dumps([{"field": owner, "is": "me"}]))
        tabs.append({"label": pgettext("view", "Mine"), "url": where, "active": request.full_path == where})
    for name, segment in session.workspace.schema.parts.get("segment", {}).items():
        if segment is not None and segment.entity == entity.name:
            url = address_with(path, [], segment=name)
            tabs.append(
                {"label": segment.label.get(language), "url": url, "active": arguments.segment == name}
            )
    for saved in list_views(session, entity.name):
        url = f"{path}?{saved['query']}"
        tabs.append({"label": saved["name"], "url": url, "active": current == saved["query"], "saved": saved})
    return tabs


def _foot(page: Page, arguments: ListArguments) -> dict[str, Any]:
    """Return the foot: what is shown, the page before and after, other sizes."""
    query, pairs = arguments.query, list(request.args.items(multi=True))
    first = query.page * query.page_size + 1
    last = first + len(page.rows) - 1
    text = gettext(
        "%(first)s–%(last)s of %(total)s", first=number(first), last=number(last), total=_count_text(page)
    )

    def to(place: int) -> str:
        return address_with(request.path, pairs, page=place or None, after=None)

    return {
        "foot": text if page.rows else "",
        "previous_url": to(query.page - 1) if query.page > 0 else "",
        "next_url": to(query.page + 1) if page.has_next else "",
        "page_size": query.page_size,
        "sizes": [(size, address_with(request.path, pairs, psize=size, page=None)) for size in PAGE_SIZES],
    }
