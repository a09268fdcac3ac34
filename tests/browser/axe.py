"""axe-core, run on the page as it stands: what it finds, in lines one can read."""

from __future__ import annotations

from functools import cache

import pytest
from playwright.sync_api import Page

from config import ROOT

SCRIPT = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

# What sticks to the edge of the window lies over other things while one scrolls; axe would call those hidden.
UNSTICK = """
() => {
    scrollTo(0, 0);
    for (const element of document.querySelectorAll("body *")) {
        if (getComputedStyle(element).position !== "sticky") continue;
        element.dataset.unstuck = "";
        element.style.setProperty("position", "static");
    }
}
"""
STICK_AGAIN = """
() => {
    for (const element of document.querySelectorAll("[data-unstuck]")) {
        element.style.removeProperty("position");
        delete element.dataset.unstuck;
    }
}
"""
RUN = "(rules) => axe.run(document, {runOnly: rules, resultTypes: ['violations']})"


@cache
def axe_source() -> str:
    """Return axe-core's source; a machine that has not fetched it skips the test."""
    if not SCRIPT.exists():
        pytest.skip("axe-core is not there: run `make assets`")
    return SCRIPT.read_text("utf-8")


def find_violations(page: Page) -> list[str]:
    """Return one line per broken rule: its name, how often, the first places and why."""
    page.evaluate(axe_source() + ";0")
    page.evaluate(UNSTICK)
    found = page.evaluate(RUN, list(RULES))["violations"]
    page.evaluate(STICK_AGAIN)
    return [describe(violation) for violation in found]


def describe(violation: dict) -> str:
    """Return a violation in one line."""
    nodes = violation["nodes"]
    places = ", ".join(str(node["target"][0]) for node in nodes[:3])
    reasons = [check["message"] for check in nodes[0]["any"] + nodes[0]["all"] + nodes[0]["none"]]
    return f"{violation['id']} x{len(nodes)}: {places}: {reasons[0] if reasons else ''}"
