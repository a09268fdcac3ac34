"""Flask-AppBuilder's permission tables, written in one go from the schema and not one by one from views.

FAB's rows open pages (who may call which view at all); what a person may see and change on them is decided by
the session's actor. Both come from the same roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_permissionview_role,
)

from crm.database import insert_of
from crm.revisions import store
from crm.revisions.workspace import Workspace

Pair = tuple[str, str]
"""A permission and the view or menu it is for: `("can_list", "deal")`."""

ADMIN = "Admin"  # FAB's role that may do everything
PUBLIC = "Public"  # FAB's role of readers who have not signed in; it has no permission
MENU = "menu_access"

EVERYONE = "everyone"  # class_permission_name of pages for every signed-in user
CONFIGURATION = "configuration"  # class_permission_name of pages for roles with `admin: true`
USE = "can_use"  # the one permission of both

RIGHTS: Mapping[str, tuple[str, ...]] = {
    "read": ("can_list", "can_show", "can_get", "can_info", MENU),
    "create": ("can_add", "can_post"),
    "update": ("can_edit", "can_put"),
    "delete": ("can_delete",),
    "import": ("can_import",),
    "export": ("can_export",),
}
"""What each right of a YAML role opens on an entity's views, whose `class_permission_name` is its name."""

OWN_ACCOUNT: tuple[Pair, ...] = (
    ("can_get", "MenuApi"),
    ("can_get", "OpenApi"),
    ("can_this_form_get", "ResetMyPasswordView"),
    ("can_this_form_post", "ResetMyPasswordView"),
    ("can_this_form_get", "UserInfoEditView"),
    ("can_this_form_post", "UserInfoEditView"),
    ("can_userinfo", "UserDBModelView"),
    ("resetmypassword", "UserDBModelView"),
    ("userinfoedit", "UserDBModelView"),
)
"""What every signed-in user may do with FAB's own views."""

MENU_OF_ALL = ("Segments", "Reports", "Approvals", "Bin", "Bulk changes")
MENU_OF_IMPORT = ("Import",)  # for those who may import into some entity
MENU_OF_CONFIGURATION = ("Security", "Entities", "Rules", "Webhooks", "Rights")
"""Menu items of pages that are not an entity's, by who sees them; a new page with a menu item adds its name."""

CRUD = ("can_list", "can_show", "can_add", "can_edit", "can_delete", "can_download")
USER_ADMINISTRATION: tuple[Pair, ...] = (
    *((permission, "UserDBModelView") for permission in (*CRUD, "resetpasswords")),
    *((permission, "RoleModelView") for permission in (*CRUD, "copyrole")),
    *((permission, "UserGroupModelView") for permission in CRUD),
    ("can_this_form_get", "ResetPasswordView"),
    ("can_this_form_post", "ResetPasswordView"),
    *((MENU, name) for name in ("Security", "List Users", "List Groups")),
)
"""What only FAB's Admin may do: users, roles and groups."""


def wanted_pairs(workspace: Workspace) -> set[Pair]:
    """Return every permission there should be: ours, FAB's, and those of each entity."""
    pairs = {*OWN_ACCOUNT, *USER_ADMINISTRATION, (USE, EVERYONE), (USE, CONFIGURATION)}
    pairs |= menu_pairs(MENU_OF_ALL + MENU_OF_IMPORT + MENU_OF_CONFIGURATION)
    for entity in workspace.schema.entities.values():
        pairs |= {(permission, entity.name) for names in RIGHTS.values() for permission in names}
        if entity.menu:
            pairs.add((MENU, entity.menu))
    return pairs


def pairs_of_role(workspace: Workspace, role: Any) -> set[Pair]:
    """Return what a YAML role opens."""
    pairs = {*OWN_ACCOUNT, (USE, EVERYONE), *menu_pairs(MENU_OF_ALL)}
    if role.admin:
        pairs |= {(USE, CONFIGURATION), *menu_pairs(MENU_OF_CONFIGURATION)}
    if any("import" in rights.can for rights in role.entities.values()):
        pairs |= menu_pairs(MENU_OF_IMPORT)
    for name, rights in role.entities.items():
        entity = workspace.schema.entities.get(name)
        if entity is None:
            continue
        pairs |= {(permission, name) for right in rights.can for permission in RIGHTS.get(right, ())}
        if "read" in rights.can and entity.menu:
            pairs.add((MENU, entity.menu))
    return pairs


def menu_pairs(names: Iterable[str]) -> set[Pair]:
    """Return what opens menu items."""
    return {(MENU, name) for name in names}


def pairs_of_app(app: Any) -> set[Pair]:
    """Return what FAB itself would write for the views and the menu of a built app."""
    builder = app.appbuilder
    pairs = {
        (name, view.class_permission_name) for view in builder.baseviews for name in view.base_permissions
    }
    for category in builder.menu.get_list():
        items = [category, *(item for item in category.childs if item.name != "-")]
        pairs |= {(MENU, item.name) for item in items}
    return pairs


def sync_permissions(connection: sa.Connection, workspace: Workspace, extra: Iterable[Pair] = ()) -> None:
    """Bring FAB's tables in line with a revision, in the caller's transaction.

    Shape:  adds permissions, views and roles that are missing and never removes one, so that a rollback of
            the schema finds them; what a YAML role opens is exactly what it declares now, and nothing when it
            goes. `extra` are pairs that only a built app knows (`pairs_of_app`); Admin gets them too.
    """
    ids = _ensure_pairs(connection, wanted_pairs(workspace) | set(extra))
    roles = workspace.schema.parts.get("role", {})
    role_ids = _ensure_names(connection, Role, {ADMIN, PUBLIC, *roles})
    _grant(connection, role_ids[ADMIN], set(ids.values()))
    for name, role in roles.items():
        wanted = {ids[pair] for pair in pairs_of_role(workspace, role)}
        _grant(connection, role_ids[name], wanted)
        _revoke_others(connection, role_ids[name], wanted)
    for name in former_roles(connection) - set(roles) - {ADMIN, PUBLIC}:
        for role_id in connection.scalars(sa.select(Role.id).where(Role.name == name)):
            _revoke_others(connection, role_id, set())


def former_roles(connection: sa.Connection) -> set[str]:
    """Return the roles of the revision that is live so far; who still holds one that goes opens nothing by it."""
    live = store.find_revision(connection, store.live_number(connection))
    return {body["role"] for body in live["documents"] if next(iter(body)) == "role"} if live else set()


def missing_pairs(connection: sa.Connection, pairs: Iterable[Pair]) -> set[Pair]:
    """Return the pairs that FAB's tables do not hold yet."""
    return set(pairs) - set(_pair_ids(connection))


def _pair_ids(connection: sa.Connection) -> dict[Pair, int]:
    statement = (
        sa.select(Permission.name, ViewMenu.name, PermissionView.id)
        .select_from(PermissionView)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    )
    return {(permission, view): pair_id for permission, view, pair_id in connection.execute(statement)}


def _ensure_pairs(connection: sa.Connection, pairs: set[Pair]) -> dict[Pair, int]:
    """Return the id of every pair, adding those that are missing."""
    found = _pair_ids(connection)
    missing = pairs - set(found)
    if not missing:
        return found
    permissions = _ensure_names(connection, Permission, {permission for permission, _ in missing})
    views = _ensure_names(connection, ViewMenu, {view for _, view in missing})
    rows = [
        {"permission_id": permissions[permission], "view_menu_id": views[view]}
        for permission, view in sorted(missing)
    ]
    _insert_missing(connection, PermissionView.__table__, rows)
    return _pair_ids(connection)


def _ensure_names(connection: sa.Connection, model: Any, names: set[str]) -> dict[str, int]:
    """Return the id of every name in a table of names, adding those that are missing."""
    table = model.__table__
    statement = sa.select(table.c.name, table.c.id)
    found = dict(connection.execute(statement).all())
    if names <= set(found):
        return found
    _insert_missing(connection, table, [{"name": name} for name in sorted(names - set(found))])
    return dict(connection.execute(statement).all())


def _grant(connection: sa.Connection, role_id: int, pair_ids: set[int]) -> None:
    table = assoc_permissionview_role
    statement = sa.select(table.c.permission_view_id).where(table.c.role_id == role_id)
    missing = pair_ids - set(connection.scalars(statement))
    rows = [{"permission_view_id": pair_id, "role_id": role_id} for pair_id in sorted(missing)]
    _insert_missing(connection, table, rows)


def _revoke_others(connection: sa.Connection, role_id: int, pair_ids: set[int]) -> None:
    table = assoc_permissionview_role
    statement = sa.select(table.c.id, table.c.permission_view_id).where(table.c.role_id == role_id)
    surplus = [row_id for row_id, pair_id in connection.execute(statement) if pair_id not in pair_ids]
    if surplus:
        connection.execute(sa.delete(table).where(table.c.id.in_(surplus)))


def _insert_missing(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows; one that another process wrote meanwhile is left as it is."""
    if not rows:
        return
    connection.execute(insert_of(connection)(table).on_conflict_do_nothing(), rows)
