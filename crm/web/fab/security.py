"""Who asks and which pages are open to them: Flask-AppBuilder's security manager, made quick and strict."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterable, Mapping
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
from flask_jwt_extended import current_user as token_user
from flask_login import current_user, login_user, logout_user

from crm.database import utcnow
from crm.errors import NotAllowedError
from crm.permissions.sign_ins import digest_of, end_sign_in, sign_in, start_sign_in
from crm.permissions.store import Person, profile
from crm.web.fab import changed_users as changed_users  # listens from now on
from crm.web.fab import users
from crm.web.fab.devices import device_of
from crm.web.fab.guessing import Guesses, Visitor, find_account, tell_of_guesses
from crm.web.fab.permissions import Pair
from crm.web.fab.tokens import RememberingJWTManager

STAMP = "crm_stamp"  # in sessions and tokens: ends them when the password or the roles change
SIGN_IN = "crm_sign_in"  # in sessions and tokens: the secret whose row in the database says they hold
LONGEST = dt.timedelta(days=30)  # a session ends then even when it is used every day; so does a refresh token
PROFILE = ("team_id", "language", "time_zone", "theme", "week_start", "start_page")
MOST_REMEMBERED = 64  # combinations of roles
KEPT_AT_LOGOUT = ("locale",)


HELD = sa.union(
    sa.select(assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == sa.bindparam("user_id")),
    sa.select(assoc_group_role.c.role_id)
    .join(assoc_user_group, assoc_user_group.c.group_id == assoc_group_role.c.group_id)
    .where(assoc_user_group.c.user_id == sa.bindparam("user_id")),
)
"""The ids of a user's roles, own and by group."""

ONE_USER = (
    sa.select(User, profile, sign_in.c.id.label("sign_in_id"), Role.id.label("role_id"), Role.name)
    .outerjoin(profile, profile.c.user_id == User.id)
    .outerjoin(
        sign_in,
        sa.and_(
            sign_in.c.user_id == User.id,
            sign_in.c.digest == sa.bindparam("digest"),
            sign_in.c.ends_at > sa.bindparam("now"),
        ),
    )
    .outerjoin(Role, Role.id.in_(HELD))
    .where(User.id == sa.bindparam("user_id"), User.active.is_(True))
    .order_by(Role.id)
)
"""An active user with profile and sign-in: a row for each role, one without when there is none."""

ROLES = sa.select(Role.id, Role.name).where(Role.id.in_(HELD)).order_by(Role.id)


@sa.event.listens_for(User, "before_delete")
def _never_deleted(_mapper: object, _connection: object, _user: User) -> None:
    """Refuse to delete a user on whatever way: records would name nobody, and history too.

    Errors: NotAllowedError.
    """
    raise NotAllowedError("people.never_deleted")


@dataclass(frozen=True)
class HeldRole:
    """A role of a user."""

    id: int
    name: str


def read_roles(connection: sa.Connection, user_id: int) -> tuple[HeldRole, ...]:
    """Return the roles of a user."""
    return tuple(HeldRole(*row) for row in connection.execute(ROLES, {"user_id": user_id}))


def read_held_role(connection: sa.Connection, name: str) -> HeldRole | None:
    """Return a role by name as somebody who holds only it has it."""
    row = connection.execute(sa.select(Role.id, Role.name).where(Role.name == name)).first()
    return None if row is None else HeldRole(*row)


def marks_of(connection: sa.Connection, roles: tuple[HeldRole, ...]) -> tuple[tuple[int, ...], ...]:
    """Return a mark of each role that changes with any permission given to it or taken from it.

    Shape:  id, how many permissions there are, the sum of their ids, the sum of the squares.
    """
    link = assoc_permissionview_role
    pair = sa.cast(link.c.permission_view_id, sa.BigInteger)
    found = connection.execute(
        sa.select(link.c.role_id, sa.func.count(pair), sa.func.sum(pair), sa.func.sum(pair * pair))
        .where(link.c.role_id.in_([role.id for role in roles]))
        .group_by(link.c.role_id)
        .order_by(link.c.role_id)
    )
    return tuple(tuple(int(part or 0) for part in row) for row in found)


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
        self._opened: dict[tuple[tuple[int, ...], ...], frozenset[Pair]] = {}

    # --- Users

    def auth_user_db(self, username: str, password: str) -> User | None:
        """Return the user whose name and password these are, on the page and in the API.

        After too many wrong passwords a visitor must wait: `g.crm_wait` seconds, in which no password is checked.
        """
        session = self.session()
        username = (username or "").replace("\0", "\ufffd")  # PostgreSQL takes no NUL, not even to compare
        account = find_account(session.connection(), username)
        visitor = Visitor.of(request, account)
        guesses: Guesses = current_app.extensions["crm_guesses"]
        attempt = guesses.begin(visitor)
        if attempt.wait_seconds:
            g.crm_wait = attempt.wait_seconds
            return None
        user = super().auth_user_db(username, password)
        if user is not None:
            guesses.forget(attempt)
            return user
        tell_of_guesses(session, visitor, attempt)
        session.commit()
        return None

    def load_user(self, pk: int | str) -> User | None:
        """Return the active user of a browser's session; None ends the session."""
        is_browser = has_request_context() and session.get("_user_id") == str(pk)
        if not is_browser:
            return self._find_active(int(pk))
        return self._find_signed_in(int(pk), session)

    def load_user_jwt(self, _header: dict[str, Any], claims: dict[str, Any]) -> User | None:
        """Return the user a token names."""
        user = self._find_signed_in(int(claims["sub"]), claims)
        if user is None:
            return None
        g.user, g.crm_token_secret = user, claims[SIGN_IN]
        return user

    def create_jwt_manager(self, app: Flask) -> RememberingJWTManager:
        """Let tokens end as sessions do; all that come from one sign-in end together."""
        manager = RememberingJWTManager(app)
        manager.user_lookup_loader(self.load_user_jwt)
        manager.additional_claims_loader(self._claims_of)
        return manager

    def _claims_of(self, user_id: str) -> dict[str, str]:
        """Return what a new token shows: of the sign-in that asks for it, or of the token that is refreshed."""
        user = self._find_active(int(user_id))
        if "crm_token_secret" not in g:
            g.crm_token_secret = self._start(user, self._token_lasts())
        return {STAMP: self._stamp(user), SIGN_IN: g.crm_token_secret}

    @staticmethod
    def _token_lasts() -> dt.timedelta:
        asked = request.get_json(silent=True)
        is_renewed = isinstance(asked, dict) and bool(asked.get("refresh"))
        return LONGEST if is_renewed else dt.timedelta(seconds=current_app.config["JWT_ACCESS_TOKEN_EXPIRES"])

    def _find_signed_in(self, user_id: int, shown: Mapping[str, Any]) -> User | None:
        """Return the user if what a cookie or a token shows still holds."""
        user = self._find_active(user_id, str(shown.get(SIGN_IN, "")))
        if user is None or not g.crm_is_signed_in:
            return None
        same = hmac.compare_digest(str(shown.get(STAMP, "")).encode(), self._stamp(user).encode())
        return user if same else None

    def _find_active(self, user_id: int, secret: str = "") -> User | None:
        """Return a user, in one light query: profile and roles go into `g` for this request."""
        session = self.session()
        asked = {"user_id": user_id, "digest": digest_of(secret), "now": utcnow()}
        with session.as_system():
            rows = session.execute(ONE_USER, asked).all()
        if not rows:
            return None
        user, found = rows[0][0], rows[0]._mapping
        g.crm_profile = {name: found[profile.c[name]] for name in PROFILE}
        g.crm_is_signed_in = found["sign_in_id"] is not None
        g.setdefault("crm_roles", {})[user_id] = tuple(
            HeldRole(row.role_id, row.name) for row in rows if row.role_id is not None
        )
        session.meet(Person(user.id, user.first_name, user.last_name, user.username, user.active))
        return user

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
        self.renew_session(user)

    def renew_session(self, user: User) -> None:
        """Tie the browser's session to the user's present password and roles; what it was tied to ends."""
        end_sign_in(self.session().connection(), session.get(SIGN_IN, ""))
        g.setdefault("crm_roles", {})[user.id] = read_roles(self.session().connection(), user.id)
        session[STAMP] = self._stamp(user)
        session[SIGN_IN] = self._start(user, max(LONGEST, current_app.permanent_session_lifetime))

    def end_session(self) -> None:
        """Sign out; a copy of the cookie that somebody kept is worth nothing from now on."""
        end_sign_in(self.session().connection(), session.get(SIGN_IN, ""))
        self.session().commit()
        kept = {name: session[name] for name in KEPT_AT_LOGOUT if name in session}
        logout_user()
        g.pop("crm_open", None)
        session.clear()
        session.update(kept)

    def _start(self, user: User, lasts: dt.timedelta) -> str:
        secret = start_sign_in(self.session().connection(), user.id, utcnow(), lasts, device_of(request))
        self.session().commit()
        return secret

    @staticmethod
    def _stamp(user: User | None) -> str:
        if user is None:
            return ""
        roles = ",".join(str(role.id) for role in g.crm_roles[user.id])
        key = str(current_app.config["SECRET_KEY"]).encode()
        return hmac.new(key, f"{user.id}:{user.password}:{roles}".encode(), hashlib.sha256).hexdigest()[:32]

    # --- Permissions

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is public: pages that need no login do not ask."""
        return False

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Return whether the current user may open a view or see a menu item."""
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
        marks = marks_of(self.session.connection(), roles) if roles else ()
        if not marks:
            return frozenset()
        pairs = self._opened.get(marks)
        if pairs is None:
            pairs = self._read_pairs(tuple(role.id for role in roles))
            self._opened = dict([(marks, pairs), *self._opened.items()][:MOST_REMEMBERED])
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
