"""What an action has in its hands while it is performed: the record, the session, and how to write."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa

from crm.conditions import compile_sql, evaluate, parse_formula
from crm.database import CrmSession
from crm.entities.model import Entity, Schema
from crm.errors import Problem, RuleError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.permissions.rows import scope_of
from crm.permissions.service import actor_of_user
from crm.records import service
from crm.records.journal import kept_value
from crm.texts import Text
from workflows import people
from workflows.actions.recipients import is_address
from workflows.actions.values import formula_of, takes_words
from workflows.given import GIVEN
from workflows.mail.compose import Message, compose
from workflows.markup import in_sentence
from workflows.organisation import Organisation
from workflows.paths import PATH, Path, display_of, find_path, follow, value_of
from workflows.placeholders import fill
from workflows.readers import DASH, TextReader
from workflows.rules.model import Rule, Template
from workflows.runs.budget import RECORDS, BudgetError, held_back, spend

logger = logging.getLogger(__name__)

MAX_RELATED = 1_000  # records one step may write


class TooSlowError(Exception):
    """A step takes too long to be done for many records in one transaction."""


@dataclass(frozen=True)
class Recipient:
    """A recipient and their language; `user_id` is None for an address that is not a user's. `holder` is the record
    that has the address."""

    address: str
    language: str
    user_id: int | None = None
    holder: Any = None


@dataclass(frozen=True)
class Work:
    """One step at work.

    Shape:  `record` is the mapped record, or the draft of one that is gone. `key` names the step of the run,
            the same at every attempt: what it writes outside the record carries it. `root` names the cause, `cause`
            is the whole chain. `shared` keeps what the steps of one transaction have in
            common; `ids` are their records there, `until` is when all must be done. `given` is what came with the call
            that fired the rule, `caller_id` the user who made it. With `is_trial` all is taken
            back at the end and nothing is waited for.
    """

    session: CrmSession
    rule: Rule
    record: Any
    key: str
    organisation: Organisation
    is_gone: bool = False
    root: str = ""
    cause: tuple[str, ...] = ()
    shared: dict[Any, Any] = attribute(default_factory=dict)
    given: Mapping[str, Any] = attribute(default_factory=dict)
    caller_id: int | None = None
    is_trial: bool = False

    @property
    def schema(self) -> Schema:
        """The schema of the live revision."""
        return self.session.workspace.schema

    @property
    def entity(self) -> Entity:
        """The entity of the rule's record."""
        return self.schema.entities[self.rule.entity]

    @property
    def now(self) -> dt.datetime:
        """The moment, UTC."""
        return self.session.clock()

    def holds(self, condition: Any) -> bool:
        """Return whether a condition holds for the record now."""
        scope = scope_of(self.session)
        if self.caller_id is not None:
            scope = replace(scope, user_id=self.caller_id)
        return evaluate(condition, self.record, scope)

    def update(self, record: Any, values: Mapping[str, Any]) -> dict[str, list]:
        """Write fields as the rule; return what changed, `{field: [before, after]}` as the journal keeps values."""
        before = _as_json(record, values)
        service.update_record(self.session, record.__entity__, record.id, values, self.situation())
        after = _as_json(record, values)
        if before != after:
            self.spend(RECORDS)
        fields = record.__entity__.fields
        return {
            name: [kept_value(fields[name], value) for value in (before[name], after[name])]
            for name in values
            if before[name] != after[name]
        }

    def create(self, entity: str, values: Mapping[str, Any]) -> Any:
        """Create a record as the rule."""
        self.spend(RECORDS)
        return service.create_record(self.session, self.schema.entities[entity], values, self.situation())

    def delete(self, record: Any) -> None:
        """Delete a record as the rule."""
        self.spend(RECORDS)
        service.delete_record(self.session, record.__entity__, record.id)

    def spend(self, kind: str) -> None:
        """Count one more thing that is done from this run's cause.

        Errors: BudgetError when it would be too much; the step is taken back.
        """
        if not spend(self.session, self.root, kind):
            problem = held_back(self.rule, kind)
            raise BudgetError(problem.code, **problem.params)

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what is the same for all steps of the transaction; made once."""
        key = ("once", key)
        if key not in self.shared:
            self.shared[key] = make()
        return self.shared[key]

    def stay_in_time(self) -> None:
        """Call before each of many steps.

        Errors: TooSlowError.
        """
        if time.monotonic() > self.shared["until"]:
            raise TooSlowError

    def situation(self) -> Situation:
        return Situation(self.organisation.language, self.organisation.zone, "rule")

    def value(self, raw: Any, field: Field, record: Any) -> Any:
        """Return what a rule writes: a literal, what a formula gives at a record, or a text filled in."""
        formula = formula_of(raw, field)
        if formula is not None and self.is_given(formula):
            return self._sendable(self.given_at(formula), field)
        if formula is not None:
            return self._sendable(self._computed(formula, field, record), field)
        if isinstance(raw, str) and "{" in raw:
            return fill(raw, self.writer(self.organisation.language, record))
        return raw

    def is_given(self, path: str) -> bool:
        """Return whether a path leads into what came with the call."""
        return self.rule.given is not None and self.rule.given.owns(path)

    def given_at(self, path: str) -> Any:
        """Return what came with the call at a path: typed where the rule declares it, else as JSON has it."""
        found, field = self.given.get(path.partition(".")[2]), self.rule.given.field(path)
        if field is None or found is None:
            return None
        return found if self.rule.given.fields is None else FIELD_TYPES[field.type].from_json(field, found)

    def _given_words(self, path: str, situation: Situation) -> str:
        """Return what came with the call at a path, in words."""
        found, field = self.given_at(path), self.rule.given.field(path)
        if found is None or field is None:
            return ""
        if isinstance(found, Mapping | list):
            return json.dumps(found, ensure_ascii=False)
        return FIELD_TYPES[field.type].display(field, found, situation)

    def _sendable(self, value: Any, field: Field) -> Any:
        """Return a typed value as somebody would send it: a moment says that it is UTC; in a text it is local time.

        Without that word it would be read as local time.
        """
        if not isinstance(value, dt.datetime):
            return value
        moment = value.replace(tzinfo=dt.UTC)
        if takes_words(field):
            return moment.astimezone(self.organisation.zone).replace(tzinfo=None).isoformat(" ")
        return moment

    def _computed(self, formula: str, field: Field, record: Any) -> Any:
        entity = record.__entity__
        if FIELD_TYPES[field.type].links and PATH.match(formula):
            path = find_path(formula, entity, self.schema)
            return None if isinstance(path, Problem) else value_of(self.session, record, path)
        return self.computed(formula, record)

    def computed(self, formula: str, record: Any) -> Any:
        """Return what a formula gives at a record.

        Errors: RuleError when it no longer fits the fields.
        """
        node, problems = parse_formula(formula, record.__entity__, self.schema)
        if problems:
            raise RuleError("rule.formula_no_longer_fits", problems, formula=formula)
        return evaluate(node, record, scope_of(self.session))

    def value_at(self, path: Path) -> Any:
        """Return the typed value at a path from the record."""
        return value_of(self.session, self.record, path)

    def writer(
        self, language: str, record: Any = None, reader: TextReader | None = None
    ) -> Callable[[str], str]:
        """Return what writes a path's value as plain text in a language; an unknown path is empty.

        Shape:  for a `reader`, what their rights do not show is a dash.
        """
        record = self.record if record is None else record
        situation = replace(self.situation(), language=language)

        def write(text: str) -> str:
            if self.is_given(text):
                return self._given_words(text, situation)
            path = find_path(text, record.__entity__, self.schema)
            if isinstance(path, Problem):
                return ""
            if reader and not reader.may_see(record, path):
                return DASH
            if path.entity is None:
                return self._of_user(follow(record, path), path.field.name)
            if path.is_link:
                return self._link(follow(record, path))
            if reader:
                return reader.words(record, path, situation)
            return display_of(self.session, record, path, situation)

        return write

    def _of_user(self, user: Any, name: str) -> str:
        person = people.find_person(self.session, user.id) if user is not None else None
        return getattr(person, name) if person else ""

    def _link(self, record: Any) -> str:
        if record is None:
            return ""
        return f"{self.organisation.public_url}/{record.__entity__.name}/show/{record.id}"

    def in_every_language(
        self, text: str | Mapping[str, str], reader: TextReader | None = None
    ) -> dict[str, str]:
        """Return a text for people filled in, per language of the organisation; values keep their own order in it."""
        return {
            language: in_sentence(Text(text).get(language), self.writer(language, reader=reader), language)
            for language in self.organisation.languages
        }

    def in_language(
        self, text: str | Mapping[str, str], language: str, reader: TextReader | None = None
    ) -> str:
        """Return a text filled in, in one language."""
        return fill(Text(text).get(language), self.writer(language, reader=reader))

    def reader(self, user_id: int) -> TextReader | None:
        """Return a user as the reader of a text about the record; None when the record is out of their reach."""
        found = self.once(("reader", user_id), lambda: self._reader(user_id))
        if self._is_within_reach(found):
            return found
        logger.info(
            "%s: %s #%s is out of reach of user %s", self.rule.name, self.entity.name, self.record.id, user_id
        )
        return None

    def _reader(self, user_id: int) -> TextReader:
        connection, organisation = self.session.connection(), self.organisation
        actor = actor_of_user(connection, user_id, self.schema, organisation.language, organisation.zone.key)
        return TextReader(self.session, actor)

    def _is_within_reach(self, reader: TextReader) -> bool:
        if "ids" not in self.shared:
            return reader.may_read(self.record)
        key = ("reach", reader.actor.user_id)
        return self.record.id in self.once(
            key, lambda: reader.which_may_read(self.entity, self.shared["ids"])
        )

    def users(self, to: Any) -> list[people.Person]:
        """Return the users a `to` stands for, each once; a user field that is empty stands for nobody."""
        found: dict[int, people.Person] = {}
        for line in to if isinstance(to, list) else [to]:
            for person in self._users_of(line):
                found.setdefault(person.id, person)
        return list(found.values())

    def _users_of(self, line: Any) -> Sequence[people.Person]:
        if isinstance(line, Mapping) and "role" in line:
            return self.once(("role", line["role"]), lambda: people.list_of_role(self.session, line["role"]))
        if isinstance(line, Mapping):
            name = line["user"]
            person = self.once(("user", name), lambda: people.find_by_username(self.session, name))
            if person is None:
                raise RuleError("rule.no_such_user", name=line["user"])
            return [person]
        path = find_path(line, self.entity, self.schema)
        user_id = None if isinstance(path, Problem) else value_of(self.session, self.record, path)
        person = self.person(user_id) if user_id else None
        return [person] if person else []

    def person(self, user_id: int) -> people.Person | None:
        """Return an active user."""
        return self.once(("person", user_id), lambda: people.find_person(self.session, user_id))

    def addresses(self, to: Any) -> list[Recipient]:
        """Return the addresses of a `to`, each once; people without one are left out."""
        found: dict[str, Recipient] = {}
        for line in to if isinstance(to, list) else [to]:
            for recipient in self._addresses_of(line):
                if is_address(recipient.address):
                    found.setdefault(recipient.address.lower(), recipient)
        return list(found.values())

    def _addresses_of(self, line: Any) -> Sequence[Recipient]:
        usual = self.organisation.language
        if isinstance(line, str) and "@" in line:
            return [Recipient(line, usual)]
        if isinstance(line, str) and self.is_given(line):
            address = self.given_at(line)
            return [Recipient(str(address), usual)] if address else []
        path = find_path(line, self.entity, self.schema) if isinstance(line, str) else None
        if (
            path
            and not isinstance(path, Problem)
            and path.entity
            and FIELD_TYPES[path.field.type].reaches == "mail"
        ):
            address = value_of(self.session, self.record, path)
            holder = follow(self.record, path)
            return [Recipient(address, self._language_of(holder), holder=holder)] if address else []
        if path and not isinstance(path, Problem) and path.entity is None:
            user = follow(self.record, path)
            person = people.find_person(self.session, user.id) if user is not None else None
            return [Recipient(person.email, person.language or usual, person.id)] if person else []
        return [
            Recipient(person.email, person.language or usual, person.id) for person in self._users_of(line)
        ]

    def _language_of(self, holder: Any) -> str:
        """Return the language of a record's person: what its choice field `language` says, if it has one."""
        field = holder.__entity__.fields.get("language")
        found = holder.language if field and FIELD_TYPES[field.type].chooses_one else None
        return found if found in self.organisation.languages else self.organisation.language

    def compose(self, template: Template, recipient: Recipient) -> Message | None:
        """Return a message in the recipient's language; None when the record is out of a user's reach."""
        reader = self.reader(recipient.user_id) if recipient.user_id is not None else None
        if recipient.user_id is not None and reader is None:
            return None
        write = self.writer(recipient.language, reader=reader)
        return compose(template, recipient.address, recipient.language, write)

    def count_by_user(self, name: str, condition: Any, ids: Sequence[int]) -> dict[int, int]:
        """Return how many records of the rule's entity each user has in a field."""
        cls = self.session.workspace.models[self.entity.name]
        column = getattr(cls, attribute_of(self.entity.fields[name]))
        asked = sa.select(column, sa.func.count()).where(column.in_(ids)).group_by(column)
        if condition is not None:
            asked = asked.where(compile_sql(condition, self.entity.name, scope_of(self.session)))
        return {row[0]: row[1] for row in self.session.execute(asked)}

    def related(self, through: str, target: Entity, condition: Any) -> list[Any]:
        """Return the children of that name, or the record referred to, that meet a condition.

        Errors: RuleError when there are too many to write in one step.
        """
        cls = self.session.workspace.models[target.name]
        if through in self.entity.inverses:
            pointer = target.fields[self.entity.inverses[through].field]
            mine = getattr(cls, attribute_of(pointer)) == self.record.id
        else:
            pointer = self.entity.fields[through]
            mine = cls.id == getattr(self.record, attribute_of(pointer))
        asked = sa.select(cls).where(mine).order_by(cls.id).limit(MAX_RELATED + 1)
        if condition is not None:
            asked = asked.where(compile_sql(condition, target.name, scope_of(self.session)))
        found = list(self.session.scalars(asked))
        if len(found) > MAX_RELATED:
            raise RuleError("rule.too_many_related", limit=MAX_RELATED)
        return found


def called_with(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run's work knows of the call that fired it: what was given, and by which user."""
    if GIVEN not in row["why"]:
        return {}
    kind, _, number = str(row["why"].get("by", "")).partition(":")
    caller = int(number) if kind == "user" and number.isdigit() else None
    return {"given": row["why"][GIVEN], "caller_id": caller}


def attribute_of(field: Field) -> str:
    """Return the mapped attribute that holds a field's value."""
    return FIELD_TYPES[field.type].attribute(field)


def _as_json(record: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name in names:
        field = record.__entity__.fields[name]
        field_type = FIELD_TYPES[field.type]
        value = getattr(record, field_type.attribute(field)) if field_type.stored else None
        found[name] = None if value is None else field_type.to_json(field, value)
    return found
