"""Lists of records: filtered, searched, sorted, a page at a time, with a count that never scans a million rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa

from crm.conditions import compile_sql
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.errors import Problem, QueryError
from crm.permissions.guard import RowCriteria
from crm.permissions.rows import row_criteria, scope_of
from crm.permissions.service import require
from crm.permissions.sight import conditions_for
from crm.records.finding import Keys, found_by, keys_of
from crm.records.order import expression_of, order_by
from crm.records.ranking import Hits, is_among
from crm.records.values import with_beside

COUNT_LIMIT = 10_000
HITS_LIMIT = 2_000  # hits of a search that are counted
PAGE_SIZE_LIMIT = 200
DEEP_OFFSET = 1_000_000_000
RANKED = 10_000  # hits of a search that pages are turned through, and that are sorted


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

    Shape:  `rows` are typed values by field name, with `id` and `row_version`: the columns, and what must be known to
            show them. `total` stops at a limit; `total_is_capped` says so. `notes` tell what else there is to
            know of the answer.
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

    Errors: NotAllowedError when the actor may see none; QueryError when a condition or the order cannot be applied.
            Columns that are not open to the actor are left out.
    """
    require(session.actor, "read", entity)
    notes: list[Problem] = []
    cls = session.workspace.models[entity.name]
    columns = _known_columns(session, entity, query.columns)
    held = _known_columns(session, entity, with_beside(entity, columns))
    size = max(1, min(query.page_size, PAGE_SIZE_LIMIT))
    if is_ranked(query):
        offset = min(query.page * size, RANKED)
        hits = hits_for(session, entity, query, notes).counting(HITS_LIMIT)
        ids = hits.best(min(offset + size + 1, RANKED))[offset:]
        total = hits.count()
        rows = _rows_of(session, entity, held, ids)
        return Page(rows[:size], total, total >= HITS_LIMIT, len(rows) > size, columns, (), notes)
    where = list(_conditions(session, entity, query, notes))
    order = _applied_order(session, entity, query)
    keys = (*order_by(session, entity, order), cls.id.desc())
    if query.search.strip():
        where = [is_among(session, cls.id, _sortable(session, entity, query, notes))]
    total = count_matching(session, cls, where, COUNT_LIMIT)
    if query.after is not None and not order:
        where.append(cls.id < query.after)
    offset = 0 if query.after is not None and not order else min(query.page * size, DEEP_OFFSET)
    asked = _select(session, entity, held).where(*_turned_to(cls, where, keys, offset, size + 1))
    rows = session.execute(asked.order_by(*keys).limit(size + 1)).all()
    shown = [_values(held, row) for row in rows[:size]]
    return Page(shown, total, total >= COUNT_LIMIT, len(rows) > size, columns, order, notes)


def _sortable(session: CrmSession, entity: Entity, query: ListQuery, notes: list[Problem]) -> list[int]:
    """Return the hits of a search that are sorted by a field: all, or as many as are sorted in a moment."""
    found = hits_for(session, entity, query, []).some(RANKED)
    if len(found) > RANKED:
        notes.append(Problem("record.search_is_sorted_in_part", {"count": RANKED}))
    return found[:RANKED]


def is_ranked(query: ListQuery) -> bool:
    """Return whether the best hits come first: words were typed, and no order was asked for."""
    return bool(query.search.strip()) and not query.order and query.after is None


def best_records(
    session: CrmSession, entity: Entity, query: ListQuery, counted: int = 0, keys: Keys | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Return the first records of a query as `list_records` does, without words the first of its order; and a count.

    Shape:  the count goes no further than `counted`; without words nothing is counted.
    Errors: as `list_records`.
    """
    require(session.actor, "read", entity)
    columns = _known_columns(session, entity, with_beside(entity, query.columns or ()))
    if not is_ranked(query):
        return first_records(session, entity, query, query.page_size)[0], 0
    hits = hits_for(session, entity, query, [], keys).counting(counted)
    ids = hits.best(query.page_size)
    return _rows_of(session, entity, columns, ids), hits.count()


def hits_for(
    session: CrmSession, entity: Entity, query: ListQuery, notes: list[Problem], keys: Keys | None = None
) -> Hits:
    """Return what matches a query, to be taken from the best on."""
    where = list(_conditions(session, entity, replace(query, search=""), []))
    hits = Hits(session, entity, where, query.search, keys)
    notes += _notes_on(entity, hits.keys)
    return hits


def _rows_of(
    session: CrmSession, entity: Entity, columns: Sequence[str], ids: Sequence[int]
) -> list[dict[str, Any]]:
    """Return records by their ids, in that order."""
    cls = session.workspace.models[entity.name]
    rows = (
        session.execute(_select(session, entity, columns).where(is_among(session, cls.id, ids)))
        if ids
        else ()
    )
    found = {row[0]: _values(columns, row) for row in rows}
    return [found[number] for number in ids if number in found]


def first_records(
    session: CrmSession, entity: Entity, query: ListQuery, most: int, where: Sequence[Any] = ()
) -> tuple[list[dict[str, Any]], bool]:
    """Return the first records of a query in its order, in one go, and whether there are yet more.

    Shape:  `where` are SQL conditions of ours beside those of the query.

    Errors: as `list_records`.
    """
    require(session.actor, "read", entity)
    cls = session.workspace.models[entity.name]
    columns = _known_columns(session, entity, with_beside(entity, query.columns or ()))
    keys = (*order_by(session, entity, _applied_order(session, entity, query)), cls.id)
    wanted = (*matching(session, entity, query), *where)
    asked = _select(session, entity, columns).where(*wanted).order_by(*keys)
    rows = session.execute(asked.limit(most + 1)).all()
    return [_values(columns, row) for row in rows[:most]], len(rows) > most


def chosen_records(
    session: CrmSession,
    entity: Entity,
    columns: Sequence[str],
    where: Iterable[Any],
    order: Sequence[Any],
    most: int,
) -> list[dict[str, Any]]:
    """Return the first records that meet SQL conditions of ours, as far as the actor may see them.

    Shape:  `columns` as in a `ListQuery`; those that are not open to the actor are left out.
    """
    require(session.actor, "read", entity)
    cls = session.workspace.models[entity.name]
    known = _known_columns(session, entity, with_beside(entity, columns))
    asked = _select(session, entity, known).where(*where).order_by(*order, cls.id).limit(most)
    return [_values(known, row) for row in session.execute(asked)]


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
    columns = _known_columns(session, entity, query.columns)
    where = list(_conditions(session, entity, query, []))
    order = _applied_order(session, entity, query)
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


def line_problems(session: CrmSession, entity: Entity, line: Any) -> list[Problem]:
    """Return why one raw condition cannot be applied for the actor; nothing when it can."""
    return conditions_for(session, entity, [line])[1]


def order_problems(
    session: CrmSession, entity: Entity, order: Sequence[tuple[str, bool]]
) -> Iterator[Problem]:
    """Yield why records cannot be sorted as asked."""
    for name, _descending in order:
        if not _is_open(session, entity, name):
            yield Problem("record.unknown_field", {"name": name[:60]}, name[:60])
        elif name in entity.fields and entity.fields[name].encrypted:
            yield Problem("record.encrypted_order", {"name": entity.fields[name].label}, name)


def matching(session: CrmSession, entity: Entity, query: ListQuery) -> list[Any]:
    """Return the SQL conditions of a query, for an aggregate over all its records.

    Errors: QueryError when it cannot be applied.
    """
    return list(_conditions(session, entity, query, []))


def require_answerable(session: CrmSession, entity: Entity, query: ListQuery) -> None:
    """Let pass a query that can be applied, before anything is written because of it.

    Errors: QueryError.
    """
    matching(session, entity, query)


def _conditions(session: CrmSession, entity: Entity, query: ListQuery, notes: list[Problem]) -> Iterator[Any]:
    """Yield the SQL of a query's conditions and of its search.

    Errors: QueryError with everything that cannot be applied: an answer without it would be wider than was asked.
    """
    trees, problems = [], list(order_problems(session, entity, query.order))
    for line in query.lines:
        tree, found = conditions_for(session, entity, [line])
        trees.append(tree)
        problems += found
    if problems:
        raise QueryError("record.bad_query", problems)
    for tree in trees:
        yield compile_sql(tree, entity.name, scope_of(session))
    if query.search.strip():
        keys = keys_of(session, entity)
        notes += _notes_on(entity, keys)
        found = found_by(session, entity, query.search, keys=keys)
        yield sa.false() if found is None else found


def _notes_on(entity: Entity, keys: Keys) -> list[Problem]:
    return [Problem("record.search_is_rebuilt", {"entity": entity.plural})] if keys.are_rewritten else []


def _applied_order(session: CrmSession, entity: Entity, query: ListQuery) -> tuple[tuple[str, bool], ...]:
    """Return the order asked for; else the entity's own, as far as it is open to the actor."""
    if query.order:
        return tuple(query.order)
    return tuple(pair for pair in entity.sort if not any(order_problems(session, entity, [pair])))


def _is_open(session: CrmSession, entity: Entity, name: str) -> bool:
    return name in SYSTEM_FIELDS or (
        name in entity.fields and name not in session.actor.rights(entity.name).hidden
    )


def _known_columns(session: CrmSession, entity: Entity, columns: Sequence[str] | None) -> tuple[str, ...]:
    names = entity.columns if columns is None else columns
    return tuple(dict.fromkeys(name for name in names if _is_open(session, entity, name)))
