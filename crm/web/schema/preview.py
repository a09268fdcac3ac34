"""`/admin/schema/<entity>/preview`: the form of a record as it would be, drawn from the draft without any record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask import request
from flask_appbuilder import AppBuilder

from crm.drafts import edits
from crm.drafts import service as drafts
from crm.entities.load import build_schema
from crm.entities.model import Entity, Schema
from crm.errors import CrmError
from crm.fields import FIELD_TYPES, type_of
from crm.messages import render
from crm.permissions.model import Actor
from crm.records.defaults import default_values
from crm.revisions.workspace import Workspace
from crm.texts import NP_
from crm.web.entity.form import RecordForm, build_form
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.schema.connections import SchemaAroundView
from crm.web.schema.entities import SchemaEntitiesView
from crm.web.schema.field_form import read_sent
from crm.web.schema.fields import SchemaFieldsView
from crm.web.schema.formula import SchemaFormulaView
from crm.web.schema.labels import SchemaLabelsView
from crm.web.schema.layout import SchemaLayoutView
from crm.web.schema.new_entity import SchemaNewView
from crm.web.schema.shaping import Answer, ShapingView, body_of, documents_with, label_of
from crm.web.serving.asking import always, asks
from crm.web.serving.session import current_session, reader_zone


class NoModels(dict):
    """The mapped classes of a schema that is not published: there are none."""

    user = None

    def __missing__(self, name: str) -> None:
        return None


@dataclass
class PreviewWorkspace:
    """A workspace without tables."""

    schema: Schema
    models: NoModels = field(default_factory=NoModels)
    trees: dict = field(default_factory=dict)
    number: int = 0


@dataclass
class PreviewSession:
    """What the form asks of a session, without records: nobody's data can be seen through it."""

    workspace: PreviewWorkspace
    actor: Actor
    bind: Any
    people: dict[int, Any] = field(default_factory=dict)

    def clock(self) -> datetime:
        """Return the moment."""
        return current_session().clock()

    def get_bind(self) -> Any:
        """Return the engine, of which conditions ask the dialect."""
        return self.bind


class SchemaPreviewView(ShapingView):
    """The form as it would be."""

    route_base = "/admin/schema"

    @page("/<name>/preview", methods=["GET", "POST"])
    @asks(always)
    def preview(self, name: str) -> Answer:
        """Draw the form in the language of `_l_`: as the draft has it, or with the field that was sent in it."""
        session, body = current_session(), body_of(name)
        if request.method == "GET":
            schema, _problems = drafts.propose(session, drafts.find_draft(session))
        else:
            schema, _problems = build_schema(
                documents_with(sent_body(name, body), name), session.workspace.number + 1
            )
        entity, form, trouble = schema.entities.get(name), None, ""
        if entity is not None:
            actor = Actor("system", "preview", language=current_language(), time_zone=reader_zone())
            shown = PreviewSession(PreviewWorkspace(schema), actor, session.get_bind())
            try:
                form = previewed_form(shown, entity)
            except CrmError as error:
                trouble = render(error, current_language())
        return self.page("schema/preview.html", heading=label_of(body), form=form, trouble=trouble)


def previewed_form(session: PreviewSession, entity: Entity) -> RecordForm:
    """Return the form of a new record with its defaults; what points to records stays empty, and nothing is sent."""
    values = {
        name: value
        for name, value in default_values(session, entity, {})[0].items()
        if not type_of(entity.fields[name]).points and not type_of(entity.fields[name]).holds_files
    }
    form = build_form(session, entity, values)
    quiet = [
        replace(section, fields=[replace(field, upload_url="") for field in section.fields])
        for section in form.sections
    ]
    return replace(form, sections=quiet)


def sent_body(name: str, body: Mapping) -> Mapping:
    """Return an entity's document with the field that its form sends, saved nowhere."""
    field, kind = request.form.get("_field", ""), request.form.get("_type", "")
    found = edits.fields_of(body).get(field) or {"type": kind}
    if found.get("type") not in FIELD_TYPES:
        return body
    return read_sent(name, field or None, found, otherwise="new_field").whole


VIEWS = (
    SchemaNewView,
    SchemaFieldsView,
    SchemaFormulaView,
    SchemaLayoutView,
    SchemaLabelsView,
    SchemaAroundView,
    SchemaPreviewView,
)


def register(appbuilder: AppBuilder, workspace: Workspace) -> None:
    """Register the pages that shape entities."""
    bound = {"workspace": workspace}
    view = type("SchemaEntitiesView", (SchemaEntitiesView,), bound)
    appbuilder.add_view(
        view,
        "Entities",
        href="/admin/schema/",
        icon="database",
        label=NP_("title", "Entities"),
        category="Security",
    )
    for base in VIEWS:
        appbuilder.add_view_no_menu(type(base.__name__, (base,), bound))
