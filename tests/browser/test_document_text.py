"""The text of a document at a keyboard: from a problem to its place, Tab that indents, and the way out of the text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import PHONE, Visitor

SEGMENT = "/admin/schema/documents/segment/large_customers"
CARET = """
() => {
  const text = document.getElementById("text"), before = text.value.slice(0, text.selectionStart);
  return [document.activeElement === text, before.split("\\n").length, [...before.split("\\n").at(-1)].length + 1];
}
"""


LAST_LINES = """
() => {
  const text = document.getElementById("text"), style = getComputedStyle(text);
  const last = [...document.querySelectorAll(".code-gutter > div > div")].at(-1).getBoundingClientRect();
  return text.getBoundingClientRect().bottom - parseFloat(style.paddingBottom) - last.bottom;
}
"""
"""How far the last number is from where the last line ends, when both are scrolled to their end."""


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """A person before a document."""
    visitor = visit("admin", width=PHONE, language="he")
    visitor.open(SEGMENT)
    return visitor


def test_the_link_of_a_problem_puts_the_caret_at_its_line_and_column(visitor):
    text = "segment: large_customers\nentity: customer\nlabel: 😀 שלום\nif:\n  - {field: name, is: '😀', iss: x}\n"
    visitor.page.locator("#text").fill(text)
    visitor.page.locator("button[value=check]").click()
    visitor.page.locator("#findings a").click()
    assert visitor.page.evaluate(CARET) == [True, 5, text.splitlines()[4].index("iss") + 1]
    assert visitor.page.locator(".code-gutter .is-wrong").all_inner_texts() == ["5"]
    visitor.forgiven += ("Failed to load resource: the server responded with a status of 422",)
    assert [problem for problem in visitor.problems() if "422" not in problem] == []


def test_every_line_has_its_number_beside_it(visitor):
    visitor.page.locator("#text").fill("a\nb\n\nc")
    assert visitor.page.locator(".code-gutter > div > div").all_inner_texts() == ["1", "2", "3", "4"]
    box, gutter = (visitor.page.locator(place).bounding_box() for place in ("#text", ".code-gutter"))
    assert abs(gutter["height"] - box["height"]) < 1 and gutter["x"] < box["x"]


def test_the_numbers_stand_at_their_lines_and_scroll_with_them(visitor):
    visitor.page.locator("#text").fill("x\n" * 200)
    for _try in range(50):  # the numbers follow a frame later
        visitor.page.evaluate("document.getElementById('text').scrollTop = 1e6")
        if abs(visitor.page.evaluate(LAST_LINES)) <= 1:
            break
        visitor.page.wait_for_timeout(100)
    assert visitor.page.evaluate(LAST_LINES) == pytest.approx(0, abs=1)


def test_tab_writes_two_spaces_and_after_escape_leaves_the_text(visitor):
    box = visitor.page.locator("#text")
    box.fill("x")
    box.press("Tab")
    assert box.input_value() == "x  "
    box.press("Control+z")
    assert box.input_value() == "x"
    box.press("Escape")
    box.press("Tab")
    assert visitor.page.evaluate("document.activeElement.id") != "text"
