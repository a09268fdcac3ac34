"""What rules know of the organisation they work for, and of the place they work in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from config import Settings, current_settings
from crm.database import build_engine
from crm.internal_hosts import InternalHosts
from crm.workshop import Workshop
from workflows.rules.model import Rule


@dataclass(frozen=True)
class Organisation:
    """Where and in which languages the organisation works.

    Shape:  `public_url` begins the links in messages; `mail_url` and `mail_folder` say where mail goes, `webhook_hosts`
            which internal hosts rules may call.
    """

    zone: ZoneInfo = ZoneInfo("Europe/Athens")
    language: str = "en"
    languages: tuple[str, ...] = ("en", "el", "ro", "he")
    public_url: str = "http://127.0.0.1:8080"
    mail_url: str = ""
    mail_from: str = "crm@localhost"
    mail_folder: Path = Path("instance/mail")
    webhook_hosts: InternalHosts = InternalHosts()


@dataclass(frozen=True)
class RuleWorkshop(Workshop):
    """The place where rules run: it knows the organisation they work for."""

    organisation: Organisation = Organisation()


def zone_of(rule: Rule, workshop: RuleWorkshop) -> ZoneInfo:
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
        webhook_hosts=settings.webhook_hosts,
    )


def current_workshop() -> RuleWorkshop:
    """Return the workshop of this process, for jobs, which take nothing but ids."""
    settings = current_settings()
    engine = build_engine(settings.database_url)
    return RuleWorkshop(engine, organisation_of(settings), lease_seconds=settings.lease_seconds)
