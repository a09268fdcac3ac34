"""FAB's own pages: users, roles, groups and passwords, with bad arguments and curious readers."""

from __future__ import annotations

import re
import threading

import pytest
import sqlalchemy as sa

from tests.crm.web.house import DOCUMENTS, QUICK_HASH, Browser, House


def role_id(house: House, name: str) -> int:
    with house.engine.connect() as connection:
        return connection.scalar(sa.text("select id from ab_role where name = :name"), {"name": name})


PAGES = (
    "/users/list/",
    "/users/add",
    "/users/userinfo/",
    "/roles/list/",
    "/roles/add",
    "/groups/list/",
    "/groups/add",
)


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_open_for_an_administrator(still_admin: Browser, path: str) -> None:
    assert still_admin.get(path).status_code == 200


@pytest.mark.parametrize("path", [path for path in PAGES if "userinfo" not in path])
@pytest.mark.parametrize("name", ["sonia", "chris"])
def test_the_pages_are_closed_to_others(still_house: House, name: str, path: str) -> None:
    browser = still_house.browser()
    browser.sign_in(name)
    assert browser.get(path).status_code == 403


@pytest.mark.parametrize(
    "path", ["/users/list/", "/users/show/{}", "/users/edit/{}", "/users/add", "/groups/add"]
)
def test_roles_are_called_by_their_labels(still_house: House, still_admin: Browser, path: str) -> None:
    page = still_admin.get(path.format(still_house.user_id("sonia"))).text
    assert ">Seller<" in page and ">seller<" not in page


def test_an_administrator_adds_a_user_who_can_sign_in(house: House, admin: Browser) -> None:
    values = {
        "first_name": "Maria",
        "last_name": "Pop",
        "username": "maria",
        "email": "maria@example.org",
        "active": "y",
        "password": "three green boats",
        "conf_password": "three green boats",
        "roles": str(role_id(house, "seller")),
    }
    assert admin.send("/users/add", **values).status_code == 302
    assert house.browser().sign_in("maria", "three green boats").status_code == 302


def test_a_user_is_edited_and_another_roles_pages_open(house: House, admin: Browser) -> None:
    user_id = house.user_id("sonia")
    values = {
        "first_name": "Sonia",
        "last_name": "New",
        "username": "sonia",
        "email": "sonia@localhost",
        "active": "y",
    }
    answer = admin.send(f"/users/edit/{user_id}", **values, roles=str(role_id(house, "chief")))
    assert answer.status_code == 302
    browser = house.browser()
    browser.sign_in("sonia")
    assert browser.get("/visit/list/").status_code == 200


def test_an_administrator_gives_another_password(house: House, admin: Browser) -> None:
    path = f"/resetpassword/form?pk={house.user_id('sonia')}"
    answer = admin.send(path, password="three green boats", conf_password="three green boats")
    assert answer.status_code == 302
    assert house.browser().sign_in("sonia").status_code == 401
    assert house.browser().sign_in("sonia", "three green boats").status_code == 302


def test_nobody_gives_himself_a_role(house: House) -> None:
    browser = house.browser()
    browser.sign_in("sonia")
    values = {"first_name": "S", "last_name": "N", "roles": str(role_id(house, "Admin")), "active": "y"}
    browser.send("/userinfoeditview/form", **values)
    assert browser.send(f"/users/edit/{house.user_id('sonia')}", **values).status_code == 403
    assert (
        browser.send(
            f"/resetpassword/form?pk={house.user_id('admin')}", password="three green boats"
        ).status_code
        == 403
    )
    with house.engine.connect() as connection:
        held = connection.scalars(
            sa.text("select role_id from ab_user_role where user_id = :id"), {"id": house.user_id("sonia")}
        ).all()
    assert held == [role_id(house, "seller")]


def test_an_administrator_cannot_delete_himself(house: House, admin: Browser) -> None:
    admin.send(f"/users/delete/{house.user_id('admin')}")
    assert house.browser().sign_in("admin").status_code == 302


@pytest.mark.parametrize(
    "path", ["/users/list/", "/users/show/{id}", "/users/edit/{id}", "/users/userinfo/", "/api/v1/_openapi"]
)
def test_no_page_shows_a_passwords_hash(still_house: House, still_admin: Browser, path: str) -> None:
    answer = still_admin.get(path.format(id=still_house.user_id("sonia")))
    assert answer.status_code == 200
    assert QUICK_HASH[:20] not in answer.text


def order_of_names(text: str) -> list[str]:
    """Return the user names of a list page in the order they stand in."""
    return re.findall(r"\b(admin|sonia|chris)@localhost", text)


@pytest.mark.parametrize("column", ["password", "created_by.password", "roles", "nothing", "__class__"])
def test_users_are_not_sorted_by_what_is_not_shown(still_admin: Browser, column: str) -> None:
    usual = order_of_names(still_admin.get("/users/list/").text)
    for direction in ("asc", "desc"):
        arguments = {"_oc_UserDBModelView": column, "_od_UserDBModelView": direction}
        assert order_of_names(still_admin.get("/users/list/", query_string=arguments).text) == usual


def test_users_are_not_filtered_by_their_password(still_admin: Browser) -> None:
    usual = order_of_names(still_admin.get("/users/list/").text)
    for operator in range(10):
        found = still_admin.get("/users/list/", query_string={f"_flt_{operator}_password": "scrypt"})
        assert order_of_names(found.text) == usual


ODD = (
    "page_UserDBModelView=abc",
    "page_UserDBModelView=-1",
    "page_UserDBModelView=999999999999999999999",
    "psize_UserDBModelView=abc",
    "psize_UserDBModelView=999999999",
    "psize_UserDBModelView=0",
    "_oc_UserDBModelView=&_od_UserDBModelView=",
    "_oc_UserDBModelView=username&_od_UserDBModelView=sideways",
    "_flt_9_username=x",
    "_flt_0_nothing=x",
    "_flt_0_active=maybe",
    "_flt_0_first_name=%00",
    "page_=1&psize_=",
    "%F0%9F%98%80=1",
)


@pytest.mark.parametrize("arguments", ODD)
def test_odd_arguments_of_a_list_are_no_failure(still_admin: Browser, arguments: str) -> None:
    assert still_admin.get(f"/users/list/?{arguments}").status_code == 200


@pytest.mark.parametrize("path", ["/users/show/{}", "/users/edit/{}", "/roles/show/{}", "/groups/edit/{}"])
@pytest.mark.parametrize("number", ["999999", "99999999999999999999999", "abc", "-1", "1.5"])
def test_a_record_that_is_not_there_is_not_found(still_admin: Browser, path: str, number: str) -> None:
    assert still_admin.get(path.format(number)).status_code == 404


def test_an_unknown_action_is_not_found(house: House, admin: Browser) -> None:
    assert admin.send(f"/users/action/nothing/{house.user_id('sonia')}").status_code == 404
    assert admin.send("/users/action_post", action="nothing", rowid="1").status_code == 404


def test_a_role_is_copied_by_its_action(house: House, admin: Browser) -> None:
    assert (
        admin.send("/roles/action_post", action="copyrole", rowid=str(role_id(house, "seller"))).status_code
        == 302
    )
    assert role_id(house, "seller copy")


def test_there_is_no_download_by_file_name(still_admin: Browser) -> None:
    assert still_admin.get("/users/download/secret_key").status_code == 404


def test_readers_of_one_list_do_not_share_their_filters(house: House) -> None:
    wrong = []

    def read(name: str) -> None:
        browser = house.browser()
        browser.sign_in("admin")
        for _ in range(15):
            found = order_of_names(browser.get("/users/list/", query_string={"_flt_3_username": name}).text)
            if set(found) - {name}:
                wrong.append((name, found))

    threads = [threading.Thread(target=read, args=(name,)) for name in ("admin", "sonia", "chris", "sonia")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_label_never_becomes_html(house: House) -> None:
    attack = "<img src=x onerror=alert(1)>"
    text = DOCUMENTS["entities/firm.yaml"].replace("{en: Firms, he: חברות}", f'"{attack}"')
    house.wait_until_serving(house.publish(entities_firm=text))
    browser = house.browser()
    browser.sign_in("chris")
    page = browser.get("/profile/")
    assert page.headers["X-Revision"] == "2" and attack not in page.text


def test_long_addresses_do_not_burst_the_session(admin: Browser) -> None:
    for number in range(6):
        admin.get("/users/list/", query_string={"_flt_2_username": str(number) * 1_500})
    assert len(admin.get_cookie("koine").value) < 3_000
    assert admin.get("/users/list/").status_code == 200


@pytest.mark.parametrize("way", ["/groups/edit/{group}", "/roles/edit/{role}"])
def test_no_change_of_a_group_or_a_role_takes_the_last_administrator(
    house: House, admin: Browser, way: str
) -> None:
    admin_id, role = house.user_id("admin"), role_id(house, "Admin")
    members = {"name": "chiefs", "label": "", "description": "", "users": str(admin_id)}
    assert admin.send("/groups/add", **members, roles=str(role)).status_code == 302
    with house.engine.begin() as connection:
        connection.execute(sa.text("delete from ab_user_role where user_id = :user"), {"user": admin_id})
        group = connection.scalar(sa.text("select id from ab_group where name = 'chiefs'"))
    assert admin.sign_in("admin").status_code == 302
    answer = admin.send(way.format(group=group, role=role), **{**members, "name": "others"})
    home = admin.get("/").text
    assert "the last active administrator" in answer.text + home
    assert admin.get("/users/list/").status_code == 200
