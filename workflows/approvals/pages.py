"""`/approvals/`: what waits for the reader's decision, and who decides while they are away; the same over REST."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, jsonify, make_response, redirect, request
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext, lazy_pgettext, pgettext
from werkzeug.wrappers import Response

from crm.database import CrmSession
from crm.errors import CrmError, FieldError, RecordError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.messages import render
from crm.permissions.store import find_user, find_user_id, list_user_names
from crm.records import notes
from crm.records.timeline import MORE_SOURCES
from crm.records.values import situation_of
from crm.revisions.workspace import Workspace
from crm.texts import Text
from crm.web.day.page import WAITING, Waiting
from crm.web.fab.permissions import EVERYONE
from crm.web.fab.views import page
from crm.web.forms.fields import FormField, Option
from crm.web.language import current_language
from crm.web.rest.described import NUMBER, TEXT, TRUTH, DescribedApi, a_list, an_object, described
from workflows.approvals import service, store
from workflows.approvals.timeline import SAID, decisions_of, waiting_notes
from workflows.rules.words import say

LARGEST_ID = 2**63 - 1
SHOWN = 20  # decisions of the reader's own
DAY = Field("day", "date", Text("day"))


class ApprovalsView(BaseView):
    """`/approvals/`."""

    route_base = "/approvals"
    default_view = "show"
    class_permission_name = EVERYONE

    @page("/")
    def show(self) -> str:
        """Show what waits for the reader."""
        return self.draw()

    @page("/<int:approval_id>", methods=["POST"])
    def decide(self, approval_id: int) -> Response:
        """Approve or reject."""
        session = self.appbuilder.session()
        is_approved = request.form.get("approve") == "1"
        try:
            service.decide(session, min(approval_id, LARGEST_ID), is_approved, request.form.get("reason", ""))
        except RecordError as error:
            return make_response(self.draw({approval_id: error}), 422)
        session.commit()
        flash(gettext("Your decision was saved."), "success")
        return redirect("/approvals/")

    @page("/away", methods=["POST"])
    def away(self) -> Response:
        """Say when the reader is away, and who decides meanwhile."""
        session, form = self.appbuilder.session(), request.form
        try:
            situation, kind = situation_of(session), FIELD_TYPES[DAY.type]
            days = tuple(kind.clean(DAY, form.get(name) or None, situation) for name in ("from", "until"))
            stand_in = (
                find_user_id(session.connection(), form.get("stand_in", "")) if form.get("stand_in") else None
            )
            service.save_away(session, days, stand_in)
        except (RecordError, FieldError) as error:
            return make_response(self.draw(away=error), 422)
        session.commit()
        flash(pgettext("message", "Saved."), "success")
        return redirect("/approvals/")

    def draw(self, refused: dict[int, CrmError] | None = None, away: CrmError | None = None) -> str:
        """Return the page, with what is wrong with what was sent."""
        session, language = self.appbuilder.session(), current_language()
        said = {number: words_of(error, language) for number, error in (refused or {}).items()}
        return self.render_template(
            "approvals/list.html",
            title=pgettext("title", "Approvals"),
            questions=[
                (one, reason_field(one.id, said.get(one.id, ""))) for one in service.list_questions(session)
            ],
            decided=self.decided(),
            away_fields=self.away_fields(words_of(away, language) if away else ""),
            is_away=store.find_away(session, g.user.id) is not None,
        )

    def decided(self) -> list[dict[str, Any]]:
        """Return what the reader decided lately."""
        session = self.appbuilder.session()
        rows = service.list_decided(session, SHOWN)
        return [{**row, "verdict": say(SAID[row["verdict"]], session.actor.language)} for row in rows]

    def away_fields(self, error: str) -> list[FormField]:
        """Return the controls of the form about being away."""
        session, form = self.appbuilder.session(), request.form
        row = store.find_away(session, g.user.id) or {}
        names = list_user_names(session.connection(), current_language())
        stand_in = find_user(session.connection(), row["stand_in_id"]) if row else None
        held = {
            "from": str(row.get("from_day") or ""),
            "until": str(row.get("until_day") or ""),
            "stand_in": stand_in["username"] if stand_in else "",
        }
        labels = {
            "from": pgettext("label", "Away from"),
            "until": pgettext("label", "Away until"),
            "stand_in": pgettext("label", "Decides for me"),
        }
        return [
            FormField(
                name=name,
                label=labels[name],
                control="select" if name == "stand_in" else "date",
                value=form.get(name, held[name]),
                options=tuple(Option(*one) for one in names if one[0] != g.user.username)
                if name == "stand_in"
                else (),
                error=error if name == "until" else "",
            )
            for name in held
        ]


def reason_field(approval_id: int, error: str) -> FormField:
    """Return the control of a reason."""
    return FormField(
        name="reason",
        label=pgettext("label", "Reason"),
        control="textarea",
        value=request.form.get("reason", "") if error else "",
        error=error,
        max_length=service.LONGEST_REASON,
        prefix=f"approval-{approval_id}",
    )


def words_of(error: CrmError, language: str) -> str:
    """Return what is wrong as sentences."""
    return " ".join(render(problem, language) for problem in error.problems or [error.as_problem()])


QUESTION = an_object(
    id=NUMBER, entity=TEXT, record=NUMBER, title=TEXT, text=TEXT, rule=TEXT, since=TEXT, is_turn=TRUTH
)


class ApprovalApi(DescribedApi):
    """`/api/v1/approval/`."""

    resource_name = "approval"
    class_permission_name = EVERYONE

    @expose("/", methods=["GET"])
    @protect()
    @permission_name("use")
    @described(gives=an_object(count=NUMBER, result=a_list(QUESTION)))
    def get_list(self) -> Response:
        """Return what waits for the caller's decision, oldest first."""
        rows = [
            {
                "id": one.id,
                "entity": one.entity.name if one.entity else None,
                "record": one.record_id,
                "title": one.title,
                "text": one.text,
                "rule": one.rule,
                "since": f"{one.since.isoformat()}Z",
                "is_turn": one.is_turn,
                "instead_of": list(one.instead_of),
            }
            for one in service.list_questions(self.appbuilder.session())
        ]
        return jsonify({"count": len(rows), "result": rows})

    @expose("/<int:approval_id>", methods=["POST"])
    @protect()
    @permission_name("use")
    @described(takes=an_object(approve=TRUTH, reason=TEXT), gives=an_object(id=NUMBER, state=TEXT))
    def decide(self, approval_id: int) -> Response:
        """Approve or reject; a rejection needs a reason. Only the first word counts: afterwards it is a 409."""
        sent = request.get_json(silent=True)
        if not isinstance(sent, dict) or not isinstance(sent.get("approve"), bool):
            abort(400)
        if not isinstance(sent.get("reason", ""), str):
            abort(400)
        session = self.appbuilder.session()
        number = min(approval_id, LARGEST_ID)
        found = service.decide(session, number, sent["approve"], sent.get("reason", ""))
        session.commit()
        return jsonify(found)


def waiting_today(session: CrmSession) -> list[Waiting]:
    """Return what waits for the reader's decision now, for their day."""
    return [
        Waiting(one.title or one.text, f"/approvals/#approval-{one.id}", "checkbox", one.since)
        for one in service.list_questions(session)
        if one.is_turn
    ]


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the page, what it adds to the pages of records, and the resource."""
    if decisions_of not in MORE_SOURCES:
        MORE_SOURCES.append(decisions_of)
        notes.SOURCES.append(waiting_notes)
        WAITING.append(waiting_today)
    appbuilder.add_view(
        ApprovalsView,
        "Approvals",
        href="/approvals/",
        icon="checkbox",
        label=lazy_pgettext("title", "Approvals"),
    )
    appbuilder.add_api(ApprovalApi)
