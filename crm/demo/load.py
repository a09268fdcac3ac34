"""Fills a database with the demo data in portions, so that memory does not grow with the customers."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from crm.database import CrmSession, open_session, utcnow
from crm.demo.make import Maker
from crm.demo.model import Piece
from crm.demo.people import ensure_users
from crm.demo.write import Writer
from crm.permissions.model import SYSTEM
from crm.revisions.workspace import load_workspace

PORTION = 1000  # customers written in one transaction
ORDER = (
    "product", "campaign", "competitor", "customer", "contact", "deal", "contract", "complaint", "purchase",
    "activity",
)  # fmt: skip
"""Who is referred to comes before who refers."""
KEYS = {"product": "code", "campaign": "name", "competitor": "name"}
"""By which field a record of the catalogue is known again."""


def load_demo(
    engine: sa.Engine, customers: int = 300, seed: int = 1, password: str = "", day: dt.date | None = None
) -> int:
    """Write so many customers with everything around them, and return how many records that made.

    Shape:  the same seed on the same day gives the same records. Without `password` the demo users have the
            admin's. Everything happened before `day`, which is today unless given. A database that holds
            customers already gets more of them.
    """
    workspace = load_workspace(engine)
    with engine.begin() as connection:
        users = ensure_users(connection, password)
    maker = Maker(day or utcnow().date(), seed)
    with open_session(engine, workspace, SYSTEM) as session:
        _find_known(session, maker.catalogue.pieces)
        first = _count_customers(session) + 1
        written = Writer(session, users).write(piece for piece in maker.catalogue.pieces if piece.id is None)
    for start in range(0, customers, PORTION):
        portion = maker.customers(min(PORTION, customers - start), first + start)
        pieces = sorted(
            (piece for told in portion for piece in told), key=lambda piece: ORDER.index(piece.entity)
        )
        with open_session(engine, workspace, SYSTEM) as session:
            written += Writer(session, users).write(pieces, is_checked=not start)
    return written


def _count_customers(session: CrmSession) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(session.workspace.models["customer"])) or 0


def _find_known(session: CrmSession, pieces: list[Piece]) -> None:
    """Note the ids of what an earlier load has written."""
    for piece in pieces:
        cls, key = session.workspace.models[piece.entity], KEYS[piece.entity]
        same = getattr(cls, key) == piece.values[key]
        piece.id = session.scalar(sa.select(cls.id).where(same).limit(1))
