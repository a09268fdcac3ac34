"""A segment as declared."""

from __future__ import annotations

from dataclasses import dataclass

from crm.texts import Text


@dataclass(frozen=True)
class Segment:
    """A saved set of conditions that selects records of one entity; `lines` are its raw conditions."""

    name: str
    entity: str
    label: Text
    lines: tuple
