"""A page that is refused says which right it asks for, and who could give it."""

from __future__ import annotations

from flask import current_app, request
from flask_login import current_user

from crm.errors import Problem
from crm.permissions.service import ADMIN_ROLE
from crm.permissions.store import list_role_holders
from crm.web.fab.permissions import CONFIGURATION, RIGHTS
from crm.web.language import current_language

MOST_NAMES = 3


def missing_right() -> Problem:
    """Return which right the page of this request asks for, as far as a role of ours could give it."""
    view = next(
        (view for view in current_app.appbuilder.baseviews if view.endpoint == request.blueprint), None
    )
    if getattr(view, "class_permission_name", "") == CONFIGURATION:
        return Problem("permissions.may_not_configure")
    entity, method = getattr(view, "entity", None), (request.endpoint or "").rpartition(".")[2]
    permission = f"can_{(getattr(view, 'method_permission_name', None) or {}).get(method, method)}"
    deed = next((deed for deed, names in RIGHTS.items() if permission in names), None)
    if entity is None or deed is None:
        return Problem("http.403")
    return Problem(f"permissions.may_not_{deed}", {"entity": entity.plural})


def who_gives_rights() -> list[str]:
    """Return the names of a few administrators, for those who are signed in."""
    if not current_user.is_authenticated:
        return []
    return list_role_holders(current_app.appbuilder.session.connection(), current_language()).get(
        ADMIN_ROLE, []
    )[:MOST_NAMES]
