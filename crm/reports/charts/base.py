"""What a kind of chart says of itself, and what it is given to draw."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm.reports.charts.scale import marks_of

if TYPE_CHECKING:
    from crm.reports.query import Column
    from crm.reports.result import ReportResult, ReportRow

MOST_PERIODS = 6  # labels under an axis of time


@dataclass(frozen=True)
class Drawing:
    """What is drawn: the rows, which columns are on which axis, and the addresses of marks.

    Shape:  `names` are the places along the axis of groups, in order; of time every one from the first to the last.
    """

    result: ReportResult
    x: int
    y: int
    colors: tuple[int, ...]
    names: tuple[str, ...]
    url_of: Callable[[ReportRow, Column], str]
    language: str

    @property
    def measured(self) -> Column:
        """Return the column that is drawn."""
        return self.result.columns[self.y]

    @property
    def over_time(self) -> bool:
        """Return whether the groups are periods."""
        return bool(self.result.columns[self.x].period)


@dataclass(frozen=True)
class Series:
    """The marks of one colour.

    Shape:  the lists go together: what a mark is called, its number, the number in words, the address of its records.
            `place` is where a chart without axes may draw, as parts of the whole: `{"x": [0, 0.5], "y": [0, 1]}`.
    """

    name: str
    labels: list[str]
    numbers: list[float | int | None]
    texts: list[str]
    urls: list[str]
    place: Mapping[str, list[float]]


class ChartKind(ABC):
    """A kind of chart: one trace of Plotly per series.

    Shape:  `bars` is how bars of several series share a place: group, stack, relative or overlay. `is_drawn`: there
            is a chart beside the table.
    """

    name: str
    bars: str = "group"
    is_drawn: bool = True
    always_legend: bool = False

    @abstractmethod
    def trace(self, drawing: Drawing, series: Series) -> dict[str, Any]:
        """Return a series as Plotly draws it: `{"type": "bar", "x": …, "y": …}`."""

    def axes(self, drawing: Drawing) -> dict[str, Any]:
        """Return the axes of the layout: groups along x, the measure along y."""
        return {"xaxis": self.group_axis(drawing), "yaxis": self.measure_axis(drawing)}

    def measure_axis(self, drawing: Drawing) -> dict[str, Any]:
        """Return the axis of numbers; what the other axis shows, its labels say."""
        marks = marks_of(self.reach(drawing), drawing.language)
        return {"title": {"text": drawing.measured.label}} | marks

    def reach(self, drawing: Drawing) -> list[float]:
        """Return the numbers up to which marks are drawn: of bars on one another their sums."""
        measured = [
            (row.texts[drawing.x], number_of(row.values[drawing.y]) or 0) for row in drawing.result.rows
        ]
        if self.bars not in ("stack", "relative"):
            return [number for _label, number in measured]
        sums: dict[tuple[str, bool], float] = {}
        for label, number in measured:
            sums[label, number < 0] = sums.get((label, number < 0), 0) + number
        return list(sums.values())

    def group_axis(self, drawing: Drawing) -> dict[str, Any]:
        """Return the axis of groups: of months in a row some may go without a label, of choices none."""
        order = {"type": "category", "categoryorder": "array", "categoryarray": list(drawing.names)}
        return order | ({"nticks": MOST_PERIODS} if drawing.over_time else {})


def number_of(value: Any) -> float | int | None:
    """Return a measure as Plotly takes it."""
    return float(value) if isinstance(value, Decimal) else value
