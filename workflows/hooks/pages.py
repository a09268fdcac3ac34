"""`/hooks/<name>`, where other systems call, and `/admin/webhooks/`, where their secrets are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, abort, current_app, flash, jsonify, redirect, request
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext, lazy_pgettext

from crm.database import released_engine
from crm.errors import NotFoundError
from crm.records.values import user_names
from crm.revisions.workspace import Workspace
from crm.web.fab.permissions import CONFIGURATION
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.serving.session import current_session
from workflows.hooks import store
from workflows.hooks.names import hook_names
from workflows.hooks.receive import MOST_BYTES, RUN_HEADER, Sent, receive
from workflows.hooks.signature import HEADER
from workflows.organisation import RuleWorkshop, organisation_of
from workflows.runs.errors import sentences

MOST_A_MINUTE = 600  # calls of one address
CALLS_SHOWN = 20
LONGEST_KEY = 120


class HooksView(BaseView):
    """`/hooks/`: no page, and open to whoever knows a secret."""

    route_base = "/hooks"
    workspace: Workspace

    @expose("/<name>", methods=["POST"])
    def call(self, name: str) -> tuple[Response, int]:
        """Take a signed call and answer its number; its rules run right after."""
        if not current_app.extensions["crm_rates"].takes(f"hook:{request.remote_addr}", MOST_A_MINUTE):
            abort(429)
        request.max_content_length = MOST_BYTES
        body = request.get_data(cache=False)
        session = current_session()
        organisation = organisation_of(current_app.extensions["crm_settings"])
        workshop = RuleWorkshop(
            released_engine(session), organisation, clock=session.clock, fixed=self.workspace
        )
        key = request.headers.get("Idempotency-Key", "").strip()[:LONGEST_KEY] or None
        run = request.headers.get(RUN_HEADER, "").strip()
        sent = Sent(name, body, request.headers.get(HEADER, ""), key, run)
        return jsonify(event=receive(workshop, sent)), 202


class WebhooksView(BaseView):
    """`/admin/webhooks/`: for those who configure."""

    route_base = "/admin/webhooks"
    default_view = "index"
    class_permission_name = CONFIGURATION
    workspace: Workspace

    @page("/")
    def index(self) -> str:
        """List the webhooks that rules wait for, and what has called."""
        return self._page()

    @page("/<name>/secret", methods=["POST"])
    def secret(self, name: str) -> Response:
        """Make a new secret and show it, this once."""
        session = current_session()
        if name not in hook_names(session):
            raise NotFoundError("rule.hook_not_found", name=name[:60])
        made = store.renew_secret(session, name)
        session.commit()
        answer = current_app.make_response(self._page(name, made))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @page("/<name>/forget", methods=["POST"])
    def forget(self, name: str) -> Response:
        """Forget a secret: nobody is answered any more."""
        session = current_session()
        store.forget_secret(session, name)
        session.commit()
        flash(gettext("The secret is deleted. Calls are refused from now on."), "success")
        return redirect("/admin/webhooks/")

    def _page(self, shown: str = "", secret: str = "") -> str:
        session = current_session()
        known, named = store.list_hooks(session), hook_names(session)
        makers = user_names(session, [row["made_by_id"] for row in known.values() if row["made_by_id"]])
        rows = [
            {
                "name": name,
                "rules": [(rule.name, rule.label.get(current_language())) for rule in named.get(name, ())],
                "made": known.get(name),
                "by": makers.get((known.get(name) or {}).get("made_by_id"), ""),
                "calls": [_call_line(call) for call in store.list_calls(session, name, CALLS_SHOWN)],
            }
            for name in sorted({*known, *named})
        ]
        url = organisation_of(current_app.extensions["crm_settings"]).public_url
        return self.render_template(
            "hooks/list.html", rows=rows, shown=shown, secret=secret, base=f"{url}/hooks/"
        )


def _call_line(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call as the page draws it: the runs it started, and why it started none."""
    outcome = call["outcome"]
    return {
        "id": call["id"],
        "at": call["at"],
        "runs": [row["run"] for row in outcome if row.get("run")],
        "problems": [
            words for row in outcome for words in sentences(row.get("problems"), current_language())
        ],
    }


def register(appbuilder: AppBuilder, workspace: Workspace) -> None:
    """Register the address of webhooks and the page of their secrets."""
    appbuilder.add_view_no_menu(type("HooksView", (HooksView,), {"workspace": workspace}))
    appbuilder.add_view(
        type("WebhooksView", (WebhooksView,), {"workspace": workspace}),
        "Webhooks",
        href="/admin/webhooks/",
        icon="webhook",
        label=lazy_pgettext("title", "Webhooks"),
        category="Security",
    )
