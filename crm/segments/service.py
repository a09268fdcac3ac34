"""Who is in a segment."""

from __future__ import annotations

from crm.database import CrmSession
from crm.errors import NotFoundError
from crm.records.listing import ListQuery, list_ids
from crm.segments.model import Segment


def get_segment(session: CrmSession, name: str) -> Segment:
    """Return a segment by name.

    Errors: NotFoundError.
    """
    found = session.workspace.schema.parts["segment"].get(name)
    if found is None:
        raise NotFoundError("segment.not_found", name=name)
    return found


def segment_members(session: CrmSession, name: str) -> list[int]:
    """Return the ids of the records in a segment that the actor may see, newest first."""
    segment = get_segment(session, name)
    entity = session.workspace.schema.entities[segment.entity]
    return list(list_ids(session, entity, ListQuery([{"in_segment": name}])))
