"""Every page the app has, taken from its map of addresses: whoever adds one finds it here, or is told to name it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from crm.drafts.service import edit_document
from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.factories import make_activity, make_complaint, make_customer, make_deal
from workflows.organisation import Organisation, Workshop
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
    "SchemaFieldsView.add": {"kind": "choice"},
}
ASKED_FOR = {"SchemaFieldsView.try_type": "?type=text"}
ABSENT = (
    "/files/",
    "/import/1/problems.xlsx",
    "/groups/show/",
    "/groups/edit/",
    "/admin/schema/publishing/",
)  # what there is none of in this little world


@pytest.fixture
def world(client: Callable[[str], Browser], session, engine, clock, tmp_path) -> None:
    """One of each thing pages are about: a record, a run of a rule, an import, a draft."""
    customer = make_customer(session, name="Αφοί Παπαδόπουλου Α.Ε.", email="office@example.com")
    make_deal(session, customer=customer, name="Προμήθεια καφέ", amount="12500.50")
    make_activity(session, customer=customer, subject="Σημείωση: μετά τις 10.")
    make_complaint(session, customer=customer)
    edit_document(session, "entity", ENTITY, lambda body: {**body, "icon": "coin"})
    session.commit()
    jobs.work_off(Workshop(engine, Organisation(mail_folder=tmp_path / "mail"), clock))
    file = (io.BytesIO(b"Name;Amount\nNeu;12,5\n"), "deals.csv")
    assert client("admin").submit("/import/", {"entity": ENTITY, "file": file}).status_code == 302


def pages_of(app: Flask, browser: Browser) -> tuple[list[str], list[str]]:
    """Return the addresses of all pages, and those rules for which this test knows no address."""
    entities = app.extensions["crm_workspace"].schema.entities
    others = tuple(f"/{name}/" for name in entities if name != ENTITY)
    pages, unknown = [], []
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.rule.startswith((*NO_PAGES, *others)):
            continue
        path = address_of(app, rule) + ASKED_FOR.get(rule.endpoint, "")
        if path.startswith((*ABSENT, *LEAD_ON)):
            continue
        answer = browser.get(path)
        if answer.status_code == 200 and b"<html" in answer.data[:200]:
            pages.append(path)
        elif answer.status_code not in (200, 405):
            unknown.append(f"{rule.rule} as {path}: {answer.status_code}")
    return pages, unknown


def address_of(app: Flask, rule) -> str:
    """Return an address that fits a rule, in the little world."""
    view = rule.endpoint.split(".")[0]
    values = VALUES | VALUES_OF.get(view, {}) | VALUES_OF.get(rule.endpoint, {})
    return app.url_map.bind("").build(rule.endpoint, {name: values.get(name, 1) for name in rule.arguments})


@pytest.fixture
def pages(app: Flask, client: Callable[[str], Browser], world: None) -> list[str]:
    """The addresses of all pages."""
    found, unknown = pages_of(app, client("admin"))
    assert not unknown, "\n".join(unknown)
    return found


@pytest.mark.parametrize(
    "view",
    [
        pytest.param({"width": DESKTOP, "language": "en"}, id="en-desktop"),
        pytest.param({"width": PHONE, "language": "he"}, id="he-phone"),
    ],
)
def test_every_page_is_sound(visit: Callable[..., Visitor], view: dict, pages: list[str]) -> None:
    assert visit("admin", **view).look_at(pages) == {}


@pytest.mark.parametrize(
    "view",
    [
        pytest.param({"width": PHONE, "language": "en"}, id="en-phone"),
        pytest.param({"width": DESKTOP, "language": "he"}, id="he-desktop"),
    ],
)
def test_every_page_fits_its_window_and_breaks_nothing(
    visit: Callable[..., Visitor], view: dict, pages: list[str]
) -> None:
    assert visit("admin", **view).glance_at(pages) == {}
