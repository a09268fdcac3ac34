"""A report as a Plotly figure: data and layout as JSON, drawn by the page in its own colours and direction."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from crm.reports.charts import CHARTS
from crm.reports.charts.base import Drawing, Series, number_of
from crm.reports.periods import periods_between, say_period
from crm.reports.query import Column
from crm.reports.result import ReportResult, ReportRow

LONGEST_AXIS = 2_000  # periods; a longer time is drawn with its gaps


def build_figure(
    result: ReportResult, language: str, url_of: Callable[[ReportRow, Column], str]
) -> dict[str, Any]:
    """Return the figure of a report as plain data.

    Shape:  every point's `customdata` is the address of its records, given by `url_of`. Amounts in several
            currencies have a series, or a pie, each, and are never put on one another.
    """
    chart, columns = result.report.chart, result.columns
    names = [column.name for column in columns]
    x = names.index(chart.x) if chart.x in names else 0
    y = names.index(chart.y) if chart.y in names else [column.is_measure for column in columns].index(True)
    currency = columns[y].currency
    colors = [names.index(chart.color)] if chart.color in names else []
    colors += [currency] if currency is not None and currency not in (x, *colors) else []
    drawing = Drawing(result, x, y, tuple(colors), _names(result, x, language), url_of, language)
    kind, parts = CHARTS[chart.kind], _parts(result.rows, drawing.colors)
    figure = go.Figure()
    for place, (name, rows) in enumerate(parts.items()):
        figure.add_trace(kind.trace(drawing, _series(drawing, name, rows, _place(place, len(parts)))))
    is_mixed = currency is not None and len({row.values[currency] for row in result.rows}) > 1
    figure.update_layout(
        barmode="group" if is_mixed else kind.bars,
        showlegend=bool(colors) or kind.always_legend,
        **kind.axes(drawing),
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


def _parts(rows: list[ReportRow], colors: tuple[int, ...]) -> dict[str, list[ReportRow]]:
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


def _series(drawing: Drawing, name: str, rows: list[ReportRow], place: dict[str, list[float]]) -> Series:
    return Series(
        name,
        [row.texts[drawing.x] for row in rows],
        [number_of(row.values[drawing.y]) for row in rows],
        [row.texts[drawing.y] for row in rows],
        [drawing.url_of(row, drawing.measured) for row in rows],
        place,
    )
