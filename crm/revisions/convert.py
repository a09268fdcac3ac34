"""A field whose type changed: every value read by the old type and written by the new one, into another column."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from crm.entities.build import build_entity
from crm.entities.identity import ENCRYPTED, FieldIdentity, Identities
from crm.entities.model import Document
from crm.errors import FieldError, Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.revisions.models import stored_column_type
from crm.revisions.workspace import Workspace
from crm.texts import Text

CHUNK = 2_000
EXAMPLES = 20


@dataclass(frozen=True)
class Move:
    """The values of one field on their way from the column of its old type to that of its new one.

    Shape:  `is_return`: the new column was there before, with the values it held then. `fingerprint` is equal for what
            makes equal values. `column` is where the new values stand while the field has another one; "" for its own.
    """

    table: str
    old: Field
    new: Field
    is_return: bool
    fingerprint: str = ""
    column: str = ""

    @cached_property
    def place(self) -> sa.TableClause:
        """Return the table as far as it matters here: id, old column, new column."""
        source = sa.column(self.old.column, stored_column_type(self.old, self.table))
        target = sa.column(self.column or self.new.column, stored_column_type(self.new, self.table))
        return sa.table(self.table, sa.column("id", sa.BigInteger), source, target)

    @property
    def source(self) -> sa.ColumnElement:
        """Return the column the values come from."""
        return self.place.c[1]

    @property
    def target(self) -> sa.ColumnElement:
        """Return the column they go to."""
        return self.place.c[2]


def list_moves(documents: list[Document], before: Identities, workspace: Workspace) -> list[Move]:
    """Return the fields whose values take another column, found by uid: entity and field may be renamed as well.

    Shape:  `documents` and `before` are the revision that ends.
    """
    old_names = {identity.uid: name for name, identity in before.entities.items()}
    by_name = {document.name: document for document in documents if document.kind == "entity"}
    now = {document.name: document for document in workspace.schema.documents if document.kind == "entity"}
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
        for field in fields:
            was = old[field.uid]
            if _is_carried(was, field):
                bodies = by_name[old_name].body["fields"][was.name], now[name].body["fields"][field.name]
                is_return = f"{entity.table}.{field.column}" in before.taken
                found.append(
                    Move(entity.table, was, field, is_return, _fingerprint(entity.table, was, field, bodies))
                )
    return found


def _fingerprint(table: str, old: Field, new: Field, bodies: tuple[Mapping, Mapping]) -> str:
    said = json.dumps([table, old.column, new.column, *map(dict, bodies)], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def _is_moving(field: Field, columns: Mapping[str, str]) -> bool:
    return field.uid in columns and columns[field.uid] != field.column and FIELD_TYPES[field.type].writable


def _is_carried(old: Field, new: Field) -> bool:
    """Return whether the old values mean something to the new type; a number of another entity's record does not."""
    if not FIELD_TYPES[old.type].stored:
        return False
    before, after = FIELD_TYPES[old.type], FIELD_TYPES[new.type]
    if before.points and after.points:
        return old.options.get("to") == new.options.get("to") and before.points == after.points == "record"
    return not after.points or before.kind in ("text", "number")


def convert_at_once(connection: sa.Connection, move: Move) -> tuple[dict[int, str], int]:
    """Write all values that differ; return those that were refused, by record, and how many there were."""
    refused, total = {}, 0
    asked = sa.select(*move.place.c).where(sa.or_(move.source.is_not(None), move.target.is_not(None)))
    for part in connection.execute(asked.order_by(move.place.c.id)).partitions(CHUNK):
        values, bad = read_rows(move, part)
        write_values(connection, move, values)
        refused |= bad
        total += len(part)
    return refused, total


def read_rows(move: Move, rows: Iterable[Any]) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """Return what has to be written for some records, and the values that were refused, by record.

    Shape:  rows of (id, old value, value that the new column has).
    """
    values, refused = [], {}
    is_secret = move.old.encrypted or move.new.encrypted
    for row_id, value, kept in rows:
        try:
            fresh = _fresh_value(move, value, kept)
        except FieldError:
            refused[row_id] = str(row_id) if is_secret else f"{row_id}: {value}"
        else:
            if fresh != kept:
                values.append({"row": row_id, "value": fresh})
    return values, refused


def write_values(connection: sa.Connection, move: Move, values: list[dict[str, Any]]) -> None:
    """Write converted values."""
    if values:
        place = move.place
        written = sa.update(place).where(place.c.id == sa.bindparam("row"))
        connection.execute(written.values({move.target.name: sa.bindparam("value")}), values)


def do_not_convert(move: Move, refused: Mapping[int, str], total: int) -> list[Problem]:
    """Return the problem that some values cannot be taken along, naming their records; none where none is lost by it.

    Shape:  where a column returns, as by a rollback, a later value that does not fit stays in the column it has.
    """
    if not refused or move.is_return:
        return []
    examples = "; ".join(list(refused.values())[:EXAMPLES])
    params = {"field": move.new.name, "uid": move.new.uid, "good": total - len(refused), "bad": len(refused)}
    return [Problem("schema.values_do_not_convert", {**params, "examples": examples}, move.new.name)]


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


def converted(old: Field, new: Field, value: Any, beside: Mapping[str, Any] | None = None) -> Any:
    """Return a stored value of one field as the typed value of another one, beside other values of its record.

    Errors: FieldError when it does not fit.
    """
    situation = Situation(source="import", values=beside or {})
    return FIELD_TYPES[new.type].clean(new, _plain(old, value), situation)


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
    if FIELD_TYPES[field.type].links:
        return value
    plain = FIELD_TYPES[field.type].to_json(field, value)
    return str(plain).lower() if isinstance(plain, bool) else plain
