"""`/admin/rules/<name>/try`: a rule of the draft rehearsed in the web, by a worker, with progress and cancel."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, redirect, render_template, request
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import pgettext
from werkzeug.wrappers import Response

from crm.database import CrmSession, released_engine
from crm.drafts.service import document_of, find_draft
from crm.entities.build import label_of
from crm.entities.model import Entity
from crm.errors import NotFoundError
from crm.records.values import situation_of, titles_by_id
from crm.revisions.workspace import Workspace
from crm.web.fab.permissions import CONFIGURATION
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.serving.session import current_session, require_configuration
from workflows.actions import ACTIONS
from workflows.effects import effect_lines
from workflows.organisation import RuleWorkshop, organisation_of
from workflows.rules.words import member_label
from workflows.runs import rehearsals
from workflows.runs.errors import sentences

USUAL_CHANGES, USUAL_DAYS = 100, 30
MOST_CHANGES, MOST_DAYS = 100_000, 3_650


class TryView(BaseView):
    """Rehearsals of the reader."""

    route_base = "/admin/rules"
    class_permission_name = CONFIGURATION

    @page("/<name>/try")
    def show(self, name: str) -> str:
        """Show what can be tried, and the reader's last rehearsal of the rule."""
        require_configuration()
        body = found_body(name)
        return self.render_template(
            "rules/try.html",
            name=name,
            title=label_of(body, "label", name).get(current_language()),
            asked=(rehearsals.find_last(current_session(), name) or {}).get("asked", {}),
            changes=USUAL_CHANGES,
            days=USUAL_DAYS,
            is_active=body.get("enabled", True) is True,
            draft=find_draft(current_session()),
            **drawn(name, body),
        )

    @page("/<name>/try/state")
    def state(self, name: str) -> str:
        """Show how far the rehearsal is."""
        require_configuration()
        body = found_body(name)
        return render_template("rules/_rehearsal.html", name=name, **drawn(name, body))

    @page("/<name>/try", methods=["POST"])
    def start(self, name: str) -> Response:
        """Ask for a rehearsal."""
        require_configuration()
        session = current_session()
        found_body(name)
        organisation = organisation_of(current_app.extensions["crm_settings"])
        workshop = RuleWorkshop(released_engine(session), organisation, clock=session.clock)
        rehearsals.ask(session, workshop, name, asked_of_form())
        return redirect(f"/admin/rules/{name}/try#rehearsal")

    @page("/<name>/try/cancel", methods=["POST"])
    def cancel(self, name: str) -> Response:
        """End the rehearsal that is on its way."""
        require_configuration()
        session = current_session()
        rehearsals.cancel(session, name)
        session.commit()
        return redirect(f"/admin/rules/{name}/try#rehearsal")


def found_body(name: str) -> Mapping[str, Any]:
    """Return a rule's document as the reader's draft has it.

    Errors: NotFoundError.
    """
    session = current_session()
    found = document_of(session, find_draft(session), rehearsals.RULE, name)
    if found is None:
        raise NotFoundError("rule.not_found", name=name)
    return found.body


def asked_of_form() -> dict[str, Any]:
    """Return what the form asks for; odd numbers count as the usual ones."""
    what = request.form.get("what", "changes")
    if what == "record":
        return {"record": _number("record", 1, 2**31 - 1)}
    if what == "days":
        return {"since": f"{_number('days', USUAL_DAYS, MOST_DAYS)}d"}
    return {"changes": _number("changes", USUAL_CHANGES, MOST_CHANGES)} if what == "changes" else {}


def _number(key: str, usual: int, most: int) -> int:
    text = request.form.get(key, "").strip().lstrip("#")
    return min(max(int(text), 1), most) if text.isascii() and text.isdigit() and len(text) < 12 else usual


def drawn(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reader's last rehearsal of a rule as its page draws it."""
    session = current_session()
    row = rehearsals.find_last(session, name)
    if row is None:
        return {"rehearsal": None}
    found = json.loads(row["result"]) if row["result"] else None
    entity = session.workspace.schema.entities.get(str(body.get("entity")))
    made: dict[str, Any] = {
        "rehearsal": row,
        "is_of_today": row["digest"] == rehearsals.digest_of(body),
        "errors": sentences(row["error"], current_language()),
        "found": found,
    }
    if found is not None and entity is not None:
        titles = titles_of(session, entity, [*found["firings"], *found["refused"]])
        made["firings"] = [firing_line(session, entity, one, titles) for one in found["firings"]]
        made["refused"] = [{**one, **titled(entity, one["record"], titles)} for one in found["refused"]]
    return made


def titles_of(session: CrmSession, entity: Entity, lines: Sequence[Mapping]) -> Mapping[int, str]:
    """Return what the records are called that the reader may see."""
    return titles_by_id(session, entity, {one["record"] for one in lines}, situation_of(session))


def titled(entity: Entity, record_id: int, titles: Mapping[int, str]) -> dict[str, Any]:
    """Return a record as a line shows it."""
    title = titles.get(record_id, "")
    label = entity.label.get(current_language())
    return {
        "title": title or f"{label} #{record_id}",
        "url": f"/{entity.name}/show/{record_id}" if title else "",
    }


def firing_line(
    session: CrmSession, entity: Entity, one: Mapping[str, Any], titles: Mapping[int, str]
) -> dict[str, Any]:
    """Return a firing with what each step would do in words."""
    steps = [
        {
            "label": action_label(effect.get("action", "")),
            "lines": effect_lines(session, entity, effect),
            "messages": effect.get("messages", ()),
        }
        for effect in one["effects"]
    ]
    moment = dt.datetime.fromisoformat(one["at"])
    return {**one, "at": moment, "steps": steps, **titled(entity, one["record"], titles)}


def action_label(word: str) -> str:
    """Return what an action is called."""
    action = ACTIONS.get(word)
    return member_label(action, current_language()) if action else pgettext("label", "Step")


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view_no_menu(TryView)
