"""The pages of segments: counts that agree with the list, for each reader their own."""

from __future__ import annotations

import re

import pytest

from crm.permissions.model import SYSTEM
from crm.segments.profile import open_segments, profile_of
from tests.crm.web.form_reader import form_of
from tests.factories import make_customer, user_id


@pytest.fixture
def customers(session):
    """Five customers, of whom three are active: one of sales, two of the administrator; one is large."""
    for number, (status, owner, revenue) in enumerate(
        [
            ("active", "sales", 100),
            ("active", "admin", 30_000),
            ("at_risk", "admin", 500),
            ("lead", "sales", 7),
            ("churned", "admin", 9),
        ]
    ):
        make_customer(
            session,
            name=f"Customer {number}",
            status=status,
            owner=user_id(session, owner),
            revenue=revenue,
            do_not_contact=False,
        )
    session.commit()


def test_a_profile_counts_spreads_and_shares(session, customers):
    session.actor = SYSTEM
    found = profile_of(session, "active_customers")
    assert (found.count, found.whole, found.share) == (3, 5, 60.0)
    spread = dict(found.spreads)
    status = next(parts for label, parts in spread.items() if label == "Status")
    told = {part.label: (part.count, round(part.share, 1), round(part.usual, 1)) for part in status}
    assert told == {"Active": (2, 66.7, 40.0), "At risk": (1, 33.3, 20.0)}
    assert all(round(sum(part.share for part in parts), 6) == 100 for parts in spread.values())
    overlaps = {other.name: part.count for other, part in found.overlaps}
    assert overlaps["large_customers"] == 1 and overlaps["at_risk"] == 1
    assert any("30,600" in amount.total for amount in found.amounts), found.amounts


def test_a_page_counts_what_its_list_shows(client, session, customers):
    browser = client("admin")
    page = browser.get("/segments/active_customers").text
    assert "Customer 0" in page and "Customer 4" not in page
    address = re.search(r'href="(/customer/list/\?[^"]*)"', page)[1].replace("&amp;", "&")
    listed = browser.get(address).text
    assert all(f"Customer {number}" in listed for number in range(3)) and "Customer 3" not in listed


def test_everybody_sees_a_segment_of_their_own_records(client, session, customers):
    names = {one.name for one in open_segments(session)}
    assert "active_customers" in names
    page = client("sales").get("/segments/active_customers").text
    assert "Customer 0" in page and "Customer 1" not in page
    assert "/admin/segments/" not in page


def test_an_empty_segment_says_so(client, session):
    page = client("admin").get("/segments/champions").text
    assert "No record is in this segment now." in page


def test_what_is_not_there_or_not_open_is_refused(client, session):
    assert client("admin").get("/segments/nothing").status_code == 404
    answer = client().get("/segments/")
    assert answer.status_code == 302 and "/login/" in answer.headers["Location"]


def form_on(page: str) -> dict[str, str]:
    """Return what the form of a segment on a page sends."""
    return form_of(
        re.search(r'<form method="post" action="/admin/segments/\w+" .*?</form>', page, re.S)[0]
    ).to_dict()


def test_a_filter_becomes_a_segment_in_the_draft_and_then_changes(client, session):
    browser = client("admin")
    listed = browser.get("/customer/list/?_flt_0_status=lead").text
    address = re.search(r'href="(/admin/segments/new\?[^"]*)"', listed)[1].replace("&amp;", "&")
    form = form_on(browser.get(address).text)
    assert "lead" in form.values()
    refused = browser.post("/admin/segments/new", data=form)
    assert refused.status_code == 422 and "Enter a label in at least one language." in refused.text
    saved = browser.post("/admin/segments/new", data={**form, "label.en": "New leads", "label.he": "לידים"})
    assert saved.headers["Location"] == "/admin/segments/new_leads"
    form = form_on(browser.get("/admin/segments/new_leads").text)
    assert form["label.he"] == "לידים"
    again = browser.post("/admin/segments/new_leads", data={**form, "label.el": "Νέοι"})
    assert again.status_code == 302
    stale = browser.post("/admin/segments/new_leads", data={**form, "label.el": "Άλλοι"})
    assert stale.status_code == 422, "the draft has moved on"
    text = browser.get("/admin/schema/documents/segment/new_leads").text
    assert "Νέοι" in text and "is: lead" in text and "Άλλοι" not in text
    assert browser.get("/segments/new_leads").status_code == 404, "it is not live yet"
    browser.post("/admin/segments/new_leads/remove", data={"csrf_token": form["csrf_token"]})
    assert browser.get("/admin/segments/new_leads").status_code == 404


def test_a_segment_without_conditions_or_with_broken_ones_is_refused(client):
    browser = client("admin")
    form = form_on(browser.get("/admin/segments/new?entity=deal&where=%7B").text)
    answer = browser.post("/admin/segments/new", data={**form, "label.en": "All"})
    assert answer.status_code == 422 and "Add at least one condition." in answer.text
    where = '[{"field": "amount", "above": "much"}]'
    form = form_on(browser.get("/admin/segments/new", query_string={"entity": "deal", "where": where}).text)
    answer = browser.post("/admin/segments/new", data={**form, "label.en": "Much"})
    assert answer.status_code == 422 and 'value="Much"' in answer.text


def test_only_who_configures_edits_segments(client):
    browser = client("sales")
    assert browser.get("/admin/segments/new").status_code in (302, 403)
    assert "Save as segment" not in browser.get("/customer/list/?_flt_0_status=lead").text
