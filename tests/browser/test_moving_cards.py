"""A card that needs something for its move is asked for it: by mouse, keyboard and touch, in two directions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import PHONE, Visitor
from tests.factories import make_deal

Visit = Callable[..., Visitor]
MOVE = "[data-move=lost]"


@pytest.fixture
def deal(session) -> int:
    """A deal that is being talked about; its number."""
    number = make_deal(session, name="Espresso machines", stage="prospect").id
    session.commit()
    return number


def open_board(visit: Visit, **view: object) -> Visitor:
    visitor = visit("admin", **view)
    visitor.forgiven = ("Failed to load resource: the server responded with a status of 422",)
    visitor.open("/deal/board/")
    return visitor


def stage_of(visitor: Visitor, number: int) -> str:
    """Return the column in which a card is, asked anew."""
    visitor.open("/deal/board/")
    return visitor.page.locator(f"[data-id='{number}']").evaluate(
        "card => card.closest('[data-stage]').dataset.stage"
    )


def test_a_loss_is_moved_by_keyboard_and_its_reason_is_asked(visit: Visit, deal: int) -> None:
    visitor = open_board(visit)
    page = visitor.page
    page.locator("[data-id] [data-bs-toggle]").focus()
    page.keyboard.press("Enter")
    page.locator(MOVE).press("Enter")
    dialog = page.locator("#needed-dialog")
    dialog.get_by_text("Espresso machines").wait_for()
    assert page.evaluate("document.activeElement.name") == "ask-lost_reason"
    assert dialog.locator(".field-error").count() == 0
    assert visitor.problems() == []
    dialog.get_by_role("button", name="Save").press("Enter")
    dialog.locator(".field-error").wait_for()  # nothing was chosen
    dialog.locator("[name='ask-lost_reason']").select_option(index=1)
    dialog.get_by_role("button", name="Save").press("Enter")
    dialog.wait_for(state="hidden")
    assert page.locator("[data-stage=lost] .board-card").count() == 1
    assert stage_of(visitor, deal) == "lost"
    assert visitor.errors == []


@pytest.mark.parametrize("way", ["Cancel", "Escape"])
def test_a_move_that_is_given_up_puts_the_card_back(visit: Visit, deal: int, way: str) -> None:
    visitor = open_board(visit)
    page = visitor.page
    page.locator("[data-id] [data-bs-toggle]").click()
    page.locator(MOVE).click()
    page.locator("#needed-dialog[open] form").wait_for()
    if way == "Escape":
        page.keyboard.press("Escape")
    else:
        page.locator("[data-cancel]").click()
    page.locator("[data-stage=prospect] .board-card").wait_for()
    assert stage_of(visitor, deal) == "prospect"


def test_a_card_that_is_dragged_is_asked_too(visit: Visit, deal: int) -> None:
    visitor = open_board(visit)
    page = visitor.page
    page.set_viewport_size({"width": 1900, "height": 800})
    start, end = (
        page.locator(f"[data-id='{deal}']").bounding_box(),
        page.locator("[data-stage=lost]").bounding_box(),
    )
    page.mouse.move(start["x"] + 8, start["y"] + start["height"] - 8)
    page.mouse.down()
    for part in (0.2, 0.6, 1.0):
        page.mouse.move(start["x"] + (end["x"] + 60 - start["x"]) * part, end["y"] + 30, steps=5)
    page.mouse.up()
    dialog = page.locator("#needed-dialog[open]")
    dialog.locator("[name='ask-lost_reason']").select_option(index=1)
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="hidden")
    assert stage_of(visitor, deal) == "lost"


def test_on_a_phone_in_hebrew(visit: Visit, deal: int) -> None:
    visitor = open_board(visit, width=PHONE, language="he")
    page = visitor.page
    page.locator("[data-id] [data-bs-toggle]").tap()
    page.locator(MOVE).tap()
    page.locator("#needed-dialog[open] form").wait_for()
    assert visitor.problems() == []
    page.locator("[name='ask-lost_reason']").select_option(index=1)
    page.locator("#needed-dialog .btn-primary").tap()
    page.locator("#needed-dialog").wait_for(state="hidden")
    assert stage_of(visitor, deal) == "lost"


def test_a_move_that_nothing_makes_possible_says_why(visit: Visit, session) -> None:
    number = make_deal(session, stage="prospect").id
    session.commit()
    visitor = open_board(visit)
    page = visitor.page
    page.locator(f"[data-id='{number}'] [data-bs-toggle]").click()
    page.locator(f"[data-id='{number}'] [data-move]").first.evaluate(
        "button => (button.dataset.move = 'prospect')"
    )
    page.evaluate(
        "document.querySelector('[data-stage=lost]').dataset.stage = 'nonsense';"
        "document.querySelector('[data-move=lost]').dataset.move = 'nonsense'"
    )
    page.locator("[data-move=nonsense]").click()
    toast = page.locator(".toast-line.is-bad")
    toast.wait_for()
    assert "Correct the fields with errors" not in toast.inner_text().lower()
    assert page.locator("#needed-dialog[open]").count() == 0
