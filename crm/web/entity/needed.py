"""What a card needs for its move, such as the reason for a loss: a small form that the board shows and sends back.

Its controls are named `ask-<field>`, so that no field is taken for the card's `id`, `from`, `to` or `version`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import render_template, url_for
from werkzeug.datastructures import MultiDict

from crm.conditions import evaluate, fields_of
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, Problem
from crm.messages import render
from crm.permissions.rows import parse_trusted, scope_of
from crm.permissions.service import readable_fields
from crm.records.alike import AlikeError
from crm.records.draft import RecordDraft
from crm.records.prepare import clean_values
from crm.records.service import get_record
from crm.records.values import situation_of, title_of, values_of
from crm.web.entity.cells import view_name
from crm.web.entity.form import build_form, hidden_fields, sent_values

ASKED = "ask-"
EMPTY = (
    "record.required",
)  # that something is needed the form itself says, when it is asked for the first time


@dataclass(frozen=True)
class Move:
    """A card on its way: its record, the column it goes to, and what was typed besides."""

    record_id: int
    to: str
    typed: Mapping[str, Any]
    was_asked: bool


def move_of(session: CrmSession, entity: Entity, form: MultiDict) -> Move:
    """Return the move that a board sends."""
    text = form.get("id", "")
    record_id = int(text) if text.isdecimal() and len(text) < 19 else 0
    asked = MultiDict(
        (key.removeprefix(ASKED), value) for key, value in form.items(multi=True) if key.startswith(ASKED)
    )
    return Move(record_id, form.get("to", ""), sent_values(session, entity, asked), bool(asked))


def render_needed(session: CrmSession, entity: Entity, move: Move, error: CrmError) -> str:
    """Return the form that asks for what a refused move needs; "" where nothing that can be asked would help.

    Shape:  of a record that would look the same as others it shows these, and a button that moves it all the same.
    """
    by = entity.board.by if entity.board else ""
    record = get_record(session, entity, move.record_id)
    names = list(readable_fields(session.actor, entity))
    before = {**values_of(session, record, names), "row_version": record.row_version, "id": record.id}
    sent = {**move.typed, by: move.to}
    values = {**before, **clean_values(entity, sent, situation_of(session))[0]}
    alike = error.found if isinstance(error, AlikeError) else None
    if any(problem.field == by for problem in error.problems):
        return ""
    wanted = {problem.field for problem in error.problems} | _of_checks(session, entity, values)
    if alike is None and not any(name in names and name != by for name in wanted):
        return ""
    wanted |= set(move.typed) | _appearing(session, entity, before, values)
    problems = [problem for problem in error.problems if move.was_asked or problem.code not in EMPTY]
    form = build_form(session, entity, values, sent, problems, record.id)
    fields = [
        replace(field, name=ASKED + field.name, prefix="ask")
        for section in form.sections
        for field in section.fields
        if field.name in wanted and field.name != by and not field.read_only and field.control != "upload"
    ]
    if not fields and alike is None:
        return ""
    context = {
        "alike": alike,
        "url": lambda name, **values: url_for(f"{view_name(entity.name)}.{name}", **values),
        "fields": fields,
        "said": _said(session, problems),
        "title": title_of(entity, before, situation_of(session)),
    }
    choice = entity.fields[by].options["choices"].get(move.to)
    context["to"] = choice.label.get(session.actor.language) if choice else move.to
    return render_template("entity/_needed.html", **context)


def _of_checks(session: CrmSession, entity: Entity, values: Mapping[str, Any]) -> set[str]:
    """Return the fields that the checks which refuse these values ask about."""
    draft, scope = RecordDraft(session, entity, values, values["id"]), scope_of(session)
    trees = (parse_trusted(session.workspace, entity, check.when) for check in entity.checks)
    return {
        name
        for tree in trees
        if evaluate(tree, draft, scope)
        for of, name in fields_of(tree)
        if of == entity.name
    }


def _appearing(session: CrmSession, entity: Entity, before: Mapping, values: Mapping) -> set[str]:
    """Return the fields that the move brings into the form."""
    number = values["id"]
    return hidden_fields(session, entity, before, number) - hidden_fields(session, entity, values, number)


def _said(session: CrmSession, problems: list[Problem]) -> list[str]:
    return [render(problem, session.actor.language) for problem in problems if problem.field is None]
