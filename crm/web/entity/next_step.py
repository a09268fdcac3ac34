"""The next step in the composer of a timeline: what is written down has happened now, or is planned for later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, pgettext

from crm.conditions.tree.moments import add_days
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields import kind_of
from crm.fields.locales import shown_time
from crm.fields.wall_clock import to_local
from crm.permissions.service import writable_fields
from crm.records.sources import Source, source_of

WHEN, AT = "_when", "_at"  # controls of the composer
NOW, TOMORROW, IN_TWO_DAYS, PICK = "now", "tomorrow", "two_days", "pick"
AHEAD = {TOMORROW: 1, IN_TWO_DAYS: 2}  # days
HOUR = dt.time(10)


def ways_to_plan(session: CrmSession, entity: Entity) -> list[tuple[str, str]]:
    """Return when something can be planned for, by key; nothing where the reader may not say when it is."""
    if _plannable(session, entity) is None:
        return []
    hour = shown_time(HOUR, session.actor.language)
    return [
        (NOW, pgettext("option", "Now")),
        (TOMORROW, gettext("Tomorrow at %(time)s", time=hour)),
        (IN_TWO_DAYS, gettext("In two days at %(time)s", time=hour)),
        (PICK, pgettext("option", "Another time…")),
    ]


def planned_values(session: CrmSession, entity: Entity, form: Mapping[str, str]) -> dict[str, Any]:
    """Return what the composer's choice of a time says of a new record: when it is, or that it is done already."""
    when, source = form.get(WHEN, ""), _plannable(session, entity)
    if source is None or when not in (NOW, PICK, *AHEAD):
        return {}
    open_fields = writable_fields(session.actor, entity, "create")
    if when == NOW:
        is_flag = source.done is not None and kind_of(source.done) == "boolean"
        return {source.done.name: "true"} if is_flag and source.done.name in open_fields else {}
    at = form.get(AT, "") if when == PICK else _later(session, AHEAD[when])
    due = (entity.options.get("activity") or {}).get("due")
    return {name: at for name in (source.begins.name, due) if name in open_fields}


def _plannable(session: CrmSession, entity: Entity) -> Source | None:
    source = source_of(session, entity)
    if source is None or not source.has_hours or source.person is None:
        return None
    return source if source.begins.name in writable_fields(session.actor, entity, "create") else None


def _later(session: CrmSession, days: int) -> str:
    today = to_local(session.clock(), session.actor.time_zone).date()
    return dt.datetime.combine(add_days(today, days) or today, HOUR).isoformat(timespec="minutes")
