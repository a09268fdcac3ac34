"""Nothing is cut off: labels, hints and buttons are measured in the languages whose words are longest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import PHONE, Visitor

pytestmark = pytest.mark.filterwarnings("ignore:The Query.get")

CUT_HINTS = """
() => [...document.querySelectorAll("input[placeholder]:not([placeholder=' '])")]
    .filter((input) => input.checkVisibility() && input.placeholder)
    .filter((input) => {
        const look = getComputedStyle(input);
        const pen = document.createElement("canvas").getContext("2d");
        pen.font = look.font;
        const room = input.clientWidth - parseFloat(look.paddingInlineStart) - parseFloat(look.paddingInlineEnd);
        return pen.measureText(input.placeholder).width > room + 1;
    })
    .map((input) => input.placeholder)
"""
CUT_WORDS = """
() => [...document.querySelectorAll("main button, main .btn, main label, main th, main h1, main h2, .bottom-bar span")]
    .filter((part) => part.checkVisibility() && !part.matches(".visually-hidden, .tool-words, [hidden]"))
    .filter((part) => part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).overflowX !== "visible")
    .map((part) => part.textContent.trim()).filter(Boolean)
"""
PAGES = ("/customer/list/", "/calendar/", "/admin/rules/", "/import/", "/profile/")


@pytest.mark.parametrize("language", ["el", "ro"])
def test_no_hint_and_no_button_is_cut_off_on_a_phone(visit: Callable[..., Visitor], language: str) -> None:
    visitor = visit("admin", width=PHONE, language=language)
    for path in PAGES:
        visitor.open(path)
        assert visitor.page.evaluate(CUT_HINTS) == [], path
        assert visitor.page.evaluate(CUT_WORDS) == [], path
