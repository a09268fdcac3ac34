"""The schema over REST: read what is live, check, compare and publish documents, go back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_appbuilder import AppBuilder, expose

from crm.database import CrmSession, released_engine
from crm.drafts import history
from crm.drafts.losses import require_agreement
from crm.entities.load import check_schema
from crm.errors import ConflictError, NotAllowedError, SchemaError
from crm.messages import told
from crm.permissions.service import reads_every
from crm.revisions.processes import publish_status
from crm.revisions.publish import diff_schema, publish_schema
from crm.revisions.workspace import Workspace, live_workspace
from crm.web.rest.answers import answer, for_users
from crm.web.rest.described import ANYTHING, NUMBER, TEXT, TRUTH, DescribedApi, a_list, an_object, described
from crm.web.rest.refusals import published_since, refused
from crm.web.rest.sent import DOCUMENTS, WANTED, sent_base, sent_number, sent_object, sent_set
from crm.web.serving.asking import always, asks
from crm.web.serving.session import current_actor, current_session

TOLD_OF_A_REVISION = ("number", "why", "user_name", "created_at", "base")


PROBLEMS = a_list(an_object(file=TEXT, line=NUMBER, column=NUMBER, field=TEXT, message=TEXT))
LISTS = dict.fromkeys(("added", "changed", "removed", "sql", "used_by", "conversions", "touched"), a_list({}))
DIFF = an_object(**LISTS, base=NUMBER, rows=ANYTHING, problems=PROBLEMS, notes=PROBLEMS, reversible=TRUTH)
REVISION = an_object(revision=NUMBER)


class SchemaApi(DescribedApi):
    """The schema over REST, for those who may configure the CRM."""

    resource_name = "schema"

    @expose("/")
    @for_users
    @described(gives=an_object(revision=NUMBER, documents=DOCUMENTS))
    def get(self) -> Response:
        """Return the live revision and its documents."""
        schema = configured(current_session()).schema
        return answer(
            {"revision": schema.number, "documents": [dict(found.body) for found in schema.documents]}
        )

    @expose("/status")
    @for_users
    @described(gives=an_object(revision=NUMBER, all_there=TRUTH, processes=a_list(ANYTHING)))
    def status(self) -> Response:
        """Return which process serves which revision, and which could not take up the live one."""
        session = current_session()
        configured(session)
        return answer(publish_status(released_engine(session)))

    @expose("/check", methods=["POST"])
    @for_users
    @asks(always)
    @described(takes=an_object(**WANTED), gives=an_object(problems=PROBLEMS))
    def check(self) -> Response:
        """Return every problem of the documents that were sent, laid over what is live."""
        configured(current_session())
        documents, problems = sent_set(live_workspace(current_session()), sent_object("schema.no_documents"))
        problems += check_schema(documents, 0)[1]
        return answer({"problems": [told(problem, current_actor().language) for problem in problems]})

    @expose("/diff", methods=["POST"])
    @for_users
    @asks(always)
    @described(takes=an_object(**WANTED), gives=DIFF)
    def diff(self) -> Response:
        """Return what publishing the documents would do."""
        session = current_session()
        configured(session)
        documents, problems = sent_set(live_workspace(session), sent_object("schema.no_documents"))
        engine = released_engine(session)
        found = diff_schema(engine, documents, current_actor().name)
        return answer(in_words({**found, "problems": [*problems, *found["problems"]]}))

    @expose("/publish", methods=["POST"])
    @for_users
    @described(takes=an_object(**WANTED, why=TEXT, confirm=TRUTH), gives=REVISION)
    def publish(self) -> Response:
        """Lay documents over what is live and make that the live revision; `base` names the one they were made from.

        `remove` names what goes. What takes away entities, roles or the caller's own access wants `confirm`, else 409.
        """
        session = current_session()
        configured(session)
        body, name = sent_object("schema.no_documents"), current_actor().name
        live = live_workspace(session)
        documents, problems = sent_set(live, body)
        if problems:
            raise SchemaError("schema.has_problems", problems, count=len(problems))
        require_agreement(live, session.actor, documents, body.get("confirm") is True)
        base = sent_base(body) or live.number
        engine, why = released_engine(session), str(body.get("why", ""))[:500]
        try:
            return answer({"revision": publish_schema(engine, documents, why, name, base)})
        except ConflictError as error:
            return refused(error, **published_since(session, error))

    @expose("/history")
    @for_users
    @described(gives=an_object(revisions=a_list(ANYTHING)))
    def revisions(self) -> Response:
        """Return every revision without its documents, newest first."""
        rows = history.list_revisions(current_session())
        return answer({"revisions": [{name: row[name] for name in TOLD_OF_A_REVISION} for row in rows]})

    @expose("/rollback", methods=["POST"])
    @for_users
    @described(takes=an_object(number=NUMBER, base=NUMBER, dry_run=TRUTH), gives=REVISION)
    def rollback(self) -> Response:
        """Make an older revision's documents live again, as a new one; with `dry_run` tell what that would do.

        `base` names the live revision whose end was agreed to.
        """
        session = current_session()
        configured(session)
        body = sent_object("schema.no_number")
        if body.get("dry_run") is True:
            return answer(in_words(history.weigh_going_back(session, sent_number(body))[0]))
        base = sent_base(body)
        return answer({"revision": history.go_back(session, sent_number(body), base)})


def may_read(entity: str, field: str) -> bool:
    """Return whether the caller may read a field of every record, by the names in the documents they sent."""
    session = current_session()
    known = session.workspace.schema.entities.get(entity)
    if known is None or field not in known.fields:
        return False
    return reads_every(session.actor, known, known.fields[field].uid)


def configured(session: CrmSession) -> Workspace:
    """Return the workspace to an actor who may configure the CRM.

    Errors: NotAllowedError.
    """
    if not session.actor.may_configure:
        raise NotAllowedError("permissions.may_not_configure")
    return session.workspace


def in_words(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a publish would do for the caller: problems and notes as sentences, records only if readable."""
    language = current_actor().language
    conversions = [
        row if may_read(row["entity"], row["field"]) else {**row, "refused": []}
        for row in found["conversions"]
    ]
    sentences = {key: [told(one, language) for one in found[key]] for key in ("problems", "notes")}
    return {**found, **sentences, "conversions": conversions}


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the resource."""
    appbuilder.add_api(SchemaApi)
