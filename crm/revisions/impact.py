"""What a proposal does to what is stored: which records it touches, which values will not fit, what stops it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from crm.conditions import Not, Scope, compile_sql, fields_of, parse_conditions
from crm.entities.identity import ENCRYPTED, EntityIdentity, FieldIdentity, Identities
from crm.entities.usage import Usage
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.fields.encrypted import index_of
from crm.revisions.models import Models
from crm.revisions.proposal import Proposal
from crm.revisions.rehearsal import Conversion, ValueSource, rehearse

MOST = 100_000  # records that are counted; beyond that there are at least so many
SECONDS = 5.0  # for all values that are read one by one
LIMITS = ("max_length", "pattern", "at_least", "at_most", "after", "before", "places", "kind", "region")
"""Keys that may leave stored values behind."""

WHO_MAY: list[Callable[[str | None], sa.Select]] = []
"""Who may be chosen for a field of users with a role, told from above: a select of their numbers."""

CURRENCY = ("currency", "currency_field")

SAID = {
    "required": "required but empty",
    "choice": "holds a value that is no choice any more",
    "next": "may go fewer ways than before",
    "limit": "holds a value beyond the new limits",
    "only": "points to a record that may not be chosen any more",
    "role": "holds a user who may not be chosen any more",
    "currency": "keeps its number, read in another currency from now on",
    "plain": "values stay readable in a column set aside until it is purged",
    "field_back": "values come back",
    "entity_back": "records come back",
    "field": "values set aside",
    "entity": "records set aside",
}


@dataclass(frozen=True)
class Touched:
    """How many records something concerns.

    Shape:  `what` is a key of `SAID`. `field` is "" for a whole entity. With `is_capped` there are at least so many.
    """

    entity: str
    field: str
    what: str
    count: int
    is_capped: bool = False

    @property
    def key(self) -> str:
        """Return what the command line and the API call it."""
        return f"{self.entity}{'.' if self.field else ''}{self.field}: {SAID[self.what]}"

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "entity": self.entity,
            "field": self.field,
            "what": self.what,
            "count": self.count,
            "at_least": self.is_capped,
        }


@dataclass(frozen=True)
class Impact:
    """What the stored records say to a proposal; partial when some counts are not for who asks."""

    touched: tuple[Touched, ...] = ()
    conversions: tuple[Conversion, ...] = ()
    problems: tuple[Problem, ...] = attribute(default=())
    is_partial: bool = False

    @property
    def rows(self) -> dict[str, int]:
        """Return the counts above zero by what they count."""
        return {found.key: found.count for found in self.touched}


@dataclass(frozen=True)
class _ChangedField:
    """One field that existed before and differs now, with its table and what was known of it."""

    entity: str
    table: sa.Table
    field: Field
    old: FieldIdentity
    body: Mapping[str, Any]
    body_before: Mapping[str, Any]

    def is_new(self, key: str) -> bool:
        """Return whether a key says something else than before."""
        return self.body.get(key) != self.body_before.get(key)


def impact_on(
    connection: sa.Connection, proposal: Proposal, models: Models, seconds: float = SECONDS
) -> Impact:
    """Return what a proposal does to what is stored; only what it changes is looked at.

    Shape:  `seconds` bounds the reading of single values; 0 reads none.
    """
    tables = set(sa.inspect(connection).get_table_names())
    touched: list[Touched] = []
    conversions: list[Conversion] = []
    problems: list[Problem] = []
    until = time.monotonic() + seconds
    for changed in _changed_fields(proposal, models, tables):
        touched += _touched(connection, changed)
        if changed.field.unique and (changed.is_new("unique") or changed.old.column != changed.field.column):
            problems += _not_unique(connection, changed)
        if seconds and _is_read_anew(changed):
            source = ValueSource(changed.entity, changed.table, _beside(connection, changed, models))
            found = rehearse(connection, source, changed.old, changed.field, until)
            conversions.append(replace(found, returns=_returns(connection, changed, proposal.before)))
            touched += _beyond(found)
        touched += _out_of_choice(connection, changed, models)
    touched += _new_and_required(connection, proposal, models, tables)
    touched += _set_aside(connection, proposal, tables)
    touched += _coming_back(connection, proposal, tables)
    problems += [
        _does_not_convert(found)
        for found in conversions
        if found.bad and found.before != found.after and not found.returns
    ]
    return Impact(tuple(touched), tuple(conversions), tuple(problems))


def _changed_fields(proposal: Proposal, models: Models, tables: set[str]) -> Iterator[_ChangedField]:
    bodies = {document.name: document.body for document in proposal.documents if document.kind == "entity"}
    bodies_before = {found.name: found.body for found in proposal.old_documents if found.kind == "entity"}
    for name, name_before, identity in _known_entities(proposal, models, tables):
        old_fields = {old.uid: (key, old) for key, old in identity.fields.items()}
        for field in models[name].__entity__.fields.values():
            key, old = old_fields.get(field.uid, ("", None))
            if old is None or not _is_stored(field.type) or not _is_stored(old.type):
                continue
            body, body_before = bodies[name]["fields"][field.name], bodies_before[name_before]["fields"][key]
            if body != body_before:
                yield _ChangedField(name, models.table(name), field, old, body, body_before)


def _returns(connection: sa.Connection, changed: _ChangedField, before: Identities) -> str:
    """Return whether a field goes back to a column it had once, as by a rollback, and whether that is still there."""
    column, table = changed.field.column, changed.table.name
    if column == changed.old.column or f"{table}.{column}" not in before.taken:
        return ""
    return (
        "kept" if column in {one["name"] for one in sa.inspect(connection).get_columns(table)} else "dropped"
    )


def _is_stored(stored_type: str) -> bool:
    field_type = FIELD_TYPES.get(stored_type.split()[0])
    return field_type is not None and field_type.stored


def _known_entities(
    proposal: Proposal, models: Models, tables: set[str]
) -> Iterator[tuple[str, str, EntityIdentity]]:
    """Yield the entities that have a table already: name, name before, identity as it was."""
    old = {identity.uid: (name, identity) for name, identity in proposal.before.entities.items()}
    for name, cls in models.items():
        name_before, identity = old.get(cls.__entity__.uid, ("", None))
        if identity is not None and identity.table in tables:
            yield name, name_before, identity


def _is_read_anew(changed: _ChangedField) -> bool:
    """Return whether stored values may not fit: another type, or other limits."""
    if not FIELD_TYPES[changed.field.type].writable:
        return False
    return changed.old.column != changed.field.column or any(changed.is_new(key) for key in LIMITS)


def _touched(connection: sa.Connection, changed: _ChangedField) -> Iterator[Touched]:
    column = sa.column(changed.old.column)
    if changed.field.encrypted and not changed.old.type.endswith(ENCRYPTED):
        yield from _count(connection, changed, "plain", column.is_not(None))
    if changed.field.required and changed.is_new("required"):
        yield from _count(connection, changed, "required", column.is_(None))
    if changed.old.column != changed.field.column:
        return
    for what, keys in (("choice", _gone(changed)), ("next", _held_back(changed))):
        if keys:
            holds = FIELD_TYPES[changed.field.type].holds_any(column, keys)
            yield from _count(connection, changed, what, holds)
    if any(changed.is_new(key) for key in CURRENCY):
        yield from _count(connection, changed, "currency", column.is_not(None))
    if changed.field.options.get("only_role") and changed.is_new("only_role"):
        for may in WHO_MAY:
            before, after = (may(body.get("only_role")) for body in (changed.body_before, changed.body))
            yield from _count(connection, changed, "role", sa.and_(column.in_(before), column.not_in(after)))


def _gone(changed: _ChangedField) -> list[str]:
    """Return the choices that were taken away."""
    return [
        key
        for key in changed.body_before.get("choices") or ()
        if key not in (changed.body.get("choices") or ())
    ]


def _held_back(changed: _ChangedField) -> list[str]:
    """Return the choices from which a record may go fewer ways than before."""
    if not changed.is_new("next"):
        return []
    choices = list(changed.body.get("choices") or ())
    before, after = (body.get("next") or {} for body in (changed.body_before, changed.body))
    return [
        key
        for key in choices
        if key in after and not {*_as_list(before.get(key, choices))} - {key} <= {*_as_list(after[key])}
    ]


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _beyond(found: Conversion) -> Iterator[Touched]:
    """Yield the values that new limits would refuse: they stay, and are judged when somebody changes them."""
    if found.bad and found.before == found.after:
        yield Touched(found.entity, found.field, "limit", found.bad, not found.is_complete)


def _beside(connection: sa.Connection, changed: _ChangedField, models: Models) -> dict[str, sa.ColumnElement]:
    """Return the columns that the limits of a field name, as far as the database has them."""
    fields = models[changed.entity].__entity__.fields
    named = FIELD_TYPES[changed.field.type].leans_on(changed.field) & set(fields)
    stored = [name for name in named if FIELD_TYPES[fields[name].type].stored]
    return {
        name: changed.table.c[fields[name].column]
        for name in stored
        if _are_there(connection, models, [(changed.entity, name)])
    }


def _out_of_choice(connection: sa.Connection, changed: _ChangedField, models: Models) -> Iterator[Touched]:
    """Yield the records whose reference points to what `only` excludes from now on."""
    only, target = changed.field.options.get("only"), changed.field.options.get("to")
    if (
        not only
        or not changed.is_new("only")
        or changed.old.column != changed.field.column
        or target not in models
    ):
        return
    schema = models.schema
    tree, problems = parse_conditions(list(only), schema.entities[target], schema)
    if problems or not _are_there(connection, models, {(target, "id"), *fields_of(tree)}):
        return
    scope = Scope(
        schema,
        dt.datetime.now(dt.UTC).replace(tzinfo=None),
        ZoneInfo("UTC"),
        models,
        connection.dialect.name,
        unguarded=True,
    )
    other = models.table(target)
    meant = sa.select(other.c.id).where(compile_sql(Not(tree), target, scope)).subquery()
    column = sa.column(changed.old.column)
    if FIELD_TYPES[changed.field.type].kind == "reference":
        yield from _count(connection, changed, "only", column.in_(sa.select(meant.c.id)))


def _are_there(connection: sa.Connection, models: Models, asked: Iterable[tuple[str, str]]) -> bool:
    """Return whether the database has the columns of some fields already."""
    inspector = sa.inspect(connection)
    for entity, name in asked:
        field, table = models[entity].__entity__.fields.get(name), models.table(entity)
        if not inspector.has_table(table.name):
            return False
        columns = {one["name"] for one in inspector.get_columns(table.name)}
        if field is not None and field.column not in columns and FIELD_TYPES[field.type].stored:
            return False
    return True


def _count(
    connection: sa.Connection, changed: _ChangedField, what: str, condition: sa.ColumnElement
) -> Iterator[Touched]:
    yield from _counted(connection, changed.table, condition, (changed.entity, changed.field.name, what))


def _counted(
    connection: sa.Connection, table: sa.FromClause, condition: sa.ColumnElement, said: tuple[str, str, str]
) -> Iterator[Touched]:
    few = sa.select(sa.literal(1)).select_from(table).where(condition).limit(MOST + 1).subquery()
    found = connection.scalar(sa.select(sa.func.count()).select_from(few)) or 0
    if found:
        yield Touched(*said, min(found, MOST), found > MOST)


def _not_unique(connection: sa.Connection, changed: _ChangedField) -> list[Problem]:
    column, is_sealed = sa.column(changed.old.column), changed.old.type.endswith(ENCRYPTED)
    column = index_of(column) if is_sealed else column
    twice = (
        sa.select(column)
        .select_from(changed.table)
        .where(column.is_not(None))
        .group_by(column)
        .having(sa.func.count() > 1)
        .limit(5)
    )
    is_secret = is_sealed or changed.field.encrypted
    values = ["…" if is_secret else str(value) for value in connection.scalars(twice)]
    if not values:
        return []
    field = changed.field.name
    params = {"entity": changed.entity, "field": field, "uid": changed.field.uid, "values": ", ".join(values)}
    return [Problem("schema.not_unique", params, field)]


def _new_and_required(
    connection: sa.Connection, proposal: Proposal, models: Models, tables: set[str]
) -> Iterator[Touched]:
    """Yield the records that a new required field finds without a value."""
    for name, _before, identity in _known_entities(proposal, models, tables):
        known = {field.uid for field in identity.fields.values()}
        for field in models[name].__entity__.fields.values():
            if field.required and field.uid not in known and FIELD_TYPES[field.type].stored:
                said = (name, field.name, "required")
                yield from _counted(connection, sa.table(identity.table), sa.true(), said)


def _set_aside(connection: sa.Connection, proposal: Proposal, tables: set[str]) -> Iterator[Touched]:
    """Yield what removed entities and fields leave behind."""
    yield from _kept(connection, proposal.changes["removed"], proposal.before, tables, "")


def _coming_back(connection: sa.Connection, proposal: Proposal, tables: set[str]) -> Iterator[Touched]:
    """Yield what entities and fields that were removed once find again."""
    yield from _kept(connection, proposal.changes["added"], proposal.after, tables, "_back")


def _kept(
    connection: sa.Connection, rows: Iterable[Mapping], identities: Identities, tables: set[str], way: str
) -> Iterator[Touched]:
    """Yield what the database holds for entities and fields that go or come."""
    for row in rows:
        entity = identities.entities.get(row.get("entity", row["name"]))
        if entity is None or entity.table not in tables or row["kind"] not in ("entity", "field"):
            continue
        table = sa.table(entity.table)
        if row["kind"] == "entity":
            yield from _counted(connection, table, sa.true(), (row["name"], "", f"entity{way}"))
            continue
        columns = {column["name"] for column in sa.inspect(connection).get_columns(entity.table)}
        identity = entity.fields.get(row["name"])
        if identity is not None and identity.column in columns:
            filled = sa.column(identity.column).is_not(None)
            yield from _counted(connection, table, filled, (row["entity"], row["name"], f"field{way}"))


def _does_not_convert(found: Conversion) -> Problem:
    """Return the problem that stops a change of type; records are named by their numbers alone."""
    params = {"field": found.field, "uid": found.uid, "good": found.good, "bad": found.bad}
    examples = "; ".join(str(refused.record) for refused in found.refused[:20])
    return Problem("schema.values_do_not_convert", {**params, "examples": examples}, found.field)


def used_by(connection: sa.Connection, proposal: Proposal) -> list[dict[str, Any]]:
    """Return who still uses what a proposal removes or retypes: documents, saved views, each place of them.

    Shape:  `{"kind", "name", "entity", "place", "label", "field", "of", "choice"}`: the user, then what is used; `of`
            is the entity of the field.
    """
    changes = proposal.changes
    usage = Usage(proposal.documents, proposal.old_documents).add_shelves(connection)
    found: list[dict[str, Any]] = []
    for row in changes["removed"]:
        if row["kind"] == "field":
            uses, used = usage.of_field(row["entity"], row["name"]), {"of": row["entity"]}
        else:
            uses, used = usage.of_document(row["kind"], row["name"]), {"of": row["name"]}
        found += [{**use.as_json(), "field": row["name"], **used} for use in uses]
    for entity, field, choice in _removed_choices(changes["changed"]):
        uses = usage.of_choice(entity, field, choice)
        found += [{**use.as_json(), "field": field, "of": entity, "choice": choice} for use in uses]
    return found


def _removed_choices(changed: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for row in changed:
        before, after = row.get("values", {}).get("choices", (None, None))
        if row["kind"] == "field" and before is not None:
            yield from ((row["entity"], row["name"], key) for key in before if key not in (after or ()))
