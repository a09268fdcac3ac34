"""One field edited where it is shown, and one change of the history undone: by the form's own checks and version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import pgettext
from werkzeug.wrappers import Response

from crm.bulk.undoing import undo_change
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import ConflictError, CrmError, NotFoundError, Problem, RecordError
from crm.messages import render
from crm.permissions.service import readable_fields
from crm.permissions.store import list_names
from crm.records.alike import AlikeError, save_and_look
from crm.records.journal import list_changes
from crm.records.service import get_record, update_record
from crm.records.values import values_of
from crm.web.entity.cells import record_url
from crm.web.entity.conflict import settle
from crm.web.entity.form import build_form, sent_values
from crm.web.forms.fields import FormField
from crm.web.serving.session import current_session

PREFIX = "inplace"  # of the control's id: the page may show the field's form as well


def field_page(entity: Entity, record_id: int, name: str) -> Response:
    """Return the control of one field, or save what it brought: 204 when it is saved, else the control with the reason.

    Errors: NotFoundError for a field that cannot be edited here.
    """
    session = current_session()
    values = _values(session, entity, record_id)
    field = _field(session, entity, values, name)
    if request.method == "GET":
        return _draw(session, entity, values, field)
    sent = {key: value for key, value in sent_values(session, entity, request.form).items() if key == name}
    version = request.form.get("_version", "")
    seen = int(version) if version.isdecimal() and len(version) < 19 else values["row_version"]
    try:
        _save(session, entity, values, sent, seen)
    except (RecordError, ConflictError) as error:
        session.rollback()
        values = _values(session, entity, record_id)
        return _draw(session, entity, values, _field(session, entity, values, name, sent, error), error)
    session.commit()
    return make_response("", 204)


def _values(session: CrmSession, entity: Entity, record_id: int) -> dict[str, Any]:
    record = get_record(session, entity, record_id)
    values = values_of(session, record, readable_fields(session.actor, entity))
    return {**values, "row_version": record.row_version, "id": record.id}


def _save(
    session: CrmSession, entity: Entity, values: Mapping[str, Any], sent: Mapping[str, Any], seen: int
) -> None:
    """Save one field; what others saved in other fields since is no conflict.

    Errors: RecordError; ConflictError with what another person wrote into this field.
    """
    if seen != values["row_version"]:
        _kept, both = settle(session, entity, values, sent, seen)
        if both:
            raise ConflictError(
                "inplace.theirs", [_with_person(session, entity, values, each) for each in both]
            )
    number, version = values["id"], values["row_version"]
    _record, found = save_and_look(
        session, entity, number, lambda: update_record(session, entity, number, sent, version=version)
    )
    if found and request.form.get("_same") != found.mark:
        raise AlikeError(entity, found)


def _with_person(session: CrmSession, entity: Entity, values: Mapping[str, Any], theirs: Problem) -> Problem:
    """Return the problem of a field that somebody else changed, with their name."""
    rows = list_changes(session, entity, values["id"], 20)
    row = next((row for row in rows if theirs.field in row["values"]), None)
    if row is None:
        return theirs
    names = (
        list_names(session.connection(), [row["user_id"]], session.actor.language) if row["user_id"] else {}
    )
    person = names.get(row["user_id"]) or row["actor_name"]
    return replace(theirs, code="inplace.theirs", params={**theirs.params, "person": person})


def _field(
    session: CrmSession,
    entity: Entity,
    values: Mapping[str, Any],
    name: str,
    sent: Mapping[str, Any] | None = None,
    error: CrmError | None = None,
) -> FormField:
    """Return the control of a field as the form of the record has it.

    Errors: NotFoundError when the form does not show it, or does not let it be edited.
    """
    problems = [each for each in error.problems if each.field == name] if error else []
    form = build_form(session, entity, values, sent, problems, values["id"])
    found = next((field for section in form.sections for field in section.fields if field.name == name), None)
    if found is None or found.read_only or found.control == "upload":
        raise NotFoundError("inplace.not_editable")
    return replace(found, prefix=PREFIX)


def _draw(
    session: CrmSession,
    entity: Entity,
    values: Mapping[str, Any],
    field: FormField,
    error: CrmError | None = None,
) -> Response:
    language, said = session.actor.language, []
    found = error.found if isinstance(error, AlikeError) else None
    if error is not None:
        others = [each for each in error.problems if each.field != field.name]
        said = [_said(entity, each, language) for each in others]
        if not error.problems:
            said.append(render(error, language))
    piece = render_template(
        "entity/_inplace.html",
        field=field,
        version=values["row_version"],
        said=said,
        same=found.mark if found else "",
        url=request.path,
        edit_url=f"/{entity.name}/edit/{values['id']}",
    )
    return make_response(piece, error.status if error else 200)


def _said(entity: Entity, problem: Problem, language: str) -> str:
    field = entity.fields.get(problem.field or "")
    sentence = render(problem, language)
    return f"{field.label.get(language)}: {sentence}" if field else sentence


def undo_page(entity: Entity, record_id: int, number: int) -> Response:
    """Undo one change of a record's history, and show the record again with what could not go back."""
    session = current_session()
    get_record(session, entity, record_id)
    try:
        kept = undo_change(session, entity, record_id, number)
    except RecordError as error:
        session.rollback()
        for problem in error.problems:
            flash(_said(entity, problem, session.actor.language), "danger")
        return redirect(record_url(entity.name, record_id))
    session.commit()
    for problem in kept:
        flash(_said(entity, problem, session.actor.language), "warning")
    flash(pgettext("message", "Undone."), "success")
    return redirect(record_url(entity.name, record_id))
