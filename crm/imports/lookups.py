"""From the words in a cell to the record or user they mean, seen with the actor's own eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, FieldError, Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.fields.likeness import like_forms
from crm.permissions import store as people
from crm.records.finding import Fit, found_by
from crm.records.values import situation_of, title_fields, title_of

CHUNK = 500
NEAR_HITS = 50

Found = int | Problem | None


class Lookups:
    """The references and users of one import, each word asked for once.

    Shape:  a word means one record, or it is a problem: no record, or several. What the actor may not see does
            not exist.
    """

    def __init__(self, session: CrmSession) -> None:
        self.session = session
        self.situation = situation_of(session, "import")
        self.known: dict[str, dict[str, Found]] = {}

    def learn(self, field: Field, words: Iterable[str]) -> None:
        """Ask for all words of a reference or user field that are not known yet."""
        known = self.known.setdefault(field.name, {})
        unknown = [word for word in dict.fromkeys(words) if word not in known]
        if not unknown:
            return
        if FIELD_TYPES[field.type].points == "user":
            for word, found in people.find_user_ids(self.session.connection(), unknown).items():
                known[word] = found or Problem("import.no_such_user", {"value": word}, field.name)
            return
        target = self.session.workspace.schema.entities[field.options["to"]]
        known.update(self.find_records(field, target, unknown))

    def get(self, field: Field, word: str) -> int:
        """Return the id a learned word means.

        Errors: FieldError when it means none or several.
        """
        found = self.known[field.name][word]
        if isinstance(found, Problem):
            raise FieldError(found.code, **found.params)
        return found

    def find_records(self, field: Field, target: Entity, words: list[str]) -> Mapping[str, Found]:
        """Return what each word means: by number, by one field after the other, last by the whole title."""
        params = {"entity": target.label}
        if "read" not in self.session.actor.rights(target.name).can:
            return {
                word: Problem("import.no_such_record", {**params, "value": word}, field.name)
                for word in words
            }
        found: dict[str, Found] = {}
        self.take(found, words, lambda rest: self.find_by_number(target, rest), params)
        for name in naming_fields(target, self.session.actor.rights(target.name).hidden):
            self.take(found, words, lambda rest, name=name: self.find_by_field(target, name, rest), params)
        self.take(found, words, lambda rest: self.find_by_title(target, rest), params)
        for word in words:
            found.setdefault(word, Problem("import.no_such_record", {**params, "value": word}, field.name))
        return found

    @staticmethod
    def take(
        found: dict[str, Found],
        words: list[str],
        find: Callable[[list[str]], Mapping[str, set[int]]],
        params: Mapping[str, Any],
    ) -> None:
        """Try one way of finding for the words that are still unknown."""
        rest = [word for word in words if word not in found]
        for word, ids in find(rest).items() if rest else ():
            if len(ids) == 1:
                found[word] = next(iter(ids))
            elif ids:
                found[word] = Problem("import.several_records", {**params, "value": word, "count": len(ids)})

    def find_by_number(self, target: Entity, words: list[str]) -> dict[str, set[int]]:
        """Return the records that words such as `#17` name."""
        cls = self.session.workspace.models[target.name]
        numbers = {
            word: int(word[1:])
            for word in words
            if word[:1] == "#" and word[1:].isdecimal() and len(word) < 19
        }
        known = (
            set(self.session.scalars(sa.select(cls.id).where(cls.id.in_(numbers.values()))))
            if numbers
            else ()
        )
        return {word: {number} for word, number in numbers.items() if number in known}

    def find_by_field(self, target: Entity, name: str, words: list[str]) -> dict[str, set[int]]:
        """Return the records whose field holds exactly what the word means to the field."""
        field = target.fields[name]
        field_type = FIELD_TYPES[field.type]
        cls = self.session.workspace.models[target.name]
        attribute = getattr(cls, field_type.attribute(field))
        meant: dict[Any, list[str]] = {}
        for word in words:
            value = clean_or_none(field, word, self.situation)
            if value is not None:
                meant.setdefault(value, []).append(word)
        found: dict[str, set[int]] = {}
        values = list(meant)
        for start in range(0, len(values), CHUNK):
            asked = sa.select(cls.id, attribute).where(attribute.in_(values[start : start + CHUNK]))
            for record_id, value in self.session.execute(asked):
                for word in meant.get(value, ()):
                    found.setdefault(word, set()).add(record_id)
        return found

    def find_by_title(self, target: Entity, words: list[str]) -> dict[str, set[int]]:
        """Return the records whose whole title is the word; case, accents and what separates words aside."""
        names = [name for name in title_fields(target) if name in target.fields]
        if not names or any(not target.fields[name].search for name in names):
            return {}
        if set(names) & self.session.actor.rights(target.name).hidden:
            return {}
        try:
            return {word: self.find_title(target, names, word) for word in words}
        except CrmError:  # the search key holds a hidden field's words, so this actor may not ask for it
            return {}

    def find_title(self, target: Entity, names: list[str], word: str) -> set[int]:
        """Return the records of one title."""
        cls = self.session.workspace.models[target.name]
        fields = [target.fields[name] for name in names]
        attributes = [getattr(cls, FIELD_TYPES[field.type].attribute(field)) for field in fields]
        begun = found_by(self.session, target, word, Fit.WHOLE)
        if begun is None:
            return set()
        rows = self.session.execute(sa.select(cls.id, *attributes).where(begun).limit(NEAR_HITS))
        titled = ((row[0], {"id": row[0], **dict(zip(names, row[1:], strict=True))}) for row in rows)
        return {
            found
            for found, values in titled
            if {*like_forms(title_of(target, values, self.situation))} & {*like_forms(word)}
        }


def naming_fields(target: Entity, hidden: frozenset[str]) -> list[str]:
    """Return the fields whose value names a record, the likeliest first: the title, unique ones, searched ones."""
    titles = title_fields(target)
    title = [name for name in titles if len(titles) == 1 and name in target.fields]
    unique = [field.name for field in target.fields.values() if field.unique]
    searched = [field.name for field in target.fields.values() if field.search]
    names = dict.fromkeys([*title, *unique, *(name for name in searched if name not in titles)])
    return [
        name for name in names if name not in hidden and FIELD_TYPES[target.fields[name].type].names_records
    ]


def clean_or_none(field: Field, word: str, situation: Situation) -> Any:
    """Return what the word means to a field, None when it does not fit."""
    try:
        return FIELD_TYPES[field.type].clean(field, word, situation)
    except FieldError:
        return None
