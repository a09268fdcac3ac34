"""What rules know of the organisation they work for, and of the place they work in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from config import Settings, current_settings
from crm.database import CrmSession, build_engine, only_reading, open_session, utcnow
from crm.permissions.model import SYSTEM, Actor
from crm.revisions.workspace import Workspace, get_workspace
from workflows.rules.model import Rule


@dataclass(frozen=True)
class Organisation:
    """Where and in which languages the organisation works.

    Shape:  `public_url` begins the links in messages; `mail_url` and `mail_folder` say where mail goes.
    """

    zone: ZoneInfo = ZoneInfo("Europe/Athens")
    language: str = "en"
    languages: tuple[str, ...] = ("en", "el", "ro", "he")
    public_url: str = "http://127.0.0.1:8080"
    mail_url: str = ""
    mail_from: str = "crm@localhost"
    mail_folder: Path = Path("instance/mail")


@dataclass(frozen=True)
class Workshop:
    """The place where rules run: a database, an organisation, a clock.

    Shape:  `fixed` is the revision to speak instead of the live one, for a page that belongs to one.
    Unit:   `lease_seconds`: how long a worker holds work before another may take it.
    """

    engine: sa.Engine
    organisation: Organisation = Organisation()
    clock: Callable[[], dt.datetime] = utcnow
    lease_seconds: int = 60
    fixed: Workspace | None = None

    def workspace(self) -> Workspace:
        """Return the revision rules speak: the live one, unless one is fixed."""
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


def zone_of(rule: Rule, workshop: Workshop) -> ZoneInfo:
    """Return the time zone a rule lives in."""
    return ZoneInfo(rule.time_zone) if rule.time_zone else workshop.organisation.zone


def organisation_of(settings: Settings) -> Organisation:
    """Return the organisation that the settings describe."""
    return Organisation(
        zone=ZoneInfo(settings.time_zone),
        language=settings.language,
        languages=settings.languages,
        public_url=settings.public_url.rstrip("/"),
        mail_url=settings.mail_url,
        mail_from=settings.mail_from,
        mail_folder=settings.instance / "mail",
    )


def current_workshop() -> Workshop:
    """Return the workshop of this process, for jobs, which take nothing but ids."""
    settings = current_settings()
    engine = build_engine(settings.database_url)
    return Workshop(engine, organisation_of(settings), lease_seconds=settings.lease_seconds)
