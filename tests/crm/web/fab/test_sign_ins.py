"""Sessions and tokens end where they should: signing out, another password, other roles, inactive users."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Group, Role, User

from crm.database import CrmSession
from crm.permissions.sign_ins import sign_in, start_sign_in
from crm.permissions.store import deactivate
from tests.counting import statements
from tests.crm.web.house import PASSWORD, Browser, House

COOKIE = "koine"
LOGIN = {"username": "sonia", "password": PASSWORD, "provider": "db", "refresh": True}


def copy_of(house: House, browser: Browser) -> Browser:
    """Return another browser with a copy of the cookie."""
    thief = house.browser()
    thief.set_cookie(COOKIE, browser.get_cookie(COOKIE).value)
    return thief


def is_in(browser: Browser) -> bool:
    """Return whether a browser is signed in."""
    return browser.get("/profile/").status_code == 200


def bearer(house: House, kind: str = "access_token") -> dict[str, str]:
    """Return the headers of a fresh token of sonia's."""
    answer = house.browser().post("/api/v1/security/login", json=LOGIN)
    return {"Authorization": f"Bearer {answer.json[kind]}"}


def opens(house: House, headers: dict[str, str]) -> bool:
    """Return whether a token opens the API."""
    return house.browser().get("/api/v1/firm/", headers=headers).status_code == 200


def change(house: House, work: Callable[[CrmSession], None]) -> None:
    """Change users as the pages of Flask-AppBuilder do."""
    with CrmSession(house.engine) as session:
        work(session)
        session.commit()


def user(session: CrmSession, name: str = "sonia") -> User:
    return session.query(User).filter_by(username=name).one()


def role(session: CrmSession, name: str = "chief") -> Role:
    return session.query(Role).filter_by(name=name).one()


def test_a_copied_cookie_is_worth_nothing_after_signing_out(house_on_each: House) -> None:
    browser = house_on_each.browser()
    browser.sign_in("sonia")
    thief = copy_of(house_on_each, browser)
    assert is_in(thief)
    browser.get("/logout/")
    assert not is_in(thief)


def test_signing_out_ends_one_session_and_not_the_others(house: House) -> None:
    here, elsewhere, headers = house.browser(), house.browser(), bearer(house)
    here.sign_in("sonia")
    elsewhere.sign_in("sonia")
    here.get("/logout/")
    assert is_in(elsewhere)
    assert opens(house, headers)


def there_and_back(session: CrmSession) -> None:
    """Give sonia a role and take it away again."""
    sonia, chief = user(session), role(session)
    sonia.roles.append(chief)
    session.commit()
    sonia.roles.remove(chief)


def switched_off_and_on(session: CrmSession) -> None:
    user(session).active = False
    session.commit()
    user(session).active = True


def another_password(session: CrmSession) -> None:
    user(session).password = "pbkdf2:sha256:1$a$b"


def into_a_group(session: CrmSession) -> None:
    heads = Group(name="heads", label="", description="", roles=[role(session)])
    session.add(heads)
    session.commit()
    heads.users.append(user(session))


def from_the_side_of_the_role(session: CrmSession) -> None:
    chief = role(session)
    chief.user.append(user(session))


@pytest.mark.parametrize(
    "work",
    [there_and_back, switched_off_and_on, another_password, into_a_group, from_the_side_of_the_role],
)
def test_what_changes_a_user_ends_all_sessions_and_tokens(
    house: House, work: Callable[[CrmSession], None]
) -> None:
    browser, other = house.browser(), house.browser()
    browser.sign_in("sonia")
    other.sign_in("chris")
    headers, refresh = bearer(house), bearer(house, "refresh_token")
    assert opens(house, headers)
    change(house, work)
    assert not is_in(browser)
    assert not opens(house, headers)
    assert house.browser().post("/api/v1/security/refresh", headers=refresh).status_code == 401
    assert is_in(other)


def group_of_sonia(session: CrmSession) -> None:
    session.add(Group(name="a", label="", description="", users=[user(session)]))


def group_gets_a_role(session: CrmSession) -> None:
    group = session.query(Group).one()
    group.roles.append(role(session))


def test_a_group_that_gets_a_role_signs_its_members_out(house: House) -> None:
    change(house, group_of_sonia)
    browser = house.browser()
    browser.sign_in("sonia")
    change(house, group_gets_a_role)
    assert not is_in(browser)


def test_roles_that_change_behind_our_back_end_sessions_too(house: House) -> None:
    browser, headers = house.browser(), bearer(house)
    browser.sign_in("sonia")
    number = house.user_id("sonia")
    with house.engine.begin() as connection:
        connection.execute(
            sa.text(
                "insert into ab_user_role (user_id, role_id) select :user, id from ab_role where name = 'chief'"
            ),
            {"user": number},
        )
    assert not is_in(browser)
    assert not opens(house, headers)


def test_an_administrator_who_changes_a_user_in_the_form_ends_their_sessions(house: House) -> None:
    browser, admin = house.browser(), house.browser()
    browser.sign_in("sonia")
    admin.sign_in("admin")
    number = house.user_id("sonia")
    with house.engine.connect() as connection:
        chief = connection.scalar(sa.text("select id from ab_role where name = 'chief'"))
    answer = admin.send(
        f"/users/edit/{number}",
        first_name="Sonia", last_name="E", username="sonia", email="sonia@localhost", active="y", roles=str(chief),
    )  # fmt: skip
    assert answer.status_code == 302, answer.text
    assert not is_in(browser)
    assert is_in(admin)


def test_a_token_that_was_refreshed_ends_with_the_sign_in_it_comes_from(house: House) -> None:
    refresh = bearer(house, "refresh_token")
    fresh = house.browser().post("/api/v1/security/refresh", headers=refresh).json["access_token"]
    headers = {"Authorization": f"Bearer {fresh}"}
    assert opens(house, headers)
    change(house, another_password)
    assert not opens(house, headers)


def test_a_session_ends_in_a_month_even_when_it_is_used(house: House) -> None:
    browser = house.browser()
    browser.sign_in("sonia")
    past = sa.update(sign_in).values(ends_at=dt.datetime(2020, 1, 1))
    with house.engine.begin() as connection:
        connection.execute(past)
    assert not is_in(browser)


def test_sign_ins_that_ended_are_swept_away_by_the_next_one(house_on_each: House) -> None:
    old, now, day = dt.datetime(2026, 1, 1), dt.datetime(2026, 3, 1), dt.timedelta(days=1)
    with house_on_each.engine.begin() as connection:
        start_sign_in(connection, 1, old, day)
        start_sign_in(connection, 1, now, day)
        assert connection.scalar(sa.select(sa.func.count()).select_from(sign_in)) == 1


def test_the_table_holds_nothing_to_sign_in_with(house: House) -> None:
    with house.engine.begin() as connection:
        secret = start_sign_in(connection, 1, dt.datetime(2026, 1, 1), dt.timedelta(days=1))
        row = connection.execute(sa.select(sign_in)).one()
    assert secret not in str(row)


def test_looking_whether_a_session_holds_takes_no_statement_of_its_own(house: House) -> None:
    browser = house.browser()
    browser.sign_in("sonia")
    browser.get("/profile/token")
    with statements(house.engine) as noted:
        browser.get("/profile/token")
    assert len([text for text in noted if "crm_sign_in" in text]) == 1
    assert len([text for text in noted if "ab_user" in text and "crm_sign_in" not in text]) <= 1


def test_who_leaves_is_signed_out_for_good(house: House) -> None:
    browser, headers = house.browser(), bearer(house)
    browser.sign_in("sonia")
    number = house.user_id("sonia")
    with house.engine.begin() as connection:
        deactivate(connection, number)
        connection.execute(sa.text("update ab_user set active = :yes"), {"yes": True})
    assert not is_in(browser)
    assert not opens(house, headers)


def test_places_are_listed_and_signed_out_one_by_one(house) -> None:
    phone, desk, other = (house.browser() for _ in range(3))
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0) Version/26.0 Mobile Safari/604.1 <b>"
    token = phone.token()
    sent = {"username": "sonia", "password": PASSWORD, "csrf_token": token}
    assert phone.post("/login/", data=sent, headers={"User-Agent": agent}).status_code == 302
    assert desk.sign_in("sonia").status_code == other.sign_in("chris").status_code == 302
    page = desk.get("/profile/").text
    assert "Safari · iPhone" in page and "<b>" not in page and page.count("This device") == 1
    (ending,) = re.findall(r'action="(/profile/session/\d+/end)"', page)
    assert other.send(ending).status_code == 404
    assert phone.get("/profile/").status_code == 200
    assert desk.send(ending).status_code == 302
    assert "/login" in phone.get("/profile/").location and desk.get("/profile/").status_code == 200
