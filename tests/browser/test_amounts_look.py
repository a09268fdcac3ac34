"""Negative amounts and numbers as they are drawn: the order of the signs on the screen, in every direction."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crm.fields.locales import shown_money, shown_number, shown_percent, with_minus_at_left

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SENTENCES = {"en": "Below {}.", "el": "Κάτω από {}.", "ro": "Sub {}.", "he": "הסכום מתחת ל {} כאן"}
DRAWN = """
element => {
  const signs = [];
  const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode())
    for (let place = 0; place < node.length; place++) {
      const range = document.createRange();
      range.setStart(node, place);
      range.setEnd(node, place + 1);
      const box = range.getBoundingClientRect();
      if (box.width > 0) signs.push([box.left, node.data[place]]);
    }
  return signs.sort((a, b) => a[0] - b[0]).map(pair => pair[1]).join("").replaceAll("\\u00a0", " ");
}
"""
NUMBERS = {
    "en": ("-€120.50", "-5.5", "-12.5%"),
    "el": ("-120,50 €", "-5,5", "-12,5%"),
    "ro": ("-120,50 EUR", "-5,5", "-12,5%"),
    "he": ("€ -120.50", "-5.5", "-12.5%"),
}


@pytest.mark.parametrize("language", list(SENTENCES))
def test_a_minus_stands_at_the_left_of_its_number(chromium: Browser, language: str) -> None:
    texts = (
        shown_money(Decimal("-120.50"), "EUR", language),
        with_minus_at_left(shown_number(Decimal("-5.5"), language), language),
        with_minus_at_left(shown_percent(Decimal("-12.5"), language), language),
    )
    page = chromium.new_page()
    for text, drawn in zip(texts, NUMBERS[language], strict=True):
        sentence = SENTENCES[language].format(text)
        direction = "rtl" if language == "he" else "ltr"
        page.set_content(
            f'<html dir="{direction}"><p><bdi>{text}</bdi></p><p>{sentence}</p><p dir="ltr">{text}</p></html>'
        )
        alone, within, in_a_chart = (
            page.eval_on_selector(f"p:nth-of-type({place})", DRAWN) for place in (1, 2, 3)
        )
        assert alone == drawn and drawn in within
        assert drawn.strip("€ ") in in_a_chart
    page.close()
