"""`/admin/schema/<entity>/`: the fields of an entity, and the form of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, render_template, request
from flask_babel import gettext, pgettext
from werkzeug.wrappers import Response

from crm.database import released_engine
from crm.drafts import edits, layouts
from crm.drafts import service as drafts
from crm.drafts.choices import ChoiceRow
from crm.entities.model import Document
from crm.errors import NotFoundError
from crm.fields import FIELD_TYPES
from crm.revisions.publish import weigh_documents
from crm.web.conditions.builder import is_pressed
from crm.web.fab.views import page
from crm.web.language import spoken
from crm.web.schema.controls import COLORS, GROUPS, words_of_type
from crm.web.schema.field_form import context_of, draw_keys, errors_of, follow_rename, read_sent, sent_keys
from crm.web.schema.field_rows import field_rows, group_labels, group_uses
from crm.web.schema.formula import toolbox
from crm.web.schema.impact import impact_words
from crm.web.schema.key_forms import as_number, label_of_field
from crm.web.schema.overview import count_choices, notes_of
from crm.web.schema.shaping import (
    Answer,
    ShapingView,
    as_summary,
    body_of,
    change,
    documents_with,
    find_problems,
    fingerprint,
    save_body,
    usage_of_draft,
)
from crm.web.schema.uses import drawn_uses
from crm.web.serving.session import current_session

MOST_STEPS = 10_000


class SchemaFieldsView(ShapingView):
    """The fields of one entity."""

    route_base = "/admin/schema"

    @page("/<name>/")
    def show(self, name: str) -> Answer:
        """List the fields."""
        body, session = body_of(name), current_session()
        schema, _problems = drafts.propose(session, drafts.find_draft(session))
        roles = (schema if "role" in schema.parts else session.workspace.schema).parts.get("role", {})
        every = field_rows(name, body, usage_of_draft(), roles.values())
        asked = request.args.get("q", "").strip()
        return self.entity_page(
            name,
            "fields",
            rows=[row for row in every if row.matches(asked)],
            total=len(every),
            asked=asked,
            groups=group_labels(),
            notes=[] if asked else notes_of(name),
            moved=request.args.get("moved", ""),
            by=request.args.get("by", ""),
        )

    @page("/<name>/add")
    def choose(self, name: str) -> Answer:
        """Choose the type of a new field."""
        return self.entity_page(name, "types", types={each: words_of_type(each) for each in FIELD_TYPES})

    @page("/<name>/add/<kind>", methods=["GET", "POST"])
    def add(self, name: str, kind: str) -> Answer:
        """Add a field of a type."""
        if kind not in FIELD_TYPES:
            raise NotFoundError("schema.unknown_type", name=kind)
        target = (
            {"to": request.args["to"][:64]} if "to" in FIELD_TYPES[kind].keys and "to" in request.args else {}
        )
        return self.form(name, None, {"type": kind, **target})

    @page("/<name>/fields/<field>", methods=["GET", "POST"])
    def edit(self, name: str, field: str) -> Answer:
        """Change one field."""
        found = edits.fields_of(body_of(name)).get(field)
        if not isinstance(found, Mapping):
            raise NotFoundError("schema.unknown_field", name=field)
        return self.form(name, field, found)

    @page("/<name>/fields/<field>/move", methods=["POST"])
    def move(self, name: str, field: str) -> Response:
        """Move a field up or down, or to a place."""
        steps, place = (as_number(request.form.get(key) or None) for key in ("steps", "place"))
        by = steps if isinstance(steps, int) and abs(steps) < MOST_STEPS else 0

        def edit(body: dict) -> Mapping:
            if not isinstance(place, int):
                return edits.move_field(body, field, by)
            names = list(edits.fields_of(body))
            return edits.move_field(body, field, place - names.index(field))

        return change(name, edit, f"/admin/schema/{name}/?" + urlencode({"moved": field, "by": by}))

    @page("/<name>/fields/<field>/remove", methods=["POST"])
    def remove(self, name: str, field: str) -> Response:
        """Take a field away; its data is parked when the draft is published."""
        flash(gettext("Removed in your draft. Nothing changes until you publish."), "success")
        return change(name, lambda body: edits.remove_field(body, field), f"/admin/schema/{name}/")

    @page("/<name>/fields/<field>/type")
    def try_type(self, name: str, field: str) -> Answer:
        """Show which stored values another type would not take; nothing is changed."""
        kind, body = request.args.get("type", ""), body_of(name)
        if kind not in FIELD_TYPES:
            raise NotFoundError("schema.unknown_type", name=kind)
        found = edits.field_of(body, field)
        documents = documents_with(edits.change_type(body, field, kind), name)
        trial = type_trial(documents, (name, field))
        if request.headers.get("HX-Request"):
            return render_template("schema/_trial.html", **trial)
        return self.draw(name, field, found, {}, trial=trial, kind=kind)

    @page("/<name>/fields/<field>/type", methods=["POST"])
    def retype(self, name: str, field: str) -> Response:
        """Give a field another type."""
        kind = request.form.get("type", "")
        if kind not in FIELD_TYPES:
            raise NotFoundError("schema.unknown_type", name=kind)
        address = f"/admin/schema/{name}/fields/{field}"
        return change(name, lambda body: edits.change_type(body, field, kind), address)

    def form(self, name: str, field: str | None, found: Mapping) -> Answer:
        """Draw the form of a field, or take what was sent."""
        if request.method == "GET":
            return self.draw(name, field, found, {})
        if is_pressed(request.form) or "_check" in request.form:
            return self.draw(name, field, {**found, **sent_keys(context_of(body_of(name), found))}, {})
        sent = read_sent(name, field, found)
        if not sent.errors:
            path = ("fields", sent.name)
            sent.errors.update(errors_of(find_problems(sent.whole, path, name), path, str(found["type"])))
        if sent.errors:
            return self.draw(name, field, sent.wanted, sent.errors, sent.rows)
        save_body(name, sent.whole)
        if field and sent.name != field:
            follow_rename(name, field, sent.name)
        flash(gettext("Saved in your draft."), "success")
        here = f"/admin/schema/{name}/"
        return redirect(f"{here}fields/{sent.name}" if "_stay" in request.form else here)

    def draw(
        self,
        name: str,
        field: str | None,
        found: Mapping,
        errors: Mapping[str, str],
        rows: Iterable[ChoiceRow] | None = None,
        **more: Any,
    ) -> Answer:
        """Return the form of a field."""
        body = body_of(name)
        uses = usage_of_draft().of_field(name, field) if field else []
        context = context_of(body, found)
        drawn = draw_keys(context, errors, rows)
        labels = {"_name": pgettext("key", "Internal name"), **{each.key: each.field.label for each in drawn}}
        return self.entity_page(
            name,
            "field",
            422 if errors else 200,
            field=field,
            found=found,
            title=label_of_field(field, found) if field else pgettext("title", "New field"),
            groups=[
                (spoken(title), [key for key in drawn if key.group == group])
                for group, title in GROUPS.items()
            ],
            kind_words=words_of_type(str(found.get("type"))),
            types={key: words_of_type(key).label for key in FIELD_TYPES},
            typed_name=request.form.get("_name", field or ""),
            errors=errors,
            problems=as_summary(errors, labels),
            seen=fingerprint(edits.fields_of(body).get(field)) if field else "",
            colors=COLORS,
            toolbox=toolbox(context.entity),
            sections=layouts.sections_of(body),
            uses=drawn_uses(current_session(), uses),
            use_counts=group_uses(name, uses),
            use_groups=group_labels(),
            counts=count_choices(name, field, found) if field else {},
            **{"kind": found.get("type"), "trial": None, **more},
        )


def type_trial(documents: list[Document], place: tuple[str, str]) -> dict[str, Any]:
    """Return, in words, what becomes of the stored values of one field."""
    session = current_session()
    impact, stored = weigh_documents(released_engine(session), documents, session.actor.name)
    own = replace(
        stored,
        touched=tuple(each for each in stored.touched if (each.entity, each.field) == place),
        conversions=tuple(each for each in stored.conversions if (each.entity, each.field) == place),
    )
    words = impact_words(session, documents, impact, own)
    return {"converted": words["converted"], "conversions": words["conversions"]}
