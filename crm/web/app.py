"""One Flask app for one revision of the schema; it is never changed after it was built."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask
from flask_appbuilder import AppBuilder
from flask_appbuilder.api.manager import OpenApi
from flask_appbuilder.views import UtilView
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from crm.database import only_reading
from crm.revisions.workspace import Workspace
from crm.texts import Text
from crm.web.entity.cells import render_cell
from crm.web.fab.guessing import install_guesses
from crm.web.fab.passwords import check_password
from crm.web.fab.permissions import missing_pairs, pairs_of_app, sync_permissions
from crm.web.fab.security import CrmSecurityManager
from crm.web.home import HomeView
from crm.web.language import (
    LanguageView,
    current_direction,
    current_language,
    current_time_zone,
    install_language,
    language_settings,
)
from crm.web.more_pages import MORE_PAGES
from crm.web.pages import PAGES, Register
from crm.web.roles.view_as import viewed_role
from crm.web.serving.errors import install_errors
from crm.web.serving.headers import install_headers
from crm.web.serving.health import install_health
from crm.web.serving.packed import PackedStatic
from crm.web.serving.rates import install_rates
from crm.web.serving.session import (
    BrowserSession,
    build_request_session,
    current_actor,
    install_actor,
)
from crm.web.serving.shared import share_with
from crm.web.serving.strict_json import StrictJson
from crm.web.serving.url_rules import IdConverter, LazyRule
from crm.web.skin import install_skin

if TYPE_CHECKING:
    from config import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = ROOT / "crm" / "web" / "templates"
STATIC = ROOT / "static"
TOKEN_SECONDS = 3_600  # how long a JSON Web Token opens the API
FORM_TOKEN_SECONDS = 12 * 3_600  # how long a form may stay open before it is sent


class CrmFlask(PackedStatic):
    """Flask with rules that are quick to add, static files that are light to send, and JSON that can be stored."""

    json_provider_class = StrictJson
    url_rule_class = LazyRule


class CrmAppBuilder(AppBuilder):
    """FAB's builder with our language page, and an OpenAPI document without the page that shows it."""

    def _add_admin_views(self) -> None:
        self._indexview = self.add_view_no_menu(self.indexview)
        self.add_view_no_menu(UtilView)
        self.bm.locale_view = self.add_view_no_menu(LanguageView, endpoint="LocaleView")
        self.sm.register_views()
        administration = self.menu.find(
            "Security"
        )  # ours shows the roles that YAML declares, and what they open
        administration.childs = [item for item in administration.childs if item.name != "List Roles"]
        self.add_api(OpenApi)
        self.menuapi_manager.register_views()


def build_app(workspace: Workspace, settings: Settings, engine: sa.Engine) -> Flask:
    """Return the app that serves one revision.

    Shape:  `engine` is the process's own, shared by every revision's app.
    """
    app = assemble_app(workspace, settings, engine)
    complete_permissions(app, workspace, engine)
    return app


def assemble_app(workspace: Workspace, settings: Settings, engine: sa.Engine) -> Flask:
    """Return the app of one revision without having asked the database anything."""
    folders = {"template_folder": str(TEMPLATES), "static_folder": str(STATIC), "root_path": str(ROOT)}
    app = CrmFlask("crm", static_url_path="/static", **folders)
    app.config.update(flask_settings(settings))
    app.url_map.converters["int"] = IdConverter
    app.session_interface = BrowserSession()
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
    app.extensions["crm_workspace"] = workspace
    app.extensions["crm_settings"] = settings
    install_headers(app, workspace.number, settings.is_production)
    install_health(app, engine)
    CSRFProtect(app)
    session = build_request_session(app, workspace, engine)
    with app.app_context():
        builder = CrmAppBuilder(app, session, indexview=HomeView, security_manager_class=CrmSecurityManager)
        install_language(app)
        install_guesses(app, settings)
        install_rates(app, settings)
        share_with(app)
        install_errors(app)
        install_actor(app, workspace)
        install_skin(app)
        install_globals(app)
        register_pages(builder, workspace, [*PAGES, *MORE_PAGES])
    return app


def register_pages(builder: AppBuilder, workspace: Workspace, pages: Iterable[Register]) -> None:
    """Let every page register its views."""
    for register in pages:
        register(builder, workspace)


def complete_permissions(app: Flask, workspace: Workspace, engine: sa.Engine) -> None:
    """Write the permissions that only the built views know; mostly there are none."""
    pairs = pairs_of_app(app)
    with only_reading(), engine.connect() as connection:
        missing = missing_pairs(connection, pairs)
    if missing:
        with engine.begin() as connection:
            sync_permissions(connection, workspace, pairs)


def install_globals(app: Flask) -> None:
    """Give templates what they need of a request; FAB draws its widgets without context processors."""
    app.jinja_env.globals.update(
        t=in_language,
        actor=current_actor,
        current_language=current_language,
        current_time_zone=current_time_zone,
        current_direction=current_direction,
        render_cell=render_cell,
        language=current_language,
        direction=current_direction,
        viewed_role=viewed_role,
    )


def in_language(text: Text | str | None) -> str:
    """Return a label an admin typed, in the reader's language."""
    return text.get(current_language()) if isinstance(text, Text) else str(text or "")


def flask_settings(settings: Settings) -> dict[str, object]:
    """Return the configuration of Flask, FAB and the extensions: strict where they are lax."""
    is_secure = settings.is_production or settings.is_https
    own_name = urlsplit(settings.public_url).hostname
    return {
        "SECRET_KEY": settings.secret_key,
        "APP_NAME": "Koine",
        # A name of our own means that people use no other; load balancers may still ask by address.
        "TRUSTED_HOSTS": [own_name, "localhost", "127.0.0.1"] if settings.is_https else None,
        "SESSION_COOKIE_NAME": "koine",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": is_secure,
        "PERMANENT_SESSION_LIFETIME": settings.session_hours * 3_600,
        "MAX_CONTENT_LENGTH": settings.largest_upload_mb * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        "MAX_FORM_PARTS": 5_000,
        "WTF_CSRF_CHECK_DEFAULT": False,  # `crm.web.serving.session` decides which requests need the token
        "WTF_CSRF_TIME_LIMIT": FORM_TOKEN_SECONDS,
        "JWT_ALGORITHM": "HS256",
        "JWT_ACCESS_TOKEN_EXPIRES": TOKEN_SECONDS,
        "JWT_TOKEN_LOCATION": ["headers"],
        **fab_settings(),
        "RATELIMIT_ENABLED": False,  # wrong passwords are counted by `crm.web.fab.guessing`
        **language_settings(settings),
    }


def fab_settings() -> dict[str, object]:
    """Return Flask-AppBuilder's own settings."""
    return {
        "FAB_UPDATE_PERMS": False,  # one bulk sync at publish instead; FAB's way takes seconds
        "FAB_CREATE_DB": False,  # tables are made once, before the processes start
        "FAB_ADD_SECURITY_API": False,
        "FAB_ADD_SECURITY_PERMISSION_VIEW": False,
        "FAB_ADD_SECURITY_VIEW_MENU_VIEW": False,
        "FAB_ADD_SECURITY_PERMISSION_VIEWS_VIEW": False,
        "FAB_API_SWAGGER_UI": False,
        "FAB_API_MAX_PAGE_SIZE": 100,
        "FAB_PASSWORD_COMPLEXITY_ENABLED": True,
        "FAB_PASSWORD_COMPLEXITY_VALIDATOR": check_password,
        "FAB_PASSWORD_HASH_METHOD": "scrypt",
        "AUTH_USER_REGISTRATION": False,
        "AUTH_RATE_LIMITED": False,
    }
