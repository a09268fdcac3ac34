"""Who asks and which pages are open to them: Flask-AppBuilder's security manager, made quick and strict."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, g, has_request_context, request, session
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    User,
    ViewMenu,
    assoc_group_role,
    assoc_permissionview_role,
    assoc_user_group,
    assoc_user_role,
)
from flask_jwt_extended import JWTManager
from flask_jwt_extended import current_user as token_user
from flask_login import current_user, login_user, logout_user

from crm.errors import NotAllowedError
from crm.permissions.store import profile
from crm.web.fab import users
from crm.web.fab.permissions import Pair

STAMP = "crm_stamp"  # in sessions and tokens: ends them when the password changes
PROFILE = ("team_id", "language", "time_zone", "theme")
MOST_REMEMBERED = 64  # combinations of roles
KEPT_AT_LOGOUT = ("locale",)


ONE_USER = (
    sa.select(User, profile)
    .outerjoin(profile, profile.c.user_id == User.id)
    .where(User.id == sa.bindparam("user_id"), User.active.is_(True))
)


@sa.event.listens_for(User, "before_delete")
def _never_deleted(_mapper: object, _connection: object, _user: User) -> None:
    """Refuse to delete a user on whatever way: records would name nobody, and history too.

    Errors: NotAllowedError.
    """
    raise NotAllowedError("people.never_deleted")


@dataclass(frozen=True)
class HeldRole:
    """A role of a user.

    Shape:  `mark` changes with any permission given to the role or taken from it: how many there are, the sum
            of their ids, the sum of the squares.
    """

    id: int
    name: str
    mark: tuple[int, ...]


def build_roles_query() -> sa.Select:
    """Return the query for a user's roles, own and by group, each with its mark."""
    user_id = sa.bindparam("user_id")
    own = sa.select(assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == user_id)
    by_group = (
        sa.select(assoc_group_role.c.role_id)
        .join(assoc_user_group, assoc_user_group.c.group_id == assoc_group_role.c.group_id)
        .where(assoc_user_group.c.user_id == user_id)
    )
    link = assoc_permissionview_role
    pair = sa.cast(link.c.permission_view_id, sa.BigInteger)
    return (
        sa.select(Role.id, Role.name, sa.func.count(pair), sa.func.sum(pair), sa.func.sum(pair * pair))
        .outerjoin(link, link.c.role_id == Role.id)
        .where(Role.id.in_(sa.union(own, by_group)))
        .group_by(Role.id, Role.name)
        .order_by(Role.id)
    )


ROLES = build_roles_query()


def read_roles(connection: sa.Connection, user_id: int) -> tuple[HeldRole, ...]:
    """Return the roles of a user."""
    rows = connection.execute(ROLES, {"user_id": user_id})
    return tuple(HeldRole(row[0], row[1], tuple(int(part or 0) for part in row[2:])) for row in rows)


def read_held_role(connection: sa.Connection, name: str) -> HeldRole | None:
    """Return a role by name as somebody who holds only it has it."""
    link = assoc_permissionview_role
    pair = sa.cast(link.c.permission_view_id, sa.BigInteger)
    row = connection.execute(
        sa.select(Role.id, Role.name, sa.func.count(pair), sa.func.sum(pair), sa.func.sum(pair * pair))
        .outerjoin(link, link.c.role_id == Role.id)
        .where(Role.name == name)
        .group_by(Role.id, Role.name)
    ).first()
    return None if row is None else HeldRole(row[0], row[1], tuple(int(part or 0) for part in row[2:]))


class CrmSecurityManager(SecurityManager):
    """FAB's manager with one permission set per request instead of a query per menu entry."""

    authdbview = users.AuthDBView
    security_api = users.SecurityApi
    userdbmodelview = users.UserDBModelView
    rolemodelview = users.RoleModelView
    groupmodelview = users.UserGroupModelView
    resetmypasswordview = users.ResetMyPasswordView
    resetpasswordview = users.ResetPasswordView
    userinfoeditview = users.UserInfoEditView
    userstatschartview = None

    def __init__(self, appbuilder: Any) -> None:
        super().__init__(appbuilder)
        self._opened: dict[tuple[HeldRole, ...], frozenset[Pair]] = {}

    def register_views(self) -> None:
        """Register FAB's views and slow down whoever guesses passwords, on the page or in the API."""
        super().register_views()
        limit = self.limiter.shared_limit(
            current_app.config["AUTH_RATE_LIMIT"], scope="login", methods=["POST"], deduct_when=_is_bad_login
        )
        for view in self.appbuilder.baseviews:
            if isinstance(view, (users.AuthDBView, users.SecurityApi)):
                limit(view.blueprint)

    # --- Users

    def load_user(self, pk: int | str) -> User | None:
        """Return the active user of a browser's session; None ends the session."""
        user = self._find_active(int(pk))
        if user is None:
            return None
        is_browser = has_request_context() and session.get("_user_id") == str(pk)
        if is_browser and not hmac.compare_digest(session.get(STAMP, ""), self._stamp(user)):
            return None
        return user

    def load_user_jwt(self, _header: dict[str, Any], claims: dict[str, Any]) -> User | None:
        """Return the user a token names."""
        user = self._find_active(int(claims["sub"]))
        if user is None or not hmac.compare_digest(str(claims.get(STAMP, "")), self._stamp(user)):
            return None
        g.user = user
        return user

    def create_jwt_manager(self, app: Flask) -> JWTManager:
        """Let tokens end, as sessions do, when the password changes."""
        manager = super().create_jwt_manager(app)
        manager.additional_claims_loader(
            lambda user_id: {STAMP: self._stamp(self._find_active(int(user_id)))}
        )
        return manager

    def _find_active(self, user_id: int) -> User | None:
        """Return a user, in two light queries: profile and roles go into `g` for this request."""
        session = self.session()
        with session.as_system():
            row = session.execute(ONE_USER, {"user_id": user_id}).first()
        if row is None:
            return None
        g.crm_profile = {name: row._mapping[profile.c[name]] for name in PROFILE}
        g.setdefault("crm_roles", {})[user_id] = read_roles(session.connection(), user_id)
        return row[0]

    def get_user_roles(self, user: User) -> list[Any]:
        """Return a user's roles, those of groups among them, with id and name."""
        if not user.is_authenticated:
            return []
        held = g.get("crm_roles", {}).get(user.id)
        return super().get_user_roles(user) if held is None else list(held)

    def start_session(self, user: User) -> None:
        """Sign a user in with a fresh browser session."""
        kept = {name: session[name] for name in KEPT_AT_LOGOUT if name in session}
        session.clear()
        session.update(kept)
        session.permanent = True
        login_user(user, remember=False)
        g.pop("crm_open", None)
        self.stamp_session(user)

    def stamp_session(self, user: User) -> None:
        """Tie the browser's session to the user's present password."""
        session[STAMP] = self._stamp(user)

    def end_session(self) -> None:
        """Sign out."""
        kept = {name: session[name] for name in KEPT_AT_LOGOUT if name in session}
        logout_user()
        g.pop("crm_open", None)
        session.clear()
        session.update(kept)

    @staticmethod
    def _stamp(user: User | None) -> str:
        if user is None:
            return ""
        key = str(current_app.config["SECRET_KEY"]).encode()
        return hmac.new(key, f"{user.id}:{user.password}".encode(), hashlib.sha256).hexdigest()[:32]

    # --- Permissions

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is public: pages that need no login do not ask."""
        return False

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Return whether whoever asks may open a view or see a menu item."""
        if "crm_open" not in g:
            user = current_user if current_user.is_authenticated else token_user
            g.crm_open = self.pairs_of(user) if user else frozenset()
        return (permission_name, view_name) in g.crm_open

    def _has_view_access(self, user: User, permission_name: str, view_name: str) -> bool:
        return (permission_name, view_name) in self.pairs_of(user)

    def _get_user_permission_view_menus(
        self, user: User | None, permission_name: str, view_menus_name: Iterable[str]
    ) -> set[str]:
        if user is None:
            return set()
        return {view for permission, view in self.pairs_of(user) if permission == permission_name}

    def pairs_of(self, user: User) -> frozenset[Pair]:
        """Return every (permission, view) the user's roles open; looked up once per request."""
        if not user.is_authenticated:
            return frozenset()
        kept = g.setdefault("crm_pairs", {})
        if user.id not in kept:
            roles = g.get("crm_roles", {}).get(user.id)
            kept[user.id] = self._pairs_of_roles(roles or read_roles(self.session.connection(), user.id))
        return kept[user.id]

    def _pairs_of_roles(self, roles: tuple[HeldRole, ...]) -> frozenset[Pair]:
        """Return what roles open, from memory as long as nobody changed them."""
        if not roles:
            return frozenset()
        pairs = self._opened.get(roles)
        if pairs is None:
            pairs = self._read_pairs(tuple(role.id for role in roles))
            self._opened = dict([(roles, pairs), *self._opened.items()][:MOST_REMEMBERED])
        return pairs

    def _read_pairs(self, role_ids: tuple[int, ...]) -> frozenset[Pair]:
        table = assoc_permissionview_role
        statement = (
            sa.select(Permission.name, ViewMenu.name)
            .select_from(PermissionView)
            .join(Permission, Permission.id == PermissionView.permission_id)
            .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
            .join(table, table.c.permission_view_id == PermissionView.id)
            .where(table.c.role_id.in_(role_ids))
            .distinct()
        )
        found = self.session.connection().execute(statement)
        return frozenset((permission, view) for permission, view in found)


def _is_bad_login(response: Any) -> bool:
    """Return whether a sign-in failed; only those count against the limit."""
    if request.path.startswith("/api/"):
        return response.status_code == 401
    return bool(g.get("login_failed"))
