"""`/users/leaving/<id>`: a user leaves, and others take over; and how far that is."""

from __future__ import annotations

from typing import Any

from flask import abort, make_response, redirect, render_template, request
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from werkzeug.wrappers import Response

from crm.errors import CrmError
from crm.leaving import handover
from crm.leaving.holdings import (
    Holding,
    count_drafted,
    documents_naming,
    is_last_admin,
    list_holdings,
    successors,
)
from crm.messages import render
from crm.permissions import store as people
from crm.records.values import user_names
from crm.revisions.workspace import Workspace
from crm.web.entity.arguments import record_number
from crm.web.entity.saved_views import count_shared
from crm.web.schema.words import document_words
from crm.web.serving.session import current_session

STAY, NOBODY, ALL = "stay", "nobody", "all"
LARGEST_USER = 2**31 - 1


class LeavingView(BaseView):
    """Pages for administrators, behind the right to edit users."""

    route_base = "/users"
    default_view = "leaving"
    class_permission_name = "UserDBModelView"

    @expose("/leaving/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def leaving(self, pk: str) -> Response:
        """Show what a user holds and ask who takes it over, or do what was answered."""
        session, user_id = current_session(), record_number(pk)
        if user_id > LARGEST_USER:
            abort(404)
        user = people.find_user(session.connection(), user_id)
        holdings = list_holdings(session, user_id)
        if user is None and not holdings:
            abort(404)
        if request.method == "GET":
            return self._page(user_id, user, holdings)
        act = handover.leave if user and user["active"] else handover.hand_over
        try:
            number = act(session, user_id, chosen_of(holdings))
            total = handover.get_handover(session.connection(), number).total
        except CrmError as error:
            session.rollback()
            return self._page(user_id, user, holdings, error)
        engine = session.get_bind()
        session.commit()
        handover.begin(engine, number, total)
        return redirect(f"/users/handover/{number}")

    def _page(
        self, user_id: int, user: Any, holdings: list[Holding], error: CrmError | None = None
    ) -> Response:
        session = current_session()
        language = session.actor.language
        problems = list(error.problems or [error.as_problem()]) if error else []
        values = {
            "user_id": user_id,
            "name": user_names(session, [user_id])[user_id],
            "is_active": bool(user and user["active"]),
            "is_last_admin": is_last_admin(session.connection(), user_id),
            "is_oneself": user_id == session.actor.user_id,
            "holdings": [(each, successors(session, each, user_id)) for each in holdings],
            "everybody": _everybody(session, user_id),
            "documents": [
                (each.kind, each.name, document_words(each.kind, each.name, each.body, language))
                for each in (documents_naming(session, user["username"]) if user else [])
            ],
            "drafted": count_drafted(session, user_id),
            "views": count_shared(session, user_id),
            "sent": request.form,
            "problems": [
                (f"to-{problem.field}" if problem.field else "", "", render(problem, language))
                for problem in problems
            ],
        }
        return make_response(render_template("people/leaving.html", **values), error.status if error else 200)

    @expose("/handover/<number>")
    @has_access
    @permission_name("edit")
    def handover(self, number: str) -> str:
        """Show how far a handover is."""
        return self._progress("people/handover.html", number)

    @expose("/handover/<number>/state")
    @has_access
    @permission_name("edit")
    def state(self, number: str) -> str:
        """Return the piece of the page that is asked for again and again."""
        return self._progress("people/_handover.html", number)

    def _progress(self, template: str, number: str) -> str:
        session = current_session()
        found = handover.get_handover(session.connection(), record_number(number))
        name = user_names(session, [found.user_id])[found.user_id]
        entities = session.workspace.schema.entities
        refused = [
            (entities[each["entity"]], each["id"], each["message"])
            for each in found.refused
            if each["entity"] in entities
        ]
        return render_template(template, handover=found, name=name, refused=refused)


def _everybody(session: Any, user_id: int) -> dict[int, str]:
    connection = session.connection()
    ids = [number for number in connection.scalars(people.choosable()) if number != user_id]
    return people.list_names(connection, ids, session.actor.language)


def chosen_of(holdings: list[Holding]) -> dict[str, int | None]:
    """Return what a form chose, by `entity.field`: one answer for all, and others for some; what stays is absent."""
    chosen: dict[str, int | None] = {}
    for holding in holdings:
        word = request.form.get(f"to.{holding.key}") or request.form.get(ALL) or STAY
        if word == NOBODY:
            chosen[holding.key] = None
        elif word.isascii() and word.isdigit() and len(word) < 10:
            chosen[holding.key] = int(word)
    return chosen


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view_no_menu(LeavingView)
