"""Who is in a segment, as far as the one who asks may say."""

from __future__ import annotations

from dataclasses import dataclass

from crm.conditions.language.segments import segment_tree
from crm.database import CrmSession
from crm.errors import NotFoundError, QueryError
from crm.permissions.service import require
from crm.permissions.sight import Narrowed, is_open, narrowed_by_rights
from crm.records.listing import ListQuery, list_ids
from crm.segments.model import Segment


@dataclass(frozen=True)
class Members:
    """Who is in a segment, newest first, for one actor.

    Shape:  `narrowed` are the records it asks about of which the actor sees a part only: the answer rests on that.
    """

    segment: Segment
    ids: list[int]
    narrowed: list[Narrowed]


def get_segment(session: CrmSession, name: str) -> Segment:
    """Return a segment by name.

    Errors: NotFoundError.
    """
    found = session.workspace.schema.parts["segment"].get(name)
    if found is None:
        raise NotFoundError("segment.not_found", name=name)
    return found


def segment_members(session: CrmSession, name: str) -> Members:
    """Return the records in a segment that the actor may see.

    Errors: NotFoundError; NotAllowedError; QueryError when it asks about something that is not open to the actor.
    """
    segment, schema = get_segment(session, name), session.workspace.schema
    entity, tree = schema.entities[segment.entity], segment_tree(name, schema)
    require(session.actor, "read", entity)
    if not is_open(session.actor, tree, schema):
        raise QueryError("segment.closed", segment=segment.label)
    ids = list(list_ids(session, entity, ListQuery([{"in_segment": name}])))
    return Members(segment, ids, narrowed_by_rights(session, entity, tree))
