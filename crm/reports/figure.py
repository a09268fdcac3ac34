"""A report as a Plotly figure: data and layout as JSON, drawn by the page in its own colours and direction."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from crm.reports.service import Column, ReportResult, ReportRow

MOST_POINTS = 500
MOST_PERIODS = 6  # labels under an axis of time


def build_figure(result: ReportResult, url_of: Callable[[ReportRow], str]) -> dict[str, Any]:
    """Return the figure of a report as plain data.

    Shape:  every point's `customdata` is the address of its records, given by `url_of`.
    """
    chart = result.report.chart
    names = [column.name for column in result.columns]
    x, y = names.index(chart.x) if chart.x in names else 0, names.index(chart.y)
    color = names.index(chart.color) if chart.color in names else None
    rows = result.rows[:MOST_POINTS]
    figure = go.Figure()
    for name, part in _series(rows, color):
        figure.add_trace(_trace(chart.kind, name, part, (x, y), [url_of(row) for row in part]))
    figure.update_layout(
        barmode="stack" if chart.kind == "stacked_bar" else "group",
        showlegend=color is not None or chart.kind == "pie",
        **_axes(chart.kind, result.columns[y].label, result.columns[x], [row.texts[x] for row in rows]),
    )
    found = figure.to_plotly_json()
    found["layout"].pop("template", None)
    return found


def _series(rows: list[ReportRow], color: int | None) -> list[tuple[str, list[ReportRow]]]:
    if color is None:
        return [("", rows)]
    found: dict[str, list[ReportRow]] = {}
    for row in rows:
        found.setdefault(row.texts[color], []).append(row)
    return list(found.items())


def _trace(kind: str, name: str, rows: list[ReportRow], places: tuple[int, int], urls: list[str]) -> Any:
    x, y = places
    labels, numbers = [row.texts[x] for row in rows], [_number(row.values[y]) for row in rows]
    texts = [row.texts[y] for row in rows]
    common = {"name": name, "customdata": urls}
    if kind == "pie":
        return go.Pie(
            labels=labels, values=numbers, text=texts, hoverinfo="label+text+percent", hole=0.45, **common
        )
    if kind == "line":
        return go.Scatter(
            x=labels, y=numbers, mode="lines+markers", hovertext=texts, hoverinfo="x+text", **common
        )
    if kind == "horizontal_bar":
        return go.Bar(x=numbers, y=labels, orientation="h", hovertext=texts, hoverinfo="y+text", **common)
    return go.Bar(x=labels, y=numbers, hovertext=texts, hoverinfo="x+text+name", **common)


def _axes(kind: str, y: str, of_names: Column, names: list[str]) -> dict[str, Any]:
    if kind == "pie":
        return {}
    horizontal = kind == "horizontal_bar"
    texts: dict[str, Any] = {"xaxis": {}, "yaxis": {}}
    # What the other axis shows, its labels say.
    texts["xaxis" if horizontal else "yaxis"]["title"] = {"text": y}
    order = {"type": "category", "categoryorder": "array", "categoryarray": list(dict.fromkeys(names))}
    if of_names.period:
        order["nticks"] = MOST_PERIODS  # of months in a row some may go without a label, of choices none
    texts["yaxis" if horizontal else "xaxis"] |= order
    return texts


def _number(value: Any) -> float | int:
    return float(value) if isinstance(value, Decimal) else (value or 0)
