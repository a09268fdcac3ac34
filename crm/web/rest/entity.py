"""REST for every entity, by Flask-AppBuilder's conventions: rison `q`, `count`/`ids`/`result`, JWT or session.

The verbs call the same services as the pages, so that rights, checks and history are the same. Nothing here is
shared between requests: Flask-AppBuilder's own API keeps filters and schemas on the view, and mixes up threads.
"""

from __future__ import annotations

from typing import Any, ClassVar

import orjson
from apispec import APISpec
from flask import Response, g, request
from flask_appbuilder import AppBuilder, expose
from flask_appbuilder.api import BaseApi

from crm.entities.model import Entity
from crm.errors import ConflictError, RecordError
from crm.permissions.service import readable_fields, require, writable_fields
from crm.permissions.sight import readable_schema
from crm.records.alike import Alike, AlikeError, save_and_look
from crm.records.buttons import Press
from crm.records.listing import list_records
from crm.records.service import create_record, delete_record, get_record, update_record
from crm.records.values import situation_of, values_of
from crm.revisions.workspace import Workspace
from crm.web.entity.arguments import record_number
from crm.web.entity.buttons import press_one
from crm.web.rest.answers import answer, duplicates_of, for_users, plain_sent, result_of, results_of
from crm.web.rest.arguments import KNOWN, KNOWN_OF_ONE, ApiArguments, RisonReader
from crm.web.rest.bulk import BulkDeeds
from crm.web.rest.spec import entity_operations
from crm.web.serving.errors import body_of, failure_of
from crm.web.serving.session import current_actor, current_session

MESSAGE_OK = {"message": "OK"}
ALLOW = "allow_duplicate"


class EntityApi(BulkDeeds, BaseApi):
    """The REST resource of one entity; a subclass per entity is made when the app is built."""

    entity: ClassVar[Entity]
    version = "v1"
    csrf_exempt = False  # `crm.web.serving.session` asks the token of every request that a cookie vouches for

    @expose("/", methods=["GET"])
    @for_users
    def get_list(self) -> Response:
        """Return one page of records."""
        arguments = self._arguments()
        page = list_records(current_session(), self.entity, arguments.query)
        body = {
            "count": page.total,
            "count_is_capped": page.total_is_capped,
            "ids": [row["id"] for row in page.rows],
            "result": results_of(current_session(), self.entity, page.rows, page.columns),
            **self._descriptions(arguments, "list_columns", page.columns),
        }
        return answer(body)

    @expose("/<pk>", methods=["GET"])
    @for_users
    def get(self, pk: str) -> Response:
        """Return one record; its version is the ETag."""
        arguments = self._arguments(KNOWN_OF_ONE)
        record = get_record(current_session(), self.entity, record_number(pk))
        names = list(arguments.query.columns or self._shown())
        body = {
            "id": record.id,
            "result": self._result(record, names),
            **self._descriptions(arguments, "show_columns", names),
        }
        return answer(body, ETag=f'"{record.row_version}"')

    @expose("/", methods=["POST"])
    @for_users
    def post(self) -> Response:
        """Create a record."""
        sent, situation = self._body(), situation_of(current_session(), "api")
        may_double = self._may_double(sent)
        record, found = save_and_look(
            current_session(),
            self.entity,
            None,
            lambda: create_record(current_session(), self.entity, sent, situation),
        )
        return self._saved(record, found, may_double, 201)

    @expose("/<pk>", methods=["PUT"])
    @for_users
    def put(self, pk: str) -> Response:
        """Change a record; with `If-Match` only the version the caller saw."""
        number, situation = record_number(pk), situation_of(current_session(), "api")
        sent, version = self._body(), seen_version()
        may_double = self._may_double(sent)
        record, found = save_and_look(
            current_session(),
            self.entity,
            number,
            lambda: update_record(current_session(), self.entity, number, sent, situation, version),
        )
        return self._saved(record, found, may_double)

    def _saved(self, record: Any, found: Alike, may_double: bool, status: int = 200) -> Response:
        """Keep a save and answer it with the records that look the same, or take it back because of them."""
        if found and self.entity.refuses_same and not may_double:
            current_session().rollback()
            return self._refused_as_double(found)
        body = {"id": record.id, "result": self._result(record, self._shown())}
        body |= duplicates_of(found) if found else {}
        version = record.row_version
        current_session().commit()
        return answer(body, status, ETag=f'"{version}"')

    def _refused_as_double(self, found: Alike) -> Response:
        failure = failure_of(AlikeError(self.entity, found))
        return answer({"error": body_of(failure), **duplicates_of(found)}, failure.status)

    def _may_double(self, sent: dict[str, Any]) -> bool:
        """Take out of what was sent whether the caller wants the record although others look the same."""
        said = sent.pop(ALLOW, None) if ALLOW not in self.entity.fields else None
        return said is True or request.args.get(ALLOW, "") in ("1", "true")

    @expose("/<pk>", methods=["DELETE"])
    @for_users
    def delete(self, pk: str) -> Response:
        """Delete a record."""
        delete_record(current_session(), self.entity, record_number(pk))
        current_session().commit()
        return answer(MESSAGE_OK)

    @expose("/<pk>/button/<name>", methods=["POST"])
    @for_users
    def button(self, pk: str, name: str) -> Response:
        """Press a button of the record; the same `Idempotency-Key` presses it once."""
        key = request.headers.get("Idempotency-Key", "").strip()
        inputs = self._body() if request.get_data(cache=True) else {}
        run, outcome = press_one(current_session(), self.entity, record_number(pk), Press(name, inputs, key))
        done = [{"label": label, "text": text} for label, text in outcome.lines]
        return answer({"run": run, "state": outcome.state, "message": outcome.message, "done": done})

    @expose("/_info", methods=["GET"])
    @for_users
    def info(self) -> Response:
        """Return what the caller may do with the entity, and its fields."""
        actor, entity = current_actor(), self.entity
        require(actor, "read", entity)
        language = actor.language
        addable, editable = (writable_fields(actor, entity, deed) for deed in ("create", "update"))
        fields = [
            {
                "name": field.name,
                "label": field.label.get(language),
                "type": field.type,
                "required": field.required,
                "unique": field.unique,
                "personal": field.personal,
                "read_only": field.name not in {**addable, **editable},
                **({"choices": list(field.options["choices"])} if "choices" in field.options else {}),
                **({"to": field.options["to"]} if "to" in field.options else {}),
            }
            for field in readable_fields(actor, entity).values()
        ]
        words = {"read": "can_get", "create": "can_post", "update": "can_put", "delete": "can_delete"}
        rights = [words.get(deed, f"can_{deed}") for deed in sorted(actor.rights(entity.name).can)]
        add, edit = ([field for field in fields if field["name"] in found] for found in (addable, editable))
        return answer({"permissions": rights, "add_columns": add, "edit_columns": edit, "fields": fields})

    def _arguments(self, known: tuple[str, ...] = KNOWN) -> ApiArguments:
        require(current_actor(), "read", self.entity)
        schema, text = readable_schema(current_session()), request.args.get("q", "")
        return RisonReader(self.entity, schema, text, known).read()

    def _shown(self) -> list[str]:
        return [
            *readable_fields(current_actor(), self.entity),
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
        ]

    def _result(self, record: Any, names: list[str]) -> dict[str, Any]:
        values = {
            **values_of(current_session(), record, names),
            "id": record.id,
            "row_version": record.row_version,
        }
        return result_of(current_session(), self.entity, values, names)

    def _body(self) -> dict[str, Any]:
        """Return the record that was sent: a JSON object of field names."""
        try:
            found = orjson.loads(request.get_data(cache=False) or b"null")
        except orjson.JSONDecodeError as error:
            raise RecordError("web.not_json") from error
        if not isinstance(found, dict):
            raise RecordError("web.not_json")
        return {name: plain_sent(value) for name, value in found.items()}

    def _descriptions(
        self, arguments: ApiArguments, key: str, names: list[str] | tuple[str, ...]
    ) -> dict[str, Any]:
        if not arguments.wants_descriptions:
            return {}
        language, fields = current_actor().language, self.entity.fields
        labels = {name: fields[name].label.get(language) for name in names if name in fields}
        titles = {"list_columns": "list_title", "show_columns": "show_title"}
        return {key: list(names), "label_columns": labels, titles[key]: self.entity.plural.get(language)}

    def add_api_spec(self, api_spec: APISpec) -> None:
        """Describe the resource in the OpenAPI document."""
        if g.get("crm_actor") is None or "read" not in current_actor().rights(self.entity.name).can:
            return
        for path, operations in entity_operations(self.entity, current_actor()):
            api_spec.path(path=path, operations=operations)


def seen_version() -> int | None:
    """Return the row version in `If-Match`; None when any will do.

    Errors: ConflictError when it is no version of ours: such a caller has not seen the record.
    """
    text = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if text in ("", "*"):
        return None
    if not text.isdecimal():
        raise ConflictError("record.changed_since")
    return int(text)


def build_api(entity: Entity) -> type[EntityApi]:
    """Return the API class of one entity."""
    name = "".join(part.capitalize() for part in entity.name.split("_")) + "Api"
    attributes = {"entity": entity, "resource_name": entity.name, "class_permission_name": entity.name}
    return type(name, (EntityApi,), attributes)


def register(appbuilder: AppBuilder, workspace: Workspace) -> None:
    """Register the REST resource of every entity."""
    for entity in workspace.schema.entities.values():
        appbuilder.add_api(build_api(entity))
