"""What the columns of a file are called: each header means one field, also where labels are alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from crm.entities.model import Entity
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.fields.fold import fold
from crm.records.values import field_of
from crm.texts import LANGUAGES

NOT_WORDS = re.compile(r"[\W_]+")
ADDED = "# "  # begins the headers a problem file adds; they mean no field


def squeeze(text: str) -> str:
    """Return a header or label without case, accents, blanks and marks.

    >>> squeeze("Customer ID"), squeeze("customerID"), squeeze("E-mail:"), squeeze("Πόλη")
    ('customerid', 'customerid', 'email', 'πολη')
    """
    return NOT_WORDS.sub("", fold(text))


def told_apart(label: str, name: str) -> str:
    """Return a header that means its field for sure: the label with the field's name."""
    return f"{label} ({name})"


def header_meanings(entity: Entity, language: str) -> dict[str, str]:
    """Return what a header may be, squeezed, with the name it means; `id` is the record's number.

    Shape:  what an export in the language writes comes first, then names, then labels in all languages. "" is a
            field that no file can fill.
    """
    fields = [field_of(entity, "id"), *entity.fields.values()]
    means = {field.name: field.name if can_fill(field) else "" for field in fields}
    found: dict[str, str] = {}
    labels = [field.label.get(language) for field in fields]
    for field, header in zip(fields, unambiguous(labels, [field.name for field in fields]), strict=True):
        found.setdefault(squeeze(header), means[field.name])
    fillable_first = sorted(fields, key=lambda field: not means[field.name])
    for field in fillable_first:
        found.setdefault(squeeze(field.name), means[field.name])
    for code in (language, *LANGUAGES):
        for field in fillable_first:
            label = field.label.get(code)
            found.setdefault(squeeze(told_apart(label, field.name)), means[field.name])
            if field.name != "id":
                found.setdefault(squeeze(label), means[field.name])
    found.pop("", None)
    return found


def can_fill(field: Field) -> bool:
    """Return whether a file can fill a field; a record's number finds the record."""
    field_type = FIELD_TYPES[field.type]
    return field.name == "id" or (field_type.writable and field_type.importable)


def unambiguous(labels: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return a header for each label: the label itself, with the name where two are alike, at worst the name alone.

    >>> unambiguous(["Number", "Title", "number"], ["id", "title", "number"])
    ['Number (id)', 'Title', 'number (number)']
    """
    ways = [(label, told_apart(label, name), name) for label, name in zip(labels, names, strict=True)]
    chosen = [2 if label.startswith(ADDED) else 0 if squeeze(label) else 1 for label in labels]
    while True:
        headers = [way[place] for way, place in zip(ways, chosen, strict=True)]
        times = Counter(map(squeeze, headers))
        alike = [
            place for place, header in enumerate(headers) if times[squeeze(header)] > 1 and chosen[place] < 2
        ]
        if not alike:
            return headers
        for place in alike:
            chosen[place] += 1


def headers_of(entity: Entity, names: Iterable[str], language: str) -> list[str]:
    """Return the headers of some columns; alike labels are told apart among all fields of the entity."""
    fields = [field_of(entity, "id"), *entity.fields.values()]
    labels = [field.label.get(language) for field in fields]
    headers = unambiguous(labels, [field.name for field in fields])
    known = {field.name: header for field, header in zip(fields, headers, strict=True)}
    return [known.get(name) or field_of(entity, name).label.get(language) for name in names]
