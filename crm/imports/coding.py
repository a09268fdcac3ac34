"""Plan rows as JSON text and back: typed values, problems, the cells of refused rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from crm.entities.model import Entity
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.imports.cells import tidy_row, typed_row


def encode_values(values: Sequence[Any]) -> str:
    """Return typed values as a JSON list."""
    return orjson.dumps(values, default=str).decode()


def decoder_of(field: Field) -> Callable[[Any], Any]:
    """Return what turns a field's stored value into the typed one; None stays None."""
    from_plain = FIELD_TYPES[field.type].from_plain
    return lambda value: None if value is None else from_plain(value)


class RowDecoder:
    """Reads the values of new records of one batch.

    Shape:  `names` are the fields in the order in which the plan wrote their values.
    """

    def __init__(self, entity: Entity, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.decoders = [
            (place, FIELD_TYPES[entity.fields[name].type].from_plain) for place, name in enumerate(self.names)
        ]

    def decode(self, content: str) -> dict[str, Any]:
        """Return typed values by field name."""
        values = orjson.loads(content)
        for place, decode in self.decoders:
            if values[place] is not None:
                values[place] = decode(values[place])
        return dict(zip(self.names, values, strict=True))


def encode_edit(changes: Mapping[str, tuple[Any, Any]]) -> str:
    """Return the changes of one record, `{field: (before, after)}`, as JSON text."""
    return orjson.dumps(changes, default=str).decode()


def decode_edit(entity: Entity, content: str) -> dict[str, tuple[Any, Any]]:
    """Return typed (before, after) by field name."""
    return decode_changes(entity, orjson.loads(content))


def decode_changes(entity: Entity, changes: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, Any]]:
    """Return the changes of one record typed."""
    found = {}
    for name, (before, after) in changes.items():
        decode = decoder_of(entity.fields[name])
        found[name] = (decode(before), decode(after))
    return found


def encode_cells(cells: Sequence[Any]) -> str:
    """Return the cells of a row as JSON text."""
    return orjson.dumps(tidy_row(cells)).decode()


def decode_cells(content: str | None) -> list[Any]:
    """Return the cells of a row."""
    return typed_row(orjson.loads(content)) if content else []
