"""What a web process answers while it has no app: a sentence in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from crm.errors import CrmError, UnavailableError
from crm.messages import render
from crm.texts import LANGUAGES, N_, NP_, RIGHT_TO_LEFT, translate
from crm.web.serving.again import hidden_inputs, typed_in

HEADERS = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Koine</title>
<p>{message}</p>
{again}"""
AGAIN = Markup('<form method="post" action="{}">{}<p>{}</p><button>{}</button></form>\n')


STATUSES = {413: "413 Content Too Large", 503: "503 Service Unavailable", 507: "507 Insufficient Storage"}
RETRY_SECONDS = 5
STILL_HERE, TRY_AGAIN = N_("Your input is still here. Send it again."), NP_("button", "Try again")


class RefusedError(CrmError):
    """The web server refuses a request before any app has seen it."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.status = status


REFUSALS = {
    413: RefusedError("http.413", 413),
    503: RefusedError("web.busy", 503),
    507: RefusedError("http.507", 507),
}
"""Why the web server refuses a request, by its status."""


def refuse(environ: dict[str, Any], start_response: Callable[..., Any], error: Exception) -> Iterable[bytes]:
    """Answer without an app: the database is away or another release's, nothing is published, or too many wait."""
    known = error if isinstance(error, CrmError) else UnavailableError("http.503")
    accepted = parse_accept_header(environ.get("HTTP_ACCEPT_LANGUAGE"), LanguageAccept)
    language = accepted.best_match(LANGUAGES, "en")
    path, kind, again = environ.get("PATH_INFO", ""), "application/json", []
    if path == "/health":
        body = json.dumps(_health(known))
    elif path.startswith("/api/") or environ.get("HTTP_X_FORM") == "1":
        told = {"code": known.code, "message": render(known, language), "problems": []}
        body = json.dumps({"error": told})
    else:
        kind = "text/html; charset=utf-8"
        direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        if known.code == "web.busy" and environ.get("REQUEST_METHOD") == "GET":
            again = [("Refresh", str(RETRY_SECONDS))]
        typed = _again(environ, language) if known.status == 503 else ""
        said = escape(render(known, language))
        body = PAGE.format(language=language, direction=direction, message=said, again=typed)
    status = known.status if known.status in STATUSES else 503
    later = [("Retry-After", str(RETRY_SECONDS))] if status == 503 else []
    content = body.encode()
    told = [("Content-Type", kind), ("Content-Length", str(len(content)))]
    start_response(STATUSES[status], [*HEADERS, *later, *again, *told])
    return [content]


def _again(environ: dict[str, Any], language: str) -> str:
    """Return the form that sends once more what was typed; "" where nothing was."""
    pairs = typed_in(environ)
    if not pairs:
        return ""
    query = environ.get("QUERY_STRING", "")
    path = quote(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")) + (
        f"?{query}" if query else ""
    )
    words = (translate(text, language) for text in (STILL_HERE, TRY_AGAIN))
    return AGAIN.format(path, hidden_inputs(pairs), *words)


def _health(error: CrmError) -> dict[str, Any]:
    facts = {
        "status": "away",
        "database": "away",
        "redis": "unknown",
        "workers": 0,
        "oldest_event_seconds": 0.0,
        "waiting": {},
    }
    notes = [] if error.code == "http.503" else [render(error, "en")]
    return {**facts, "revision": None, "notes": notes}
