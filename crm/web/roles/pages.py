"""`/admin/roles/`: the roles, who holds them, what they open; changes gather in the draft."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, request
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import gettext, lazy_pgettext, pgettext
from werkzeug.wrappers import Response

from crm.database import CrmSession
from crm.drafts.roles import new_role
from crm.drafts.service import (
    document_of,
    documents_of,
    edit_document,
    find_draft,
    live_document,
    open_draft,
    propose,
    save_document,
)
from crm.entities.build import label_of
from crm.entities.model import Document, Schema
from crm.entities.reader import NAME
from crm.errors import ConflictError, NotFoundError, Problem, SchemaError
from crm.messages import render
from crm.permissions.store import list_role_holders
from crm.revisions.workspace import Workspace
from crm.web.conditions.builder import is_pressed
from crm.web.conditions.pages import admin_editor
from crm.web.fab.permissions import CONFIGURATION
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.roles.form import EditorOf, Sent, name_of, read_role, role_page
from crm.web.roles.view_as import may_view_as, start_viewing
from crm.web.serving.session import current_actor, current_session, require_configuration

HOME = "/admin/roles/"


class RolesView(BaseView):
    """The roles as the draft has them."""

    route_base = "/admin/roles"
    default_view = "index"
    class_permission_name = CONFIGURATION

    @page("/")
    def index(self) -> str:
        """List the roles: what they open and how many hold them."""
        require_configuration()
        session = current_session()
        draft, holders = find_draft(session), list_role_holders(session.connection(), current_language())
        rows = [
            role_row(session, found, holders)
            for found in documents_of(session, draft)
            if found.kind == "role"
        ]
        return self.render_template(
            "roles/list.html", title=pgettext("title", "Roles"), rows=rows, draft=draft
        )

    @page("/", methods=["POST"])
    def add(self) -> Response:
        """Put a new role into the draft."""
        require_configuration()
        session, name = current_session(), request.form.get("name", "").strip()
        if not NAME.match(name) or name.endswith("_"):
            raise SchemaError("schema.bad_name", name=name[:60])
        if document_of(session, find_draft(session), "role", name) is not None:
            raise SchemaError("role.exists", name=name)
        label = request.form.get("label", "").strip()[:200]
        edit_document(session, "role", name, lambda _body: new_role(name, label, current_language()))
        session.commit()
        return redirect(f"{HOME}{name}/")

    @page("/<name>/")
    def show(self, name: str) -> Response:
        """Show the form of a role."""
        require_configuration()
        return self.form(found_role(current_session(), name))

    @page("/<name>/", methods=["POST"])
    def save(self, name: str) -> Response:
        """Put what the form says into the draft."""
        require_configuration()
        session = current_session()
        document = found_role(session, name)
        draft = open_draft(session)
        schema, _problems = propose(session, draft)
        sent = read_role(request.form, document.body, schema, editors(session, schema))
        if is_pressed(request.form) or sent.problems:
            session.rollback()
            return self.form(document, sent)
        version = request.form.get("_version", "")
        try:
            save_document(
                session, draft, "role", name, sent.body, int(version) if version.isdecimal() else None
            )
        except ConflictError as error:
            session.rollback()
            sent.problems.append(error.as_problem())
            return self.form(document, sent)
        session.commit()
        flash(gettext("The role is saved in your draft. Publish it to put the role into use."), "success")
        return redirect(f"{HOME}{name}/")

    @page("/<name>/delete", methods=["POST"])
    def delete(self, name: str) -> Response:
        """Let the draft do without a role."""
        require_configuration()
        session = current_session()
        found_role(session, name)
        save_document(session, open_draft(session), "role", name, None)
        session.commit()
        flash(gettext("The role will be removed when the draft is published."), "success")
        return redirect(HOME)

    @page("/<name>/view", methods=["POST"])
    def view_as(self, name: str) -> Response:
        """Look at everything as a live role."""
        require_configuration()
        schema = current_session().workspace.schema
        role = schema.parts.get("role", {}).get(name)
        if role is None:
            raise NotFoundError("role.not_found", name=name)
        start_viewing(current_actor(), role, schema)
        return redirect("/")

    def form(self, document: Document, sent: Sent | None = None) -> Response:
        """Return the form of a role; a refused one with what was sent and what is wrong with it."""
        session, language = current_session(), current_language()
        draft = find_draft(session)
        schema, problems = propose(session, draft)
        body = sent.body if sent else document.body
        live = session.workspace.schema.parts.get("role", {}).get(document.name)
        page = self.render_template(
            "roles/form.html",
            title=label_of(body, "label", document.name).get(language),
            name=document.name,
            page=role_page(body, schema, language, editors(session, schema), sent),
            version=request.form.get("_version") if sent else (draft.version if draft else ""),
            problems=[("", "", render(found, language)) for found in shown_problems(sent)],
            warnings=[render(problem, language) for problem in about(problems, document.name)],
            holders=list_role_holders(session.connection(), current_language()).get(document.name, []),
            can_view=live is not None and may_view_as(current_actor(), live, session.workspace.schema),
            is_live=live_document(session, "role", document.name) is not None,
            draft=draft,
        )
        return make_response(page, 422 if shown_problems(sent) else 200)


def editors(session: CrmSession, schema: Schema) -> EditorOf:
    """Return the function that makes the editor of an entity's records."""
    return lambda entity: admin_editor(
        session,
        schema,
        entity,
        name_of(entity.name),
        label=gettext("Records (no conditions: all)"),
        draft="mine",
    )


def shown_problems(sent: Sent | None) -> list[Problem]:
    """Return what is wrong with a form that was sent to be saved; one that is still being filled in is not judged."""
    return [] if sent is None or is_pressed(sent.form) else sent.problems


def about(problems: list[Problem], name: str) -> list[Problem]:
    """Return the problems of one role's document."""
    return [problem for problem in problems if problem.file == f"roles/{name}.yaml"]


def found_role(session: CrmSession, name: str) -> Document:
    """Return a role as the draft has it.

    Errors: NotFoundError.
    """
    found = document_of(session, find_draft(session), "role", name)
    if found is None:
        raise NotFoundError("role.not_found", name=name)
    return found


def role_row(session: CrmSession, document: Document, holders: dict[str, list[str]]) -> dict[str, Any]:
    """Return a role as the list draws it."""
    language, body = current_language(), document.body
    entities = session.workspace.schema.entities
    live = live_document(session, "role", document.name)
    return {
        "name": document.name,
        "label": label_of(body, "label", document.name).get(language),
        "holders": len(holders.get(document.name, [])),
        "entities": [
            entities[name].plural.get(language) if name in entities else name
            for name in body.get("entities") or {}
        ],
        "admin": body.get("admin") is True,
        "state": "new" if live is None else ("changed" if live.body != body else ""),
    }


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view(
        RolesView,
        "Rights",
        href=HOME,
        icon="key",
        label=lazy_pgettext("title", "Roles"),
        category="Security",
    )
