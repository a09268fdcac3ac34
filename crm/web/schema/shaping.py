"""What the pages that shape entities share: the draft they work on, and problems beside what they are about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from flask import abort, flash, redirect, request
from flask_appbuilder import BaseView
from flask_babel import gettext
from werkzeug.wrappers import Response

from crm.drafts import service as drafts
from crm.drafts.shape import has_shape, is_text
from crm.entities.load import check_schema, documents_from_json
from crm.entities.model import Document, Mark
from crm.entities.usage import Usage
from crm.errors import CrmError, NotFoundError, Problem
from crm.messages import render
from crm.revisions.diff import same
from crm.revisions.workspace import Workspace
from crm.texts import Text
from crm.web.fab.permissions import CONFIGURATION
from crm.web.language import NAMES, current_language
from crm.web.schema.words import kind_label
from crm.web.serving.session import current_session

Answer = str | Response | tuple[str, int]
Found = tuple[tuple, Problem]
"""A problem and its path in the document."""


class ShapingView(BaseView):
    """A page on which an entity is shaped: it reads and writes the reader's own draft."""

    class_permission_name = CONFIGURATION
    workspace: Workspace

    def page(self, template: str, status: int = 200, **values: Any) -> tuple[str, int]:
        """Return a page with the draft it is about."""
        session = current_session()
        draft = drafts.find_draft(session)
        values.setdefault("problems", [])
        html = self.render_template(
            template, draft=draft, texts=shown, tongues=NAMES, kind_label=kind_label, **values
        )
        return html, status

    def entity_page(self, name: str, tab: str, status: int = 200, **values: Any) -> tuple[str, int]:
        """Return one of the tabs of an entity."""
        body = body_of(name)
        return self.page(
            f"schema/{tab}.html",
            status,
            name=name,
            body=body,
            tab=tab,
            heading=label_of(body, "plural"),
            **values,
        )


def body_of(name: str) -> dict[str, Any]:
    """Return the body of an entity's document as the draft has it.

    Errors: NotFoundError.
    """
    session = current_session()
    found = drafts.document_of(session, drafts.find_draft(session), "entity", name)
    if found is None:
        raise NotFoundError("schema.unknown_entity", name=name)
    if not has_shape(found.body):
        flash(gettext("This document can only be edited as YAML until its problems are fixed."), "warning")
        abort(redirect(f"/admin/schema/documents/entity/{name}"))
    return dict(found.body)


def live_body(name: str) -> Mapping[str, Any]:
    """Return the body an entity has in the live revision, or had under its former name; {} when it is new."""
    session = current_session()
    found = drafts.live_document(session, "entity", name)
    return found.body if found else {}


def label_of(body: Mapping, key: str = "label") -> str:
    """Return a label of a document in the reader's language."""
    label = body.get(key) or body.get("label")
    label = label if is_text(label) else None
    return (
        Text(label).get(current_language())
        if label
        else str(body.get("entity", "")).replace("_", " ").capitalize()
    )


def shown(source: Any) -> str:
    """Return any text of a document in the reader's language."""
    return Text(source).get(current_language()) if isinstance(source, (str, Mapping)) and source else ""


def fingerprint(part: Any) -> str:
    """Return a short mark of a part of a document, by which an old form is noticed."""
    text = json.dumps(part, ensure_ascii=False, default=str)
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


def is_stale(part: Any) -> bool:
    """Return whether the form that was sent had been drawn of another state of a part."""
    return request.form.get("_seen", "") not in ("", fingerprint(part))


def save_body(name: str, body: Mapping[str, Any]) -> None:
    """Write an entity's document into the reader's draft.

    Errors: ConflictError when the draft moves on meanwhile; SchemaError for what is no document.
    """
    session = current_session()
    drafts.edit_document(session, "entity", name, lambda _before: body)
    session.commit()


def save_changed(before: Iterable[Document], after: Iterable[Document]) -> None:
    """Write every document that is no longer the same into the reader's draft."""
    session = current_session()
    for old, new in zip(before, after, strict=True):
        if not same(old.body, new.body):
            drafts.edit_document(session, old.kind, old.name, lambda _body, body=new.body: body)
    session.commit()


def change(name: str, edit: Callable[[dict], Mapping], address: str) -> Response:
    """Do one small edit and return to a page; what cannot be done is said there."""
    try:
        save_body(name, edit(body_of(name)))
    except (CrmError, IndexError, ValueError) as error:
        current_session().rollback()
        flash(
            render(error, current_language())
            if isinstance(error, CrmError)
            else gettext("This no longer exists. Reload the page."),
            "warning",
        )
    return redirect(address)


def documents_with(body: Mapping[str, Any], name: str) -> list[Document]:
    """Return the documents of the draft, with another body for an entity, which stands last."""
    session = current_session()
    others = [
        document
        for document in drafts.documents_of(session, drafts.find_draft(session))
        if document.kind != "entity" or document.name not in (name, body["entity"])
    ]
    return [*others, *documents_from_json([body])]


def find_problems(body: Mapping[str, Any], path: tuple = (), name: str = "") -> list[Found]:
    """Return what is wrong with an entity's document at a path and below, among the others of the draft."""
    *others, own = documents_with(body, name)
    places = [(), *_paths(body)]
    own = replace(own, marks={place: Mark(number, 1) for number, place in enumerate(places, 1)})
    _schema, problems = check_schema([*others, own], current_session().workspace.number + 1)
    found = [
        (places[min(problem.line or 1, len(places)) - 1], problem)
        for problem in problems
        if problem.file == own.file
    ]
    return [(place, problem) for place, problem in found if place[: len(path)] == path]


def _paths(value: Any, path: tuple = ()) -> Iterator[tuple]:
    items = (
        value.items()
        if isinstance(value, Mapping)
        else enumerate(value)
        if isinstance(value, (list, tuple))
        else ()
    )
    for key, inner in items:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


def usage_of_draft() -> Usage:
    """Return who uses what: the documents of the reader's draft, saved views and imports that are not done."""
    session = current_session()
    documents = drafts.documents_of(session, drafts.find_draft(session))
    return Usage(documents, session.workspace.schema.documents).add_shelves(session.connection())


def errors_by_key(found: list[Found], path: tuple) -> dict[str, str]:
    """Return the first sentence for every key below a path."""
    errors: dict[str, str] = {}
    for place, problem in found:
        key = str(place[len(path)]) if len(place) > len(path) else str(problem.params.get("key", ""))
        errors.setdefault(key, render(problem, current_language()))
    return errors


def as_summary(
    errors: Mapping[str, str], labels: Mapping[str, str], prefix: str = "key"
) -> list[tuple[str, str, str]]:
    """Return errors for `ui.error_summary`."""
    return [
        (f"{prefix}-{key}" if key in labels else "", labels.get(key, ""), text)
        for key, text in errors.items()
    ]
