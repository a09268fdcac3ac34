"""The first page: the reader's day; the home dashboard for those who have no day, or administer and plan nothing."""

from __future__ import annotations

from typing import Any

from flask import g, redirect, url_for
from flask_appbuilder import BaseView, expose

from crm.database import CrmSession
from crm.records.sources import my_day, sources_of
from crm.web.day.page import my_day_page
from crm.web.profile import DASHBOARD
from crm.web.reports_pages import dashboard_page, open_dashboard
from crm.web.serving.session import current_session


class HomeView(BaseView):
    """The first page."""

    route_base = ""
    default_view = "index"

    @expose("/")
    def index(self) -> Any:
        """Show the reader's day or the home dashboard; the login to those who have not signed in."""
        session = current_session()
        if session.actor.user_id is None:
            return redirect(url_for("AuthDBView.login", next="/"))
        dashboard = open_dashboard(session)
        is_wanted = g.get("crm_profile", {}).get("start_page") == DASHBOARD
        if dashboard is not None and (is_wanted or not _has_day(session)):
            return dashboard_page(dashboard.name)
        return my_day_page(session)


def _has_day(session: CrmSession) -> bool:
    """Return whether a day is what the reader comes for: always, but for administrators who have planned nothing."""
    if not session.actor.may_configure:
        return bool(sources_of(session))
    day = my_day(session)
    return bool(day.overdue or day.today or day.later)
