"""Flask-AppBuilder's own views, each subclassed once: sign-in, users, roles, groups, passwords.

They keep FAB's names, because its templates and permissions go by them.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from flask import flash, g, make_response, redirect, request, session
from flask_appbuilder import expose
from flask_appbuilder.security import api, views
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.security.forms import LoginForm_db
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from crm.web.fab.views import CheckedView
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
            g.login_failed = True
            flash(str(self.invalid_login_message), "warning")
            return self._form(form, 401)
        manager.start_session(user)
        return redirect(target)

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

    def response_500(self, **kwargs: Any) -> Any:
        """Let the app's own handler answer an error, which knows a busy database from a bug."""
        error = sys.exception()
        if error is None:
            return super().response_500(**kwargs)
        raise error


class UserDBModelView(CheckedView, views.UserDBModelView):
    """Users, for administrators."""

    order_columns = ["first_name", "last_name", "username", "email", "active"]
    search_columns = ["first_name", "last_name", "username", "email", "active"]
    base_order = ("username", "asc")
    description_columns: ClassVar[dict[str, Any]] = {
        "username": lazy_gettext("What the person types to sign in."),
        "active": lazy_gettext("Who leaves is switched off and not deleted: history keeps the name."),
        "roles": lazy_gettext("They say what the person may see and do. Several roles add up."),
        "groups": lazy_gettext("A group passes its roles on to all its members."),
    }

    def pre_delete(self, item: Any) -> None:
        """Refuse to delete oneself."""
        if item.id == g.user.id:
            raise ValueError(gettext("You cannot delete yourself."))


class RoleModelView(CheckedView, views.RoleModelView):
    """Roles as Flask-AppBuilder keeps them; what they may do with records is declared in YAML."""

    search_columns = ["name"]


class UserGroupModelView(CheckedView, views.UserGroupModelView):
    """Groups of users, each with roles."""

    search_columns = ["name", "label", "description"]


class ResetMyPasswordView(views.ResetMyPasswordView):
    """Changes one's own password."""

    redirect_url = PROFILE

    def form_post(self, form: Any) -> None:
        """Change the password and stay signed in here; every other session of the user ends."""
        super().form_post(form)
        self.appbuilder.sm.stamp_session(self.appbuilder.sm.get_user_by_id(g.user.id))


class UserInfoEditView(views.UserInfoEditView):
    """Changes one's own name."""

    redirect_url = PROFILE


class ResetPasswordView(views.ResetPasswordView):
    """Changes another user's password, for administrators."""

    redirect_url = "/users/list/"
