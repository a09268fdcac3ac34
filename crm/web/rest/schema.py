"""Segments and the schema over REST: read what is live, check, compare and publish documents, go back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request
from flask_appbuilder import AppBuilder, BaseView, expose

from crm.database import CrmSession, released_engine
from crm.drafts import history
from crm.entities.load import build_schema, documents_from_json, load_document
from crm.entities.model import Document
from crm.entities.processes import publish_status
from crm.entities.publish import diff_schema, publish_schema
from crm.entities.workspace import Workspace
from crm.errors import NotAllowedError, Problem, SchemaError
from crm.messages import told
from crm.segments.service import get_segment, segment_members
from crm.web.asking import always, asks
from crm.web.rest.entity import answer, for_users
from crm.web.session import current_actor, current_session

MOST_DOCUMENTS = 2_000
TOLD_OF_A_REVISION = ("number", "why", "user_name", "created_at", "base")


class SegmentApi(BaseView):
    """Segments over REST."""

    route_base = "/api/v1/segment"

    @expose("/<name>")
    @for_users
    def get(self, name: str) -> Response:
        """Return the ids of a segment's records that the caller may see."""
        session = current_session()
        get_segment(session, name)
        ids = segment_members(session, name)
        return answer({"segment": name, "count": len(ids), "ids": ids})


class SchemaApi(BaseView):
    """The schema over REST, for those who may configure the CRM."""

    route_base = "/api/v1/schema"

    @expose("/")
    @for_users
    def get(self) -> Response:
        """Return the live revision and its documents."""
        schema = configured(current_session()).schema
        return answer(
            {"revision": schema.number, "documents": [dict(found.body) for found in schema.documents]}
        )

    @expose("/status")
    @for_users
    def status(self) -> Response:
        """Return which process serves which revision, and which could not take up the live one."""
        session = current_session()
        configured(session)
        return answer(publish_status(released_engine(session)))

    @expose("/check", methods=["POST"])
    @for_users
    @asks(always)
    def check(self) -> Response:
        """Return every problem of the documents that were sent."""
        configured(current_session())
        documents, problems = sent_documents()
        problems += build_schema(documents, 0)[1]
        return answer({"problems": [told(problem, current_actor().language) for problem in problems]})

    @expose("/diff", methods=["POST"])
    @for_users
    @asks(always)
    def diff(self) -> Response:
        """Return what publishing the documents would do."""
        session = current_session()
        configured(session)
        documents, problems = sent_documents()
        engine = released_engine(session)
        found = diff_schema(engine, documents, current_actor().name)
        return answer(in_words({**found, "problems": [*problems, *found["problems"]]}))

    @expose("/publish", methods=["POST"])
    @for_users
    def publish(self) -> Response:
        """Make the documents the live revision; `base` names the one they were made from."""
        session = current_session()
        configured(session)
        documents, problems = sent_documents()
        if problems:
            raise SchemaError("schema.has_problems", problems, count=len(problems))
        body, name = sent_body(), current_actor().name
        base = body.get("base") if isinstance(body.get("base"), int) else None
        number = publish_schema(
            released_engine(session), documents, str(body.get("why", ""))[:500], name, base
        )
        return answer({"revision": number})

    @expose("/history")
    @for_users
    def revisions(self) -> Response:
        """Return every revision without its documents, newest first."""
        rows = history.list_revisions(current_session())
        return answer({"revisions": [{name: row[name] for name in TOLD_OF_A_REVISION} for row in rows]})

    @expose("/rollback", methods=["POST"])
    @for_users
    def rollback(self) -> Response:
        """Make an older revision's documents live again, as a new one; with `dry_run` tell what that would do.

        `base` names the live revision whose end was agreed to.
        """
        session = current_session()
        configured(session)
        body = sent_object("schema.no_number")
        if body.get("dry_run") is True:
            return answer(in_words(history.weigh_going_back(session, sent_number(body))[0]))
        base = body.get("base") if isinstance(body.get("base"), int) else None
        return answer({"revision": history.go_back(session, sent_number(body), base)})


def configured(session: CrmSession) -> Workspace:
    """Return the workspace to an actor who may configure the CRM.

    Errors: NotAllowedError.
    """
    if not session.actor.may_configure:
        raise NotAllowedError("permissions.may_not_configure")
    return session.workspace


def sent_object(wanted: str) -> dict[str, Any]:
    """Return the JSON object of the request; `wanted` is the code that says what should have been sent.

    Errors: SchemaError when it is none.
    """
    try:
        body = orjson.loads(request.get_data() or b"null")
    except orjson.JSONDecodeError as error:
        raise SchemaError("web.not_json") from error
    if not isinstance(body, dict):
        raise SchemaError(wanted)
    return body


def sent_body() -> dict[str, Any]:
    """Return the JSON object of a request that brings documents.

    Errors: SchemaError when it brings none.
    """
    body = sent_object("schema.no_documents")
    if not isinstance(body.get("documents"), list):
        raise SchemaError("schema.no_documents")
    return body


def in_words(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a publish would do with its problems and notes as sentences for the caller."""
    language = current_actor().language
    return {**found, **{key: [told(one, language) for one in found[key]] for key in ("problems", "notes")}}


def sent_number(body: Mapping[str, Any]) -> int:
    """Return the number of a revision that was sent.

    Errors: SchemaError when there is none.
    """
    number = body.get("number")
    if not isinstance(number, int) or isinstance(number, bool):
        raise SchemaError("schema.no_number")
    return number


def sent_documents() -> tuple[list[Document], list[Problem]]:
    """Return the documents of the request: each a JSON object, or the YAML text of one."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for place, given in enumerate(sent_body()["documents"][:MOST_DOCUMENTS]):
        if isinstance(given, str):
            document, found = load_document(given, f"document {place + 1}")
            problems += found
            documents += [document] if document else []
        elif isinstance(given, dict) and given:
            try:
                documents += documents_from_json([given])
            except KeyError:
                problems.append(Problem("schema.not_a_document", file=f"document {place + 1}", line=1))
        else:
            problems.append(Problem("schema.not_a_document", file=f"document {place + 1}", line=1))
    return documents, problems


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register both resources."""
    appbuilder.add_view_no_menu(SegmentApi)
    appbuilder.add_view_no_menu(SchemaApi)
