"""Records that look the same: found by an entity's `same_if`, on a save as in an import, and told within rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import ConflictError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.fields.likeness import asked_likeness, is_identity, kept_likeness, says_something
from crm.records.distinct import others_than
from crm.records.finding import Keys, holding, settled_keys
from crm.records.listing import ListQuery, list_records
from crm.records.prepare import is_empty
from crm.records.search import Hit, hit_columns, hits_of
from crm.records.search_keys import like_tokens
from crm.records.values import values_of
from crm.revisions.likeness import is_folded, same_groups
from crm.revisions.models import Record

CHUNK = 100  # rows that are looked up together
MOST_OLD = 20_000  # records whose keys are being written anew, which are compared one by one
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
    if found and record_id is not None:
        found -= others_than(session, entity, record_id, found)
    return _told(session, entity, sorted(found)[:MOST]) if found else Alike()


def _look(session: CrmSession, entity: Entity, groups: Sequence[Sequence[Field]], values: Values) -> set[int]:
    """Return the stored records that look the same as one by any of some groups, in one indexed query.

    Shape:  where the entity only warns of duplicates, names that sound the same in two alphabets are hints as well.
    """
    asked = [
        (group, likeness)
        for group in groups
        if (likeness := asked_of(group, values, not entity.refuses_same))
    ]
    if not asked:
        return set()
    keys = settled_keys(session, entity)
    is_loose = not entity.refuses_same
    ways = [_holds(session, entity, group, [values], keys, is_loose) for group, _likeness in asked]
    rows = _rows(
        session, entity, {each.name: each for group, _ in asked for each in group}, sa.or_(*ways), keys
    )
    return {
        number for number, found in rows if any(likeness & kept_of(group, found) for group, likeness in asked)
    }


def _rows(
    session: CrmSession, entity: Entity, fields: Mapping[str, Field], condition: Any, keys: Keys
) -> list[tuple[int, dict[str, Any]]]:
    """Return ids and some values of the records that meet a condition, and of those without new keys, if few."""
    cls = session.workspace.models[entity.name]
    columns = _columns(session, entity, fields.values())
    if keys.rewritten_after is not None and keys.last_id - keys.rewritten_after <= MOST_OLD:
        condition = sa.or_(condition, cls.id > keys.rewritten_after)
    with session.as_system():
        rows = session.execute(sa.select(cls.id, *columns.values()).where(condition)).all()
    return [(row[0], dict(zip(columns, row[1:], strict=True))) for row in rows]


def _holds(
    session: CrmSession,
    entity: Entity,
    group: Sequence[Field],
    rows: Sequence[Values],
    keys: Keys,
    is_loose: bool = False,
) -> sa.ColumnElement[bool]:
    """Return the condition that a record may look the same as one of some rows, each of which has all the values."""
    words = [each for each in group if is_folded(each)]
    conditions = []
    if len(words) < len(group):
        names = {each.name for each in words}
        columns = _columns(session, entity, [each for each in group if each.name not in names])
        conditions = [column.in_({row[name] for row in rows}) for name, column in columns.items()]
    if words:
        ways = [[like_tokens(entity, each, row[each.name], is_loose) for each in words] for row in rows]
        conditions.append(holding(session, entity, ways, keys))
    return sa.and_(*conditions)


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
    session: CrmSession,
    entity: Entity,
    group: Sequence[Field],
    rows: Sequence[Values],
    is_loose: bool = False,
) -> list[set[int]]:
    """Return, for each of some values, the stored records that look the same by one group, out of reach or not.

    Shape:  some indexed queries for some hundred rows. A row with an empty field in the group looks like no other.
            `is_loose` takes what only sounds the same as well.
    """
    likenesses = [asked_of(group, row, is_loose) for row in rows]
    wanted = [row for row, likeness in zip(rows, likenesses, strict=True) if likeness]
    keys = settled_keys(session, entity)
    known: dict[tuple, set[int]] = {}
    for start in range(0, len(wanted), CHUNK):
        condition = _holds(session, entity, group, wanted[start : start + CHUNK], keys, is_loose)
        for number, values in _rows(session, entity, {each.name: each for each in group}, condition, keys):
            for likeness in kept_of(group, values):
                known.setdefault(likeness, set()).add(number)
    return [set().union(*(known.get(one, ()) for one in likeness)) for likeness in likenesses]


def kept_of(group: Sequence[Field], values: Values) -> frozenset[tuple]:
    """Return what a stored record is found by that looks the same by a group; nothing where a part is empty."""
    return frozenset(product(*[_kept(each, values.get(each.name)) for each in group]))


def asked_of(group: Sequence[Field], values: Values, is_loose: bool = False) -> frozenset[tuple]:
    """Return what makes a stored record look the same as one; `is_loose` takes what only sounds so as well.

    >>> from crm.texts import Text
    >>> group = [Field("name", "text", Text("Name"))]
    >>> kept, asked, other = kept_of(group, {"name": "«Λιμάνι»"}), {"name": "LIMANI"}, {"name": "Λίμνη"}
    >>> bool(kept & asked_of(group, asked)), bool(kept & asked_of(group, other))
    (True, False)
    """
    return frozenset(product(*[_asked(each, values.get(each.name), is_loose) for each in group]))


def _kept(each: Field, value: Any) -> Sequence[Any]:
    if not is_folded(each) or not isinstance(value, str):
        return () if is_empty(value) else (value,)
    return kept_likeness(value, is_identity(each, FIELD_TYPES[each.type])) if says_something(value) else ()


def _asked(each: Field, value: Any, is_loose: bool) -> Sequence[Any]:
    if not is_folded(each) or not isinstance(value, str):
        return () if is_empty(value) else (value,)
    is_exact = is_identity(each, FIELD_TYPES[each.type])
    return asked_likeness(value, is_exact, is_loose) if says_something(value) else ()
