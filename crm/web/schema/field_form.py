"""What the form of a field shows and sends, and the document it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from crm.drafts import edits, layouts
from crm.drafts import service as drafts
from crm.drafts.choices import ChoiceRow, rows_of, set_choices
from crm.drafts.keys import FIELD_ORDER
from crm.entities.check import FIELD_KEYS
from crm.errors import ConflictError, SchemaError
from crm.fields import FIELD_TYPES, type_named
from crm.messages import render
from crm.revisions.rename import rename_uses
from crm.web.language import current_language
from crm.web.schema.controls import KeyControl, control_of_key
from crm.web.schema.key_forms import (
    DrawnKey,
    FormContext,
    derive_name,
    draw_key,
    key_of,
    read_key,
    read_rows,
    unfinished,
)
from crm.web.schema.shaping import Found, body_of, errors_by_key, is_stale, live_body, save_changed
from crm.web.serving.session import current_session

NOT_EDITED = ("type", "was")
SEEN_COLUMNS = 3  # a new column stands behind these: at the end of a long list nobody would see it


@dataclass
class SentField:
    """What the form of a field brought.

    Shape:  `wanted` is the field's body, `whole` the entity's document with it; `rows` are its choices, None where
            the form has none. `errors` are sentences by key, for what cannot even be put together.
    """

    name: str
    wanted: Mapping[str, Any]
    whole: Mapping[str, Any]
    rows: list[ChoiceRow] | None
    errors: dict[str, str]


def read_sent(name: str, field: str | None, found: Mapping, otherwise: str = "") -> SentField:
    """Return what the form sent about a field, None for a new one; `otherwise` is the key of one without a name."""
    body = body_of(name)
    context = context_of(body, found)
    rows = read_rows(request.form, rows_of(found)) if "choice.key" in request.form else None
    wanted = edits.change_keys(found, sent_keys(context))
    new_name = request.form.get("_name", "").strip() or field or name_of(wanted) or otherwise
    stale = field is not None and is_stale(found)
    errors = {"": render(ConflictError("draft.moved_on"), current_language())} if stale else {}
    errors |= unfinished(controls_of(context.type), request.form, context)
    try:
        wanted = wanted if rows is None else set_choices(wanted, rows)
        body = whole_of(name, body, (field, new_name), wanted)
    except SchemaError as error:
        key = "choices" if error.code == "edit.choice_exists" else "_name"
        errors[key] = render(error, current_language())
    return SentField(new_name, wanted, body, rows, errors)


def context_of(body: Mapping, found: Mapping) -> FormContext:
    """Return the surroundings of a field's form."""
    session = current_session()
    draft = drafts.find_draft(session)
    schema, _problems = drafts.propose(session, draft)
    number = draft.id if draft else None
    return FormContext(schema, edits.fields_of(body), found, schema.entities.get(body["entity"]), number)


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


def draw_keys(
    context: FormContext, errors: Mapping[str, str], rows: Iterable[ChoiceRow] | None
) -> list[DrawnKey]:
    """Return every key of a field, ready to be drawn."""
    controls = controls_of(context.type) if context.type in FIELD_TYPES else []
    return [draw_key(control, context, errors.get(control.key, ""), rows) for control in controls]


def sent_keys(context: FormContext) -> dict[str, Any]:
    """Return the keys the form holds; choices are read apart."""
    form = request.form
    return {
        control.key: read_key(control, form, context)
        for control in controls_of(context.type)
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
    computed = {"formula": "formula", "children": "over"}.get(type_named(field_type).computes)
    if computed and "" in errors:
        errors.setdefault(computed, errors.pop(""))
    if names:
        errors["_name"] = render(names[0][1], current_language())
    return errors


def name_of(found: Mapping) -> str:
    """Return a key for a new field, made of its label."""
    label = found.get("label") or {}
    return derive_name(label) if isinstance(label, str) else key_of(label)


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
