"""`/admin/segments/<name>`: a segment's label and conditions, edited in the draft; `new` takes the filter of a list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import gettext, pgettext
from werkzeug.wrappers import Response

from crm.drafts import service as drafts
from crm.drafts.keys import read_texts, shown_texts
from crm.entities.model import Entity, Schema
from crm.errors import ConflictError, NotFoundError
from crm.fields.alphabet import sort_key
from crm.messages import render
from crm.revisions.workspace import Workspace
from crm.web.conditions.builder import (
    Editor,
    draw_conditions,
    is_pressed,
    is_sent,
    read_conditions,
    redraw_conditions,
)
from crm.web.conditions.pages import admin_editor, matches_of
from crm.web.fab.permissions import CONFIGURATION
from crm.web.fab.views import page
from crm.web.language import NAMES, current_language
from crm.web.schema.key_forms import key_of, sent_texts
from crm.web.serving.session import current_session

KIND = "segment"
LINES = "if"
HOME = "/segments/"
Found = tuple[str, str, str]  # id of the input, its label, what is wrong with it


class SegmentEditorView(BaseView):
    """Segments, to be declared."""

    route_base = "/admin/segments"
    class_permission_name = CONFIGURATION

    @page("/new", methods=["GET", "POST"])
    def new(self) -> Response:
        """Begin a segment, of the conditions in the address if there are any."""
        chosen = request.values.get("entity", "")
        return self.edit("", {KIND: "", "entity": chosen, "label": {}, LINES: _lines_of_address()})

    @page("/<name>", methods=["GET", "POST"])
    def show(self, name: str) -> Response:
        """Show a segment as the draft has it, or take what was sent."""
        return self.edit(name, _body_of(name))

    @page("/<name>/remove", methods=["POST"])
    def remove(self, name: str) -> Response:
        """Let a segment go, in the draft."""
        session = current_session()
        _body_of(name)
        drafts.save_document(session, drafts.open_draft(session), KIND, name, None)
        session.commit()
        flash(gettext("The segment will be removed when the draft is published."), "success")
        return redirect(HOME)

    def edit(self, name: str, before: Mapping[str, Any]) -> Response:
        """Draw the form, or save what it says into the draft."""
        session = current_session()
        schema, _problems = drafts.propose(session, drafts.find_draft(session))
        entity = schema.entities.get(str(before["entity"])) or next(iter(schema.entities.values()))
        editor = _editor(schema, entity)
        if request.method == "GET":
            return self.draw(name, before, schema, editor)
        label = read_texts(sent_texts(request.form, "label"), before["label"])
        lines, problems = read_conditions(editor, request.form)
        body = {KIND: name or _free_name(label), "entity": entity.name, "label": label, LINES: lines}
        if is_pressed(request.form):
            return self.draw(name, body, schema, editor)
        wrong = _without_label(label) + [("", "", render(one, current_language())) for one in problems]
        if not lines:
            wrong.append(("", "", gettext("Add at least one condition.")))
        if wrong:
            return self.draw(name, body, schema, editor, wrong)
        return self.save(name, body, schema, editor)

    def save(self, name: str, body: Mapping[str, Any], schema: Schema, editor: Editor) -> Response:
        """Put a segment into the draft; one that moved on meanwhile is not overwritten."""
        session, version = current_session(), request.form.get("_version", "")
        try:
            number = int(version) if version.isdecimal() else None
            drafts.save_document(session, drafts.open_draft(session), KIND, body[KIND], body, number)
        except ConflictError as error:
            session.rollback()
            return self.draw(name, body, schema, editor, [("", "", render(error, current_language()))])
        session.commit()
        flash(gettext("Saved in your draft."), "success")
        return redirect(f"/admin/segments/{body[KIND]}")

    def draw(
        self,
        name: str,
        body: Mapping[str, Any],
        schema: Schema,
        editor: Editor,
        wrong: list[Found] | None = None,
    ) -> Response:
        """Return the form; a refused one with what was sent and what is wrong with it."""
        session, language = current_session(), current_language()
        draft = drafts.find_draft(session)
        entities = sorted(
            schema.entities.values(), key=lambda one: sort_key(one.plural.get(language), language)
        )
        is_again = request.method == "POST"
        context = {
            "name": name,
            "label_texts": shown_texts(body["label"]),
            "tongues": NAMES,
            "entity": editor.entity,
            "entities": [(one.name, one.plural.get(language)) for one in entities],
            "editor": _drawn(editor, body[LINES]),
            "version": request.form.get("_version", "") if is_again else (draft.version if draft else ""),
            "problems": wrong or [],
            "is_live": drafts.live_document(session, KIND, name) is not None,
            "draft": draft,
        }
        return make_response(render_template("schema/segment.html", **context), 422 if wrong else 200)


def _editor(schema: Schema, entity: Entity) -> Editor:
    label = gettext("Records that meet all of these conditions")
    return admin_editor(current_session(), schema, entity, LINES, label=label, draft="mine")


def _drawn(editor: Editor, lines: list[Any]) -> Any:
    if request.method == "POST" and is_sent(request.form, LINES):
        return redraw_conditions(editor, request.form)
    return draw_conditions(editor, lines, matches_of(current_session(), editor.entity.name, lines)[0])


def _lines_of_address() -> list[Any]:
    """Return the conditions in the address; what is no list of them is left out."""
    try:
        found = json.loads(request.args.get("where", "[]"))
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _body_of(name: str) -> dict[str, Any]:
    session = current_session()
    found = drafts.document_of(session, drafts.find_draft(session), KIND, name)
    if found is None:
        raise NotFoundError("segment.not_found", name=name)
    return {"label": {}, LINES: [], **found.body}


def _without_label(label: Any) -> list[Found]:
    is_there = any(shown_texts(label).values())
    return (
        []
        if is_there
        else [("label", pgettext("key", "Label"), gettext("Enter a label in at least one language."))]
    )


def _free_name(label: Any) -> str:
    """Return a key made of a label that no segment has yet."""
    session, stem = current_session(), key_of(shown_texts(label)) or KIND
    draft, name, number = drafts.find_draft(session), stem, 2
    while drafts.document_of(session, draft, KIND, name) is not None:
        name, number = f"{stem}_{number}", number + 1
    return name


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view_no_menu(SegmentEditorView)
