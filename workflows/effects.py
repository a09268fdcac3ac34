"""What a step did, as lines for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields.locales import UTC, shown_moment
from crm.records.timeline import changes_in_words
from workflows.actions import ACTIONS
from workflows.actions.base import Line
from workflows.rules.words import say

NO_FIELDS: frozenset[str] = frozenset()


def effect_lines(session: CrmSession, entity: Entity, effect: Mapping[str, Any]) -> list[Line]:
    """Return a stored effect as (label, text), in the language of the session's actor."""
    return list(_lines(session, entity, effect))


def _lines(session: CrmSession, entity: Entity, effect: Mapping[str, Any]) -> Iterator[Line]:
    language, schema = session.actor.language, session.workspace.schema
    if effect.get("to"):
        to = effect["to"]
        yield say("rule.effect_to", language), to if isinstance(to, str) else ", ".join(to)
    [changes] = changes_in_words(session, entity, [effect.get("changes") or {}], NO_FIELDS)
    for label, before, after in changes:
        yield label, f"{before or '—'} → {after or '—'}"
    target = schema.entities.get(effect.get("entity", ""))
    name = target.label.get(language) if target else str(effect.get("entity", ""))
    if effect.get("action") in ACTIONS:
        yield from ACTIONS[effect["action"]].tell(effect, name, language)
    yield from _flow(session, effect)


def _flow(session: CrmSession, effect: Mapping[str, Any]) -> Iterator[Line]:
    language = session.actor.language
    if "until" in effect:
        moment = dt.datetime.fromisoformat(effect["until"])
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        yield say("rule.effect_until", language), shown_moment(moment, language, session.actor.time_zone)
    if effect.get("changes") == {}:
        yield "", say("rule.effect_nothing", language)
