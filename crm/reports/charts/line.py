"""`line`: a measure from group to group, mostly over time."""

from __future__ import annotations

from typing import Any

from crm.reports.charts.base import ChartKind, Drawing, Series

SUMMED = ("count", "sum")  # what is nothing, and not unknown, where there is no record


class Line(ChartKind):
    """A line with a point for every place along the axis: zero where there is nothing, or a gap."""

    name = "line"

    def trace(self, drawing: Drawing, series: Series) -> dict[str, Any]:
        """Return the line of a series."""
        measure = drawing.measured.measure
        is_summed = measure is not None and measure.kind in SUMMED
        nothing = (0 if is_summed else None, "0" if is_summed else "", "")
        points = dict(
            zip(series.labels, zip(series.numbers, series.texts, series.urls, strict=True), strict=True)
        )
        labels = list(drawing.names) if drawing.over_time else list(points)
        marks = [points.get(label, nothing) for label in labels]
        return {
            "type": "scatter",
            "mode": "lines+markers",
            "x": labels,
            "y": [number for number, _text, _url in marks],
            "hovertext": [text for _number, text, _url in marks],
            "hoverinfo": "x+text+name" if series.name else "x+text",
            "name": series.name,
            "customdata": [url for _number, _text, url in marks],
        }
