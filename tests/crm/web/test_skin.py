"""What templates call: the menu shows what one may open and trusts no label, sentences escape their values."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from flask import render_template_string

from crm.fields.locales import shown_moment
from crm.web import assets
from crm.web.entity.cells import Cell, render_cell
from crm.web.skin import own_icon
from tests.crm.web.house import Browser, House

WICKED = "<img src=x onerror=alert(1)>"


def menu_of(page: str) -> str:
    """Return the side bar of a page."""
    return page[page.index("<aside") : page.index("</aside>")]


def test_menu_shows_a_wicked_label_as_text(house: House) -> None:
    number = house.publish(
        entities_firm=f"""
        entity: firm
        label: "{WICKED}"
        plural: "{WICKED}"
        menu: "{WICKED}"
        fields:
          name: {{type: text}}
        """
    )
    house.wait_until_serving(number)
    browser = house.browser()
    browser.sign_in("admin")
    page = browser.get("/profile/").text
    assert "&lt;img src=x onerror=alert(1)&gt;" in menu_of(page)
    assert "<img" not in page


def test_menu_leaves_out_what_one_may_not_open(house: House, admin: Browser) -> None:
    seller = house.browser()
    seller.sign_in("sonia")
    assert "/users/list/" in menu_of(admin.get("/profile/").text)
    assert "/users/list/" not in menu_of(seller.get("/profile/").text)


def test_administration_is_called_so_in_every_language(admin: Browser) -> None:
    admin.get("/lang/he")
    assert "ניהול" in menu_of(admin.get("/profile/").text) and "אבטחה" not in menu_of(
        admin.get("/profile/").text
    )


def test_menu_has_one_page_of_roles(admin: Browser) -> None:
    menu = menu_of(admin.get("/profile/").text)
    assert "/admin/roles/" in menu and "/roles/list/" not in menu
    assert admin.get("/roles/list/").status_code == 200


def test_menu_marks_the_page_one_looks_at(admin: Browser) -> None:
    menu = menu_of(admin.get("/users/list/").text)
    assert menu.count('aria-current="page"') == 1
    assert 'href="/users/list/" aria-current="page"' in menu


def test_menu_speaks_the_readers_language(admin: Browser) -> None:
    admin.get("/lang/he")
    page = admin.get("/profile/").text
    assert '<html lang="he" dir="rtl"' in page
    assert "vendor/tabler.rtl.css" in page
    assert "חברות" in menu_of(page)


def test_menu_begins_at_home_and_shows_our_page_of_roles_only(admin: Browser) -> None:
    menu = menu_of(admin.get("/profile/").text)
    places = [menu.index(f'href="{path}"') for path in ("/", "/firm/list/", "/admin/roles/")]
    assert places == sorted(places)
    assert "/roles/list/" not in menu


def test_new_menu_offers_what_one_may_create(house: House) -> None:
    seller, chief = house.browser(), house.browser()
    seller.sign_in("sonia")
    chief.sign_in("chris")
    for browser in (seller, chief):
        page = browser.get("/profile/").text
        assert 'href="/firm/add"' in page
        assert 'href="/visit/add"' not in page


def test_bottom_bar_begins_with_the_entity_on_which_most_depend(admin: Browser) -> None:
    page = admin.get("/profile/").text
    bar = page[page.index('<nav class="bottom-bar"') :]
    assert bar.index("/firm/") < bar.index("/visit/")


def test_a_sentence_escapes_its_values(house: House) -> None:
    with house.app.test_request_context("/"):
        drawn = render_template_string('{{ _("Sign in to %(company)s", company=name) }}', name=WICKED)
        counted = render_template_string('{{ ngettext("%(num)s star", "%(num)s stars", 3) }}')
    assert drawn == "Sign in to &lt;img src=x onerror=alert(1)&gt;"
    assert counted == "3 stars"


def test_a_variable_text_is_translated_as_plain_text(house: House) -> None:
    with house.app.test_request_context("/"):
        drawn = render_template_string("{{ words(name) }}", name=WICKED)
    assert drawn == "&lt;img src=x onerror=alert(1)&gt;"


def test_names_become_initials_and_always_the_same_colour(house: House) -> None:
    with house.app.test_request_context("/"):
        once = render_template_string('{% import "ui.html" as ui %}{{ ui.avatar("Αφοί Κύμα <b>") }}')
        again = render_template_string('{% import "ui.html" as ui %}{{ ui.avatar("Αφοί Κύμα <b>") }}')
    assert ">ΑΚ<" in once
    assert once == again


def test_a_sentence_runs_as_its_page_whatever_value_stands_first_in_it(house: House) -> None:
    with house.app.test_request_context("/?_l_=en"):
        drawn = render_template_string('{% import "ui.html" as ui %}{{ ui.says("“לקוח” is no choice.") }}')
    assert drawn == '<bdi dir="ltr">“לקוח” is no choice.</bdi>'


def test_a_moment_is_written_as_fields_write_it(house: House) -> None:
    at = datetime(2026, 12, 7, 13, 0)
    with house.app.test_request_context("/?_l_=en"):
        drawn = render_template_string("{{ moment(at) }}", at=at)
    assert drawn == shown_moment(at, "en", ZoneInfo("Europe/Athens")) == "7 Dec 2026, 15:00"


def test_an_amount_takes_its_direction_from_its_own_marks() -> None:
    amount = Cell("amount", "Amount", "\u200f1,234.50 \u200f€", is_number=True)
    assert "dir=" not in render_cell(amount)


def test_a_truth_is_written_in_words(house: House) -> None:
    with house.app.test_request_context("/"):
        assert ">No<" in render_cell(Cell("blocked", "Blocked", "No", "boolean"))


def test_address_of_a_file_changes_with_its_content() -> None:
    assert len(assets.asset_version("css/crm.css")) == 10
    assert assets.asset_version("css/no-such.css") == ""


def test_icons_of_flask_appbuilder_become_ours() -> None:
    assert own_icon("fa-cogs") == "settings"
    assert own_icon("", "point") == "point"


def test_missing_front_end_files_are_told_on_one_plain_page(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "is_built", lambda: False)
    browser = house.browser()
    page = browser.get("/login/", headers={"Accept": "text/html"})
    assert page.status_code == 503
    assert "python -m crm.web.assets" in page.text
    assert "<link" not in page.text
    assert "revision" in browser.get("/health", headers={"Accept": "text/html"}).text
