"""Shaping entities without leaving the page: filtering, dragging, and the keyboard that stays where it was."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.visitor import PHONE, Visitor
from tests.factories import make_deal


def take(page: Page, what: str) -> None:
    """Press the mouse on something and begin to drag it."""
    box = page.locator(what).first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 30, box["y"] + 30, steps=3)


def drag(page: Page, what: str, where: str) -> None:
    """Drag something where it goes, as the window stands."""
    take(page, what)
    for shake in range(40):  # a hand waits until it sees the thing in its new place
        box = page.locator(where).bounding_box()
        page.mouse.move(box["x"] + 60 + 4 * (shake % 2), box["y"] + box["height"] / 2, steps=3)
        if page.locator(f"{where} .sortable-chosen, {where} .sortable-ghost").count():
            break
        page.wait_for_timeout(25)
    page.mouse.up()


ORDER = "() => [...document.querySelectorAll('[data-list] [data-id]')].map((row) => row.dataset.id)"


def test_fields_are_filtered_while_one_types(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin", language="he")
    visitor.open("/admin/schema/deal/")
    page = visitor.page
    page.get_by_role("searchbox").fill("stage")
    page.wait_for_function(f"() => ({ORDER})().length === 1")
    assert page.evaluate("document.activeElement.name") == "q"
    page.get_by_role("searchbox").fill("אין כזה")
    page.locator("#field-rows .empty").wait_for()
    assert visitor.problems() == []


def test_a_field_is_dragged_and_moved_by_its_button_and_the_keyboard_stays(
    visit: Callable[..., Visitor],
) -> None:
    visitor = visit("admin")
    visitor.open("/admin/schema/deal/")
    page = visitor.page
    page.evaluate("window.same = true")
    grips = page.locator("#field-rows .choice-grip")
    grips.nth(3).drag_to(grips.nth(0))
    page.locator(".draft-bar").wait_for()
    assert page.evaluate(ORDER)[:2] == ["stage", "name"]
    page.get_by_role("button", name="Move down: Stage").press("Enter")
    page.wait_for_function(f"() => ({ORDER})()[1] === 'stage'")
    assert page.evaluate("document.activeElement.ariaLabel") == "Move down: Stage"
    page.get_by_role("button", name="Move up: Stage").press("Enter")
    page.wait_for_function(f"() => ({ORDER})()[0] === 'stage'")
    assert page.evaluate("document.activeElement.ariaLabel") == "Move down: Stage"
    assert page.evaluate("window.same"), "the page was not left"
    visitor.open("/admin/schema/deal/")
    assert page.evaluate(ORDER)[:2] == ["stage", "name"]
    assert visitor.problems() == []


PAGES = (
    "",
    "new",
    "deal/",
    "deal/add",
    "deal/relations",
    "deal/form",
    "deal/checks",
    "deal/labels",
    "deal/rights",
    "deal/general",
)


def test_what_is_pressed_fits_a_finger(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin", width=PHONE, language="he")
    small = {}
    for page in PAGES:
        visitor.open(f"/admin/schema/{page}")
        small[page] = visitor.small_targets()
    assert {page: found for page, found in small.items() if found} == {}


CHOICES = "() => [...document.querySelectorAll('[name=\"choice.key\"]')].map((input) => input.value)"


def test_choices_are_dragged_stepped_and_saved_in_their_order(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin")
    visitor.open("/admin/schema/deal/fields/stage")
    page = visitor.page
    grips = page.locator("[data-rows] .choice-grip")
    grips.nth(2).scroll_into_view_if_needed()
    grips.nth(2).drag_to(grips.nth(0))
    page.wait_for_function(f"() => ({CHOICES})()[0] === 'offer'")
    button = page.get_by_role("button", name="Move down: Quote sent")
    button.press("Enter")
    assert page.evaluate(CHOICES)[:3] == ["prospect", "offer", "qualified"]
    assert page.evaluate("document.activeElement.ariaLabel") == "Move down: Quote sent"
    assert visitor.problems() == []
    page.locator(".save-bar .btn-primary").click()
    page.wait_for_url("**/admin/schema/deal/")
    visitor.open("/admin/schema/deal/fields/stage")
    assert page.evaluate(CHOICES)[:3] == ["prospect", "offer", "qualified"]


def test_the_preview_follows_what_is_typed_without_reload(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin")
    visitor.open("/admin/schema/deal/fields/next_step")
    page, preview = visitor.page, visitor.page.frame_locator("iframe[name=preview]")
    page.evaluate("window.same = true")
    page.locator('[name="label.en"]').fill("What comes next")
    preview.get_by_text("What comes next").wait_for()
    page.locator('[name="label.he"]').fill("מה הלאה")
    page.locator('.preview-tools a[lang="he"]').click()
    preview.locator("html[dir=rtl]").get_by_text("מה הלאה").wait_for()
    page.locator("label[for=width-desktop]").click()
    assert preview.locator("body").evaluate("(body) => body.clientWidth") > 900
    assert page.evaluate("window.same") and visitor.problems() == []
    visitor.open("/admin/schema/")
    assert page.locator(".draft-bar").count() == 0, "nothing was saved"


def test_a_formula_is_judged_while_one_types(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin", language="he")
    visitor.open("/admin/schema/deal/fields/expected")
    page = visitor.page
    formula, verdict = page.locator('[name="formula"]'), page.locator("#key-formula-verdict")
    formula.fill("amuont * 2")
    verdict.locator(".field-error").get_by_text("amount").wait_for()
    assert "amuont" in verdict.inner_text() and "1" in verdict.inner_text()
    formula.fill("amount * 2 + ")
    verdict.locator(".field-error").wait_for()
    page.locator(".toolbox summary").first.click()
    page.locator('[data-insert="probability"]').first.click()
    verdict.locator("strong").wait_for()
    assert (
        verdict.locator(".field-error").count() == 0 and formula.input_value() == "amount * 2 + probability"
    )
    assert visitor.problems() == []


def test_another_type_says_at_once_what_does_not_convert(visit: Callable[..., Visitor], session) -> None:
    make_deal(session, name="Odd one", next_step="call")
    session.commit()
    session.close()
    visitor = visit("admin", width=PHONE)
    visitor.open("/admin/schema/deal/fields/next_step")
    visitor.page.locator("#new-type").select_option("integer")
    visitor.page.locator("#type-trial").get_by_text("Odd one").wait_for()
    assert visitor.problems() == [] and visitor.small_targets() == []


def test_a_field_is_dragged_to_another_section_and_the_preview_follows(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin")
    visitor.open("/admin/schema/deal/form")
    page, preview = visitor.page, visitor.page.frame_locator("iframe[name=preview]")
    page.evaluate("window.same = true")
    preview.locator(".form-section").last.wait_for()  # it moves what is below it until it is drawn
    page.locator('[data-list="0"] [data-id="owner"]').scroll_into_view_if_needed()
    drag(page, '[data-list="0"] [data-id="owner"] .choice-grip', '[data-list=""]')
    page.locator('[data-list=""] [data-id="owner"]').wait_for()
    page.locator(".draft-bar").wait_for()
    preview.locator(".form-section").last.locator('[data-field="owner"]').wait_for()
    page.get_by_role("button", name="Move down: Customer").press("Enter")
    page.wait_for_function(
        "() => document.querySelectorAll('[data-list=\"0\"] [data-id]')[2].dataset.id === 'customer'"
    )
    assert page.evaluate("document.activeElement.ariaLabel") == "Move down: Customer"
    assert page.evaluate("window.same") and visitor.problems() == []


def test_columns_of_a_list_are_arranged_by_buttons(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin", width=PHONE, language="he")
    visitor.open("/admin/schema/deal/lists")
    page = visitor.page
    assert visitor.small_targets() == []
    page.locator('[data-row]:has([value="stage"]) [data-step="-1"]').press("Enter")
    with page.expect_navigation():
        page.locator(".save-bar .btn-primary").click()
    visitor.open("/admin/schema/deal/lists")
    order = page.evaluate("[...document.querySelectorAll('[name=column]:checked')].map((box) => box.value)")
    assert order[:3] == ["name", "stage", "customer"]


def test_the_open_tab_is_seen_on_a_phone(visit: Callable[..., Visitor]) -> None:
    for language in ("en", "he"):
        visitor = visit("admin", width=PHONE, language=language)
        visitor.open("/admin/schema/deal/general")
        box = visitor.page.locator(".link-tabs .active").last.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE
        assert visitor.page.evaluate("scrollY") == 0


def test_the_key_is_made_while_one_types_the_label(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin", language="he")
    for path, label in (("/admin/schema/new", "Σημείωση"), ("/admin/schema/deal/add/text", "Σημείωση")):
        visitor.open(path)
        visitor.page.locator('[name="label.el"]').press_sequentially(label)
        visitor.page.locator("output code").get_by_text("simeiosi").wait_for()
        assert visitor.page.evaluate("document.activeElement.name") == "label.el"
    assert visitor.problems() == []


def test_no_column_of_the_fields_is_cut_off_in_the_longest_words(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin", language="el")
    for entity in ("deal", "customer"):
        visitor.open(f"/admin/schema/{entity}/")
        widths = visitor.page.locator(".table-responsive").first.evaluate(
            "(box) => [box.scrollWidth, box.clientWidth]"
        )
        assert widths[0] <= widths[1], entity
