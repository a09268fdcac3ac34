"""What happened around a record: the children that say when they happened, and its own changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import FieldError
from crm.fields.base import Field
from crm.permissions.rows import may_touch
from crm.permissions.service import actor_then
from crm.records.journal import list_changes
from crm.records.listing import ListQuery, list_records
from crm.records.values import (
    display_of,
    known_user_names,
    linked_titles,
    situation_of,
    title_of,
    type_of,
)
from crm.revisions.former_names import entity_of_uid, read_former_names, schema_at

LIMIT = 50


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened: a child record or a change of the record itself.

    Shape:  `at` is naive UTC. `entity` and `record_id` lead to the child; a change has `changes` instead, each
            (label, before, after) as texts for people.
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


def timeline_of(session: CrmSession, entity: Entity, record_id: int) -> list[TimelineEntry]:
    """Return the newest entries of one record that the actor may see, newest first."""
    entries = []
    for inverse in entity.inverses.values():
        child = session.workspace.schema.entities[inverse.entity]
        rights = session.actor.rights(child.name)
        if "timeline" in child.options and "read" in rights.can and inverse.field not in rights.hidden:
            entries += _children(session, child, inverse.field, record_id)
    entries += history_of(session, entity, record_id)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[: 2 * LIMIT]


def _children(session: CrmSession, child: Entity, field: str, record_id: int) -> list[TimelineEntry]:
    places: Mapping[str, str] = child.options["timeline"]
    wanted = dict.fromkeys([*places.values(), *(("owner",) if "owner" in child.fields else ("created_by",))])
    at = places.get("at", "created_at")
    at = "created_at" if at in session.actor.rights(child.name).hidden else at
    query = ListQuery(
        [{"field": field, "is": record_id}],
        order=((at, True),),
        page_size=LIMIT,
        columns=(*wanted, "created_at"),
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
    return TimelineEntry(at, "child", title, text("text"), who, child, row["id"], choice)


def history_of(session: CrmSession, entity: Entity, record_id: int) -> list[TimelineEntry]:
    """Return the changes of one record, without what the actor may not see; nothing for a record out of reach."""
    if not may_touch(session, entity, "read", record_id):
        return []
    hidden = session.actor.rights(entity.name).hidden
    rows = list_changes(session, entity, record_id, LIMIT)
    names = known_user_names(session, (row["user_id"] for row in rows))
    words = changes_in_words(session, entity, [row["values"] for row in rows], hidden)
    removed = _with_removed(session, entity, {uid for row in rows for uid in row["gone"]})
    gone_words = changes_in_words(session, removed, [row["gone"] for row in rows], frozenset())
    return [
        TimelineEntry(
            row["at"],
            row["kind"],
            "",
            who=names.get(row["user_id"]) or row["actor_name"],
            changes=[*kept, *gone],
        )
        for row, kept, gone in zip(rows, words, gone_words, strict=True)
    ]


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
