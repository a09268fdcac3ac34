"""A segment as declared."""

from __future__ import annotations

from dataclasses import dataclass

from crm.texts import Text


@dataclass(frozen=True)
class Segment:
    """A saved set of conditions that selects records of one entity; `lines` are its raw conditions.

    Shape:  `kept_in` is the field of tags in which the members of a fixed segment carry its name; "" for one that
            its conditions decide.
    """

    name: str
    entity: str
    label: Text
    lines: tuple
    kept_in: str = ""
