"""Every page of the app: a list of functions, each of which registers some views."""

from __future__ import annotations

from collections.abc import Callable

from flask_appbuilder import AppBuilder

from crm.revisions.workspace import Workspace
from crm.web import (
    bin_pages,
    bulk_pages,
    files_pages,
    leaving_pages,
    notifications,
    profile,
    reports_pages,
    search_pages,
    segments_pages,
)
from crm.web.conditions import pages as condition_pages
from crm.web.day import calendar as day_calendar
from crm.web.day import feed as day_feed
from crm.web.day import page as day_page
from crm.web.entity import lookups, saved_views_pages
from crm.web.entity import view as entity_view
from crm.web.imports import pages as imports_pages
from crm.web.rest import analysis as analysis_api
from crm.web.rest import bulk as bulk_api
from crm.web.rest import drafts as drafts_api
from crm.web.rest import entity as entity_api
from crm.web.rest import imports as imports_api
from crm.web.rest import schema as schema_api
from crm.web.rest import search as search_api
from crm.web.roles import pages as roles_pages
from crm.web.roles import view_as
from crm.web.roles import why as roles_why
from crm.web.schema import documents as schema_documents
from crm.web.schema import preview as schema_preview
from crm.web.schema import publish as schema_publish
from crm.web.schema import segments as schema_segments
from crm.web.schema import upload as schema_upload

Register = Callable[[AppBuilder, Workspace], None]

PAGES: list[Register] = [
    day_page.register,
    day_calendar.register,
    day_feed.register,
    entity_view.register,
    entity_api.register,
    bulk_api.register,
    files_pages.register,
    segments_pages.register,
    reports_pages.register,
    lookups.register,
    condition_pages.register,
    imports_pages.register,
    imports_api.register,
    saved_views_pages.register,
    analysis_api.register,
    search_api.register,
    schema_api.register,
    drafts_api.register,
    schema_preview.register,
    schema_documents.register,
    schema_publish.register,
    schema_segments.register,
    schema_upload.register,
    roles_why.register,
    roles_pages.register,
    view_as.register,
    search_pages.register,
    notifications.register,
    profile.register,
    leaving_pages.register,
    bulk_pages.register,
    bin_pages.register,
]
"""In the order of the menu. To add pages, write `register(appbuilder, workspace)` and name it here; those of
`workflows` stand in `more_pages.py`."""
