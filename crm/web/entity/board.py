"""The board of an entity: one column per choice, cards that move between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import NotFoundError
from crm.fields import type_of
from crm.fields.base import Situation
from crm.fields.choice import allowed_moves
from crm.permissions.service import readable_fields, writable_fields
from crm.records.listing import ListQuery, list_records
from crm.records.service import update_record
from crm.records.values import field_of, linked_titles, situation_of, title_fields, title_of
from crm.web.entity.arguments import read_arguments
from crm.web.entity.cells import build_cell, view_name

CARDS = 20  # cards a column shows at first
MOST_CARDS = 200


def board_page(session: CrmSession, entity: Entity) -> dict[str, Any]:
    """Return what the template of a board wants."""
    board, readable = entity.board, readable_fields(session.actor, entity)
    if board is None or board.by not in readable:
        raise NotFoundError("record.not_found", entity=entity.label, id=0)
    arguments = read_arguments(entity, request.args.items(multi=True))
    situation = situation_of(session)
    totals = _totals(session, entity)
    choices = readable[board.by].options["choices"]
    open_choice = request.args.get("more", "")
    columns = [
        _column(
            session, entity, key, list(arguments.query.lines), MOST_CARDS if key == open_choice else CARDS
        )
        for key in choices
    ]
    for column in columns:
        choice = choices[column["key"]]
        column |= {
            "label": choice.label.get(situation.language),
            "color": choice.color,
            "sum": totals.get(column["key"], ""),
        }
    return {
        "columns": columns,
        "can_move": board.by in writable_fields(session.actor, entity, "update"),
        "board": board,
    }


def _column(session: CrmSession, entity: Entity, key: str, lines: list, cards: int) -> dict[str, Any]:
    by = entity.board.by
    names = tuple(dict.fromkeys((*title_fields(entity), *entity.board.card, by)))
    query = ListQuery([*lines, {"field": by, "is": key}], page_size=cards, columns=names)
    page = list_records(session, entity, query)
    situation = situation_of(session)
    titles = linked_titles(session, entity, page.rows, page.columns, situation)
    return {
        "key": key,
        "count": page.total,
        "has_more": page.has_next,
        "cards": [_card(session, entity, row, page.columns, titles, situation) for row in page.rows],
    }


def _card(
    session: CrmSession,
    entity: Entity,
    row: Mapping[str, Any],
    names: tuple,
    titles: Mapping,
    situation: Situation,
) -> dict[str, Any]:
    by = field_of(entity, entity.board.by)
    choices = by.options["choices"]
    moves = [key for key in allowed_moves(by, row[by.name]) if key != row[by.name] and key in choices]
    return {
        "id": row["id"],
        "version": row["row_version"],
        "title": title_of(entity, row, situation),
        "url": url_for(view_name(entity.name) + ".show", pk=row["id"]),
        "cells": [
            build_cell(entity, name, row, titles, situation) for name in entity.board.card if name in names
        ],
        "moves": [(key, choices[key].label.get(situation.language)) for key in moves],
    }


def _totals(session: CrmSession, entity: Entity) -> dict[str, str]:
    """Return the sum of each column as text; nothing when the summed field is not open to the reader."""
    board, readable = entity.board, readable_fields(session.actor, entity)
    if board.sum not in readable or not type_of(readable[board.sum]).stored:
        return {}
    cls, field = session.workspace.models[entity.name], readable[board.sum]
    by, value = getattr(cls, board.by), getattr(cls, type_of(field).attribute(field))
    rows = session.execute(sa.select(by, sa.func.sum(value)).group_by(by))
    situation = situation_of(session)
    return {key: type_of(field).display(field, total, situation) for key, total in rows if total is not None}


def move_card(session: CrmSession, entity: Entity, form: MultiDict) -> dict[str, Any]:
    """Move one card to another column; return its new version, the new sums, and how to take the move back.

    Errors: as `update_record`: a move that the field, a check or the actor's rights forbid.
    """
    text, to = form.get("id", ""), form.get("to", "")
    record_id = int(text) if text.isdecimal() and len(text) < 19 else 0
    version = form.get("version", "")
    seen = int(version) if version.isdecimal() else None
    record = update_record(session, entity, record_id, {entity.board.by: to}, version=seen)
    undo = undo_url(entity, record_id, entity.board.by, form.get("from", ""), to)
    toast = {"toast": {"text": gettext("Saved."), "undo": undo}} if undo else {}
    return {"id": record_id, "version": record.row_version, "sums": _totals(session, entity), **toast}


def undo_url(entity: Entity, record_id: int, name: str, before: Any, after: str) -> str:
    """Return the address that moves a choice back to what it was; "" where that is no move it allows."""
    field = entity.fields.get(name)
    if (
        field is None
        or field.type != "choice"
        or before == after
        or before not in allowed_moves(field, after)
    ):
        return ""
    return url_for(view_name(entity.name) + ".edit_field", pk=record_id, field=name, value=before)
