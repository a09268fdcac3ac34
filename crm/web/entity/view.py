"""The pages of one entity: list, record, form, board, calendar, and what can be done from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from flask import abort, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import pgettext
from werkzeug.wrappers import Response

from crm.entities.model import Entity
from crm.errors import ConflictError, CrmError, Problem, RecordError
from crm.fields import type_of
from crm.messages import render
from crm.permissions.service import require
from crm.records.alike import AlikeError, save_and_look
from crm.records.buttons import Press, find_button
from crm.records.defaults import default_values
from crm.records.prepare import clean_values
from crm.records.service import create_record, delete_record, get_record, update_record
from crm.records.values import situation_of, title_of, values_of
from crm.revisions.workspace import Workspace
from crm.web.conditions.builder import is_pressed
from crm.web.entity.arguments import record_number
from crm.web.entity.board import board_page, move_card, undo_url
from crm.web.entity.bulk import bulk_page, is_reviewed
from crm.web.entity.buttons import draw_button, press_one, typed_inputs
from crm.web.entity.calendar import calendar_page
from crm.web.entity.cells import view_name
from crm.web.entity.conflict import settle
from crm.web.entity.filter import filter_page, filtered_url
from crm.web.entity.form import build_form, hidden_fields, sent_values
from crm.web.entity.inplace import field_page, undo_page
from crm.web.entity.list import list_page
from crm.web.entity.merge import doubles_page
from crm.web.entity.needed import move_of, render_needed
from crm.web.entity.next_step import planned_values
from crm.web.entity.recent import remember_opened
from crm.web.entity.record import record_page
from crm.web.entity.stale import form_of_today
from crm.web.forms.once import find_made, remember_made
from crm.web.forms.uploads import take_uploads
from crm.web.redirects import safe_path
from crm.web.roles.view_as import viewed_role
from crm.web.serving.asking import always, asks, is_asking, is_redrawn
from crm.web.serving.errors import body_of, failure_of
from crm.web.serving.session import current_session


class EntityView(BaseView):
    """The views of one entity; a subclass per entity is made when the app is built."""

    entity: ClassVar[Entity]
    default_view = "list"

    def url(self, page: str, **values: Any) -> str:
        """Return the address of one of this entity's pages."""
        return url_for(f"{self.endpoint}.{page}", **values)

    def page(self, template: str, http_status: int = 200, **context: Any) -> Response:
        """Return a page of this entity."""
        context = {"entity": self.entity, "url": self.url, **context}
        return make_response(render_template(f"entity/{template}.html", **context), http_status)

    @expose("/list/")
    @has_access
    def list(self) -> Response:
        """Show the list."""
        return self.page("list", **list_page(current_session(), self.entity))

    @expose("/filter", methods=["GET", "POST"])
    @has_access
    @asks(always)
    def filter(self) -> Response:
        """Show the conditions of the list to be edited, or go to the list that meets those which come back."""
        require(current_session().actor, "read", self.entity)
        if request.method == "POST":
            url = filtered_url(current_session(), self.entity)
            if url:
                return redirect(url)
        status = 422 if request.method == "POST" and not is_pressed(request.form) else 200
        return self.page("filter", status, **filter_page(current_session(), self.entity))

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        """Show one record."""
        record = get_record(current_session(), self.entity, record_number(pk))
        before = request.args.get("before", "")
        answer = self.page("record", **record_page(current_session(), self.entity, record, before))
        if not viewed_role():
            remember_opened(current_session(), self.entity, record.id, answer)
        return answer

    @expose("/add", methods=["GET", "POST"])
    @has_access
    @asks(is_redrawn)
    def add(self) -> Response:
        """Show the empty form, or create what it brings."""
        require(current_session().actor, "create", self.entity)
        if is_asking():
            return self._empty_form()
        made = find_made(current_session(), request.form.get("_once", ""))
        if made:
            return redirect(self.url("show", pk=made))
        return self._save(
            lambda values: create_record(current_session(), self.entity, values), self._start()[0]
        )

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @asks(is_redrawn)
    def edit(self, pk: str) -> Response:
        """Show the form of a record, or save what it brings."""
        record = get_record(current_session(), self.entity, record_number(pk))
        values = self._stored_values(record)
        if is_asking():
            return self._form(values, sent=self._refreshed())
        version = request.form.get("_version", "")
        seen = int(version) if version.isdecimal() and len(version) < 19 else None
        try:
            return self._save(
                lambda sent: update_record(current_session(), self.entity, record.id, sent, version=seen),
                values,
            )
        except ConflictError:
            current_session().rollback()
            return self._settle(record_number(pk), seen)

    def _settle(self, record_id: int, seen: int | None) -> Response:
        """Show the form again with what somebody else has saved, next to what was typed."""
        session = current_session()
        values = self._stored_values(get_record(session, self.entity, record_id))
        sent = sent_values(session, self.entity, form_of_today(session, self.entity, request.form)[0])
        kept, both = settle(session, self.entity, values, sent, seen or values["row_version"])
        problems = [Problem("record.saved_meanwhile"), *both]
        return self._form(values, kept, ConflictError("record.saved_meanwhile", problems))

    def _stored_values(self, record: Any) -> dict[str, Any]:
        """Return the values of a record that the reader may see, its number and its version."""
        values = values_of(current_session(), record, self._readable())
        return {**values, "row_version": record.row_version, "id": record.id}

    @expose("/set/<pk>/<field>", methods=["POST"])
    @has_access
    def edit_field(self, pk: str, field: str) -> Response:
        """Change one field in place: a status pill, a stage; a move that may be taken back offers that.

        What such a change needs besides, a reason or an amount, is asked in the form of the record.
        """
        session, value = current_session(), request.values.get("value", "")
        stored = self._stored_values(get_record(session, self.entity, record_number(pk)))
        try:
            _record, found = save_and_look(
                session,
                self.entity,
                stored["id"],
                lambda: update_record(session, self.entity, stored["id"], {field: value}),
            )
            if found:
                raise AlikeError(self.entity, found)
        except (RecordError, AlikeError) as error:
            session.rollback()
            return self._form(stored, {field: value} if field in self._readable() else {}, error)
        undo = undo_url(self.entity, stored["id"], field, stored.get(field), value)
        session.commit()
        flash({"text": pgettext("message", "Saved."), "undo": undo}, "success")
        return redirect(self.url("show", pk=pk))

    @expose("/field/<pk>/<field>", methods=["GET", "POST"])
    @has_access
    def one_field(self, pk: str, field: str) -> Response:
        """Show the control of one field where it is edited in place, or save it."""
        return field_page(self.entity, record_number(pk), field)

    @expose("/undo/<pk>/<int:number>", methods=["POST"])
    @has_access
    def undo_change(self, pk: str, number: int) -> Response:
        """Undo one change of a record's history."""
        return undo_page(self.entity, record_number(pk), number)

    @expose("/button/<pk>/<name>", methods=["GET", "POST"])
    @has_access
    def button(self, pk: str, name: str) -> Response:
        """Show what a button asks for, or press it on one record."""
        session, number = current_session(), record_number(pk)
        record, button = get_record(session, self.entity, number), find_button(session, self.entity, name)
        title = title_of(self.entity, values_of(session, record, self._readable()), situation_of(session))
        if request.method == "GET":
            return self.page("press", drawn=draw_button(session, button), record_id=number, title=title)
        sent = typed_inputs(button, request.form)
        press = Press(name, sent, request.form.get("_once", ""))
        try:
            outcome = press_one(session, self.entity, number, press)[1]
        except RecordError as error:
            session.rollback()
            drawn = draw_button(session, button, sent, error.problems)
            context = {"drawn": drawn, "record_id": number, "title": title}
            return self.page("press", error.status, **context, problems=drawn.problems())
        except ConflictError as error:
            session.rollback()
            flash(render(error, session.actor.language), "danger")
            return redirect(self.url("show", pk=pk))
        flash(outcome.message, "success" if outcome.is_well else "danger")
        return redirect(self.url("show", pk=pk))

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Response:
        """Delete one record; it can be restored from the bin."""
        session, number = current_session(), record_number(pk)
        try:
            delete_record(session, self.entity, number)
            session.commit()
        except RecordError as error:
            session.rollback()
            flash(render(error, session.actor.language), "danger")
            return redirect(self.url("show", pk=pk))
        undo = url_for("BinView.restore", entity=self.entity.name, number=number)
        flash({"text": pgettext("message", "Deleted."), "undo": undo}, "success")
        return redirect(self.url("list"))

    @expose("/bulk", methods=["POST"])
    @has_access
    @asks(is_reviewed)
    def bulk(self) -> Response:
        """Do something with the selected records, as a job: chosen, reviewed, begun."""
        return bulk_page(self.entity)

    @expose("/duplicates/", methods=["GET", "POST"])
    @has_access
    def duplicates(self) -> Response:
        """Show which records look the same, or remember that some do not."""
        if not self.entity.same_if:
            abort(404)
        return doubles_page(self.entity)

    @expose("/board/", methods=["GET", "POST"])
    @has_access
    def board(self) -> Response:
        """Show the board, or move one card on it."""
        if self.entity.board is None:
            abort(404)
        if request.method == "POST":
            return self._move()
        return self.page("board", **board_page(current_session(), self.entity))

    @expose("/calendar/")
    @has_access
    def calendar(self) -> Response:
        """Show the records on their days."""
        if self.entity.calendar is None:
            abort(404)
        return self.page("calendar", **calendar_page(current_session(), self.entity))

    def _move(self) -> Response:
        """Move a card; a move that needs something besides comes back with a form that asks for it."""
        session = current_session()
        try:
            answer = move_card(session, self.entity, request.form)
            session.commit()
        except (RecordError, AlikeError) as error:
            session.rollback()
            needed = render_needed(session, self.entity, move_of(session, self.entity, request.form), error)
            return make_response(jsonify({"error": body_of(failure_of(error)), "form": needed}), error.status)
        return jsonify(answer)

    def _readable(self) -> list[str]:
        hidden = current_session().actor.rights(self.entity.name).hidden
        return [name for name in self.entity.fields if name not in hidden]

    def _start(self) -> tuple[dict[str, Any], list[Problem]]:
        """Return what a new record begins with: defaults, and what the address names (`?customer=5`).

        Shape:  what the address names and does not fit is left out; the problems say so.
        """
        session, situation = current_session(), situation_of(current_session())
        given, problems = clean_values(self.entity, self._named(), situation)
        return {**default_values(session, self.entity, given)[0], **given}, problems

    def _named(self) -> dict[str, Any]:
        """Return the values that stand in the address; a file is uploaded, never named."""
        sent = sent_values(current_session(), self.entity, request.args)
        return {
            name: value for name, value in sent.items() if not type_of(self.entity.fields[name]).holds_files
        }

    def _empty_form(self) -> Response:
        """Return the form of a new record; what the address names and does not fit is shown, and why."""
        values, problems = self._start()
        if is_redrawn() or not problems:
            return self._form(values, sent=self._refreshed())
        named = self._named()
        sent = {problem.field: named[problem.field] for problem in problems}
        answer = self._form(values, sent, RecordError("record.has_problems", problems, count=len(problems)))
        answer.status_code = 200  # nothing was sent yet
        return answer

    def _refreshed(self) -> dict[str, Any] | None:
        if not is_redrawn():
            return None
        form, _gone = form_of_today(current_session(), self.entity, request.form)
        return sent_values(current_session(), self.entity, form)

    def _save(self, write: Callable[[dict[str, Any]], Any], values: dict[str, Any]) -> Response:
        """Save what the form brought; a refused form comes back with what was typed."""
        form, gone = form_of_today(current_session(), self.entity, request.form)
        sent = sent_values(current_session(), self.entity, form)
        sent |= planned_values(current_session(), self.entity, form)
        deed = "update" if "id" in values else "create"
        refused = take_uploads(current_session(), self.entity, sent, deed)
        if refused:
            error = RecordError("record.has_problems", refused, count=len(refused))
            return self._form(values, sent, error)
        if gone:
            problems = [Problem("record.fields_gone"), *gone]
            return self._form(values, sent, ConflictError("record.fields_gone", problems))
        open_fields = self._open_by_roles(deed) - self._hidden(values, sent)
        changed = {name: value for name, value in sent.items() if name in open_fields}
        try:
            record, found = save_and_look(
                current_session(), self.entity, values.get("id"), lambda: write(changed)
            )
            if found and request.form.get("_same") != found.mark:
                raise AlikeError(self.entity, found)
            if "id" not in values:
                remember_made(current_session(), request.form.get("_once", ""), record.id)
            record_id = record.id
            current_session().commit()
        except CrmError as error:
            if isinstance(error, ConflictError) and not isinstance(error, AlikeError):
                raise
            current_session().rollback()
            return self._form(values, sent, error)
        flash(pgettext("message", "Saved."), "success")
        if "_again" in request.form:
            return redirect(self.url("add"))
        if "_back" in request.form:
            return redirect(safe_path(request.form["_back"]))
        return redirect(self.url("show", pk=record_id))

    def _hidden(self, values: dict[str, Any], sent: dict[str, Any]) -> set[str]:
        """Return the fields that what was sent hides: they stay as they are, even when the form still had them."""
        return hidden_fields(
            current_session(), self.entity, {**values, **self._seen(values, sent)}, values.get("id")
        )

    def _open_by_roles(self, deed: str) -> set[str]:
        rights = current_session().actor.rights(self.entity.name)
        return set(self._readable()).difference(rights.closed.get(deed, ()))

    def _form(
        self, values: dict[str, Any], sent: dict[str, Any] | None = None, error: CrmError | None = None
    ) -> Response:
        problems = list(error.problems) if error else []
        found = error.found if isinstance(error, AlikeError) else None
        if error and not problems and not found:
            problems = [error.as_problem()]
        form = build_form(
            current_session(),
            self.entity,
            {**values, **self._seen(values, sent)},
            sent,
            problems,
            values.get("id"),
        )
        context = {"form": form, "values": values, "problems": self._told(form, problems), "alike": found}
        if "id" in values:
            context["record_title"] = title_of(self.entity, values, situation_of(current_session()))
        return self.page("form", error.status if error else 200, **context)

    def _seen(self, values: dict[str, Any], sent: dict[str, Any] | None) -> dict[str, Any]:
        """Return what was typed as typed values, as far as it fits, so that conditions see it."""
        if not sent:
            return {}
        return clean_values(self.entity, sent, replace(situation_of(current_session()), held=values))[0]

    def _told(self, form: Any, problems: list[Problem]) -> list[tuple[str, str, str]]:
        """Return the problems as the summary shows them: id of the control, label, sentence."""
        language = current_session().actor.language
        ids = {field.name: field.id for section in form.sections for field in section.fields}
        told = []
        for problem in problems:
            field = self.entity.fields.get(problem.field or "")
            label = field.label.get(language) if field else ""
            told.append((ids.get(problem.field or "", ""), label, render(problem, language)))
        return told


def build_view(entity: Entity) -> type[EntityView]:
    """Return the view class of one entity."""
    name = view_name(entity.name)
    return type(
        name,
        (EntityView,),
        {
            "entity": entity,
            "route_base": f"/{entity.name}",
            "class_permission_name": entity.name,
            "method_permission_name": PERMISSIONS,
        },
    )


PERMISSIONS = {
    "list": "list",
    "filter": "list",
    "show": "show",
    "add": "add",
    "edit": "edit",
    "edit_field": "edit",
    "one_field": "edit",
    "undo_change": "edit",
    "button": "show",
    "delete": "delete",
    "bulk": "list",
    "duplicates": "list",
    "board": "list",
    "calendar": "list",
}
"""Which of Flask-AppBuilder's permissions opens which page; what one may do there the records decide."""


def register(appbuilder: AppBuilder, workspace: Workspace) -> None:
    """Register the pages and the menu item of every entity."""
    for entity in sorted(workspace.schema.entities.values(), key=lambda entity: entity.menu_place):
        view = build_view(entity)
        menu = {"category": entity.menu} if entity.menu else {}
        appbuilder.add_view(view, entity.name, label=entity.plural.get("en"), icon=entity.icon, **menu)
