"""A field whose type changed: every value read by the old type and written by the new one, into another column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.entities.build import build_entity
from crm.entities.identity import ENCRYPTED, FieldIdentity, Identities
from crm.entities.model import Document
from crm.entities.models import stored_column_type
from crm.entities.workspace import Workspace
from crm.errors import FieldError, Problem, SchemaError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.texts import Text

CHUNK = 2_000
EXAMPLES = 20
POINTING = ("reference", "references", "user")  # types that hold the numbers of something else


@dataclass(frozen=True)
class Move:
    """The values of one field on their way from the column of its old type to that of its new one.

    Shape:  `is_return`: the new column was there before, with the values it held then.
    """

    table: sa.Table
    old: Field
    new: Field
    is_return: bool


def convert_columns(
    connection: sa.Connection, documents: list[Document], before: Identities, workspace: Workspace
) -> None:
    """Fill the columns of fields whose type changed.

    Shape:  `documents` and `before` are the revision that ends. Where a column returns, as by a rollback, it keeps its
            value for every record nobody changed since; a later value that does not fit it any more stays in the
            column it has, which is parked.
    Errors: SchemaError naming the records whose values do not convert; the transaction is then undone.
    """
    problems: list[Problem] = []
    for move in list_moves(connection, documents, before, workspace):
        refused, total = _carry(connection, move)
        if refused and not move.is_return:
            params = {"field": move.new.name, "good": total - len(refused), "bad": len(refused)}
            examples = {"examples": "; ".join(refused[:EXAMPLES])}
            problems.append(Problem("schema.values_do_not_convert", {**params, **examples}, move.new.name))
    if problems:
        raise SchemaError("schema.has_problems", problems, count=len(problems))


def list_moves(
    connection: sa.Connection, documents: list[Document], before: Identities, workspace: Workspace
) -> list[Move]:
    """Return the fields whose values take another column, found by uid: entity and field may be renamed as well."""
    old_names = {identity.uid: name for name, identity in before.entities.items()}
    by_name = {document.name: document for document in documents if document.kind == "entity"}
    found = []
    for name, entity in workspace.schema.entities.items():
        old_name = old_names.get(entity.uid)
        if old_name is None:
            continue
        columns = {identity.uid: identity.column for identity in before.entities[old_name].fields.values()}
        fields = [field for field in entity.fields.values() if _is_moving(field, columns)]
        if not fields:
            continue
        old = {field.uid: field for field in build_entity(by_name[old_name], before).fields.values()}
        taken = before.taken
        table = workspace.models.table(name)
        found += [
            Move(table, old[field.uid], field, f"{table.name}.{field.column}" in taken)
            for field in fields
            if _is_carried(old[field.uid], field)
        ]
    return found


def _is_moving(field: Field, columns: Mapping[str, str]) -> bool:
    return field.uid in columns and columns[field.uid] != field.column and FIELD_TYPES[field.type].writable


def _is_carried(old: Field, new: Field) -> bool:
    """Return whether the old values mean something to the new type; a number of another entity's record does not."""
    if not FIELD_TYPES[old.type].stored:
        return False
    if old.type in POINTING and new.type in POINTING:
        return old.options.get("to") == new.options.get("to") and "user" not in (old.type, new.type)
    return new.type not in POINTING or FIELD_TYPES[old.type].kind in ("text", "number")


def _carry(connection: sa.Connection, move: Move) -> tuple[list[str], int]:
    """Write the values that differ, and return those that were refused and how many there were."""
    table = move.table
    source = sa.column(move.old.column, stored_column_type(move.old, table.name))
    target = table.c[move.new.column]
    asked = sa.select(table.c.id, source, target).select_from(table)
    rows = connection.execute(asked.where(sa.or_(source.is_not(None), target.is_not(None))))
    update = (
        table.update()
        .where(table.c.id == sa.bindparam("row"))
        .values({move.new.column: sa.bindparam("value")})
    )
    refused, total = [], 0
    for part in rows.partitions(CHUNK):
        values = []
        for row_id, value, kept in part:
            try:
                fresh = _fresh_value(move, value, kept)
            except FieldError:
                is_secret = move.old.encrypted or move.new.encrypted
                refused.append(str(row_id) if is_secret else f"{row_id}: {value}")
            else:
                if fresh != kept:
                    values.append({"row": row_id, "value": fresh})
        total += len(part)
        if values:
            connection.execute(update, values)
    return refused, total


def _fresh_value(move: Move, value: Any, kept: Any) -> Any:
    """Return what the new column holds: what it has, when the old value says the same; else the old value, converted.

    Errors: FieldError when the old value does not convert.
    """
    if value is None:
        return None
    if kept is not None and _says_the_same(move, value, kept):
        return kept
    return converted(move.old, move.new, value)


def _says_the_same(move: Move, value: Any, kept: Any) -> bool:
    try:
        return converted(move.new, move.old, kept) == value
    except FieldError:
        return False


def converted(old: Field, new: Field, value: Any) -> Any:
    """Return a stored value of one field as the typed value of another one.

    Errors: FieldError when it does not fit.
    """
    return FIELD_TYPES[new.type].clean(new, _plain(old, value), Situation(source="import"))


def ghost_of(old: FieldIdentity) -> Field | None:
    """Return a field as far as its column needs it, type and places; None when nothing is stored."""
    kind, *rest = [word for word in old.type.split() if word != ENCRYPTED]
    if kind not in FIELD_TYPES or not FIELD_TYPES[kind].stored:
        return None
    places = {"places": int(rest[-1])} if rest and rest[-1].isdigit() else {}
    sealed = old.type.endswith(ENCRYPTED)
    return Field(old.column, kind, Text(old.column), column=old.column, encrypted=sealed, options=places)


def _plain(field: Field, value: Any) -> Any:
    """Return a stored value as the text an import would bring."""
    if field.type in ("reference", "user"):
        return value
    plain = FIELD_TYPES[field.type].to_json(field, value)
    return str(plain).lower() if isinstance(plain, bool) else plain
