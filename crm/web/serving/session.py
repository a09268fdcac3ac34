"""The request's database session: which revision it speaks, who acts, and whether it will write."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Flask, Response, abort, current_app, g, request
from flask import session as browser_session
from flask.globals import app_ctx
from flask.sessions import SecureCookieSessionInterface
from flask_jwt_extended import current_user as token_user
from flask_jwt_extended import verify_jwt_in_request
from flask_login import current_user
from sqlalchemy.orm import scoped_session

from crm.database import CrmSession, write_intent
from crm.permissions.model import Actor
from crm.permissions.service import ADMIN_ROLE, zone_of
from crm.permissions.store import list_team_users
from crm.revisions.workspace import Workspace
from crm.web.language import current_language, current_time_zone
from crm.web.roles.view_as import as_viewed, refuse_changes
from crm.web.serving.asking import READING, is_asking

WRITING_PATHS = ("/lang/", "/logout/")  # pages that write although one only follows a link to them
API = "/api/"
TOKEN_PATHS = ("/api/v1/security/login", "/api/v1/security/refresh")
OUTSIDE_PATHS = ("/hooks/",)  # calls from other systems, each signed in its own way
SMALL_BODY_BYTES = 4 * 1024 * 1024
NO_SESSION_PATHS = ("/static/", "/health")
MOST_FLASHES = (
    5  # the latest wait for the next page; browsers drop a cookie of more than 4 kB, sign-in and all
)
NOBODY = Actor("user", "anonymous")
"""The actor of requests without a login: no right at all."""


class BrowserSession(SecureCookieSessionInterface):
    """Flask's cookie, which files and `/health` neither read nor renew: shared caches keep their answers."""

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        """Write the cookie, where there is a reader."""
        if request.path.startswith(NO_SESSION_PATHS):
            return
        flashes = dict.get(session, "_flashes", ())  # not session.get: that says that the page depends on it
        if len(flashes) > MOST_FLASHES:
            session["_flashes"] = flashes[-MOST_FLASHES:]
        super().save_session(app, session, response)


def build_request_session(app: Flask, workspace: Workspace, engine: sa.Engine) -> scoped_session[CrmSession]:
    """Return the session every view of the app works with, one per request, and close it at its end."""
    bind = workspace.bind(engine)

    def open_one() -> CrmSession:
        session = CrmSession(bind)
        session.workspace, session.actor, session.is_whole = workspace, NOBODY, True
        return session

    scoped = scoped_session(open_one, scopefunc=lambda: id(app_ctx._get_current_object()))

    @app.teardown_appcontext
    def close(_error: BaseException | None) -> None:
        scoped.remove()

    return scoped


def install_actor(app: Flask, workspace: Workspace) -> None:
    """Before each request: note whether it writes, check its form token, find out who acts."""

    @app.before_request
    def begin() -> None:
        g.crm_former_intent = write_intent.get()
        write_intent.set(is_writing())
        if request.path.startswith(NO_SESSION_PATHS):
            return
        session = app.appbuilder.session()
        session.actor = find_actor(session, workspace)
        g.crm_actor = session.actor
        limit_body()
        refuse_forged(app)
        refuse_json_forms()
        refuse_changes()
        g.theme = g.get("crm_profile", {}).get("theme") or ""

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        if "crm_former_intent" in g:
            write_intent.set(g.crm_former_intent)


def is_writing() -> bool:
    """Return whether the request may change something in the database."""
    return not is_asking() or request.path.startswith(WRITING_PATHS)


def limit_body() -> None:
    """Let only signed-in people send files; forms and JSON are read whole and must be small."""
    if current_actor() is NOBODY or request.mimetype != "multipart/form-data":
        request.max_content_length = SMALL_BODY_BYTES


def refuse_json_forms() -> None:
    """Refuse JSON where a page expects a form: Flask-WTF would take its values, of whatever type, for texts."""
    if (
        request.is_json
        and request.method not in READING
        and not request.path.startswith((API, *OUTSIDE_PATHS))
    ):
        abort(415)


def refuse_forged(app: Flask) -> None:
    """Refuse a changing request that another site could have made the browser send.

    Only a request that no session cookie vouches for goes without a token: the API with a JSON Web Token, and
    signed calls of other systems.
    """
    if not app.config["WTF_CSRF_ENABLED"] or request.method in READING:
        return
    if request.path in TOKEN_PATHS or request.path.startswith(OUTSIDE_PATHS):
        return
    if request.path.startswith(API) and "_user_id" not in browser_session:
        return
    if has_token():
        return
    app.extensions["csrf"].protect()


def has_token() -> bool:
    """Return whether the request shows a token of ours, which no other site can make a browser send."""
    is_bearer = request.headers.get("Authorization", "").lower().startswith("bearer ")
    return is_bearer and request.path.startswith(API)


def find_actor(session: CrmSession, workspace: Workspace) -> Actor:
    """Return who acts in this request.

    A token counts more than the cookie that may come with it; a bad one is refused and not ignored.
    """
    if has_token() and request.path not in TOKEN_PATHS:
        current_app.login_manager._update_request_context_with_user()
        verify_jwt_in_request()
        user = token_user
    else:
        user = current_user
    if not user or not user.is_authenticated:
        return NOBODY
    actor = build_actor(session, workspace, user)
    return actor if user is token_user else as_viewed(session, workspace, actor)


def build_actor(session: CrmSession, workspace: Workspace, user: object) -> Actor:
    """Return the actor of a loaded user, with the roles as this revision declares them."""
    names = {role.name for role in current_app.appbuilder.sm.get_user_roles(user)}
    declared = workspace.schema.parts.get("role", {})
    team_id = g.get("crm_profile", {}).get("team_id")
    team = list_team_users(session.connection(), user.id, team_id) if team_id else (user.id,)
    return Actor(
        "user",
        user.username,
        user.id,
        tuple(declared[name] for name in sorted(names) if name in declared),
        ADMIN_ROLE in names,
        team,
        current_language(),
        reader_zone(),
        g.get("crm_profile", {}).get("week_start"),
    )


def reader_zone() -> ZoneInfo:
    """Return the reader's time zone."""
    return zone_of(current_time_zone())


def current_session() -> CrmSession:
    """Return the request's database session."""
    return current_app.appbuilder.session()


def current_actor() -> Actor:
    """Return who acts in this request."""
    return g.get("crm_actor", NOBODY)


def require_configuration() -> None:
    """Let pass those who may configure the CRM; 403 for others."""
    if not current_actor().may_configure:
        abort(403)
