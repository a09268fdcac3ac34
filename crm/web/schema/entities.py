"""`/admin/schema/`: the entities there are, new ones, and what an entity is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext, pgettext
from werkzeug.datastructures import MultiDict

from crm.drafts import service as drafts
from crm.drafts.edits import change_entity, rename_entity
from crm.drafts.keys import read_texts, shown_texts
from crm.entities.model import Document
from crm.errors import ConflictError
from crm.fields import FIELD_TYPES
from crm.fields.fold import fold
from crm.messages import render
from crm.revisions.rename import rename_document
from crm.web import assets
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.schema.controls import COLORS
from crm.web.schema.key_forms import as_number, key_of, sent_texts
from crm.web.schema.overview import count_records, entity_rows, sorted_rows
from crm.web.schema.shaping import (
    Answer,
    ShapingView,
    as_summary,
    body_of,
    errors_by_key,
    find_problems,
    fingerprint,
    is_stale,
    label_of,
    live_body,
    save_changed,
)
from crm.web.serving.session import current_session

USUAL_ICONS = (
    "folder", "user", "users", "users-group", "building", "building-store", "building-factory", "home", "briefcase",
    "target", "flag", "star", "heart", "bulb", "rocket", "bolt", "calendar", "clock", "phone", "mail", "message",
    "messages", "headset", "tool", "tools", "settings", "engine", "car", "truck", "plane", "ship", "package", "box",
    "shopping-cart", "receipt", "credit-card", "coin", "cash", "wallet", "chart-bar", "chart-pie", "file", "file-text",
    "notes", "clipboard-list", "book", "school", "certificate", "award", "trophy", "ticket", "tag", "map-pin", "map",
    "world", "plant", "paw", "stethoscope", "pill", "bed", "tools-kitchen-2", "palette", "camera", "photo", "music",
    "device-laptop", "device-mobile", "server", "key", "lock", "shield", "gavel", "scale", "speakerphone", "git-merge",
)  # fmt: skip
"""The icons that are offered before anything is searched for."""
MOST_ICONS = 96


class SchemaEntitiesView(ShapingView):
    """`/admin/schema/`, `/admin/schema/new`, `/admin/schema/<entity>/general`."""

    route_base = "/admin/schema"
    default_view = "index"

    @page("/")
    def index(self) -> Answer:
        """List the entities, as they are in the reader's draft."""
        session = current_session()
        draft = drafts.find_draft(session)
        every = entity_rows(draft, drafts.documents_of(session, draft))
        asked, sort = request.args.get("q", "").strip(), request.args.get("sort", "")
        rows = sorted_rows((row for row in every if row.matches(asked)), sort)
        has_custom = not all(row.is_built_in for row in every)
        return self.page(
            "schema/entities.html", rows=rows, total=len(every), has_custom=has_custom, asked=asked, sort=sort
        )

    @page("/key")
    def key(self) -> Answer:
        """Show the key that is made of a label while it is typed."""
        return render_template("schema/_key.html", key=key_of(sent_texts(request.args, "label")))

    @page("/icons")
    def icons(self) -> Answer:
        """Show the icons whose names hold what was typed; the usual ones when nothing was."""
        asked, chosen = request.args.get("icon_search", "").strip().lower(), request.args.get("icon", "")
        names = find_icons(asked) if asked else usual_icons(chosen)
        return render_template("schema/_icons.html", icons=names, icon=chosen)

    @page("/<name>/general", methods=["GET", "POST"])
    def general(self, name: str) -> Answer:
        """Change what an entity is called and where it stands in the menu; its key as long as it is new."""
        body = body_of(name)
        if request.method == "GET":
            return self.draw_general(name, body)
        documents = drafts.documents_of(current_session(), drafts.find_draft(current_session()))
        new_name = request.form.get("_name", "").strip() or name if not live_body(name) else name
        after = with_general(documents, name, new_name)
        wanted = next(each.body for each in after if (each.kind, each.name) == ("entity", new_name))
        errors = errors_by_key(find_problems(wanted, (), name), ())
        errors = {key: text for key, text in errors.items() if key != "fields"}
        if new_name != name and ("entity", new_name) in {(each.kind, each.name) for each in documents}:
            errors["entity"] = render(ConflictError("edit.entity_exists", name=new_name), current_language())
        if is_stale(entity_part(body)):
            errors = {"": render(ConflictError("draft.moved_on"), current_language())}
        if errors:
            return self.draw_general(name, {**wanted, "entity": name}, errors)
        save_changed(documents, after)
        flash(gettext("Saved in your draft."), "success")
        return redirect(f"/admin/schema/{new_name}/general")

    def draw_general(self, name: str, body: Mapping, errors: Mapping[str, str] | None = None) -> Answer:
        """Return the page about the entity as a whole."""
        return self.entity_page(
            name,
            "general",
            422 if errors else 200,
            is_new=not live_body(name),
            records=count_records(name),
            **entity_form(body, errors or {}, request.form.get("_name", name), entity_part(body_of(name))),
        )

    @page("/<name>/remove", methods=["POST"])
    def remove(self, name: str) -> Answer:
        """Take an entity out of the draft's documents; publishing parks its table.

        One that holds records goes only when somebody types what it is called.
        """
        body, typed = body_of(name), request.form.get("confirm", "").strip()
        if count_records(name) and fold(typed) not in (fold(label_of(body, "plural")), fold(name)):
            sentence = gettext(
                "This entity has records. Enter “%(name)s” to remove it.", name=label_of(body, "plural")
            )
            return self.draw_general(name, body, {"confirm": sentence})
        session = current_session()
        drafts.edit_document(session, "entity", name, lambda _body: None)
        session.commit()
        flash(gettext("Removed in your draft. Nothing changes until you publish."), "success")
        return redirect("/admin/schema/")


def with_general(documents: list[Document], name: str, new_name: str) -> list[Document]:
    """Return the documents with an entity as the form says, renamed wherever it is named."""
    changed = [
        replace(each, body=change_entity(each.body, entity_keys(request.form, each.body)))
        if (each.kind, each.name) == ("entity", name)
        else each
        for each in documents
    ]
    if new_name == name:
        return changed
    return [
        replace(each, body=rename_entity(each.body, new_name, None))
        if (each.kind, each.name) == ("entity", new_name)
        else each
        for each in rename_document(changed, "entity", name, new_name)
    ]


WORD_KEYS = ("icon", "color", "menu", "title", "new_caller")
PART_KEYS = ("label", "plural", *WORD_KEYS, "menu_place")


def entity_part(body: Mapping) -> dict[str, Any]:
    """Return what the form of an entity is about."""
    return {key: body.get(key) for key in PART_KEYS}


def entity_keys(form: MultiDict, body: Mapping) -> dict[str, Any]:
    """Return the keys of an entity that a form holds."""
    found: dict[str, Any] = {
        key: read_texts(sent_texts(form, key), body.get(key)) or None for key in ("label", "plural")
    }
    found |= {key: form.get(key, "").strip() or None for key in WORD_KEYS if key in form}
    if "menu_place" in form:
        found["menu_place"] = as_number(form.get("menu_place", "").strip() or None)
    return found


def entity_form(body: Mapping, errors: Mapping[str, str], name: str = "", seen: Any = None) -> dict[str, Any]:
    """Return what the form of an entity draws."""
    labels = {"label": pgettext("key", "Label (one record)"), "plural": pgettext("key", "Label (several records)"),
              "title": pgettext("key", "Record title"), "icon": pgettext("key", "Icon"),
              "color": pgettext("key", "Colour"),
              "features": pgettext("title", "Features"), "menu": pgettext("key", "Menu group"),
              "menu_place": gettext("Position in the menu"),
              "new_caller": gettext("Field for unknown callers"), "entity": pgettext("key",
              "Internal name")}  # fmt: skip
    return {
        "shown": {key: shown_texts(body.get(key)) for key in ("label", "plural")},
        "entity": body,
        "typed_name": name,
        "errors": errors,
        "problems": as_summary(errors, labels),
        "labels": labels,
        "icons": usual_icons(str(body.get("icon") or "")),
        "colors": COLORS,
        "phones": phone_fields(body),
        "menus": sorted(
            {each.menu for each in current_session().workspace.schema.entities.values() if each.menu}
        ),
        "seen": fingerprint(entity_part(body) if seen is None else seen),
    }


def reaches_by_phone(field: Mapping) -> bool:
    """Return whether a field holds a number that calls."""
    field_type = FIELD_TYPES.get(str(field.get("type")))
    return field_type is not None and field_type.reaches == "phone"


def phone_fields(body: Mapping) -> dict[str, str]:
    """Return the labels of the fields that can take a caller's number, the one that does now among them."""
    fields = body.get("fields") or {}
    names = [name for name, field in fields.items() if reaches_by_phone(field)]
    chosen = body.get("new_caller")
    named = [chosen] if chosen and chosen not in names else []
    return {name: label_of(fields.get(name) or {}) or name for name in (*named, *names)}


def usual_icons(chosen: str) -> list[str]:
    """Return the icons that are offered, the chosen one among them."""
    return [*([chosen] if chosen and chosen not in USUAL_ICONS else []), *USUAL_ICONS]


def find_icons(text: str) -> list[str]:
    """Return icons by a part of their English names, those that begin with it first."""
    found = [name for name in assets.icon_names() if text in name]
    return sorted(found, key=lambda name: (not name.startswith(text), name))[:MOST_ICONS]
