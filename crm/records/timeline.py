"""What happened around a record: the children that say when they happened, and its own changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import FieldError, Problem, QueryError
from crm.fields.base import Field
from crm.permissions.rows import may_touch
from crm.permissions.service import actor_then
from crm.records.below import Way, hangs_below, ways_below
from crm.records.journal import change, list_changes, read_changes
from crm.records.listing import ListQuery, list_records
from crm.records.values import (
    display_of,
    field_of,
    known_user_names,
    linked_titles,
    situation_of,
    title_fields,
    title_of,
    type_of,
)
from crm.revisions.former_names import entity_of_uid, read_former_names, schema_at

LIMIT = 50
HISTORY = ""  # source of a record's own changes; those of records are entities' names
MIDNIGHT = " 00:00:00.000000"
MOMENTS = ("date", "datetime")  # kinds
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened: a child record or a change of the record itself.

    Shape:  `at` is naive UTC. `entity` and `record_id` lead to the child; a change has `changes` instead, each
            (label, before, after) as texts for people. `source` and `number` tell entries of one moment apart.
    """

    at: dt.datetime
    kind: str
    title: str
    text: str = ""
    who: str = ""
    entity: Entity | None = None
    record_id: int | None = None
    choice: str = ""
    changes: list[tuple[str, str, str]] = attribute(default_factory=list)
    source: str = ""
    number: int = 0


@dataclass(frozen=True)
class Cursor:
    """Where a page of a timeline ends: its last entry, by moment, source and number."""

    at: dt.datetime
    source: str
    number: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.source}~{self.number}"

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """Return the cursor that a text holds; None for an empty text.

        Errors: QueryError when it is none.
        """
        if not text:
            return None
        try:
            at, source, number = text[:200].split("~")
            return cls(
                dt.datetime.fromisoformat(at).replace(tzinfo=None), source, min(int(number), LARGEST_ID)
            )
        except ValueError as error:
            problem = Problem("record.bad_argument", {"name": "before", "value": text[:60]})
            raise QueryError("record.bad_query", [problem]) from error

    def is_before(self, source: str, at: Any, number: Any) -> sa.ColumnElement[bool]:
        """Return the SQL condition that an entry of a source comes after this one on the timeline."""
        if source != self.source:
            return at <= self.at if source > self.source else at < self.at
        same = number < self.number
        return (at < self.at) | ((at == self.at) & same)


@dataclass(frozen=True)
class Timeline:
    """One page of a timeline, newest first; `older` says where the next one begins, "" at the end."""

    entries: list[TimelineEntry]
    older: str = ""


MORE_SOURCES: list[Callable[[CrmSession, Entity, int, Cursor | None], list[TimelineEntry]]] = []
"""What packages above add to timelines; each returns at most `LIMIT` + 1 entries behind the cursor."""


def timeline_of(
    session: CrmSession, entity: Entity, record_id: int, before: Cursor | None = None
) -> Timeline:
    """Return one page of what happened around a record and below it, as far as the actor may see it.

    Shape:  records of entities with a `timeline` that lead to it by up to three references, each once; its own
            changes; what `MORE_SOURCES` add. A query per way and one per entity, however many records there are.
    """
    found: dict[str, dict[int, dt.datetime]] = {}
    for way in ways_below(session, entity):
        if "timeline" in way.entity.options:
            known = found.setdefault(way.entity.name, {})
            known.update(_moments_below(session, way, record_id, before))
    entries = _history(session, entity, record_id, before)
    for name, moments in found.items():
        newest = sorted(moments, key=lambda number: (moments[number], number), reverse=True)[: LIMIT + 1]
        entries += _children(session, session.workspace.schema.entities[name], newest)
    for source in MORE_SOURCES:
        entries += source(session, entity, record_id, before)
    entries.sort(key=lambda entry: entry.number, reverse=True)
    entries.sort(key=lambda entry: entry.source)
    entries.sort(key=lambda entry: entry.at, reverse=True)
    if len(entries) <= LIMIT:
        return Timeline(entries)
    last = entries[LIMIT - 1]
    return Timeline(entries[:LIMIT], str(Cursor(last.at, last.source, last.number)))


def _moments_below(
    session: CrmSession, way: Way, record_id: int, before: Cursor | None
) -> dict[int, dt.datetime]:
    """Return the newest records on one way with their moments."""
    cls = session.workspace.models[way.entity.name]
    at = _moment_of(session, way.entity)
    asked = sa.select(cls.id, at).where(hangs_below(session, way, record_id))
    if way.entity is way.between[-1]:  # a circle leads back to the record itself
        asked = asked.where(cls.id != record_id)
    if before is not None:
        asked = asked.where(before.is_before(way.entity.name, at, cls.id))
    rows = session.execute(asked.order_by(at.desc(), cls.id.desc()).limit(LIMIT + 1))
    return {row[0]: row[1] for row in rows}


def _moment_of(session: CrmSession, entity: Entity) -> sa.ColumnElement[dt.datetime]:
    """Return the SQL of when a record happened: what its `timeline` names, else its creation."""
    cls = session.workspace.models[entity.name]
    field = field_of(entity, _place_of(session, entity, "at") or "created_at")
    if not type_of(field).stored or type_of(field).kind not in MOMENTS:
        return cls.created_at
    column = getattr(cls, type_of(field).attribute(field))
    if type_of(field).kind == "date":
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        column = sa.cast(column, sa.Text).concat(MIDNIGHT) if is_sqlite else sa.cast(column, sa.DateTime)
    return sa.func.coalesce(sa.type_coerce(column, sa.DateTime), cls.created_at, type_=sa.DateTime)


def _place_of(session: CrmSession, entity: Entity, key: str) -> str:
    """Return the field that an entity's `timeline` names for something, when it is open to the actor."""
    name = entity.options["timeline"].get(key, "")
    return "" if name in session.actor.rights(entity.name).hidden else name


def _children(session: CrmSession, child: Entity, ids: Sequence[int]) -> list[TimelineEntry]:
    """Return entries of records by number."""
    if not ids:
        return []
    places = {key: name for key in child.options["timeline"] if (name := _place_of(session, child, key))}
    wanted = dict.fromkeys(
        [
            *places.values(),
            *title_fields(child),
            *(("owner",) if "owner" in child.fields else ("created_by",)),
        ]
    )
    query = ListQuery(
        [{"field": "id", "is_one_of": list(ids)}], page_size=len(ids), columns=(*wanted, "created_at")
    )
    page = list_records(session, child, query)
    situation = situation_of(session)
    titles = linked_titles(session, child, page.rows, page.columns, situation)
    return [_entry(child, row, places, titles, situation) for row in page.rows]


def _entry(
    child: Entity, row: Mapping[str, Any], places: Mapping[str, str], titles: Mapping, situation: Any
) -> TimelineEntry:
    def text(key: str) -> str:
        name = places.get(key, "")
        return display_of(child, name, row, titles, situation) if name in row else ""

    who = next(
        (display_of(child, name, row, titles, situation) for name in ("owner", "created_by") if name in row),
        "",
    )
    at = row.get(places.get("at", "created_at")) or row["created_at"]
    at = at if isinstance(at, dt.datetime) else dt.datetime.combine(at, dt.time())
    title = text("title") or title_of(child, row, situation)
    choice = str(row.get(places.get("kind", ""), "") or "")
    return TimelineEntry(
        at, "child", title, text("text"), who, child, row["id"], choice, source=child.name, number=row["id"]
    )


def history_of(session: CrmSession, entity: Entity, record_id: int) -> list[TimelineEntry]:
    """Return the changes of one record, without what the actor may not see; nothing for a record out of reach."""
    return _history(session, entity, record_id, None)[:LIMIT]


def _history(
    session: CrmSession, entity: Entity, record_id: int, before: Cursor | None
) -> list[TimelineEntry]:
    if not may_touch(session, entity, "read", record_id):
        return []
    hidden = session.actor.rights(entity.name).hidden
    asked = sa.select(change).where(change.c.record_id == record_id)
    if before is not None:
        asked = asked.where(before.is_before(HISTORY, change.c.at, change.c.id))
    rows = read_changes(session, entity, asked.order_by(change.c.id.desc()).limit(LIMIT + 1))
    names = known_user_names(
        session, (number for row in rows for number in (row["user_id"], _caused_by(row)))
    )
    words = changes_in_words(session, entity, [row["values"] for row in rows], hidden)
    removed = _with_removed(session, entity, {uid for row in rows for uid in row["gone"]})
    gone_words = changes_in_words(session, removed, [row["gone"] for row in rows], frozenset())
    return [
        TimelineEntry(
            row["at"],
            row["kind"],
            "",
            who=names.get(row["user_id"]) or _rule_words(session, row, names),
            changes=[*kept, *gone],
            source=HISTORY,
            number=row["id"],
        )
        for row, kept, gone in zip(rows, words, gone_words, strict=True)
    ]


def _caused_by(row: Mapping[str, Any]) -> int | None:
    """Return the user whose deed led to a change that a rule made."""
    kind, _, number = (row["cause"][0] if row["cause"] else "").partition(":")
    return int(number) if row["actor_kind"] == "rule" and kind == "user" and number.isdigit() else None


def _rule_words(session: CrmSession, row: Mapping[str, Any], names: Mapping[int | None, str]) -> str:
    """Return who made a change that no user made: a rule by its label, with the person whose deed started it."""
    name = row["actor_name"]
    rule = session.workspace.schema.parts.get("rule", {}).get(name) if row["actor_kind"] == "rule" else None
    label = rule.label.get(session.actor.language) if rule is not None else name
    person = names.get(_caused_by(row))
    return f"{label} ({person})" if person else label


def _with_removed(session: CrmSession, entity: Entity, uids: Iterable[str]) -> Entity:
    """Return an entity of the removed fields, by uid, that the actor could read; shown by their last label."""
    found = {uid: last_declared(session, entity, uid) for uid in uids}
    return replace(entity, fields={uid: field for uid, field in found.items() if field})


def last_declared(session: CrmSession, entity: Entity, field_uid: str) -> Field | None:
    """Return a removed field as the last revision that had it declares it; None when the actor may not read it.

    Who could read it is judged by the rights of that revision, for those of today no longer speak of it.
    """
    former = read_former_names(session.connection())
    schema = schema_at(session.connection(), former.last_with(entity.uid, field_uid))
    former = schema and entity_of_uid(schema, entity.uid)
    rights = former and actor_then(session.actor, schema).rights(former.name)
    if not rights or "read" not in rights.can:
        return None
    field = next((found for found in former.fields.values() if found.uid == field_uid), None)
    if field is None or field.name in rights.hidden:
        return None
    if type_of(field).points != "record":
        return field
    target = former.entity_today(session.workspace.schema, field.options["to"], schema.number)
    if target is None:
        return replace(field, type="text", options={})
    return replace(field, options={**field.options, "to": target.name})


def values_before(session: CrmSession, entity: Entity, record_id: int, saves: int) -> dict[str, Any]:
    """Return what the fields that the latest saves of a record changed held before them, by name."""
    before: dict[str, Any] = {}
    for row in list_changes(session, entity, record_id, min(saves, LIMIT)):
        before |= {
            name: _typed(entity.fields[name], pair[0])
            for name, pair in row["values"].items()
            if name in entity.fields
        }
    return before


def changes_in_words(
    session: CrmSession, entity: Entity, changes: Sequence[Mapping], hidden: frozenset
) -> list[list[tuple[str, str, str]]]:
    """Return, for each of some changes, its fields as (label, before, after), without what is hidden.

    Shape:  a change maps field names to `[before, after]` as JSON values, as the journal keeps them. One query per
            field that points to something, however many changes there are.
    """
    situation = situation_of(session)
    shown = [
        {
            name: [{name: _typed(entity.fields[name], value)} for value in pair]
            for name, pair in values.items()
            if name not in hidden and name in entity.fields
        }
        for values in changes
    ]
    rows: dict[str, list[Mapping]] = {}
    for fields in shown:
        for name, pair in fields.items():
            rows.setdefault(name, []).extend(pair)
    titles: dict[str, Mapping] = {}
    for name, pairs in rows.items():
        titles |= linked_titles(session, entity, pairs, [name], situation)
    return [
        [
            (
                entity.fields[name].label.get(situation.language),
                *(
                    _as_written(value)
                    if row[name] is None
                    else display_of(entity, name, row, titles, situation)
                    for row, value in zip(pair, values[name], strict=True)
                ),
            )
            for name, pair in fields.items()
        ]
        for fields, values in zip(shown, changes, strict=True)
    ]


def _as_written(value: Any) -> str:
    """Return a journal value that its field can no longer hold, as text."""
    return "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _typed(field: Field, value: Any) -> Any:
    """Return a journal value as its field would hold it; None for what no longer fits."""
    try:
        return type_of(field).from_json(field, value)
    except FieldError:
        return None
