"""Requests that only ask, although they are posted: they take no writer's turn, and work while one looks as a role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app, request

REDRAWN = "_refresh"  # in the address of a form that is drawn again and not saved
READING = ("GET", "HEAD", "OPTIONS")


def asks(when: Callable[[], bool]) -> Callable[[Any], Any]:
    """Mark a view that changes nothing whenever `when` holds of the request."""

    def mark(view: Any) -> Any:
        view.crm_asks = when
        return view

    return mark


def always() -> bool:
    """For a view that never changes anything."""
    return True


def is_redrawn() -> bool:
    """Return whether a form is to be drawn again with what it brought."""
    return REDRAWN in request.args


def is_asking() -> bool:
    """Return whether this request changes nothing: by its method, or because its view is marked so."""
    if request.method in READING:
        return True
    when = getattr(current_app.view_functions.get(request.endpoint or ""), "crm_asks", None)
    return when is not None and when()
