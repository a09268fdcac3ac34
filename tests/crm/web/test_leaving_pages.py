"""The pages on which an administrator lets a user leave."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from crm.permissions.store import USERS, deactivate, find_user
from tests.factories import make_customer, user_id


@pytest.fixture
def admin(client):
    """A browser of the administrator."""
    return client("admin")


def is_active(session, number):
    """Return whether a user may sign in."""
    session.rollback()
    return bool(find_user(session.connection(), number)["active"])


def test_the_page_asks_who_takes_over_and_does_it(admin, session):
    nina, omer = user_id(session, "sales"), user_id(session, "manager")
    first, second = (make_customer(session, owner=nina).id for _ in range(2))
    session.commit()
    page = admin.get(f"/users/leaving/{nina}")
    assert page.status_code == 200 and 'name="to.customer.owner"' in page.text
    answer = admin.submit(f"/users/leaving/{nina}", {"all": str(omer)})
    assert answer.status_code == 302
    assert "2 records were handed over." in admin.get(answer.location).text
    assert not is_active(session, nina)
    cls = session.workspace.models["customer"]
    assert set(session.scalars(sa.select(cls.owner_id).where(cls.id.in_([first, second])))) == {omer}


@pytest.mark.parametrize("address", ["/users/delete/{}", "/users/action/leave/{}"])
def test_every_other_way_out_leads_to_the_question(admin, session, address):
    nina = user_id(session, "sales")
    session.commit()
    answer = admin.submit(address.format(nina), {}, page="/users/list/")
    assert answer.location.endswith(f"/users/leaving/{nina}") and is_active(session, nina)


def test_unticking_active_in_the_form_asks_first(admin, session):
    nina = user_id(session, "sales")
    row = session.connection().execute(sa.select(USERS).where(USERS.c.id == nina)).one()
    role = session.connection().scalar(
        sa.text("SELECT role_id FROM ab_user_role WHERE user_id = :id"), {"id": nina}
    )
    session.commit()
    sent = {name: getattr(row, name) for name in ("username", "first_name", "last_name", "email")}
    answer = admin.submit(f"/users/edit/{nina}", {**sent, "last_name": "New", "roles": str(role)})
    assert answer.location.endswith(f"/users/leaving/{nina}")
    assert is_active(session, nina)


def test_the_last_administrator_cannot_go_by_the_form(admin, session):
    number = user_id(session, "admin")
    row = session.connection().execute(sa.select(USERS).where(USERS.c.id == number)).one()
    role = session.connection().scalar(
        sa.text("SELECT role_id FROM ab_user_role WHERE user_id <> :id ORDER BY role_id"), {"id": number}
    )
    session.commit()
    sent = {name: getattr(row, name) for name in ("username", "first_name", "last_name", "email")}
    admin.submit(f"/users/edit/{number}", {**sent, "active": "y", "roles": str(role)})
    assert "Admin" in admin.get(f"/users/show/{number}").text
    admin.submit(f"/users/leaving/{number}", {"all": "stay"})
    assert is_active(session, number)


def test_only_administrators_see_the_page(client, session):
    nina = user_id(session, "sales")
    session.commit()
    for role in ("manager", "configurator", "sales"):
        assert client(role).get(f"/users/leaving/{nina}").status_code in (302, 403)


def test_the_look_up_offers_active_users_only_and_a_form_keeps_who_has_left(admin, session):
    nina = user_id(session, "sales")
    customer = make_customer(session, owner=nina).id
    deactivate(session.connection(), nina)
    session.commit()
    offered = json.loads(admin.get("/lookup/customer/owner?q=").text)
    assert str(nina) not in {each["value"] for each in offered}
    form = admin.get(f"/customer/edit/{customer}").text
    assert f'value="{nina}"' in form and "(inactive)" in form
    saved = admin.submit(f"/customer/edit/{customer}", {"owner": str(nina), "city": "Cluj"})
    assert saved.status_code == 302
    refused = admin.submit(
        "/customer/add", {"name": "New", "owner": str(nina), "kind": "company", "status": "lead"}
    )
    assert refused.status_code == 422
