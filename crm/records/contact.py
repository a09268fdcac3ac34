"""Whether, when and how often somebody may be contacted, by what the entity of their record declares (`contact`).

A record may lead to another whose policy counts as well (`through`): a person at a company that wants no contact.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel.core import get_global

from crm.entities.duties import CHANNELS, CONTACT, PERIODS
from crm.fields import type_of
from crm.fields.wall_clock import to_local, to_utc

DO_NOT_CONTACT, NO_CONSENT = "contact.do_not_contact", "contact.no_consent"
TOO_OFTEN = "contact.too_often"
MOST_HOPS = 3


@dataclass(frozen=True)
class Cap:
    """How often somebody may be contacted within some days, over all channels."""

    times: int
    per: str

    @property
    def span(self) -> dt.timedelta:
        """The time within which contacts are counted."""
        return dt.timedelta(days=PERIODS[self.per])


def policies_of(record: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Yield the records whose policy counts for a person, each with the policy: their own first."""
    for _hop in range(MOST_HOPS):
        declared = record.__entity__.options.get(CONTACT.key) if record is not None else None
        if not declared:
            return
        yield record, declared
        if "through" not in declared:
            return
        record = getattr(record, declared["through"])


def has_policy(record: Any) -> bool:
    """Return whether a record is somebody whose contacts are governed."""
    return next(policies_of(record), None) is not None


def refusal_of(record: Any, channel: str) -> str:
    """Return why somebody may not be contacted by a channel; "" when they may."""
    for one, declared in policies_of(record):
        if declared.get("do_not_contact") and getattr(one, declared["do_not_contact"]):
            return DO_NOT_CONTACT
        if not _consents(one, declared, channel):
            return NO_CONSENT
    return ""


def _consents(record: Any, declared: Mapping[str, Any], channel: str) -> bool:
    consent, usual = declared.get("consent"), declared.get("if_unknown") == "send"
    name = consent.get(channel) if isinstance(consent, Mapping) else consent
    if consent is None:
        return True
    if name is None:
        return usual
    value = getattr(record, name)
    if type_of(record.__entity__.fields[name]).several:
        return channel in value if value else usual
    return usual if value is None else bool(value)


def open_channels(record: Any) -> list[str]:
    """Return the channels by which somebody may be contacted."""
    return [channel for channel in CHANNELS if not refusal_of(record, channel)]


def cap_of(record: Any) -> tuple[Any, Cap] | None:
    """Return how often somebody may be contacted, and the record by which it is counted."""
    for one, declared in policies_of(record):
        if declared.get("at_most"):
            return one, Cap(declared["at_most"]["times"], declared["at_most"]["per"])
    return None


def quiet_until(record: Any, now: dt.datetime, usual: ZoneInfo) -> dt.datetime | None:
    """Return when the quiet hours of somebody end; None when they are not quiet. `usual` is the organisation's zone.

    Shape:  where a country has several zones it is quiet while it is quiet in any of them.
    """
    for _one, declared in policies_of(record):
        hours = declared.get("quiet_hours")
        if hours:
            ends = [_end(now, zone, hours) for zone in _zones(record, usual)]
            late = [end for end in ends if end is not None]
            return max(late) if late else None
    return None


def _end(now: dt.datetime, zone: ZoneInfo, hours: Mapping[str, str]) -> dt.datetime | None:
    local = to_local(now, zone)
    first, last = (dt.time.fromisoformat(hours[word]) for word in ("from", "to"))
    time, day = local.time(), local.date()
    if first <= last:
        is_quiet = first <= time < last
    else:
        is_quiet = time >= first or time < last
        day += dt.timedelta(days=time >= first)
    return to_utc(dt.datetime.combine(day, last), zone) if is_quiet else None


def _zones(record: Any, usual: ZoneInfo) -> list[ZoneInfo]:
    """Return the time zones somebody may live in: the one their record names, or those of its country."""
    for one, declared in policies_of(record):
        value = getattr(one, declared["time_zone"]) if declared.get("time_zone") else None
        found = _zones_named(str(value)) if value else []
        if found:
            return found
    return [usual]


def _zones_named(name: str) -> list[ZoneInfo]:
    known = available_timezones()
    names = (
        [name]
        if name in known
        else [
            zone
            for zone, country in get_global("zone_territories").items()
            if country == name and zone in known
        ]
    )
    try:
        return [ZoneInfo(one) for one in names]
    except (ZoneInfoNotFoundError, ValueError):
        return []
