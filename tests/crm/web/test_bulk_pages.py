"""What one does with selected records on pages: choose, review, apply, undo; and the bin."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.factories import make_contract, make_customer, make_deal, user_id


@pytest.fixture
def deals(session) -> list[int]:
    """Three deals of a sales person, and one of somebody else."""
    nina = user_id(session, "sales")
    own = [make_deal(session, name=f"Own {place}", owner=nina).id for place in range(3)]
    found = [*own, make_deal(session, name="Other").id]
    session.commit()
    return found


def stored(session, numbers, field="probability", name="deal"):
    session.rollback()
    session.expire_all()
    records = [session.get(session.workspace.models[name], number) for number in numbers]
    found = [getattr(record, field, None) for record in records]
    session.rollback()
    return found


def sent(numbers, **more):
    return {"rowid": numbers, "_query": "", **more}


def post(browser, path, data):
    return browser.submit(path, data, page="/profile/")


def figures(page):
    """Return the numbers of a review by their label."""
    text = unescape(re.sub(r"<[^>]+>", "|", page))
    return {
        label: int(number)
        for label, number in re.findall(r"(Will [a-z ]+|Can't be changed)[|\s]+(\d+)", text)
    }


def test_a_field_is_chosen_reviewed_and_set_and_that_is_undone(client, session, deals):
    browser = client("sales")
    assert 'value="edit"' in browser.get("/deal/list/").text
    page = post(browser, "/deal/bulk", sent(deals, _action="edit"))
    assert page.status_code == 200 and '<option value="name">' in page.text
    assert '<option value="owner">' in page.text
    page = post(browser, "/deal/bulk", sent(deals, _action="edit", _field="name"))
    assert 'name="name"' in page.text and "Will change" not in page.text
    change = sent(deals, _action="edit", _field="name", name="Same")
    page = post(browser, "/deal/bulk", {**change, "_step": "check"})
    assert figures(page.text) == {"Will change": 3, "Can't be changed": 1}
    assert stored(session, deals, "name")[0] == "Own 0"
    page = post(browser, "/deal/bulk", {**change, "_step": "run"})
    assert page.status_code == 302 and page.location == "/job/1"
    assert stored(session, deals, "name") == ["Same"] * 3 + ["Other"]
    shown = browser.get("/job/1").text
    assert "Record not found" in shown and "Done" in shown and "Own" not in shown
    assert post(browser, "/job/1/undo", {}).location == "/job/2"
    assert stored(session, deals, "name") == ["Own 0", "Own 1", "Own 2", "Other"]
    assert "This bulk change was undone." in browser.get("/job/1").text
    assert post(browser, "/job/1/undo", {}).status_code == 302
    assert "already undone" in browser.get("/job/1").text
    assert "Undo (2)" in browser.get("/job/").text
    assert client("manager").get("/job/1").status_code == 404


def test_what_is_done_at_once_leads_back_to_the_list_with_an_undo(client, session, deals):
    browser = client("admin")
    change = sent(deals[:2], _action="assign", _field="owner", owner=str(user_id(session, "manager")))
    session.rollback()
    page = post(browser, "/deal/bulk", {**change, "_query": "q=Own", "_step": "run"})
    assert page.location == "/deal/list/?q=Own"
    assert 'data-undo-url="/job/1/undo"' in browser.get(page.location).text
    refused = post(
        browser, "/deal/bulk", sent(deals, _action="edit", _field="amount", amount="much", _step="check")
    )
    assert refused.status_code == 200 and figures(refused.text)["Will change"] == 0


def test_all_of_a_filter_is_more_than_what_is_ticked(client, session, deals):
    where = {"_all": "1", "_query": "q=Own", "_action": "edit", "_field": "name", "name": "All"}
    post(client("sales"), "/deal/bulk", {**where, "rowid": deals[:1], "_step": "run"})
    assert stored(session, deals, "name") == ["All"] * 3 + ["Other"]
    broken = post(client("sales"), "/deal/bulk", {**where, "_query": "_flt_0_nothing=1", "_step": "run"})
    assert broken.status_code == 400 and stored(session, deals, "name")[3] == "Other"


def test_selected_records_are_exported(client, deals):
    browser = client("sales")
    answer = post(browser, "/deal/bulk", sent(deals, _action="export"))
    rows = browser.get(answer.location + "&format=csv").data.decode("utf-8-sig").splitlines()
    assert answer.status_code == 302 and len(rows) == 4


def test_a_deletion_is_reviewed_and_lies_in_the_bin(client, session, deals):
    browser = client("sales")
    page = post(browser, "/deal/bulk", sent(deals, _action="delete"))
    assert figures(page.text) == {"Will be deleted": 3, "Can't be changed": 1}
    assert None not in stored(session, deals, "name")
    page = post(browser, "/deal/bulk", sent(deals[:3], _action="delete", _step="run"))
    assert page.location == "/deal/list/" and stored(session, deals, "name") == [None] * 3 + ["Other"]
    assert (
        "Own 1" in browser.get("/bin/deal/").text
        and "Own 1" not in client("external_agent").get("/bin/deal/").text
    )
    answer = post(browser, f"/bin/deal/{deals[1]}/restore", {})
    assert answer.location == f"/deal/show/{deals[1]}" and stored(session, deals, "name")[1] == "Own 1"
    assert "Restored" in browser.get(f"/deal/show/{deals[1]}").text
    assert post(browser, "/job/1/undo", {}).location == "/job/2"
    assert stored(session, deals, "name") == ["Own 0", "Own 1", "Own 2", "Other"]
    post(browser, "/job/2/undo", {})
    assert stored(session, deals, "name") == [None, "Own 1", None, "Other"]
    assert post(browser, f"/bin/deal/{deals[0]}/purge", {}).location == "/bin/deal/"
    assert "Own 0" not in browser.get("/bin/deal/").text
    assert post(browser, f"/bin/deal/{deals[0]}/restore", {}).status_code == 404


def test_what_hangs_on_a_record_refuses_its_deletion_by_name(client, session):
    free, bound = make_customer(session, name="Free").id, make_customer(session, name="Bound").id
    make_contract(session, customer=bound)
    session.commit()
    page = post(client("admin"), "/customer/bulk", sent([free, bound], _action="delete"))
    assert figures(page.text) == {"Will be deleted": 1, "Can't be changed": 1}
    assert "Bound" in page.text and "Free" not in page.text


def test_a_single_deletion_can_be_taken_back_by_page_and_by_program(client, session, deals):
    browser = client("sales")
    post(browser, f"/deal/delete/{deals[0]}", {})
    assert f'data-undo-url="/bin/deal/{deals[0]}/restore"' in browser.get("/deal/list/").text
    headers = {"X-CSRFToken": browser.token("/profile/")}
    for number, status in ((deals[0], 200), (deals[0], 404), (deals[3], 404), (10**9, 404)):
        assert browser.post(f"/api/v1/deal/{number}/restore", headers=headers).status_code == status
    assert stored(session, deals[:1], "name") == ["Own 0"]


def test_who_may_not_edit_is_offered_nothing_and_refused(client, deals):
    browser = client("viewer")
    for data in (sent(deals, _action="edit"), sent(deals, _action="delete", _step="run")):
        assert post(browser, "/customer/bulk", data).status_code == 403
    assert browser.get("/bin/customer/").status_code == 403
    assert browser.get("/bin/nothing/").status_code == 404
