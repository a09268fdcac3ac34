"""Flask-AppBuilder's own views, each subclassed once: sign-in, users, roles, groups, passwords.

They keep FAB's names, because its templates and permissions go by them.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from flask import current_app, flash, g, make_response, redirect, request, session
from flask_appbuilder import action, expose
from flask_appbuilder.security import api, views
from flask_appbuilder.security.decorators import has_access, no_cache, permission_name
from flask_appbuilder.security.forms import LoginForm_db
from flask_babel import lazy_gettext, lazy_pgettext
from werkzeug.wrappers import Response

from crm.errors import Problem, wait_problem
from crm.leaving.holdings import is_last_admin
from crm.messages import render
from crm.permissions.store import find_user
from crm.texts import NP_
from crm.web.fab.guessing import remember_browser
from crm.web.fab.views import CheckedView
from crm.web.language import current_language, spoken
from crm.web.redirects import safe_path

PROFILE = "/profile/"


class AuthDBView(views.AuthDBView):
    """`/login/` and `/logout/`; the reader goes on to a page of this site only."""

    @expose("/login/", methods=["GET", "POST"])
    @no_cache
    def login(self) -> Response:
        """Show the form, or sign in and go on to `next`."""
        target = safe_path(request.args.get("next"))
        if g.user.is_authenticated:
            return redirect(target)
        drop_denials()
        form = LoginForm_db()
        if not form.validate_on_submit():
            return self._form(form, 422 if request.method == "POST" else 200)
        manager = self.appbuilder.sm
        user = manager.auth_user_db(form.username.data, form.password.data)
        if user is None:
            return self._refuse(form)
        manager.start_session(user)
        answer = redirect(target)
        remember_browser(request, answer, user.id)
        return answer

    def _refuse(self, form: LoginForm_db) -> Response:
        """Show the form again, and when to try again if there were too many attempts."""
        seconds = g.get("crm_wait")
        if seconds is None:
            flash(str(self.invalid_login_message), "warning")
            return self._form(form, 401)
        flash(render(wait_problem(seconds), current_language()), "warning")
        answer = self._form(form, 429)
        answer.headers["Retry-After"] = str(seconds)
        return answer

    def _form(self, form: LoginForm_db, status: int) -> Response:
        page = self.render_template(
            self.login_template, title=self.title, form=form, appbuilder=self.appbuilder
        )
        return make_response(page, status)

    @expose("/logout/")
    def logout(self) -> Response:
        """Forget everything the browser's session held, but not the language."""
        self.appbuilder.sm.end_session()
        return redirect("/login/")


def drop_denials() -> None:
    """Forget FAB's "Access is denied" about the page that led here: who has not signed in did nothing wrong."""
    kept = [flashed for flashed in session.get("_flashes", ()) if flashed[0] != "danger"]
    if len(kept) != len(session.get("_flashes", ())):
        session["_flashes"] = kept


class SecurityApi(api.SecurityApi):
    """`POST /api/v1/security/login` and `/refresh`: JSON Web Tokens."""

    def response_401(self) -> Any:
        """Refuse a sign-in; after too many attempts say when to try again."""
        seconds = g.get("crm_wait")
        if seconds is None:
            return super().response_401()
        answer = self.response(429, message=render(wait_problem(seconds), current_language()))
        answer.headers["Retry-After"] = str(seconds)
        return answer

    def response_500(self, **kwargs: Any) -> Any:
        """Let the app's own handler answer an error, which knows a busy database from a bug."""
        error = sys.exception()
        if error is None:
            return super().response_500(**kwargs)
        raise error


OWN_ROLES = {"Admin": NP_("role", "Administrator"), "Public": NP_("role", "Not signed in")}
"""What we call the roles that Flask-AppBuilder always has."""


def say_role(role: Any) -> str:
    """Return what a role is called, in the reader's language."""
    return role_words(role.name)


def role_words(name: str) -> str:
    """Return what the role of a name is called, in the reader's language."""
    declared = current_app.appbuilder.session().workspace.schema.parts.get("role", {}).get(name)
    if declared:
        return declared.label.get(current_language())
    return spoken(OWN_ROLES[name]) if name in OWN_ROLES else name


class GivesRoles(CheckedView):
    """A view of those who hold roles: says them by their labels."""

    formatters_columns: ClassVar[dict[str, Any]] = {"roles": lambda roles: [say_role(role) for role in roles]}

    def _init_forms(self) -> None:
        super()._init_forms()
        for form in (self.add_form, self.edit_form):
            form.roles.kwargs["get_label"] = say_role


class UserDBModelView(GivesRoles, views.UserDBModelView):
    """Users, for administrators."""

    order_columns = ["first_name", "last_name", "username", "email", "active"]
    search_columns = ["first_name", "last_name", "username", "email", "active"]
    base_order = ("username", "asc")
    description_columns: ClassVar[dict[str, Any]] = {
        "username": lazy_gettext("Used to sign in."),
        "active": lazy_gettext(
            "Users who leave are deactivated, not deleted: the history keeps their names."
        ),
        "roles": lazy_gettext("They define what the user can see and do. Several roles add up."),
        "groups": lazy_gettext("A group gives its roles to all its members."),
    }

    method_permission_name: ClassVar[dict[str, str]] = {"leave": "edit", "delete": "edit"}
    base_permissions: ClassVar[list[str]] = ["can_list", "can_show", "can_add", "can_edit", "can_userinfo"]

    @expose("/delete/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def delete(self, pk: str) -> Response:
        """Ask who takes over instead: users are deactivated, never deleted."""
        flash(render(Problem("people.never_deleted"), current_language()), "info")
        return redirect(f"/users/leaving/{int(pk)}")

    @action("leave", lazy_pgettext("button", "Offboard user"), "", "fa-user-times", multiple=False)
    @permission_name("edit")
    def leave(self, item: Any) -> Response:
        """Ask who takes over what this user holds."""
        return redirect(f"/users/leaving/{item.id}")

    def _edit(self, pk: str) -> Any:
        """Note how the user is before the form is read into it, which may be written at once."""
        connection = self.appbuilder.session().connection()
        user = find_user(connection, int(pk))
        g.crm_user_before = (user and user["active"], is_last_admin(connection, int(pk)))
        return super()._edit(pk)

    def pre_update(self, item: Any) -> None:
        """Ask first who takes over, where somebody is to be deactivated."""
        was_active, is_last = g.crm_user_before
        if is_last and not item.active:
            raise ValueError(render(Problem("people.last_admin"), current_language()))
        if was_active and not item.active:
            item.active = True
            g.crm_leaves = item.id
        super().pre_update(item)

    def post_edit_redirect(self) -> Response:
        """Go on to the question who takes over, when somebody is to be deactivated."""
        if "crm_leaves" in g:
            return redirect(f"/users/leaving/{g.crm_leaves}")
        return super().post_edit_redirect()

    def post_update(self, item: Any) -> None:
        """Stay signed in here after changing oneself."""
        if item.id == g.user.id and item.active:
            self.appbuilder.sm.renew_session(item)


class RoleModelView(CheckedView, views.RoleModelView):
    """Roles as Flask-AppBuilder keeps them; what they may do with records is declared in YAML."""

    search_columns = ["name"]
    formatters_columns: ClassVar[dict[str, Any]] = {"name": role_words}


class UserGroupModelView(GivesRoles, views.UserGroupModelView):
    """Groups of users, each with roles."""

    search_columns = ["name", "label", "description"]


class ResetMyPasswordView(views.ResetMyPasswordView):
    """Changes one's own password."""

    redirect_url = PROFILE

    def form_post(self, form: Any) -> None:
        """Change the password and stay signed in here; every other session of the user ends."""
        super().form_post(form)
        self.appbuilder.sm.renew_session(self.appbuilder.sm.get_user_by_id(g.user.id))


class UserInfoEditView(views.UserInfoEditView):
    """Changes one's own name."""

    redirect_url = PROFILE


class ResetPasswordView(views.ResetPasswordView):
    """Changes another user's password, for administrators."""

    redirect_url = "/users/list/"
