"""`/job/`: bulk changes, how far they are, what they did not change and why; stopped and undone from here."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import pgettext
from werkzeug.wrappers import Response

from crm.bulk import service, store, telling
from crm.errors import ConflictError
from crm.messages import render
from crm.permissions.store import list_names
from crm.revisions.workspace import Workspace
from crm.texts import NP_
from crm.web.entity.bulk import titles_of
from crm.web.entity.cells import record_url
from crm.web.fab.permissions import EVERYONE
from crm.web.fab.views import page
from crm.web.language import spoken
from crm.web.rest.bulk import begin
from crm.web.serving.session import current_session

KINDS = {
    "edit": NP_("job", "Edit field"),
    "delete": NP_("job", "Delete"),
    "merge": NP_("job", "Merge"),
    "button": NP_("job", "Button"),
    "undo": NP_("job", "Undo"),
}
STATES = {
    store.WORKING: (NP_("state.job", "Running"), "blue"),
    store.DONE: (NP_("state.job", "Done"), "green"),
    store.CANCELLED: (NP_("state.job", "Stopped"), "orange"),
    store.FAILED: (NP_("state.job", "Failed"), "red"),
    store.UNDONE: (NP_("state.job", "Undone"), "gray"),
}


class JobView(BaseView):
    """The pages of bulk changes."""

    route_base = "/job"
    default_view = "index"
    class_permission_name = EVERYONE

    @page("/")
    def index(self) -> str:
        """List the reader's newest bulk changes."""
        session = current_session()
        jobs = [describe(job) for job in service.list_jobs(session)]
        return render_template("bulk/index.html", jobs=jobs)

    @page("/<int:number>")
    def show(self, number: int) -> str:
        """Show one bulk change."""
        return render_template("bulk/job.html", **whole(number))

    @page("/<int:number>/state")
    def state(self, number: int) -> str:
        """Show how far it is alone, for the page that asks every second."""
        return render_template("bulk/_job.html", **whole(number))

    @page("/<int:number>/cancel", methods=["POST"])
    def cancel(self, number: int) -> Response:
        """Stop a bulk change, and undo what it did if that was asked."""
        session = current_session()
        try:
            service.cancel(session, number)
            session.commit()
            if request.form.get("undo") == "1":
                return self._undo(number)
        except ConflictError as error:
            return self._refused(number, error)
        return redirect(url_for("JobView.show", number=number))

    @page("/<int:number>/undo", methods=["POST"])
    def undo(self, number: int) -> Response:
        """Undo a bulk change by another one."""
        try:
            return self._undo(number)
        except ConflictError as error:
            return self._refused(number, error)

    def _undo(self, number: int) -> Response:
        undo = service.start_undo(current_session(), number)
        begin(undo)
        return redirect(url_for("JobView.show", number=undo))

    def _refused(self, number: int, error: ConflictError) -> Response:
        session = current_session()
        session.rollback()
        flash(render(error, session.actor.language), "danger")
        return redirect(url_for("JobView.show", number=number))


def describe(job: dict[str, Any]) -> dict[str, Any]:
    """Return what pages show of a job."""
    session = current_session()
    entity = None if job["is_gone"] else session.workspace.schema.entities[job["entity"]]
    label, color = STATES[job["state"]]
    return {
        "job": job,
        "entity": entity,
        "kind": spoken(KINDS.get(job["kind"], job["kind"])),
        "state_label": spoken(label),
        "state_color": color,
        "is_busy": job["state"] == store.WORKING,
        "can_undo": bool(job["changed"]) and service.can_undo(session, job),
        "url": url_for("JobView.show", number=job["id"]),
    }


def whole(number: int) -> dict[str, Any]:
    """Return what the page of one job shows."""
    session = current_session()
    job = service.get_job(session, number)
    found = describe(job)
    status = telling.status_of(session, job)
    titles = (
        titles_of(session, found["entity"], {each["id"] for each in status["problems"]})
        if found["entity"]
        else {}
    )
    names = (
        list_names(session.connection(), [job["user_id"]], session.actor.language) if job["user_id"] else {}
    )
    return {
        **found,
        "title": pgettext("title", "Bulk change %(id)s", id=number),
        "who": names.get(job["user_id"], ""),
        "failure": status["problem"],
        "problems": [
            {
                **each,
                "title": titles.get(each["id"], f"#{each['id']}"),
                "url": record_url(job["entity"], each["id"]) if each["id"] in titles else "",
            }
            for each in status["problems"]
        ],
        "list_url": f"/{job['entity']}/list/" if found["entity"] else "",
    }


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages of bulk changes."""
    appbuilder.add_view(JobView, "Bulk changes", label=NP_("title", "Bulk changes"), icon="list-check")
