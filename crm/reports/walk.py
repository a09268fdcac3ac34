"""Where names stand in reports and dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.entities.walk import NAMED, SHOWN, Spot, Step, Walker, to_be
from crm.reports.model import AGGREGATES


def walk_report(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in a report."""
    steps = {
        "entity": to_be(NAMED, walker.entity),
        "if": walker.lines,
        "target": walker.lines,
        "fields": walker.each(walker.way),
        "group_by": walker.each(lambda value, at: _group(value, at, walker)),
        "measures": lambda value, at: _measures(value, at, walker),
        "chart": to_be(
            NAMED, lambda value, at: walker.inside(value, at, {"x": walker.way, "color": walker.way})
        ),
        **(_analysis(body, walker) if "kind" in body else {}),
    }
    return walker.inside(body, Spot().of(body.get("entity")).to_be(SHOWN), steps)


def _analysis(body: Mapping[str, Any], walker: Walker) -> dict[str, Step]:
    """Return the steps over a built-in analysis: its keys of one word may hold the path of a field."""
    known = (
        "report",
        "entity",
        "kind",
        "label",
        "help",
        "if",
        "target",
        "fields",
        "group_by",
        "measures",
        "chart",
    )
    return {key: walker.way for key, value in body.items() if isinstance(value, str) and key not in known}


def _group(value: Any, spot: Spot, walker: Walker) -> Any:
    if isinstance(value, Mapping):
        return {period: walker.way(name, spot.at(period)) for period, name in value.items()}
    return walker.way(value, spot)


def _measures(value: Any, spot: Spot, walker: Walker) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: _measure(measure, spot.at(name), walker) for name, measure in value.items()}


def _measure(value: Any, spot: Spot, walker: Walker) -> Any:
    steps = {"count": walker.lines, "share": walker.lines, **dict.fromkeys(AGGREGATES, walker.way)}
    return walker.inside(value, spot, steps)


def walk_dashboard(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in a dashboard."""

    def kpi(value: Any, spot: Spot) -> Any:
        steps = {
            "entity": to_be(NAMED, walker.entity),
            "if": walker.lines,
            "measure": lambda measure, at: _measure(measure, at, walker),
        }
        entity = value.get("entity") if isinstance(value, Mapping) else ""
        return walker.inside(value, spot.of(entity).to_be(SHOWN), steps)

    def card(value: Any, spot: Spot) -> Any:
        return walker.inside(value, spot, {"report": to_be(NAMED, walker.part("report")), "kpi": kpi})

    return walker.inside(body, Spot(), {"cards": walker.each(card)})
