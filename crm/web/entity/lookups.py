"""Type-ahead for references and users: a few hits the reader may see, never the whole table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import sqlalchemy as sa
from flask import abort, jsonify, request
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_appbuilder.security.decorators import has_access
from werkzeug.wrappers import Response

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields import type_of
from crm.fields.base import Field
from crm.fields.words import is_found, search_keys
from crm.permissions import store as people
from crm.permissions.service import readable_fields
from crm.records.order import user_order
from crm.records.ranking import fit_of
from crm.records.search import LOOKUP_HITS, find_hits
from crm.records.values import user_names
from crm.revisions.workspace import Workspace
from crm.web.fab.permissions import EVERYONE, USE


class LookupView(BaseView):
    """Answers what a look-up field asks while somebody types."""

    route_base = "/lookup"
    class_permission_name = EVERYONE
    method_permission_name = {"lookup": USE.removeprefix("can_")}

    @expose("/<entity>/<field>")
    @has_access
    def lookup(self, entity: str, field: str) -> Response:
        """Return up to 20 records or users as `[{"value", "text", "note"}]`, the best first."""
        session: CrmSession = self.appbuilder.session()
        found = session.workspace.schema.entities.get(entity)
        if found is None or not session.actor.rights(entity).can:
            abort(404)
        words = request.args.get("q", "")[:100]
        if field in SYSTEM_LOOKUPS and field not in found.fields:
            return jsonify(SYSTEM_LOOKUPS[field](session, found, words))
        declared = readable_fields(session.actor, found).get(field)
        if declared is None:
            abort(404)
        if type_of(declared).points == "user":
            return jsonify(_users(session, declared, words))
        if type_of(declared).points != "record":
            abort(404)
        return jsonify(
            _records(session, session.workspace.schema.entities[declared.options["to"]], declared, words)
        )


def _records(session: CrmSession, target: Entity, field: Field | None, words: str) -> list[dict[str, str]]:
    if "read" not in session.actor.rights(target.name).can:
        return []
    hits = find_hits(
        session, target, words, LOOKUP_HITS, tuple(field.options.get("only") or ()) if field else ()
    )
    return [{"value": str(hit.id), "text": hit.title, "note": hit.note} for hit in hits]


def _users(session: CrmSession, field: Field | None, words: str) -> list[dict[str, str]]:
    """Return users by their names, found as records are; there are never so many that an index is needed."""
    cls = session.workspace.models.user
    asked = sa.select(cls.id, cls.username, cls.first_name, cls.last_name)
    if field is not None:
        asked = asked.where(cls.id.in_(people.choosable(field.options.get("only_role"))))
    hits = []
    for user in session.execute(asked.order_by(user_order(cls, session.actor.language), cls.id)):
        full = f"{user.first_name or ''} {user.last_name or ''}".strip()
        if not words.strip() or is_found(words, search_keys(f"{full} {user.username}")):
            hits.append((fit_of(full or user.username, words), len(hits), user))
    best = [user for _fit, _place, user in sorted(hits, key=lambda hit: hit[:2])[:LOOKUP_HITS]]
    shown = user_names(session, (user.id for user in best))
    names = Counter(shown.values())
    return [
        {
            "value": str(user.id),
            "text": shown[user.id],
            "note": user.username if names[shown[user.id]] > 1 else "",
        }
        for user in best
    ]


SYSTEM_LOOKUPS: Mapping[str, Callable[[CrmSession, Entity, str], list[dict[str, str]]]] = {
    "id": lambda session, entity, words: _records(session, entity, None, words),
    "created_by": lambda session, _entity, words: _users(session, None, words),
    "updated_by": lambda session, _entity, words: _users(session, None, words),
}
"""What every record has: `/lookup/deal/id` finds deals, `/lookup/deal/created_by` anybody."""


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the look-up."""
    appbuilder.add_view_no_menu(LookupView)
