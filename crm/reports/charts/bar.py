"""`bar`, `stacked_bar`, `horizontal_bar`, and `table`, which has no chart."""

from __future__ import annotations

from typing import Any

from crm.reports.charts.base import ChartKind, Drawing, Series


class Bar(ChartKind):
    """Columns, beside one another where there are several colours."""

    name = "bar"

    def trace(self, drawing: Drawing, series: Series) -> dict[str, Any]:
        """Return the columns of a series."""
        return {
            "type": "bar",
            "x": series.labels,
            "y": series.numbers,
            "hoverinfo": "x+text+name" if series.name else "x+text",
            "name": series.name,
            "customdata": series.urls,
            "hovertext": series.texts,
        }


class StackedBar(Bar):
    """Columns on one another."""

    name = "stacked_bar"
    bars = "stack"


class HorizontalBar(Bar):
    """Bars from the side, for long labels."""

    name = "horizontal_bar"

    def trace(self, drawing: Drawing, series: Series) -> dict[str, Any]:
        """Return the bars of a series."""
        turned = {"x": series.numbers, "y": series.labels, "orientation": "h", "hoverinfo": "y+text"}
        return super().trace(drawing, series) | turned

    def axes(self, drawing: Drawing) -> dict[str, Any]:
        """Return the axes, exchanged."""
        return {"xaxis": self.measure_axis(drawing), "yaxis": self.group_axis(drawing)}


class Table(Bar):
    """The table alone; its figure, if it is asked for, has columns."""

    name = "table"
    is_drawn = False
