"""`pie`: parts of a whole."""

from __future__ import annotations

from typing import Any

from crm.reports.charts.base import ChartKind, Drawing, Series


class Pie(ChartKind):
    """A ring per series."""

    name = "pie"
    always_legend = True

    def trace(self, drawing: Drawing, series: Series) -> dict[str, Any]:
        """Return the ring of a series."""
        return {
            "type": "pie",
            "labels": series.labels,
            "values": series.numbers,
            "text": series.texts,
            "name": series.name,
            "customdata": series.urls,
            "hoverinfo": "label+text+percent",
            "hole": 0.45,
            "domain": dict(series.place),
            "title": {"text": series.name, "position": "bottom center"} if series.name else {},
        }

    def axes(self, drawing: Drawing) -> dict[str, Any]:
        """Return nothing: there are no axes."""
        return {}
