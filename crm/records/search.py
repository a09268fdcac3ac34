"""Finding records by what a person types: look-ups in forms, the search field on top, the caller's number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm.conditions.tree.model import REFERENCE, TEXT
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import QueryError
from crm.fields import kind_of, type_of
from crm.fields.base import Field
from crm.fields.fold import fold
from crm.fields.words import asked_by
from crm.isolation import isolated
from crm.permissions.service import readable_fields
from crm.permissions.sight import conditions_for
from crm.records.finding import keys_of_all
from crm.records.found_in import excerpt, found_in, searched_beside_title
from crm.records.listing import ListQuery, best_records
from crm.records.ranking import by_index, fit_of
from crm.records.values import display_of, linked_titles, situation_of, title_fields, title_of

LOOKUP_HITS = 20
GROUP_HITS = 5
COUNTED = 200  # hits of one entity; so many are asked for in any case, and counting them costs nothing
NOT_IN_TITLE = 5  # see `fit_of`
NOTE_PARTS = 2  # values shown below a title; more only where two records would look the same
MOST_PARTS = 6
LONGEST_PART = 60  # characters


@dataclass(frozen=True)
class Hit:
    """One record found: enough to show, tell apart and open it.

    Shape:  `note` holds some of its values, those of the list's columns and the searched fields first.
    """

    entity: Entity
    id: int
    title: str
    note: str = ""


@dataclass(frozen=True)
class Group:
    """What a search found in one entity.

    Shape:  `count` is how many there are, or as many as were counted; then it `is_capped`.
    """

    entity: Entity
    hits: list[Hit]
    count: int
    is_capped: bool


def find_hits(
    session: CrmSession, entity: Entity, words: str, limit: int = LOOKUP_HITS, only: tuple = ()
) -> list[Hit]:
    """Return records of one entity that match typed words, the best first; without words the newest ones.

    Shape:  `only` are conditions of a field they must meet as well.
    Errors: QueryError when those ask about something that is not open to the actor, which then is not named.
    """
    if only and conditions_for(session, entity, list(only))[1]:
        raise QueryError("permissions.closed_condition")
    query = ListQuery(lines=only, search=words, page_size=limit, columns=hit_columns(session, entity, words))
    return hits_of(session, entity, best_records(session, entity, query)[0], words)


# --- What tells hits apart -----------------------------------------------------------------------------


def _telling(session: CrmSession, entity: Entity) -> list[str]:
    """Return the fields shown below a title: columns of the list and what is searched, words and links first."""
    fields = readable_fields(session.actor, entity)
    searched = [field.name for field in entity.fields.values() if field.search]
    shown = dict.fromkeys((*entity.columns, *searched))
    titles = title_fields(entity)
    found = [name for name in shown if name in fields and name not in titles and tells_apart(fields[name])]
    return sorted(found, key=lambda name: not _is_said_in_words(fields[name]))[:MOST_PARTS]


def _is_said_in_words(field: Any) -> bool:
    return "choices" not in field.options and kind_of(field) in (TEXT, REFERENCE)


def hit_columns(session: CrmSession, entity: Entity, words: str = "") -> tuple[str, ...]:
    """Return the fields that hits are made of; with those where typed words may stand."""
    hidden = session.actor.rights(entity.name).hidden
    searched = [field.name for field in searched_beside_title(session, entity)] if words.strip() else []
    names = [name for name in title_fields(entity) if name not in hidden]
    return tuple(dict.fromkeys((*names, *_telling(session, entity), *searched)))


def hits_of(session: CrmSession, entity: Entity, rows: list[dict[str, Any]], words: str = "") -> list[Hit]:
    """Return rows, which hold at least the `hit_columns`, as hits that can be told apart.

    Shape:  where typed words are not in the title, the note says which field holds them.
    """
    names, situation = _telling(session, entity), situation_of(session)
    linked = linked_titles(session, entity, rows, names, situation)
    titles = [title_of(entity, row, situation) for row in rows]
    parts = [
        {name: display_of(entity, name, row, linked, situation)[:LONGEST_PART] for name in names}
        for row in rows
    ]
    telling = _different(titles, parts)
    places = [_place(session, entity, row, title, words) for row, title in zip(rows, titles, strict=True)]
    hits = [
        Hit(entity, row["id"], title, " · ".join(_chosen(values, telling[fold(title)], place)))
        for row, title, values, place in zip(rows, titles, parts, places, strict=True)
    ]
    same = Counter((fold(hit.title), hit.note) for hit in hits)
    return [
        replace(hit, note=" · ".join(filter(None, (hit.note, f"#{hit.id}"))))
        if same[fold(hit.title), hit.note] > 1
        else hit
        for hit in hits
    ]


def _different(titles: list[str], parts: list[dict[str, str]]) -> dict[str, list[str]]:
    """Return, by folded title, the names whose values differ among the hits of that title."""
    seen: dict[str, dict[str, set[str]]] = {}
    for title, values in zip(titles, parts, strict=True):
        known = seen.setdefault(fold(title), {})
        for name, value in values.items():
            known.setdefault(name, set()).add(value)
    return {
        title: [name for name, values in known.items() if len(values) > 1] for title, known in seen.items()
    }


def _place(
    session: CrmSession, entity: Entity, row: Mapping[str, Any], title: str, words: str
) -> tuple[str, str] | None:
    """Return the field that holds typed words, by its name and in words; None where they are in the title."""
    if not words.strip() or fit_of(title, words) < NOT_IN_TITLE:
        return None
    field = found_in(searched_beside_title(session, entity), row, words)
    if field is None:
        return None
    situation = situation_of(session)
    shown = excerpt(one_line(display_of(entity, field.name, row, {}, situation)), words)
    return field.name, isolated(f"{field.label.get(situation.language)}: {shown}", situation.language)


def one_line(text: str) -> str:
    """Return a text without line breaks and double blanks."""
    return " ".join(text.split())


def _chosen(
    values: Mapping[str, str], telling: Iterable[str], place: tuple[str, str] | None
) -> Iterator[str]:
    """Yield the values to be shown: where the words were found, what tells twins apart, then as many as fit."""
    taken = 0
    if place is not None:
        yield place[1]
        values, taken = {name: value for name, value in values.items() if name != place[0]}, 1
    telling = [name for name in telling if values.get(name)]
    yield from (values[name] for name in telling)
    others = [values[name] for name in values if values[name] and name not in telling]
    yield from others[: max(0, NOTE_PARTS - taken - len(telling))]


def search_everywhere(
    session: CrmSession, words: str, limit: int = GROUP_HITS, counted: int = COUNTED
) -> list[Group]:
    """Return the hits in every entity that is searchable and open to the actor, grouped.

    Shape:  `limit` hits of each, counted no further than `counted`. What asks for nothing, such as "!?", finds nothing.
    """
    entities = searchable(session)
    if not asked_by(words) or not entities:
        return []
    found = []
    keys = keys_of_all(session, entities)
    with by_index(session):
        for entity in entities:
            columns = hit_columns(session, entity, words)
            query = ListQuery(search=words, page_size=limit, columns=columns)
            rows, count = best_records(session, entity, query, counted, keys[entity.name])
            if rows:
                hits = hits_of(session, entity, rows, words)
                found.append(Group(entity, hits, max(count, len(hits)), count >= counted))
    return found


def searchable(session: CrmSession) -> list[Entity]:
    """Return the entities in which the actor may search, in the order of the menu."""
    entities = sorted(session.workspace.schema.entities.values(), key=lambda one: one.menu_place)
    return [
        entity
        for entity in entities
        if "read" in session.actor.rights(entity.name).can
        and any(field.search for field in entity.fields.values())
    ]


def tells_apart(field: Field) -> bool:
    """Return whether a field's values tell records apart at a glance."""
    field_type = type_of(field)
    return not (field_type.is_long or field_type.holds_files or field_type.kind == "boolean")
