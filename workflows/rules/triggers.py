"""Every trigger of the language: what it needs, and whether it runs already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workflows.actions.base import Place
from workflows.rules.schedule import CLOCK, is_cron

MAX_DAYS = 3_660


@dataclass(frozen=True)
class TriggerKind:
    """One trigger.

    Shape:  `events` are the kinds of record events that may fire it, `is_scheduled` whether the clock does.
            `check` notes the problems of what stands behind it; None means nothing may.
    """

    name: str
    events: frozenset[str] = frozenset()
    is_scheduled: bool = False
    is_available: bool = True
    check: Callable[[Any, Place], None] | None = None


def _check_changed(body: Any, place: Place) -> None:
    names = body if isinstance(body, list) else [body]
    if not names:
        place.refuse("rule.trigger_needs_fields")
    for index, name in enumerate(names):
        place.at(index).known(name, place.entity.fields, "field_of_record")


def _check_time(body: Any, place: Place) -> None:
    if not (isinstance(body, str) and CLOCK.match(body)):
        place.refuse("rule.bad_time", value=str(body)[:40])


def _check_cron(body: Any, place: Place) -> None:
    if not is_cron(body):
        place.refuse("rule.bad_cron", value=str(body)[:60])


def _check_days(body: Any, place: Place) -> None:
    found = place.keys(body, ("field", "days", "at"), ("field", "days"))
    days = found.get("days", 0)
    if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= MAX_DAYS:
        place.at("days").refuse("rule.bad_days", value=str(days)[:40], limit=MAX_DAYS)
    if "field" in found:
        _check_date_field(found["field"], place.at("field"))
    if "at" in found:
        _check_time(found["at"], place.at("at"))


def _check_yearly(body: Any, place: Place) -> None:
    if not isinstance(body, dict):
        _check_date_field(body, place)
        return
    found = place.keys(body, ("field", "at"), ("field",))
    if "field" in found:
        _check_date_field(found["field"], place.at("field"))
    if "at" in found:
        _check_time(found["at"], place.at("at"))


def _check_date_field(name: Any, place: Place) -> None:
    fields = place.entity.fields
    if isinstance(name, str) and name in fields and fields[name].type != "date":
        place.refuse("rule.not_a_date", name=name)
        return
    if isinstance(name, str) and name in fields and fields[name].encrypted:
        place.refuse("schema.encrypted_not_here", name=name)  # the database finds no day in it
        return
    place.known(name, [field.name for field in fields.values() if field.type == "date"], "field_of_record")


_CHANGES = frozenset({"created", "updated"})
_KINDS = (
    TriggerKind("record_created", frozenset({"created"})),
    TriggerKind("record_updated", frozenset({"updated"})),
    TriggerKind("record_saved", _CHANGES),
    TriggerKind("record_deleted", frozenset({"deleted"})),
    TriggerKind("becomes_true", _CHANGES),
    TriggerKind("changed", _CHANGES, check=_check_changed),
    TriggerKind("every_hour", is_scheduled=True),
    TriggerKind("every_day_at", is_scheduled=True, check=_check_time),
    TriggerKind("cron", is_scheduled=True, check=_check_cron),
    TriggerKind("days_before", is_scheduled=True, check=_check_days),
    TriggerKind("days_after", is_scheduled=True, check=_check_days),
    TriggerKind("yearly_on", is_scheduled=True, check=_check_yearly),
    TriggerKind("button", is_available=False),
    TriggerKind("webhook", is_available=False),
    TriggerKind("enters_segment", is_available=False),
    TriggerKind("leaves_segment", is_available=False),
    TriggerKind("email_received", is_available=False),
)
TRIGGERS = {kind.name: kind for kind in _KINDS}
"""Every trigger by the word that stands behind `when`."""
