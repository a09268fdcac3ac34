"""Counts of stored values are told only to who may read them all: retyping a field would else guess any value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from crm.entities.model import Entity, Schema
from crm.permissions.grants import publisher_of
from crm.permissions.model import Actor
from crm.permissions.service import reads_every
from crm.revisions.diff import details_of
from crm.revisions.impact import Impact
from crm.revisions.proposal import Proposal

MayCount = Callable[[str, str], bool]


def tell_impact(connection: sa.Connection, proposal: Proposal, user_name: str, found: Impact) -> Impact:
    """Return an impact without the counts of what its publisher may not read; "" is the machine's owner.

    Shape:  `is_partial` says that counts are left out; it follows from rights alone, never from what is stored.
    """
    if not user_name or not proposal.base:
        return found
    before, actor = publisher_of(connection, proposal, user_name)
    if actor.sees_everything:
        return found
    may_count = counter_of(actor, before, proposal)
    rows = [row for row in details_of(proposal.changes) if row["kind"] in ("entity", "field")]
    asked = [(row.get("entity", row["name"]), row["name"] if "entity" in row else "") for row in rows]
    return replace(
        found,
        touched=tuple(row for row in found.touched if may_count(row.entity, row.field)),
        conversions=tuple(row for row in found.conversions if may_count(row.entity, row.field)),
        is_partial=not all(may_count(entity, field) for entity, field in asked),
    )


def counter_of(actor: Actor, before: Schema, proposal: Proposal) -> MayCount:
    """Return who tells whether an actor may count what is stored of an entity or a field, by its old or new name."""
    live = {entity.uid: entity for entity in before.entities.values()}

    def may_count(entity: str, field: str) -> bool:
        for identities in (proposal.after, proposal.before):
            known = identities.entities.get(entity)
            if known is None or known.uid not in live:
                continue
            declared = live[known.uid]
            if not field:
                return reads_all(actor, declared)
            if identity := known.fields.get(field):
                was_there = f"{known.table}.{identity.column}" in proposal.before.taken
                return reads_every(actor, declared, identity.uid) if was_there else reads_all(actor, declared)
        return False  # it comes back, and nobody may read it today

    return may_count


def reads_all(actor: Actor, entity: Entity) -> bool:
    """Return whether an actor may read every record of an entity."""
    rights = actor.rights(entity.name)
    return "read" in rights.can and rights.rows["read"] is None
