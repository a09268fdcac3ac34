"""What an admin does to the document of an entity: functions from a body to a new one, nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crm.drafts.keys import (
    ENTITY_ORDER,
    FIELD_ORDER,
    INNER_ORDER,
    USUAL_OF_ENTITY,
    insert,
    is_nothing,
    move_key,
    put_key,
    usual_value,
)
from crm.entities.check import FIELD_KEYS
from crm.entities.duties import DUTIES
from crm.errors import SchemaError
from crm.fields import FIELD_TYPES

Body = Mapping[str, Any]
FIELD_NAMING_KEYS = (
    "currency_field",
    "region_field",
    "country_field",
    "after",
    "before",
)  # keys that name a field


# The entity


def new_entity(name: str, keys: Body, field: tuple[str, Body]) -> dict[str, Any]:
    """Return the document of a new entity with its first field.

    >>> new_entity("project", {"plural": "Projects", "label": "Project"}, ("name", {"type": "text"}))
    {'entity': 'project', 'label': 'Project', 'plural': 'Projects', 'fields': {'name': {'type': 'text'}}}
    """
    body: dict[str, Any] = {"entity": name, "fields": {field[0]: dict(field[1])}}
    return change_entity(body, keys)


def change_entity(body: Body, keys: Body) -> dict[str, Any]:
    """Set keys of the entity itself; nothing, or what an absent key means anyway, removes the key."""
    for key, value in keys.items():
        usual = USUAL_OF_ENTITY.get(key)
        body = put_key(body, key, None if _same(value, usual) else value, ENTITY_ORDER)
    return dict(body)


def rename_entity(body: Body, name: str, was: str | None) -> dict[str, Any]:
    """Give an entity another name; `was` is the one it was published under, None when it never was."""
    renamed = {**body, "entity": name}
    return put_key(renamed, "was", None if was == name else was, ENTITY_ORDER)


def _same(value: Any, usual: Any) -> bool:
    return usual is not None and type(value) is type(usual) and value == usual


def put_inner(body: Body, key: str, inner: Body) -> dict[str, Any]:
    """Set keys of `list`, `kanban`, `calendar` or `timeline`; where nothing is left, the whole of it goes."""
    found: Body = body.get(key) or {}
    for word, value in inner.items():
        found = put_key(found, word, value, INNER_ORDER[key])
    return put_key(body, key, found, ENTITY_ORDER)


# Its fields


def fields_of(body: Body) -> Body:
    """Return the fields of an entity's document."""
    found = body.get("fields")
    return found if isinstance(found, Mapping) else {}


def field_of(body: Body, name: str) -> Body:
    """Return one field's body.

    Errors: SchemaError when there is no such field.
    """
    found = fields_of(body).get(name)
    if not isinstance(found, Mapping):
        raise SchemaError("schema.unknown_field", name=name)
    return found


def add_field(body: Body, name: str, field: Body, after: str | None = None) -> dict[str, Any]:
    """Add a field at the end, or after another one.

    Errors: SchemaError when the name is taken.
    """
    fields = fields_of(body)
    if name in fields:
        raise SchemaError("edit.field_exists", name=name)
    place = list(fields).index(after) + 1 if after in fields else len(fields)
    return {**body, "fields": insert(fields, name, change_keys({}, field), place)}


def with_field(body: Body, name: str, change: Callable[[Body], Body]) -> dict[str, Any]:
    """Replace one field by what a function makes of it."""
    return {**body, "fields": {**fields_of(body), name: change(field_of(body, name))}}


def change_keys(field: Body, keys: Body) -> dict[str, Any]:
    """Set keys of a field's body; `type` first, since other keys depend on it.

    >>> change_keys({"type": "money", "search": True}, {"places": 2, "currency": "EUR", "search": False})
    {'type': 'money', 'currency': 'EUR'}
    """
    field_type = str(keys.get("type") or field.get("type") or "")
    for key, value in keys.items():
        if key in field and field[key] == value and type(field[key]) is type(value):
            continue  # also what means the same as nothing stays, where it was written
        usual = usual_value(field_type, key)
        field = put_key(field, key, None if _same(value, usual) else value, FIELD_ORDER)
    return dict(field)


def change_type(body: Body, name: str, field_type: str) -> dict[str, Any]:
    """Give a field another type: keys the new type does not know go, a default that does not fit as well."""

    def change(field: Body) -> Body:
        known = {*FIELD_KEYS, *FIELD_TYPES[field_type].keys}
        kept = {key: value for key, value in field.items() if key in known} | {"type": field_type}
        if FIELD_TYPES[field_type].check_keys(name, kept) or FIELD_TYPES[field_type].check_default(
            name, kept
        ):
            kept.pop("default", None)
        return kept

    return with_field(body, name, change)


def rename_field(body: Body, old: str, new: str, was: str | None) -> dict[str, Any]:
    """Give a field another name, and speak of it by that in the entity's layout.

    Shape:  `was` is the name it was published under; None when it never was. Conditions, formulas and other
            documents keep the old name: `crm.entities` rewrites those.
    Errors: SchemaError when the new name is taken.
    """
    fields = fields_of(body)
    if old == new:
        return dict(body)
    if new in fields:
        raise SchemaError("edit.field_exists", name=new)
    field = put_key(field_of(body, old), "was", None if was == new else was, FIELD_ORDER)
    renamed = {(new if key == old else key): (field if key == old else kept) for key, kept in fields.items()}
    renamed = {key: _naming(kept, old, new) for key, kept in renamed.items()}
    return rename_in_layout({**body, "fields": renamed}, old, new)


def _naming(field: Any, old: str, new: str) -> Any:
    if not isinstance(field, Mapping) or not any(field.get(key) == old for key in FIELD_NAMING_KEYS):
        return field
    return {key: new if key in FIELD_NAMING_KEYS and value == old else value for key, value in field.items()}


def move_field(body: Body, name: str, steps: int) -> dict[str, Any]:
    """Move a field up (negative) or down in the declared order."""
    return {**body, "fields": move_key(fields_of(body), name, steps)}


def remove_field(body: Body, name: str) -> dict[str, Any]:
    """Take a field out of the document and its layout; publishing parks its data, and a rollback brings it back.

    Shape:  conditions, formulas and other documents that speak of it are left, and the check names them.
    """
    field_of(body, name)
    fields = {
        key: {word: value for word, value in field.items() if word not in FIELD_NAMING_KEYS or value != name}
        if isinstance(field, Mapping)
        else field
        for key, field in fields_of(body).items()
        if key != name
    }
    return remove_from_layout({**body, "fields": fields}, name)


# What the layout says of fields


def rename_in_layout(body: Body, old: str, new: str) -> dict[str, Any]:
    """Use the new name of a field in title, list, form, board, calendar, timeline and duplicates."""
    return _in_layout(
        body,
        lambda word: new if word == old else word,
        lambda title: title.replace(f"{{{old}}}", f"{{{new}}}"),
    )


def remove_from_layout(body: Body, name: str) -> dict[str, Any]:
    """Remove a field from title, list, form, board, calendar, timeline and duplicates."""
    return _in_layout(
        body,
        lambda word: None if word == name else word,
        lambda title: (
            " ".join(title.replace(f"{{{name}}}", " ").split()) if f"{{{name}}}" in title else title
        ),
    )


def _in_layout(
    body: Body, say: Callable[[str], str | None], say_title: Callable[[str], str]
) -> dict[str, Any]:
    """Return the body with every field name of the layout replaced by what `say` returns; None takes it out."""
    title = body.get("title")
    changed: dict[str, Any] = {"title": say_title(title) if isinstance(title, str) else title}
    for key in ("list", "calendar", "timeline", "kanban", *DUTIES):
        if isinstance(body.get(key), Mapping):
            changed[key] = _said_map(body[key], say)
    for key, duty in DUTIES.items():
        if key in changed and not set(duty.needed) <= set(changed[key]):
            changed[key] = None
    if "done_is" in (
        body.get("calendar") or {}
    ):  # its words are choices, of the field that says what is done
        words = body["calendar"]["done_is"] if "done" in changed["calendar"] else None
        changed["calendar"] = put_key(changed["calendar"], "done_is", words, INNER_ORDER["calendar"])
    if isinstance(body.get("kanban"), Mapping) and "by" not in changed["kanban"]:
        changed["kanban"] = None  # a board without columns is none
    if isinstance(body.get("calendar"), Mapping) and "from" not in changed["calendar"]:
        changed["calendar"] = None
    if isinstance(body.get("timeline"), Mapping) and "at" not in changed["timeline"]:
        changed["timeline"] = None
    if isinstance(body.get("new_caller"), str):
        changed["new_caller"] = say(body["new_caller"])
    if isinstance(body.get("form"), list):
        changed["form"] = [_said_section(section, say) for section in body["form"]]
    if isinstance(body.get("same_if"), list):
        groups = [_said_list(group, say) if isinstance(group, list) else group for group in body["same_if"]]
        changed["same_if"] = [group for group in groups if group]
    for key, value in changed.items():
        if key in body and value != body[key]:
            body = put_key(body, key, value, ENTITY_ORDER)
    return dict(body)


def _said_map(found: Body, say: Callable[[str], str | None]) -> dict[str, Any]:
    said = {
        key: _said_list(value, say)
        if isinstance(value, list)
        else _said_map(value, say)
        if isinstance(value, Mapping)
        else _said(value, say)
        for key, value in found.items()
    }
    return {key: value for key, value in said.items() if value == found[key] or not is_nothing(value)}


def _said_section(section: Any, say: Callable[[str], str | None]) -> Any:
    if not isinstance(section, Mapping) or not isinstance(section.get("fields"), list):
        return section
    return {**section, "fields": _said_list(section["fields"], say)}


def _said_list(words: list, say: Callable[[str], str | None]) -> list:
    said = [_said(word, say) for word in words]
    return [word for word in said if word is not None]


def _said(word: Any, say: Callable[[str], str | None]) -> Any:
    if not isinstance(word, str):
        return word
    sign = "-" if word.startswith("-") else ""
    said = say(word[len(sign) :])
    return None if said is None else sign + said
