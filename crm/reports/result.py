"""What a report found: its rows, and the way from each to its records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from crm.errors import Problem
from crm.permissions.sight import Narrowed
from crm.reports.model import Report
from crm.reports.query import Column


@dataclass(frozen=True)
class ReportRow:
    """One group: typed keys and numbers in the order of the columns, texts for people, and the way to its records.

    Shape:  `lines` are raw conditions that select exactly the group's records; None where no conditions do.
    """

    values: tuple[Any, ...]
    texts: tuple[str, ...]
    lines: list[Any] | None

    def lines_of(self, column: Column) -> list[Any]:
        """Return the conditions that select the records a number counts: of some, those that meet its own."""
        return [*(self.lines or ()), *(column.measure.lines if column.measure else ())]


@dataclass(frozen=True)
class ReportResult:
    """A report that was run.

    Shape:  `totals` are texts, of amounts in several currencies a figure for each. `is_cut` says that there are more
            groups than can be shown. `narrowed` are the records it asks about of which the reader sees a part only.
            `parameters` are the numbers an analysis found or was given, `notes` what is to know beside its table.
    """

    report: Report
    columns: tuple[Column, ...]
    rows: list[ReportRow]
    totals: tuple[str, ...]
    definition: str
    as_of: dt.datetime
    milliseconds: int
    narrowed: list[Narrowed]
    is_cut: bool = False
    parameters: Mapping[str, Any] = attribute(default_factory=dict)
    notes: tuple[Problem, ...] = ()

    @property
    def group_count(self) -> int:
        """Return how many of the columns are groups."""
        return sum(not column.is_measure for column in self.columns)
