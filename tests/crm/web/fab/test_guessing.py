"""Who guesses passwords waits, longer each time; nobody else does."""

from __future__ import annotations

import json
import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm.notifications import notification
from crm.runtime.redis_server import RedisServer
from crm.web.fab import guessing
from crm.web.fab.guessing import ACCOUNT, ADDRESS, HERE, Account, Guesses, Visitor
from tests.crm.web.house import PASSWORD, Browser, House, open_house

API = "/api/v1/security/login"
HOME, FAR = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def counting(tmp_path: Path, prepared: Path, redis_server: RedisServer) -> House:
    """A web process that counts in Redis and stands behind one proxy."""
    shutil.copy(prepared, tmp_path / "crm.db")
    return open_house(f"sqlite:///{tmp_path / 'crm.db'}", tmp_path, redis_url=redis_server.url, proxies=1)


class Tries:
    """Tries passwords, from addresses of one's choice."""

    def __init__(self, house: House) -> None:
        self.house = house

    def page(
        self, name: str, password: str = "wrong", address: str = HOME, browser: Browser | None = None
    ) -> int:
        """Return the status of a sign-in on the page."""
        browser = browser or self.house.browser()
        values = {"username": name, "password": password, "csrf_token": browser.token()}
        return browser.post("/login/", data=values, headers={"X-Forwarded-For": address}).status_code

    def api(self, name: str, password: str = "wrong", address: str = HOME) -> int:
        """Return the status of a sign-in by REST."""
        body = {"username": name, "password": password, "provider": "db"}
        answer = self.house.browser().post(API, json=body, headers={"X-Forwarded-For": address})
        return answer.status_code


@pytest.fixture
def tries(counting: House) -> Tries:
    return Tries(counting)


def test_the_sixth_attempt_waits_even_with_the_right_password(tries: Tries) -> None:
    assert [tries.page("sonia") for _ in range(5)] == [401] * 5
    assert tries.page("sonia", PASSWORD) == 429
    assert tries.api("sonia", PASSWORD) == 429


def test_right_passwords_do_not_count(tries: Tries) -> None:
    assert {tries.page("sonia", PASSWORD) for _ in range(HERE.free + 2)} == {302}
    assert {tries.api("sonia", PASSWORD) for _ in range(HERE.free + 2)} == {200}


def test_a_right_password_ends_the_streak(tries: Tries) -> None:
    for _ in range(3):
        assert [tries.api("sonia") for _ in range(HERE.free - 1)] == [401] * (HERE.free - 1)
        assert tries.api("sonia", PASSWORD) == 200


def test_colleagues_behind_the_same_address_sign_in(tries: Tries) -> None:
    assert [tries.page("sonia") for _ in range(6)][-1] == 429
    assert tries.page("chris", PASSWORD) == 302
    assert tries.api("admin", PASSWORD) == 200


def test_the_page_and_the_api_count_together_and_for_every_process(counting: House, tries: Tries) -> None:
    assert [tries.api("sonia") for _ in range(5)] == [401] * 5
    settings = counting.settings
    again = open_house(settings.database_url, settings.instance, redis_url=settings.redis_url, proxies=1)
    assert Tries(again).page("sonia", PASSWORD) == 429


def test_guesses_from_many_addresses_wait_and_a_browser_of_the_owner_does_not(
    counting: House, tries: Tries
) -> None:
    own = counting.browser()
    assert tries.page("sonia", PASSWORD, browser=own) == 302
    own.get("/logout/")
    found = [tries.api("sonia", address=f"203.0.113.{number}") for number in range(ACCOUNT.free + 3)]
    assert found == [401] * ACCOUNT.free + [429] * 3
    assert tries.api("sonia", PASSWORD, address="203.0.113.200") == 429
    assert tries.page("sonia", PASSWORD, browser=own) == 302


def test_a_known_browser_has_to_wait_as_well(counting: House, tries: Tries) -> None:
    own = counting.browser()
    tries.page("sonia", PASSWORD, browser=own)
    own.get("/logout/")
    assert [tries.page("sonia", browser=own) for _ in range(6)] == [401] * 5 + [429]


def test_a_browser_is_known_for_those_who_signed_in_with_it_only(counting: House, tries: Tries) -> None:
    own = counting.browser()
    tries.page("sonia", PASSWORD, browser=own)
    own.get("/logout/")
    assert [tries.page("chris", browser=own) for _ in range(5)] == [401] * 5
    assert tries.page("chris", PASSWORD) == 429


def test_a_forged_cookie_makes_no_browser_known(counting: House, tries: Tries) -> None:
    own = counting.browser()
    own.set_cookie(guessing.KNOWN, '{"browser":"x","users":[1,2,3]}.forged', path="/login/")
    assert [tries.page("sonia", browser=own) for _ in range(5)] == [401] * 5
    assert tries.page("sonia", PASSWORD) == 429


def test_names_nobody_has_are_answered_like_others(tries: Tries) -> None:
    known = [tries.api("sonia", address=HOME) for _ in range(7)]
    unknown = [tries.api("nobody", address=FAR) for _ in range(7)]
    assert known == unknown == [401] * 5 + [429] * 2


def test_a_name_and_its_mail_address_are_one_account(tries: Tries) -> None:
    for name in ("sonia", "SONIA", "sonia@localhost", "Sonia", "sonia"):
        assert tries.api(name) == 401
    assert tries.api("sonia@localhost") == 429


def test_one_address_that_tries_many_names_waits(tries: Tries) -> None:
    found = [tries.api(f"name{number}") for number in range(ADDRESS.free + 1)]
    assert found == [401] * ADDRESS.free + [429]
    assert tries.api("sonia", address=FAR) == 401


def test_pauses_grow(counting: House) -> None:
    guesses: Guesses = counting.app.extensions["crm_guesses"]
    visitor, waits = Visitor(Account("user-7", 7, "x"), HOME), []
    for _ in range(9):
        guesses.begin(visitor)
        waits.append(guesses.begin(visitor).wait_seconds)
        guesses._redis.clear(f"pause:here:user-7:{HOME}")
    assert [round(wait, -1) for wait in waits if wait][:6] == [30, 60, 120, 240, 480, 900]


def test_many_attempts_at_once_gain_nothing(counting: House) -> None:
    guesses: Guesses = counting.app.extensions["crm_guesses"]
    visitor = Visitor(Account("user-7", 7, "x"), HOME)
    with ThreadPoolExecutor(20) as pool:
        begun = [found.wait_seconds for found in pool.map(guesses.begin, [visitor] * 60)]
    assert begun.count(0) == HERE.free


def test_the_owner_is_told_once_and_the_log_knows_no_password(
    counting: House, tries: Tries, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for password in ("hunter2",) * 7:
            tries.page("sonia", password, FAR)
        tries.page("my-secret-in-the-wrong-field", "x", FAR)
    with counting.engine.connect() as connection:
        rows = connection.execute(sa.select(notification)).all()
    assert [row.user_id for row in rows] == [counting.user_id("sonia")]
    assert set(rows[0].text) == {"en", "el", "ro", "he"}
    assert FAR in rows[0].text["he"]
    said = [record.getMessage() for record in caplog.records if record.name == guessing.__name__]
    assert f"Wrong password for 'sonia' from {FAR}, 5 in a row" in said
    assert "hunter2" not in caplog.text
    assert "my-secret" not in caplog.text


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Try again in"), ("el", "Δοκιμάστε ξανά"), ("ro", "Încercați din nou"), ("he", "אפשר לנסות שוב")],
)
def test_the_page_says_when_to_try_again_and_keeps_the_name(house: House, language: str, words: str) -> None:
    browser = house.browser()
    browser.get(f"/lang/{language}")
    for _ in range(5):
        browser.sign_in("sonia", "wrong")
    answer = browser.sign_in("sonia", PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 30
    assert words in answer.text
    assert 'value="sonia"' in answer.text


def test_the_api_says_when_to_try_again(house: House) -> None:
    body = {"username": "sonia", "password": "wrong", "provider": "db"}
    for _ in range(5):
        house.browser().post(API, json=body)
    answer = house.browser().post(API, json=body)
    assert answer.json["error"]["code"] == "http.429"
    assert answer.headers["Retry-After"] in answer.json["error"]["message"]


def test_long_pauses_are_said_in_minutes(house: House) -> None:
    visitor = Visitor(Account(f"user-{house.user_id('sonia')}", 1), "unknown")
    memory = house.app.extensions["crm_guesses"]._memory
    memory.incr(f"pause:{visitor.counters()[0][0]}", 880)
    assert "Minutes to wait: 15." in house.browser().sign_in("sonia").text


def test_signing_in_works_and_guesses_count_while_redis_is_away(
    counting: House, tries: Tries, redis_server: RedisServer
) -> None:
    redis_server.stop()
    assert tries.page("sonia", PASSWORD) == 302
    assert [tries.page("sonia") for _ in range(6)] == [401] * 5 + [429]


def test_guesses_count_while_redis_takes_nothing(
    counting: House, tries: Tries, redis_server: RedisServer
) -> None:
    counting.app.extensions["crm_guesses"]._redis.storage.config_set("maxmemory", "1")
    assert tries.page("sonia", PASSWORD) == 302
    assert [tries.page("sonia") for _ in range(6)] == [401] * 5 + [429]


def test_wrong_passwords_count_on_each_database(house_on_each: House) -> None:
    browser = house_on_each.browser()
    assert [browser.sign_in("sonia", "wrong").status_code for _ in range(6)] == [401] * 5 + [429]
    with house_on_each.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(notification)) == 1


@pytest.mark.parametrize("name", ["so\0nia", "\ud800", "9" * 20_000, "\U0010ffff", "'; --"])
def test_odd_names_are_refused_like_others(house_on_each: House, name: str) -> None:
    body = json.dumps({"username": name, "password": "x", "provider": "db"})
    answer = house_on_each.browser().post(API, data=body, content_type="application/json")
    assert answer.status_code == (400 if name == "\ud800" else 401)
    if name != "\ud800":
        assert house_on_each.browser().sign_in(name, "x").status_code in (401, 422)
