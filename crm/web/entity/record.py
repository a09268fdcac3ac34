"""One record as its page draws it: facts at the side, timeline and children as tabs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import pgettext

from crm.database import CrmSession
from crm.entities.model import Entity, Inverse
from crm.fields import type_of
from crm.fields.choice import allowed_moves
from crm.permissions.rows import may_touch
from crm.permissions.service import readable_fields, writable_fields
from crm.records.listing import ListQuery, list_records
from crm.records.notes import notes_on
from crm.records.timeline import Cursor, history_of, timeline_of
from crm.records.values import linked_titles, situation_of, title_of, values_of
from crm.web.entity.buttons import drawn_buttons
from crm.web.entity.cells import Cell, build_cell, view_name
from crm.web.entity.next_step import AT, ways_to_plan
from crm.web.forms.fields import FormField

CHILDREN_SHOWN = 20
CHILD_COLUMNS = 5
COMPOSER_KINDS = 5


def record_page(session: CrmSession, entity: Entity, record: Any, before: str = "") -> dict[str, Any]:
    """Return what the template of a record page wants; `before` is where a page of its timeline begins."""
    timeline = timeline_of(session, entity, record.id, Cursor.read(before))
    situation = situation_of(session)
    readable = readable_fields(session.actor, entity)
    names = [*readable, "id", "created_at", "created_by", "updated_at"]
    values = values_of(session, record, names)
    titles = linked_titles(session, entity, [values], names, situation)
    cells = {name: build_cell(entity, name, values, titles, situation) for name in names}
    sections = [
        (
            section.label.get(situation.language) if section.label else "",
            [cells[name] for name in section.fields if name in cells],
        )
        for section in entity.form
    ]
    can = {deed for deed in ("update", "delete") if may_touch(session, entity, deed, record.id)}
    return {
        "record_id": record.id,
        "title": title_of(entity, values, situation),
        "sections": [(label, found) for label, found in sections if found],
        "can": can,
        "editable": editable_names(session, entity) if "update" in can else frozenset(),
        "inplace_url": f"/{entity.name}/field/{record.id}/",
        "contacts": [
            cells[name] for name, field in readable.items() if type_of(field).reaches and values[name]
        ],
        "status": _status(session, entity, values, cells, "update" in can),
        "made": cells["created_at"].text,
        "changed": cells["updated_at"].text,
        "composer": _composer(session, entity),
        "buttons": drawn_buttons(session, entity, record.id),
        "notes": notes_on(session, entity, record),
        "entity_endpoint": lambda child: view_name(child.name),
        "timeline": timeline.entries,
        "older": timeline.older,
        "history": history_of(session, entity, record.id),
        "children": [
            found
            for inverse in entity.inverses.values()
            if (found := _children(session, entity, inverse, record.id))
        ],
    }


def editable_names(session: CrmSession, entity: Entity) -> frozenset[str]:
    """Return the fields that can be edited where they are shown, as far as the record itself lets them."""
    fields = writable_fields(session.actor, entity, "update")
    return frozenset(name for name, field in fields.items() if not type_of(field).holds_files)


def _status(
    session: CrmSession,
    entity: Entity,
    values: Mapping[str, Any],
    cells: Mapping[str, Cell],
    may_change: bool,
) -> dict[str, Any] | None:
    """Return the record's main choice with the moves it has now: the board's, else the first coloured one."""
    readable = readable_fields(session.actor, entity)
    wanted = (
        entity.board.by
        if entity.board
        else next((n for n, f in readable.items() if type_of(f).chooses_one), "")
    )
    field = readable.get(wanted)
    if field is None or values.get(wanted) is None:
        return None
    choices, language = field.options["choices"], session.actor.language
    moves = (
        allowed_moves(field, values[wanted])
        if may_change and wanted in writable_fields(session.actor, entity, "update")
        else ()
    )
    return {
        "field": wanted,
        "cell": cells[wanted],
        "moves": [
            (key, choices[key].label.get(language), choices[key].color)
            for key in moves
            if key != values[wanted]
        ],
    }


def _composer(session: CrmSession, entity: Entity) -> dict[str, Any] | None:
    """Return what writes into the timeline: the first kind of child that says when, of what kind and what."""
    for inverse in entity.inverses.values():
        child = session.workspace.schema.entities[inverse.entity]
        places = child.options.get("timeline") or {}
        fields = writable_fields(session.actor, child, "create")
        needed = {places.get("kind"), places.get("title"), inverse.field}
        if "create" not in session.actor.rights(child.name).can or not needed <= set(fields):
            continue
        kind = fields[places["kind"]]
        language = session.actor.language
        choices = [(key, choice.label.get(language)) for key, choice in kind.options["choices"].items()]
        return {
            "url": url_for(view_name(child.name) + ".add"),
            "reference": inverse.field,
            "title": places["title"],
            "kind": places["kind"],
            "kind_label": kind.label.get(language),
            "kinds": choices[:COMPOSER_KINDS],
            "ways": ways_to_plan(session, child),
            "moment": FormField(AT, pgettext("label", "Date and time"), "datetime", prefix="compose"),
            "once": secrets.token_urlsafe(12),
            "revision": session.workspace.number,
        }
    return None


def _children(session: CrmSession, entity: Entity, inverse: Inverse, record_id: int) -> dict[str, Any] | None:
    """Return one tab: the newest children through one reference; None when the reader may see none of the kind."""
    child = session.workspace.schema.entities[inverse.entity]
    rights = session.actor.rights(child.name)
    if "read" not in rights.can or inverse.field in rights.hidden:
        return None
    columns = [name for name in child.columns if name != inverse.field][:CHILD_COLUMNS]
    query = ListQuery(
        [{"field": inverse.field, "is": record_id}], page_size=CHILDREN_SHOWN, columns=tuple(columns)
    )
    page = list_records(session, child, query)
    situation = situation_of(session)
    shown = [name for name in columns if name in page.columns]
    titles = linked_titles(session, child, page.rows, shown, situation)
    view = view_name(child.name)
    return {
        "key": inverse.name,
        "label": inverse.label.get(situation.language),
        "count": page.total,
        "columns": [
            (child.fields[name].label if name in child.fields else child.label).get(situation.language)
            for name in shown
        ],
        "lines": [
            (
                url_for(view + ".show", pk=row["id"]),
                [build_cell(child, name, row, titles, situation) for name in shown],
            )
            for row in page.rows
        ],
        "add_url": url_for(view + ".add", **{inverse.field: record_id}) if "create" in rights.can else "",
        "add_label": child.label,
        "all_url": url_for(view + ".list", **{f"_flt_0_{inverse.field}": record_id}),
        "field_types": [
            type_of(child.fields[name]).aligned_end if name in child.fields else False for name in shown
        ],
    }
