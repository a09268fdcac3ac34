"""`/bin/`: what was deleted and is kept for a while, to be restored or deleted permanently."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import pgettext
from werkzeug.wrappers import Response

from crm.entities.model import Entity
from crm.errors import NotFoundError, RecordError
from crm.messages import render
from crm.permissions.store import list_names
from crm.records.bin import Binned, list_binned
from crm.records.restoring import purge_record, restore_record
from crm.records.values import situation_of, title_fields, title_of
from crm.revisions.workspace import Workspace
from crm.texts import NP_
from crm.web.entity.cells import record_url
from crm.web.fab.permissions import EVERYONE
from crm.web.fab.views import page
from crm.web.notifications import read_before
from crm.web.serving.session import current_actor, current_session

PAGE_SIZE = 50


class BinView(BaseView):
    """The bin of each entity."""

    route_base = "/bin"
    default_view = "index"
    class_permission_name = EVERYONE

    @page("/")
    def index(self) -> str:
        """List the entities whose bin is open to the reader."""
        return render_template("bin/index.html", entities=deletable_entities(), days=keep_days())

    @page("/<entity>/")
    def show(self, entity: str) -> str:
        """Show what was deleted of one entity, the newest first."""
        found, session = entity_of(entity), current_session()
        rows = list_binned(session, found, PAGE_SIZE + 1, read_before(request.args.get("before")))
        names = list_names(
            session.connection(), {row.user_id for row in rows if row.user_id}, session.actor.language
        )
        return render_template(
            "bin/list.html",
            entity=found,
            days=keep_days(),
            rows=[line(row, names) for row in rows[:PAGE_SIZE]],
            next_url=url_for("BinView.show", entity=entity, before=rows[PAGE_SIZE - 1].number)
            if len(rows) > PAGE_SIZE
            else "",
        )

    @page("/<entity>/<int:number>/restore", methods=["POST"])
    def restore(self, entity: str, number: int) -> Response:
        """Take one record out of the bin, with all that went with it."""
        found, session = entity_of(entity), current_session()
        try:
            notes = restore_record(session, found, number)
        except RecordError as error:
            session.rollback()
            for problem in error.problems:
                flash(render(problem, session.actor.language), "danger")
            return redirect(url_for("BinView.show", entity=entity))
        session.commit()
        for note in notes:
            flash(render(note, session.actor.language), "warning")
        flash(pgettext("message", "Restored."), "success")
        return redirect(record_url(entity, number))

    @page("/<entity>/<int:number>/purge", methods=["POST"])
    def purge(self, entity: str, number: int) -> Response:
        """Delete one record permanently."""
        purge_record(current_session(), entity_of(entity), number)
        current_session().commit()
        flash(pgettext("message", "Deleted permanently."), "success")
        return redirect(url_for("BinView.show", entity=entity))


def entity_of(name: str) -> Entity:
    """Return an entity by name.

    Errors: NotFoundError.
    """
    found = current_session().workspace.schema.entities.get(name)
    if found is None:
        raise NotFoundError("bin.not_found")
    return found


def deletable_entities() -> list[Entity]:
    """Return the entities of which the reader may delete records, in the order of the menu."""
    entities = sorted(current_session().workspace.schema.entities.values(), key=lambda one: one.menu_place)
    return [entity for entity in entities if {"read", "delete"} <= current_actor().rights(entity.name).can]


def keep_days() -> int:
    """Return after how many days what is in the bin is deleted permanently."""
    return current_app.extensions["crm_settings"].bin_keep_days


def line(row: Binned, names: dict[int, str]) -> dict[str, Any]:
    """Return one deleted record as the page shows it, without what is hidden from the reader."""
    hidden = current_actor().rights(row.entity.name).hidden
    shown = {name: row.values.get(name) for name in title_fields(row.entity) if name not in hidden}
    title = title_of(row.entity, {**shown, "id": row.record_id}, situation_of(current_session()))
    return {
        "id": row.record_id,
        "title": title,
        "size": row.size,
        "at": row.at,
        "who": names.get(row.user_id or 0) or row.actor_name,
        "restore_url": url_for("BinView.restore", entity=row.entity.name, number=row.record_id),
        "purge_url": url_for("BinView.purge", entity=row.entity.name, number=row.record_id),
    }


def has_bins() -> bool:
    """Tell whether the menu leads to any bin this reader may open."""
    return bool(deletable_entities())


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages of the bin."""
    appbuilder.add_view(BinView, "Bin", label=NP_("title", "Bin"), icon="trash", menu_cond=has_bins)
