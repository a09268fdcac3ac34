"""Records that look the same as others, as a list to work off: from the newest on, a page at a time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields.base import Field
from crm.permissions.rows import which_may_touch
from crm.permissions.service import require
from crm.records.alike import list_alike
from crm.records.bulk import load_rows
from crm.records.distinct import pairs_among
from crm.revisions.likeness import same_groups

MOST = 50  # groups of one page
MOST_IN_GROUP = 20  # records of one group
AT_ONCE = 200  # records that are compared together
SECONDS = 2.0  # so long one page looks; the next one goes on


@dataclass(frozen=True)
class Doubles:
    """Some records that look the same by some fields; `more` says that there are others yet."""

    fields: tuple[Field, ...]
    ids: tuple[int, ...]
    more: bool = False


@dataclass(frozen=True)
class DoublesPage:
    """Groups of records that look the same; `before` is where the next page begins, None at the end."""

    groups: list[Doubles]
    before: int | None


def list_doubles(
    session: CrmSession, entity: Entity, before: int | None = None, seconds: float = SECONDS
) -> DoublesPage:
    """Return groups of records the actor may see that look the same, from the newest on; each set of records once.

    Shape:  fields that are hidden from the actor are not compared.
    Errors: NotAllowedError.
    """
    require(session.actor, "read", entity)
    hidden, found = session.actor.rights(entity.name).hidden, {}
    groups = [group for group in same_groups(entity) if not {field.name for field in group} & hidden]
    ends = time.monotonic() + seconds
    for ids in _newest(session, entity, before):
        rows = list(load_rows(session, entity, ids).values())
        for fields in groups:
            for each in _alike_ones(session, entity, fields, rows):
                found.setdefault(each.ids, each)
        before = ids[-1]
        if len(found) >= MOST or time.monotonic() > ends:
            return DoublesPage(list(found.values()), before)
    return DoublesPage(list(found.values()), None)


def _newest(session: CrmSession, entity: Entity, before: int | None) -> Iterator[list[int]]:
    cls = session.workspace.models[entity.name]
    while True:
        asked = sa.select(cls.id).order_by(cls.id.desc()).limit(AT_ONCE)
        ids = list(session.scalars(asked if before is None else asked.where(cls.id < before)))
        if ids:
            yield ids
        if len(ids) < AT_ONCE:
            return
        before = ids[-1]


def _alike_ones(
    session: CrmSession, entity: Entity, fields: tuple[Field, ...], rows: Sequence[Mapping[str, Any]]
) -> Iterator[Doubles]:
    """Yield what looks the same as some records by some fields, within the actor's reach."""
    alike = list_alike(session, entity, fields, rows, is_loose=not entity.refuses_same)
    found = [{row["id"], *others} for row, others in zip(rows, alike, strict=True) if others - {row["id"]}]
    seen = which_may_touch(session, entity, "read", set().union(*found)) if found else set()
    for ids in sorted((tuple(sorted(each & seen)) for each in found), reverse=True):
        left = _unsettled(session, entity, ids[:MOST_IN_GROUP])
        if left:
            yield Doubles(fields, left, len(ids) > MOST_IN_GROUP)


def _unsettled(session: CrmSession, entity: Entity, ids: Iterable[int]) -> tuple[int, ...]:
    """Return the records of a group of which nobody has said that they are others than all the rest."""
    wanted = sorted(ids)
    settled = pairs_among(session, entity, wanted) if len(wanted) > 1 else set()
    open_pairs = [pair for pair in combinations(wanted, 2) if pair not in settled]
    return tuple(sorted({number for pair in open_pairs for number in pair}))
