"""A call at a webhook: is it genuine, which rules does it start, on which records; each once."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm import events, queue
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, FieldError, NotAllowedError, Problem, RecordError
from crm.fields import FIELD_TYPES
from crm.fields.base import Situation
from crm.permissions.model import Actor
from crm.records.prepare import is_empty
from crm.records.service import create_record
from workflows.given import GIVEN, value_at
from workflows.hooks import store as hooks
from workflows.hooks.signature import genuine_digest, read_signature
from workflows.organisation import RuleWorkshop, zone_of
from workflows.rules.model import Rule
from workflows.rules.walk import templates_of
from workflows.runs import store
from workflows.runs.budget import root_of
from workflows.runs.errors import as_json, problems_of
from workflows.runs.locks import hold_lock
from workflows.runs.moments import Origin
from workflows.runs.plan import guard
from workflows.runs.telling import tell_admins
from workflows.runs.work import Work
from workflows.triggers.webhook import Webhook, find_by, hook_name, may_create

MOST_BYTES = 256 * 1024  # of a body
BODY_PATHS = re.compile(r"\bbody((?:\.[A-Za-z0-9_-]{1,60}){1,6})")
RUN_HEADER = "X-Koine-Run"  # of a call that a rule of this house has made


@dataclass(frozen=True)
class Sent:
    """What a caller sent: the name in the address, the body as it came, and headers."""

    name: str
    body: bytes
    signature: str
    key: str | None = None
    run: str = ""


class ForgedError(NotAllowedError):
    """A call that is not signed as it must be, came before, or calls what is not there: all answer alike."""

    status = 401


class NotJsonError(RecordError):
    """A signed body that is no JSON object."""

    status = 400


def rules_called(session: CrmSession, name: str) -> list[Rule]:
    """Return the enabled rules a webhook starts, in their order."""
    rules = session.workspace.schema.parts.get("rule", {}).values()
    found = [
        rule
        for rule in rules
        if rule.enabled and rule.trigger.kind == Webhook.name and hook_name(rule.trigger.body) == name
    ]
    return sorted(found, key=lambda rule: (-rule.priority, rule.name))


def receive(workshop: RuleWorkshop, sent: Sent) -> int:
    """Take a call, start its rules, and return its number; a call with the key of an earlier one has its number.

    Errors: ForgedError; NotJsonError.
    """
    with workshop.session() as session:
        signature = read_signature(sent.signature)
        known = hooks.secrets_of(session, sent.name[:64])
        now = int(workshop.clock().replace(tzinfo=dt.UTC).timestamp())
        digest = genuine_digest(signature, sent.body, known, now) if signature else ""
        if not digest:
            raise ForgedError("rule.hook_forged")
        body = read_body(sent.body)
        number, is_new = hooks.note_call(session, sent.name, digest, sent.key)
        if not number:
            raise ForgedError("rule.hook_forged")
        if is_new:
            hooks.note_outcome(session, number, list(_start(session, workshop, sent, body, number)))
            session.when_committed(events.BELL, lambda: queue.ring(events.BELL))
        return number


def read_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; numbers with a point stay the text they are, so that none is rounded.

    Errors: NotJsonError.
    """
    try:
        found = json.loads(body, parse_float=str, parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False).encode()  # no half of a character is in it
    except (ValueError, RecursionError) as error:
        raise NotJsonError("web.not_json") from error
    if not isinstance(found, dict):
        raise NotJsonError("web.not_json")
    return found


def _no_number(word: str) -> None:
    raise ValueError(word)


def _start(
    session: CrmSession, workshop: RuleWorkshop, sent: Sent, body: Mapping[str, Any], number: int
) -> Iterator[dict[str, Any]]:
    """Start each rule; yield what came of it. What one of them refuses does not stop the others."""
    cause, root = _cause(session, sent, number)
    rules = rules_called(session, sent.name)
    if any(may_create(rule.trigger.body) for rule in rules):
        hold_lock(session, f"hook:{sent.name}")  # two calls about one new record create it once
    for rule in rules:
        given = _wanted(session, rule, body)
        found: dict[str, Any] = {"rule": rule.name}
        try:
            with session.begin_nested():
                record = _record_of(session, workshop, rule, given, cause)
                found |= {"record": record}
                found |= _run(session, workshop, rule, record, (given, cause, root, number))
        except CrmError as error:
            found["problems"] = as_json(problems_of(error))
        yield found


def _cause(session: CrmSession, sent: Sent, number: int) -> tuple[tuple[str, ...], str]:
    """Return the chain that led to a call, and what names its cause: a rule of ours may have made it."""
    link = f"hook:{sent.name}#{number}"
    run = store.find_run(session, int(sent.run)) if sent.run.isdecimal() and len(sent.run) < 19 else None
    if run is None:
        return (link,), f"hook:{number}"
    return (*run["cause"], f"rule:{run['rule']}#{run['id']}", link), root_of(run)


def _wanted(session: CrmSession, rule: Rule, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the rule uses of a body, by path; what it does not use is kept nowhere."""
    texts = [json.dumps(rule.body, default=str), *find_by(rule.trigger.body).values()]
    templates = session.workspace.schema.parts.get("template", {})
    for name in templates_of(rule.body.get("then")):
        if name in templates:
            texts += [str(templates[name].subject.source), str(templates[name].body.source)]
    paths = {found[1][1:] for text in texts for found in BODY_PATHS.finditer(text)}
    return {path: value for path in sorted(paths) if (value := value_at(body, path)) is not None}


def _record_of(
    session: CrmSession, workshop: RuleWorkshop, rule: Rule, given: Mapping[str, Any], cause: tuple[str, ...]
) -> int:
    """Return the record a call is about, found or created.

    Errors: RecordError when there is none, or more than one.
    """
    entity, trigger = session.workspace.schema.entities[rule.entity], rule.trigger.body
    wanted = find_by(trigger)
    found = _find(session, entity, wanted, given) if wanted else []
    if len(found) > 1:
        raise RecordError("rule.hook_many_records")
    if found:
        return found[0]
    if not may_create(trigger):
        raise RecordError("rule.hook_no_record")
    return _create(session, workshop, rule, given, cause)


def _find(
    session: CrmSession, entity: Entity, wanted: Mapping[str, str], given: Mapping[str, Any]
) -> list[int]:
    cls = session.workspace.models[entity.name]
    asked = sa.select(cls.id).limit(2)
    for name, path in wanted.items():
        raw = given.get(path.partition(".")[2])
        value = _as_id(raw) if name == "id" else _typed(entity, name, raw)
        if is_empty(value):
            raise RecordError("rule.hook_empty", path=path)
        asked = asked.where(getattr(cls, name) == value)
    return list(session.scalars(asked))


def _as_id(value: Any) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _typed(entity: Entity, name: str, value: Any) -> Any:
    """Return a value of a body as its field would hold it; None when it cannot."""
    field = entity.fields[name]
    kind = FIELD_TYPES[field.type]
    try:
        return kind.clean(kind.without_limits(field), value, Situation(source="api"))
    except FieldError:
        return None


def _create(
    session: CrmSession, workshop: RuleWorkshop, rule: Rule, given: Mapping[str, Any], cause: tuple[str, ...]
) -> int:
    """Create the record of a call, as the rule."""
    entity, organisation = session.workspace.schema.entities[rule.entity], workshop.organisation
    zone = zone_of(rule, workshop)
    former = session.actor, session.cause
    session.actor = Actor("rule", rule.name, language=organisation.language, time_zone=zone)
    session.cause = cause
    try:
        work = Work(session, rule, None, "", replace(organisation, zone=zone), given=given)
        values = {
            name: work.value(value, entity.fields[name], None)
            for name, value in rule.trigger.body["create"].items()
        }
        record = create_record(session, entity, values, work.situation())
        session.flush()
        return record.id
    finally:
        session.actor, session.cause = former


def _run(
    session: CrmSession,
    workshop: RuleWorkshop,
    rule: Rule,
    record: int,
    called: tuple[Mapping[str, Any], tuple[str, ...], str, int],
) -> dict[str, Any]:
    """Write the run of a rule, held back where rules would go in circles; return its number."""
    given, cause, root, number = called
    now, entity = session.clock(), session.workspace.schema.entities[rule.entity]
    error = guard(session, rule, Origin(entity, record, {}, cause, cause[-1]))
    if error is not None:
        tell_admins(session, workshop, error, (rule.entity, record), f"hook:{rule.name}:{now:%Y-%m-%d}")
    key = f"hook:{number}"
    row = {
        "rule": rule.name,
        "trigger_key": key,
        "revision": session.workspace.number,
        "entity": rule.entity,
        "record_id": record,
        "root": root,
        "state": store.STOPPED if error else store.WAITING,
        "due_at": now,
        "attempts": 0,
        "tries": 0,
        "why": {"event": Webhook.name, "by": cause[-1], "changed": {}, GIVEN: dict(given)},
        "cause": list(cause),
        "error": as_json([error]) if error else None,
        "created_at": now,
        "ended_at": now if error else None,
        "lane": events.SINGLE,
    }
    found: dict[str, Any] = {"run": store.start_run(session, row)}
    return {**found, "problems": as_json([Problem(error.code, error.params)])} if error else found
