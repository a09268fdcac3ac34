"""Pairs of records that look the same and are not, as somebody said: nobody is asked about them again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import sqlalchemy as sa

from crm.database import CrmSession, insert_of, metadata
from crm.entities.model import Entity
from crm.errors import NotFoundError
from crm.permissions.rows import which_may_touch
from crm.permissions.service import require

MOST = 20  # records of one saying

not_same = sa.Table(
    "crm_not_same",
    metadata,
    sa.Column("entity_uid", sa.String(64), primary_key=True),
    sa.Column("first_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("second_id", sa.BigInteger, primary_key=True, autoincrement=False),  # the greater one
    sa.Column("user_id", sa.Integer),
    sa.Column("at", sa.DateTime, nullable=False),
)
"""Pairs of records that look the same and are not, as somebody said."""


def pairs_among(session: CrmSession, entity: Entity, ids: Iterable[int]) -> set[tuple[int, int]]:
    """Return the pairs of some records that are not the same, the smaller number first."""
    wanted = sorted(set(ids))
    mine = (
        not_same.c.entity_uid == entity.uid,
        not_same.c.first_id.in_(wanted),
        not_same.c.second_id.in_(wanted),
    )
    asked = sa.select(not_same.c.first_id, not_same.c.second_id).where(*mine)
    return {tuple(row) for row in session.connection().execute(asked)} if wanted else set()


def others_than(session: CrmSession, entity: Entity, record_id: int, ids: Iterable[int]) -> set[int]:
    """Return which of some records are not the same as one, as somebody said."""
    pairs = pairs_among(session, entity, [record_id, *ids])
    return {number for pair in pairs if record_id in pair for number in pair} - {record_id}


def say_not_same(session: CrmSession, entity: Entity, ids: Iterable[int]) -> None:
    """Remember that some records are not the same, each of them another one; the caller commits.

    Errors: NotAllowedError for whoever may edit no such records; NotFoundError when one is out of reach.
    """
    require(session.actor, "update", entity)
    wanted = sorted(set(ids))[: MOST + 1]
    if set(wanted) != which_may_touch(session, entity, "read", wanted):
        raise NotFoundError("record.not_found", entity=entity.label, id=wanted[0] if wanted else 0)
    rows = [
        {
            "entity_uid": entity.uid,
            "first_id": first,
            "second_id": second,
            "user_id": session.actor.user_id,
            "at": session.clock(),
        }
        for first, second in combinations(wanted, 2)
    ]
    if rows:
        statement = insert_of(session.get_bind())(not_same).on_conflict_do_nothing()
        session.connection().execute(statement, rows)
