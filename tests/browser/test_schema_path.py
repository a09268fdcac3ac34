"""The whole path of a field, and of a choice in the text, through the pages in Hebrew: published, removed, and back."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator

import openpyxl
import pytest
from playwright.sync_api import Page
from werkzeug.serving import make_server

from app import build_source
from crm.revisions.workspace import get_workspace
from crm.web.serving.host import Host
from tests.browser.visitor import DESKTOP, HEIGHT, PHONE, Visitor
from tests.browsing import Browser
from tests.factories import make_customer, make_deal

FIELD = "/admin/schema/deal/fields/loyalty"
CUSTOMER = "/admin/schema/documents/entity/customer"
WHY = "תערוכות כבר לא"


@pytest.fixture
def living(settings, engine, chromium) -> Iterator[tuple[str, Host]]:
    """Where a web process answers that swaps its app when somebody publishes."""
    host = Host(build_source(settings, engine), check_seconds=0.0)
    host.warm()
    server = make_server("127.0.0.1", 0, host, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", host
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visitor(living, chromium) -> Iterator[Visitor]:
    """The administrator at a window in Hebrew."""
    address, host = living
    app = host.serving.app
    app.test_client_class = Browser
    browser = app.test_client()
    browser.sign_in("admin")
    browser.get("/lang/he")
    cookie = browser.get_cookie(app.config["SESSION_COOKIE_NAME"])
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    yield Visitor(context.new_page(), address)
    context.close()


def add_choice_field(visitor: Visitor) -> None:
    """Add choice field with two choices to the deals."""
    visitor.open("/admin/schema/deal/")
    page = visitor.page
    page.locator('a[href="/admin/schema/deal/add"]').click()
    page.locator('a[href="/admin/schema/deal/add/choice"]').click()
    page.locator('[name="label.he"]').fill("נאמנות")
    page.locator('[name="_name"]').fill("loyalty")
    page.locator('[name="_list"]').check()
    for place, (key, label) in enumerate((("gold", "זהב"), ("silver", "כסף"))):
        page.locator('[name="choice.key"]').nth(place).fill(key)
        page.locator('[name="choice.he"]').nth(place).fill(label)
    page.locator(".save-bar .btn-primary").click()
    page.wait_for_url("**/admin/schema/deal/")


def publish(page: Page, address: str, why: str = "") -> int:
    """Publish the draft through its page and say why; return the revision."""
    page.goto(address + "/admin/schema/draft/")
    page.locator("#why").fill(why)
    page.locator('form[action="/admin/schema/draft/publish"] .btn-primary').click()
    return arrival(page, address)


def arrival(page: Page, address: str) -> int:
    """Wait until the web process serves what was published; return the revision."""
    page.wait_for_url("**/admin/schema/publish/*")
    number = page.url.rsplit("/", 1)[1]
    for _attempt in range(50):
        if page.request.get(address + "/health").headers["x-revision"] == number:
            return int(number)
        page.wait_for_timeout(200)
    raise AssertionError(f"Revision {number} did not arrive")


def press_and_confirm(page: Page, action: str) -> None:
    """Press the button of a form that asks first, and say yes."""
    page.locator(f'form[action="{action}"] button').click()
    page.locator("#confirm-dialog button[value=ok]").click()


def test_a_choice_field_is_added_used_removed_and_comes_back_with_its_values(visitor, session) -> None:
    number = make_deal(session, name="Harbour lights").id
    session.commit()
    session.close()
    page, address = visitor.page, visitor.address
    add_choice_field(visitor)
    revision = publish(page, address)

    visitor.open(f"/deal/edit/{number}")
    page.select_option('[name="loyalty"]', "gold")
    page.locator(".save-bar .btn-primary").click()
    page.wait_for_url(f"**/deal/show/{number}")
    assert page.get_by_text("זהב").count() > 0
    check_use(visitor)

    visitor.open(FIELD)
    press_and_confirm(page, FIELD + "/remove")
    page.wait_for_url("**/admin/schema/deal/")
    publish(page, address)
    visitor.open(f"/deal/edit/{number}")
    assert page.locator('[name="loyalty"]').count() == 0

    visitor.open(f"/admin/schema/history/{revision}")
    press_and_confirm(page, f"/admin/schema/history/{revision}/rollback")
    arrival(page, address)
    visitor.open(f"/deal/edit/{number}")
    assert page.locator('[name="loyalty"]').input_value() == "gold"
    assert visitor.problems() == []


def test_a_choice_is_removed_as_text_weighed_published_and_comes_back_with_its_values(
    visitor, session, engine
) -> None:
    before = get_workspace(engine).number
    numbers = [make_customer(session, source="fair", name=f"Fair {place}").id for place in range(3)]
    other = make_customer(session, source="website").id
    session.commit()
    session.close()
    page, address = visitor.page, visitor.address
    remove_choice_from_text(visitor, CUSTOMER, "fair")

    visitor.open("/admin/schema/draft/")
    touched = page.locator("#impact li").filter(has_text="לקוחות · מקור").inner_text()
    assert touched.split(":")[-1].strip(" \u2066\u2068\u2069") == "3"
    sound_at_every_width(visitor)
    removed = publish(page, address, WHY)
    assert removed == before + 1 and page.get_by_text(WHY).count() > 0
    page.locator("#arriving").get_by_text(f"גרסה {removed} בתוקף בכל מקום").wait_for()
    sound_at_every_width(visitor)

    for form in ("/customer/add", f"/customer/edit/{other}"):
        visitor.open(form)
        assert page.locator('[name="source"] option[value="website"]').count() == 1
        assert "תערוכה" not in page.locator('[name="source"]').inner_text()
    visitor.open(f"/customer/edit/{numbers[0]}")  # whoever saves it without touching it loses nothing
    assert page.locator('[name="source"]').input_value() == "fair"
    assert page.locator('[name="source"] option:checked').inner_text() == "תערוכה (לא זמין עוד)"

    visitor.open("/admin/schema/history/")
    assert WHY in page.locator("tbody tr").first.inner_text()
    sound_at_every_width(visitor)
    page.locator(f'a[href="/admin/schema/history/{before}"]').click()
    page.wait_for_url(f"**/admin/schema/history/{before}")
    assert page.locator("#back-changes").get_by_text("תערוכה").count() > 0
    sound_at_every_width(visitor)
    press_and_confirm(page, f"/admin/schema/history/{before}/rollback")
    assert arrival(page, address) == removed + 1

    for number in numbers:
        visitor.open(f"/customer/edit/{number}")
        assert page.locator('[name="source"]').input_value() == "fair"
    visitor.open("/customer/list/?_flt_0_source=fair")
    assert page.locator("main").get_by_text("Fair ").count() >= 3


def remove_choice_from_text(visitor: Visitor, document: str, choice: str) -> None:
    """Take one choice out of a document's text and keep it in the draft."""
    visitor.open(document)
    page = visitor.page
    text = page.locator("#text").input_value()
    kept, count = re.subn(rf"^( +){choice}:.*\n(?:\1 .*\n)*", "", text, flags=re.MULTILINE)
    assert count == 1
    page.locator("#text").fill(kept)
    with page.expect_navigation():
        page.locator("button[value=save]").click()
    assert page.locator("#findings").count() == 0


def sound_at_every_width(visitor: Visitor) -> None:
    """Look for what is wrong with the page, on a desktop and as narrow as a phone."""
    for width in (PHONE, DESKTOP):
        visitor.page.set_viewport_size({"width": width, "height": HEIGHT[width]})
        assert visitor.problems() == []


def check_use(visitor: Visitor) -> None:
    """Look for the field in list, filter, REST and the workbook to import."""
    page, get = visitor.page, visitor.context.request.get
    visitor.open("/deal/list/")
    assert page.locator("main").get_by_text("זהב").count() > 0
    visitor.open("/deal/list/?_flt_0_loyalty=gold")
    assert page.get_by_text("Harbour lights").count() > 0
    visitor.open("/deal/list/?_flt_0_loyalty=silver")
    assert page.get_by_text("Harbour lights").count() == 0
    answer = get(visitor.address + "/api/v1/deal/?q=(columns:!(loyalty))").json()
    assert answer["result"][0]["loyalty"] == "gold"
    workbook = openpyxl.load_workbook(io.BytesIO(get(visitor.address + "/import/template/deal.xlsx").body()))
    assert "נאמנות" in [cell.value for cell in next(workbook.active.iter_rows(max_row=1))]


def test_an_entity_with_a_board_and_a_calendar_is_made_published_and_used(visitor) -> None:
    page, address = visitor.page, visitor.address
    visitor.open("/admin/schema/new")
    page.locator('[name="label.he"]').fill("ביקור")
    page.locator('[name="plural.he"]').fill("ביקורים")
    page.locator('[name="_name"]').fill("visit")
    page.locator('[name="icon_search"]').press_sequentially("truck")
    page.locator('#icon-grid [value="truck-delivery"]').check(force=True)
    page.locator('[name="color"][value="teal"]').check(force=True)
    page.locator('[name="board"]').check()
    page.locator('[name="board_columns"]').fill("מתוכנן\nבוצע")
    page.locator('[name="calendar"]').check()
    page.locator('[name="access.sales"]').select_option("work")
    sound_at_every_width(visitor)
    page.locator(".save-bar .btn-primary").click()
    page.wait_for_url("**/admin/schema/visit/")
    assert page.evaluate(
        "[...document.querySelectorAll('[data-list] [data-id]')].map((row) => row.dataset.id)"
    ) == ["name", "status", "date"]
    publish(page, address)

    visitor.open("/visit/add")
    page.locator('[name="name"]').fill("סיור במפעל")
    page.locator('[name="date"]').fill("2026-03-04")
    page.locator(".save-bar .btn-primary").click()
    page.wait_for_url("**/visit/show/1")
    visitor.open("/visit/board/")
    columns = page.locator(".board-column").all_inner_texts()
    assert len(columns) >= 2 and "מתוכנן" in columns[0] and "סיור במפעל" in columns[0]
    assert page.locator('.sidebar a[href="/visit/list/"] .tinted.pill-teal').count() == 1
    sound_at_every_width(visitor)
