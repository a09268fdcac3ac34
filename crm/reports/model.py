"""Reports and dashboards as declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from crm.texts import Text

PERIODS = ("day", "week", "month", "quarter", "year")
AGGREGATES = ("sum", "avg", "min", "max")


@dataclass(frozen=True)
class Group:
    """What rows are grouped by.

    Shape:  `path` is a field, or a reference and a field of what it points to; `period` cuts dates. `of_amounts` is
            set where the field names the currency of measured amounts: the one that counts where none is named.
    """

    path: tuple[str, ...]
    period: str | None = None
    of_amounts: str = ""

    @property
    def name(self) -> str:
        """Return the group's name in the answer: the path as written."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Measure:
    """One number per group.

    Shape:  `kind` is count, share, sum, avg, min or max. `path` is the measured field; `lines` are the conditions of
            a count of some, or of a share (percent of the group that meets them).
    """

    name: str
    label: Text
    kind: str
    path: tuple[str, ...] = ()
    lines: tuple = ()


@dataclass(frozen=True)
class Chart:
    """How a report is drawn: groups on `x` and as `color`, a measure as `y`."""

    kind: str = "bar"
    x: str = ""
    y: str = ""
    color: str = ""


@dataclass(frozen=True)
class Report:
    """A declared report.

    Shape:  with an `analysis`, a key of `ANALYSES`, it has neither groups nor measures but `options`, the keys of that
            analysis.
    """

    name: str
    entity: str
    label: Text
    lines: tuple
    groups: tuple[Group, ...]
    measures: tuple[Measure, ...]
    chart: Chart
    help: Text | None = None
    analysis: str = ""
    options: Mapping[str, Any] = attribute(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """One card of a dashboard: a report by name, or a single number."""

    report: str = ""
    label: Text | None = None
    entity: str = ""
    lines: tuple = ()
    measure: Measure | None = None


@dataclass(frozen=True)
class Dashboard:
    """A declared dashboard."""

    name: str
    label: Text
    cards: tuple[Card, ...]
    options: Mapping[str, Any] = attribute(default_factory=dict)
