"""The kinds of charts of reports, one class each. To add one, follow `docs/extending/report_kind.md`."""

from __future__ import annotations

from crm.reports.charts.bar import Bar, HorizontalBar, StackedBar, Table
from crm.reports.charts.base import ChartKind
from crm.reports.charts.line import Line
from crm.reports.charts.pie import Pie

CHARTS: dict[str, ChartKind] = {
    kind.name: kind
    for kind in (
        Bar(),
        StackedBar(),
        HorizontalBar(),
        Line(),
        Pie(),
        Table(),
    )
}
"""Every kind by its name in `chart: {kind: …}`."""
