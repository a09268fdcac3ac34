"""The order in which glyphs are drawn on Hebrew pages: what runs from left to right does so within sentences."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from crm.fields.locales import shown_money, shown_percent
from crm.isolation import isolated
from tests.browser.visitor import Visitor

Visit = Callable[..., Visitor]

DRAWN = """(text) => {
  const box = document.createElement("p");
  box.textContent = text;
  document.querySelector("main").append(box);
  const range = document.createRange();
  const found = [];
  [...text].forEach((letter, at) => {
    range.setStart(box.firstChild, at);
    range.setEnd(box.firstChild, at + 1);
    const [place] = range.getClientRects();
    if (place?.width) found.push([place.left, letter]);
  });
  box.remove();
  return found.sort((one, other) => one[0] - other[0]).map(([, letter]) => letter).join("");
}"""
SENTENCES = {
    "ending": ("אפשר לייצא (.xlsx) עכשיו", ".xlsx"),
    "endings": ("קבצים (.xlsx, .xlsm, .csv) בלבד", ".xlsx, .xlsm, .csv"),
    "range": ("בין 10–25 ימים", "10–25"),
    "dates": ("בתאריכים 1.3.2026–29.3.2026 בלבד", "1.3.2026–29.3.2026"),
    "negative": ("היתרה -1,250.5 היום", "-1,250.5"),
    "code": ("קוד 12-AB נמחק", "12-AB"),
    "version": ("גרסה v1.2.3-rc1 בתוקף", "v1.2.3-rc1"),
    "time": ("היום בשעה 14:05 בערב", "14:05"),
    "phone": ("טלפון +30 210 1234567 כאן", "+30 210 1234567"),
}


def test_groups_are_drawn_from_left_to_right_within_hebrew_sentences(visit: Visit) -> None:
    visitor = visit("admin", language="he")
    visitor.open("/profile/")
    drawn = {
        name: visitor.page.evaluate(DRAWN, isolated(text, "he")) for name, (text, _group) in SENTENCES.items()
    }
    assert {name: group for name, (_text, group) in SENTENCES.items() if group not in drawn[name]} == {}
    assert "10–25" not in visitor.page.evaluate(DRAWN, SENTENCES["range"][0])  # as it is without the marks


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        (shown_money(Decimal("-1234.5"), "EUR", "he"), "-1,234.50"),
        (shown_percent(Decimal("-3.5"), "he"), "-3.5%"),
    ],
)
def test_the_minus_of_hebrew_amounts_stands_at_their_left(visit: Visit, text: str, drawn: str) -> None:
    visitor = visit("admin", language="he")
    visitor.open("/profile/")
    assert drawn in visitor.page.evaluate(DRAWN, f"סכום: {text}")


def test_the_hint_of_an_upload_is_drawn_in_its_order(visit: Visit) -> None:
    visitor = visit("admin", language="he")
    visitor.open("/import/")
    hint = visitor.page.locator("#import-file-hint").inner_text()
    assert ".xlsx, .xlsm, .xlsb, .xls" in visitor.page.evaluate(DRAWN, hint)
