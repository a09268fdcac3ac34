"""How the texts of one column are written: day or month first, comma or point before the decimals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

from crm.entities.model import Entity
from crm.fields import FIELD_TYPES
from crm.imports.matching import shown_header
from crm.imports.model import Column, Matching

DATE = re.compile(r"\s*(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)")
MARKED_NUMBER = re.compile(r"^[^\d]*(\d[\d.,'\u00a0\u202f ]*)[^\d]*$")
MONTH_FIRST = re.compile(r"^\s*(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)")


@dataclass
class Evidence:
    """What the texts of a column prove so far.

    Shape:  `seen` counts texts that could be read two ways; the others each prove one way.
    """

    seen: int = 0
    proofs: set[str] = attribute(default_factory=set)

    @property
    def proof(self) -> str | None:
        """Return what is proven, None when nothing is or the texts contradict each other."""
        return next(iter(self.proofs)) if len(self.proofs) == 1 else None

    @property
    def is_ambiguous(self) -> bool:
        """Return whether the texts can be read two ways throughout."""
        return bool(self.seen) and not self.proofs


def look_at_dates(texts: Iterable[Any]) -> Evidence:
    """Return what a column proves about days and months: "day" or "month" first.

    >>> look_at_dates(["03/04/2026", "03/29/2026"]).proof, look_at_dates(["03/04/2026"]).is_ambiguous
    ('month', True)
    """
    evidence = Evidence()
    for text in texts:
        found = DATE.match(text) if isinstance(text, str) else None
        if found is None:
            continue
        first, second = int(found[1]), int(found[3])
        if first == second:
            continue
        if first > 12:
            evidence.proofs.add("day")
        elif second > 12:
            evidence.proofs.add("month")
        else:
            evidence.seen += 1
    return evidence


def look_at_numbers(texts: Iterable[Any]) -> Evidence:
    """Return what a column proves about its decimal mark: "," or ".".

    >>> look_at_numbers(["1.234,50"]).proof, look_at_numbers(["12.5", "1.234"]).proof
    (',', '.')
    >>> look_at_numbers(["1.234", "7"]).is_ambiguous
    True
    """
    evidence = Evidence()
    for text in texts:
        found = MARKED_NUMBER.match(text) if isinstance(text, str) else None
        if found is not None:
            look_at_number(found[1].strip(), evidence)
    return evidence


def look_at_number(text: str, evidence: Evidence) -> None:
    """Add what one number with its marks proves."""
    point, comma = text.rfind("."), text.rfind(",")
    if point < 0 and comma < 0:
        return
    if point >= 0 and comma >= 0:
        evidence.proofs.add("." if point > comma else ",")
        return
    mark = "." if point >= 0 else ","
    if text.count(mark) > 1:
        evidence.proofs.add("," if mark == "." else ".")
    elif len(text) - text.rfind(mark) - 1 != 3 or text.startswith("0" + mark):
        evidence.proofs.add(mark)
    else:
        evidence.seen += 1


def day_before_month(text: str) -> str:
    """Return a date written month first as the year-first date it means.

    >>> day_before_month("03/29/2026 10:15"), day_before_month("29 March 2026")
    ('2026-03-29 10:15', '29 March 2026')
    """
    found = MONTH_FIRST.match(text)
    if found is None:
        return text
    return f"{found[4]}-{int(found[1]):02d}-{int(found[3]):02d}{text[found.end() :]}"


def texts_of(rows: Iterable[tuple[int, list[Any]]], index: int) -> Iterator[Any]:
    """Yield the cells of one column."""
    return (cells[index] for _, cells in rows if index < len(cells))


def settle_formats(
    entity: Entity, matching: Matching, sample: Sequence[tuple[int, list[Any]]]
) -> tuple[Matching, list[Any]]:
    """Return the matching with what the texts of its columns prove, and a note for each that proves nothing."""
    notes = []
    asked = [
        column for column in matching.filled if kind_of(entity, column) in ("date", "datetime", "number")
    ]
    settled = {}
    for column in asked:
        texts = texts_of(sample, column.index)
        if kind_of(entity, column) == "number":
            evidence, code = look_at_numbers(texts), "import.numbers_two_ways"
            told, proven = column.decimal, {"decimal": evidence.proof}
        else:
            evidence, code = look_at_dates(texts), "import.dates_two_ways"
            told, proven = column.day_first, {"day_first": {"day": True, "month": False}.get(evidence.proof)}
        if told is None and evidence.proof:
            settled[column.index] = replace(column, **proven)
        elif told is None and evidence.is_ambiguous:
            notes.append([code, {"header": shown_header(column)}])
    columns = tuple(settled.get(column.index, column) for column in matching.columns)
    return replace(matching, columns=columns), notes


def kind_of(entity: Entity, column: Column) -> str:
    """Return the kind of the field a column fills."""
    field = entity.fields.get(column.field)
    return FIELD_TYPES[field.type].kind if field else ""
