"""A field that is published appears on every surface, without a line of Python."""

from __future__ import annotations

import copy

from crm.entities.load import documents_from_json
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.web.app import build_app
from tests.browsing import Browser
from tests.factories import make_customer


def test_a_published_field_is_in_list_form_record_rest_import_and_history(engine, settings, session):
    customer_id = make_customer(session).id
    session.commit()
    session.close()
    bodies = [copy.deepcopy(dict(document.body)) for document in get_workspace(engine).schema.documents]
    deal = next(body for body in bodies if body.get("entity") == "deal" and "fields" in body)
    deal["fields"]["budget"] = {"type": "money", "currency": "EUR", "label": {"en": "Their budget"}}
    deal["list"]["columns"] = ["name", "budget"]
    publish_schema(engine, documents_from_json(bodies), "test")
    app = build_app(get_workspace(engine), settings, engine)
    app.test_client_class = Browser
    browser = app.test_client()
    browser.sign_in("admin")
    assert 'name="budget"' in browser.get("/deal/add").text
    made = browser.submit(
        "/deal/add", {"name": "New", "customer": customer_id, "stage": "prospect", "budget": "1,250.50"}
    )
    record = browser.get(made.location).text
    assert "Their budget" in record and "€1,250.50" in record
    assert "€1,250.50" in browser.get("/deal/list/").text
    assert browser.get("/api/v1/deal/?q=(columns:!(budget))").json["result"][0]["budget"] == "1250.50"
    deal_id = made.location.rsplit("/", 1)[1]
    browser.submit(f"/deal/edit/{deal_id}", {"budget": "1,300"})
    changed = browser.get(made.location).text
    assert "€1,300.00" in changed and "Changes" in changed
    template = browser.get("/import/template/deal.xlsx")
    assert template.status_code == 200
