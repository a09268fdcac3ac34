"""The form of a record: its fields ready to be drawn, and what was sent ready to be saved."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from crm.conditions import Node, evaluate, fields_of
from crm.conditions.tree.model import FieldPath, walk
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import Problem
from crm.fields import type_of
from crm.fields.base import Field, Situation
from crm.fields.choice import allowed_moves
from crm.fields.file_kinds import SHOWN, endings_of, for_browsers
from crm.messages import render
from crm.permissions.rows import parse_trusted, scope_of
from crm.permissions.service import readable_fields, writable_fields
from crm.records.draft import RecordDraft
from crm.records.files import limit_of, own_files
from crm.records.values import linked_titles, situation_of
from crm.web.forms.fields import FormField, Option

MANY = ("multi", "lookups", "tags", "upload")


@dataclass(frozen=True)
class FormSection:
    """One titled group of the form."""

    label: str
    fields: list[FormField]
    columns: int = 2


@dataclass(frozen=True)
class RecordForm:
    """A form as the page draws it.

    Shape:  `version` is the row version the reader saw, None for a new record; `once` makes a form that is sent
            twice create one record. `watched` names the fields on which others depend.
    """

    sections: list[FormSection]
    version: int | None
    once: str
    watched: list[str]
    revision: int = 0

    @property
    def has_uploads(self) -> bool:
        """Tell whether files can be sent with the form."""
        return any(field.control == "upload" for section in self.sections for field in section.fields)


def sent_values(session: CrmSession, entity: Entity, form: MultiDict) -> dict[str, Any]:
    """Return what a form sent, by field name: only fields that stood in it.

    Shape:  boxes come with a hidden twin, several values as a list.
    """
    found: dict[str, Any] = {}
    for name, field in readable_fields(session.actor, entity).items():
        if name not in form or not type_of(field).writable:
            continue
        control = control_of(field)
        values = form.getlist(name)
        found[name] = [value for value in values if value] if control in MANY else values[-1]
    return found


def control_of(field: Field) -> str:
    """Return the name of the template piece that draws a field's control."""
    return type_of(field).control


def build_form(
    session: CrmSession,
    entity: Entity,
    values: Mapping[str, Any],
    sent: Mapping[str, Any] | None = None,
    problems: list[Problem] | None = None,
    record_id: int | None = None,
) -> RecordForm:
    """Return the form of a record.

    Shape:  `values` are the typed values it has, or would have; `sent` what the reader typed instead, shown again
            as it was typed. Fields whose `show_if` does not hold are left out.
    """
    maker = FormMaker(session, entity, values, sent or {}, problems or [])
    draft, scope = RecordDraft(session, entity, values, record_id), scope_of(session)

    def holds(lines: tuple) -> bool:
        return bool(evaluate(parse_trusted(session.workspace, entity, lines), draft, scope))

    hidden = hidden_fields(session, entity, values, record_id)
    shown = {
        name: field
        for name, field in maker.readable.items()
        if (type_of(field).writable or values.get(name) is not None) and name not in hidden
    }
    sections = []
    for section in entity.form:
        fields = [maker.build(shown[name], holds) for name in section.fields if name in shown]
        if fields:
            label = section.label.get(maker.situation.language) if section.label else ""
            sections.append(FormSection(label, fields, section.columns))
    return RecordForm(
        sections,
        values.get("row_version"),
        secrets.token_urlsafe(12),
        list(_watched(session, entity)),
        session.workspace.number,
    )


def hidden_fields(
    session: CrmSession, entity: Entity, values: Mapping[str, Any], record_id: int | None
) -> set[str]:
    """Return the fields whose `show_if` does not hold."""
    draft, scope = RecordDraft(session, entity, values, record_id), scope_of(session)
    return {
        name
        for name, field in entity.fields.items()
        if field.show_if
        and not evaluate(parse_trusted(session.workspace, entity, field.show_if), draft, scope)
    }


def _watched(session: CrmSession, entity: Entity) -> Iterator[str]:
    """Yield the fields that conditions of other fields ask about, by way of formulas and references too."""
    conditions = (
        lines
        for field in entity.fields.values()
        for lines in (field.show_if, field.required_if, field.read_only_if)
        if lines
    )
    asked: set[tuple[str, str]] = set()
    for lines in conditions:
        waiting: list[Node] = [parse_trusted(session.workspace, entity, lines)]
        while waiting:
            node = waiting.pop()
            asked |= fields_of(node)
            waiting += [part.computed for part in walk(node) if isinstance(part, FieldPath) and part.computed]
    yield from (name for name in entity.fields if (entity.name, name) in asked)


class FormMaker:
    """Turns fields and values into form fields, one after the other."""

    def __init__(
        self, session: CrmSession, entity: Entity, values: Mapping, sent: Mapping, problems: list[Problem]
    ) -> None:
        self.session, self.entity, self.values, self.sent = session, entity, values, sent
        self.situation = situation_of(session)
        self.readable = readable_fields(session.actor, entity)
        self.writable = writable_fields(session.actor, entity, "update" if "id" in values else "create")
        self.errors = {problem.field: render(problem, self.situation.language) for problem in problems}
        merged = {**values, **{name: _as_ids(value) for name, value in sent.items()}}
        linked = [name for name, field in self.readable.items() if type_of(field).points]
        self.record_id = values.get("id")
        self.titles = linked_titles(session, entity, [merged], linked, self.situation)
        self.merged = merged

    def build(self, field: Field, holds: Any) -> FormField:
        """Return one field, ready to be drawn."""
        field_type, control = type_of(field), control_of(field)
        language = self.situation.language
        values = self._values(field, control)
        unit = (
            "%"
            if field_type.unit == "percent"
            else str(field.options.get("currency") or "")
            if field_type.unit == "currency"
            else ""
        )
        return FormField(
            name=field.name,
            label=field.label.get(language),
            control=control,
            value=self._text(field),
            values=values,
            options=tuple(self._options(field, control, values)),
            error=self.errors.get(field.name, ""),
            help=field.help.get(language) if field.help else "",
            unit=unit,
            required=field.required or bool(field.required_if and holds(field.required_if)),
            read_only=field.name not in self.writable
            or bool(field.read_only_if and holds(field.read_only_if)),
            max_length=field.options.get("max_length"),
            direction="ltr" if field_type.left_to_right else "auto",
            lookup_url=self._lookup_url(field, control),
            many=bool(field.options.get("many")),
            **(self._upload(field) if control == "upload" else {}),
        )

    def _upload(self, field: Field) -> dict[str, Any]:
        """Return what the control of files needs besides: what it takes, and where it sends files."""
        accept = field.options.get("accept") or ()
        return {
            "accept": for_browsers(accept),
            "accepted": ", ".join(endings_of(accept)),
            "limit_mb": limit_of(field, current_app.extensions["crm_settings"].file_max_mb),
            "upload_url": url_for("FilesApi.post", entity=self.entity.name, field=field.name),
        }

    def _text(self, field: Field) -> str:
        if field.name in self.sent and not isinstance(self.sent[field.name], list):
            return str(self.sent[field.name])
        beside = Situation(self.situation.language, self.situation.time_zone, "form", self.values)
        return type_of(field).form_text(field, self.values.get(field.name), beside)

    def _values(self, field: Field, control: str) -> tuple[str, ...]:
        if control not in MANY:
            return ()
        chosen = self.sent.get(field.name, self.values.get(field.name) or ())
        return tuple(str(value) for value in chosen) if isinstance(chosen, (list, tuple)) else (str(chosen),)

    def _stored(self, field: Field) -> Any:
        """Return the value a choice moves on from: the record's own, whatever is chosen in the form by now."""
        number = self.values.get("id")
        if number is None:
            return self.values.get(field.name) if field.name not in self.sent else None
        return getattr(self.session.get(self.session.workspace.models[self.entity.name], number), field.name)

    def _options(self, field: Field, control: str, values: tuple[str, ...]) -> Iterator[Option]:
        language = self.situation.language
        if "choices" in field.options:
            choices = field.options["choices"]
            stored = self._stored(field)
            keys = allowed_moves(field, stored) if type_of(field).chooses_one else choices
            yield from (
                Option(key, choices[key].label.get(language), choices[key].color)
                for key in keys
                if key in choices
            )
            for key in type_of(field).retired(field, stored):
                label = type_of(field).label(field, key, language)
                yield Option(key, gettext("%(label)s (no longer available)", label=label))
        elif type_of(field).points and type_of(field).several:
            chosen = self.merged.get(field.name)
            titles = dict(getattr(self.titles[field.name].get(chosen), "records", ()))
            for value in values:
                number = int(value) if value.isdecimal() else 0
                yield Option(value, titles.get(number, f"#{value}"))
        elif field.name in self.titles:
            chosen = self.merged.get(field.name)
            if chosen is not None:
                yield Option(str(chosen), self.titles[field.name].get(chosen, f"#{chosen}"))
        elif control == "upload":
            for stored in own_files(self.session, field, values, self.record_id):
                small = stored.mime in SHOWN and stored.record_id is not None
                image = url_for("FilesView.small", file_id=stored.id) if small else ""
                yield Option(str(stored.id), stored.name, image=image)
        elif control in MANY:
            yield from (Option(value, value) for value in values)

    def _lookup_url(self, field: Field, control: str) -> str:
        if control not in ("lookup", "lookups"):
            return ""
        return url_for("LookupView.lookup", entity=self.entity.name, field=field.name)


def _as_ids(value: Any) -> Any:
    """Return a typed id where what was sent is one, several as text; references are shown by it."""
    if isinstance(value, list):
        return tuple(one for one in value if isinstance(one, str) and _is_id(one))
    return int(value) if isinstance(value, str) and _is_id(value) else value


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
