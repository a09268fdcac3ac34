"""Sign-in and error pages in two directions, on a phone and a desktop, light and dark; and what one does there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.seed import PASSWORD

Visit = Callable[..., Visitor]
pytestmark = pytest.mark.filterwarnings(
    "ignore:The Query.get"
)  # Flask-AppBuilder's own, in lists below a record

VIEWS = [
    pytest.param({"width": DESKTOP, "language": "en"}, id="en-desktop"),
    pytest.param({"width": PHONE, "language": "he", "dark": True}, id="he-phone-dark"),
    pytest.param({"width": PHONE, "language": "en"}, id="en-phone"),
    pytest.param({"width": DESKTOP, "language": "he", "dark": True}, id="he-desktop-dark"),
]


@pytest.mark.parametrize("view", VIEWS)
def test_sign_in_page_is_sound(visit: Visit, view: dict) -> None:
    assert visit(**view).look_at(["/login/"]) == {}


@pytest.mark.parametrize("view", VIEWS)
def test_error_pages_are_sound(visit: Visit, view: dict) -> None:
    visitor = visit("admin", **view)
    assert visitor.look_at(["/no/such/page", "/users/show/999999"], status=404) == {}
    assert visitor.page.get_by_role("heading", level=1).count() == 1


def test_page_one_may_not_open_says_so(visit: Visit) -> None:
    visitor = visit("viewer", width=PHONE)
    visitor.open("/users/list/")
    assert visitor.page.get_by_role("heading", level=1, name="Users").count() == 0


def test_signing_in_by_hand_leads_into_the_app(visit: Visit) -> None:
    visitor = visit()
    visitor.open("/login/?next=/profile/")
    visitor.page.get_by_label("User name").fill("admin")
    visitor.page.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.page.get_by_role("button", name="Sign in").click()
    visitor.page.wait_for_url("**/profile/")
    assert visitor.page.locator(".sidebar").is_visible()


def test_a_wrong_password_is_told_in_one_line_and_keeps_the_name(visit: Visit) -> None:
    visitor = visit()
    visitor.forgiven = ("Failed to load resource: the server responded with a status of 401",)
    visitor.open("/login/")
    visitor.page.get_by_label("User name").fill("admin")
    visitor.page.get_by_label("Password", exact=True).fill("wrong")
    visitor.page.get_by_role("button", name="Sign in").click()
    assert visitor.page.get_by_role("alert").inner_text() == "Wrong user name or password. Try again."
    assert visitor.page.get_by_label("User name").input_value() == "admin"
    assert visitor.problems() == []


def test_the_eye_shows_and_hides_the_password(visit: Visit) -> None:
    visitor = visit()
    visitor.open("/login/")
    password = visitor.page.get_by_label("Password", exact=True)
    visitor.page.get_by_role("button", name="Show password").click()
    assert password.get_attribute("type") == "text"
    visitor.page.get_by_role("button", name="Show password").click()
    assert password.get_attribute("type") == "password"


def test_language_can_be_chosen_before_signing_in(visit: Visit) -> None:
    visitor = visit()
    visitor.open("/login/")
    visitor.page.get_by_role("link", name="עברית").click()
    visitor.page.wait_for_load_state()
    assert visitor.page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [
        "he",
        "rtl",
    ]


def test_side_bar_opens_on_a_phone_and_closes_again(visit: Visit) -> None:
    visitor = visit("admin", width=PHONE)
    visitor.open("/profile/")
    assert not visitor.page.locator(".sidebar").is_visible()
    visitor.page.get_by_role("button", name="More").last.tap()
    visitor.page.locator(".sidebar.show").wait_for()
    visitor.page.locator(".sidebar .btn-close").tap()
    visitor.page.locator(".sidebar").wait_for(state="hidden")


def test_theme_chosen_by_hand_is_kept_and_never_flashes(visit: Visit) -> None:
    visitor = visit("admin")
    visitor.open("/profile/")
    visitor.page.get_by_role("button", name="Theme").first.click()
    visitor.page.wait_for_function("() => document.documentElement.dataset.bsTheme === 'dark'")
    visitor.page.reload(wait_until="commit")
    visitor.page.wait_for_selector("body", state="attached")
    assert visitor.page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_keys_find_the_search_and_show_help(visit: Visit) -> None:
    visitor = visit("admin")
    visitor.open("/profile/")
    visitor.page.keyboard.press("/")
    assert visitor.page.evaluate("document.activeElement.name") == "q"
    visitor.page.keyboard.press("Escape")
    visitor.page.evaluate("document.activeElement.blur()")
    visitor.page.keyboard.press("?")
    assert visitor.page.locator("#hotkeys-dialog[open]").count() == 1


PRESS = """([key, code, shiftKey]) => document.dispatchEvent(
    new KeyboardEvent("keydown", { key, code, shiftKey, bubbles: true, cancelable: true }))"""


@pytest.mark.parametrize(
    ("language", "search", "new", "written"),
    [
        ("el", ["/", "Slash", False], ["ψ", "KeyC", False], "ψ"),
        ("he", [".", "Slash", False], ["ב", "KeyC", False], "ב"),
    ],
)
def test_keys_are_known_by_their_place_on_every_keyboard(
    visit: Visit, language: str, search: list, new: list, written: str
) -> None:
    visitor = visit("admin", language=language)
    visitor.open("/customer/list/")
    visitor.page.evaluate(PRESS, search)
    assert visitor.page.evaluate("document.activeElement.name") == "q"
    visitor.page.evaluate("document.activeElement.blur()")
    visitor.page.evaluate(PRESS, ["?", "Slash", True])
    assert written in visitor.page.locator("#hotkeys-dialog[open] kbd").all_inner_texts()
    visitor.page.keyboard.press("Escape")
    visitor.page.evaluate(PRESS, new)
    visitor.page.wait_for_url("**/customer/add**")


def test_leaving_a_changed_form_asks(visit: Visit) -> None:
    visitor = visit("admin", once=True)
    visitor.open("/users/add")
    visitor.page.get_by_label("First Name").fill("Ελένη")
    asked = []
    visitor.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    visitor.page.locator(".brand").click()
    visitor.page.wait_for_url(visitor.address + "/**")
    assert asked == ["beforeunload"]


def test_refused_form_keeps_what_was_typed_and_points_to_the_fields(visit: Visit) -> None:
    visitor = visit("admin")
    visitor.open("/users/add")
    visitor.page.get_by_label("First Name").fill("Ελένη")
    visitor.page.get_by_role("button", name="Save").click()
    visitor.page.wait_for_function("() => document.activeElement.id === 'error-summary'")
    assert visitor.page.get_by_label("First Name").input_value() == "Ελένη"
    assert visitor.problems() == []


def test_deleting_asks_by_name_first(visit: Visit) -> None:
    visitor = visit("admin")
    visitor.open("/users/list/")
    row = visitor.page.get_by_role("row").filter(has_text="viewer")
    row.get_by_role("button").click()
    row.get_by_role("button", name="Delete").click()
    assert "“" in visitor.page.locator("#confirm-text").inner_text()
    visitor.page.locator("#confirm-dialog button[value=cancel]").click()
    assert visitor.page.url.endswith("/users/list/")
