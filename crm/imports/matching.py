"""Which column fills which field: guessed from headers, or told by a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher, get_close_matches

from crm.entities.model import Entity
from crm.errors import ImportRowError, Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.imports.model import Column, Sheet, column_letters
from crm.permissions.model import Actor
from crm.permissions.service import writable_fields
from crm.records.headers import ADDED, can_fill, header_meanings, squeeze
from crm.records.values import field_of
from crm.texts import LANGUAGES

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
NEAR = 0.88  # share of equal letters from which a header is taken for a slip of the pen


def guess_columns(sheet: Sheet, entity: Entity, language: str = "en") -> tuple[Column, ...]:
    """Return every column of a sheet with the field its header means; a field is filled by one column only.

    Shape:  fields nobody may set by hand (sequences, formulas) are not offered. A field the actor may not set
            is guessed all the same, so that its column is refused instead of ignored. The record's number is
            recognised in a file that we exported.
    """
    names = field_names(entity, language)
    is_own = is_export(sheet.columns, names)
    columns, taken = [], set()
    for place, header in enumerate(sheet.columns):
        found = guess_field(header, names, entity)
        field = found if found not in taken and (found != "id" or is_own) else None
        taken.add(field)
        columns.append(Column(sheet.first_column + place, header, field, guessed=field is not None))
    return tuple(columns)


def is_export(headers: Sequence[str], names: Mapping[str, str]) -> bool:
    """Return whether headers are those of our own exports: the record's number first, all others known exactly."""
    squeezed = [squeeze(header) for header in headers if header]
    return bool(squeezed) and names.get(squeezed[0]) == "id" and all(each in names for each in squeezed)


def field_names(entity: Entity, language: str = "en") -> dict[str, str]:
    """Return what a header may be, squeezed, with the field it means: headers of exports, names, labels, type words.

    Shape:  "" is a field that no file can fill, `id` the record's number.
    """
    found = header_meanings(entity, language)
    for code in LANGUAGES:
        found.setdefault(squeeze(field_of(entity, "id").label.get(code)), "id")
    for kind, field_type in FIELD_TYPES.items():
        of_type = [field.name for field in entity.fields.values() if field.type == kind and can_fill(field)]
        for word in field_type.header_words.split() if len(of_type) == 1 else ():
            found.setdefault(squeeze(word), of_type[0])
    return found


def guess_field(header: str, names: Mapping[str, str], entity: Entity) -> str | None:
    """Return the field a header means, None when it is none or too far from all of them."""
    asked = squeeze(header)
    if not asked or header.startswith(ADDED):
        return None
    if asked in names:
        return names[asked] or None
    for label in (entity.name, *(entity.label.get(language) for language in LANGUAGES)):
        rest = asked.removeprefix(squeeze(label))
        if rest != asked and names.get(rest, "id") != "id":
            return names[rest] or None
    fillable = [name for name, field in names.items() if field not in ("", "id")]
    near = get_close_matches(asked, fillable, 1, NEAR) if len(asked) > 4 else []
    return names[near[0]] if near and SequenceMatcher(None, asked, near[0]).ratio() >= NEAR else None


def tell_columns(columns: Sequence[Column], told: Iterable[str], entity: Entity) -> tuple[Column, ...]:
    """Return the columns with what a person told: `Header=field`, or `Header=` to leave a column out.

    Shape:  a column is named by its header or its letters.
    Errors: ImportRowError import.bad_matching, whose problems name every line that makes no sense.
    """
    found, problems = list(columns), []
    for line in told:
        header, equals, name = line.rpartition("=")
        place = find_column(columns, header)
        if not equals or place is None:
            problems.append(Problem("import.unknown_column", {"header": header or line}))
        elif name.strip() and name.strip() not in entity.fields and name.strip() != "id":
            problems.append(unknown_field(name.strip(), entity))
        else:
            found = set_column(found, place, name.strip() or None)
    if problems:
        raise ImportRowError("import.bad_matching", problems)
    return tuple(found)


def find_column(columns: Sequence[Column], header: str) -> int | None:
    """Return the place of a column by its header, else by its letters."""
    wanted = header.strip()
    for place, column in enumerate(columns):
        if wanted and column.header == wanted:
            return place
    squeezed = squeeze(wanted)
    for place, column in enumerate(columns):
        if squeezed and squeeze(column.header) == squeezed:
            return place
    letters = wanted.upper()
    return next(
        (place for place, column in enumerate(columns) if column_letters(column.index) == letters), None
    )


def set_column(columns: list[Column], place: int, field: str | None) -> list[Column]:
    """Return the columns with one filled by a field, which no other column fills any more when it was a guess."""
    cleared = [
        replace(column, field=None, guessed=False)
        if field and column.field == field and column.guessed
        else column
        for column in columns
    ]
    cleared[place] = replace(cleared[place], field=field, guessed=False)
    return cleared


def unsaid_twice(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Return (header, letters) of equal headers of which the first was only guessed to be the right one."""
    found = []
    for column in columns:
        twins = [each for each in columns if each.header == column.header]
        if column.header and column.guessed and len(twins) > 1:
            found.append((column.header, ", ".join(column_letters(each.index) for each in twins)))
    return found


def unknown_field(name: str, entity: Entity) -> Problem:
    """Return the problem of a field that does not exist, with the nearest name."""
    near = get_close_matches(name, entity.fields, 1, 0.5)
    if near:
        return Problem("import.unknown_field_near", {"name": name, "near": near[0]})
    return Problem("import.unknown_field", {"name": name})


def check_columns(
    columns: Sequence[Column], entity: Entity, actor: Actor, keys: Sequence[str]
) -> list[Problem]:
    """Return why an import with these columns may not begin; empty when it may.

    Shape:  a column that fills a field the actor may not set refuses the whole import: nothing is left out in
            silence. A key is read, not written, so a field that is only a key may be read only; and where rows find
            their records by number, such a field is compared: the row that would change it is refused.
    """
    filled = [column for column in columns if column.field]
    if not filled:
        return [Problem("import.nothing_matched")]
    open_fields, problems = writable_fields(actor, entity, "import"), []
    for column in filled:
        field = entity.fields.get(column.field)
        if column.field == "id" and "id" in keys:
            continue
        if field is not None and not FIELD_TYPES[field.type].importable:
            problems.append(
                Problem("import.field_not_importable", {"header": shown_header(column)}, field.name)
            )
        elif field is None or (
            column.field not in open_fields and not may_only_read(field, actor, entity, keys)
        ):
            problems.append(
                Problem("import.field_not_allowed", {"header": shown_header(column)}, column.field)
            )
    seen: dict[str, Column] = {}
    for column in filled:
        if column.field in seen:
            params = {"first": shown_header(seen[column.field]), "second": shown_header(column)}
            problems.append(Problem("import.field_twice", params, column.field))
        seen.setdefault(column.field, column)
    problems += [Problem("import.key_not_matched", {"name": key}, key) for key in keys if key not in seen]
    return problems


def may_only_read(field: Field, actor: Actor, entity: Entity, keys: Sequence[str]) -> bool:
    """Return whether a field the actor may not set is only compared or used to find records, by one who may see it."""
    return (field.name in keys or "id" in keys) and field.name not in actor.rights(entity.name).hidden


def shown_header(column: Column) -> str:
    """Return what a column is called: its header, else its letters."""
    return column.header or column_letters(column.index)


def missing_required(columns: Sequence[Column], entity: Entity) -> list[Field]:
    """Return the required fields without a default that no column fills: new records would all be refused."""
    filled = {column.field for column in columns}
    return [
        field
        for field in entity.fields.values()
        if field.required
        and field.default is None
        and field.name not in filled
        and FIELD_TYPES[field.type].writable
    ]


def usual_keys(columns: Sequence[Column], entity: Entity) -> tuple[str, ...]:
    """Return the fields by which rows find records when nobody said: a unique one, else the first `same_if`."""
    filled = {column.field for column in columns if column.field}
    if "id" in filled:
        return ("id",)
    unique = next(
        (field.name for field in entity.fields.values() if field.unique and field.name in filled), None
    )
    if unique:
        return (unique,)
    return next((tuple(names) for names in entity.same_if if set(names) <= filled), ())
