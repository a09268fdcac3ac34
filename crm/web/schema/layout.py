"""`/admin/schema/<entity>/form`, `lists`, `checks`: how an entity's records look, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, request
from flask_babel import gettext, pgettext
from werkzeug.datastructures import MultiDict

from crm.drafts import edits, layouts
from crm.drafts import service as drafts
from crm.drafts.keys import ENTITY_ORDER, order_keys, put_key, read_texts, shown_texts
from crm.entities.model import Entity, Schema
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.entities.yaml import read_yaml, write_yaml
from crm.errors import ConflictError
from crm.fields import type_named
from crm.fields.choice import build_choices
from crm.messages import render
from crm.texts import LANGUAGES
from crm.web.conditions.builder import (
    Editor,
    draw_conditions,
    is_pressed,
    is_sent,
    read_conditions,
    redraw_conditions,
)
from crm.web.conditions.pages import admin_editor
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.schema.formula import toolbox
from crm.web.schema.key_forms import label_of_field, sent_texts
from crm.web.schema.shaping import (
    Answer,
    Found,
    ShapingView,
    body_of,
    change,
    find_problems,
    fingerprint,
    is_stale,
    save_body,
)
from crm.web.serving.session import current_session

DATES = ("date", "datetime")  # kinds
LIST_KEYS = ("title", "list", "kanban", "calendar", "timeline")
RULE_KEYS = ("same_if", "if_same", "checks")
INNER = {
    "kanban": ("by", "sum"),
    "calendar": ("from", "to", "person", "kind", "done"),
    "timeline": ("at", "kind", "title", "text"),
}
FOCUS = ("deed", "field", "section", "steps")  # what tells which button was pressed, to find it again
SORTS = 3  # how many fields a list can be sorted by in the form
BodyChange = Callable[[dict], Mapping]


class SchemaLayoutView(ShapingView):
    """How the records of one entity look."""

    route_base = "/admin/schema"

    @page("/<name>/form", methods=["GET", "POST"])
    def form(self, name: str) -> Answer:
        """Lay out the form: its sections and their fields."""
        if request.method == "POST":
            kept = {key: request.form[key] for key in FOCUS if key in request.form}
            return change(name, form_change(request.form), f"/admin/schema/{name}/form?" + urlencode(kept))
        body = body_of(name)
        sections = layouts.sections_of(body)
        labels = field_labels(body)
        return self.entity_page(
            name, "form", sections=sections, labels=labels, rest=layouts.unplaced(body),
            headings=[shown_texts(section.get("section")) for section in sections], conditions=conditional(body),
            **{key: request.args.get(key, "") for key in FOCUS},
        )  # fmt: skip

    @page("/<name>/lists", methods=["GET", "POST"])
    def lists(self, name: str) -> Answer:
        """Say how lists, boards and calendars show the records."""
        return self.part(name, "lists", LIST_KEYS, read_lists)

    @page("/<name>/checks", methods=["GET", "POST"])
    def checks(self, name: str) -> Answer:
        """Say what a duplicate is, and what is refused."""
        return self.part(name, "checks", RULE_KEYS, read_rules)

    def part(
        self, name: str, tab: str, keys: tuple[str, ...], read: Callable[[MultiDict, dict], dict]
    ) -> Answer:
        """Draw a form about some keys of an entity, or take what was sent."""
        body = body_of(name)
        seen = {key: body.get(key) for key in keys}
        if request.method == "GET":
            return self.entity_page(name, tab, **drawn(body), seen=fingerprint(seen))
        wanted = read(request.form, body)
        problems = [
            ("", ".".join(map(str, place)), render(problem, current_language()))
            for place, problem in about(find_problems(wanted, (), name), keys)
        ]
        if is_stale(seen):
            problems = [("", "", render(ConflictError("draft.moved_on"), current_language()))]
        problems += [("", "", text) for text in unfinished_checks(request.form, body)]
        if problems or is_pressed(request.form):
            return self.page(
                f"schema/{tab}.html",
                200 if is_pressed(request.form) else 422, name=name, body=wanted, tab=tab, heading=shown_heading(body),
                problems=[] if is_pressed(request.form) else problems, seen=fingerprint(seen), **drawn(wanted),
            )  # fmt: skip
        save_body(name, wanted)
        flash(gettext("Saved in your draft."), "success")
        return redirect(f"/admin/schema/{name}/{tab}")


def shown_heading(body: Mapping) -> str:
    """Return what an entity's records are called."""
    return label_of_field(str(body.get("entity")), {"label": body.get("plural") or body.get("label")})


def about(found: list[Found], keys: tuple[str, ...]) -> list[Found]:
    """Return the problems about some keys."""
    return [(place, problem) for place, problem in found if place and place[0] in keys]


def field_labels(body: Mapping) -> dict[str, str]:
    """Return what the fields of an entity are called."""
    return {name: label_of_field(name, field) for name, field in edits.fields_of(body).items()}


def drawn(body: Mapping) -> dict[str, Any]:
    """Return what the forms about lists and rules draw."""
    system = {
        "id": pgettext("field", "Number"),
        "created_at": pgettext("field", "Created at"),
        "created_by": pgettext("field", "Created by"),
        "updated_at": pgettext("field", "Updated at"),
        "updated_by": pgettext("field", "Updated by"),
    }
    labels = field_labels(body)
    listing = body.get("list") if isinstance(body.get("list"), Mapping) else {}
    types = {
        name: type_named(field.get("type"))
        for name, field in edits.fields_of(body).items()
        if isinstance(field, Mapping)
    }
    sorts = [word for word in listing.get("sort") or () if isinstance(word, str)]
    known = {**labels, **{name: system[name] for name in SYSTEM_FIELDS}}
    columns = [word for word in listing.get("columns") or () if isinstance(word, str)]
    return {
        "labels": labels,
        "known": known,
        "ordered": order_keys(known, columns),
        "columns": columns,
        "sorts": [*sorts, *[""] * SORTS][: max(SORTS, len(sorts))],
        "choices": {name: labels[name] for name, kind in types.items() if kind.chooses_one},
        "numbers": {name: labels[name] for name, kind in types.items() if kind.computes or kind.kind == "number"},
        "dates": {name: labels[name] for name, kind in types.items() if kind.stored and kind.kind in DATES},
        "users": {name: labels[name] for name, kind in types.items() if kind.links == "user"},
        "flags": {
            name: labels[name]
            for name, kind in types.items()
            if kind.stored and (kind.kind == "boolean" or kind.chooses_one)
        },
        "done_choices": done_choices(body),
        "toolbox": toolbox(proposed_entity(body)[1]),
        "groups": layouts.items_of(body, "same_if"),
        "rules": [
            drawn_check(row, number, body)
            for number, row in enumerate([*layouts.items_of(body, "checks"), {}])
        ],
    }  # fmt: skip


def drawn_check(row: Any, number: int, body: Mapping) -> dict[str, Any]:
    """Return a check as the form draws it; its conditions as YAML while the entity has problems."""
    row = row if isinstance(row, Mapping) else {}
    when, editor = row.get("when"), check_editor(body, number)
    html = None
    if editor is not None:
        is_again = request.method == "POST" and is_sent(request.form, editor.name)
        html = redraw_conditions(editor, request.form) if is_again else draw_conditions(editor, when or [])
    lines = when if isinstance(when, str) else write_yaml(when) if when else ""
    return {"html": html, "lines": lines.rstrip("\n"), "texts": shown_texts(row.get("message"))}


def proposed_entity(body: Mapping) -> tuple[Schema, Entity | None]:
    """Return the schema as it would be and an entity in it, None while that has problems."""
    session = current_session()
    schema, _problems = drafts.propose(session, drafts.find_draft(session))
    return schema, schema.entities.get(body["entity"])


def check_editor(body: Mapping, number: int) -> Editor | None:
    """Return the editor of a check's conditions; None while the entity has problems."""
    session = current_session()
    draft, (schema, entity) = drafts.find_draft(session), proposed_entity(body)
    if entity is None:
        return None
    label = gettext("Refuse the record when")
    return admin_editor(
        session, schema, entity, f"when.{number}", label=label, draft=draft.id if draft else None
    )


def form_change(form: MultiDict) -> BodyChange:
    """Return the one edit of the form's layout that was asked for."""
    number = {
        key: int(form[key])
        for key in ("section", "place", "steps", "columns")
        if form.get(key, "").lstrip("-").isdigit()
    }
    section, place, steps = (number.get(key) for key in ("section", "place", "steps"))
    field, deed = form.get("field", ""), form.get("deed", "")
    deeds: dict[str, BodyChange] = {
        "add_section": lambda body: layouts.add_section(body, read_texts(sent_texts(form, "label"), None)),
        "name_section": lambda body: layouts.name_section(body, section or 0, heading_of(form, body, section or 0)),
        "columns": lambda body: layouts.set_columns(body, section or 0, number.get("columns", 2)),
        "move_section": lambda body: layouts.move_section(body, section or 0, steps or 0),
        "remove_section": lambda body: layouts.remove_section(body, section or 0),
        "step_field": lambda body: layouts.step_field(body, field, steps or 0),
        "place_field": lambda body: layouts.place_field(body, known_field(body, field), section, place),
    }  # fmt: skip
    return deeds.get(deed, lambda body: body)


def conditional(body: Mapping) -> dict[str, list[str]]:
    """Return, by field, on what its place in the form depends."""
    words = {
        "show_if": pgettext("key", "Shown when"),
        "required_if": pgettext("key", "Required when"),
        "read_only_if": pgettext("key", "Read-only when"),
    }
    return {
        name: [label for key, label in words.items() if field.get(key)]
        for name, field in edits.fields_of(body).items()
    }


def heading_of(form: MultiDict, body: Mapping, place: int) -> Any:
    """Return the heading of a section as it was sent."""
    return read_texts(sent_texts(form, "label"), layouts.sections_of(body)[place].get("section"))


def known_field(body: Mapping, name: str) -> str:
    """Return the name of a field there is.

    Errors: SchemaError.
    """
    edits.field_of(body, name)
    return name


def read_lists(form: MultiDict, body: dict) -> dict[str, Any]:
    """Return the document with title, list, board and calendar as the form says."""
    known = [*edits.fields_of(body), *SYSTEM_FIELDS]
    chosen = [name for name in form.getlist("column") if name in known]
    places = {name: as_place(form.get(f"place.{name}", "")) for name in chosen}
    columns = sorted(chosen, key=lambda name: places[name])
    before = (body.get("list") or {}).get("columns") or []
    if set(columns) == set(before) and [places[name] for name in before] == sorted(places.values()):
        columns = list(before)
    sorts = [
        ("-" if down == "down" else "") + name
        for name, down in zip(form.getlist("sort"), form.getlist("direction"), strict=False)
        if name
    ]
    body = edits.put_inner(body, "list", {"columns": columns, "sort": sorts})
    body = edits.change_entity(body, {"title": form.get("title", "").strip() or None})
    for key, words in INNER.items():
        if f"{key}.{words[0]}" in form:
            sent = {word: form[f"{key}.{word}"] or None for word in words if f"{key}.{word}" in form}
            body = edits.put_inner(body, key, sent)
    if "kanban.card" in form and body.get("kanban"):
        body = edits.put_inner(
            body, "kanban", {"card": [word for word in form.getlist("kanban.card") if word]}
        )
    if "calendar.more" in form and body.get("calendar"):
        known = done_choices(body)
        more = {"done_is": [word for word in form.getlist("calendar.done_is") if word in known]}
        body = edits.put_inner(body, "calendar", {**more, "yearly": "calendar.yearly" in form or None})
    return body


def done_choices(body: Mapping) -> dict[str, str]:
    """Return the choices of the field that says what is done in the calendar; nothing where it is none of choices."""
    days = body.get("calendar") if isinstance(body.get("calendar"), Mapping) else {}
    field = edits.fields_of(body).get(str(days.get("done")))
    if not isinstance(field, Mapping) or not type_named(field.get("type")).chooses_one:
        return {}
    return {
        key: choice.label.get(current_language())
        for key, choice in build_choices(field.get("choices")).items()
    }


def as_place(text: str) -> int:
    """Return the position of a column; anything else comes last."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 99_999


def read_rules(form: MultiDict, body: dict) -> dict[str, Any]:
    """Return the document with duplicate rules and checks as the form says."""
    groups = [
        [word for word in form.getlist(f"same.{number}") if word]
        for number in range(min(as_place(form.get("same", "0")), 50))
    ]
    before, checks = layouts.items_of(body, "checks"), []
    for number, texts in enumerate(zip(*(form.getlist(f"check.{each}") for each in LANGUAGES), strict=False)):
        old = before[number] if number < len(before) and isinstance(before[number], Mapping) else {}
        when = read_when(form, body, number, old.get("when"))
        message = read_texts(dict(zip(LANGUAGES, texts, strict=True)), old.get("message"))
        if (when or message) and str(number) not in form.getlist("check.remove"):
            checks.append({**old, "when": when, "message": message})
    body = put_key(body, "same_if", [group for group in groups if group], ENTITY_ORDER)
    refuses = form.get("if_same") if form.get("if_same") == "refuse" else None
    body = put_key(body, "if_same", refuses, ENTITY_ORDER) if "if_same" in form else body
    return put_key(body, "checks", checks, ENTITY_ORDER)


def read_when(form: MultiDict, body: Mapping, number: int, before: Any) -> Any:
    """Return the conditions of one check as they were sent; those that did not change as they were written."""
    editor = check_editor(body, number)
    if editor is not None:
        lines = read_conditions(editor, form)[0]
        return before if lines == (before if isinstance(before, list) else [before]) else lines
    text = form.get(f"when.{number}", "").replace("\r\n", "\n")
    value, reading = read_yaml(text) if text.strip() else (None, None)
    return text if reading and reading.problems else value


def unfinished_checks(form: MultiDict, body: Mapping) -> list[str]:
    """Return the sentences about conditions of checks that lack a value."""
    found = []
    for number in range(len(form.getlist("check.en"))):
        editor = check_editor(body, number)
        if editor is not None and is_sent(form, editor.name):
            found += [render(problem, current_language()) for problem in read_conditions(editor, form)[1]]
    return found
