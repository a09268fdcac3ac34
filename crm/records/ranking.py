"""The best hits first: the index names some candidates, and they are ranked by what people see.

A record ranks by how its title fits the words, then the reader's own before recent ones before others, then by name.
The index gives candidates tier by tier, the best tier first and the newest records of a tier first, so that the work is
bounded however many records match; candidates are ranked block by block, which keeps pages apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields.alphabet import sort_key
from crm.fields.words import FIRST, asked_by, search_keys
from crm.permissions.service import readable_fields
from crm.records.finding import Fit, found_by
from crm.records.order import expression_of
from crm.records.values import situation_of, title_fields, title_of, type_of

BLOCK = 400  # candidates that are ranked together
WINDOW = 3_000  # the newest records, looked at one by one where many match
RECENT_DAYS = 30
IDS = sa.ARRAY(sa.BigInteger())
TIERS = (Fit.WHOLE, Fit.BEGINS, Fit.TITLE_WHOLE, Fit.TITLE, Fit.ANY)
SIGNS = ("~", "*", "!")


def best_ids(session: CrmSession, entity: Entity, where: Sequence[Any], words: str, until: int) -> list[int]:
    """Return the first ids of the records that match, the best first; `where` are conditions they meet as well."""
    wanted = -(-until // BLOCK) * BLOCK
    found = _candidates(session, entity, where, words, wanted)
    ranked: list[int] = []
    for start in range(0, min(len(found), until), BLOCK):
        ranked += _ranked(session, entity, found[start : start + BLOCK], words)
    return ranked[:until]


def _candidates(
    session: CrmSession, entity: Entity, where: Sequence[Any], words: str, wanted: int
) -> list[int]:
    """Return ids, those of better tiers first, the reader's own and the newest of a tier first."""
    every = found_by(session, entity, words)
    if every is None:
        return []
    matching = Matching(session, entity, where)
    found = matching.some(every, wanted + 1)
    if len(found) <= wanted:
        return sorted(found, reverse=True)
    best: dict[int, None] = {}
    own = _own(session, entity)
    for tier in TIERS:
        fits = every if tier is Fit.ANY else found_by(session, entity, words, tier)
        if fits is None:
            continue
        if own is not None:
            best |= dict.fromkeys(matching.some(sa.and_(fits, own), BLOCK // 2))
        if len(best) < wanted:
            best |= dict.fromkeys(matching.newest(fits, wanted))
        if len(best) >= wanted:
            break
    return list(best)[:wanted]


class Matching:
    """Ids of an entity's records that meet given conditions and more, never by reading the whole table."""

    def __init__(self, session: CrmSession, entity: Entity, where: Sequence[Any]) -> None:
        self.session, self.where = session, where
        self.cls = session.workspace.models[entity.name]
        self.is_postgresql = session.get_bind().dialect.name == "postgresql"

    def some(self, condition: Any, limit: int) -> list[int]:
        """Return ids as the index gives them."""
        asked = sa.select(self.cls.id).where(condition, *self.where).limit(limit)
        if not self.is_postgresql:
            return list(self.session.scalars(asked.order_by(self.cls.id.desc())))
        with _by_index(self.session):
            return list(self.session.scalars(asked))

    def newest(self, condition: Any, limit: int) -> list[int]:
        """Return ids, the newest first as far as many of the newest match."""
        if not self.is_postgresql:
            return self.some(condition, limit)
        last = self.last_id() - WINDOW
        late = self.some(sa.and_(condition, self.cls.id > last), limit) if last > 0 else []
        rest = [] if len(late) >= limit else self.some(condition, limit)
        return sorted({*late, *rest}, reverse=True)[:limit]

    def last_id(self) -> int:
        with self.session.as_system():
            return self.session.scalar(sa.select(sa.func.max(self.cls.id))) or 0


@contextmanager
def _by_index(session: CrmSession) -> Iterator[None]:
    """Let PostgreSQL use the index also where it believes that the first rows of the table would do.

    Where the words stand in the last rows only, as after a sorted import, it would read nearly all.
    """
    switch = sa.text("SELECT set_config('enable_seqscan', :state, true)")
    session.execute(switch, {"state": "off"})
    try:
        yield
    finally:
        session.execute(switch, {"state": "on"})


def _own(session: CrmSession, entity: Entity) -> Any:
    """Return the condition that a record is the reader's own; None where records have no owner, or all are theirs."""
    names = _owner_fields(session, entity)
    if not names or session.actor.user_id is None:
        return None
    cls = session.workspace.models[entity.name]
    columns = [getattr(cls, type_of(entity.fields[name]).attribute(entity.fields[name])) for name in names]
    return sa.or_(*(column == session.actor.user_id for column in columns))


def _owner_fields(session: CrmSession, entity: Entity) -> list[str]:
    fields = readable_fields(session.actor, entity)
    return [
        name for name, field in fields.items() if type_of(field).links == "user" and type_of(field).stored
    ]


def _ranked(session: CrmSession, entity: Entity, ids: Sequence[int], words: str) -> list[int]:
    """Return ids, the best first."""
    cls, situation = session.workspace.models[entity.name], situation_of(session)
    hidden = session.actor.rights(entity.name).hidden
    titles = [name for name in title_fields(entity) if name not in hidden]
    owners = _owner_fields(session, entity)
    columns = [expression_of(session, entity, name) for name in (*titles, *owners)]
    rows = session.execute(sa.select(cls.id, cls.updated_at, *columns).where(cls.id.in_(ids)))
    recent = session.clock() - dt.timedelta(days=RECENT_DAYS)
    keys = {}
    for number, updated_at, *values in rows:
        named = dict(zip(titles, values[: len(titles)], strict=True))
        title = title_of(entity, {"id": number, **named}, situation)
        is_own = session.actor.user_id is not None and session.actor.user_id in values[len(titles) :]
        place = 0 if is_own else 1 if updated_at >= recent else 2
        keys[number] = (fit_of(title, words), place, sort_key(title, situation.language), -number)
    return sorted(keys, key=keys.__getitem__)


def fit_of(title: str, words: str) -> int:
    """Return how well a title fits: it begins with the words, holds them whole, words of it begin so, it holds them.

    >>> [fit_of(title, "lima") for title in ("Λιμα", "Λιμάνι", "Old Lima", "Old Limani", "Peristerolima", "Port")]
    [0, 1, 2, 3, 4, 5]
    """
    kept = search_keys(title).split(" ")
    first = [word[1:] for word in kept if word[:1] == FIRST]
    plain = [*first, *(word for word in kept if word[:1] not in (FIRST, *SIGNS))]
    parts = [word[1:] for word in kept if word[:1] in SIGNS]
    best = 5
    for way in asked_by(words):
        whole = all(not set(asked.begins).isdisjoint(plain) for asked in way)
        held = all(any(word.startswith(asked.begins) for word in plain) for asked in way)
        if held:
            starts = any(word.startswith(way[0].begins) for word in first)
            whole_first = not set(way[0].begins).isdisjoint(first)
            best = min(best, 0 if whole and whole_first else 1 if starts else 2 if whole else 3)
        elif best > 4 and all(
            any(word.startswith(asked.begins) for word in plain)
            or any(word.startswith(asked.parts) for word in parts if asked.parts)
            for asked in way
        ):
            best = 4
    return best
