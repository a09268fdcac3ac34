"""Looking at the CRM as a role sees it: only looking, and never more than the reader may see anyway."""

from __future__ import annotations

import logging
from dataclasses import replace

from flask import g, redirect
from flask import session as browser_session
from flask_appbuilder import AppBuilder, BaseView
from werkzeug.wrappers import Response

from crm.database import CrmSession
from crm.entities.model import Schema
from crm.errors import NotAllowedError
from crm.permissions.grants import exceeds
from crm.permissions.model import Actor, Role
from crm.revisions.workspace import Workspace
from crm.web.fab.permissions import EVERYONE
from crm.web.fab.security import read_held_role
from crm.web.fab.views import page
from crm.web.serving.asking import always, asks, is_asking

logger = logging.getLogger(__name__)

KEY = "crm_view_as"  # in the browser's session and, for this request, in `g`


def may_view_as(actor: Actor, role: Role, schema: Schema) -> bool:
    """Return whether an actor may view as a role: only if it opens nothing the actor cannot see already."""
    return actor.may_configure and not exceeds(actor, role, schema)


def as_viewed(session: CrmSession, workspace: Workspace, actor: Actor) -> Actor:
    """Return the actor of this request: the reader, or the reader with only the role they view as.

    Viewing ends when the role was removed or now opens too much.
    """
    name = browser_session.get(KEY)
    if name is None:
        return actor
    role = workspace.schema.parts.get("role", {}).get(name)
    held = read_held_role(session.connection(), name)
    if role is None or held is None or not may_view_as(actor, role, workspace.schema):
        browser_session.pop(KEY)
        return actor
    g.crm_view_as = role
    g.setdefault("crm_roles", {})[actor.user_id] = (held,)  # the pages and the menu of the role
    for known in ("crm_open", "crm_pairs"):
        g.pop(known, None)
    return replace(actor, roles=(role,), is_admin=False)


def refuse_changes() -> None:
    """Refuse to change anything while one looks as a role.

    Errors: NotAllowedError.
    """
    role = viewed_role()
    if role is not None and not is_asking():
        raise NotAllowedError("permissions.viewing_as", role=role.label)


def viewed_role() -> Role | None:
    """Return the role this request is looked at as."""
    return g.get(KEY)


def start_viewing(actor: Actor, role: Role, schema: Schema) -> None:
    """Let the browser's session look as a role from now on.

    Errors: NotAllowedError for a role that opens more than the actor has.
    """
    if not may_view_as(actor, role, schema):
        raise NotAllowedError("permissions.may_not_view_as", role=role.label)
    browser_session[KEY] = role.name
    logger.warning("%s looks at the CRM as the role %s", actor.name, role.name)


class ViewAsView(BaseView):
    """`/admin/view-as/stop`: open to everybody, since the role one looks as may open nothing."""

    route_base = "/admin/view-as"
    class_permission_name = EVERYONE

    @page("/stop", methods=["POST"])
    @asks(always)
    def stop(self) -> Response:
        """Be oneself again."""
        name = browser_session.pop(KEY, None)
        if name is not None:
            logger.warning("User %s no longer looks as the role %s", g.user.id, name)
        return redirect("/admin/roles/" if name is not None else "/")


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the way back."""
    appbuilder.add_view_no_menu(ViewAsView)
