"""Whether an actor may do something with a record that is loaded whole, mostly without asking the database."""

from __future__ import annotations

from crm.conditions import evaluate
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.permissions.rows import may_touch, parse_trusted, scope_of
from crm.records.prepare import reads_only
from crm.revisions.models import Record


def reaches(session: CrmSession, record: Record, deed: str) -> bool:
    """Return whether the actor may do this with a record, as it is stored in this transaction.

    Shape:  `record` has just been written or read again. What the rights ask about other records, the database knows.
    """
    entity: Entity = record.__entity__
    if session.actor.sees_everything:
        return True
    rights = session.actor.rights(entity.name)
    if not {"read", deed} <= rights.can:
        return False
    lines = {way for needed in ("read", deed) for way in rights.rows[needed] or ()}
    trees = {way: parse_trusted(session.workspace, entity, way) for way in lines}
    own = {(entity.name, name) for name in entity.fields}
    if not all(reads_only(tree, own) for tree in trees.values()):
        return may_touch(session, entity, deed, record.id)
    scope = scope_of(session)
    met = {way for way, tree in trees.items() if evaluate(tree, record, scope)}
    return all(
        (ways := rights.rows[needed]) is None or any(way in met for way in ways) for needed in ("read", deed)
    )
