"""Notifications: the list, the number beside the bell, and marking as read."""

from __future__ import annotations

from typing import Any

from flask import g, redirect, render_template, request
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import pgettext
from werkzeug.wrappers import Response

from crm import notifications
from crm.bulk.telling import BELL_KEY
from crm.conditions.tree.moments import day_of, day_start
from crm.entities.model import Entity
from crm.records.sources import open_occasions
from crm.revisions.former_names import FormerNames, read_former_names
from crm.revisions.workspace import Workspace
from crm.web.day.lines import build_lines
from crm.web.fab.permissions import EVERYONE
from crm.web.fab.views import page

PAGE_SIZE = 50
LARGEST_ID = 2**63 - 1


class NotificationsView(BaseView):
    """`/notifications/`."""

    route_base = "/notifications"
    default_view = "show"
    class_permission_name = EVERYONE
    workspace: Workspace

    @page("/")
    def show(self) -> str:
        """Show the reader's notifications, newest first."""
        before = read_before(request.args.get("before"))
        session = self.appbuilder.session()
        found = notifications.list_notifications(session, g.user.id, PAGE_SIZE + 1, before)
        former = read_former_names(session.connection())
        rows = self.with_deeds([self.line(former, row) for row in found[:PAGE_SIZE]])
        start = day_start(day_of(session.clock(), session.actor.time_zone), session.actor.time_zone)
        return self.render_template(
            "notifications/list.html",
            title=pgettext("title", "Notifications"),
            parts=[
                (label, part)
                for label, part in (
                    (pgettext("title", "Today"), [row for row in rows if row["created_at"] >= start]),
                    (pgettext("title", "Earlier"), [row for row in rows if row["created_at"] < start]),
                )
                if part
            ],
            unread=notifications.count_unread(session, g.user.id),
            next_url=f"/notifications/?before={rows[-1]['id']}" if len(found) > PAGE_SIZE else "",
        )

    @page("/count")
    def count(self) -> str:
        """Return the number beside the bell, as a piece of a page."""
        unread = notifications.count_unread(self.appbuilder.session(), g.user.id)
        return render_template("notifications/_count.html", unread=unread, most=notifications.MAX_COUNT)

    @page("/<int:notification_id>/read", methods=["POST"])
    def read(self, notification_id: int) -> Response:
        """Mark one as read and go where it leads."""
        session = self.appbuilder.session()
        number = min(notification_id, LARGEST_ID)
        found = notifications.mark_read(session, g.user.id, number, session.clock())
        session.commit()
        return redirect(self.url_of(found) or "/notifications/")

    @page("/read", methods=["POST"])
    def read_all(self) -> Response:
        """Mark all as read."""
        session = self.appbuilder.session()
        notifications.mark_all_read(session, g.user.id, session.clock())
        session.commit()
        return redirect("/notifications/")

    def line(self, former: FormerNames, row: dict[str, Any]) -> dict[str, Any]:
        """Return one notification as the page draws it."""
        entity = self.entity_of(former, row)
        return {**row, "icon": entity.icon if entity else "bell", "about": entity}

    def with_deeds(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return notifications with what can be done about their records in place, as far as they are still open."""
        session = self.appbuilder.session()
        wanted: dict[str, set[int]] = {}
        for row in rows:
            if row["about"] is not None and row["about"].calendar and row["record_id"] is not None:
                wanted.setdefault(row["about"].name, set()).add(row["record_id"])
        lines = {
            (name, line.occasion.id): line
            for name, ids in wanted.items()
            for line in build_lines(
                session, open_occasions(session, self.workspace.schema.entities[name], ids)
            )
        }
        return [
            {**row, "line": lines.get((row["about"].name, row["record_id"])) if row["about"] else None}
            for row in rows
        ]

    def url_of(self, row: dict[str, Any]) -> str:
        """Return the page of the record a notification is about; "" when it is about none that is left."""
        entity = self.entity_of(read_former_names(self.appbuilder.session().connection()), row)
        if entity and row["record_id"] is not None:
            return f"/{entity.name}/show/{row['record_id']}"
        return f"/job/{row['key'].removeprefix(BELL_KEY)}" if (row["key"] or "").startswith(BELL_KEY) else ""

    def entity_of(self, former: FormerNames, row: dict[str, Any]) -> Entity | None:
        """Return the entity a notification is about, whatever it is called now."""
        return former.entity_today(self.workspace.schema, row["entity"] or "", row["revision"] or 0)


def read_before(text: str | None) -> int | None:
    """Return the id a page starts after; anything odd starts at the newest."""
    if text and text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    return None


def register(appbuilder: AppBuilder, workspace: Workspace) -> None:
    """Register the notifications of one revision."""
    view = type("NotificationsView", (NotificationsView,), {"workspace": workspace})
    appbuilder.add_view_no_menu(view)
