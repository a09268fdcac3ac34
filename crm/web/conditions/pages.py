"""What an editor of conditions asks while somebody works in it: it is drawn again, and says what the lines mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flask import abort, request, url_for
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import npgettext
from markupsafe import Markup

from crm.database import CrmSession
from crm.drafts.service import find_draft, get_draft, propose
from crm.entities.model import Entity, Schema
from crm.fields.base import Field
from crm.permissions.service import readable_fields, require
from crm.permissions.sight import conditions_for, readable_schema
from crm.records.listing import ListQuery, count_up_to, list_records
from crm.records.sampling import SAMPLE
from crm.records.values import situation_of, title_fields, title_of, titles_by_id, user_names
from crm.revisions.workspace import Workspace
from crm.web.conditions.builder import Editor, finished_lines, redraw_conditions
from crm.web.fab.permissions import CONFIGURATION, EVERYONE
from crm.web.fab.views import page
from crm.web.serving.asking import always, asks
from crm.web.serving.session import current_session
from crm.web.skin import number

NAME = re.compile(r"[A-Za-z0-9_.-]{1,120}\Z")


def reader_editor(session: CrmSession, entity: Entity, name: str, **more: Any) -> Editor:
    """Return an editor over the live schema that offers what the reader may see, and counts what matches."""

    def readable(other: Entity) -> Mapping[str, Field]:
        return readable_fields(session.actor, other) if "read" in session.actor.rights(other.name).can else {}

    url, schema = url_for("ConditionsView.check", entity=entity.name, name=name), readable_schema(session)
    return Editor(
        schema,
        schema.entities[entity.name],
        session.actor.language,
        name,
        url=url,
        readable=readable,
        titles=titles_for(session),
        **more,
    )


def admin_editor(session: CrmSession, schema: Schema, entity: Entity, name: str, **more: Any) -> Editor:
    """Return an editor over any schema, a draft's too, that offers every field.

    Shape:  `more` may name `label`, `rules`, and `draft`, the number of the draft the schema is of.
    """
    query = {"draft": more.pop("draft", None), "rules": 1 if more.get("rules") else None}
    url = url_for("AdminConditionsView.check", entity=entity.name, name=name, **query)
    return Editor(schema, entity, session.actor.language, name, url=url, titles=titles_for(session), **more)


def titles_for(session: CrmSession) -> Any:
    """Return the function that tells what records are called; what the reader may not see has no name."""

    def titles(entity: str, ids: Iterable[int]) -> Mapping[int, str]:
        if not entity:
            return user_names(session, ids)
        found = session.workspace.schema.entities.get(entity)
        return titles_by_id(session, found, ids, situation_of(session)) if found is not None else {}

    return titles


def count_of(session: CrmSession, entity: Entity, lines: list[Any]) -> str:
    """Return how many of the records the reader may see match: "37 match"; "" where that cannot be said."""
    if conditions_for(session, entity, lines)[1]:
        return ""
    return said_count(*count_up_to(session, entity, lines))


def said_count(total: int, is_capped: bool) -> str:
    """Return a count as people read it: "37 match", "10,000+ match"."""
    shown = number(total) + ("+" if is_capped else "")
    return npgettext("count", "%(shown)s result", "%(shown)s results", total, shown=shown)


def matches_of(session: CrmSession, entity: str, lines: list[Any]) -> tuple[str, tuple[str, ...]]:
    """Return how many live records the reader may see match, and what the latest are called.

    Shape:  nothing without lines, and where that cannot be said: what they ask about is not live yet, or closed.
    """
    found = session.workspace.schema.entities.get(entity)
    if found is None or not lines or "read" not in session.actor.rights(entity).can:
        return "", ()
    if conditions_for(session, found, lines)[1]:
        return "", ()
    query = ListQuery(lines, order=(("id", True),), page_size=SAMPLE, columns=tuple(title_fields(found)))
    situation = situation_of(session)
    page = list_records(session, found, query)
    examples = (title_of(found, row, situation) for row in page.rows)
    return said_count(page.total, page.total_is_capped), tuple(examples)


def asked_name() -> str:
    """Return the name of the editor that asks; 404 for what is no name."""
    name = request.args.get("name", "")
    if not NAME.match(name):
        abort(404)
    return name


class ConditionsView(BaseView):
    """Editors of people who filter."""

    route_base = "/conditions"
    class_permission_name = EVERYONE
    workspace: Workspace

    @page("/<entity>", methods=["POST"])
    @asks(always)
    def check(self, entity: str) -> Markup:
        """Return the editor as it was sent, with what its lines mean and how many records match."""
        session, found = current_session(), self.workspace.schema.entities.get(entity)
        if found is None:
            abort(404)
        require(session.actor, "read", found)
        editor = reader_editor(session, found, asked_name())
        count = count_of(session, found, finished_lines(editor, request.form))
        return redraw_conditions(editor, request.form, count)


class AdminConditionsView(BaseView):
    """Editors of those who configure; `?draft=` takes the schema from a draft, `draft=mine` from one's own."""

    route_base = "/admin/conditions"
    class_permission_name = CONFIGURATION

    @page("/<entity>", methods=["POST"])
    @asks(always)
    def check(self, entity: str) -> Markup:
        """Return the editor as it was sent, with what its lines mean."""
        session = current_session()
        schema = asked_schema(session)
        found = schema.entities.get(entity)
        if found is None:
            abort(404)
        editor = admin_editor(session, schema, found, asked_name(), rules="rules" in request.args)
        editor = replace(editor, url=request.full_path)
        lines = [] if editor.rules else finished_lines(editor, request.form)
        return redraw_conditions(editor, request.form, *matches_of(session, entity, lines))


def asked_schema(session: CrmSession) -> Schema:
    """Return the schema that the address asks for: the live one, or that of a draft."""
    draft = request.args.get("draft", "")
    if draft == "mine":
        return propose(session, find_draft(session))[0]
    if draft.isascii() and draft.isdigit() and len(draft) < 10:
        return propose(session, get_draft(session, int(draft)))[0]
    return session.workspace.schema


def register(appbuilder: AppBuilder, workspace: Workspace) -> None:
    """Register what editors of conditions ask."""
    appbuilder.add_view_no_menu(type("ConditionsView", (ConditionsView,), {"workspace": workspace}))
    appbuilder.add_view_no_menu(AdminConditionsView)
