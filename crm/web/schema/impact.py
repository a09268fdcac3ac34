"""What a draft does to what is stored, in words: counts, values that will not fit, who still uses what goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext, pgettext

from crm.database import CrmSession
from crm.entities.model import Document, Entity
from crm.errors import NotAllowedError, Problem
from crm.messages import render
from crm.records.listing import ListQuery, list_records
from crm.records.values import situation_of, title_fields, title_of
from crm.revisions.impact import Impact, Touched
from crm.revisions.rehearsal import Conversion
from crm.texts import Text
from crm.web.language import current_language
from crm.web.schema.uses import use_rows
from crm.web.skin import number

Labels = Mapping[tuple[str, str], str]


def impact_words(
    session: CrmSession, documents: Iterable[Document], impact: Mapping[str, Any], stored: Impact
) -> dict[str, Any]:
    """Return what the page of a draft wants of its impact."""
    language = current_language()
    labels = _labels((*session.workspace.schema.documents, *documents), language)
    backs = {row["taking_back"] for row in impact["details"]}
    return {
        "touched": [_touched(row, labels) for row in stored.touched],
        "conversions": [_conversion(session, row, impact, labels) for row in stored.conversions if row.bad],
        "converted": [_converted(row, labels) for row in stored.conversions],
        "uses": use_rows(session, impact["used_by"]),
        "notes": [render(note, language) for note in impact["notes"]],
        "backs": [render_code(code, language) for code in sorted(backs)],
        "purged": [_purged(row, labels) for row in impact.get("purged", ())],
    }


def render_code(code: str, language: str) -> str:
    """Return the sentence of a code that has no parameters."""
    return render(Problem(code), language)


def _labels(documents: Iterable[Document], language: str) -> dict[tuple[str, str], str]:
    """Return what people call the entities and fields, by (entity, field), "" for the entity itself."""
    found = {}
    for document in documents:
        if document.kind != "entity":
            continue
        found[document.name, ""] = _label(
            document.body.get("plural") or document.body.get("label"), document.name
        )
        for name, body in (document.body.get("fields") or {}).items():
            found[document.name, name] = _label(body.get("label") if isinstance(body, dict) else None, name)
    return {key: label.get(language) for key, label in found.items()}


def _label(source: Any, name: str) -> Text:
    return Text(source if source and isinstance(source, (str, dict)) else name)


def _place(entity: str, field: str, labels: Labels) -> str:
    words = [labels.get((entity, ""), entity), labels.get((entity, field), field) if field else ""]
    return " · ".join(word for word in words if word)


def _touched(row: Touched, labels: Labels) -> dict[str, str]:
    words = {
        "required": gettext("Records without a value (it will be required at the next edit)"),
        "choice": gettext("Records with a value that is no longer a choice"),
        "next": gettext("Records with fewer allowed next values"),
        "limit": gettext("Records with a value outside the new limits (kept until the next edit)"),
        "only": gettext("Records linked to a record that can no longer be chosen (the link is kept)"),
        "role": gettext("Records with a user who can no longer be chosen (the user is kept)"),
        "currency": gettext("Amounts that keep their number but change their currency"),
        "plain": gettext("Values that stay readable in an archived column until it is permanently deleted"),
        "field_back": pgettext("label", "Restored values"),
        "entity_back": pgettext("label", "Restored records"),
        "field": pgettext("label", "Archived values"),
        "entity": pgettext("label", "Archived records"),
    }
    count = number(row.count)
    if row.is_capped:
        count = gettext("at least %(count)s", count=count)
    return {"place": _place(row.entity, row.field, labels), "what": words[row.what], "count": count}


def _purged(row: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    """Return what comes back empty, and who dropped its values."""
    return {
        "place": _place(row["entity"], row["field"], labels),
        "count": number(row["count"]),
        "who": row["user_name"],
        "at": row["at"],
        "is_entity": not row["field"],
    }


def _converted(row: Conversion, labels: Labels) -> str:
    """Return how the values of a field fare."""
    values = {
        "place": _place(row.entity, row.field, labels),
        "good": number(row.good),
        "bad": number(row.bad),
    }
    if row.is_complete:
        return gettext("%(place)s: values that convert: %(good)s, values that don't: %(bad)s.", **values)
    return gettext(
        "%(place)s: checked so far: values that convert: %(good)s, values that don't: "
        "%(bad)s. There are more.",
        **values,
    )


def _conversion(session: CrmSession, row: Conversion, impact: Mapping, labels: Labels) -> dict[str, Any]:
    """Return the values that will not fit and that the actor may read; how many others there are is told."""
    was = next(
        (
            found.get("was", found["name"])
            for found in impact["details"]
            if (found["kind"], found.get("entity"), found["name"]) == ("field", row.entity, row.field)
        ),
        row.field,
    )
    entity = session.workspace.schema.entities.get(row.entity)
    known = _readable(session, entity, [found.record for found in row.refused]) if entity else {}
    is_open = entity is not None and was not in session.actor.rights(entity.name).hidden
    lines = [
        {
            "record": found.record,
            "title": known[found.record],
            "value": found.value,
            "reason": render(found.reason, current_language()),
        }
        for found in row.refused
        if is_open and found.record in known
    ]
    place = _place(row.entity, row.field, labels)
    more = row.bad - len(lines)
    return {"place": place, "entity": row.entity, "lines": lines, "more": more, "returns": row.returns}


def _readable(session: CrmSession, entity: Entity, ids: list[int]) -> dict[int, str]:
    """Return the titles of those records that the actor may see."""
    if not ids:
        return {}
    lines = [{"field": "id", "is_one_of": ids}]
    query = ListQuery(lines=lines, page_size=len(ids), columns=tuple(title_fields(entity)))
    try:
        page = list_records(session, entity, query)
    except NotAllowedError:
        return {}
    situation = situation_of(session)
    return {row["id"]: title_of(entity, row, situation) for row in page.rows}
