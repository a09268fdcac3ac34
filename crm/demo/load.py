"""Writes the demo data through the one way to save, each record and each change at its own moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession, open_session, utcnow
from crm.demo.make import Maker
from crm.demo.model import Piece
from crm.demo.people import ensure_users
from crm.entities.workspace import Workspace, load_workspace
from crm.events import event
from crm.fields.base import Situation
from crm.permissions.model import SYSTEM, Actor
from crm.records.service import create_record, update_record

AT_ONCE = 300  # customers; more are written in portions, so that memory stays small
COMMIT_EVERY = 400  # records
KEYS = {"product": "code", "campaign": "name", "competitor": "name"}
"""By which field a record of the catalogue is known again."""


def load_demo(
    engine: sa.Engine, customers: int = 300, seed: int = 1, password: str = "", day: dt.date | None = None
) -> int:
    """Write so many customers with everything around them, and return how many records that made.

    Shape:  the same seed on the same day gives the same records. Without `password` the demo users have the
            admin's. Moments lie before `day`, which is today unless given.
    """
    workspace = load_workspace(engine)
    with engine.begin() as connection:
        users = ensure_users(connection, password)
    loader = Loader(engine, workspace, users)
    maker = Maker(day or utcnow().date(), seed)
    loader.find_known(maker.catalogue.pieces)
    loader.write(maker.catalogue.pieces)
    first = loader.count("customer") + 1
    for start in range(0, customers, AT_ONCE):
        portion = maker.customers(min(AT_ONCE, customers - start), first + start)
        loader.write([piece for pieces in portion for piece in pieces])
    return loader.written


@dataclass(frozen=True)
class Deed:
    """One save: a new piece, or later values of one."""

    at: dt.datetime
    piece: Piece
    values: dict[str, Any] | None
    by: str


def deeds_of(pieces: list[Piece]) -> list[Deed]:
    """Return every save of the pieces in the order in which they happened."""
    found = [Deed(piece.at, piece, None, piece.by) for piece in pieces]
    found += [Deed(at, piece, values, by) for piece in pieces for at, values, by in piece.later]
    return sorted(found, key=lambda deed: deed.at)


class Loader:
    """Saves pieces as the users who had them in hand, at the moments they happened."""

    def __init__(self, engine: sa.Engine, workspace: Workspace, users: dict[str, int]) -> None:
        self.engine = engine
        self.workspace = workspace
        self.users = users
        self.actors = {name: Actor("user", name, user_id, is_admin=True) for name, user_id in users.items()}
        self.written = 0

    def count(self, entity: str) -> int:
        """Return how many records of an entity there are."""
        with open_session(self.engine, self.workspace, SYSTEM) as session:
            return session.scalar(sa.select(sa.func.count()).select_from(self.workspace.models[entity])) or 0

    def find_known(self, pieces: list[Piece]) -> None:
        """Note the ids of pieces that an earlier load has written."""
        with open_session(self.engine, self.workspace, SYSTEM) as session:
            for piece in pieces:
                cls, key = self.workspace.models[piece.entity], KEYS[piece.entity]
                same = getattr(cls, key) == piece.values[key]
                piece.id = session.scalar(sa.select(cls.id).where(same).limit(1))

    def write(self, pieces: list[Piece]) -> None:
        """Save the pieces that are not known yet, with all that happened to them."""
        deeds = deeds_of([piece for piece in pieces if piece.id is None])
        for portion in _portions(deeds, COMMIT_EVERY):
            with open_session(self.engine, self.workspace, SYSTEM) as session:
                last = session.scalar(sa.select(sa.func.max(event.c.id))) or 0
                for deed in portion:
                    self._do(session, deed)
                _settle_events(session, last)

    def _do(self, session: CrmSession, deed: Deed) -> None:
        session.actor = self.actors[deed.by]
        session.clock = lambda: deed.at
        entity = self.workspace.schema.entities[deed.piece.entity]
        situation = Situation("en", session.actor.time_zone, "api")
        if deed.values is None:
            record = create_record(session, entity, self._values(deed.piece), situation)
            deed.piece.id = record.id
            self.written += 1
        else:
            update_record(session, entity, deed.piece.id, deed.values, situation)

    def _values(self, piece: Piece) -> dict[str, Any]:
        links = {name: target.id for name, target in piece.links.items()}
        people = {name: self.users[user] for name, user in piece.people.items()}
        return {**piece.values, **links, **people}


def _portions(deeds: list[Deed], size: int) -> Iterator[list[Deed]]:
    for start in range(0, len(deeds), size):
        yield deeds[start : start + size]


def _settle_events(session: CrmSession, last: int) -> None:
    """Let no rule run for what happened long ago: it would write mails about old complaints."""
    today = dt.datetime.combine(utcnow().date(), dt.time())
    ours = (event.c.id > last) & (event.c.created_at < today) & (event.c.state == "waiting")
    session.connection().execute(sa.update(event).where(ours).values(state="done", handled_at=utcnow()))
