"""What an entity does for the others because its document says so: `activity` says that it holds what is to be done,
`contact` whom one may contact, `campaign` who belongs to which campaign.

The engine names no entity: who plans an activity asks which entity is declared to hold them, and by which fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.entities.model import Document, Entity, Schema
from crm.entities.reader import BodyReader
from crm.entities.schema_parts import WORD, closed
from crm.entities.schema_parts import Schema as Shape
from crm.fields import type_named
from crm.fields.base import FieldType
from crm.fields.options import check_word


@dataclass(frozen=True)
class Duty:
    """One duty of an entity: a key of its document whose words name its fields.

    Shape:  `places` says for each word what the field there may be: a kind, "choice", or a "user" or "record" it
            links to. `needed` are the words that must stand there.
    """

    key: str
    places: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]

    @property
    def shape(self) -> Shape:
        """The JSON Schema of what stands behind the key."""
        return {**closed(**dict.fromkeys(self.places, WORD)), "required": list(self.needed)}

    def check(self, body: Mapping[str, Any], fields: Mapping[str, Any], reader: BodyReader) -> None:
        """Note unknown words and fields, and fields of a type that cannot serve."""
        if body.get(self.key) is None:
            return
        for word, name in reader.keys(body[self.key], (self.key,), self.places, self.needed).items():
            if word in self.places:
                self.check_place((self.key, word), name, self.places[word], (fields, reader))

    @staticmethod
    def check_place(path: tuple, name: Any, wanted: tuple[str, ...], at: tuple[Mapping, BodyReader]) -> None:
        """Note a field that is unknown or cannot serve."""
        fields, reader = at
        if reader.known(name, fields, path, "field") and not _serves(fields[name], wanted):
            reader.refuse("schema.duty_needs_type", path, name=name, types=", ".join(wanted))


def _serves(field: Any, wanted: tuple[str, ...]) -> bool:
    found = type_named(field.get("type") if isinstance(field, Mapping) else None)
    return found.writable and bool(_traits(found).intersection(wanted))


def _traits(found: FieldType) -> set[str]:
    if found.points:
        return {found.links}
    if found.has_choices:
        return {"choice" if found.chooses_one else "choices"}
    return set() if found.several else {found.kind}


ACTIVITY = Duty(
    "activity",
    {
        "kind": ("choice",),
        "subject": ("text",),
        "at": ("datetime", "date"),
        "due": ("datetime", "date"),
        "for": ("user",),
    },
    ("subject", "due", "for"),
)

CHANNELS = ("email", "phone", "sms", "post")
PERIODS = {"day": 1, "week": 7, "month": 30}  # days
IF_UNKNOWN = ("hold", "send")
CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]\Z")
MOST_TIMES = 1_000


@dataclass(frozen=True)
class ContactDuty(Duty):
    """Whom its records are one may contact, by what, when and how often: `contact`."""

    @property
    def shape(self) -> Shape:
        """The JSON Schema of what stands behind the key."""
        return closed(
            through=WORD,
            consent={"anyOf": [WORD, closed(**dict.fromkeys(CHANNELS, WORD))]},
            if_unknown={"enum": list(IF_UNKNOWN)},
            do_not_contact=WORD,
            time_zone=WORD,
            quiet_hours={**closed(**{"from": WORD, "to": WORD}), "required": ["from", "to"]},
            at_most={
                **closed(times={"type": "integer"}, per={"enum": list(PERIODS)}),
                "required": ["times", "per"],
            },
        )

    def check(self, body: Mapping[str, Any], fields: Mapping[str, Any], reader: BodyReader) -> None:
        """Note unknown words and fields, fields that cannot serve, and times and numbers that are none."""
        if body.get(self.key) is None:
            return
        found = reader.keys(
            body[self.key], (self.key,), (*self.places, "if_unknown", "quiet_hours", "at_most")
        )
        plain = {word: name for word, name in found.items() if word in self.places}
        channels = plain.pop("consent") if isinstance(plain.get("consent"), Mapping) else {}
        for word, name in plain.items():
            self.check_place((self.key, word), name, self.places[word], (fields, reader))
        for channel, name in reader.keys(channels, (self.key, "consent"), CHANNELS).items():
            if channel in CHANNELS:
                self.check_place(
                    (self.key, "consent", channel), name, ("boolean", "choices"), (fields, reader)
                )
        path = (self.key, "if_unknown")
        reader.add(check_word(self.key, found, "if_unknown", IF_UNKNOWN), path)
        self._check_times(found, reader)

    def _check_times(self, found: Mapping[str, Any], reader: BodyReader) -> None:
        if "quiet_hours" in found:
            path = (self.key, "quiet_hours")
            for word, time in reader.keys(found["quiet_hours"], path, ("from", "to"), ("from", "to")).items():
                if not isinstance(time, str) or not CLOCK.match(time):
                    reader.refuse("schema.bad_clock", (*path, word), value=str(time)[:20])
        if "at_most" in found:
            path = (self.key, "at_most")
            most = reader.keys(found["at_most"], path, ("times", "per"), ("times", "per"))
            times = most.get("times", 1)
            if type(times) is not int or not 1 <= times <= MOST_TIMES:
                reader.refuse("schema.bad_times", (*path, "times"), limit=MOST_TIMES)
            reader.add(check_word("per", most, "per", tuple(PERIODS)), (*path, "per"))


CONTACT = ContactDuty(
    "contact",
    {
        "through": ("record",),
        "consent": ("choices",),
        "do_not_contact": ("boolean",),
        "time_zone": ("choice", "text"),
    },
    (),
)
CAMPAIGN = Duty(
    "campaign",
    {"campaign": ("record",), "member": ("record",), "on": ("date", "datetime")},
    ("campaign", "member"),
)
DUTIES: Mapping[str, Duty] = {duty.key: duty for duty in (ACTIVITY, CONTACT, CAMPAIGN)}


def entities_with(schema: Schema, duty: Duty) -> dict[str, Entity]:
    """Return the entities that have a duty, by name."""
    return {name: entity for name, entity in schema.entities.items() if duty.key in entity.options}


def declared_with(documents: Iterable[Document], duty: Duty) -> dict[str, Mapping[str, Any]]:
    """Return what documents of entities say of a duty, by entity, as far as it can be made out."""
    return {
        document.name: document.body[duty.key]
        for document in documents
        if document.kind == "entity" and isinstance(document.body.get(duty.key), Mapping)
    }
