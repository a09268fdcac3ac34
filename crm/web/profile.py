"""My profile: language, time zone, weeks and theme of the user who is signed in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from zoneinfo import available_timezones

from flask import abort, current_app, flash, g, jsonify, make_response, redirect, request, url_for
from flask import session as browser_session
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import gettext, pgettext
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from crm.database import utcnow
from crm.errors import Problem, RecordError
from crm.fields.locales import WEEK_STARTS, weekday_name
from crm.fields.zones import zone_names
from crm.messages import render
from crm.permissions import feeds, sign_ins
from crm.permissions.store import save_profile
from crm.revisions.workspace import Workspace
from crm.web.fab.permissions import EVERYONE
from crm.web.fab.security import SIGN_IN
from crm.web.fab.views import page
from crm.web.forms.fields import FormField, Option
from crm.web.language import change_language, current_language
from crm.web.reports_pages import open_dashboard
from crm.web.serving.session import current_session

THEMES = ("system", "light", "dark")
A_MONDAY = dt.date(2024, 1, 1)
LARGEST_ID = 2**63 - 1
DASHBOARD = "dashboard"


class ProfileView(BaseView):
    """`/profile/`."""

    route_base = "/profile"
    default_view = "show"
    class_permission_name = EVERYONE

    @page("/")
    def show(self) -> str:
        """Show the profile."""
        return self.draw({})

    @page("/", methods=["POST"])
    def save(self) -> Response:
        """Save what was chosen; the page comes back in the new language."""
        try:
            values = read_choices(request.form, tuple(current_app.config["LANGUAGES"]))
        except RecordError as error:
            return make_response(self.draw({problem.field: problem for problem in error.problems}), 422)
        save_profile(self.appbuilder.session.connection(), g.user.id, **values)
        self.appbuilder.session.commit()
        if "language" in values:
            change_language(values["language"])
        if request.headers.get("Accept") == "application/json":
            return Response(status=204)
        flash(pgettext("message", "Profile saved."), "success")
        return redirect("/profile/")

    @page("/session/<int:session_id>/end", methods=["POST"])
    def end_session(self, session_id: int) -> Response:
        """Sign out at one place."""
        connection = current_session().connection()
        if not sign_ins.end_one_sign_in(connection, g.user.id, min(session_id, LARGEST_ID)):
            abort(404)
        current_session().commit()
        flash(gettext("Signed out there."), "success")
        return redirect("/profile/#sessions")

    @page("/feed", methods=["POST"])
    def start_feed(self) -> str:
        """Make an address for other programs; this page shows it, and none after it."""
        session = current_session()
        secret = feeds.start_feed(session.connection(), g.user.id, session.clock())
        session.commit()
        return self.draw({}, url_for("CalendarFeedView.feed", token=secret, _external=True))

    @page("/feed/<int:feed_id>/end", methods=["POST"])
    def end_feed(self, feed_id: int) -> Response:
        """End an address."""
        session = current_session()
        feeds.end_feed(session.connection(), g.user.id, min(feed_id, LARGEST_ID))
        session.commit()
        flash(gettext("This address shows nothing any more."), "success")
        return redirect("/profile/#feed")

    @page("/token")
    def token(self) -> Response:
        """Return a fresh token for a form that has been open for long."""
        return jsonify(token=generate_csrf())

    def draw(self, problems: Mapping[str, Problem], fresh_feed: str = "") -> str:
        """Return the page; `problems` holds what was wrong, by field, `fresh_feed` an address that was just made."""
        fields = build_fields(g.get("crm_profile", {}), request.form, problems)
        return self.render_template(
            "profile.html",
            title=pgettext("title", "My profile"),
            person=g.user.get_full_name(),
            fields=fields,
            problems=[(field.id, field.label, field.error) for field in fields if field.error],
            now=utcnow(),
            sessions=sign_ins.list_sign_ins(
                current_session().connection(), g.user.id, utcnow(), browser_session.get(SIGN_IN, "")
            ),
            feeds=feeds.list_feeds(current_session().connection(), g.user.id),
            fresh_feed=fresh_feed,
        )


def _zones(held: str) -> dict[str, str]:
    """Return the zones to choose from, by name; also the one that is held, when it has an old name."""
    names = zone_names(current_language())
    return names if held in names or held not in available_timezones() else {held: held, **names}


def build_fields(
    profile: Mapping[str, str | None], sent: Mapping[str, str], problems: Mapping[str, Problem]
) -> list[FormField]:
    """Return the controls of the page, with what was sent kept in a form that was refused."""
    languages = current_app.config["LANGUAGES"]
    usual = current_app.config["BABEL_DEFAULT_TIMEZONE"]
    themes = {
        "system": gettext("Same as device"),
        "light": pgettext("theme", "Light"),
        "dark": pgettext("theme", "Dark"),
    }
    weeks = {"usual": gettext("Default for the language and time zone")} | {
        name: weekday_name(A_MONDAY + dt.timedelta(days=day), current_language(), "wide")
        for name, day in WEEK_STARTS.items()
    }
    choices = {
        "language": (
            pgettext("label", "Language"),
            current_language(),
            {code: languages[code]["name"] for code in languages},
        ),
        "time_zone": (
            pgettext("label", "Time zone"),
            usual,
            _zones(str(sent.get("time_zone") or profile.get("time_zone") or usual)),
        ),
        "week_start": (gettext("First day of the week"), "usual", weeks),
        "theme": (pgettext("label", "Theme"), "system", themes),
        "start_page": (gettext("Start page after sign-in"), "usual", start_pages()),
    }
    return [
        FormField(
            name=name,
            label=label,
            control="select",
            value=sent.get(name, profile.get(name) or usual_value),
            options=tuple(Option(value, text) for value, text in options.items()),
            error=render(problems[name], current_language()) if name in problems else "",
            required=True,
        )
        for name, (label, usual_value, options) in choices.items()
    ]


def start_pages() -> dict[str, str]:
    """Return the pages that one may begin with, by what the profile keeps."""
    dashboard = open_dashboard(current_session())
    more = {DASHBOARD: dashboard.label.get(current_language())} if dashboard else {}
    return {"usual": pgettext("title", "My day"), **more}


def read_choices(form: Mapping[str, str], languages: tuple[str, ...]) -> dict[str, str | None]:
    """Return what of a profile a form changes.

    Shape:  only the names that are in the form; what stays as usual is None: an empty time zone, a theme "system".
    Errors: RecordError, with every bad value.
    """
    wrong = {
        "language": ("web.unknown_language", lambda value: value in languages),
        "time_zone": ("web.unknown_time_zone", lambda value: not value or value in available_timezones()),
        "theme": ("web.unknown_theme", lambda value: value in THEMES),
        "start_page": ("web.unknown_start_page", lambda value: value in ("usual", DASHBOARD)),
        "week_start": ("web.unknown_week_start", lambda value: value in ("usual", *WEEK_STARTS)),
    }
    sent = {name: form[name].strip() for name in wrong if name in form}
    problems = [
        Problem(wrong[name][0], {"value": value}, field=name)
        for name, value in sent.items()
        if not wrong[name][1](value)
    ]
    if problems:
        raise RecordError("http.422", problems)
    return {name: None if value in ("", "system", "usual") else value for name, value in sent.items()}


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the profile page."""
    appbuilder.add_view_no_menu(ProfileView)
