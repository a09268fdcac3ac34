"""From a draft to a live revision and back: what would change, publish, watch it arrive, history, rollback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import gettext, pgettext
from werkzeug.wrappers import Response

from crm.database import CrmSession, released_engine
from crm.drafts import history, publications, service
from crm.drafts.losses import list_losses, require_agreement
from crm.drafts.model import Clash, Draft
from crm.drafts.publications import Publication
from crm.errors import ConflictError, CrmError, NotFoundError, TakesLongError
from crm.messages import render, told
from crm.records.rekey import list_rekeying
from crm.revisions.finish import unfinished_indexes
from crm.revisions.prepare import list_preparing
from crm.revisions.processes import list_processes
from crm.revisions.publish import publish_at_once, rollback_at_once, weigh_documents
from crm.revisions.workspace import Workspace
from crm.web.fab.permissions import CONFIGURATION
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.schema.impact import impact_words
from crm.web.schema.words import ChangedDocument, changed_documents, kind_label, reason_words
from crm.web.serving.session import current_session

LONGEST_WHY = 500
DRAFT = "/admin/schema/draft/"
PUBLISHING = "/admin/schema/publishing/"


class DraftView(BaseView):
    """`/admin/schema/draft/`: what is prepared, what it would do, and the button that makes it live."""

    route_base = "/admin/schema/draft"
    default_view = "index"
    class_permission_name = CONFIGURATION

    @page("/")
    def index(self) -> Response:
        """Show the actor's own draft."""
        return _draft_page(current_session(), service.find_draft(current_session()))

    @page("/<int:draft_id>")
    def show(self, draft_id: int) -> Response:
        """Show a colleague's draft."""
        return _draft_page(current_session(), service.get_draft(current_session(), draft_id))

    @page("/<int:draft_id>/take", methods=["POST"])
    def take(self, draft_id: int) -> Response:
        """Go on with a colleague's draft."""
        session = current_session()
        service.take_over(session, service.get_draft(session, draft_id))
        session.commit()
        flash(gettext("You took over the draft."), "success")
        return redirect(DRAFT)

    @page("/revert", methods=["POST"])
    def revert(self) -> Response:
        """Take back what the draft wants of one document."""
        session = current_session()
        service.revert_document(
            session, _own(session), request.form.get("kind", ""), request.form.get("name", "")
        )
        session.commit()
        flash(pgettext("message", "Change undone."), "success")
        return redirect(DRAFT)

    @page("/discard", methods=["POST"])
    def discard(self) -> Response:
        """Throw the draft away."""
        session = current_session()
        service.discard_draft(session, _own(session))
        session.commit()
        flash(pgettext("message", "Draft deleted."), "success")
        return redirect(DRAFT)

    @page("/settle", methods=["POST"])
    def settle(self) -> Response:
        """Choose between the draft's document and what somebody published meanwhile."""
        session, draft = current_session(), _own(current_session())
        key = (request.form.get("kind", ""), request.form.get("name", ""))
        for clash in service.clashes_of(session, draft):
            if (clash.kind, clash.name) == key:
                service.settle_clash(session, draft, clash, request.form.get("way", ""))
        session.commit()
        return redirect(DRAFT)

    @page("/publish", methods=["POST"])
    def publish(self) -> Response:
        """Make the draft the live revision, or show why it cannot be."""
        session, draft = current_session(), _own(current_session())
        why = " ".join(request.form.get("why", "").split())[:LONGEST_WHY]
        if request.form.get("version") != str(draft.version):
            return _draft_page(session, draft, ConflictError("draft.moved_on"), why)
        try:
            require_agreement(
                session.workspace,
                session.actor,
                service.documents_of(session, draft),
                "agreed" in request.form,
            )
            number = service.publish_draft(session, draft, why, publish_at_once)
        except TakesLongError:
            return redirect(f"{PUBLISHING}{publications.publish_later(session, draft, why)}")
        except CrmError as error:
            session.rollback()
            return _draft_page(session, draft, error, why)
        return redirect(f"/admin/schema/publish/{number}")


class RevisionView(BaseView):
    """`/admin/schema/publish/` and `/admin/schema/history/`: how a revision arrives, and every one there was."""

    route_base = "/admin/schema"
    default_view = "revisions"
    class_permission_name = CONFIGURATION

    @page("/publishing/<int:publication_id>")
    def publishing(self, publication_id: int) -> Response:
        """Show how far a publish is that a worker does; its arrival, once it has become a revision."""
        found = publications.get_publication(current_session(), publication_id)
        if found.state == "done":
            return redirect(f"/admin/schema/publish/{found.revision}")
        return self.render_template("schema/publishing.html", **_publishing(found))

    @page("/publishing/<int:publication_id>/state")
    def publishing_state(self, publication_id: int) -> Response:
        """Return the piece of that page that changes, and lead on when there is a revision."""
        found = publications.get_publication(current_session(), publication_id)
        answer = make_response(self.render_template("schema/_publishing.html", **_publishing(found)))
        if found.state == "done":
            answer.headers["HX-Redirect"] = f"/admin/schema/publish/{found.revision}"
        return answer

    @page("/publish/<int:number>")
    def arriving(self, number: int) -> str:
        """Show how a revision arrives in every process."""
        return self.render_template("schema/arriving.html", reason_words=reason_words, **_arrival(number))

    @page("/publish/<int:number>/state")
    def arriving_state(self, number: int) -> str:
        """Return the piece of that page that changes."""
        return self.render_template("schema/_arriving.html", **_arrival(number))

    @page("/history/")
    def revisions(self) -> str:
        """List the revisions, newest first."""
        session = current_session()
        rows = history.list_revisions(session)
        draft = service.find_draft(session)
        return self.render_template(
            "schema/history.html", reason_words=reason_words, rows=rows, live=rows[0]["number"], draft=draft
        )

    @page("/history/<int:number>")
    def revision(self, number: int) -> Response:
        """Show what one revision changed, and what going back to it would do."""
        return _revision_page(current_session(), number)

    @page("/history/<int:number>/rollback", methods=["POST"])
    def rollback(self, number: int) -> Response:
        """Make an older revision live again, or show why it cannot be; the data of what it knew comes back."""
        session, base = current_session(), request.form.get("base", "")
        agreed = int(base) if base.isdecimal() else None
        try:
            live = history.go_back(session, number, agreed, rollback_at_once)
        except TakesLongError:
            return redirect(f"{PUBLISHING}{publications.go_back_later(session, number, agreed)}")
        except ConflictError as error:
            return _revision_page(session, number, error)
        flash(
            gettext(
                "Rolled back: revision %(live)s has the content of revision %(number)s.",
                live=live,
                number=number,
            ),
            "success",
        )
        return redirect(f"/admin/schema/publish/{live}")


def _own(session: CrmSession) -> Draft:
    draft = service.find_draft(session)
    if draft is None:
        raise NotFoundError("draft.not_found")
    return draft


def _draft_page(
    session: CrmSession, draft: Draft | None, error: CrmError | None = None, why: str = ""
) -> Response:
    """Draw a draft: its changes, what they would do, problems to fix first, and the drafts of others."""
    language = current_language()
    context: dict[str, Any] = {"draft": draft, "why": why, "error": "", "problems": [], "impact": None}
    context["is_mine"] = draft is None or draft.user_id == session.actor.user_id
    context["others"] = [
        other for other in service.list_drafts(session) if other.user_id != session.actor.user_id
    ]
    if error is not None:
        context["error"] = render(error, language)
    publication = publications.find_publication(session, draft) if draft is not None else None
    if publication is not None:
        context["publishing"] = "" if publication.is_over else f"{PUBLISHING}{publication.id}"
        context["refused"] = publication.problems
    if draft is not None and draft.edits:
        lost = list_losses(session.workspace, session.actor, service.documents_of(session, draft))
        context["losses"] = [told(problem, language) for problem in lost]
        context |= _impact(session, draft, language)
        if error is not None and error.problems:
            context["problems"] = [told(problem, language) for problem in error.problems]
    status = error.status if error is not None else 200
    return make_response(render_template("schema/draft.html", kind_label=kind_label, **context), status)


def _impact(session: CrmSession, draft: Draft, language: str) -> dict[str, Any]:
    documents = service.documents_of(session, draft)
    clashes = [
        {"clash": clash, "mine": _changed(clash, clash.mine), "theirs": _changed(clash, clash.theirs)}
        for clash in service.clashes_of(session, draft)
    ]
    old = session.workspace.schema.documents
    impact, stored = weigh_documents(released_engine(session), documents, session.actor.name)
    return {
        "impact": impact,
        **impact_words(session, documents, impact, stored),
        "clashes": clashes,
        "changed": changed_documents(impact, old, documents, language),
        "problems": [told(problem, language) for problem in impact["problems"]],
    }


def _revision_page(session: CrmSession, number: int, error: CrmError | None = None) -> Response:
    """Draw a revision: what it changed, and what going back to it would do."""
    found = history.get_revision(session, number)
    live, language = history.list_revisions(session)[0]["number"], current_language()
    context = {
        "revision": found,
        "live": live,
        "changed": in_words(history.compare_revisions(session, found["base"], number)),
        "draft": service.find_draft(session),
        "back": _going_back(session, live, number) if number != live else None,
        "error": render(error, language) if error is not None else "",
    }
    page = render_template(
        "schema/revision.html", kind_label=kind_label, reason_words=reason_words, **context
    )
    return make_response(page, error.status if error is not None else 200)


def _going_back(session: CrmSession, live: int, number: int) -> dict[str, Any]:
    """Return what going back to a revision would do, as the page of a draft tells of publishing it."""
    compared = history.compare_revisions(session, live, number)
    impact, stored = history.weigh_going_back(session, number)
    return {
        "impact": impact,
        **impact_words(session, compared.new, impact, stored),
        "changed": in_words(compared),
        "problems": [told(problem, current_language()) for problem in impact["problems"]],
    }


def _changed(clash: Clash, body: Mapping[str, Any] | None) -> list[ChangedDocument]:
    return in_words(history.compare_clash(clash, body))


def in_words(found: history.Comparison) -> list[ChangedDocument]:
    """Return what differs between two states in words."""
    return changed_documents(found.changes, found.old, found.new, current_language())


def _publishing(found: Publication) -> dict[str, Any]:
    """Return how far the values of a publication are."""
    session = current_session()
    entities = {entity.table: entity for entity in session.workspace.schema.entities.values()}
    rows = []
    for row in list_preparing(session.connection()) if not found.is_over else ():
        entity = entities[row.table]
        fields = [field.label for field in entity.fields.values() if field.uid == row.field_uid]
        place = {"entity": entity.plural.get(current_language()), "done": row.done, "total": row.total}
        rows.append({**place, "field": fields[0].get(current_language()) if fields else ""})
    return {"publication": found, "preparing": rows, "phase": 1}


def _arrival(number: int) -> dict[str, Any]:
    """Return which processes serve a revision already."""
    session = current_session()
    found = history.get_revision(session, number)
    processes = sorted(list_processes(session.connection()), key=lambda row: (row["kind"], row["id"]))
    arrived = [row for row in processes if row["revision"] >= number]
    is_there = bool(processes) and len(arrived) == len(processes)
    unfinished, rekeying = _unfinished(session), _rekeying(session)
    is_done = is_there and not rekeying and all(row["reason"] for row in unfinished)
    return {
        "phase": 4 if is_done else 3 if is_there else 2,
        "is_done": is_done,
        "revision": found,
        "number": number,
        "processes": processes,
        "arrived": len(arrived),
        "is_there": is_there,
        "failed": any(row["failure"] for row in processes if row["revision"] < number),
        "unfinished": unfinished,
        "rekeying": rekeying,
        "kinds": {
            "web": pgettext("process", "Web"),
            "worker": pgettext("process", "Background process"),
            "scheduler": pgettext("process", "Scheduler"),
        },
    }


def _unfinished(session: CrmSession) -> list[dict[str, str]]:
    """Return what a publish left to be done while everybody works: whose index, and why the database refused it."""
    found, entities = [], session.workspace.schema.entities
    for row in unfinished_indexes(session.connection(), session.workspace):
        entity = entities[row.entity]
        field = entity.fields.get(row.field)
        said = {
            "entity": entity.plural.get(current_language()),
            "field": field.label.get(current_language()) if field else pgettext("process", "Search"),
            "reason": row.reason,
        }
        found += [said] if said not in found else []  # to be filtered by and to be sorted by are two indexes
    return found


def _rekeying(session: CrmSession) -> list[dict[str, Any]]:
    """Return the entities whose records are not all found by their new words yet, and how far they are."""
    entities = session.workspace.schema.entities
    found = list_rekeying(session.connection(), session.workspace)
    return [
        {"entity": entities[row.entity].plural.get(current_language()), "done": row.done, "total": row.total}
        for row in found
    ]


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view_no_menu(DraftView)
    appbuilder.add_view_no_menu(RevisionView)
