"""Records that look the same: found by an entity's `same_if`, on a save as in an import, and told within rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import ConflictError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.fields.fold import fold
from crm.fields.likeness import alike, says_something
from crm.records.listing import ListQuery, list_records
from crm.records.prepare import is_empty
from crm.records.search import Hit, hit_columns, hits_of
from crm.records.values import values_of
from crm.revisions.likeness import is_folded, same_groups
from crm.revisions.models import Record

CHUNK = 200
MOST = 50  # look-alikes that are counted
SHOWN = 5

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Alike:
    """What looks the same as a record.

    Shape:  `hits` are some of those the actor may see, `ids` all of these; `others` counts those out of reach.
    """

    hits: list[Hit] = field(default_factory=list)
    ids: tuple[int, ...] = ()
    others: int = 0

    def __bool__(self) -> bool:
        return bool(self.ids or self.others)

    @property
    def mark(self) -> str:
        """Return what a form sends back to say that these were seen."""
        return f"{'.'.join(map(str, self.ids))}+{self.others}"


class AlikeError(ConflictError):
    """The record looks the same as others, and nobody has said yet that it is another one."""

    def __init__(self, entity: Entity, found: Alike) -> None:
        super().__init__("record.looks_same", entity=entity.plural)
        self.found = found


def save_and_look(
    session: CrmSession, entity: Entity, record_id: int | None, write: Callable[[], Record]
) -> tuple[Record, Alike]:
    """Save a record by `write` and return it with what looks the same, by the fields that this save changed.

    Shape:  `record_id` is the number of a record that is there already. The caller commits, or raises `AlikeError`.
    """
    names = [each.name for group in same_groups(entity) for each in group]
    if not names:
        return write(), Alike()
    before = _stored(session, entity, record_id, names) if record_id is not None else None
    record = write()
    with session.as_system():
        after = values_of(session, record, dict.fromkeys(names))
    changed = {name for name in after if before is None or before.get(name) != after[name]}
    return record, find_alike(session, entity, record.id, after, changed)


def _stored(session: CrmSession, entity: Entity, record_id: int, names: Iterable[str]) -> Values:
    cls = session.workspace.models[entity.name]
    with session.as_system():
        record = session.scalar(sa.select(cls).where(cls.id == record_id))
        return values_of(session, record, dict.fromkeys(names)) if record is not None else {}


def find_alike(
    session: CrmSession, entity: Entity, record_id: int | None, values: Values, changed: Iterable[str]
) -> Alike:
    """Return the records that look the same as one with these values, by groups of which a field changed.

    Shape:  a group that holds a field hidden from the actor is not asked about: the answer would tell its value.
    """
    hidden, touched = session.actor.rights(entity.name).hidden, set(changed)
    groups = [
        group
        for group in same_groups(entity)
        if (names := {each.name for each in group}) & touched and not names & hidden
    ]
    found = _look(session, entity, groups, values) if groups else set()
    found.discard(record_id)
    return _told(session, entity, sorted(found)[:MOST]) if found else Alike()


def _look(session: CrmSession, entity: Entity, groups: Sequence[Sequence[Field]], values: Values) -> set[int]:
    """Return the stored records that look the same as one by any of some groups, in one indexed query."""
    keys = {place: key for place, group in enumerate(groups) if (key := key_of(group, values)) is not None}
    if not keys:
        return set()
    fields = {each.name: each for place in keys for each in groups[place]}
    columns = _columns(session, entity, fields.values())
    ways = (
        sa.and_(
            *(
                _is_one_of(each, columns[each.name], {part})
                for each, part in zip(groups[place], key, strict=True)
            )
        )
        for place, key in keys.items()
    )
    cls = session.workspace.models[entity.name]
    asked = sa.select(cls.id, *columns.values()).where(sa.or_(*ways))
    with session.as_system():
        rows = [(row[0], dict(zip(columns, row[1:], strict=True))) for row in session.execute(asked)]
    return {
        number
        for number, found in rows
        if any(key_of(groups[place], found) == key for place, key in keys.items())
    }


def _columns(session: CrmSession, entity: Entity, fields: Iterable[Field]) -> dict[str, Any]:
    cls = session.workspace.models[entity.name]
    return {each.name: getattr(cls, FIELD_TYPES[each.type].attribute(each)) for each in fields}


def _told(session: CrmSession, entity: Entity, ids: list[int]) -> Alike:
    if "read" not in session.actor.rights(entity.name).can:
        return Alike(others=len(ids))
    query = ListQuery(
        [{"field": "id", "is_one_of": ids}], page_size=MOST, columns=hit_columns(session, entity)
    )
    rows = list_records(session, entity, query).rows
    seen = tuple(sorted(row["id"] for row in rows))
    return Alike(hits_of(session, entity, rows[:SHOWN]), seen, len(ids) - len(seen))


def list_alike(
    session: CrmSession, entity: Entity, group: Sequence[Field], rows: Sequence[Values]
) -> list[set[int]]:
    """Return, for each of some values, the stored records that look the same by one group, out of reach or not.

    Shape:  one indexed query for some hundred rows. A row with an empty field in the group looks like no other.
    """
    keys = [key_of(group, row) for row in rows]
    wanted = list(dict.fromkeys(key for key in keys if key is not None))
    known: dict[tuple, set[int]] = {}
    cls = session.workspace.models[entity.name]
    columns = _columns(session, entity, group).values()
    with session.as_system():
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            conditions = (
                _is_one_of(each, column, {key[place] for key in part})
                for place, (each, column) in enumerate(zip(group, columns, strict=True))
            )
            for number, *found in session.execute(sa.select(cls.id, *columns).where(*conditions)):
                values = {each.name: value for each, value in zip(group, found, strict=True)}
                known.setdefault(key_of(group, values), set()).add(number)
    return [set(known.get(key, ())) if key is not None else set() for key in keys]


def key_of(group: Sequence[Field], values: Values) -> tuple | None:
    """Return what a record has in common with those that look the same by a group; None where a part is empty.

    >>> from crm.texts import Text
    >>> name = Field("name", "text", Text("Name"))
    >>> key_of([name], {"name": "«Λιμάνι»"}) == key_of([name], {"name": "ΛΙΜΑΝΙ"}) != key_of([name], {"name": "Λίμνη"})
    True
    """
    key = tuple(_key(each, values.get(each.name)) for each in group)
    return None if any(is_empty(part) for part in key) else key


def _key(each: Field, value: Any) -> Any:
    if not is_folded(each) or not isinstance(value, str):
        return value
    return fold(value) if says_something(value) else None


def _is_one_of(each: Field, column: Any, keys: set) -> sa.ColumnElement[bool]:
    if not is_folded(each):
        return column.in_(keys)
    return alike(column).in_([alike(sa.literal(key, sa.Text())) for key in keys])
