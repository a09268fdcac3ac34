"""A record that is not saved yet, as conditions and formulas see one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields import type_of


class RecordDraft:
    """Values that read like a mapped record: fields, references as records, children from the database.

    Shape:  `values` are typed values by field name; `record_id` is None for a new record.
    """

    def __init__(
        self, session: CrmSession, entity: Entity, values: Mapping[str, Any], record_id: int | None = None
    ) -> None:
        self._session, self.__entity__, self._values, self.id = session, entity, values, record_id

    def __getattr__(self, name: str) -> Any:
        entity, models = self.__entity__, self._session.workspace.models
        field = entity.fields.get(name)
        if field is not None and type_of(field).links:
            if self._values.get(name) is None:
                return None
            target = models.user if type_of(field).points == "user" else models[field.options["to"]]
            return self._find(target, self._values.get(name))
        if field is not None:
            return self._values.get(name)
        if name.endswith("_id") and name[:-3] in (*entity.fields, "created_by", "updated_by"):
            return self._values.get(name[:-3])
        if name in entity.inverses:
            return self._children(name)
        if name in ("created_at", "updated_at", "created_by", "updated_by", "row_version"):
            return self._values.get(name)
        raise AttributeError(name)

    def _find(self, cls: type, record_id: Any) -> Any:
        if record_id is None:
            return None
        with self._session.as_system():
            return self._session.get(cls, record_id)

    def _children(self, name: str) -> Any:
        if self.id is None:
            return []
        record = self._find(self._session.workspace.models[self.__entity__.name], self.id)
        with self._session.as_system():
            return getattr(record, name) if record is not None else []
