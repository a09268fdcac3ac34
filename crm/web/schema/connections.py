"""What surrounds an entity: the entities it is linked with, the roles that open it, the rules that watch it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.conditions import parse_conditions, say
from crm.drafts import service as drafts
from crm.drafts.edits import fields_of
from crm.entities.model import Document, Entity, Schema
from crm.fields import type_named
from crm.messages.permissions import DEED_LABELS
from crm.permissions.model import DEEDS, EntityRights, Role
from crm.texts import translate
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.schema.controls import words_of_type
from crm.web.schema.key_forms import label_of_field, word_label
from crm.web.schema.shaping import Answer, ShapingView, body_of, label_of, shown, usage_of_draft
from crm.web.schema.uses import drawn_uses
from crm.web.serving.session import current_session


@dataclass(frozen=True)
class Relation:
    """One link between two entities.

    Shape:  `owner` declares the field; `other` is the one at the far end, under `other_label`. `back` is what its
            records are called on the other side, `on_delete` what happens there.
    """

    owner: str
    field: str
    label: str
    icon: str
    other: str
    other_label: str
    back: str
    on_delete: str


@dataclass(frozen=True)
class RoleRow:
    """What one role may do with an entity; `records` is a sentence, "" for every record."""

    name: str
    label: str
    can: frozenset[str]
    records: str
    hidden: tuple[str, ...]
    read_only: tuple[str, ...]


class SchemaAroundView(ShapingView):
    """Relations, rights, rules and uses of one entity."""

    route_base = "/admin/schema"

    @page("/<name>/relations")
    def relations(self, name: str) -> Answer:
        """Show which entities this one leads to, and which lead here."""
        documents = {each.name: each for each in draft_documents() if each.kind == "entity"}
        outwards = relations_of(documents, name)
        inwards = [
            relation
            for other in documents
            for relation in relations_of(documents, other)
            if relation.other == name
        ]
        targets = {key: label_of(document.body, "plural") for key, document in documents.items()}
        return self.entity_page(name, "relations", outwards=outwards, inwards=inwards, targets=targets)

    @page("/<name>/rights")
    def rights(self, name: str) -> Answer:
        """Show what each role may do with the records."""
        body_of(name)
        schema = proposed()
        deeds = [(deed, translate(DEED_LABELS[deed], current_language())) for deed in DEEDS]
        roles = schema.parts.get("role", {}).values()
        rows = [role_row(role, schema, name) for role in roles]
        return self.entity_page(name, "rights", rows=rows, deeds=deeds)

    @page("/<name>/rules")
    def rules(self, name: str) -> Answer:
        """Show the rules about the records, of the draft too."""
        live = current_session().workspace.schema.parts.get("rule", {})
        rows = [
            {
                "name": each.name,
                "label": shown(each.body.get("label")) or each.name,
                "enabled": each.body.get("enabled", True) is True,
                "is_live": each.name in live,
            }
            for each in draft_documents()
            if each.kind == "rule" and each.body.get("entity") == name
        ]
        return self.entity_page(name, "rules", rows=rows)

    @page("/<name>/uses")
    def uses(self, name: str) -> Answer:
        """Show which documents speak of an entity and of each of its fields."""
        body, usage, session = body_of(name), usage_of_draft(), current_session()
        rows = [
            (key, label_of_field(key, field), drawn_uses(session, usage.of_field(name, key)))
            for key, field in fields_of(body).items()
        ]
        others = [use for use in usage.found.get(("entity", name), ()) if use.name != name]
        rows = [row for row in rows if row[2]]
        return self.entity_page(name, "uses", rows=rows, others=drawn_uses(session, others))


def draft_documents() -> list[Document]:
    """Return every document as the reader's draft has it."""
    session = current_session()
    return drafts.documents_of(session, drafts.find_draft(session))


def proposed() -> Schema:
    """Return the schema as it would be; the live one while the draft has problems with its roles."""
    session = current_session()
    schema, _problems = drafts.propose(session, drafts.find_draft(session))
    return schema if "role" in schema.parts else session.workspace.schema


def relations_of(documents: Mapping[str, Document], name: str) -> list[Relation]:
    """Return the links that an entity declares."""
    document = documents.get(name)
    fields = fields_of(document.body) if document else {}
    return [
        _relation(documents, name, key, field)
        for key, field in fields.items()
        if isinstance(field, Mapping) and type_named(field.get("type")).points == "record"
    ]


def _relation(documents: Mapping[str, Document], name: str, key: str, field: Mapping[str, Any]) -> Relation:
    other = str(field.get("to") or "")
    inverse = field.get("inverse") if isinstance(field.get("inverse"), Mapping) else {}
    on_delete = str(field.get("on_delete") or "refuse")
    return Relation(
        name,
        key,
        label_of_field(key, field),
        words_of_type(str(field["type"])).icon,
        other,
        label_of(documents[other].body, "plural") if other in documents else other,
        shown(inverse.get("label")) or label_of(documents[name].body, "plural"),
        word_label(on_delete) if type_named(field["type"]).links else "",
    )


def role_row(role: Role, schema: Schema, name: str) -> RoleRow:
    """Return what a role may do with an entity."""
    rights = role.entities.get(name) or EntityRights(frozenset())
    entity = schema.entities.get(name)
    return RoleRow(
        role.name,
        role.label.get(current_language()),
        rights.can,
        _sentence(rights, entity, schema),
        _labels(rights.hidden, entity),
        _labels(rights.read_only, entity),
    )


def _sentence(rights: EntityRights, entity: Entity | None, schema: Schema) -> str:
    if not rights.records or entity is None:
        return ""
    tree, problems = parse_conditions(list(rights.records), entity, schema)
    return "" if problems else say(tree, entity, schema, current_language())


def _labels(names: Iterable[str], entity: Entity | None) -> tuple[str, ...]:
    fields, language = entity.fields if entity else {}, current_language()
    return tuple(fields[name].label.get(language) if name in fields else name for name in sorted(names))
