"""`/admin/schema/<entity>/`: the fields of an entity, and the form of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext
from werkzeug.wrappers import Response

from crm.drafts import edits, layouts
from crm.drafts import service as drafts
from crm.drafts.choices import ChoiceRow, rows_of, set_choices
from crm.drafts.keys import FIELD_ORDER
from crm.entities.check import FIELD_KEYS
from crm.entities.rename import rename_uses
from crm.errors import ConflictError, NotFoundError, SchemaError
from crm.fields import FIELD_TYPES
from crm.messages import render
from crm.web.conditions.builder import is_pressed
from crm.web.language import current_language
from crm.web.schema.controls import COLORS, GROUPS, TYPES, KeyControl, control_of_key, words_of_type
from crm.web.schema.field_rows import field_rows, group_labels
from crm.web.schema.pieces import (
    Answer,
    Found,
    ShapingView,
    as_summary,
    body_of,
    change,
    errors_by_key,
    find_problems,
    fingerprint,
    is_stale,
    live_body,
    save_body,
    save_changed,
    usage_of_draft,
)
from crm.web.schema.readers import (
    DrawnKey,
    Place,
    as_number,
    derive_name,
    draw_key,
    label_of_field,
    read_key,
    read_rows,
    unfinished,
)
from crm.web.session import current_session

NOT_EDITED = ("type", "was")
MOST_STEPS = 10_000
SEEN_COLUMNS = 3  # a new column stands behind these: at the end of a long list nobody would see it


class SchemaFieldsView(ShapingView):
    """The fields of one entity."""

    route_base = "/admin/schema"

    @expose("/<name>/")
    @has_access
    @permission_name("use")
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
            moved=request.args.get("moved", ""),
            by=request.args.get("by", ""),
        )

    @expose("/<name>/add")
    @has_access
    @permission_name("use")
    def choose(self, name: str) -> Answer:
        """Choose the type of a new field."""
        names = [
            each
            for each in (*TYPES, *(key for key in FIELD_TYPES if key not in TYPES))
            if each in FIELD_TYPES
        ]
        return self.entity_page(name, "types", types={each: words_of_type(each) for each in names})

    @expose("/<name>/add/<kind>", methods=["GET", "POST"])
    @has_access
    @permission_name("use")
    def add(self, name: str, kind: str) -> Answer:
        """Add a field of a type."""
        if kind not in FIELD_TYPES:
            raise NotFoundError("schema.unknown_type", name=kind)
        target = (
            {"to": request.args["to"][:64]} if "to" in FIELD_TYPES[kind].keys and "to" in request.args else {}
        )
        return self.form(name, None, {"type": kind, **target})

    @expose("/<name>/fields/<field>", methods=["GET", "POST"])
    @has_access
    @permission_name("use")
    def edit(self, name: str, field: str) -> Answer:
        """Change one field."""
        found = edits.fields_of(body_of(name)).get(field)
        if not isinstance(found, Mapping):
            raise NotFoundError("schema.unknown_field", name=field)
        return self.form(name, field, found)

    @expose("/<name>/fields/<field>/move", methods=["POST"])
    @has_access
    @permission_name("use")
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

    @expose("/<name>/fields/<field>/remove", methods=["POST"])
    @has_access
    @permission_name("use")
    def remove(self, name: str, field: str) -> Response:
        """Take a field away; its data is parked when the draft is published."""
        flash(gettext("Removed in your draft. Nothing happens before you publish."), "success")
        return change(name, lambda body: edits.remove_field(body, field), f"/admin/schema/{name}/")

    @expose("/<name>/fields/<field>/type", methods=["POST"])
    @has_access
    @permission_name("use")
    def retype(self, name: str, field: str) -> Response:
        """Give a field another type."""
        kind = request.form.get("type", "")
        if kind not in FIELD_TYPES:
            raise NotFoundError("schema.unknown_type", name=kind)
        address = f"/admin/schema/{name}/fields/{field}"
        return change(name, lambda body: edits.change_type(body, field, kind), address)

    def form(self, name: str, field: str | None, found: Mapping) -> Answer:
        """Draw the form of a field, or take what was sent."""
        body = body_of(name)
        if request.method == "GET":
            return self.draw(name, field, found, {})
        if is_pressed(request.form):
            return self.draw(name, field, {**found, **sent_keys(place_of(body, found))}, {})
        place = place_of(body, found)
        rows = read_rows(request.form, rows_of(found)) if "choice.key" in request.form else None
        wanted = edits.change_keys(found, sent_keys(place))
        new_name = request.form.get("_name", "").strip() or field or name_of(wanted)
        stale = field is not None and is_stale(found)
        errors = {"": render(ConflictError("draft.moved_on"), current_language())} if stale else {}
        errors |= unfinished(controls_of(place.type), request.form, place)
        try:
            wanted = wanted if rows is None else set_choices(wanted, rows)
            whole = whole_of(name, body, (field, new_name), wanted)
        except SchemaError as error:
            errors["choices" if error.code == "edit.choice_exists" else "_name"] = render(
                error, current_language()
            )
        if not errors:
            path = ("fields", new_name)
            errors = errors_of(find_problems(whole, path, name), path, place.type)
        if errors:
            return self.draw(name, field, wanted, errors, rows)
        save_body(name, whole)
        if field and new_name != field:
            follow_rename(name, field, new_name)
        flash(gettext("Saved in your draft."), "success")
        return redirect(
            f"/admin/schema/{name}/fields/{new_name}" if "_stay" in request.form else f"/admin/schema/{name}/"
        )

    def draw(
        self,
        name: str,
        field: str | None,
        found: Mapping,
        errors: Mapping[str, str],
        rows: Iterable[ChoiceRow] | None = None,
    ) -> Answer:
        """Return the form of a field."""
        body = body_of(name)
        drawn = draw_keys(place_of(body, found), errors, rows)
        labels = {"_name": gettext("Key"), **{each.key: each.field.label for each in drawn}}
        return self.entity_page(
            name,
            "field",
            422 if errors else 200,
            field=field,
            found=found,
            title=label_of_field(field, found) if field else gettext("New field"),
            groups=[
                (gettext(title), [key for key in drawn if key.group == group])
                for group, title in GROUPS.items()
            ],
            kind_words=words_of_type(str(found.get("type"))),
            types={key: words_of_type(key).label for key in FIELD_TYPES},
            typed_name=request.form.get("_name", field or ""),
            errors=errors,
            problems=as_summary(errors, labels),
            seen=fingerprint(edits.fields_of(body).get(field)) if field else "",
            colors=COLORS,
            sections=layouts.sections_of(body),
            uses=usage_of_draft().of_field(name, field) if field else [],
        )


def place_of(body: Mapping, found: Mapping) -> Place:
    """Return where a field's form stands."""
    session = current_session()
    draft = drafts.find_draft(session)
    schema, _problems = drafts.propose(session, draft)
    number = draft.id if draft else None
    return Place(schema, edits.fields_of(body), found, schema.entities.get(body["entity"]), number)


def controls_of(field_type: str) -> list[KeyControl]:
    """Return the controls of every key a type knows, in the documented order."""
    own = FIELD_TYPES[field_type].keys
    known = [key for key in FIELD_ORDER if key in own or key in FIELD_KEYS]
    keys = [*known, *sorted(own - set(known))]
    skipped = (
        NOT_EDITED
        if FIELD_TYPES[field_type].writable
        else (*NOT_EDITED, "default", "required", "required_if")
    )
    return [control_of_key(key) for key in keys if key not in skipped]


def draw_keys(place: Place, errors: Mapping[str, str], rows: Iterable[ChoiceRow] | None) -> list[DrawnKey]:
    """Return every key of a field, ready to be drawn."""
    controls = controls_of(place.type) if place.type in FIELD_TYPES else []
    return [draw_key(control, place, errors.get(control.key, ""), rows) for control in controls]


def sent_keys(place: Place) -> dict[str, Any]:
    """Return the keys the form holds; choices are read apart."""
    form = request.form
    return {
        control.key: read_key(control, form, place)
        for control in controls_of(place.type)
        if control.key != "choices"
        and (
            control.key in form
            or f"{control.key}.en" in form
            or (control.control == "moves" and "moves" in form)
        )
    }


def errors_of(found: list[Found], path: tuple, field_type: str) -> dict[str, str]:
    """Return the first sentence for every control: a wrong name at the key, a wrong formula at the formula."""
    names = [each for each in found if each[1].code in ("schema.bad_name", "schema.reserved_name")]
    errors = errors_by_key([each for each in found if each not in names], path)
    computed = {"formula": "formula", "summary": "over"}.get(field_type)
    if computed and "" in errors:
        errors.setdefault(computed, errors.pop(""))
    if names:
        errors["_name"] = render(names[0][1], current_language())
    return errors


def name_of(found: Mapping) -> str:
    """Return a key for a new field, made of its label."""
    label = found.get("label")
    words = (
        [label]
        if isinstance(label, str)
        else [label[each] for each in ("en", *label) if label.get(each)]
        if label
        else []
    )
    return next((name for word in words if (name := derive_name(word))), "")


def whole_of(name: str, body: Mapping, names: tuple[str | None, str], wanted: Mapping) -> dict[str, Any]:
    """Return the entity's document with a field that is new, changed or renamed.

    Errors: SchemaError when the name is taken or there is none.
    """
    field, new_name = names
    if not new_name:
        raise SchemaError("schema.bad_name", name="")
    if field is None:
        return placed(edits.add_field(body, new_name, wanted), new_name)
    live = edits.fields_of(live_body(name))
    former = field if field in live else wanted.get("was") if wanted.get("was") in live else None
    return edits.rename_field(edits.with_field(body, field, lambda _each: wanted), field, new_name, former)


def follow_rename(name: str, old: str, new: str) -> None:
    """Let every document of the draft speak of a field by its new name."""
    session = current_session()
    documents = drafts.documents_of(session, drafts.open_draft(session))
    save_changed(documents, rename_uses(documents, name, old, new))


def placed(body: Mapping, field: str) -> dict[str, Any]:
    """Put a new field where the form says: a section, the list."""
    section = request.form.get("_section", "")
    if section.isdigit() and int(section) < len(layouts.sections_of(body)):
        body = layouts.place_field(body, field, int(section))
    columns = (body.get("list") or {}).get("columns")
    if "_list" in request.form and isinstance(columns, list):
        body = edits.put_inner(
            body, "list", {"columns": [*columns[:SEEN_COLUMNS], field, *columns[SEEN_COLUMNS:]]}
        )
    return dict(body)
