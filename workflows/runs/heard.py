"""Which changes rules listen to: what nobody hears leaves no event and rings no bell."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from crm.entities.model import Schema
from crm.events import QUIET
from crm.records.journal import CREATED, DELETED, UPDATED
from crm.texts import Text
from workflows.triggers import TRIGGERS

EVERY_KIND = (CREATED, UPDATED, DELETED, QUIET)


def rules_that_hear(schema: Schema, entity: str, kinds: Collection[str]) -> list[Text]:
    """Return what the enabled rules are called that look at such changes of an entity's records."""
    return [
        rule.label
        for rule in schema.parts.get("rule", {}).values()
        if rule.enabled and rule.entity == entity and TRIGGERS[rule.trigger.kind].events.intersection(kinds)
    ]


def heard_by_rules(schema: Schema) -> Iterator[tuple[str, str]]:
    """Yield the (entity, kind) of the changes that enabled rules listen to; one that waits for an edge hears all."""
    for rule in schema.parts.get("rule", {}).values():
        if not rule.enabled:
            continue
        yield from ((rule.entity, kind) for kind in TRIGGERS[rule.trigger.kind].events)
        for entity in rule.reach.ways if rule.is_wide else ():
            yield from ((entity, kind) for kind in EVERY_KIND)
