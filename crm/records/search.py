"""Finding records by what a person types: look-ups in forms, the search field on top, the caller's number."""

from __future__ import annotations

from dataclasses import dataclass

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.records.listing import ListQuery, list_records
from crm.records.values import situation_of, title_fields, title_of

LOOKUP_HITS = 20
GROUP_HITS = 5


@dataclass(frozen=True)
class Hit:
    """One record found: enough to show and open it."""

    entity: Entity
    id: int
    title: str


def find_hits(
    session: CrmSession, entity: Entity, words: str, limit: int = LOOKUP_HITS, only: tuple = ()
) -> list[Hit]:
    """Return records of one entity that match typed words; without words the newest ones.

    Shape:  `only` are raw conditions they must meet as well.
    """
    hidden = session.actor.rights(entity.name).hidden
    names = tuple(name for name in title_fields(entity) if name not in hidden)
    query = ListQuery(lines=only, search=words, page_size=limit, columns=names)
    page = list_records(session, entity, query)
    situation = situation_of(session)
    return [Hit(entity, row["id"], title_of(entity, row, situation)) for row in page.rows]


def search_everywhere(
    session: CrmSession, words: str, limit: int = GROUP_HITS
) -> list[tuple[Entity, list[Hit]]]:
    """Return the hits in every entity that is searchable and open to the actor, grouped."""
    found = []
    for entity in session.workspace.schema.entities.values():
        if "read" not in session.actor.rights(entity.name).can:
            continue
        if any(field.search for field in entity.fields.values()):
            hits = find_hits(session, entity, words, limit)
            found += [(entity, hits)] if hits else []
    return found
