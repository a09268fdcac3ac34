"""`/admin/schema/new`: a new entity, what it can do, and who works with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from crm.drafts import service as drafts
from crm.drafts.choices import ChoiceRow
from crm.drafts.new_entity import (
    DATE,
    STATUS,
    Features,
    NewField,
    begin_entity,
    in_every_language,
    usual_columns,
)
from crm.errors import ConflictError, SchemaError
from crm.messages import render
from crm.permissions.model import DEEDS
from crm.texts import N_, NP_, translate
from crm.web.fab.views import page
from crm.web.language import current_language, spoken
from crm.web.schema.controls import COLORS
from crm.web.schema.entities import entity_form, entity_keys
from crm.web.schema.key_forms import derive_name, key_of, sent_texts
from crm.web.schema.shaping import Answer, ShapingView, errors_by_key, find_problems, save_body
from crm.web.serving.session import current_session

LEVELS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "": (NP_("access", "No access"), ()),
    "read": (NP_("access", "Read"), ("read",)),
    "work": (N_("Read and edit"), ("read", "create", "update", "export")),
    "all": (NP_("access", "Full access"), tuple(deed for deed in DEEDS if deed != "import")),
}
"""How much a role may do with a new entity; importing is a feature of its own."""


class SchemaNewView(ShapingView):
    """A new entity."""

    route_base = "/admin/schema"

    @page("/new", methods=["GET", "POST"])
    def new(self) -> Answer:
        """Add an entity to the draft, with the fields and the rights it begins with."""
        if request.method == "GET":
            return self.draw({})
        form, label = request.form, sent_texts(request.form, "label")
        name = form.get("_name", "").strip() or key_of(label)
        keys, errors = entity_keys(form, {}), {}
        try:
            body = begin_entity(name, keys, sent_features(form))
            errors = errors_by_key(find_problems(body), ())
        except SchemaError as error:
            body, errors = dict(keys), {"features": render(error, current_language())}
        session = current_session()
        if drafts.document_of(session, drafts.find_draft(session), "entity", name):
            errors["entity"] = render(ConflictError("edit.entity_exists", name=name), current_language())
        if not any(label.values()):
            errors["label"] = gettext("Enter a label for one record.")
        if errors:
            return self.draw(body, errors)
        save_body(name, body)
        give_access(name, form)
        return redirect(f"/admin/schema/{name}/")

    def draw(self, body: Mapping, errors: Mapping[str, str] | None = None) -> Answer:
        """Return the form."""
        session, language = current_session(), current_language()
        schema, _problems = drafts.propose(session, drafts.find_draft(session))
        roles = session.workspace.schema.parts.get("role", {})
        return self.page(
            "schema/new.html",
            422 if errors else 200,
            roles={name: role.label.get(language) for name, role in roles.items()},
            levels={key: spoken(label) for key, (label, _deeds) in LEVELS.items()},
            targets={name: entity.label.get(language) for name, entity in schema.entities.items()},
            sent=request.form,
            usual={
                "status": translate(STATUS, language),
                "date": translate(DATE, language),
                "columns": "\n".join(usual_columns(language)),
            },
            **entity_form(body, errors or {}, request.form.get("_name", "")),
        )


def sent_features(form: MultiDict) -> Features:
    """Return what the new entity should be able to do."""
    to = form.get("link", "").strip()
    schema = current_session().workspace.schema
    target = schema.entities.get(to)
    link = NewField(to, target.label.source if target else to) if to else None
    return Features(
        board=named_field(form.get("board_label", ""), STATUS) if "board" in form else None,
        columns=sent_columns(form.get("board_columns", "")) if "board" in form else (),
        calendar=named_field(form.get("calendar_label", ""), DATE) if "calendar" in form else None,
        link=link,
        to=to,
        timeline="timeline" in form,
    )


def named_field(typed: str, usual: str) -> NewField:
    """Return a field that somebody named; what has the usual name, or none, has it in every language."""
    typed, language = typed.strip()[:200], current_language()
    if typed in ("", translate(usual, language)):
        return NewField(derive_name(usual), in_every_language(usual))
    return NewField(derive_name(typed) or derive_name(usual), {language: typed})


def sent_columns(typed: str) -> tuple[ChoiceRow, ...]:
    """Return the choices a board has a column for, one on each line."""
    language, colors = current_language(), [color for color in COLORS if color]
    lines = [line.strip() for line in typed[:10_000].splitlines() if line.strip()]
    usual = usual_columns(language)
    return tuple(
        usual.get(line)
        or ChoiceRow(derive_name(line) or f"c{number + 1}", {language: line}, colors[number % len(colors)])
        for number, line in enumerate(lines or usual)
    )


def give_access(entity: str, form: MultiDict) -> None:
    """Let roles work with a new entity, in the draft."""
    session = current_session()
    for role in session.workspace.schema.parts.get("role", {}):
        deeds = list(LEVELS.get(form.get(f"access.{role}", ""), LEVELS[""])[1])
        if not deeds:
            continue
        if "import" in form and "create" in deeds:
            deeds.insert(deeds.index("export"), "import")

        def open_to(body: dict, deeds: list[str] = deeds) -> dict[str, Any]:
            return {**body, "entities": {**(body.get("entities") or {}), entity: {"can": deeds}}}

        drafts.edit_document(session, "role", role, open_to)
    session.commit()
