"""The search field on top, and the page a telephone opens: `/search?q=` and `/pop?phone=`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_appbuilder.security.decorators import has_access
from werkzeug.wrappers import Response

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import FieldError
from crm.fields import type_of
from crm.fields.base import Situation
from crm.permissions.service import readable_fields, writable_fields
from crm.records.listing import ListQuery, list_records
from crm.records.search import Hit, hit_columns, hits_of, search_everywhere
from crm.revisions.workspace import Workspace
from crm.web.entity.cells import view_name
from crm.web.fab.permissions import EVERYONE, USE
from crm.web.serving.session import current_session

PAGE_HITS = 20
CALLER_REGIONS = ("GR", "RO", "IL")
SHORTEST = 2  # letters


class SearchView(BaseView):
    """Finds records of every kind the reader may see."""

    route_base = ""
    class_permission_name = EVERYONE
    method_permission_name = {"search": USE.removeprefix("can_"), "pop": USE.removeprefix("can_")}

    @expose("/search")
    @has_access
    def search(self) -> Any:
        """Show the hits, grouped by entity; as JSON while somebody types."""
        words = request.args.get("q", "").strip()[:100]
        groups = search_everywhere(current_session(), words, PAGE_HITS) if len(words) >= SHORTEST else []
        if request.accept_mimetypes.best == "application/json":
            found = [{"text": hit.title, "url": hit_url(hit)} for _entity, hits in groups for hit in hits]
            return jsonify(found)
        return render_template("search/results.html", words=words, groups=groups, hit_url=hit_url)

    @expose("/pop")
    @has_access
    def pop(self) -> Response | str:
        """Open the record with a caller's number: the only one at once, several to choose from."""
        phone = request.args.get("phone", "").strip()[:40]
        hits = callers(current_session(), phone)
        if len(hits) == 1:
            return redirect(hit_url(hits[0]))
        return render_template(
            "search/callers.html", phone=phone, hits=hits, hit_url=hit_url, offers=new_callers(phone)
        )


def new_callers(phone: str) -> list[tuple[Entity, str]]:
    """Return the entities of which a new record may take an unknown caller's number, and where it is made.

    Shape:  those that declare `new_caller`, in the order of the menu; where none does or may be made, every one that
            has a phone field, so that the person chooses.
    """
    actor = current_session().actor
    entities = sorted(current_session().workspace.schema.entities.values(), key=lambda one: one.menu_place)
    declared, others = [], []
    for entity in entities:
        if not phone or "create" not in actor.rights(entity.name).can:
            continue
        fields = writable_fields(actor, entity, "create").values()
        names = [field.name for field in fields if type_of(field).reaches == "phone"]
        if entity.new_caller in names:
            declared.append((entity, entity.new_caller))
        elif names:
            others.append((entity, names[0]))
    return [
        (entity, url_for(view_name(entity.name) + ".add", **{name: phone}))
        for entity, name in declared or others
    ]


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
