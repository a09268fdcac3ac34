"""Which language and time zone a request speaks, and the page that changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babel.support import NullTranslations
from flask import Flask, abort, current_app, g, has_request_context, redirect, request, session
from flask_appbuilder import expose
from flask_appbuilder.babel.views import LocaleView
from flask_babel import get_translations, refresh
from werkzeug.wrappers import Response

from crm.permissions.store import save_profile
from crm.texts import CATALOGUES, RIGHT_TO_LEFT, translate
from crm.web.redirects import safe_path

if TYPE_CHECKING:
    from config import Settings

NAMES = {"en": "English", "el": "Ελληνικά", "ro": "Română", "he": "עברית"}
"""Every language in its own name."""


def language_settings(settings: Settings) -> dict[str, object]:
    """Return Flask-Babel's and FAB's settings."""
    return {
        "LANGUAGES": {code: {"flag": "", "name": NAMES[code]} for code in settings.languages},
        "BABEL_DEFAULT_LOCALE": settings.language,
        "BABEL_DEFAULT_TIMEZONE": settings.time_zone,
        "BABEL_TRANSLATION_DIRECTORIES": str(CATALOGUES),
    }


def current_language() -> str:
    """Return the language of this request: chosen in the session, else the user's, else the browser's."""
    if not has_request_context():
        return "en"
    if "crm_language" not in g:
        g.crm_language = _select_language()
    return g.crm_language


def _select_language() -> str:
    offered = current_app.config["LANGUAGES"]
    for wish in (request.args.get("_l_"), session.get("locale"), _profile_value("language")):
        if wish in offered:
            return wish
    default = current_app.config["BABEL_DEFAULT_LOCALE"]
    preferred = sorted(offered, key=lambda code: code != default)
    return request.accept_languages.best_match(preferred, default=default)


def current_direction() -> str:
    """Return "rtl" or "ltr", for `dir` on `<html>`."""
    return "rtl" if current_language() in RIGHT_TO_LEFT else "ltr"


def current_time_zone() -> str:
    """Return the name of the reader's time zone."""
    if has_request_context():
        return _profile_value("time_zone") or current_app.config["BABEL_DEFAULT_TIMEZONE"]
    return current_app.config["BABEL_DEFAULT_TIMEZONE"]


def _profile_value(name: str) -> str | None:
    return g.get("crm_profile", {}).get(name)


def install_language(app: Flask) -> None:
    """Let Flask-Babel ask us, instead of FAB's own selector that knows the session only."""
    app.extensions["babel"].locale_selector = current_language
    app.extensions["babel"].timezone_selector = current_time_zone
    app.jinja_env.install_gettext_callables(
        lambda sentence: request_catalogue().ugettext(sentence),
        lambda one, many, count: request_catalogue().ungettext(one, many, count),
        newstyle=True,
        pgettext=lambda context, sentence: request_catalogue().upgettext(context, sentence),
        npgettext=lambda context, one, many, count: request_catalogue().unpgettext(context, one, many, count),
    )


def request_catalogue() -> NullTranslations:
    """Return the sentences of the reader's language; looked up once per request, not once per sentence."""
    if "crm_catalogue" not in g:
        g.crm_catalogue = get_translations()
    return g.crm_catalogue


def spoken(sentence: str) -> str:
    """Return a sentence that code defines (`N_`, `NP_`) in the reader's language."""
    return translate(sentence, current_language())


def change_language(code: str) -> None:
    """Let the browser's session, and the rest of this request, speak another language."""
    session["locale"] = g.crm_language = code
    g.pop("crm_catalogue", None)
    refresh()


class LanguageView(LocaleView):
    """`/lang/<code>`: works before login; a signed-in user keeps the choice."""

    @expose("/<string:locale>")
    def index(self, locale: str) -> Response:
        """Choose a language and go back to where the reader was."""
        if locale not in current_app.config["LANGUAGES"]:
            abort(404)
        change_language(locale)
        if g.user.is_authenticated:
            save_profile(self.appbuilder.session.connection(), g.user.id, language=locale)
            self.appbuilder.session.commit()
        return redirect(safe_path(request.args.get("next") or request.referrer))
