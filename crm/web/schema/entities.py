"""`/admin/schema/`: the entities there are, new ones, and what an entity is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from crm.drafts import service as drafts
from crm.drafts.edits import change_entity, new_entity
from crm.drafts.keys import read_texts, shown_texts
from crm.errors import ConflictError
from crm.messages import render
from crm.texts import LANGUAGES, translate
from crm.web import assets
from crm.web.language import current_language
from crm.web.schema.overview import entity_rows, sorted_rows
from crm.web.schema.pieces import (
    Answer,
    ShapingView,
    as_summary,
    body_of,
    errors_by_key,
    find_problems,
    fingerprint,
    is_stale,
    save_body,
)
from crm.web.schema.readers import as_number, derive_name, sent_texts
from crm.web.session import current_session

ACCESS = (
    "read",
    "create",
    "update",
    "delete",
    "import",
    "export",
)  # what a chosen role may do with a new entity


class SchemaEntitiesView(ShapingView):
    """`/admin/schema/`, `/admin/schema/new`, `/admin/schema/<entity>/general`."""

    route_base = "/admin/schema"
    default_view = "index"

    @expose("/")
    @has_access
    @permission_name("use")
    def index(self) -> Answer:
        """List the entities, as they are in the reader's draft."""
        session = current_session()
        draft = drafts.find_draft(session)
        every = entity_rows(draft, drafts.documents_of(session, draft))
        asked, sort = request.args.get("q", "").strip(), request.args.get("sort", "")
        rows = sorted_rows((row for row in every if row.matches(asked)), sort)
        return self.page("schema/entities.html", rows=rows, total=len(every), asked=asked, sort=sort)

    @expose("/new", methods=["GET", "POST"])
    @has_access
    @permission_name("use")
    def new(self) -> Answer:
        """Add an entity to the draft."""
        if request.method == "GET":
            return self.draw_new({})
        label = sent_texts(request.form, "label")
        name = request.form.get("_name", "").strip() or derive_name(
            label["en"] or next(filter(None, label.values()), "")
        )
        words = {language: translate("Name", language) for language in LANGUAGES}
        first = {"type": "text", "label": words, "required": True, "search": True}
        body = new_entity(name, entity_keys(request.form, {}), ("name", first))
        errors = errors_by_key(find_problems(body), ())
        session = current_session()
        if drafts.document_of(session, drafts.find_draft(session), "entity", name):
            errors["entity"] = render_taken(name)
        if not any(label.values()):
            errors["label"] = gettext("Say what one record is called.")
        if errors:
            return self.draw_new(body, errors)
        save_body(name, body)
        give_access(name, request.form.getlist("role"))
        return redirect(f"/admin/schema/{name}/")

    def draw_new(self, body: Mapping, errors: Mapping[str, str] | None = None) -> tuple[str, int]:
        """Return the form of a new entity."""
        roles = current_session().workspace.schema.parts.get("role", {})
        return self.page(
            "schema/new.html",
            422 if errors else 200,
            roles={name: role.label for name, role in roles.items()},
            chosen=request.form.getlist("role"),
            **entity_form(body, errors or {}, request.form.get("_name", "")),
        )

    @expose("/<name>/general", methods=["GET", "POST"])
    @has_access
    @permission_name("use")
    def general(self, name: str) -> Answer:
        """Change what an entity is called and where it stands in the menu."""
        body = body_of(name)
        if request.method == "GET":
            return self.entity_page(name, "general", **entity_form(body, {}))
        wanted = change_entity(body, entity_keys(request.form, body))
        errors = errors_by_key(find_problems(wanted, (), name), ())
        errors = {key: text for key, text in errors.items() if key != "fields"}
        if is_stale(entity_part(body)):
            errors = {"": render(ConflictError("draft.moved_on"), current_language())}
        if errors:
            return self.entity_page(
                name, "general", 422, **entity_form(wanted, errors, seen=entity_part(body))
            )
        save_body(name, wanted)
        flash(gettext("Saved in your draft."), "success")
        return redirect(f"/admin/schema/{name}/general")

    @expose("/<name>/remove", methods=["POST"])
    @has_access
    @permission_name("use")
    def remove(self, name: str) -> Response:
        """Take an entity out of the draft's documents; publishing parks its table."""
        body_of(name)
        session = current_session()
        drafts.edit_document(session, "entity", name, lambda _body: None)
        session.commit()
        flash(gettext("Removed in your draft. Nothing happens before you publish."), "success")
        return redirect("/admin/schema/")


def entity_part(body: Mapping) -> dict[str, Any]:
    """Return what the form of an entity is about."""
    return {key: body.get(key) for key in ("label", "plural", "icon", "menu", "menu_place", "title")}


def entity_keys(form: MultiDict, body: Mapping) -> dict[str, Any]:
    """Return the keys of an entity that a form holds."""
    found: dict[str, Any] = {
        key: read_texts(sent_texts(form, key), body.get(key)) or None for key in ("label", "plural")
    }
    found |= {key: form.get(key, "").strip() or None for key in ("icon", "menu", "title") if key in form}
    if "menu_place" in form:
        found["menu_place"] = as_number(form.get("menu_place", "").strip() or None)
    return found


def entity_form(body: Mapping, errors: Mapping[str, str], name: str = "", seen: Any = None) -> dict[str, Any]:
    """Return what the form of an entity draws."""
    labels = {"label": gettext("One record is called"), "plural": gettext("Several are called"),
              "title": gettext("Title of a record"), "icon": gettext("Icon"), "menu": gettext("Menu group"),
              "menu_place": gettext("Place in the menu"), "entity": gettext("Key")}  # fmt: skip
    return {
        "shown": {key: shown_texts(body.get(key)) for key in ("label", "plural")},
        "entity": body,
        "typed_name": name,
        "errors": errors,
        "problems": as_summary(errors, labels),
        "labels": labels,
        "icons": sorted(assets.sprite_names()),
        "menus": sorted(
            {each.menu for each in current_session().workspace.schema.entities.values() if each.menu}
        ),
        "seen": fingerprint(entity_part(body) if seen is None else seen),
    }


def render_taken(name: str) -> str:
    """Return the sentence that an entity's name is taken."""
    return render(ConflictError("edit.entity_exists", name=name), current_language())


def give_access(entity: str, roles: list[str]) -> None:
    """Let roles work with a new entity, in the draft."""
    session = current_session()
    for role in roles:
        if role not in session.workspace.schema.parts.get("role", {}):
            continue

        def open_to(body: dict) -> dict:
            return {**body, "entities": {**(body.get("entities") or {}), entity: {"can": list(ACCESS)}}}

        drafts.edit_document(session, "role", role, open_to)
    session.commit()
