"""Segments and reports over REST: what they hold for the caller, and on how much of the records that rests."""

from __future__ import annotations

from flask import Response
from flask_appbuilder import AppBuilder, expose

from crm.permissions.sight import rests_on
from crm.reports.service import get_report, run_report
from crm.reports.tables import report_facts
from crm.revisions.workspace import Workspace
from crm.segments.service import segment_members
from crm.web.rest.answers import answer, for_users
from crm.web.rest.described import ANYTHING, NUMBER, TEXT, DescribedApi, a_list, an_object, described
from crm.web.serving.session import current_session

RESTS_ON = {"notes": a_list(TEXT), "narrowed": a_list(an_object(entity=TEXT, seen=NUMBER, all=NUMBER))}
SEGMENT = an_object(segment=TEXT, count=NUMBER, ids=a_list(NUMBER), **RESTS_ON)
REPORT = an_object(
    report=TEXT, columns=a_list(ANYTHING), rows=a_list(a_list({})), parameters=ANYTHING, **RESTS_ON
)


class SegmentApi(DescribedApi):
    """Segments over REST."""

    resource_name = "segment"

    @expose("/<name>")
    @for_users
    @described(gives=SEGMENT)
    def get(self, name: str) -> Response:
        """Return the ids of a segment's records that the caller may see."""
        session = current_session()
        found = segment_members(session, name)
        facts = {"segment": name, "count": len(found.ids), "ids": found.ids}
        return answer({**facts, **rests_on(found.narrowed, session.actor.language)})


class ReportApi(DescribedApi):
    """Reports over REST."""

    resource_name = "report"

    @expose("/<name>")
    @for_users
    @described(gives=REPORT)
    def get(self, name: str) -> Response:
        """Return a report's table."""
        session = current_session()
        result = run_report(session, get_report(session, name))
        return answer({**report_facts(result), **rests_on(result.narrowed, session.actor.language)})


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the resources."""
    for api in (SegmentApi, ReportApi):
        appbuilder.add_api(api)
