"""Which changes rules listen to: what nobody hears leaves no event and rings no bell."""

from __future__ import annotations

from collections.abc import Iterator

from crm.entities.model import Schema
from crm.events import QUIET
from crm.records.journal import CREATED, DELETED, UPDATED
from workflows.triggers import TRIGGERS

EVERY_KIND = (CREATED, UPDATED, DELETED, QUIET)


def heard_by_rules(schema: Schema) -> Iterator[tuple[str, str]]:
    """Yield the (entity, kind) of the changes that enabled rules listen to; one that waits for an edge hears all."""
    for rule in schema.parts.get("rule", {}).values():
        if not rule.enabled:
            continue
        yield from ((rule.entity, kind) for kind in TRIGGERS[rule.trigger.kind].events)
        for entity in rule.reach.ways if rule.is_wide else ():
            yield from ((entity, kind) for kind in EVERY_KIND)
