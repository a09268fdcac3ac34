"""What is done with the records selected in a list: a field is chosen, the outcome is reviewed, and a job begins.

What the page itself sends has names with an underscore in front, so that no field is taken for it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa
from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext, pgettext
from werkzeug.wrappers import Response

from crm.bulk import service, store
from crm.bulk.service import Forecast, Which
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, RecordError
from crm.fields import type_of
from crm.fields.base import Field
from crm.messages import render
from crm.permissions.service import require, writable_fields
from crm.records.buttons import find_button
from crm.records.values import situation_of, title_fields, title_of, values_of
from crm.web.entity.arguments import answerable_query, record_number
from crm.web.entity.buttons import draw_button, typed_inputs
from crm.web.entity.cells import record_url, view_name
from crm.web.entity.form import FormMaker, sent_values
from crm.web.entity.merge import merge_page
from crm.web.forms.fields import FormField, Option
from crm.web.rest.bulk import begin
from crm.web.serving.session import current_session
from crm.web.skin import number as in_figures

ACTIONS = ("edit", "assign", "delete", "export", "merge", "button")
RUN = "run"
MOST_NAMED = 3  # records that are named for each reason


@dataclass(frozen=True)
class Chosen:
    """The records that were ticked, or all of a list's filter; `query` is the list's address to go back to."""

    ids: tuple[int, ...]
    is_all: bool
    query: str

    def which(self, session: CrmSession, entity: Entity) -> Which:
        """Return them as a deed wants them.

        Errors: QueryError for an address that cannot be applied.
        """
        if not self.is_all:
            return Which(self.ids)
        return Which(query=answerable_query(session, entity, parse_qsl(self.query, keep_blank_values=True)))

    def count(self, session: CrmSession, entity: Entity) -> int:
        """Return how many there are."""
        return sum(1 for _each in self.which(session, entity).find(session, entity))

    def sent_again(self) -> list[tuple[str, str]]:
        """Return the hidden controls that say the same in the next form."""
        kept = [("_query", self.query)]
        if self.is_all:
            return [*kept, ("_all", "1")]
        return [*kept, *(("rowid", str(each)) for each in self.ids)]


def read_chosen() -> Chosen:
    """Return what the request says was selected."""
    ids = tuple(dict.fromkeys(record_number(value) for value in request.form.getlist("rowid")))
    return Chosen(ids, request.form.get("_all") == "1", request.form.get("_query", "")[:4_000])


def is_reviewed() -> bool:
    """Return whether a request only asks: nothing is deleted to see what would become of it."""
    return request.form.get("_step") != RUN and request.form.get("_action") != "delete"


def bulk_page(entity: Entity) -> Response:
    """Do the next step of what was chosen for the selected records."""
    session, chosen = current_session(), read_chosen()
    action = request.form.get("_action", "button" if "_button" in request.form else "")
    require(session.actor, "read", entity)
    if action not in ACTIONS or not (chosen.ids or chosen.is_all):
        return redirect(back_to(entity, chosen))
    if action == "export":
        return redirect(export_url(entity, chosen))
    if action == "merge":
        return merge_page(entity, chosen.ids, back_to(entity, chosen))
    if action == "button":
        return _press(session, entity, chosen)
    if action == "delete":
        return _deletion(session, entity, chosen)
    return _edit(session, entity, chosen, action)


def back_to(entity: Entity, chosen: Chosen) -> str:
    """Return the address of the list one came from."""
    path = url_for(f"{view_name(entity.name)}.list")
    return f"{path}?{chosen.query}" if chosen.query else path


def export_url(entity: Entity, chosen: Chosen) -> str:
    """Return the address that hands the selected records out."""
    if chosen.is_all:
        return f"/export/{entity.name}?{chosen.query}"
    where = json.dumps([{"field": "id", "is_one_of": list(chosen.ids)}])
    return f"/export/{entity.name}?{urlencode({'where': where})}"


def fields_for(session: CrmSession, entity: Entity, action: str) -> dict[str, Field]:
    """Return the fields that can be set for many records: those of users, to assign them."""
    require(session.actor, "update", entity)
    return {
        name: field
        for name, field in writable_fields(session.actor, entity, "update").items()
        if not type_of(field).holds_files and (action != "assign" or type_of(field).points == "user")
    }


def may_assign(session: CrmSession, entity: Entity) -> bool:
    """Return whether the actor can give such records to somebody."""
    can = session.actor.rights(entity.name).can
    return "update" in can and bool(fields_for(session, entity, "assign"))


def _edit(session: CrmSession, entity: Entity, chosen: Chosen, action: str) -> Response:
    fields = fields_for(session, entity, action)
    asked = request.form.get("_field", "")
    name = asked if asked in fields else next(iter(fields), "") if len(fields) == 1 else ""
    context: dict[str, Any] = {
        "action": action,
        "fields": fields,
        "field": None,
        "forecast": None,
        "problems": [],
    }
    if not name:
        return _draw(session, entity, chosen, context)
    sent = {key: value for key, value in sent_values(session, entity, request.form).items() if key == name}
    step, error = request.form.get("_step", ""), None
    try:
        if step == RUN and sent:
            number = service.start_edit(session, entity, chosen.which(session, entity), sent, "form")
            return _begun(entity, chosen, number)
        if step == "check" and sent:
            found = service.foresee_edit(session, entity, chosen.which(session, entity), sent, "form")
            context["forecast"] = told_forecast(session, entity, found)
    except RecordError as refused:
        session.rollback()
        error = refused
    context["field"] = control_for(session, entity, fields[name], sent, error)
    return _draw(session, entity, chosen, context, error)


def control_for(
    session: CrmSession, entity: Entity, field: Field, sent: Mapping[str, Any], error: CrmError | None
) -> FormField:
    """Return the control of one field for many records: every choice, and none of it needed."""
    maker = FormMaker(session, entity, {"id": None}, sent, list(error.problems) if error else [])
    found = maker.build(field, lambda _lines: False)
    options = found.options
    if "choices" in field.options:
        language = session.actor.language
        options = tuple(
            Option(key, choice.label.get(language), choice.color)
            for key, choice in field.options["choices"].items()
        )
    return replace(found, options=options, required=False, read_only=False)


def _deletion(session: CrmSession, entity: Entity, chosen: Chosen) -> Response:
    which = chosen.which(session, entity)
    if request.form.get("_step") == RUN:
        return _begun(entity, chosen, service.start_delete(session, entity, which))
    found = service.foresee_delete(session, entity, which)
    context = {
        "action": "delete",
        "fields": {},
        "field": None,
        "forecast": told_forecast(session, entity, found),
    }
    return _draw(session, entity, chosen, {**context, "problems": []})


def _press(session: CrmSession, entity: Entity, chosen: Chosen) -> Response:
    button = find_button(session, entity, request.form.get("_button", ""))
    sent, error = typed_inputs(button, request.form), None
    if request.form.get("_step") == RUN:
        try:
            which = chosen.which(session, entity)
            return _begun(entity, chosen, service.start_press(session, entity, which, button.name, sent))
        except RecordError as refused:
            session.rollback()
            error = refused
    context: dict[str, Any] = {"action": "button", "fields": {}, "field": None, "forecast": None}
    drawn = draw_button(session, button, sent, error.problems if error else ())
    return _draw(session, entity, chosen, {**context, "button": drawn}, error)


def _begun(entity: Entity, chosen: Chosen, number: int) -> Response:
    """Begin a job; one that is done at once without exceptions leads back to the list, others to their page."""
    begin(number)
    session = current_session()
    job = service.get_job(session, number)
    if job["state"] != store.DONE or job["refused"]:
        return redirect(url_for("JobView.show", number=number))
    can_undo = job["changed"] and job["kind"] != "button"
    text = ngettext("One record changed.", "%(num)s records changed.", job["changed"])
    if job["kind"] == "button":
        text = ngettext("Started for one record.", "Started for %(num)s records.", job["changed"])
    if job["kind"] == "delete":
        text = ngettext("One record is in the bin.", "%(num)s records are in the bin.", job["changed"])
    flash({"text": text, "undo": url_for("JobView.undo", number=number) if can_undo else ""}, "success")
    return redirect(back_to(entity, chosen))


def told_forecast(session: CrmSession, entity: Entity, found: Forecast) -> dict[str, Any]:
    """Return a forecast in words: how many, and for each reason how many not, with some of them named."""
    language = session.actor.language
    reasons: Counter[str] = Counter()
    named: dict[str, list[int]] = {}
    for record_id, problems in found.refused.items():
        for sentence in dict.fromkeys(render(problem, language) for problem in problems):
            reasons[sentence] += 1
            named.setdefault(sentence, []).append(record_id)
    titles = titles_of(session, entity, {each for ids in named.values() for each in ids[:MOST_NAMED]})
    return {
        "total": found.total,
        "looked_at": found.looked_at,
        "changed": found.changed,
        "refused": len(found.refused),
        "unchanged": found.looked_at - found.changed - len(found.refused),
        "may_run": found.total > found.looked_at or found.changed > 0,
        "reasons": [
            {
                "sentence": sentence,
                "count": in_figures(count),
                "records": [
                    (titles[each], record_url(entity.name, each))
                    for each in named[sentence][:MOST_NAMED]
                    if each in titles
                ],
            }
            for sentence, count in reasons.most_common()
        ],
    }


def titles_of(session: CrmSession, entity: Entity, ids: set[int]) -> dict[int, str]:
    """Return the titles of records the actor may see."""
    cls, situation = session.workspace.models[entity.name], situation_of(session)
    names = [name for name in title_fields(entity) if name not in session.actor.rights(entity.name).hidden]
    return {
        record.id: title_of(entity, values_of(session, record, [*names, "id"]), situation)
        for record in session.scalars(sa.select(cls).where(cls.id.in_(sorted(ids))))
    }


def _draw(
    session: CrmSession,
    entity: Entity,
    chosen: Chosen,
    context: Mapping[str, Any],
    error: CrmError | None = None,
) -> Response:
    count, language = chosen.count(session, entity), session.actor.language
    titles = {
        "edit": pgettext("title", "Edit field"),
        "assign": pgettext("title", "Assign"),
        "delete": pgettext("title", "Delete"),
        "button": context["button"].label if "button" in context else "",
    }
    problems = list(error.problems) or [error.as_problem()] if error else []
    page = render_template(
        "entity/bulk.html",
        entity=entity,
        title=titles[context["action"]],
        count=count,
        subtitle=gettext(
            "%(entity)s: %(count)s selected", entity=entity.plural.get(language), count=in_figures(count)
        ),
        kept=chosen.sent_again(),
        cancel_url=back_to(entity, chosen),
        url=url_for(f"{view_name(entity.name)}.bulk"),
        choices=[(name, field.label.get(language)) for name, field in context["fields"].items()],
        **{**context, "problems": [render(problem, language) for problem in problems if not problem.field]},
    )
    return make_response(page, error.status if error else 200)
