"""Keeping and taking back views of lists."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import pgettext
from werkzeug.wrappers import Response

from crm.database import CrmSession
from crm.errors import NotFoundError
from crm.permissions.service import require
from crm.revisions.workspace import Workspace
from crm.web.entity.cells import view_name
from crm.web.entity.saved_views import delete_view, save_view
from crm.web.fab.permissions import EVERYONE, USE


class SavedViewsView(BaseView):
    """Saves and deletes views; lists show them as tabs."""

    route_base = "/views"
    class_permission_name = EVERYONE
    method_permission_name = {"save": USE.removeprefix("can_"), "delete": USE.removeprefix("can_")}

    @expose("/<entity>", methods=["POST"])
    @has_access
    def save(self, entity: str) -> Response:
        """Keep the filters, order and search of a list under a name."""
        session: CrmSession = self.appbuilder.session()
        found = session.workspace.schema.entities.get(entity)
        if found is None:
            raise NotFoundError("record.not_found", entity=entity, id=0)
        require(session.actor, "read", found)
        query = request.form.get("query", "").lstrip("?")
        save_view(session, entity, request.form.get("name", ""), query, "shared" in request.form)
        session.commit()
        flash(pgettext("message", "View saved."), "success")
        return redirect(f"{url_for(view_name(entity) + '.list')}?{query}")

    @expose("/delete/<int:view_id>", methods=["POST"])
    @has_access
    def delete(self, view_id: int) -> Response:
        """Take back a view."""
        session: CrmSession = self.appbuilder.session()
        delete_view(session, view_id)
        session.commit()
        flash(pgettext("message", "View deleted."), "success")
        return redirect(
            request.referrer if request.referrer and request.referrer.startswith(request.host_url) else "/"
        )


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view_no_menu(SavedViewsView)
