"""Why somebody may or may not: the chain of roles and conditions behind one answer.

What is said here is worked out role by role and line by line; that it comes to the same as the guard and the
services is proven by `tests/crm/permissions/test_explain.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm.conditions import compile_sql, say
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import NotAllowedError, NotFoundError, Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.messages.permissions import DEED_LABELS
from crm.permissions.model import DEEDS, WRITING, Actor, EntityRights, Role
from crm.permissions.rows import may_touch, parse_trusted, scope_of
from crm.permissions.service import reads_hidden
from crm.texts import Text

OPEN, READ_ONLY, HIDDEN = "open", "read_only", "hidden"


@dataclass(frozen=True)
class Question:
    """What is asked: may somebody do this with an entity, with one record of it, with one field."""

    entity: str
    deed: str = "read"
    record_id: int | None = None
    field: str | None = None


@dataclass(frozen=True)
class Line:
    """One line of a role's record conditions in words.

    Shape:  `holds` is whether it holds for the record; None without one, and when the answer would reveal a
            field that is hidden from the asker; then `is_secret` is set.
    """

    text: str
    holds: bool | None = None
    is_secret: bool = False


@dataclass(frozen=True)
class Way:
    """What one role says about one deed: whether it gives it, on which records, and whether this is one of them."""

    role: Role
    gives: bool
    lines: tuple[Line, ...] = ()
    holds: bool | None = None


@dataclass(frozen=True)
class Need:
    """One deed that is needed, with what every role says; changing a record needs the right to read it as well."""

    deed: str
    allowed: bool | None
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class FieldWay:
    """What one role that gives the deed, or reading, says about the field: open, read_only or hidden."""

    role: Role
    word: str


@dataclass(frozen=True)
class FieldAnswer:
    """Whether the field is open for the deed.

    Shape:  `reasons` are what closes it besides the roles: that it is computed, or read only for everybody. What
            is `is_hidden` from reading is not written either.
    """

    field: Field
    allowed: bool | None
    ways: tuple[FieldWay, ...] = ()
    reasons: tuple[Problem, ...] = ()
    is_hidden: bool = False


@dataclass(frozen=True)
class Explanation:
    """The answer and the chain that leads to it.

    Shape:  `allowed` is None when the answer would reveal what is hidden from the asker. `verdict` is its sentence.
    """

    question: Question
    entity: Entity
    actor: Actor
    allowed: bool | None
    verdict: Problem
    needs: tuple[Need, ...] = ()
    field: FieldAnswer | None = None


def explain(session: CrmSession, actor: Actor, question: Question) -> Explanation:
    """Return why an actor may or may not do something; nothing hidden from the session's actor is revealed.

    Errors: NotAllowedError when the asker may not configure; NotFoundError for an entity, field or deed there is
            not, and for a record that is not there or is out of the asker's reach.
    """
    if not session.actor.may_configure:
        raise NotAllowedError("permissions.may_not_configure")
    entity, field = _asked(session, question)
    if question.record_id is not None and not is_there(session, entity, question.record_id):
        raise NotFoundError("record.not_found", entity=entity.label, id=question.record_id)
    if actor.sees_everything and field is None:
        return Explanation(question, entity, actor, True, Problem("why.admin", {"user": actor.name}))
    teller = Teller(session, actor, entity, question)
    needs = () if actor.sees_everything else teller.needs()
    answer = teller.field(field) if field is not None else None
    parts = [*(need.allowed for need in needs), *([answer.allowed] if answer else [])]
    allowed = every(parts)
    return Explanation(
        question, entity, actor, allowed, teller.verdict(allowed, needs, answer), needs, answer
    )


def _asked(session: CrmSession, question: Question) -> tuple[Entity, Field | None]:
    entity = session.workspace.schema.entities.get(question.entity)
    if entity is None:
        raise NotFoundError("why.no_such_entity", name=question.entity)
    if question.deed not in DEEDS:
        raise NotFoundError("why.no_such_deed", name=question.deed)
    if question.field and question.field not in entity.fields:
        raise NotFoundError("why.no_such_field", name=question.field, entity=entity.label)
    return entity, entity.fields[question.field] if question.field else None


def is_there(session: CrmSession, entity: Entity, record_id: int) -> bool:
    """Return whether there is such a record and the session's actor may read it."""
    if not 0 < record_id < 2**63:
        return False
    cls = session.workspace.models[entity.name]
    with session.as_system():
        found = session.scalar(sa.select(cls.id).where(cls.id == record_id)) is not None
    return found and may_touch(session, entity, "read", record_id)


def every(parts: Iterable[bool | None]) -> bool | None:
    """Return whether all hold; None when an unknown one decides.

    >>> every([True, None]), every([False, None]), every([])
    (None, False, True)
    """
    found = list(parts)
    if False in found:
        return False
    return None if None in found else True


def some(parts: Iterable[bool | None]) -> bool | None:
    """Return whether one holds; None when an unknown one decides."""
    found = list(parts)
    if True in found:
        return True
    return None if None in found else False


@contextmanager
def speaking_for(session: CrmSession, actor: Actor) -> Iterator[None]:
    """Give the session another actor for a while, so that `me` and `my_team` mean that actor."""
    asker, session.actor = session.actor, actor
    try:
        yield
    finally:
        session.actor = asker


class Teller:
    """Works out one answer."""

    def __init__(self, session: CrmSession, actor: Actor, entity: Entity, question: Question) -> None:
        self.session, self.asker, self.actor = session, session.actor, actor
        self.entity, self.question = entity, question
        self.schema = session.workspace.schema

    def needs(self) -> tuple[Need, ...]:
        """Return what each needed deed gets from each role."""
        deed, has_record = self.question.deed, self.question.record_id is not None
        if deed == "import":  # a row of a file changes a record as its form would
            more = ("update", "read") if has_record else ()
            return (self._need(deed, False), *(self._need(name, True) for name in more))
        return tuple(self._need(name, has_record) for name in dict.fromkeys((deed, "read")))

    def _need(self, deed: str, of_record: bool) -> Need:
        ways = tuple(self._way(role, deed, of_record) for role in self.actor.roles)
        given = (way.holds for way in ways) if of_record else (way.gives for way in ways)
        return Need(deed, some(given), ways)

    def _way(self, role: Role, deed: str, of_record: bool) -> Way:
        rights = role.entities.get(self.entity.name)
        if rights is None or deed not in rights.can:
            return Way(role, False, holds=False if of_record else None)
        lines = tuple(self._lines(rights.records, of_record))
        return Way(role, True, lines, every(line.holds for line in lines) if of_record else None)

    def _lines(self, records: tuple, of_record: bool) -> Iterator[Line]:
        trees = [parse_trusted(self.session.workspace, self.entity, (line,)) for line in records]
        holding = self._holding(trees) if of_record else [None] * len(trees)
        for tree, holds in zip(trees, holding, strict=True):
            text = say(tree, self.entity, self.schema, self.asker.language)
            is_secret = not self.asker.sees_everything and reads_hidden(self.asker, tree, self.schema)
            yield Line(text, None if is_secret else holds, is_secret and holds is not None)

    def _holding(self, trees: list[Any]) -> list[bool | None]:
        """Return for each tree whether it holds for the record, as the database says."""
        if not trees:
            return []
        with speaking_for(self.session, self.actor):
            scope = replace(
                scope_of(self.session), unguarded=True
            )  # as `rows` compiles the rights themselves
        conditions = [compile_sql(tree, self.entity.name, scope) for tree in trees]
        cases = [sa.case((condition, sa.literal(1)), else_=sa.literal(0)) for condition in conditions]
        cls = self.session.workspace.models[self.entity.name]
        with self.session.as_system():
            row = self.session.execute(sa.select(*cases).where(cls.id == self.question.record_id)).one()
        return [bool(found) for found in row]

    def field(self, field: Field) -> FieldAnswer:
        """Return what closes or opens the field for the deed."""
        is_writing = self.question.deed in WRITING
        reasons, closed_now = list(self._reasons(field, is_writing)), self._closed_now(field, is_writing)
        if self.actor.sees_everything:
            return FieldAnswer(field, not reasons, (), tuple(reasons))
        if closed_now is not None and closed_now.holds:
            reasons.append(Problem("why.closed_now", {"field": field.label, "condition": closed_now.text}))
        readers, writers = self._said(field, "read"), self._said(field, self.question.deed)
        is_hidden = bool(readers) and all(way.word == HIDDEN for way in readers)
        parts = [not reasons, not is_hidden, not is_writing or any(way.word == OPEN for way in writers)]
        allowed = every([*parts, *([None] if closed_now and closed_now.is_secret else [])])
        ways = tuple(dict.fromkeys([*readers, *(writers if is_writing else ())]))
        return FieldAnswer(field, allowed, ways, tuple(reasons), is_hidden)

    def _said(self, field: Field, deed: str) -> list[FieldWay]:
        """Return what every role that gives a deed says about the field."""
        return [
            FieldWay(role, word_of(rights, field.name))
            for role in self.actor.roles
            if (rights := role.entities.get(self.entity.name)) and deed in rights.can
        ]

    def _closed_now(self, field: Field, is_writing: bool) -> Line | None:
        """Return the condition under which a record closes the field, and whether it holds."""
        if self.question.record_id is None or not is_writing or not field.read_only_if:
            return None
        lines = ({"all": list(field.read_only_if)},) if len(field.read_only_if) > 1 else field.read_only_if
        return next(self._lines(tuple(lines), True))

    def _reasons(self, field: Field, is_writing: bool) -> Iterator[Problem]:
        """Yield the reasons that close a field even where no role names it."""
        rights = self.actor.rights(self.entity.name)
        if (
            field.name in rights.hidden
            and field.name not in self.actor.declared_rights(self.entity.name).hidden
        ):
            yield Problem("why.computed_from_hidden", {"field": field.label})
        if is_writing and not FIELD_TYPES[field.type].writable:
            yield Problem("why.computed", {"field": field.label})
        elif is_writing and field.read_only and not self.actor.sees_everything:
            yield Problem("why.read_only_for_all", {"field": field.label})

    def verdict(self, allowed: bool | None, needs: tuple[Need, ...], answer: FieldAnswer | None) -> Problem:
        """Return the sentence that answers the question; the first thing that is missing decides."""
        params: dict[str, object] = {"user": self.actor.name, "entity": self.entity.plural}
        if allowed is None:
            return Problem("why.not_for_you", params)
        missing = next((need for need in needs if need.allowed is False), None)
        if missing is not None:
            is_given = any(way.gives for way in missing.ways)
            code = "why.no_record" if is_given else "why.no_right"
            return Problem(code, {**params, "deed": Text(DEED_LABELS[missing.deed])})
        if answer is not None and not answer.allowed:
            return self._field_verdict(answer, params)
        if self.actor.sees_everything:
            return Problem("why.admin", params)
        code = "why.yes_record" if self.question.record_id is not None else self._some_or_all(needs)
        return Problem(code, {**params, "deed": Text(DEED_LABELS[self.question.deed])})

    @staticmethod
    def _some_or_all(needs: tuple[Need, ...]) -> str:
        is_all = all(any(way.gives and not way.lines for way in need.ways) for need in needs)
        return "why.yes_all" if is_all else "why.yes_some"

    def _field_verdict(self, answer: FieldAnswer, params: dict[str, object]) -> Problem:
        if answer.reasons:
            return answer.reasons[0]
        code, deed = ("why.hidden", "read") if answer.is_hidden else ("why.read_only", self.question.deed)
        return Problem(code, {**params, "deed": Text(DEED_LABELS[deed]), "field": answer.field.label})


def word_of(rights: EntityRights, field: str) -> str:
    """Return what a role says about a field."""
    if field in rights.hidden:
        return HIDDEN
    return READ_ONLY if field in rights.read_only else OPEN
