"""The place where work that waits is done, in a worker, the scheduler or a command: a database and a clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as attribute

import sqlalchemy as sa

from crm.database import CrmSession, only_reading, open_session, utcnow
from crm.permissions.model import SYSTEM, Actor
from crm.revisions.workspace import Workspace, get_workspace


@dataclass(frozen=True)
class Workshop:
    """Where work is done; each kind of work has a subclass that adds what it needs of the settings.

    Shape:  `fixed` is the revision to speak instead of the live one, for a page that belongs to one.
    Unit:   `lease_seconds`: how long a worker holds work before another may take it.
    """

    engine: sa.Engine
    clock: Callable[[], dt.datetime] = attribute(default=utcnow, kw_only=True)
    lease_seconds: int = attribute(default=60, kw_only=True)
    fixed: Workspace | None = attribute(default=None, kw_only=True)

    def workspace(self) -> Workspace:
        """Return the revision to speak: the live one, unless one is fixed."""
        if self.fixed is not None:
            return self.fixed
        with only_reading():
            return get_workspace(self.engine)

    @contextmanager
    def session(
        self, actor: Actor = SYSTEM, cause: tuple[str, ...] = (), workspace: Workspace | None = None
    ) -> Iterator[CrmSession]:
        """Open a session of the live revision, or of one that was looked up before; it commits at the end."""
        with open_session(self.engine, workspace or self.workspace(), actor, cause) as session:
            session.clock = self.clock
            yield session

    @contextmanager
    def reading(self) -> Iterator[CrmSession]:
        """Open a session that only reads, and so waits for no writer."""
        with only_reading(), self.session() as session:
            yield session

    def lease_end(self) -> dt.datetime:
        """Return until when work taken now is held."""
        return self.clock() + dt.timedelta(seconds=self.lease_seconds)
