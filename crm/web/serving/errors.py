"""The one error handler: whatever goes wrong becomes a page, a fragment or JSON in the reader's language."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from crm.database import is_locked, is_no_room, write_intent
from crm.errors import CrmError, Problem, wait_problem
from crm.file_store import is_full
from crm.messages import MESSAGES, render, told
from crm.queue.bell import RedisError
from crm.web.language import current_direction, current_language
from crm.web.serving.again import hidden_inputs, typed_again
from crm.web.serving.denials import missing_right, who_gives_rights
from crm.web.serving.headers import current_request_id
from crm.web.serving.session import find_actor

logger = logging.getLogger(__name__)

RETRY_SECONDS = 30  # what a reader is told to wait when nobody knows better
FORM = "X-Form"
JSON_PATHS = ("/api/", "/hooks/", "/health")
WRONG_STATEMENT = ("no such", "syntax error", "ambiguous")
AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError, RedisError)


@dataclass(frozen=True)
class Failure:
    """What went wrong, ready to be said.

    Shape:  `status` is the HTTP status; `headers` are those an HTTP error brings along (Allow, Retry-After).
    """

    status: int
    problem: Problem
    problems: tuple[Problem, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=())

    @property
    def message(self) -> str:
        """Return the sentence in the reader's language."""
        return render(self.problem, current_language())


def install_errors(app: Flask) -> None:
    """Register the handler for every error, ours and others'."""
    app.register_error_handler(Exception, answer_error)
    app.after_request(give_errors_one_shape)
    app.after_request(keep_login_out_of_pieces)
    app.after_request(tell_where_to_go)
    for register in _token_loaders(app):
        register(lambda *_details: _send(Failure(401, Problem("web.bad_token"))))


def _token_loaders(app: Flask) -> tuple[Any, ...]:
    manager = app.appbuilder.sm.jwt_manager
    return (
        manager.unauthorized_loader,
        manager.invalid_token_loader,
        manager.expired_token_loader,
        manager.revoked_token_loader,
        manager.user_lookup_error_loader,
        manager.needs_fresh_token_loader,
    )


def answer_error(error: Exception) -> Response:
    """Return the answer to an error; only bugs are logged with their trace."""
    if isinstance(error, HTTPException) and error.response is not None:
        return error.get_response()
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return error.get_response()
    failure = failure_of(error)
    if isinstance(error, SecurityError):  # a strange host: no address of a page can be built for it
        return Response(failure.message, failure.status, mimetype="text/plain")
    _drop_half_done_work()
    if failure.status in (503, 507):
        _remember_who_asks(error)
    if failure.status >= 500:
        logger.error("%s %s failed: %s", request.method, request.path, error, exc_info=failure.status == 500)
    return _send(failure)


def _drop_half_done_work() -> None:
    """Roll back, so that drawing the page does not flush what was refused."""
    try:
        current_app.appbuilder.session.rollback()
    except sa.exc.SQLAlchemyError:
        logger.warning("The database is away; nothing to roll back")


def _remember_who_asks(error: Exception) -> None:
    """Find out once more whose language to speak, by reading only; nobody's when the database cannot even be read.

    Whatever draws the answer asks who the reader is, and must not fail for the same reason as the request did.
    """
    write_intent.set(False)  # SQLite can be read while somebody else writes
    g._login_user = AnonymousUserMixin()
    if not is_locked(error):
        return
    del g._login_user
    g.pop("crm_language", None)
    g.pop("crm_catalogue", None)
    try:
        find_actor(current_app.appbuilder.session(), current_app.extensions["crm_workspace"])
    except Exception:  # the database is busy in another way, or the token is bad: either is no news here
        g._login_user = AnonymousUserMixin()
    finally:
        _drop_half_done_work()


def failure_of(error: Exception) -> Failure:
    """Return what an error means to the reader."""
    if isinstance(error, CrmError):
        return Failure(error.status, error.as_problem(), tuple(error.problems))
    if isinstance(error, CSRFError):
        known = current_user.is_authenticated
        return Failure(400, Problem("web.bad_form_token")) if known else Failure(401, Problem("http.401"))
    if isinstance(error, HTTPException):
        return _failure_of_http(error)
    if is_full(error) or is_no_room(error):
        return Failure(507, Problem("http.507"))
    if is_away(error):
        return Failure(503, Problem("http.503"), headers=(("Retry-After", str(RETRY_SECONDS)),))
    return Failure(500, Problem("http.500"))


def is_away(error: Exception) -> bool:
    """Return whether the database or Redis is away or busy; SQLite's word for a wrong statement is the same."""
    return isinstance(error, AWAY) and not any(words in str(error) for words in WRONG_STATEMENT)


def _failure_of_http(error: HTTPException) -> Failure:
    status = error.code or 500
    if status == 403:
        return Failure(403, missing_right())
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    return Failure(status, _problem_of(status, dict(headers)), headers=tuple(headers))


def _problem_of(status: int, headers: Mapping[str, str]) -> Problem:
    """Return what an HTTP status means; too many requests say when to try again."""
    if status == 429:
        return wait_problem(int(headers.get("Retry-After", RETRY_SECONDS)))
    return Problem(
        f"http.{status}" if f"http.{status}" in MESSAGES else ("http.400" if status < 500 else "http.500")
    )


def _send(failure: Failure) -> Response:
    response = jsonify({"error": body_of(failure)}) if wants_json() else make_response(_page(failure))
    response.status_code = failure.status
    for name, value in failure.headers:
        response.headers[name] = value
    return response


def wants_json() -> bool:
    """Return whether the caller is a program, such as the script that sends a form without leaving its page."""
    if request.path.startswith(JSON_PATHS) or is_sent_by_script():
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def body_of(failure: Failure) -> dict[str, Any]:
    """Return the error in the one shape of the API."""
    language = current_language()
    return {
        "code": failure.problem.code,
        "message": failure.message,
        "problems": [_told(problem, language) for problem in failure.problems],
        "request_id": current_request_id(),
    }


def _told(problem: Problem, language: str) -> dict[str, Any]:
    """Return a problem; one of a document says which, and the column too."""
    if problem.file:
        return told(problem, language)
    return {"field": problem.field, "line": problem.line, "message": render(problem, language)}


def _page(failure: Failure) -> str:
    """Draw the failure as a page, or as a piece of one for htmx.

    A page that needs the database for its menu cannot be drawn when the database is what failed.
    """
    values = {
        "status": failure.status,
        "code": failure.problem.code,
        "message": failure.message,
        "problems": [render(problem, current_language()) for problem in failure.problems],
        "request_id": current_request_id(),
        "lang": current_language(),
        "dirn": current_direction(),
        "title": failure.message,
    }
    if request.headers.get("HX-Request"):
        return render_template("_error.html", **values)
    is_old_token = failure.problem.code == "web.bad_form_token"
    values["typed"] = hidden_inputs(typed_again(request, failure.status, is_old_token))
    if failure.status < 500:
        try:
            values["administrators"] = who_gives_rights() if failure.status == 403 else []
            return render_template("error.html", **values)
        except sa.exc.SQLAlchemyError:
            logger.exception("The page of an error could not be drawn")
    return render_template("error_plain.html", **values)


def give_errors_one_shape(response: Response) -> Response:
    """Add our `error` to the JSON errors FAB answers by itself; its own `message` stays for its clients."""
    if response.status_code < 400 or not request.path.startswith("/api/") or not response.is_json:
        return response
    body = response.get_json(silent=True)
    if not isinstance(body, dict) or "error" in body:
        return response
    failure = Failure(response.status_code, _problem_of(response.status_code, response.headers))
    given = body.get("message", body.get("msg"))
    error = body_of(failure)
    error["problems"] = list(_given_problems(given))
    response.data = jsonify({**body, "error": error}).data
    return response


def is_sent_by_script() -> bool:
    """Return whether a script sent the form (static/js/forms.js) and leaves the page only when it is saved."""
    return request.headers.get(FORM) == "1"


def tell_where_to_go(response: Response) -> Response:
    """Answer a saved form with the address to go to: a script that followed a redirect would eat the page's message."""
    if not is_sent_by_script() or not response.location or not 300 <= response.status_code < 400:
        return response
    return jsonify({"location": response.location})


def keep_login_out_of_pieces(response: Response) -> Response:
    """Answer 401 to scripts where a page would be sent to the login: the form on the screen keeps what was typed."""
    if not (request.headers.get("HX-Request") or is_sent_by_script()) or not response.location:
        return response
    if urlsplit(response.location).path != "/login/":
        return response
    return _send(Failure(401, Problem("http.401")))


def _given_problems(given: Any) -> Any:
    """Yield marshmallow's `{field: [sentence, ...]}` in our shape."""
    if not isinstance(given, dict):
        return
    for name, sentences in given.items():
        for sentence in sentences if isinstance(sentences, list) else [sentences]:
            yield {"field": str(name), "line": None, "message": str(sentence)}
