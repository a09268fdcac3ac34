"""REST for bulk changes: one deed on many records of an entity, and the jobs they become."""

from __future__ import annotations

from typing import Any, ClassVar

import orjson
from flask import Response, current_app, request, url_for
from flask_appbuilder import AppBuilder, expose

from crm.bulk import service, telling
from crm.bulk.merging import Merge, merge_records
from crm.bulk.service import Which
from crm.bulk.work import BulkWorkshop
from crm.entities.model import Entity
from crm.errors import QueryError
from crm.messages import render
from crm.permissions.sight import readable_schema
from crm.records.restoring import restore_record
from crm.revisions.workspace import Workspace
from crm.web.entity.arguments import record_number
from crm.web.rest.answers import answer, for_users, plain_sent
from crm.web.rest.arguments import query_of
from crm.web.rest.described import NUMBER, TEXT, DescribedApi, a_list, an_object, described
from crm.web.serving.session import current_session

PROBLEMS = a_list(an_object(id=NUMBER, field={**TEXT, "nullable": True}, message=TEXT))
COUNTS = dict.fromkeys(("job", "total", "done", "changed", "refused"), NUMBER)
STATUS = an_object(**COUNTS, state=TEXT, kind=TEXT, entity=TEXT, problems=PROBLEMS)
CONDITIONS = ("filters", "where", "search")
LARGEST_ID = 2**63 - 1


def current_workshop() -> BulkWorkshop:
    """Return where small jobs of this app are worked off at once."""
    settings = current_app.extensions["crm_settings"]
    return BulkWorkshop(current_session().get_bind(), settings.language, settings.time_zone)


def begin(number: int) -> None:
    """Commit a job that was written, and work it off now when it is small; workers do the others."""
    session = current_session()
    total = service.get_job(session, number)["total"]
    session.commit()
    service.begin(current_workshop(), number, total)


class BulkDeeds:
    """What can be done with many records of one entity; mixed into its resource."""

    entity: ClassVar[Entity]

    @expose("/bulk", methods=["POST"])
    @for_users
    def bulk(self) -> Response:
        """Do one deed with many records, as a job."""
        session, sent = current_session(), read_sent()
        which = read_which(self.entity, sent)
        number = service.start_deed(session, self.entity, which, read_deed(sent))
        begin(number)
        return answer({"job": number}, 202, Location=url_for("JobApi.get", number=number))

    @expose("/merge", methods=["POST"])
    @for_users
    def merge(self) -> Response:
        """Merge two or three records; `values` says of which record a field's value is kept."""
        session, sent = current_session(), read_sent()
        merge = read_merge(sent)
        job = merge_records(session, self.entity, merge)
        session.commit()
        return answer({"id": merge.into, "job": job})

    @expose("/<pk>/restore", methods=["POST"])
    @for_users
    def restore(self, pk: str) -> Response:
        """Take a deleted record out of the bin, with all that went with it."""
        session, number = current_session(), record_number(pk)
        notes = restore_record(session, self.entity, number)
        told = [{"field": note.field, "message": render(note, session.actor.language)} for note in notes]
        session.commit()
        return answer({"id": number, "notes": told})


def read_sent() -> dict[str, Any]:
    """Return the JSON object of the request.

    Errors: QueryError when it is none.
    """
    try:
        found = orjson.loads(request.get_data(cache=False) or b"null")
    except orjson.JSONDecodeError as error:
        raise QueryError("web.not_json") from error
    if not isinstance(found, dict):
        raise QueryError("web.not_json")
    return found


def read_which(entity: Entity, sent: dict[str, Any]) -> Which:
    """Return which records a request is for.

    Errors: QueryError.
    """
    asked = {name: sent[name] for name in CONDITIONS if name in sent}
    if ("ids" in sent) == bool(asked):
        raise QueryError("bulk.wrong_request", key="ids, filters")
    if asked:
        return Which(query=query_of(entity, readable_schema(current_session()), asked))
    ids = sent["ids"]
    if not isinstance(ids, list) or not all(type(each) is int and 0 < each <= LARGEST_ID for each in ids):
        raise QueryError("bulk.wrong_request", key="ids")
    return Which(ids)


def read_merge(sent: dict[str, Any]) -> Merge:
    """Return the merge a request asks for.

    Errors: QueryError.
    """
    unknown = set(sent) - {"into", "from", "values"}
    into, sources, values = sent.get("into"), sent.get("from"), sent.get("values", {})
    numbers = [into, *(sources if isinstance(sources, list) else [None])]
    numbers += values.values() if isinstance(values, dict) else [None]
    if unknown or not all(type(each) is int and 0 < each <= LARGEST_ID for each in numbers):
        raise QueryError("merge.wrong_request")
    return Merge(into, tuple(sources), values)


def read_deed(sent: dict[str, Any]) -> dict[str, Any]:
    """Return the one deed a request names, `{name: what it says}`.

    Errors: QueryError when it names none, several, or what is unknown.
    """
    deeds = {name: value for name, value in sent.items() if name != "ids" and name not in CONDITIONS}
    inputs = deeds.pop("inputs", {}) if "button" in deeds else {}
    if not isinstance(inputs, dict):
        raise QueryError("bulk.wrong_request", key="inputs")
    if len(deeds) != 1 or not set(deeds) <= set(service.DEEDS):
        raise QueryError("bulk.wrong_request", key=", ".join(sorted(deeds))[:100] or "values, delete")
    name, value = next(iter(deeds.items()))
    if not isinstance(value, service.DEEDS[name]) or value is False:
        raise QueryError("bulk.wrong_request", key=name)
    if isinstance(value, dict):
        return {name: {field: plain_sent(one) for field, one in value.items()}}
    return {**deeds, "inputs": inputs} if name == "button" else deeds


class JobApi(DescribedApi):
    """`/api/v1/job/`."""

    resource_name = "job"
    class_permission_name = "everyone"

    @expose("/", methods=["GET"])
    @for_users
    @described(gives=an_object(result=a_list(STATUS)))
    def get_list(self) -> Response:
        """Return the caller's newest bulk changes."""
        session = current_session()
        found = [telling.facts_of(job) for job in service.list_jobs(session)]
        return answer({"count": len(found), "result": found})

    @expose("/<int:number>", methods=["GET"])
    @for_users
    @described(gives=STATUS)
    def get(self, number: int) -> Response:
        """Return how a bulk change is."""
        return self.tell(number)

    @expose("/<int:number>/cancel", methods=["POST"])
    @for_users
    @described(gives=STATUS, status=202)
    def cancel(self, number: int) -> Response:
        """Stop a bulk change; what is done stays until it is undone."""
        service.cancel(current_session(), number)
        current_session().commit()
        return self.tell(number, 202)

    @expose("/<int:number>/undo", methods=["POST"])
    @for_users
    @described(gives=STATUS, status=202)
    def undo(self, number: int) -> Response:
        """Undo a bulk change by another one, which can be undone too."""
        undo = service.start_undo(current_session(), number)
        begin(undo)
        return self.tell(undo, 202)

    @staticmethod
    def tell(number: int, status: int = 200) -> Response:
        """Return the answer that tells how a bulk change is."""
        session = current_session()
        return answer(telling.status_of(session, service.get_job(session, number)), status)


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the API of jobs; that of an entity's deeds is part of its resource."""
    appbuilder.add_api(JobApi)
