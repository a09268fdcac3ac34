"""Requests that another site made the browser send are refused; tokens open the API without a cookie."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.crm.web.house import PASSWORD, Browser, House, build_house


def sign_in_for_token(house: House, name: str = "admin") -> str:
    """Return a JSON Web Token."""
    answer = house.browser().post(
        "/api/v1/security/login", json={"username": name, "password": PASSWORD, "provider": "db"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json["access_token"]


def count_users(house: House) -> int:
    with house.engine.connect() as connection:
        return connection.scalar(sa.text("select count(*) from ab_user"))


def test_a_form_without_its_token_is_refused_and_changes_nothing(house: House, admin: Browser) -> None:
    answer = admin.post(f"/users/delete/{house.user_id('sonia')}")
    assert answer.status_code == 400
    assert count_users(house) == 3


def test_following_a_link_deletes_nothing(house: House, admin: Browser) -> None:
    answer = admin.get(f"/users/delete/{house.user_id('sonia')}")
    assert answer.status_code in (302, 405)
    assert count_users(house) == 3


def test_following_a_link_runs_no_action(house: House, admin: Browser) -> None:
    assert admin.get(f"/users/action/resetpasswords/{house.user_id('sonia')}").status_code == 405


def test_an_api_call_by_cookie_needs_the_token(admin: Browser) -> None:
    assert admin.post("/api/v1/security/refresh").status_code == 401
    answer = admin.post("/api/v1/anything/", json={"name": "x"})
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "web.bad_form_token"
    answer = admin.post("/api/v1/anything/", json={"name": "x"}, headers={"X-CSRFToken": admin.token()})
    assert answer.status_code == 404


def test_a_json_web_token_opens_the_api_without_a_form_token(house: House) -> None:
    headers = {"Authorization": f"Bearer {sign_in_for_token(house)}"}
    assert house.browser().get("/api/v1/_openapi", headers=headers).status_code == 200


def test_the_api_login_leaves_no_cookie(house: House) -> None:
    browser = house.browser()
    browser.post("/api/v1/security/login", json={"username": "admin", "password": PASSWORD, "provider": "db"})
    assert browser.get("/api/v1/_openapi").status_code == 401
    assert browser.get("/profile/").status_code == 302


def test_a_token_counts_more_than_the_cookie_beside_it(house: House, admin: Browser) -> None:
    token = sign_in_for_token(house, "sonia")
    menu = admin.get("/api/v1/menu/", headers={"Authorization": f"Bearer {token}"}).json["result"]
    assert "Security" not in [item["name"] for item in menu]
    assert "Security" in [item["name"] for item in admin.get("/api/v1/menu/").json["result"]]


@pytest.mark.parametrize("token", ["", "nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."])
def test_a_bad_token_is_refused_even_with_a_good_cookie(admin: Browser, token: str) -> None:
    answer = admin.get("/api/v1/_openapi", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "web.bad_token"


def test_the_token_of_a_user_made_inactive_is_refused(house: House) -> None:
    headers = {"Authorization": f"Bearer {sign_in_for_token(house, 'sonia')}"}
    with house.engine.begin() as connection:
        connection.execute(sa.text("update ab_user set active = :no"), {"no": False})
    assert house.browser().get("/api/v1/_openapi", headers=headers).status_code == 401


def test_a_wrong_password_in_the_api_is_an_error_of_our_shape(house: House) -> None:
    answer = house.browser().post(
        "/api/v1/security/login", json={"username": "sonia", "password": "wrong", "provider": "db"}
    )
    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "http.401"
    assert answer.json["message"] == "Not authorized"


def test_a_changed_password_ends_every_token(house: House) -> None:
    headers = {"Authorization": f"Bearer {sign_in_for_token(house, 'sonia')}"}
    assert house.browser().get("/api/v1/_openapi", headers=headers).status_code == 200
    browser = house.browser()
    browser.sign_in("sonia")
    browser.send("/resetmypassword/form", password="three green boats", conf_password="three green boats")
    assert house.browser().get("/api/v1/_openapi", headers=headers).status_code == 401


def test_behind_a_proxy_each_readers_own_address_counts(tmp_path: Path) -> None:
    house = build_house(f"sqlite:///{tmp_path / 'crm.db'}", tmp_path, proxies=1)
    wrong = {"username": "sonia", "password": "wrong", "provider": "db"}

    def status_for(address: str) -> int:
        headers = {"X-Forwarded-For": address}
        return house.browser().post("/api/v1/security/login", json=wrong, headers=headers).status_code

    assert [status_for("10.0.0.1") for _ in range(6)] == [401] * 5 + [429]
    assert status_for("10.0.0.2") == 401


def test_with_a_public_name_no_other_host_is_answered(tmp_path: Path) -> None:
    house = build_house(f"sqlite:///{tmp_path / 'crm.db'}", tmp_path, public_url="https://crm.example.org")
    assert house.browser().get("/login/", base_url="https://crm.example.org").status_code == 200
    assert house.browser().get("/login/", base_url="https://evil.com").status_code == 400
    assert house.browser().get("/health", base_url="http://127.0.0.1:8080").status_code == 200
