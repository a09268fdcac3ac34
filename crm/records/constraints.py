"""What the database itself refuses to store, as the sentence a person gets."""

from __future__ import annotations

import sqlalchemy as sa

from crm.entities.model import Entity
from crm.entities.taken_names import object_name
from crm.errors import CrmError, Problem

REFUSALS = (sa.exc.IntegrityError, sa.exc.DataError)


def refusal_of(entity: Entity, error: Exception) -> Problem:
    """Return why a record was not stored: mostly a value or a link that somebody else took in the same moment."""
    if isinstance(error, CrmError):
        return error.problems[0] if error.problems else error.as_problem()
    if isinstance(error, sa.exc.DataError):
        return Problem("record.refused_by_database")
    text = str(getattr(error, "orig", error))
    for field in entity.fields.values():
        marks = (object_name("uq", entity.table, field.column), f"{entity.table}.{field.column}")
        if field.unique and any(mark in text for mark in marks):
            return Problem("record.not_unique", {"label": field.label}, field.name)
    return Problem("record.gone_meanwhile")
