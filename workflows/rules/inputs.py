"""Inputs: what a person is asked for before a rule runs; declared like the fields of an entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.entities.build import label_of
from crm.entities.schema_parts import ANYTHING, FLAG, TEXT, WORD, Schema, named
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.texts import Text
from workflows.rules.place import Place

INPUT_KEYS = ("type", "label", "help", "required", "default")
MOST_INPUTS = 20
NEEDS_RECORD = frozenset({"next", "after", "before", "region_field", "country_field", "currency_field"})
"""Keys of field types that look at a record's other values; an input stands alone."""

INPUTS: Schema = named(
    {
        "type": "object",
        "properties": {"type": WORD, "label": TEXT, "help": TEXT, "required": FLAG, "default": ANYTHING},
        "required": ["type"],
    }
)


def input_types() -> list[str]:
    """Return the field types an input may have: those whose value can be typed without looking at records."""
    return [
        name
        for name, kind in FIELD_TYPES.items()
        if kind.writable and kind.stored and not kind.points and not kind.holds_files and kind.kind != "none"
    ]


def check_inputs(body: Any, place: Place) -> None:
    """Note every problem of declared inputs."""
    if not isinstance(body, Mapping) or not 0 < len(body) <= MOST_INPUTS:
        place.refuse("rule.bad_inputs", limit=MOST_INPUTS)
        return
    for name, declared in body.items():
        below = place.at(name)
        place.reader.name(name, below.path)
        if not isinstance(declared, Mapping):
            below.refuse("rule.bad_input")
        elif below.at("type").known(declared.get("type"), input_types(), "input_type"):
            _check_input(name, declared, below)


def _check_input(name: str, body: Mapping[str, Any], place: Place) -> None:
    kind = FIELD_TYPES[body["type"]]
    place.keys(body, (*INPUT_KEYS, *sorted(kind.keys - NEEDS_RECORD)))
    for key in ("label", "help"):
        place.reader.text(body, key, place.path)
    place.reader.flag(body, "required", place.path)
    default = body.get("default")
    if isinstance(default, str) and default.startswith("="):
        place.at("default").refuse("rule.input_default_is_plain")
        return
    place.add(kind.check_options(name, body))


def build_inputs(body: Mapping[str, Any]) -> dict[str, Field]:
    """Return the inputs of a checked document as fields, by name."""
    return {
        name: Field(
            name=name,
            type=declared["type"],
            label=label_of(declared, "label", name),
            help=Text(declared["help"]) if declared.get("help") else None,
            required=declared.get("required", False),
            default=declared.get("default"),
            options=FIELD_TYPES[declared["type"]].build_options(declared),
        )
        for name, declared in body.items()
    }
