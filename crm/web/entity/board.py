"""The board of an entity: one column per choice, cards that move between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import request, url_for
from flask_babel import pgettext
from werkzeug.datastructures import MultiDict

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import NotFoundError
from crm.fields import type_of
from crm.fields.base import Situation
from crm.fields.choice import allowed_moves
from crm.messages import render
from crm.permissions.service import readable_fields, writable_fields
from crm.records.alike import AlikeError, save_and_look
from crm.records.amounts import amounts_text, currency_sql, usual_currency
from crm.records.listing import ListQuery, list_records, matching
from crm.records.order import value_of_field
from crm.records.service import update_record
from crm.records.values import currency_field, field_of, linked_titles, situation_of, title_fields, title_of
from crm.web.entity.arguments import address_with, answerable_query, read_arguments
from crm.web.entity.cells import build_cell, view_name
from crm.web.entity.list import filter_chips, told_notes
from crm.web.entity.needed import move_of
from crm.web.entity.switch import switch_of

CARDS = 20  # cards a column shows at first
MOST_CARDS = 200
NOWHERE = ""  # the column of records whose choice is empty, or is one no more


def board_page(session: CrmSession, entity: Entity) -> dict[str, Any]:
    """Return what the template of a board wants, for the request's address."""
    board, readable = entity.board, readable_fields(session.actor, entity)
    if board is None or board.by not in readable:
        raise NotFoundError("record.not_found", entity=entity.label, id=0)
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "more"]
    arguments = read_arguments(session, entity, pairs)
    query = replace(arguments.query, page=0, after=None)
    columns = [] if arguments.problems else _columns(session, entity, query, pairs)
    return {
        "columns": columns,
        "can_move": board.by in writable_fields(session.actor, entity, "update"),
        "board": board,
        "chips": filter_chips(session, entity, arguments.filters),
        "is_refused": bool(arguments.problems),
        "is_filtered": bool(arguments.filters or query.search),
        "notes": [render(note, session.actor.language) for note in told_notes(session, entity, arguments)],
        "query_string": urlencode(pairs),
        "switch": switch_of(session, entity, "board"),
    }


def _columns(
    session: CrmSession, entity: Entity, query: ListQuery, pairs: list[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Return the columns: one per choice, and a last one for records in none of them."""
    by, language = entity.fields[entity.board.by], session.actor.language
    choices, totals = by.options["choices"], _totals(session, entity, query)
    opened, found = request.args.get("more"), []
    for key in (*choices, NOWHERE):
        line = {"field": by.name, "is": key} if key else {"field": by.name, "is_none_of": list(choices)}
        asked = replace(query, lines=[*query.lines, line], page_size=MOST_CARDS if key == opened else CARDS)
        column = _column(session, entity, asked)
        if key in choices:
            column |= {"label": choices[key].label.get(language), "color": choices[key].color}
        else:
            label = pgettext("message", "Without “%(name)s”", name=by.label.get(language))
            column |= {"label": label, "color": ""}
        column |= {
            "key": key,
            "sum": totals.get(key, ""),
            "more_url": address_with(request.path, pairs, more=key) if column["has_more"] else "",
        }
        if key in choices or column["count"]:
            found.append(column)
    return found


def _column(session: CrmSession, entity: Entity, query: ListQuery) -> dict[str, Any]:
    names = tuple(dict.fromkeys((*title_fields(entity), *entity.board.card, entity.board.by)))
    page = list_records(session, entity, replace(query, columns=names))
    situation = situation_of(session)
    titles = linked_titles(session, entity, page.rows, page.columns, situation)
    return {
        "count": page.total,
        "count_is_capped": page.total_is_capped,
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
    choices, value = by.options["choices"], row[by.name]
    is_gone = value is not None and value not in choices  # its column does not say what it was
    moves = [key for key in allowed_moves(by, value) if key != value and key in choices]
    return {
        "id": row["id"],
        "version": row["row_version"],
        "title": title_of(entity, row, situation),
        "url": url_for(view_name(entity.name) + ".show", pk=row["id"]),
        "cells": [
            build_cell(entity, name, row, titles, situation)
            for name in (*entity.board.card, *([by.name] if is_gone else ()))
            if name in names
        ],
        "moves": [(key, choices[key].label.get(situation.language)) for key in moves],
    }


def _totals(session: CrmSession, entity: Entity, query: ListQuery) -> dict[str, str]:
    """Return the sum of each column as text, one figure per currency; nothing where it is not open to the reader."""
    board, readable = entity.board, readable_fields(session.actor, entity)
    if board.sum not in readable:
        return {}
    field, by = readable[board.sum], readable[board.by]
    beside = currency_field(entity, field)
    if beside is not None and beside.name not in readable:
        return {}
    situation = situation_of(session)
    column = getattr(session.workspace.models[entity.name], by.name)
    place = sa.case((column.in_(list(by.options["choices"])), column), else_=NOWHERE)
    keys = [place]
    if beside is not None:
        expression = value_of_field(session, entity, beside.name)
        keys.append(currency_sql(beside, expression, usual_currency(field, situation)))
    total = sa.func.sum(value_of_field(session, entity, field.name))
    asked = sa.select(*keys, total).where(*matching(session, entity, query)).group_by(*keys)
    found: dict[str, dict[str, Any]] = {}
    for key, *currency, amount in session.execute(asked):
        found.setdefault(key, {})[currency[0] if currency else ""] = amount
    return {key: amounts_text(field, amounts, situation) for key, amounts in found.items()}


def move_card(session: CrmSession, entity: Entity, form: MultiDict) -> dict[str, Any]:
    """Move one card to another column, with what was asked for; return its version, the sums and how to undo it.

    Errors: as `update_record`: a move that the field, a check or the actor's rights forbid; AlikeError when the record
            would look the same as another, which nobody has confirmed.
    """
    move, version = move_of(session, entity, form), form.get("version", "")
    seen = int(version) if version.isdecimal() and len(version) < 19 else None
    values = {**move.typed, entity.board.by: move.to}
    record, found = save_and_look(
        session,
        entity,
        move.record_id,
        lambda: update_record(session, entity, move.record_id, values, version=seen),
    )
    if found and form.get("_same") != found.mark:
        raise AlikeError(entity, found)
    undo = undo_url(entity, record.id, entity.board.by, form.get("from", ""), move.to)
    toast = {"toast": {"text": pgettext("message", "Saved."), "undo": undo}} if undo else {}
    query = answerable_query(session, entity, request.args.items(multi=True))
    sums = dict.fromkeys((*entity.fields[entity.board.by].options["choices"], NOWHERE), "")
    sums |= _totals(session, entity, query)
    return {"id": record.id, "version": record.row_version, "sums": sums, **toast}


def undo_url(entity: Entity, record_id: int, name: str, before: Any, after: str) -> str:
    """Return the address that moves a choice back to what it was; "" where that is no move it allows."""
    field = entity.fields.get(name)
    if (
        field is None
        or not type_of(field).chooses_one
        or before == after
        or before not in allowed_moves(field, after)
    ):
        return ""
    return url_for(view_name(entity.name) + ".edit_field", pk=record_id, field=name, value=before)
