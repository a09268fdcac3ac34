"""The form of a role: what it shows, and the document that comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from crm.conditions import parse_conditions
from crm.drafts.roles import RoleForm, Ticked, set_role
from crm.entities.build import as_lines
from crm.entities.model import Document, Entity, Schema
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.fields.alphabet import sort_key
from crm.messages.permissions import DEED_LABELS
from crm.permissions.kind import check_role
from crm.permissions.model import DEEDS
from crm.texts import LANGUAGES, translate
from crm.web.conditions.builder import Editor, draw_conditions, is_sent, read_conditions, redraw_conditions
from crm.web.conditions.form import BUTTON

EditorOf = Callable[[Entity], Editor]


@dataclass(frozen=True)
class FieldRow:
    """One field with its two boxes."""

    name: str
    label: str
    hidden: bool
    read_only: bool
    is_computed: bool
    is_personal: bool


@dataclass(frozen=True)
class EntityRow:
    """One entity with what the role may do with it."""

    name: str
    label: str
    icon: str
    can: frozenset[str]
    has_records: bool
    conditions: Markup
    fields: list[FieldRow]
    is_open: bool = False


@dataclass(frozen=True)
class RolePage:
    """What the form shows."""

    labels: list[tuple[str, str]]
    deeds: list[tuple[str, str]]
    entities: list[EntityRow]
    reports: list[tuple[str, str, bool]]
    all_reports: bool
    admin: bool


@dataclass
class Sent:
    """What came back: the document, what is wrong with it, and the entities whose conditions are."""

    form: MultiDict
    body: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)


def role_page(
    body: Mapping[str, Any], schema: Schema, language: str, editor_of: EditorOf, sent: Sent | None = None
) -> RolePage:
    """Return the form of a role's document; of a form that was sent, with its conditions as they were left."""
    label = body.get("label")
    labels = label if isinstance(label, Mapping) else {"en": label or ""}
    reports = list(body.get("reports") or ())
    return RolePage(
        [(code, str(labels.get(code) or "")) for code in LANGUAGES],
        [(deed, translate(DEED_LABELS[deed], language)) for deed in DEEDS],
        [
            _entity_row(entity, body, language, editor_of(entity), sent)
            for entity in sorted(
                schema.entities.values(), key=lambda each: sort_key(each.plural.get(language), language)
            )
        ],
        [
            (name, report.label.get(language), name in reports)
            for name, report in schema.parts.get("report", {}).items()
        ],
        "all" in reports,
        body.get("admin") is True,
    )


def _entity_row(
    entity: Entity, body: Mapping[str, Any], language: str, editor: Editor, sent: Sent | None
) -> EntityRow:
    rights = (body.get("entities") or {}).get(entity.name) or {}
    lines = list(as_lines(rights.get("records")))
    drawn = draw_conditions(editor, lines) if sent is None else redraw_conditions(editor, sent.form)
    fields = [
        FieldRow(
            name,
            known.label.get(language),
            name in (rights.get("hidden") or ()),
            name in (rights.get("read_only") or ()),
            not FIELD_TYPES[known.type].writable,
            known.personal,
        )
        for name, known in entity.fields.items()
    ]
    return EntityRow(
        entity.name,
        entity.plural.get(language),
        entity.icon,
        frozenset(rights.get("can") or ()),
        bool(lines),
        drawn,
        fields,
        sent is not None and (entity.name in sent.wrong or name_of(entity.name) in sent.form.get(BUTTON, "")),
    )


def name_of(entity: str) -> str:
    """Return the name of the editor of an entity's records within the form."""
    return f"records_{entity}"


def read_role(form: MultiDict, body: Mapping[str, Any], schema: Schema, editor_of: EditorOf) -> Sent:
    """Return the document a sent form makes of a role's, with every problem of it."""
    sent = Sent(form)
    entities = dict(_read_entities(body, schema, editor_of, sent))
    role_form = RoleForm(
        {code: form.get(f"label-{code}", "").strip()[:200] for code in LANGUAGES},
        entities,
        [name for name in form.getlist("report") if name == "all" or name in schema.parts.get("report", {})],
        "admin" in form,
    )
    sent.body = set_role(body, role_form)
    document = Document("role", str(sent.body["role"]), sent.body, f"roles/{sent.body['role']}.yaml")
    sent.problems += check_role(document, schema)
    return sent


def _read_entities(
    body: Mapping[str, Any], schema: Schema, editor_of: EditorOf, sent: Sent
) -> Iterator[tuple[str, Ticked]]:
    for name, entity in schema.entities.items():
        before = ((body.get("entities") or {}).get(name) or {}).get("records")
        boxes = {key: sent.form.getlist(f"{key}-{name}") for key in ("can", "hidden", "read_only")}
        records = _read_lines(editor_of(entity), before, sent)
        yield name, Ticked(boxes["can"], records, boxes["hidden"], boxes["read_only"])


def _read_lines(editor: Editor, before: Any, sent: Sent) -> Any:
    """Return the condition lines of an entity; those that mean what they meant stay as they were written."""
    if not is_sent(sent.form, editor.name):
        return before
    lines, problems = read_conditions(editor, sent.form)
    if problems:
        sent.problems += problems
        sent.wrong.add(editor.entity.name)
        return before
    known = list(as_lines(before))
    if (
        parse_conditions(lines, editor.entity, editor.schema)[0]
        == parse_conditions(known, editor.entity, editor.schema)[0]
    ):
        return before
    return lines or None
