"""How `evaluate` reads a record: a mapped instance, or plain values as forms and rehearsals have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session, object_session

from crm.conditions.tree.kinds import attribute_of

if TYPE_CHECKING:
    from crm.entities.model import Schema

Find = Callable[[str, int], Any]


class Reader(Protocol):
    """What `evaluate` wants of a record; a class of such says `reads_records = True`."""

    reads_records: ClassVar[bool]

    def value(self, entity: str, name: str) -> Any:
        """Return the stored value of a field; of a reference or user the id."""

    def parent(self, entity: str, name: str) -> Reader | None:
        """Return the record a reference leads to."""

    def children(self, entity: str, inverse: str) -> Iterable[Reader]:
        """Return the children under the name of an inverse."""


class InstanceReader:
    """Reads a mapped instance, or what has its attributes; what lies around it loads through its session."""

    reads_records: ClassVar[bool] = True

    def __init__(self, record: Any, schema: Schema) -> None:
        self.record = record
        self.schema = schema
        self._children: dict[str, list[InstanceReader]] = {}

    def value(self, entity: str, name: str) -> Any:
        """Return the stored value of a field."""
        return getattr(self.record, attribute_of(name, self.schema.entities[entity].fields.get(name)))

    def parent(self, entity: str, name: str) -> InstanceReader | None:
        """Return the record a reference leads to, also when the reference has just been set."""
        wanted = self.value(entity, name)
        if wanted is None:
            return None
        found, session = getattr(self.record, name), self._session()
        if (found is None or found.id != wanted) and session is not None:
            found = session.get(type(self.record).__mapper__.relationships[name].mapper.class_, wanted)
        return None if found is None else InstanceReader(found, self.schema)

    def _session(self) -> Session | None:
        return object_session(self.record) if hasattr(type(self.record), "__mapper__") else None

    def children(self, entity: str, inverse: str) -> list[InstanceReader]:
        """Return the children under the name of an inverse, as they are now; asked once while a tree is read."""
        if inverse not in self._children:
            found = self._load(entity, inverse)
            self._children[inverse] = [InstanceReader(child, self.schema) for child in found]
        return self._children[inverse]

    def _load(self, entity: str, inverse: str) -> Iterable[Any]:
        """Return the children; from the database, for a loaded relationship does not see what was saved since."""
        session = self._session()
        if session is None:
            return getattr(self.record, inverse)
        declared = self.schema.entities[entity].inverses[inverse]
        cls = type(self.record).__mapper__.relationships[inverse].mapper.class_
        attribute = attribute_of(declared.field, self.schema.entities[declared.entity].fields[declared.field])
        return session.scalars(sa.select(cls).where(getattr(cls, attribute) == self.record.id))


class ValuesReader:
    """Reads plain values by field name: a form being filled in, a record that a rule would make.

    Shape:  `values` maps field names to typed values; a reference is an id, or the record itself (an instance
            or a map). What is missing there is read from `record`, if there is one. `find(entity, id)` gives a
            record that is known by its id only.
    """

    reads_records: ClassVar[bool] = True

    def __init__(
        self,
        values: Mapping[str, Any],
        schema: Schema,
        record: Reader | None = None,
        find: Find | None = None,
    ) -> None:
        self.values = values
        self.schema = schema
        self.record = record
        self.find = find

    def _stored(self, entity: str, name: str) -> tuple[bool, Any]:
        attribute = attribute_of(name, self.schema.entities[entity].fields.get(name))
        for key in (name, attribute):
            if key in self.values:
                return True, self.values[key]
        return False, None

    def value(self, entity: str, name: str) -> Any:
        """Return the value of a field."""
        known, found = self._stored(entity, name)
        if not known:
            return self.record.value(entity, name) if self.record else None
        if isinstance(found, Mapping):
            return found.get("id")
        return found.id if hasattr(found, "__entity__") or hasattr(found, "__mapper__") else found

    def parent(self, entity: str, name: str) -> Reader | None:
        """Return the record a reference leads to."""
        known, found = self._stored(entity, name)
        if not known:
            return self.record.parent(entity, name) if self.record else None
        if isinstance(found, int) and not isinstance(found, bool):
            target = str(self.schema.entities[entity].fields[name].options.get("to"))
            found = self.find(target, found) if self.find else None
        return None if found is None else reader_of(found, self.schema, self.find)

    def children(self, entity: str, inverse: str) -> list[Reader]:
        """Return the children under the name of an inverse."""
        if inverse in self.values:
            return [reader_of(child, self.schema, self.find) for child in self.values[inverse]]
        return list(self.record.children(entity, inverse)) if self.record else []


def reader_of(record: Any, schema: Schema, find: Find | None = None) -> Reader:
    """Return a reader of a mapped instance, of a map of values, or the reader it already is."""
    if isinstance(record, Mapping):
        return ValuesReader(record, schema, find=find)
    return record if getattr(type(record), "reads_records", False) else InstanceReader(record, schema)
