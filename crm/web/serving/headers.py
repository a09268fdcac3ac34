"""What every answer carries: a request id, a strict content policy, and no trace in shared caches."""

from __future__ import annotations

import logging
import re
import uuid

from flask import Flask, Response, g, has_request_context, request

EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"  # the empty <style> Plotly creates
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        f"style-src 'self' {EMPTY_STYLE}",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
        "form-action 'self'",
    )
)
FIXED = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), usb=()",
}
ONE_YEAR = 31_536_000  # seconds
REVISION = "X-Revision"
REQUEST_ID = "X-Request-ID"
LOG_LINE = "%(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s"
FAB_DENIALS = "flask_appbuilder.security.decorators"  # warns of everybody who has not signed in yet
GOOD_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def install_headers(app: Flask, revision: int, is_production: bool) -> None:
    """Give every request an id and every answer its headers, the revision that gave it among them."""
    fixed = {**FIXED, REVISION: str(revision)}
    if is_production:
        fixed["Strict-Transport-Security"] = f"max-age={ONE_YEAR}; includeSubDomains"

    @app.before_request
    def name_request() -> None:
        given = request.headers.get(REQUEST_ID, "")
        g.request_id = given if GOOD_ID.fullmatch(given) else uuid.uuid4().hex[:16]

    @app.after_request
    def dress(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        response.headers[REQUEST_ID] = current_request_id()
        _set_caching(response)
        return response


def _set_caching(response: Response) -> None:
    """Let browsers keep static files, for good when their address carries a hash; nothing else."""
    if not request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
        return
    if response.status_code in (200, 206, 304) and "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR}, immutable"


def current_request_id() -> str:
    """Return the id that error pages show and log lines carry; "-" outside a request."""
    return g.get("request_id", "-") if has_request_context() else "-"


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to every log record, for the format of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Fill in the id; let the record pass."""
        record.request_id = current_request_id()
        return True


def start_logging(level: str) -> None:
    """Send log lines with time, level and request id to standard error, unless logging was set up before."""
    logging.getLogger(FAB_DENIALS).setLevel(logging.ERROR)
    if logging.getLogger().handlers:
        return
    handler = logging.StreamHandler()
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s")
    )
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(level)
