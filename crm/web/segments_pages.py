"""`/segments/`: the segments the reader may see, and what the records of each are like."""

from __future__ import annotations

from functools import partial

from flask import render_template
from flask_appbuilder import AppBuilder, BaseView

from crm.conditions import say
from crm.conditions.language.segments import segment_tree
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.messages import render
from crm.records.listing import ListQuery, count_up_to, list_records
from crm.records.search import Hit, hit_columns, hits_of
from crm.reports.telling import number_text
from crm.revisions.workspace import Workspace
from crm.segments.model import Segment
from crm.segments.profile import open_segments, profile_of
from crm.texts import NP_
from crm.web.conditions.pages import said_count
from crm.web.fab.permissions import EVERYONE
from crm.web.fab.views import page
from crm.web.reports_pages import records_url
from crm.web.search_pages import hit_url
from crm.web.serving.session import current_session

MOST = 10  # records shown of a segment
SEGMENTS = NP_("title", "Segments")


class SegmentsView(BaseView):
    """Segments, to be looked at."""

    route_base = "/segments"
    default_view = "index"
    class_permission_name = EVERYONE

    @page("/")
    def index(self) -> str:
        """List the segments with what they select and how many records that is."""
        session = current_session()
        lines = [
            (one, entity_of(session, one), definition_of(session, one), size_of(session, one))
            for one in open_segments(session)
        ]
        return render_template("segments/index.html", lines=lines)

    @page("/<name>")
    def show(self, name: str) -> str:
        """Show one segment: its size, its amounts, how it spreads, what it shares with others, its latest records."""
        session = current_session()
        found = profile_of(session, name)
        return render_template(
            "segments/segment.html",
            found=found,
            segment=found.segment,
            definition=definition_of(session, found.segment),
            entity=entity_of(session, found.segment),
            notes=[render(note, session.actor.language) for note in found.notes],
            members_url=records_url(found.segment.entity, [{"in_segment": name}]),
            records_url=partial(records_url, found.segment.entity),
            percent=lambda share: number_text(round(share, 1), True, session.actor.language),
            hits=latest(session, found.segment),
            hit_url=hit_url,
        )


def entity_of(session: CrmSession, segment: Segment) -> Entity:
    """Return the entity whose records a segment selects."""
    return session.workspace.schema.entities[segment.entity]


def definition_of(session: CrmSession, segment: Segment) -> str:
    """Return what a segment selects, as a sentence."""
    schema = session.workspace.schema
    tree = segment_tree(segment.name, schema)
    return say(tree, entity_of(session, segment), schema, session.actor.language)


def size_of(session: CrmSession, segment: Segment) -> str:
    """Return how many records are in a segment, as people read it."""
    return said_count(*count_up_to(session, entity_of(session, segment), [{"in_segment": segment.name}]))


def latest(session: CrmSession, segment: Segment) -> list[Hit]:
    """Return the records of a segment that were added last."""
    entity = entity_of(session, segment)
    query = ListQuery(
        [{"in_segment": segment.name}],
        order=(("id", True),),
        page_size=MOST,
        columns=hit_columns(session, entity),
    )
    return hits_of(session, entity, list_records(session, entity, query).rows)


def has_open_segments() -> bool:
    """Tell whether the menu leads to any segment this reader may see."""
    return bool(open_segments(current_session()))


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view(
        SegmentsView, "Segments", label=SEGMENTS, icon="chart-donut", menu_cond=has_open_segments
    )
