"""Merging on pages: which record stays and whose values are kept, side by side; and the list of possible duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import pgettext
from werkzeug.wrappers import Response

from crm.bulk.merging import MOST, Merge, fields_that_differ, merge_records
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import ConflictError, CrmError, RecordError
from crm.fields import type_of
from crm.messages import render
from crm.permissions.service import readable_fields, require
from crm.records.distinct import say_not_same
from crm.records.doubles import Doubles, list_doubles
from crm.records.prepare import is_empty
from crm.records.values import linked_titles, situation_of, title_of, values_of
from crm.web.entity.arguments import record_number
from crm.web.entity.cells import build_cell, record_url, view_name
from crm.web.notifications import read_before
from crm.web.serving.session import current_session

PICK = "pick-"  # before the names of fields
RUN = "run"
SHOWN = 4  # fields of each record in the list of duplicates


def may_merge(session: CrmSession, entity: Entity) -> bool:
    """Return whether the actor might merge records of an entity."""
    return {"read", "update", "delete"} <= session.actor.rights(entity.name).can


def merge_page(entity: Entity, ids: Sequence[int], back: str) -> Response:
    """Show what would become of two or three records, or merge them as chosen."""
    session = current_session()
    for deed in ("read", "update", "delete"):
        require(session.actor, deed, entity)
    records = _records(session, entity, ids)
    if not 1 < len(records) <= MOST:
        flash(render(RecordError("merge.two_or_three"), session.actor.language), "warning")
        return redirect(back)
    if request.form.get("_step") != RUN:
        return _draw(session, entity, records, back)
    try:
        job = merge_records(session, entity, _chosen(entity, records))
    except (RecordError, ConflictError) as error:
        session.rollback()
        return _draw(session, entity, _records(session, entity, ids), back, error)
    session.commit()
    into = record_number(request.form.get("_into", ""))
    flash({"text": pgettext("message", "Merged."), "undo": url_for("JobView.undo", number=job)}, "success")
    return redirect(record_url(entity.name, into))


def _records(session: CrmSession, entity: Entity, ids: Sequence[int]) -> list[Any]:
    cls = session.workspace.models[entity.name]
    asked = sa.select(cls).where(cls.id.in_(list(ids)[: MOST + 1])).order_by(cls.id)
    return list(session.scalars(asked.execution_options(populate_existing=True)))


def _chosen(entity: Entity, records: Sequence[Any]) -> Merge:
    """Return the merge that the form says."""
    numbers = [record.id for record in records]
    into = record_number(request.form.get("_into", ""))
    values = {
        name.removeprefix(PICK): record_number(value)
        for name, value in request.form.items()
        if name.startswith(PICK) and name.removeprefix(PICK) in entity.fields
    }
    seen = {number: request.form.get(f"_version-{number}", "") for number in numbers}
    versions = {number: int(text) for number, text in seen.items() if text.isdecimal() and len(text) < 19}
    return Merge(into, tuple(number for number in numbers if number != into), values, versions)


def _draw(
    session: CrmSession, entity: Entity, records: Sequence[Any], back: str, error: CrmError | None = None
) -> Response:
    names = [*readable_fields(session.actor, entity), "id", "row_version"]
    rows = [
        {**values_of(session, record, names[:-1]), "row_version": record.row_version} for record in records
    ]
    differing = fields_that_differ(session, entity, rows)
    situation = situation_of(session)
    titles = linked_titles(session, entity, rows, list(differing), situation)
    asked = request.form.get("_into", "")
    into = next((row["id"] for row in rows if str(row["id"]) == asked), rows[0]["id"])
    problems = list(error.problems) or [error.as_problem()] if error else []
    page = render_template(
        "entity/merge.html",
        entity=entity,
        url=url_for(f"{view_name(entity.name)}.bulk"),
        query=request.form.get("_query", ""),
        back=back,
        into=into,
        problems=[_said(entity, problem, situation.language) for problem in problems],
        records=[
            {"id": row["id"], "version": row["row_version"], "title": title_of(entity, row, situation)}
            for row in rows
        ],
        fields=[
            {
                "name": PICK + name,
                "label": field.label.get(situation.language),
                "chosen": _picked(name, rows, into),
                "cells": [(row["id"], build_cell(entity, name, row, titles, situation)) for row in rows],
            }
            for name, field in differing.items()
        ],
    )
    return make_response(page, error.status if error else 200)


def _said(entity: Entity, problem: Any, language: str) -> str:
    sentence = render(problem, language)
    field = entity.fields.get(problem.field or "")
    return (
        pgettext("problem", "%(field)s: %(problem)s", field=field.label.get(language), problem=sentence)
        if field
        else sentence
    )


def _picked(name: str, rows: Sequence[Mapping[str, Any]], into: int) -> int:
    """Return whose value is chosen: as it was sent; else that of the record that stays, or the first that has one."""
    sent = request.form.get(PICK + name, "")
    if any(str(row["id"]) == sent for row in rows):
        return int(sent)
    ordered = sorted(rows, key=lambda row: row["id"] != into)
    return next((row["id"] for row in ordered if not is_empty(row.get(name))), into)


def doubles_page(entity: Entity) -> Response:
    """Show which records look the same, or remember that some do not."""
    session = current_session()
    if request.method == "POST":
        say_not_same(session, entity, [record_number(value) for value in request.form.getlist("rowid")])
        session.commit()
        flash(pgettext("message", "Saved."), "success")
        return redirect(url_for(f"{view_name(entity.name)}.duplicates"))
    found = list_doubles(session, entity, read_before(request.args.get("before")))
    page = render_template(
        "entity/duplicates.html",
        entity=entity,
        groups=[_group(session, entity, each) for each in found.groups],
        next_url=url_for(f"{view_name(entity.name)}.duplicates", before=found.before) if found.before else "",
        may_merge=may_merge(session, entity),
        may_say="update" in session.actor.rights(entity.name).can,
        most=MOST,
        url=url_for(f"{view_name(entity.name)}.bulk"),
        back=url_for(f"{view_name(entity.name)}.list"),
    )
    return make_response(page)


def _group(session: CrmSession, entity: Entity, found: Doubles) -> dict[str, Any]:
    """Return one group as the page shows it."""
    cls, situation = session.workspace.models[entity.name], situation_of(session)
    readable = readable_fields(session.actor, entity)
    names = list(dict.fromkeys([*(field.name for field in found.fields), *entity.columns]))
    shown = [name for name in names if name in readable and not type_of(readable[name]).holds_files][:SHOWN]
    records = session.scalars(sa.select(cls).where(cls.id.in_(found.ids)).order_by(cls.id)).all()
    rows = [values_of(session, record, [*readable, "id"]) for record in records]
    titles = linked_titles(session, entity, rows, shown, situation)
    return {
        "fields": ", ".join(field.label.get(situation.language) for field in found.fields),
        "more": found.more,
        "lines": [
            {
                "id": row["id"],
                "title": title_of(entity, row, situation),
                "url": record_url(entity.name, row["id"]),
                "cells": [build_cell(entity, name, row, titles, situation) for name in shown],
            }
            for row in rows
        ],
    }
