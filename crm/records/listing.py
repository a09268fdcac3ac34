"""Lists of records: filtered, searched, sorted, a page at a time, with a count that never scans a million rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from crm.conditions import compile_sql, fields_of, parse_conditions
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.errors import Problem
from crm.fields.fold import query_keys
from crm.permissions.guard import RowCriteria
from crm.permissions.rows import row_criteria, scope_of
from crm.permissions.service import reads_hidden, require
from crm.records.order import expression_of, order_by
from crm.records.rekey import find_rekeying

COUNT_LIMIT = 10_000
PAGE_SIZE_LIMIT = 200
DEEP_OFFSET = 1_000_000_000
IDS = postgresql.ARRAY(sa.BigInteger())


@dataclass(frozen=True)
class ListQuery:
    """What a list shows.

    Shape:  `lines` are raw conditions, `search` words typed by a person, `order` (field name, descending) pairs,
            `page` counts from 0. `after` continues behind a record id where the order is the newest first.
            `columns` are field names; None means all the actor may see.
    """

    lines: Sequence[Any] = ()
    search: str = ""
    order: tuple[tuple[str, bool], ...] = ()
    page: int = 0
    page_size: int = 25
    after: int | None = None
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Page:
    """One page of a list.

    Shape:  `rows` are typed values by field name, with `id` and `row_version`. `total` stops at `COUNT_LIMIT`;
            `total_is_capped` says so. `notes` tell what of the query was ignored.
    """

    rows: list[dict[str, Any]]
    total: int
    total_is_capped: bool
    has_next: bool
    columns: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]
    notes: list[Problem] = attribute(default_factory=list)


def list_records(session: CrmSession, entity: Entity, query: ListQuery) -> Page:
    """Return one page of the records the actor may see.

    Errors: NotAllowedError when the actor may see none. Whatever of the query is unknown or not open to the actor
            is left out and noted.
    """
    require(session.actor, "read", entity)
    notes: list[Problem] = []
    cls = session.workspace.models[entity.name]
    where = list(_conditions(session, entity, query, notes))
    order = _known_order(session, entity, query.order or entity.sort, notes)
    columns = _known_columns(session, entity, query.columns, notes)
    size = max(1, min(query.page_size, PAGE_SIZE_LIMIT))
    keys = (*order_by(session, entity, order), cls.id.desc())
    if query.search and session.get_bind().dialect.name == "postgresql":
        hits = session.scalars(sa.select(cls.id).where(*where).limit(COUNT_LIMIT)).all()
        total = len(hits)
        where = where if total >= COUNT_LIMIT else [cls.id == sa.any_(sa.literal(hits, IDS))]
    else:
        total = count_matching(session, cls, where, COUNT_LIMIT)
    if query.after is not None and not order:
        where.append(cls.id < query.after)
    offset = 0 if query.after is not None and not order else min(query.page * size, DEEP_OFFSET)
    asked = _select(session, entity, columns).where(*_turned_to(cls, where, keys, offset, size + 1))
    rows = session.execute(asked.order_by(*keys).limit(size + 1)).all()
    shown = [_values(columns, row) for row in rows[:size]]
    return Page(shown, total, total >= COUNT_LIMIT, len(rows) > size, columns, order, notes)


def _turned_to(cls: Any, where: Sequence[Any], keys: Sequence[Any], offset: int, limit: int) -> Sequence[Any]:
    """Return the condition of one page; rows before it are passed over in an index and never fetched."""
    if not offset:
        return where
    return [cls.id.in_(sa.select(cls.id).where(*where).order_by(*keys).offset(offset).limit(limit))]


def count_matching(session: CrmSession, cls: type, where: Sequence[Any], limit: int) -> int:
    """Return how many records match, counting no further than the limit."""
    some = sa.select(cls.id).where(*where).limit(limit).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def count_up_to(session: CrmSession, entity: Entity, lines: Sequence[Any]) -> tuple[int, bool]:
    """Return how many records that the actor may see meet the conditions, and whether there are yet more."""
    require(session.actor, "read", entity)
    cls = session.workspace.models[entity.name]
    total = count_matching(
        session, cls, list(_conditions(session, entity, ListQuery(lines), [])), COUNT_LIMIT
    )
    return total, total >= COUNT_LIMIT


def count_records(session: CrmSession, entity: Entity, lines: Sequence[Any]) -> int:
    """Return exactly how many records the actor may see meet the conditions."""
    require(session.actor, "read", entity)
    where = list(_conditions(session, entity, ListQuery(lines), []))
    cls = session.workspace.models[entity.name]
    return session.scalar(sa.select(sa.func.count(cls.id)).where(*where)) or 0


def list_ids(session: CrmSession, entity: Entity, query: ListQuery) -> Iterator[int]:
    """Yield the ids of every record that matches, newest first."""
    require(session.actor, "read", entity)
    cls = session.workspace.models[entity.name]
    where = list(_conditions(session, entity, query, []))
    yield from session.scalars(sa.select(cls.id).where(*where).order_by(cls.id.desc()))


def iterate_records(
    session: CrmSession, entity: Entity, query: ListQuery, chunk: int = 1_000
) -> Iterator[list[dict[str, Any]]]:
    """Yield every matching record that may be exported in chunks, in the query's order, in bounded memory."""
    require(session.actor, "read", entity)
    cls = session.workspace.models[entity.name]
    columns = _known_columns(session, entity, query.columns, [])
    where = list(_conditions(session, entity, query, []))
    order = _known_order(session, entity, query.order or entity.sort, [])
    asked = _select(session, entity, columns).where(*where)
    asked = asked.order_by(*order_by(session, entity, order), cls.id.desc())
    may_leave = None if session.actor.sees_everything else row_criteria(session, entity, "export")
    if may_leave is not None:  # beside the guard's own, which shows what may be read
        asked = asked.options(RowCriteria(cls, may_leave, include_aliases=True))
    for part in session.execute(asked.execution_options(yield_per=chunk)).partitions(chunk):
        yield [_values(columns, row) for row in part]


def _select(session: CrmSession, entity: Entity, columns: Sequence[str]) -> sa.Select:
    cls = session.workspace.models[entity.name]
    shown = [expression_of(session, entity, name) for name in columns]
    return sa.select(cls.id, cls.row_version, *shown)


def _values(columns: Sequence[str], row: Any) -> dict[str, Any]:
    return {**dict(zip(columns, row[2:], strict=True)), "id": row[0], "row_version": row[1]}


def _conditions(session: CrmSession, entity: Entity, query: ListQuery, notes: list[Problem]) -> Iterator[Any]:
    scope = scope_of(session)
    for line in query.lines:
        tree, problems = parse_conditions([line], entity, session.workspace.schema)
        if problems or _reads_hidden(session, tree):
            notes.append(Problem("record.unknown_filter", {"name": _word_of(line)}))
            continue
        yield compile_sql(tree, entity.name, scope)
    words = query.search.replace("\x00", "").strip()  # PostgreSQL holds no NUL, so nothing has one
    if words:
        rekeying = find_rekeying(session, entity)
        if rekeying:
            notes.append(Problem("record.search_is_rebuilt", {"entity": entity.plural}))
        yield _searched(session, entity, words, bool(rekeying and rekeying.narrower))


def _word_of(line: Any) -> str:
    return (
        str(line.get("field") or next(iter(line), "?"))[:60] if isinstance(line, Mapping) else str(line)[:60]
    )


def _reads_hidden(session: CrmSession, tree: Any) -> bool:
    """Return whether a condition asks about what the actor may not see."""
    actor = session.actor
    if any("read" not in actor.rights(entity).can for entity, _field in fields_of(tree)):
        return True
    return reads_hidden(actor, tree, session.workspace.schema)


def _searched(session: CrmSession, entity: Entity, words: str, holds_more: bool) -> Any:
    """Return the condition that a record holds every searched word, in one of its spellings.

    Shape:  `holds_more`: keys may still hold words of a field that was searched before; whose, nobody knows.
    """
    cls, hidden = session.workspace.models[entity.name], session.actor.rights(entity.name).hidden
    searched = [field for field in entity.fields.values() if field.search]
    is_closed = holds_more and not session.actor.sees_everything
    if is_closed or any(field.name in hidden for field in searched):
        lines = [{"field": field.name, "contains": words} for field in searched if field.name not in hidden]
        tree, problems = (
            parse_conditions([{"any": lines}], entity, session.workspace.schema) if lines else (None, [1])
        )
        return sa.false() if problems else compile_sql(tree, entity.name, scope_of(session))
    keys = [key for key in query_keys(words) if key]
    shortest = [key for key in keys if not any(other in key for other in keys if other != key)]
    ways = [cls.search_key.contains(key, autoescape=True) for key in shortest]
    return sa.or_(*ways) if ways else sa.false()


def _known_order(
    session: CrmSession, entity: Entity, order: Sequence[tuple[str, bool]], notes: list[Problem]
) -> tuple[tuple[str, bool], ...]:
    found = []
    for name, descending in order:
        if name in entity.fields and entity.fields[name].encrypted and _is_open(session, entity, name):
            notes.append(Problem("record.encrypted_order", {"name": entity.fields[name].label}))
        elif _is_open(session, entity, name):
            found.append((name, descending))
        else:
            notes.append(Problem("record.unknown_filter", {"name": name[:60]}))
    return tuple(found)


def _is_open(session: CrmSession, entity: Entity, name: str) -> bool:
    return name in SYSTEM_FIELDS or (
        name in entity.fields and name not in session.actor.rights(entity.name).hidden
    )


def _known_columns(
    session: CrmSession, entity: Entity, columns: Sequence[str] | None, notes: list[Problem]
) -> tuple[str, ...]:
    if columns is None:
        columns = entity.columns
    for name in columns:
        if name not in entity.fields and name not in SYSTEM_FIELDS:
            notes.append(Problem("record.unknown_filter", {"name": name[:60]}))
    return tuple(dict.fromkeys(name for name in columns if _is_open(session, entity, name)))
