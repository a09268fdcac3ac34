"""A checked entity document to a frozen entity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm.entities.duties import DUTIES
from crm.entities.identity import Identities, column_name, stored_type_of
from crm.entities.model import Board, Check, Document, Entity, Inverse, Section
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.fields.choice import build_choices
from crm.texts import NP_, Text


def label_of(body: Mapping, key: str, name: str) -> Text:
    """Return a label, or the name made readable where none is given.

    >>> label_of({}, "label", "closes_on").get("en")
    'Closes on'
    """
    value = body.get(key)
    return Text(name.replace("_", " ").capitalize() if value is None else value)


def build_entity(document: Document, identities: Identities) -> Entity:
    """Return the entity of a document that has no problems."""
    body, name = document.body, document.name
    known = identities.entity(name)
    fields = {key: _build_field(key, value, name, identities) for key, value in body["fields"].items()}
    label = label_of(body, "label", name)
    listing = body.get("list") or {}
    return Entity(
        name=name,
        label=label,
        plural=Text(body["plural"]) if body.get("plural") else label,
        fields=fields,
        uid=known.uid,
        table=known.table,
        icon=body.get("icon") or "folder",
        color=body.get("color") or "",
        menu=body.get("menu") or "",
        menu_place=body.get("menu_place") or 0,
        title=title_pattern(body),
        columns=tuple(listing.get("columns") or list(fields)[:6]),
        sort=tuple((word.lstrip("-"), word.startswith("-")) for word in listing.get("sort") or ()),
        form=_build_form(body, fields),
        board=_build_board(body.get("kanban")),
        calendar=body.get("calendar"),
        new_caller=body.get("new_caller") or "",
        same_if=tuple(tuple(group) for group in body.get("same_if") or ()),
        refuses_same=body.get("if_same") == "refuse",
        checks=tuple(Check(as_lines(row["when"]), Text(row["message"])) for row in body.get("checks") or ()),
        options={key: body[key] for key in ("timeline", *DUTIES) if body.get(key)},
    )


def as_lines(value: Any) -> tuple:
    """Return raw condition lines as a tuple: one line alone, or a list of them."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else (value,)


def _build_field(name: str, body: Mapping, entity: str, identities: Identities) -> Field:
    known = identities.field(entity, name, stored_type_of(body))
    return Field(
        name=name,
        type=body["type"],
        label=label_of(body, "label", name),
        uid=known.uid,
        column=known.column if known.uid[:4] != "new:" else column_name(name, str(body["type"])),
        help=Text(body["help"]) if body.get("help") else None,
        default=body.get("default"),
        was=body.get("was"),
        required_if=as_lines(body.get("required_if")),
        show_if=as_lines(body.get("show_if")),
        read_only_if=as_lines(body.get("read_only_if")),
        options=FIELD_TYPES[body["type"]].build_options(body),
        history=body.get("history", True),
        **{
            flag: bool(body.get(flag))
            for flag in ("required", "read_only", "unique", "index", "search", "personal", "encrypted")
        },
    )


def with_retired(entity: Entity, identities: Identities) -> Entity:
    """Return an entity whose fields know the choices that records may still hold although they were taken away.

    Documents are checked without them: no rule, report or default may name what nobody can choose.
    """
    known = identities.entity(entity.name).fields
    fields = {
        name: replace(field, options={**field.options, "retired": build_choices(known[name].retired)})
        if name in known and known[name].retired and "choices" in field.options
        else field
        for name, field in entity.fields.items()
    }
    return replace(entity, fields=fields)


def title_pattern(body: Mapping) -> str:
    """Return the pattern of an entity's titles: the one declared, else the field that usually names things."""
    fields = body["fields"]
    usual = next((name for name in ("name", "title", "subject", "number") if name in fields), None)
    return body.get("title") or "{" + (usual or next(iter(fields))) + "}"


def _build_form(body: Mapping, fields: Mapping[str, Field]) -> tuple[Section, ...]:
    """Return the sections; fields that no section names follow in a last one, so that none is out of reach."""
    sections = [
        Section(
            Text(row["section"]) if row.get("section") else None, tuple(row["fields"]), row.get("columns", 2)
        )
        for row in body.get("form") or ()
    ]
    placed = {name for section in sections for name in section.fields}
    rest = tuple(name for name in fields if name not in placed)
    return (
        (*sections, Section(Text(NP_("title", "Other")) if sections else None, rest))
        if rest
        else tuple(sections)
    )


def _build_board(body: Mapping | None) -> Board | None:
    return Board(body["by"], body.get("sum"), tuple(body.get("card") or ())) if body else None


def with_inverses(entities: Mapping[str, Entity]) -> dict[str, Entity]:
    """Return the entities, each knowing the children that other entities' references give it."""
    found: dict[str, dict[str, Inverse]] = {name: {} for name in entities}
    for entity in entities.values():
        for field in entity.fields.values():
            target = field.options.get("to")
            if FIELD_TYPES[field.type].links != "record" or target not in entities:
                continue
            inverse = _inverse_of(entity, field, found[target])
            found[target][inverse.name] = inverse
    return {name: replace(entity, inverses=found[name]) for name, entity in entities.items()}


def _inverse_of(entity: Entity, field: Field, taken: Mapping[str, Inverse]) -> Inverse:
    declared = field.options.get("inverse")
    if declared is not None:
        return Inverse(declared.name, declared.label, entity.name, field.name)
    name = f"{entity.name}_list" if f"{entity.name}_list" not in taken else f"{entity.name}_{field.name}_list"
    return Inverse(name, entity.plural, entity.name, field.name)
