"""Moments of the last days in words, in four languages, by the reader's own calendar: after a night of 25 hours too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import Visitor

NOW = "2026-10-25T21:40:00Z"  # Sunday, 23:40 in Athens, which put its clocks back in the night
MOMENTS = {
    "2026-10-25T21:39:01Z": "59 seconds",
    "2026-10-25T21:39:00Z": "1 minute",
    "2026-10-25T20:40:01Z": "59 minutes and 59 seconds",
    "2026-10-25T20:40:00Z": "1 hour",
    "2026-10-24T21:40:01Z": "23 hours and more",
    "2026-10-24T21:05:00Z": "24 hours and more, on the same long day",
    "2026-10-24T20:30:00Z": "the evening before",
    "2026-10-23T20:59:00Z": "two evenings before, 48 hours and more",
    "2026-10-22T21:05:00Z": "the third day before, at its beginning",
    "2026-10-19T12:00:00Z": "six days",
    "2026-10-18T12:00:00Z": "a week: the moment itself",
    "2026-10-25T23:45:00Z": "in 2 hours",
}
SAID = {
    "en": ["now", "1 minute ago", "59 minutes ago", "1 hour ago", "23 hours ago", "today", "yesterday", "2 days ago",
           "2 days ago", "6 days ago", "exact", "in 2 hours"],
    "el": ["τώρα", "πριν από 1 λεπτό", "πριν από 59 λεπτά", "πριν από 1 ώρα", "πριν από 23 ώρες", "σήμερα", "χθες",
           "προχθές", "προχθές", "πριν από 6 ημέρες", "exact", "σε 2 ώρες"],
    "ro": ["acum", "acum 1 minut", "acum 59 de minute", "acum 1 oră", "acum 23 de ore", "azi", "ieri", "alaltăieri",
           "alaltăieri", "acum 6 zile", "exact", "peste 2 ore"],
    "he": ["עכשיו", "לפני דקה", "לפני 59 דקות", "לפני שעה", "לפני 23 שעות", "היום", "אתמול", "שלשום", "שלשום",
           "לפני 6 ימים", "exact", "בעוד שעתיים"],
}  # fmt: skip
DRAW = """
(moments) => {
  document.documentElement.dataset.timeZone === "Europe/Athens" || (() => { throw new Error("another zone"); })();
  const boxes = moments.map((moment) => {
    const box = document.createElement("time");
    box.dateTime = moment;
    box.dataset.ago = "";
    box.textContent = "exact";
    return box;
  });
  document.querySelector("main").append(...boxes);
  document.dispatchEvent(new CustomEvent("htmx:after:swap"));
  return boxes.map((box) => box.textContent);
}
"""


@pytest.mark.parametrize("language", SAID)
def test_moments_are_told_as_a_person_would(visit: Callable[..., Visitor], language: str) -> None:
    visitor = visit("admin", language=language, once=True)
    visitor.page.clock.set_fixed_time(NOW)
    visitor.open("/profile/")
    said = visitor.page.evaluate(DRAW, list(MOMENTS))
    assert dict(zip(MOMENTS.values(), said, strict=True)) == dict(
        zip(MOMENTS.values(), SAID[language], strict=True)
    )
    assert visitor.errors == []
