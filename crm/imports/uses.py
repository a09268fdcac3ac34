"""Imports that are not done use the fields their columns fill: an admin reads it before a field goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm.entities.model import Document
from crm.entities.usage import Shelf
from crm.entities.walk import Spot, Walker
from crm.imports.model import column_letters
from crm.imports.store import list_open_batches
from crm.revisions.former_names import FormerNames, name_at, read_former_names
from crm.texts import NP_


def walk_import(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to the entity of an import and to the fields its columns fill."""

    def columns(found: Mapping[str, str], spot: Spot) -> Mapping[str, str]:
        return {letters: walker.field(name, spot.at(letters)) for letters, name in found.items()}

    spot = Spot().of(body["entity"])
    steps = {"entity": walker.entity, "columns": columns, "keys": walker.each(walker.field)}
    return walker.inside(body, spot, steps)


def _read(connection: sa.Connection) -> list[Document]:
    former = read_former_names(connection)
    found = (_document(former, batch) for batch in list_open_batches(connection))
    return [document for document in found if document]


def _document(former: FormerNames, batch: Mapping[str, Any]) -> Document | None:
    """Return an import by the names of the live revision; None when its entity is gone."""
    revision, matching = batch["revision"], batch["matching"]
    uid = former.entity_uid(batch["entity"], revision)
    entity = name_at(former.entities[uid], former.number) if uid else ""
    if not entity:
        return None
    columns = {
        column_letters(column["index"]): former.newest_name(uid, column["field"], revision)
        for column in matching.get("columns", ())
        if column["field"]
    }
    keys = [former.newest_name(uid, name, revision) for name in matching.get("keys", ())]
    body = {"label": UNNAMED, "entity": entity, "columns": columns, "keys": keys}
    return Document("import", str(batch["id"]), body)


UNNAMED = NP_("kind", "An import")
"""What everybody may be told: files and their headers are for those who may see the import."""

IMPORTS = Shelf("import", walk_import, _read)
