"""What entities and fields were called: a stored row knows the revision whose names it bears, uids tell the rest.

What happened (changes, events, runs, imports, notifications) is never rewritten when something is renamed. Whoever
reads it asks here. What people keep and use again, such as saved views, is rewritten at the publish (`rename.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa

from crm.entities.identity import Identities, identities_from_json
from crm.entities.load import build_schema, documents_from_json
from crm.entities.model import Entity, Schema
from crm.revisions import store

NamesByRevision = tuple[tuple[int, str], ...]
"""What one thing was called, oldest first: the revision a name began in, and the name; "" from where it is gone."""

MOST_SCHEMAS = 4  # former schemas a process keeps built


@dataclass(frozen=True)
class FormerNames:
    """Every name that was ever given.

    Shape:  `number` and `moment` are those of the newest revision that was read. `entities` by uid; `fields` by the
            uids of entity and field.
    """

    number: int = 0
    moment: dt.datetime | None = None
    entities: Mapping[str, NamesByRevision] = attribute(default_factory=dict)
    fields: Mapping[str, Mapping[str, NamesByRevision]] = attribute(default_factory=dict)
    _maps: dict[tuple[str, int], dict[str, str]] = attribute(default_factory=dict, compare=False, repr=False)

    def entity_uid(self, name: str, revision: int) -> str | None:
        """Return which entity a revision called so."""
        return self._map("", revision).get(name)

    def field_uid(self, entity_uid: str, name: str, revision: int) -> str | None:
        """Return which field of an entity a revision called so."""
        return self._map(entity_uid, revision).get(name)

    def _map(self, entity_uid: str, revision: int) -> dict[str, str]:
        """Return uids by the names of a revision: of an entity's fields, or of the entities for ""."""
        key = (entity_uid, revision)
        if key not in self._maps:
            all_names = self.fields.get(entity_uid, {}) if entity_uid else self.entities
            self._maps[key] = {name_at(names, revision): uid for uid, names in all_names.items()}
        return self._maps[key]

    def entity_today(self, schema: Schema, name: str, revision: int) -> Entity | None:
        """Return the entity of a schema that a revision called so; None when it is gone."""
        uid = self.entity_uid(name, revision)
        if uid is None:  # a revision nobody knows, such as one that is only tried
            return schema.entities.get(name) if not 0 < revision <= self.number else None
        return entity_of_uid(schema, uid)

    def newest_name(self, entity_uid: str, name: str, revision: int) -> str:
        """Return what the newest revision calls a field that a revision called so; "" when it is gone."""
        uid = self.field_uid(entity_uid, name, revision)
        return name_at(self.fields[entity_uid][uid], self.number) if uid else ""

    def values_today(
        self, entity: Entity, values: Mapping[str, Any], revision: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a row holds by the names of today, and by uid what it holds of fields that are gone."""
        names = {field.uid: name for name, field in entity.fields.items()}
        kept, gone = {}, {}
        for name, value in values.items():
            uid = self.field_uid(entity.uid, name, revision)
            if uid in names:
                kept[names[uid]] = value
            elif uid is not None:
                gone[uid] = value
            elif name in entity.fields and not 0 < revision <= self.number:
                kept[name] = value
        return kept, gone

    def last_with(self, entity_uid: str, field_uid: str) -> int:
        """Return the newest revision that has a field; 0 when none has."""
        names = self.fields.get(entity_uid, {}).get(field_uid, ((1, ""),))
        return self.number if names[-1][1] else names[-1][0] - 1

    def about(self, table: sa.Table, entity: Entity) -> sa.ColumnElement[bool]:
        """Return the condition of a table's rows about an entity, whatever it was called when they were written.

        Shape:  the table has the columns `entity` and `revision`.
        """
        names = self.entities.get(entity.uid, ((1, entity.name),))
        spans = [
            (name, first, names[place + 1][0] if place + 1 < len(names) else None)
            for place, (first, name) in enumerate(names)
            if name
        ]
        return sa.or_(*(self._within(table, entity.uid, *span) for span in spans))

    def _within(
        self, table: sa.Table, uid: str, name: str, first: int, end: int | None
    ) -> sa.ColumnElement[bool]:
        """Return the condition of rows with a name, within the revisions in which it meant this entity."""
        others = (names for other, names in self.entities.items() if other != uid)
        if not any(name == other for names in others for _first, other in names):
            return table.c.entity == name
        within = (table.c.entity == name) & (table.c.revision >= first)
        return within if end is None else within & (table.c.revision < end)


def name_at(names: NamesByRevision, revision: int) -> str:
    """Return what something was called in a revision; "" when it was not there.

    >>> [name_at(((2, "remark"), (5, "hint"), (6, "")), revision) for revision in (1, 2, 4, 5, 6)]
    ['', 'remark', 'remark', 'hint', '']
    """
    return next((name for first, name in reversed(names) if first <= revision), "")


def entity_of_uid(schema: Schema, uid: str) -> Entity | None:
    """Return an entity of a schema, whatever it is called there; None when it has none of the uid."""
    return next((entity for entity in schema.entities.values() if entity.uid == uid), None)


_read: dict[str, FormerNames] = {}


def read_former_names(connection: sa.Connection) -> FormerNames:
    """Return every name given up to the live revision; a process reads a revision once, for none ever changes."""
    key = connection.engine.url.render_as_string(hide_password=False)
    known = _read.get(key, FormerNames())
    revision = store.revision
    stamps = connection.execute(
        sa.select(revision.c.number, revision.c.created_at)
        .where(revision.c.number >= known.number)
        .order_by(revision.c.number)
    ).all()
    if known.number and (not stamps or tuple(stamps[0]) != (known.number, known.moment)):
        known = FormerNames()  # another database has the address now
        return _extend(connection, key, known)
    return known if known.number and len(stamps) == 1 else _extend(connection, key, known)


def _extend(connection: sa.Connection, key: str, known: FormerNames) -> FormerNames:
    for number, moment, identities in store.list_identities(connection, known.number):
        known = with_revision(known, number, moment, identities_from_json(identities))
    _read[key] = known
    return known


def with_revision(
    former: FormerNames, number: int, moment: dt.datetime | None, identities: Identities
) -> FormerNames:
    """Return the names with those of one more revision."""
    entities = _with_names(
        former.entities, number, {found.uid: name for name, found in identities.entities.items()}
    )
    fields = {
        **{uid: _with_names(known, number, {}) for uid, known in former.fields.items()},
        **{
            found.uid: _with_names(
                former.fields.get(found.uid, {}),
                number,
                {field.uid: name for name, field in found.fields.items()},
            )
            for found in identities.entities.values()
        },
    }
    return FormerNames(number, moment, entities, fields)


def _with_names(
    known: Mapping[str, NamesByRevision], number: int, names: Mapping[str, str]
) -> Mapping[str, NamesByRevision]:
    """Return what was known with the names of a new revision; the same object when they are those of the last one."""
    news = {
        uid: (*known.get(uid, ()), (number, names.get(uid, "")))
        for uid in {**known, **names}
        if names.get(uid, "") != (known[uid][-1][1] if uid in known else "")
    }
    return {**known, **news} if news else known


_schemas: dict[tuple[str, int, dt.datetime], Schema] = {}


def schema_at(connection: sa.Connection, number: int) -> Schema | None:
    """Return the schema of a revision, of which a process keeps a few; None when there is no such revision."""
    moment = store.moment_of(connection, number)
    if moment is None:
        return None
    key = (connection.engine.url.render_as_string(hide_password=False), number, moment)
    schema = _schemas.pop(key, None)
    if schema is None:
        found = store.find_revision(connection, number)
        documents, identities = documents_from_json(found["documents"]), found["identities"]
        schema, _problems = build_schema(documents, number, identities_from_json(identities))
    _schemas[key] = schema
    for oldest in list(_schemas)[:-MOST_SCHEMAS]:
        _schemas.pop(oldest, None)
    return schema
