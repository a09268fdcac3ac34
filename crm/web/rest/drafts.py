"""Drafts over REST: what admins prepare, in documents, published by the judge that judges the web."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response
from flask_appbuilder import AppBuilder, expose

from crm.database import CrmSession
from crm.drafts import history, service
from crm.drafts.losses import require_agreement
from crm.drafts.model import Clash, Draft
from crm.errors import ConflictError, NotFoundError, SchemaError
from crm.messages import told
from crm.revisions.workspace import Workspace
from crm.web.rest.answers import answer, for_users
from crm.web.rest.described import ANYTHING, NUMBER, TEXT, TRUTH, DescribedApi, a_list, an_object, described
from crm.web.rest.refusals import published_since, refused
from crm.web.rest.sent import DOCUMENTS, KEYS, sent_documents, sent_keys, sent_object
from crm.web.serving.session import current_session

DRAFT = an_object(
    id=NUMBER, user=TEXT, version=NUMBER, updated_at=TEXT, documents=a_list(ANYTHING), removed=KEYS,
    clashes=a_list(ANYTHING), problems=a_list(ANYTHING),
)  # fmt: skip
CHANGES = an_object(documents=DOCUMENTS, remove=KEYS, version=NUMBER, base=NUMBER)


@dataclass(frozen=True)
class Wanted:
    """One document that was sent for the draft; `after` is None to remove it."""

    kind: str
    name: str
    after: Mapping[str, Any] | None
    base: int


class DraftsApi(DescribedApi):
    """`/api/v1/schema/drafts` and `/api/v1/schema/draft`, for those who may configure the CRM."""

    route_base = "/api/v1/schema"
    resource_name = "drafts"
    tag = "schema"

    @expose("/drafts")
    @for_users
    @described(gives=an_object(drafts=a_list(DRAFT)))
    def colleagues(self) -> Response:
        """Return everybody's drafts that hold something, newest first."""
        return answer({"drafts": [_facts(draft) for draft in service.list_drafts(current_session())]})

    @expose("/drafts/<int:draft_id>")
    @for_users
    @described(gives=DRAFT)
    def one(self, draft_id: int) -> Response:
        """Return a draft of anybody, with its documents."""
        session = current_session()
        return answer(_whole(session, service.get_draft(session, draft_id)))

    @expose("/draft")
    @for_users
    @described(gives=DRAFT)
    def own(self) -> Response:
        """Return the caller's own draft, with its documents."""
        return answer(_whole(current_session(), _own(current_session())))

    @expose("/draft", methods=["PUT"])
    @for_users
    @described(takes=CHANGES, gives=DRAFT)
    def put(self) -> Response:
        """Lay documents into the caller's draft; `base` is the revision they were made from, `version` the draft's."""
        session, body = current_session(), sent_object("schema.no_documents")
        service.require_configurator(session)
        documents, problems = sent_documents({"documents": [], **body})
        if problems:
            raise SchemaError("draft.files_refused", problems, count=len(problems))
        base = _number(body, "base") or session.workspace.number
        if not 0 < base <= session.workspace.number:
            raise NotFoundError("schema.no_such_revision", number=base)
        wanted = [Wanted(found.kind, found.name, found.body, base) for found in documents]
        wanted += [Wanted(*key, None, base) for key in sent_keys(body)]
        draft = service.save_documents(session, service.open_draft(session), wanted, _number(body, "version"))
        session.commit()
        return answer(_whole(session, draft))

    @expose("/draft", methods=["DELETE"])
    @for_users
    @described(gives=an_object(message=TEXT))
    def discard(self) -> Response:
        """Throw the caller's draft away."""
        session = current_session()
        service.discard_draft(session, _own(session))
        session.commit()
        return answer({"message": "OK"})

    @expose("/draft/settle", methods=["POST"])
    @for_users
    @described(takes=an_object(kind=TEXT, name=TEXT, way={"enum": ["mine", "theirs", "merged"]}), gives=DRAFT)
    def settle(self) -> Response:
        """Choose between the draft's document and the one that somebody published meanwhile."""
        session, body = current_session(), sent_object("draft.no_such_way")
        draft = _own(session)
        key = (body.get("kind"), body.get("name"))
        clash = next((one for one in service.clashes_of(session, draft) if (one.kind, one.name) == key), None)
        if clash is None:
            raise NotFoundError("draft.no_clash")
        draft = service.settle_clash(session, draft, clash, str(body.get("way")))
        session.commit()
        return answer(_whole(session, draft))

    @expose("/draft/publish", methods=["POST"])
    @for_users
    @described(takes=an_object(why=TEXT, version=NUMBER, confirm=TRUTH), gives=an_object(revision=NUMBER))
    def publish(self) -> Response:
        """Make the draft the live revision; 409 says what was published since it began, and changes nothing."""
        session, body = current_session(), sent_object("draft.no_version")
        draft = _own(session)
        if _number(body, "version") is None:
            raise SchemaError("draft.no_version")
        if _number(body, "version") != draft.version:
            raise ConflictError("draft.moved_on")
        clashes = [_clash(clash) for clash in service.clashes_of(session, draft)]
        try:
            require_agreement(
                session.workspace,
                session.actor,
                service.documents_of(session, draft),
                body.get("confirm") is True,
            )
            number = service.publish_draft(session, draft, str(body.get("why", ""))[:500])
        except ConflictError as error:
            return refused(error, clashes=clashes, **published_since(session, error))
        return answer({"revision": number})


def _own(session: CrmSession) -> Draft:
    draft = service.find_draft(session)
    if draft is None:
        raise NotFoundError("draft.not_found")
    return draft


def _facts(draft: Draft) -> dict[str, Any]:
    return {
        "id": draft.id,
        "user": draft.user_name,
        "version": draft.version,
        "updated_at": draft.updated_at,
        "documents": [
            {"kind": edit.kind, "name": edit.name} for edit in draft.edits if edit.body is not None
        ],
        "removed": [{"kind": edit.kind, "name": edit.name} for edit in draft.edits if edit.body is None],
    }


def _whole(session: CrmSession, draft: Draft) -> dict[str, Any]:
    """Return a draft with its documents, its clashes and its problems."""
    language = session.actor.language
    return {
        **_facts(draft),
        "documents": [dict(edit.body) for edit in draft.edits if edit.body is not None],
        "clashes": [_clash(clash) for clash in service.clashes_of(session, draft)],
        "problems": [told(problem, language) for problem in service.propose(session, draft)[1]],
    }


def _clash(clash: Clash) -> dict[str, Any]:
    """Return both sides' changes since the draft's edit began, and which ways there are to settle them."""
    return {
        "kind": clash.kind,
        "name": clash.name,
        "mine": history.compare_clash(clash, clash.mine).changes,
        "theirs": history.compare_clash(clash, clash.theirs).changes,
        "ways": ["mine", "theirs", *(["merged"] if clash.merged is not None else [])],
    }


def _number(body: Mapping[str, Any], key: str) -> int | None:
    found = body.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the resource."""
    appbuilder.add_api(DraftsApi)
