"""What was typed into a form that could not be taken, on the page that says so: one press sends it once more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from flask import Request
from markupsafe import Markup, escape
from werkzeug.formparser import parse_form_data

TOKEN = "csrf_token"  # noqa: S105 - the name of a control
UNSAID = ("password", "conf_password")
MOST_BYTES = 2 * 1024 * 1024
CAN_PASS = (401, 503, 507)  # with 400 for an old token: the same form may be taken later
FIELD = Markup('<input type="hidden" name="{}" value="{}">')

Pairs = list[tuple[str, str]]


def typed_again(request: Request, status: int, is_old_token: bool) -> Pairs:
    """Return what a form brought, to be sent once more; nothing where another site may have made the browser send it.

    Shape:  the token is left out where the page has to give a new one; passwords and files are never repeated.
    """
    if request.method != "POST" or not (status in CAN_PASS or is_old_token):
        return []
    needs_token = status in (400, 401)
    if needs_token and not is_own(request):
        return []
    pairs = list(_kept(request.form.items(multi=True)))
    return [(name, value) for name, value in pairs if name != TOKEN] if needs_token else pairs


def is_own(request: Request) -> bool:
    """Return whether the form stood on a page of ours, as far as the browser says so."""
    if request.headers.get("Sec-Fetch-Site"):
        return request.headers["Sec-Fetch-Site"] == "same-origin"
    origin = request.headers.get("Origin") or request.headers.get("Referer") or ""
    return urlsplit(origin).netloc == request.host


def typed_in(environ: dict[str, Any]) -> Pairs:
    """Return what a form brought to a web server without an app."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if environ.get("REQUEST_METHOD") != "POST" or not length.isdecimal() or int(length) > MOST_BYTES:
        return []
    try:
        _stream, form, _files = parse_form_data(environ, max_content_length=MOST_BYTES)
    except (ValueError, OSError):
        return []
    return list(_kept(form.items(multi=True)))


def _kept(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in pairs if name not in UNSAID)


def hidden_inputs(pairs: Pairs) -> Markup:
    """Return the controls that send pairs again."""
    return Markup("\n").join(FIELD.format(escape(name), escape(value)) for name, value in pairs)
