"""Every page of the app: a list of functions, each of which registers some views."""

from __future__ import annotations

from collections.abc import Callable

from flask_appbuilder import AppBuilder

from crm.entities.workspace import Workspace
from crm.web import (
    condition_pages,
    entity_api,
    entity_view,
    files_pages,
    imports_api,
    imports_pages,
    lookups,
    notifications,
    profile,
    reports_pages,
    roles_pages,
    roles_why,
    saved_views_pages,
    schema_api,
    schema_documents,
    schema_preview,
    schema_publish,
    search_pages,
    view_as,
)

Register = Callable[[AppBuilder, Workspace], None]

PAGES: list[Register] = [
    entity_view.register,
    entity_api.register,
    files_pages.register,
    reports_pages.register,
    lookups.register,
    condition_pages.register,
    imports_pages.register,
    imports_api.register,
    saved_views_pages.register,
    schema_api.register,
    schema_preview.register,
    schema_documents.register,
    schema_publish.register,
    roles_why.register,
    roles_pages.register,
    view_as.register,
    search_pages.register,
    notifications.register,
    profile.register,
]
"""In the order of the menu. To add pages, write `register(appbuilder, workspace)` and name it here; `app.py`
appends those of `workflows`."""
