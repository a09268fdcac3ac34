"""The search field on top, its page, and the page a telephone opens: `/search?q=` and `/pop?phone=`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_appbuilder.security.decorators import has_access
from werkzeug.wrappers import Response

from crm.database import CrmSession
from crm.errors import FieldError
from crm.fields import type_of
from crm.fields.base import Situation
from crm.fields.words import LONGEST_QUERY
from crm.permissions.service import readable_fields
from crm.records.found_in import marked
from crm.records.listing import ListQuery, list_records
from crm.records.search import Hit, hit_columns, hits_of, search_everywhere, searchable
from crm.revisions.workspace import Workspace
from crm.web.entity.cells import view_name
from crm.web.entity.recent import list_recent
from crm.web.fab.permissions import EVERYONE, USE
from crm.web.search_offers import find_actions, find_creatable, find_pages, first_actions, new_callers
from crm.web.serving.session import current_session

PAGE_HITS = 20
COUNTED = 1_000  # hits of an entity on the page of all
LAST_PAGE = 500  # as far as pages are turned
CALLER_REGIONS = ("GR", "RO", "IL")
SHORTEST = 2  # letters
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffd]+")


class SearchView(BaseView):
    """Finds records of every kind the reader may see."""

    route_base = ""
    class_permission_name = EVERYONE
    method_permission_name = dict.fromkeys(("search", "panel", "pop"), USE.removeprefix("can_"))

    @expose("/search")
    @has_access
    def search(self) -> str:
        """Show the hits, grouped by entity with their counts, or page by page those of one entity."""
        session, words = current_session(), typed_words()
        is_asked = len(words) >= SHORTEST
        groups = search_everywhere(session, words, PAGE_HITS, COUNTED) if is_asked else []
        name = request.args.get("in", "")
        one = next((entity for entity in searchable(session) if entity.name == name), None)
        if name and one is None:
            abort(404)
        number = asked_page()
        query = ListQuery(search=words, page=number, page_size=PAGE_HITS)
        page = None
        if one is not None and is_asked:
            columns = hit_columns(session, one, words)
            page = list_records(session, one, replace(query, columns=columns))
        return render_template(
            "search/results.html",
            words=words,
            searched_words=words,
            groups=groups,
            one=one,
            hits=hits_of(session, one, page.rows, words) if page else [],
            at=number,
            has_next=bool(page and page.has_next and number < LAST_PAGE),
            created=find_creatable(session, words) if is_asked and not groups else [],
            hit_url=hit_url,
            marked=marked,
            shortest=SHORTEST,
        )

    @expose("/search/panel")
    @has_access
    def panel(self) -> str:
        """Return what the search field shows while somebody types, as a piece of a page."""
        session, words = current_session(), typed_words()
        found: dict[str, Any] = {"words": words, "hit_url": hit_url, "marked": marked}
        if not words:
            return render_template(
                "search/_panel.html", recent=list_recent(session), actions=first_actions(), **found
            )
        if len(words) >= SHORTEST:
            found |= {
                "groups": search_everywhere(session, words),
                "actions": find_actions(words),
                "pages": find_pages(session, words),
            }
            is_found = found["groups"] or found["actions"] or found["pages"]
            found["created"] = [] if is_found else find_creatable(session, words)
        return render_template("search/_panel.html", **found)

    @expose("/pop")
    @has_access
    def pop(self) -> Response | str:
        """Open the record with a caller's number: the only one at once, several to choose from."""
        phone = request.args.get("phone", "").strip()[:40]
        hits = callers(current_session(), phone)
        if len(hits) == 1:
            return redirect(hit_url(hits[0]))
        offers = new_callers(current_session(), phone)
        return render_template("search/callers.html", phone=phone, hits=hits, hit_url=hit_url, offers=offers)


def typed_words() -> str:
    """Return what somebody typed, without signs that are not seen; what is longer than a query is cut."""
    return UNSEEN.sub(" ", request.args.get("q", "")[: 2 * LONGEST_QUERY]).strip()[:LONGEST_QUERY]


def asked_page() -> int:
    """Return the page that the address names, counted from 0; what is none is the first."""
    text = request.args.get("page", "")
    return min(int(text), LAST_PAGE) if re.fullmatch("[0-9]{1,9}", text) else 0


def hit_url(hit: Hit) -> str:
    """Return the page of a hit."""
    return url_for(view_name(hit.entity.name) + ".show", pk=hit.id)


def callers(session: CrmSession, phone: str) -> list[Hit]:
    """Return the records one of whose phone fields is this number, however it is written."""
    found = {}
    for entity in session.workspace.schema.entities.values():
        if "read" not in session.actor.rights(entity.name).can:
            continue
        for field in readable_fields(session.actor, entity).values():
            if type_of(field).reaches != "phone":
                continue
            numbers = _possible_numbers(field, phone)
            if not numbers:
                continue
            query = ListQuery(
                [{"field": field.name, "is_one_of": sorted(numbers)}],
                columns=hit_columns(session, entity),
                page_size=PAGE_HITS,
            )
            hits = hits_of(session, entity, list_records(session, entity, query).rows)
            found |= {(entity.name, hit.id): hit for hit in hits}
    return list(found.values())


def _possible_numbers(field: Any, phone: str) -> set[str]:
    """Return the number in its stored form, read as a national one of each of our countries."""
    numbers = set()
    for region in CALLER_REGIONS:
        regional = replace(field, options={**field.options, "region": region, "region_field": None})
        try:
            number = type_of(field).clean(regional, phone, Situation(source="api"))
        except FieldError:
            continue
        numbers |= {number} if number else set()
    return numbers


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view_no_menu(SearchView)
