"""Which language a page is in, and what a profile keeps."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.crm.web.house import Browser, House


def language_of(browser: Browser) -> str:
    """Return the language of the page one gets: the login, or one's profile."""
    return browser.get("/profile/", follow_redirects=True).text.split('<html lang="')[1][:2]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("he", "he"),
        ("ro-RO,ro;q=0.9,en;q=0.5", "ro"),
        ("de,el;q=0.7", "el"),
        ("de", "en"),
        ("", "en"),
        ("xx-!!", "en"),
    ],
)
def test_before_login_the_browser_chooses(still_house: House, asked: str, shown: str) -> None:
    assert language_of(still_house.browser(asked)) == shown


def test_a_choice_before_login_wins_over_the_browser(house: House) -> None:
    browser = house.browser("ro")
    assert browser.get("/lang/he").status_code == 302
    assert language_of(browser) == "he"


def test_an_unknown_language_is_not_found(browser: Browser) -> None:
    assert browser.get("/lang/xx").status_code == 404
    assert browser.get("/lang/../etc").status_code == 404


def test_a_choice_is_kept_for_the_user_and_found_in_the_next_browser(house_on_each: House) -> None:
    first = house_on_each.browser("en")
    first.sign_in("sonia")
    first.get("/lang/el")
    second = house_on_each.browser("en")
    second.sign_in("sonia")
    assert language_of(second) == "el"


def test_switching_leads_back_to_the_page_one_was_on(house: House, admin: Browser) -> None:
    answer = admin.get("/lang/el", headers={"Referer": "http://localhost/users/list/?page_x=1"})
    assert answer.headers["Location"] == "/users/list/?page_x=1"
    assert admin.get("/lang/el", headers={"Referer": "http://evil.com/"}).headers["Location"] == "/"


def test_a_profile_is_saved_and_the_page_speaks_the_new_language(house: House) -> None:
    browser = house.browser()
    browser.sign_in("sonia")
    answer = browser.send(
        "/profile/", language="he", time_zone="Asia/Jerusalem", theme="dark", week_start="monday"
    )
    assert answer.status_code == 302
    page = browser.get("/profile/")
    assert '<html lang="he" dir="rtl"' in page.text
    with house.engine.connect() as connection:
        row = connection.execute(
            sa.text("select language, time_zone, theme, week_start from crm_profile")
        ).one()
    assert tuple(row) == ("he", "Asia/Jerusalem", "dark", "monday")


BAD = [{"language": "xx"}, {"time_zone": "Mars/Base"}, {"theme": "pink"}, {"week_start": "noday"}]


@pytest.mark.parametrize("values", BAD)
def test_a_bad_value_of_a_profile_is_refused_in_place(house: House, values: dict[str, str]) -> None:
    browser = house.browser()
    browser.sign_in("sonia")
    answer = browser.send("/profile/", **values)
    assert answer.status_code == 422
    assert next(iter(values.values())) in answer.text
    with house.engine.connect() as connection:
        assert connection.scalar(sa.text("select count(*) from crm_profile")) == 0


def test_the_actor_carries_language_zone_roles_and_team(house: House) -> None:
    ids = [house.user_id(name) for name in ("sonia", "chris")]
    with house.engine.begin() as connection:
        for user_id in ids:
            values = {"id": user_id, "team": 7}
            connection.execute(
                sa.text(
                    "insert into crm_profile (user_id, team_id, language, time_zone) values (:id, :team, 'ro', 'UTC')"
                ),
                values,
            )
    seen = []
    house.app.after_request_funcs.setdefault(None, []).append(
        lambda answer: seen.append(actor_now()) or answer
    )
    browser = house.browser("en")
    browser.sign_in("sonia")
    browser.get("/profile/")
    actor = seen[-1]
    assert (actor.name, actor.language, str(actor.time_zone)) == ("sonia", "ro", "UTC")
    assert [role.name for role in actor.roles] == ["seller"]
    assert set(actor.team_user_ids) == set(ids)
    assert not actor.is_admin


def actor_now() -> object:
    from crm.web.serving.session import current_actor

    return current_actor()
