"""The form of a role: what it shows, and the document that comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from crm.drafts.roles import RoleForm, Ticked, set_role
from crm.entities.build import as_lines
from crm.entities.model import Document, Entity, Schema
from crm.entities.yaml import read_yaml, write_yaml
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.messages import render
from crm.messages.permissions import DEED_LABELS
from crm.permissions.kind import check_role
from crm.permissions.model import DEEDS
from crm.texts import LANGUAGES, translate

LONGEST_CONDITIONS = 20_000  # characters


@dataclass(frozen=True)
class FieldRow:
    """One field with its two boxes."""

    name: str
    label: str
    hidden: bool
    read_only: bool
    is_computed: bool


@dataclass(frozen=True)
class EntityRow:
    """One entity with what the role may do with it."""

    name: str
    label: str
    icon: str
    can: frozenset[str]
    records: str
    fields: list[FieldRow]
    error: str = ""


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
    """What came back: the document, and what is wrong with it, by place of the form."""

    body: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    errors: dict[str, Problem] = field(default_factory=dict)


def role_page(body: Mapping[str, Any], schema: Schema, language: str, sent: Sent | None = None) -> RolePage:
    """Return the form of a role's document; conditions that could not be read come back as they were typed."""
    label = body.get("label")
    labels = label if isinstance(label, Mapping) else {"en": label or ""}
    reports = list(body.get("reports") or ())
    return RolePage(
        [(code, str(labels.get(code) or "")) for code in LANGUAGES],
        [(deed, translate(DEED_LABELS[deed], language)) for deed in DEEDS],
        [
            _entity_row(entity, body, language, sent or Sent({}))
            for entity in sorted(schema.entities.values(), key=lambda entity: entity.plural.get(language))
        ],
        [
            (name, report.label.get(language), name in reports)
            for name, report in schema.parts.get("report", {}).items()
        ],
        "all" in reports,
        body.get("admin") is True,
    )


def _entity_row(entity: Entity, body: Mapping[str, Any], language: str, sent: Sent) -> EntityRow:
    rights = (body.get("entities") or {}).get(entity.name) or {}
    lines = list(as_lines(rights.get("records")))
    error = sent.errors.get(entity.name)
    fields = [
        FieldRow(
            name,
            known.label.get(language),
            name in (rights.get("hidden") or ()),
            name in (rights.get("read_only") or ()),
            not FIELD_TYPES[known.type].writable,
        )
        for name, known in entity.fields.items()
    ]
    return EntityRow(
        entity.name,
        entity.plural.get(language),
        entity.icon,
        frozenset(rights.get("can") or ()),
        sent.texts.get(entity.name, write_yaml(lines).strip() if lines else ""),
        fields,
        render(error, language) if error else "",
    )


def read_role(form: MultiDict, body: Mapping[str, Any], schema: Schema) -> Sent:
    """Return the document a sent form makes of a role's, with every problem of it."""
    sent = Sent({})
    entities = dict(_read_entities(form, body, schema, sent))
    role_form = RoleForm(
        {code: form.get(f"label-{code}", "").strip()[:200] for code in LANGUAGES},
        entities,
        [name for name in form.getlist("report") if name == "all" or name in schema.parts.get("report", {})],
        "admin" in form,
    )
    sent.body = set_role(body, role_form)
    document = Document("role", str(sent.body["role"]), sent.body, f"roles/{sent.body['role']}.yaml")
    sent.problems += [*sent.errors.values(), *check_role(document, schema)]
    return sent


def _read_entities(
    form: MultiDict, body: Mapping[str, Any], schema: Schema, sent: Sent
) -> Iterator[tuple[str, Ticked]]:
    for name in schema.entities:
        before = ((body.get("entities") or {}).get(name) or {}).get("records")
        text = form.get(f"records-{name}", "").replace("\r\n", "\n").strip()[:LONGEST_CONDITIONS]
        records = _read_lines(text, before, name, sent)
        boxes = {key: form.getlist(f"{key}-{name}") for key in ("can", "hidden", "read_only")}
        yield name, Ticked(boxes["can"], records, boxes["hidden"], boxes["read_only"])


def _read_lines(text: str, before: Any, name: str, sent: Sent) -> Any:
    """Return condition lines from their text; what was not touched stays as it was written."""
    lines = list(as_lines(before))
    if text == (write_yaml(lines).strip() if lines else ""):
        return before
    if not text:
        return None
    found, reading = read_yaml(text + "\n")
    sent.texts[name] = text
    if reading.problems or not isinstance(found, list | dict):
        problem = next(iter(reading.problems), Problem("schema.expected_list", {"key": "records"}))
        sent.errors[name] = problem.at(field=name)
        return before
    return found if isinstance(found, list) else [found]
