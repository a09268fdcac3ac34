"""The best hits first: the index names some candidates, and they are ranked by what people see.

A record ranks by how its title fits the words, then the reader's own before recent ones before others, then by name.
The index gives candidates tier by tier, the best tier first and the newest records of a tier first, so that the work is
bounded however many records match; candidates are ranked block by block, which keeps pages apart.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields.alphabet import sort_key
from crm.fields.words import FIRST, asked_by, search_keys
from crm.permissions.service import readable_fields
from crm.records.finding import Fit, Keys, found_by, keys_of
from crm.records.order import expression_of
from crm.records.values import situation_of, title_fields, title_of, type_of

BLOCK = 200  # candidates that are ranked together
WINDOW = 1_000  # the newest records, looked at one by one where many match
FEW_RECORDS = 10_000  # of an entity, of which all that match are asked for at once
RECENT_DAYS = 30
IDS = sa.ARRAY(sa.BigInteger())
SIGNS = ("~", "*", "!")


class Hits:
    """The records that match typed words and other conditions, `where`."""

    def __init__(
        self, session: CrmSession, entity: Entity, where: Sequence[Any], words: str, keys: Keys | None = None
    ) -> None:
        self.session, self.entity, self.words, self.counted = session, entity, words, 0
        self.keys = keys or keys_of(session, entity)
        self.matching = Matching(session, entity, where, self.keys.last_id)
        self.known = 0  # how many there are at least
        self.is_exact = False

    def counting(self, limit: int) -> Hits:
        """Return these hits, to be counted no further than a limit; the order of pages depends on it."""
        self.counted = limit
        return self

    def best(self, until: int) -> list[int]:
        """Return the first ids, the best first."""
        with by_index(self.session):
            found = self._candidates(-(-until // BLOCK) * BLOCK)
        ranked: list[int] = []
        for start in range(0, min(len(found), until), BLOCK):
            ranked += _ranked(self.session, self.entity, found[start : start + BLOCK], self.words)
        return ranked[:until]

    def some(self, wanted: int) -> list[int]:
        """Return ids in no order, more than are wanted where there are so many."""
        with by_index(self.session):
            return self._some(Fit.ANY, wanted)

    def count(self) -> int:
        """Return how many there are; `counted` for as many and for more."""
        if not self.is_exact and self.known < self.counted:
            with by_index(self.session):
                self._some(Fit.ANY, self.counted)
        return min(self.known, self.counted)

    def _candidates(self, wanted: int) -> list[int]:
        """Return ids, those of better tiers first.

        Whole words are asked for first, which is quick; what only begins so where these are not enough. Of few records
        all that match are asked for in one go.
        """
        if self.keys.last_id <= FEW_RECORDS:
            every = self._some(Fit.ANY, wanted)
            if len(every) <= BLOCK:
                return sorted(every, reverse=True)
        best: dict[int, None] = {}
        for fit in (Fit.WHOLE, Fit.BEGINS):
            best |= dict.fromkeys(self._of_tier(fit, self._some(fit, wanted), wanted))
            if len(best) >= wanted:
                return list(best)[:wanted]
        whole = self._some(Fit.WORDS, wanted)
        every = [] if len(whole) > wanted else self._some(Fit.ANY, wanted)
        if max(len(whole), len(every)) > BLOCK:  # else all are ranked together
            for fit in (Fit.TITLE_WHOLE, Fit.TITLE):
                best |= dict.fromkeys(self._of_tier(fit, self._some(fit, wanted), wanted))
        best |= dict.fromkeys(self._of_tier(Fit.WORDS, whole, wanted))
        return list(best | dict.fromkeys(self._of_tier(Fit.ANY, every, wanted)))[:wanted]

    def _some(self, fit: Fit, wanted: int) -> list[int]:
        """Return some ids of a tier, more than are wanted where there are so many."""
        if not self.keys.last_id:  # there is no record at all
            self.is_exact = True
            return []
        fits = found_by(self.session, self.entity, self.words, fit, self.keys)
        limit = max(wanted, self.counted) + 1
        some = [] if fits is None else self.matching.some(fits, limit)
        self.known = max(self.known, len(some))
        self.is_exact = self.is_exact or (fit is Fit.ANY and len(some) < limit)
        return some

    def _of_tier(self, fit: Fit, some: list[int], wanted: int) -> list[int]:
        """Return the ids of a tier, the newest first; where they are more than are ranked, the reader's own before.

        Whatever is wanted, the first ids are the same, so that pages hold each record once.
        """
        if len(some) <= BLOCK:
            return sorted(some, reverse=True)
        fits = found_by(self.session, self.entity, self.words, fit, self.keys)
        own = _own(self.session, self.entity)
        mine = [] if own is None else self.matching.some(sa.and_(fits, own), BLOCK // 2)
        if len(some) <= max(BLOCK, self.counted):  # all there are
            return [*mine, *sorted(some, reverse=True)]
        return [*mine, *self.matching.newest(fits), *some[:wanted]]


class Matching:
    """Ids of an entity's records that meet given conditions and more, never by reading the whole table."""

    def __init__(self, session: CrmSession, entity: Entity, where: Sequence[Any], last_id: int) -> None:
        self.session, self.where, self.last_id = session, where, last_id
        self.cls = session.workspace.models[entity.name]
        self.is_postgresql = session.get_bind().dialect.name == "postgresql"

    def some(self, condition: Any, limit: int) -> list[int]:
        """Return ids as the index gives them; SQLite's gives the newest first."""
        asked = sa.select(self.cls.id).where(condition, *self.where).limit(limit)
        asked = asked if self.is_postgresql else asked.order_by(self.cls.id.desc())
        return list(self.session.scalars(asked))

    def newest(self, condition: Any) -> list[int]:
        """Return ids of the newest records that match, where the index does not give them first."""
        if not self.is_postgresql:
            return []
        late = self.some(sa.and_(condition, self.cls.id > self.last_id - WINDOW), WINDOW)
        return sorted(late, reverse=True)


INDEXED = "crm_by_index"
SWITCH = sa.text(
    "SELECT current_setting('max_parallel_workers_per_gather'), set_config('enable_seqscan', :scans, true), "
    "set_config('max_parallel_workers_per_gather', :workers, true)"
)


@contextmanager
def by_index(session: CrmSession) -> Iterator[None]:
    """Let PostgreSQL use the index also where it believes that the first rows of the table would do.

    Where the words stand in the last rows only, as after a sorted import, it would read nearly all. Starting parallel
    workers takes longer than the whole search.
    """
    if session.get_bind().dialect.name != "postgresql" or session.info.get(INDEXED):
        yield
        return
    session.info[INDEXED] = True
    try:
        workers = session.scalar(SWITCH, {"scans": "off", "workers": "0"})
        yield
        session.execute(
            SWITCH, {"scans": "on", "workers": workers}
        )  # an error ends the transaction, and this
    finally:
        session.info.pop(INDEXED)


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
    rows = session.execute(sa.select(cls.id, cls.updated_at, *columns).where(is_among(session, cls.id, ids)))
    recent = session.clock() - dt.timedelta(days=RECENT_DAYS)
    keys = {}
    for number, updated_at, *values in rows:
        named = dict(zip(titles, values[: len(titles)], strict=True))
        title = title_of(entity, {"id": number, **named}, situation)
        is_own = session.actor.user_id is not None and session.actor.user_id in values[len(titles) :]
        place = 0 if is_own else 1 if updated_at >= recent else 2
        keys[number] = (fit_of(title, words), place, sort_key(title, situation.language), -number)
    return sorted(keys, key=keys.__getitem__)


def is_among(session: CrmSession, column: Any, ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """Return the condition that an id is one of some thousands, which are handed over as one value."""
    if session.get_bind().dialect.name == "postgresql":
        return column == sa.any_(sa.literal(list(ids), IDS))
    listed = sa.select(sa.literal_column("value")).select_from(sa.func.json_each(json.dumps(list(ids))))
    return column.in_(listed)


def fit_of(title: str, words: str) -> int:
    """Return how well a title fits: it begins with the words, holds them whole, words of it begin so, it holds them.

    >>> [fit_of(title, "lima") for title in ("Λιμα", "Λιμάνι", "Old Lima", "Old Limani", "Peristerolima", "Port")]
    [0, 1, 2, 3, 4, 5]
    """
    first, plain, parts = _words_of(title)
    best = 5
    for way in _asked(words):
        if not any(begins.isdisjoint(plain) for _starts, begins, _inner in way):
            if not way[0][1].isdisjoint(first):
                return 0
            held = is_whole = True
        else:
            held, is_whole = all(_begins(plain, starts) for starts, _set, _inner in way), False
        if held:
            best = min(best, 1 if _begins(first, way[0][0]) else 2 if is_whole else 3)
        elif best > 4 and all(_begins(plain, starts) or _begins(parts, inner) for starts, _set, inner in way):
            best = 4
    return best


def _begins(words: Iterable[str], starts: tuple[str, ...]) -> bool:
    """Return whether a word begins with one of some letters."""
    return any(word.startswith(starts) for word in words)


@lru_cache(maxsize=50_000)
def _words_of(title: str) -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    """Return the words of a title: the first one, all, and parts of some, each in every reading."""
    kept = search_keys(title).split(" ")
    first = frozenset(word[1:] for word in kept if word[:1] == FIRST)
    plain = first.union(word for word in kept if word[:1] not in (FIRST, *SIGNS))
    return first, plain, tuple(word[1:] for word in kept if word[:1] in SIGNS)


@lru_cache(maxsize=500)
def _asked(words: str) -> tuple:
    """Return the ways to understand a query: of each word its beginnings, the same as a set, and its parts."""
    return tuple(
        tuple((asked.begins, frozenset(asked.begins), asked.parts) for asked in way)
        for way in asked_by(words)
    )
