"""`/admin/roles/why`: why somebody may or may not see a record, a field, or do something with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import request
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import gettext, pgettext

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import NotFoundError
from crm.fields.alphabet import sort_key
from crm.messages import render
from crm.messages.permissions import DEED_LABELS
from crm.permissions.explain import Question, explain
from crm.permissions.model import DEEDS
from crm.permissions.service import actor_of_user
from crm.permissions.store import find_user_id, list_user_names
from crm.permissions.tell import facts_of
from crm.records.values import user_names
from crm.revisions.workspace import Workspace
from crm.texts import translate
from crm.web.fab.permissions import CONFIGURATION
from crm.web.fab.views import page
from crm.web.forms.fields import FormField, Option
from crm.web.language import current_language
from crm.web.serving.session import current_session

ASKED = ("user", "entity", "record", "field", "deed")


class WhyView(BaseView):
    """Answers the question in its address, which can be sent to a colleague."""

    route_base = "/admin/roles"
    default_view = "why"
    class_permission_name = CONFIGURATION

    @page("/why")
    def why(self) -> str:
        """Show the question, and its answer when it was asked."""
        session = current_session()
        sent = {name: request.args.get(name, "").strip()[:200] for name in ASKED}
        facts, error = None, ""
        if sent["user"] and sent["entity"]:
            try:
                facts = answer_of(session, sent)
            except NotFoundError as found:
                error = render(found, current_language())
        return self.render_template(
            "roles/why.html",
            title=gettext("Who can see this?"),
            fields=question_fields(session, sent),
            facts=facts,
            error=error,
            url=record_url(facts),
        )


def answer_of(session: CrmSession, sent: dict[str, str]) -> dict[str, Any]:
    """Return the answer to what the form asks.

    Errors: NotFoundError for a user, entity, field or record there is not.
    """
    user_id = find_user_id(session.connection(), sent["user"])
    if user_id is None:
        raise NotFoundError("permissions.no_such_user", name=sent["user"])
    actor = actor_of_user(session.connection(), user_id, session.workspace.schema)
    record = sent["record"]
    record_id = (int(record) if record.isdecimal() and len(record) < 19 else -1) if record else None
    entity = session.workspace.schema.entities.get(sent["entity"])
    field = sent["field"] if entity and sent["field"] in entity.fields else None
    question = Question(sent["entity"], sent["deed"] or "read", record_id, field)
    named = replace(actor, name=user_names(session, [user_id])[user_id])
    return facts_of(explain(session, named, question), current_language())


def record_url(facts: dict[str, Any] | None) -> str:
    """Return the page of the record that was asked about."""
    return f"/{facts['entity']}/show/{facts['record']}" if facts and facts["record"] else ""


def question_fields(session: CrmSession, sent: dict[str, str]) -> list[FormField]:
    """Return the controls of the question; the fields are those of the entity that was chosen."""
    language, entities = current_language(), session.workspace.schema.entities
    chosen = entities.get(sent["entity"])
    users = list_user_names(session.connection(), language)
    deeds = tuple(Option(deed, translate(DEED_LABELS[deed], language)) for deed in DEEDS)
    kinds = sorted(
        (Option(name, entity.plural.get(language)) for name, entity in entities.items()),
        key=lambda option: sort_key(option.label, language),
    )
    found = [
        FormField(
            "user",
            pgettext("label", "User"),
            "select",
            sent["user"],
            options=tuple(map(as_option, users)),
            required=True,
        ),
        FormField(
            "entity",
            pgettext("label", "Entity"),
            "select",
            sent["entity"],
            options=tuple(kinds),
            required=True,
        ),
        FormField(
            "deed",
            pgettext("label", "Permission"),
            "select",
            sent["deed"] or "read",
            options=deeds,
            required=True,
        ),
        FormField("record", pgettext("label", "Record number"), "text", sent["record"], direction="ltr"),
    ]
    if chosen is not None:
        options = tuple(field_options(chosen, language))
        found.append(FormField("field", pgettext("label", "Field"), "select", sent["field"], options=options))
    return found


def as_option(user: tuple[str, str]) -> Option:
    """Return a user as one of the choices."""
    name, full = user
    return Option(name, f"{full} ({name})" if full and full != name else name)


def field_options(entity: Entity, language: str) -> list[Option]:
    """Return the fields of an entity as choices."""
    return [Option(name, field.label.get(language)) for name, field in entity.fields.items()]


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the page."""
    appbuilder.add_view_no_menu(WhyView)
