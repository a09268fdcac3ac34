"""Records as JSON: typed values in the form `clean` reads again, references with their titles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import wraps
from typing import Any

import orjson
from flask import Response, abort, url_for

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields.base import Field
from crm.records.alike import Alike
from crm.records.file_rows import StoredFile
from crm.records.values import field_of, linked_titles, situation_of, title_fields, type_of
from crm.web.entity.cells import view_name
from crm.web.serving.session import current_actor


def in_json(value: Any) -> Any:
    """Return what JSON has no form for as text."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def answer(body: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """Return a JSON answer."""
    return Response(orjson.dumps(body, default=in_json), status, headers, mimetype="application/json")


def for_users(method: Callable) -> Callable:
    """Admit users who are signed in; 401 for others."""

    @wraps(method)
    def run(self: Any, *values: Any, **named: Any) -> Response:
        if current_actor().user_id is None:
            abort(401)
        return method(self, *values, **named)

    return run


def plain_sent(value: Any) -> Any:
    """Return the number where a reference, or one of several, is sent as the object our answers show."""
    if isinstance(value, list):
        return [plain_sent(one) for one in value]
    return (
        value["id"]
        if isinstance(value, dict) and set(value) >= {"id"} and isinstance(value["id"], int)
        else value
    )


def results_of(
    session: CrmSession, entity: Entity, rows: Sequence[Mapping[str, Any]], names: Iterable[str]
) -> list[dict[str, Any]]:
    """Return records as JSON objects: `id`, `row_version` and the named fields.

    Shape:  a reference is `{"id", "title"}`, and by the name of its title field too where the title is one field;
            null when empty; `{"id"}` alone when the caller may not see what it points to. Several references are
            a list of such. A file is
            `{"id", "name", "size", "type", "url"}`, with `many` a list of such.
    """
    names = [name for name in names if name not in ("id", "row_version")]
    titles = linked_titles(session, entity, rows, names, situation_of(session, "api"))
    return [
        {
            "id": row["id"],
            "row_version": row.get("row_version"),
            **{name: _value(session, entity, name, row.get(name), titles) for name in names},
        }
        for row in rows
    ]


def result_of(
    session: CrmSession, entity: Entity, values: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """Return one record as a JSON object."""
    return results_of(session, entity, [values], names)[0]


def duplicates_of(found: Alike) -> dict[str, Any]:
    """Return the records that look the same as one that was saved: those the caller may see, and how many more."""
    shown = [
        {"id": hit.id, "title": hit.title, "url": url_for(view_name(hit.entity.name) + ".show", pk=hit.id)}
        for hit in found.hits
    ]
    return {"duplicates": shown, "duplicates_count": len(found.ids) + found.others}


def file_json(stored: StoredFile) -> dict[str, Any]:
    """Return a file as a JSON object."""
    url = url_for("FilesApi.get", file_id=stored.id)
    return {"id": stored.id, "name": stored.name, "size": stored.size, "type": stored.mime, "url": url}


def _value(session: CrmSession, entity: Entity, name: str, value: Any, titles: Mapping) -> Any:
    field = field_of(entity, name)
    if value is None:
        return None
    if name not in titles:
        return type_of(field).to_json(field, value)
    title = titles[name].get(value)
    if type_of(field).points and type_of(field).several:
        seen = dict(getattr(title, "records", ()))
        return [_reference(session, field, int(number), seen.get(int(number))) for number in value]
    if type_of(field).holds_files:
        found = [file_json(stored) for stored in getattr(title, "files", ())]
        return found if field.options.get("many") else next(iter(found), None)
    return _reference(session, field, value, title)


def _reference(session: CrmSession, field: Field, number: int, title: str | None) -> dict[str, Any]:
    if title is None:
        return {"id": number}
    found = {"id": number, "title": title}
    target = session.workspace.schema.entities.get(field.options.get("to", ""))
    if target is not None and target.title == "{" + title_fields(target)[0] + "}":
        found[title_fields(target)[0]] = title
    return found
