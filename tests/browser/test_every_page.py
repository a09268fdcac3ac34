"""Every page the app has, taken from its map of addresses: whoever adds one finds it here, or is told to name it.

The pages are dealt out to a few tests, which can run beside each other. A page that shows something else under another
address (with arguments, of another entity) is named in `ALSO`; no other file asks whether a page is sound as it stands.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from crm.drafts.service import edit_document
from crm.leaving.handover import leave, run_handover
from crm.notifications import Notice, add_notification
from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.factories import (
    make_activity,
    make_complaint,
    make_contract,
    make_customer,
    make_deal,
    user_id,
)
from workflows.organisation import Organisation, RuleWorkshop
from workflows.runs import jobs

if TYPE_CHECKING:
    from flask import Flask

    from tests.browsing import Browser

pytestmark = pytest.mark.filterwarnings("ignore:The Query.get")

NO_PAGES = ("/api/", "/static/", "/appbuilder/static/", "/health", "/hooks/", "/logout/", "/back", "/lang/")
LEAD_ON = ("/pop", "/login/", "/users/delete/", "/roles/delete/", "/groups/delete/")  # they go somewhere else
ENTITY = "deal"  # one stands for all: their pages are the same
VALUES = {
    "pk": 1, "batch_id": 1, "run_id": 1, "draft_id": 1, "number": 1, "entity": ENTITY, "field": "stage",
    "name": ENTITY, "kind": "entity",
}  # fmt: skip
VALUES_OF = {
    "DashboardView": {"name": "home"},
    "LookupView": {"field": "customer"},
    "ReportsView": {"name": "deals_by_stage"},
    "RolesView": {"name": "sales"},
    "RulesView": {"name": "escalate_old_complaint"},
    "RunsView": {"name": "escalate_old_complaint"},
    "TryView": {"name": "escalate_old_complaint"},
    "SegmentEditorView": {"name": "at_risk"},
    "SegmentsView": {"name": "at_risk"},
    "SchemaFieldsView.add": {"kind": "choice"},
}
ASKED_FOR = {"SchemaFieldsView.try_type": "?type=text"}
ABSENT = (
    "/files/",
    "/import/1/problems.xlsx",
    "/groups/show/",
    "/groups/edit/",
    "/admin/schema/publishing/",
    "/calendar/1.ics",
    f"/{ENTITY}/button/",
)  # what there is none of in this little world


ALSO = (
    "/customer/list/",
    "/customer/show/1",
    "/customer/edit/2",
    "/customer/add",
    "/customer/list/?q=nobody",
    "/search?q=%CE%B1%CF%86%CE%BF%CE%B9",
    "/search?q=%CE%B1%CF%86%CE%BF%CE%B9&in=customer",
    "/users/list/?_flt_0_username=nobody",
    "/admin/roles/why?user=sales&entity=customer&record=1&field=credit_limit",
    "/admin/schema/deal/add/choice",
    "/admin/schema/deal/fields/customer",
    "/admin/schema/deal/labels?missing=1",
    "/admin/schema/customer/labels",
    "/admin/schema/documents/new/rule",
)
OFTEN = ("/customer/list/", "/customer/show/1", "/customer/edit/2", "/deal/board/", "/")
NAMES = ("Αφοί Παπαδόπουλου Α.Ε.", "אחים כהן סחר בע״מ", "Transilvania Logistic SRL", "<b>Bold & Sons</b>")
PARTS = 12


@pytest.fixture
def world(client: Callable[[str], Browser], session, engine, clock, tmp_path) -> None:
    """One of each thing pages are about: a record, a run of a rule, an import, a draft, a notice, a handover."""
    made = [
        make_customer(session, name=name, email="office@example.com", owner=user_id(session, "sales"))
        for name in NAMES
    ]
    for _ in range(3):
        make_deal(session, customer=made[0], name="Προμήθεια καφέ", amount="12500.50", closes_on="2026-03-01")
        make_activity(session, customer=made[0], subject="Σημείωση: μετά τις 10.")
    number = make_complaint(session, customer=made[0]).id
    make_contract(session, customer=made[0], ends_on="2026-03-20")
    text = {"en": "Look at it.", "he": "כדאי להסתכל."}
    add_notification(session, Notice(user_id(session, "admin"), text, "complaint", number))
    edit_document(session, "entity", ENTITY, lambda body: {**body, "icon": "coin"})
    handed = leave(session, user_id(session, "external_agent"), {})
    session.commit()
    run_handover(engine, handed)
    asked = {"rowid": [1, 2], "_action": "delete", "_step": "run"}
    client("admin").submit("/activity/bulk", asked, page="/profile/")
    client("admin").submit("/deal/bulk", {**asked, "rowid": [3, 99]}, page="/profile/")
    jobs.work_off(RuleWorkshop(engine, Organisation(mail_folder=tmp_path / "mail"), clock=clock))
    file = (io.BytesIO(b"Name;Amount\nNeu;12,5\n"), "deals.csv")
    assert client("admin").submit("/import/", {"entity": ENTITY, "file": file}).status_code == 302


def addresses_of(app: Flask) -> list[str]:
    """Return an address for every rule that may lead to a page, in a lasting order."""
    entities = app.extensions["crm_workspace"].schema.entities
    others = tuple(f"/{name}/" for name in entities if name != ENTITY)
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.rule.startswith((*NO_PAGES, *others))
    ]
    paths = {address_of(app, rule) + ASKED_FOR.get(rule.endpoint, "") for rule in rules}
    found = sorted(path for path in paths if not path.startswith((*ABSENT, *LEAD_ON)))
    return list(dict.fromkeys((*found, *ALSO)))


def pages_among(paths: list[str], browser: Browser) -> tuple[list[str], list[str]]:
    """Return those addresses that answer with a page, and those for which this test should know a better one."""
    pages, unknown = [], []
    for path in paths:
        answer = browser.get(path)
        if answer.status_code == 200 and b"<html" in answer.data[:200]:
            pages.append(path)
        elif answer.status_code not in (200, 405):
            unknown.append(f"{path}: {answer.status_code}")
    return pages, unknown


def address_of(app: Flask, rule) -> str:
    """Return an address that fits a rule, in the little world."""
    view = rule.endpoint.split(".")[0]
    values = VALUES | VALUES_OF.get(view, {}) | VALUES_OF.get(rule.endpoint, {})
    return app.url_map.bind("").build(rule.endpoint, {name: values.get(name, 1) for name in rule.arguments})


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_sound(
    app: Flask, client: Callable[[str], Browser], world: None, visit: Callable[..., Visitor], part: int
) -> None:
    paths = addresses_of(app)[part::PARTS]  # far from each other in the alphabet
    pages, unknown = pages_among(paths, client("admin"))
    assert pages and not unknown, "\n".join(unknown)
    desktop = visit("admin", width=DESKTOP, language="en")
    phone = visit("admin", width=PHONE, language="he", dark=True)
    assert (desktop.look_at_both_widths(pages), phone.look_at_both_widths(pages)) == ({}, {})


@pytest.mark.parametrize(
    "view",
    [
        pytest.param({"width": PHONE, "language": "el"}, id="el-phone"),
        pytest.param({"width": DESKTOP, "language": "ro", "dark": True}, id="ro-desktop-dark"),
    ],
)
def test_pages_people_open_most_are_sound(visit: Callable[..., Visitor], view: dict, world: None) -> None:
    assert visit("admin", **view).look_at(OFTEN) == {}
