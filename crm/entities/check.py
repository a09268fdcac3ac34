"""Every problem of an entity document: alone first, then together with the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.conditions import parse_conditions, parse_field
from crm.entities.default_formulas import check_default_formula
from crm.entities.duties import DUTIES
from crm.entities.model import Document, Entity, Schema
from crm.entities.reader import BodyReader
from crm.entities.taken_names import RESERVED_ENTITIES, RESERVED_FIELDS, RESERVED_PREFIXES, SYSTEM_FIELDS
from crm.errors import Problem
from crm.fields import FIELD_TYPES, kind_of, type_named, type_of
from crm.fields.base import Field
from crm.fields.choice import COLORS
from crm.fields.options import check_word

ENTITY_KEYS = (
    "entity", "was", "label", "plural", "icon", "color", "menu", "menu_place", "title", "fields", "list", "form",
    "kanban", "calendar", "timeline", *DUTIES, "new_caller", "same_if",
    "if_same", "checks",
)  # fmt: skip
FIELD_KEYS = (
    "type", "was", "label", "help", "required", "required_if", "show_if", "read_only", "read_only_if", "default",
    "unique", "index", "search", "history", "personal", "encrypted",
)  # fmt: skip
FLAGS = ("required", "read_only", "unique", "index", "search", "history", "personal", "encrypted")
CONDITIONS = ("required_if", "show_if", "read_only_if")
MAX_FIELDS = 500
IF_SAME = ("warn", "refuse")
CALENDAR_FIELDS = ("from", "to", "title", "person", "kind", "done")
CALENDAR_KEYS = (*CALENDAR_FIELDS, "done_is", "yearly")


def check_entity(document: Document) -> list[Problem]:
    """Return every problem that can be seen without the other documents."""
    reader = BodyReader(document)
    body = reader.keys(document.body, (), ENTITY_KEYS, ("fields",))
    name = reader.name(document.body["entity"], ("entity",))
    if name in RESERVED_ENTITIES or name.startswith(RESERVED_PREFIXES):
        reader.refuse("schema.reserved_name", ("entity",), name=name)
    for key in ("label", "plural"):
        reader.text(body, key, ())
    for key in ("icon", "menu", "title", "was"):
        reader.string(body, key, ())
    reader.add(check_word(name, body, "color", COLORS), ("color",))
    if not isinstance(body.get("menu_place", 0), int):
        reader.refuse("schema.expected_number", ("menu_place",), key="menu_place")
    fields = reader.mapping(body, "fields", ())
    if not fields or len(fields) > MAX_FIELDS:
        reader.refuse("schema.field_count", ("fields",), limit=MAX_FIELDS)
        return reader.problems
    for field_name, field_body in fields.items():
        _check_field(reader, field_name, field_body)
        if isinstance(field_body, Mapping) and type_named(field_body.get("type")).links:
            _check_attribute(reader, field_name, fields)
    _check_layout(reader, body, fields)
    return reader.problems


def _check_field(reader: BodyReader, name: str, body: Any) -> None:
    path = ("fields", name)
    if reader.name(name, path) and (name in RESERVED_FIELDS or name.startswith("__")):
        reader.refuse("schema.reserved_name", path, name=name)
    if not isinstance(body, Mapping):
        reader.refuse("schema.expected_map", path, key=name)
        return
    if not reader.known(body.get("type"), FIELD_TYPES, (*path, "type"), "type"):
        return
    field_type = FIELD_TYPES[body["type"]]
    reader.keys(body, path, (*FIELD_KEYS, *field_type.keys))
    for key in FLAGS:
        reader.flag(body, key, path)
    for key in ("label", "help"):
        reader.text(body, key, path)
    reader.string(body, "was", path)
    if body.get("encrypted") is True:
        _check_encrypted(reader, body, path)
    reader.add(field_type.check_options(name, body), path)


def _check_attribute(reader: BodyReader, name: str, fields: Mapping) -> None:
    """Refuse a field that has the name under which another one keeps its number."""
    if f"{name}_id" in fields:
        reader.refuse("schema.reserved_name", ("fields", f"{name}_id"), name=f"{name}_id")


def _check_encrypted(reader: BodyReader, body: Mapping, path: tuple) -> None:
    """Refuse what cannot be sealed, and what would keep a sealed value readable."""
    if refused := type_named(body["type"]).seal_refused:
        reader.refuse(refused, (*path, "encrypted"), name=body["type"])
    if body.get("search") is True:
        reader.refuse("schema.encrypted_not_searched", (*path, "search"))


def _check_sealed_places(reader: BodyReader, entity: Entity) -> None:
    """Refuse places that would sort by, add up or copy a sealed value."""
    sealed = {field.name for field in entity.fields.values() if field.encrypted}
    places = [
        (("list", "sort"), [name for name, _down in entity.sort]),
        (("title",), placeholders(entity.title)),
    ]
    if entity.board is not None:
        places.append((("kanban",), [entity.board.by, entity.board.sum or ""]))
    for key in ("timeline", *DUTIES):
        places.append(
            ((key,), [one for one in (entity.options.get(key) or {}).values() if isinstance(one, str)])
        )
    places.append((("calendar",), [(entity.calendar or {}).get(key) for key in CALENDAR_FIELDS]))
    for path, names in places:
        for name in sealed.intersection(names):
            reader.refuse("schema.encrypted_not_here", path, name=name)


def _check_days(reader: BodyReader, entity: Entity) -> None:
    """Refuse a calendar or a timeline by a field that holds no day."""
    timeline = entity.options.get("timeline") or {}
    places = [(("calendar", key), (entity.calendar or {}).get(key)) for key in ("from", "to")]
    for path, name in (*places, (("timeline", "at"), timeline.get("at"))):
        kind = kind_of(entity.fields[name]) if name in entity.fields else SYSTEM_FIELDS.get(name)
        if name is not None and kind not in ("date", "datetime"):
            reader.refuse("schema.day_needs_date", path, name=name)


def _check_calendar(reader: BodyReader, entity: Entity) -> None:
    """Refuse a calendar whose person, kind or way to be done is told by a field of another type."""
    told, fields = entity.calendar or {}, entity.fields
    done = fields.get(told.get("done", ""))
    suits = {
        "person": ("schema.duty_needs_type", lambda field: type_of(field).links == "user"),
        "kind": ("schema.duty_needs_type", lambda field: type_of(field).chooses_one),
        "done": ("schema.done_needs_flag", lambda field: _can_be_done(field, told.get("done_is"))),
        "from": (
            "schema.yearly_needs_date",
            lambda field: not told.get("yearly") or type_of(field).stored and kind_of(field) == "date",
        ),
    }
    for key, (code, is_suitable) in suits.items():
        field = fields.get(told.get(key, ""))
        if field is not None and not is_suitable(field):
            types = {"person": "user", "kind": "choice"}.get(key, "")
            reader.refuse(code, ("calendar", key), name=field.name, types=types)
    for index, word in enumerate(told.get("done_is") or ()):
        if done is None or not type_of(done).chooses_one:
            reader.refuse("schema.done_is_needs_choice", ("calendar", "done_is"))
            break
        if word not in done.options["choices"]:
            path, known = ("calendar", "done_is", index), ", ".join(done.options["choices"])
            reader.refuse("conditions.unknown_choice", path, name=word, field=done.name, known=known)


def _can_be_done(field: Field, words: Any) -> bool:
    found = type_of(field)
    return found.stored and (found.chooses_one if words else found.kind == "boolean")


def _check_layout(reader: BodyReader, body: Mapping, fields: Mapping) -> None:
    known = [*fields, *SYSTEM_FIELDS]
    listing = reader.keys(body.get("list") or {}, ("list",), ("columns", "sort"))
    for index, column in enumerate(reader.words(listing, "columns", ("list",))):
        reader.known(column, known, ("list", "columns", index), "field")
    for index, column in enumerate(reader.words(listing, "sort", ("list",))):
        reader.known(column.lstrip("-"), known, ("list", "sort", index), "field")
    for index, section in enumerate(reader.items(body, "form", ())):
        path = ("form", index)
        section = reader.keys(section, path, ("section", "columns", "fields"), ("fields",))
        reader.text(section, "section", path)
        if type(section.get("columns", 2)) is not int or section.get("columns", 2) not in (1, 2):
            reader.refuse("schema.one_or_two_columns", (*path, "columns"))
        for place, field_name in enumerate(reader.words(section, "fields", path)):
            reader.known(field_name, fields, (*path, "fields", place), "field")
    _check_board(reader, body, fields)
    for duty in DUTIES.values():
        duty.check(body, fields, reader)
    _check_new_caller(reader, body, fields)
    _check_same_if(reader, body, fields)
    for index, row in enumerate(reader.items(body, "checks", ())):
        row = reader.keys(row, ("checks", index), ("when", "message"), ("when", "message"))
        reader.text(row, "message", ("checks", index))
        if "when" in row and not row["when"]:
            reader.refuse("schema.check_always", ("checks", index, "when"))
    timeline = reader.keys(body.get("timeline") or {}, ("timeline",), ("at", "kind", "title", "text"))
    for word, field_name in timeline.items():
        reader.known(field_name, known, ("timeline", word), "field")
    _check_days_of_records(reader, body, fields)


def _check_days_of_records(reader: BodyReader, body: Mapping, fields: Mapping) -> None:
    if body.get("calendar") is None:
        return
    told = reader.keys(body["calendar"], ("calendar",), CALENDAR_KEYS, ("from",))
    for key in CALENDAR_FIELDS:
        if key in told:
            names = fields if key in ("person", "kind", "done") else [*fields, *SYSTEM_FIELDS]
            reader.known(told[key], names, ("calendar", key), "field")
    reader.words(told, "done_is", ("calendar",))
    reader.flag(told, "yearly", ("calendar",))


def _check_board(reader: BodyReader, body: Mapping, fields: Mapping) -> None:
    if body.get("kanban") is None:
        return
    board = reader.keys(body["kanban"], ("kanban",), ("by", "sum", "card"), ("by",))
    by = board.get("by")
    if (
        reader.known(by, fields, ("kanban", "by"), "field")
        and not type_named(_type_of(fields, by)).chooses_one
    ):
        reader.refuse("schema.board_needs_choice", ("kanban", "by"), name=by)
    if board.get("sum") is not None:
        reader.known(board["sum"], fields, ("kanban", "sum"), "field")
    for index, name in enumerate(reader.words(board, "card", ("kanban",))):
        reader.known(name, fields, ("kanban", "card", index), "field")


def _check_new_caller(reader: BodyReader, body: Mapping, fields: Mapping) -> None:
    name = body.get("new_caller")
    if name is None or not reader.known(name, fields, ("new_caller",), "field"):
        return
    field_type = FIELD_TYPES.get(_type_of(fields, name))
    if field_type is None or field_type.reaches != "phone":
        reader.refuse("schema.caller_needs_phone", ("new_caller",), name=name)


def _check_same_if(reader: BodyReader, body: Mapping, fields: Mapping) -> None:
    for index, group in enumerate(reader.items(body, "same_if", ())):
        if not isinstance(group, list) or not group:
            reader.refuse("schema.expected_list", ("same_if", index), key="same_if")
            continue
        for place, name in enumerate(group):
            reader.known(name, fields, ("same_if", index, place), "field")
    reader.add(check_word("if_same", body, "if_same", IF_SAME), ("if_same",))


def _type_of(fields: Mapping, name: str) -> str:
    body = fields.get(name)
    return str(body.get("type")) if isinstance(body, Mapping) else ""


WORDS_BESIDE = frozenset({"region_field", "country_field", "currency_field"})


def check_together(document: Document, schema: Schema, names: set[str]) -> list[Problem]:
    """Return the problems of an entity among the others: references, conditions, formulas, title."""
    reader = BodyReader(document)
    entity = schema.entities[document.name]
    for name, field in entity.fields.items():
        path = ("fields", name)
        target = field.options.get("to")
        if target is not None:
            reader.known(target, names, (*path, "to"), "entity")
        if target in schema.entities:
            _check_lines(reader, field.options.get("only"), schema.entities[target], schema, (*path, "only"))
        for key in sorted(FIELD_TYPES[field.type].result(field).beside & WORDS_BESIDE):
            _check_beside(reader, field.options.get(key), entity, (*path, key))
        for key in CONDITIONS:
            _check_lines(reader, getattr(field, key), entity, schema, (*path, key))
        reader.add(check_default_formula(entity, field, schema), (*path, "default"))
        if not FIELD_TYPES[field.type].stored:
            reader.add(parse_field(entity, field, schema)[1], path)
    _check_sealed_places(reader, entity)
    _check_days(reader, entity)
    _check_calendar(reader, entity)
    _check_inverses(reader, entity, schema)
    _check_checks(reader, entity, schema)
    for word in placeholders(entity.title):
        reader.known(word, [*entity.fields, *SYSTEM_FIELDS], ("title",), "field")
    return reader.problems


def placeholders(text: str) -> list[str]:
    """Return the names in braces of a title pattern.

    >>> placeholders("{number} {subject}")
    ['number', 'subject']
    """
    return [part.split("}", 1)[0] for part in text.split("{")[1:] if "}" in part]


def _check_lines(
    reader: BodyReader, lines: tuple | None, entity: Entity, schema: Schema, path: tuple
) -> None:
    if lines:
        reader.add(parse_conditions(list(lines), entity, schema)[1], path)


def _check_beside(reader: BodyReader, name: str | None, entity: Entity, path: tuple) -> None:
    """Refuse a key that names no field, or one that holds no word: neither a country nor a currency."""
    if name is not None and reader.known(name, entity.fields, path, "field"):
        beside = entity.fields[name]
        if kind_of(beside) != "text" or beside.encrypted:
            reader.refuse("schema.beside_needs_word", path, name=name)


def _check_inverses(reader: BodyReader, entity: Entity, schema: Schema) -> None:
    """Refuse two references whose children would have one name, and a name that is a field already."""
    seen: dict[tuple[str, str], str] = {}
    for name, field in entity.fields.items():
        inverse, target = field.options.get("inverse"), schema.entities.get(field.options.get("to", ""))
        if inverse is None or target is None:
            continue
        key = (target.name, inverse.name)
        if key in seen or inverse.name in target.fields or inverse.name in RESERVED_FIELDS:
            reader.refuse(
                "schema.inverse_taken", ("fields", name, "inverse"), name=inverse.name, entity=target.name
            )
        seen[key] = name


def _check_checks(reader: BodyReader, entity: Entity, schema: Schema) -> None:
    for index, check in enumerate(entity.checks):
        _check_lines(reader, check.when, entity, schema, ("checks", index, "when"))
