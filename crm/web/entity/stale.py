"""A form that an earlier revision drew: its values by the names of today, and those of fields that are gone."""

from __future__ import annotations

from collections.abc import Sequence

from werkzeug.datastructures import MultiDict

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import Problem
from crm.fields.base import Field
from crm.records.values import situation_of, titles_by_id
from crm.revisions.former_names import entity_of_uid, schema_at

DRAWN = "_revision"
"""The control of a form that says which revision drew it."""
UPLOAD = "upload-"
NOTHING = ("", "false")  # what an empty control and an unticked box send


def form_of_today(session: CrmSession, entity: Entity, form: MultiDict) -> tuple[MultiDict, list[Problem]]:
    """Return a form under today's names, and a problem for each value it brought for a field that is gone."""
    former = _former_entity(session, entity, form.get(DRAWN, ""))
    if former is None:
        return form, []
    names = {field.uid: name for name, field in entity.fields.items()}
    today: MultiDict = MultiDict()
    gone: list[Problem] = []
    for key, values in form.lists():
        before, name = (UPLOAD, key.removeprefix(UPLOAD)) if key.startswith(UPLOAD) else ("", key)
        field = former.fields.get(name)
        if field is None:
            today.setlist(key, values)
        elif field.uid in names:
            today.setlist(before + names[field.uid], values)
        elif any(value not in NOTHING for value in values):
            gone.append(_told(session, field, [value for value in values if value not in NOTHING]))
    return today, gone


def _former_entity(session: CrmSession, entity: Entity, drawn: str) -> Entity | None:
    """Return the entity as the form knew it; None where it is as today, or nobody knows."""
    number = int(drawn) if drawn.isascii() and drawn.isdigit() and len(drawn) < 10 else 0
    if not 0 < number < session.workspace.number:
        return None
    schema = schema_at(session.connection(), number)
    return entity_of_uid(schema, entity.uid) if schema is not None else None


def _told(session: CrmSession, field: Field, values: Sequence[str]) -> Problem:
    """Return the problem that shows what was typed, so that it can be kept elsewhere."""
    language = session.actor.language
    choices = field.options.get("choices") or {}
    target = session.workspace.schema.entities.get(str(field.options.get("to")))
    titles = {}
    if target is not None:
        ids = [int(value) for value in values if value.isdecimal() and len(value) < 19]
        titles = {
            str(number): title
            for number, title in titles_by_id(session, target, ids, situation_of(session)).items()
        }
    shown = [
        choices[value].label.get(language) if value in choices else titles.get(value, value)
        for value in values
    ]
    return Problem("record.field_gone", {"label": field.label, "value": ", ".join(shown)})
