"""What a web process answers while it has no app: in words, in the language of whoever asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from markupsafe import escape
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from crm.errors import CrmError, UnavailableError
from crm.messages import render
from crm.texts import LANGUAGES, RIGHT_TO_LEFT

HEADERS = [("Retry-After", "5"), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Koine</title>
<p>{message}</p>
"""


def refuse(environ: dict[str, Any], start_response: Callable[..., Any], error: Exception) -> Iterable[bytes]:
    """Answer 503: the database is away or another release's, or nothing is published."""
    known = error if isinstance(error, CrmError) else UnavailableError("http.503")
    accepted = parse_accept_header(environ.get("HTTP_ACCEPT_LANGUAGE"), LanguageAccept)
    language = accepted.best_match(LANGUAGES, "en")
    path, kind = environ.get("PATH_INFO", ""), "application/json"
    if path == "/health":
        body = json.dumps(_health(known))
    elif path.startswith("/api/"):
        told = {"code": known.code, "message": render(known, language), "problems": []}
        body = json.dumps({"error": told})
    else:
        kind = "text/html; charset=utf-8"
        direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        body = PAGE.format(language=language, direction=direction, message=escape(render(known, language)))
    start_response("503 Service Unavailable", [*HEADERS, ("Content-Type", kind)])
    return [body.encode()]


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
