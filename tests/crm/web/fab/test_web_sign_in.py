"""Signing in and out."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from tests.crm.web.house import PASSWORD, Browser, House


def test_a_page_sends_a_stranger_to_the_login_and_back(browser: Browser) -> None:
    answer = browser.get("/profile/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login/?next=")
    assert "denied" not in browser.get(answer.headers["Location"]).text.lower()
    answer = browser.sign_in("sonia", path=answer.headers["Location"])
    assert answer.headers["Location"] == "/profile/"


def test_a_wrong_password_is_refused_with_the_name_kept(browser: Browser) -> None:
    answer = browser.sign_in("sonia", "wrong")
    assert answer.status_code == 401
    assert 'value="sonia"' in answer.text
    assert browser.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "//evil.com",
        "/\\evil.com",
        "\\\\evil.com",
        "https://evil.com/x",
        "javascript:alert(1)",
        "/\t/evil.com",
        "///evil",
    ],
)
def test_the_login_never_leads_to_another_site(still_house: House, target: str) -> None:
    browser = still_house.browser()
    form = {"username": "sonia", "password": PASSWORD, "csrf_token": browser.token()}
    answer = browser.post("/login/", query_string={"next": target}, data=form)
    assert answer.status_code == 302
    assert re.match(r"/(?![/\\])", answer.headers["Location"])


def test_a_spoofed_host_does_not_make_its_address_safe(house: House) -> None:
    browser = house.browser()
    form = {"username": "sonia", "password": PASSWORD, "csrf_token": browser.token()}
    answer = browser.post(
        "/login/", query_string={"next": "http://evil.com/x"}, data=form, headers={"Host": "evil.com"}
    )
    assert "evil" not in answer.headers.get("Location", "")


def test_signing_out_forgets_everything_but_the_language(house: House) -> None:
    browser = house.browser()
    browser.get("/lang/el")
    browser.sign_in("sonia")
    browser.get("/logout/")
    assert browser.get("/profile/").status_code == 302
    assert '<html lang="el"' in browser.get("/login/").text


def test_a_changed_password_ends_every_other_session(house: House) -> None:
    here, elsewhere = house.browser(), house.browser()
    here.sign_in("sonia")
    elsewhere.sign_in("sonia")
    answer = here.send("/resetmypassword/form", password="Another-horse-8", conf_password="Another-horse-8")
    assert answer.status_code == 302
    assert here.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302


def test_a_weak_password_is_refused(house: House) -> None:
    browser = house.browser()
    browser.sign_in("sonia")
    answer = browser.send("/resetmypassword/form", password="Password123", conf_password="Password123")
    assert "too common" in answer.text
    assert house.browser().sign_in("sonia").status_code == 302


def test_a_user_made_inactive_is_out_at_once(house: House) -> None:
    browser = house.browser()
    browser.sign_in("sonia")
    with house.engine.begin() as connection:
        connection.execute(sa.text("update ab_user set active = :no where username = 'sonia'"), {"no": False})
    assert browser.get("/profile/").status_code == 302


def test_a_piece_asked_for_after_the_session_ended_is_401_and_no_login_page(browser: Browser) -> None:
    answer = browser.get("/profile/", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert "Sign in first." in answer.text
    assert "<html" not in answer.text
