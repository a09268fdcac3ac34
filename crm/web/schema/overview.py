"""The list of entities: what each is, how much it holds, and who changed it last."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.drafts import service as drafts
from crm.drafts.edits import fields_of
from crm.drafts.history import Origin, origins_of
from crm.drafts.model import Draft, Edit
from crm.drafts.shape import has_shape
from crm.drafts.texts import count_missing
from crm.entities import lint
from crm.entities.model import Document
from crm.entities.usage import Usage
from crm.fields import type_of
from crm.fields.alphabet import sort_key
from crm.fields.fold import fold
from crm.messages import render
from crm.permissions.service import reads_every
from crm.revisions import lint_data
from crm.web.language import current_language
from crm.web.schema.shaping import label_of, live_body
from crm.web.serving.session import current_session

SORTS = ("label", "name", "records", "fields", "changed_at")
"""What the list can be sorted by; numbers and moments descending."""


@dataclass(frozen=True)
class EntityRow:
    """One entity as the list draws it.

    Shape:  `state` is live, changed, new or removed. `records` is None before the first publish, `changed_at` too.
    """

    name: str
    label: str
    icon: str
    color: str
    records: int | None
    fields: int
    relations: int
    missing: int
    state: str
    is_built_in: bool
    changed_at: dt.datetime | None
    changed_by: str
    place: int
    words: str

    def matches(self, text: str) -> bool:
        """Return whether the key or a label in any language holds a text."""
        return fold(text) in self.words


def entity_rows(draft: Draft | None, documents: Iterable[Document]) -> list[EntityRow]:
    """Return every entity of a draft, in the order of the menu."""
    found = [each for each in documents if each.kind == "entity"]
    kept = {name for each in found for name in (each.name, each.body.get("was"))}
    live = current_session().workspace.schema.documents
    found += [each for each in live if each.kind == "entity" and each.name not in kept]
    pointed = Counter(to for document in found for to in _targets(document.body))
    origins = origins_of(current_session())
    rows = [_row(document, draft, pointed[document.name], origins) for document in found]
    return sorted(rows, key=lambda row: (row.place, sort_key(row.label, current_language())))


def _row(document: Document, draft: Draft | None, pointed: int, origins: Mapping[str, Origin]) -> EntityRow:
    body, live = document.body, live_body(document.name)
    edit = draft.find_edit("entity", document.name) if draft else None
    changed_at, changed_by, is_built_in = _last_change(edit, origins.get(document.name))
    place = body.get("menu_place")
    texts = [body.get("label"), body.get("plural")]
    return EntityRow(
        document.name,
        label_of(body, "plural"),
        str(body.get("icon") or "folder"),
        str(body.get("color") or ""),
        count_records(document.name),
        len(fields_of(body)),
        len(_targets(body)) + pointed,
        count_missing(body) if has_shape(body) else 0,
        _state(edit, live),
        is_built_in,
        changed_at,
        changed_by,
        place if isinstance(place, int) else 0,
        fold(" ".join([document.name, *map(_every_language, texts)])),
    )


def _state(edit: Edit | None, live: Mapping) -> str:
    if edit is None:
        return "live"
    return "removed" if edit.body is None else "changed" if live else "new"


def _last_change(edit: Edit | None, origin: Origin | None) -> tuple[dt.datetime | None, str, bool]:
    is_built_in = origin is not None and origin.is_built_in
    if edit is not None:
        return edit.updated_at, edit.user_name, is_built_in
    return (origin.created_at, origin.user_name, is_built_in) if origin else (None, "", False)


def _targets(body: Mapping) -> list[str]:
    """Return the entities that the fields of one lead to."""
    fields = [field for field in fields_of(body).values() if isinstance(field, Mapping)]
    return [str(field["to"]) for field in fields if field.get("to")]


def _every_language(text: Any) -> str:
    return " ".join(map(str, text.values())) if isinstance(text, Mapping) else str(text or "")


def sorted_rows(rows: Iterable[EntityRow], key: str) -> list[EntityRow]:
    """Return the rows by one of `SORTS`; as they are for anything else."""
    if key in ("records", "fields"):
        return sorted(rows, key=lambda row: -(getattr(row, key) or 0))
    if key == "changed_at":
        return sorted(rows, key=lambda row: row.changed_at or dt.datetime.min, reverse=True)
    return (
        sorted(rows, key=lambda row: sort_key(str(getattr(row, key)), current_language()))
        if key in SORTS
        else list(rows)
    )


def count_records(name: str) -> int | None:
    """Return how many records an entity has; None when it is not live."""
    session = current_session()
    if name not in session.workspace.schema.entities:
        return None
    with session.as_system():
        return session.scalar(sa.select(sa.func.count()).select_from(session.workspace.models[name]))


def count_choices(name: str, field: str, body: Mapping) -> dict[str, int]:
    """Return how many records hold each choice of a field that is live; nothing for others, and for sealed ones."""
    session = current_session()
    entity = session.workspace.schema.entities.get(name)
    fields = entity.fields if entity else {}
    live = fields.get(field) or fields.get(str(body.get("was") or ""))
    if live is None or live.encrypted or not type_of(live).has_choices:
        return {}
    if not reads_every(session.actor, entity, live.uid):
        return {}
    return dict(lint_data.count_choices(session.connection(), session.workspace.models, entity, live))


def notes_of(name: str) -> list[str]:
    """Return what to look at once more in an entity of the reader's draft, and in what its records hold."""
    session = current_session()
    draft, workspace = drafts.find_draft(session), session.workspace
    documents = drafts.documents_of(session, draft)
    notes = lint.notes_on(drafts.propose(session, draft)[0], documents, {name})
    if name in workspace.schema.entities:
        entity, usage = workspace.schema.entities[name], Usage(workspace.schema.documents)
        if all(reads_every(session.actor, entity, field.uid) for field in entity.fields.values()):
            notes += lint_data.notes_on_data(session.connection(), workspace.models, entity, usage)
    return [render(note, current_language()) for note in notes]
