"""A publish between the check and the run: what was decided is carried over to the fields as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa

from crm.entities.model import Entity, Schema
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.imports.coding import encode_cells
from crm.imports.model import Matching, SheetRow
from crm.imports.plan import Planner
from crm.kept_problems import encode_problems
from crm.revisions.former_names import FormerNames, read_former_names, schema_at
from crm.texts import Text


@dataclass(frozen=True)
class Carried:
    """Decisions carried over.

    Shape:  `gone` holds the columns whose field is no more, by index, with the field's label. `lost` is the label
            of a field without which no row can be written: a key, or the last field that a column filled. `is_same`
            says that the publish left the entity as it was.
    """

    matching: Matching
    gone: Mapping[int, Text] = attribute(default_factory=dict)
    lost: Text | None = None
    is_same: bool = False

    def reason(self, cells: Sequence[Any]) -> Problem | None:
        """Return why a row cannot be written any more; None when it can."""
        label = self.lost or next(
            (label for index, label in self.gone.items() if index < len(cells) and cells[index] is not None),
            None,
        )
        return Problem("import.field_gone", {"label": label}) if label else None


def carry_matching(matching: Matching, before: Entity, now: Entity) -> Carried:
    """Return a matching with today's names: a renamed field is still filled, a removed one no longer."""
    if before == now:
        return Carried(matching, is_same=True)
    names = {field.uid: field.name for field in now.fields.values() if FIELD_TYPES[field.type].writable}
    keys_only = {field.uid: field.name for field in now.fields.values()}

    def today(name: str | None) -> str | None:
        field = before.fields.get(name)
        known = keys_only if name in matching.keys else names
        return name if name in (None, "id") else known.get(field.uid) if field else None

    def label(name: str) -> Text:
        return before.fields[name].label if name in before.fields else Text(name)

    columns = tuple(replace(column, field=today(column.field)) for column in matching.columns)
    keys = [(name, today(name)) for name in matching.keys]
    gone = {
        old.index: label(old.field)
        for old, new in zip(matching.columns, columns, strict=True)
        if old.field and not new.field
    }
    lost = next((label(name) for name, found in keys if found is None), None)
    if lost is None and not any(column.field for column in columns):
        lost = next(iter(gone.values()), None)
    kept = tuple(found for _name, found in keys if found)
    return Carried(replace(matching, columns=columns, keys=kept), gone, lost)


def plan_behind(planner: Planner, carried: Carried, chunk: Sequence[SheetRow], written: int) -> list[tuple]:
    """Return the plan rows of the rows of a chunk that are not written yet; the others only lend their keys."""
    if not written and not carried.gone and not carried.lost:
        return planner.plan(chunk)
    planner.remember([row for row in chunk if row[0] <= written])
    rest = [row for row in chunk if row[0] > written]
    reasons = {number: problem for number, cells in rest if (problem := carried.reason(cells))}
    planned = planner.plan([row for row in rest if row[0] not in reasons])
    return planned + [
        (number, "error", None, None, encode_cells(cells), encode_problems([reasons[number]]))
        for number, cells in rest
        if number in reasons
    ]


def batches_today(
    connection: sa.Connection, schema: Schema, batches: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return batches with today's names, whatever was renamed since they were decided; a column may lose its field.

    Shape:  `revision` stays the one the row in the database speaks. An entity that is gone keeps its name, unless
            another one bears it now.
    """
    former = read_former_names(connection)
    return [_batch_today(former, schema, batch) for batch in batches]


def _batch_today(former: FormerNames, schema: Schema, batch: dict[str, Any]) -> dict[str, Any]:
    revision = batch["revision"]
    entity = former.entity_today(schema, batch["entity"], revision)
    if entity is None:
        return {**batch, "entity": "" if batch["entity"] in schema.entities else batch["entity"]}
    matching = batch["matching"]
    fields = [column["field"] for column in matching.get("columns", ())] + list(matching.get("keys", ()))
    names = names_today(former, entity, fields, revision)
    columns = [{**column, "field": names.get(column["field"])} for column in matching.get("columns", ())]
    keys = [names[name] for name in matching.get("keys", ()) if name in names]
    return {**batch, "entity": entity.name, "matching": {**matching, "columns": columns, "keys": keys}}


def names_today(
    former: FormerNames, entity: Entity, names: Iterable[str | None], revision: int
) -> dict[str, str]:
    """Return today's names by those of a revision; fields that are gone are absent."""
    kept, _gone = former.values_today(entity, {name: name for name in names if name}, revision)
    return {"id": "id", **{then: now for now, then in kept.items()}}


def entity_of_revision(connection: sa.Connection, number: int, name: str) -> Entity | None:
    """Return an entity as a revision declares it; None when the revision knows none of the name."""
    schema = schema_at(connection, number)
    return schema.entities.get(name) if schema else None
