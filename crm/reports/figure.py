"""A report as a Plotly figure: data and layout as JSON, drawn by the page in its own colours and direction."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from crm.reports.periods import periods_between, say_period
from crm.reports.service import Column, ReportResult, ReportRow

MOST_PERIODS = 6  # labels under an axis of time
LONGEST_AXIS = 2_000  # periods; a longer time is drawn with its gaps
SUMMED = ("count", "sum")  # what is nothing, and not unknown, where there is no record


@dataclass(frozen=True)
class Drawing:
    """What is drawn: the rows, which columns stand on which axis, and the addresses of marks.

    Shape:  `names` are the places along the axis of groups, in order; of time every one from the first to the last.
    """

    result: ReportResult
    x: int
    y: int
    colors: tuple[int, ...]
    names: tuple[str, ...]
    url_of: Callable[[ReportRow, Column], str]

    @property
    def kind(self) -> str:
        """Return the kind of the chart."""
        return self.result.report.chart.kind

    @property
    def measured(self) -> Column:
        """Return the column that is drawn."""
        return self.result.columns[self.y]


def build_figure(
    result: ReportResult, language: str, url_of: Callable[[ReportRow, Column], str]
) -> dict[str, Any]:
    """Return the figure of a report as plain data.

    Shape:  every point's `customdata` is the address of its records, given by `url_of`. Amounts in several
            currencies stand in a series, or a pie, of their own each, and never on one another.
    """
    chart, columns = result.report.chart, result.columns
    names = [column.name for column in columns]
    x, y = names.index(chart.x) if chart.x in names else 0, names.index(chart.y)
    currency = columns[y].currency
    colors = [names.index(chart.color)] if chart.color in names else []
    colors += [currency] if currency is not None and currency not in (x, *colors) else []
    drawing = Drawing(result, x, y, tuple(colors), _names(result, x, language), url_of)
    series = _series(result.rows, drawing.colors)
    figure = go.Figure()
    for place, (name, rows) in enumerate(series.items()):
        figure.add_trace(_trace(drawing, name, rows, _place(place, len(series))))
    is_mixed = currency is not None and len({row.values[currency] for row in result.rows}) > 1
    figure.update_layout(
        barmode="stack" if chart.kind == "stacked_bar" and not is_mixed else "group",
        showlegend=bool(colors) or chart.kind == "pie",
        **_axes(drawing),
    )
    found = figure.to_plotly_json()
    found["layout"].pop("template", None)
    return found


def _names(result: ReportResult, x: int, language: str) -> tuple[str, ...]:
    """Return the places along the axis of groups; a time has no holes."""
    column = result.columns[x]
    found = dict.fromkeys(row.texts[x] for row in result.rows)
    days = [row.values[x] for row in result.rows if row.values[x] is not None] if column.period else []
    if not days:
        return tuple(found)
    every = periods_between(min(days), max(days), column.period, LONGEST_AXIS + 1)
    if len(every) > LONGEST_AXIS:
        return tuple(found)
    return tuple(dict.fromkeys([say_period(day, column.period, language) for day in every]) | found)


def _series(rows: list[ReportRow], colors: tuple[int, ...]) -> dict[str, list[ReportRow]]:
    """Return the rows by what their colour means; all of them under "" where none has a meaning."""
    found: dict[str, list[ReportRow]] = {} if colors else {"": rows}
    for row in rows if colors else ():
        found.setdefault(" · ".join(row.texts[place] for place in colors), []).append(row)
    return found


def _place(place: int, count: int) -> dict[str, list[float]]:
    """Return where one of several pies stands, in a square of them."""
    across = math.ceil(math.sqrt(count))
    down = math.ceil(count / across)
    column, row = place % across, place // across
    return {
        "x": [column / across, (column + 1) / across],
        "y": [1 - (row + 1) / down, 1 - row / down],
    }


def _trace(drawing: Drawing, name: str, rows: list[ReportRow], domain: dict[str, list[float]]) -> Any:
    x, y, kind = drawing.x, drawing.y, drawing.kind
    labels, numbers = [row.texts[x] for row in rows], [_number(row.values[y]) for row in rows]
    texts, urls = [row.texts[y] for row in rows], [drawing.url_of(row, drawing.measured) for row in rows]
    if kind == "pie":
        title = {"text": name, "position": "bottom center"} if name else {}
        more = {"hoverinfo": "label+text+percent", "hole": 0.45, "domain": domain, "title": title}
        return go.Pie(labels=labels, values=numbers, text=texts, name=name, customdata=urls, **more)
    if kind == "line":
        return _line(drawing, name, dict(zip(labels, zip(numbers, texts, urls, strict=True), strict=True)))
    common = {"name": name, "customdata": urls, "hovertext": texts}
    if kind == "horizontal_bar":
        return go.Bar(x=numbers, y=labels, orientation="h", hoverinfo="y+text", **common)
    return go.Bar(x=labels, y=numbers, hoverinfo="x+text+name" if name else "x+text", **common)


def _line(drawing: Drawing, name: str, points: dict[str, tuple[Any, str, str]]) -> Any:
    """Return a line with a point for every place along the axis: nothing where there is none, or a gap."""
    measure = drawing.measured.measure
    is_summed = measure is not None and measure.kind in SUMMED
    nothing = (0 if is_summed else None, "0" if is_summed else "", "")
    labels = list(drawing.names) if drawing.result.columns[drawing.x].period else list(points)
    marks = [points.get(label, nothing) for label in labels]
    return go.Scatter(
        x=labels,
        y=[number for number, _text, _url in marks],
        mode="lines+markers",
        hovertext=[text for _number, text, _url in marks],
        hoverinfo="x+text+name" if name else "x+text",
        name=name,
        customdata=[url for _number, _text, url in marks],
    )


def _axes(drawing: Drawing) -> dict[str, Any]:
    if drawing.kind == "pie":
        return {}
    horizontal = drawing.kind == "horizontal_bar"
    texts: dict[str, Any] = {"xaxis": {}, "yaxis": {}}
    # What the other axis shows, its labels say.
    texts["xaxis" if horizontal else "yaxis"]["title"] = {"text": drawing.measured.label}
    order = {"type": "category", "categoryorder": "array", "categoryarray": list(drawing.names)}
    if drawing.result.columns[drawing.x].period:
        order["nticks"] = MOST_PERIODS  # of months in a row some may go without a label, of choices none
    texts["yaxis" if horizontal else "xaxis"] |= order
    return texts


def _number(value: Any) -> float | int | None:
    return float(value) if isinstance(value, Decimal) else value
