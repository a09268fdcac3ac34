"""Fields of several references: people read titles, programs read numbers and titles, nobody reads hidden ones."""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from crm.entities.load import documents_from_json
from crm.errors import RecordError
from crm.records.export import export_rows
from crm.records.listing import ListQuery
from crm.records.service import update_record
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.web.app import build_app
from tests.browsing import Browser
from tests.conftest import find_actor
from tests.counting import statements
from tests.factories import make_deal, make_product


@pytest.fixture
def house(engine: sa.Engine, settings: Any, session: Any) -> Callable[[str], Browser]:
    """A function that signs in to a house whose deals show products; cashiers see active products only."""
    bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
    deal = next(body for body in bodies if body.get("entity") == "deal" and "fields" in body)
    deal["list"]["columns"] = ["name", "products", "needs"]
    deal["kanban"]["card"] = ["products"]
    manager = next(body for body in bodies if body.get("role") == "manager")
    manager["entities"]["product"] = {
        "can": ["read"],
        "records": [{"none": [{"field": "code", "is": "SECRET"}]}],
    }
    publish_schema(engine, documents_from_json(bodies), "references")
    workspace = get_workspace(engine)
    session.close()
    session.workspace, session.bind = workspace, workspace.bind(engine)
    app = build_app(workspace, settings, engine)
    app.test_client_class = Browser

    def open_one(username: str) -> Browser:
        browser = app.test_client()
        browser.sign_in(username)
        return browser

    return open_one


@pytest.fixture
def deal(house: Any, session: Any) -> Any:
    """A deal with two products, one of which managers may not see."""
    seen, hidden = (
        make_product(session, name="Λάδι, ελιά"),
        make_product(session, name="Κρυφό", code="SECRET"),
    )
    made = make_deal(session, name="Big", products=[seen.id, hidden.id], needs=["price"])
    found = SimpleNamespace(id=made.id, products=made.products)
    session.commit()
    return found


def titles_in(page: str) -> tuple[bool, bool]:
    text = html.unescape(page)
    return "Λάδι, ελιά" in text, "Κρυφό" in text


@pytest.mark.parametrize("path", ["list/", "show/{id}", "edit/{id}", "board/"])
def test_pages_show_titles_and_only_those_the_reader_may_see(house, deal, path):
    for username, both in (("admin", True), ("manager", False)):
        answer = house(username).get(f"/deal/{path.format(id=deal.id)}")
        assert answer.status_code == 200
        assert titles_in(answer.text) == (True, both)


def test_a_title_leads_to_its_record(house, deal):
    number = deal.products[0]
    assert (
        f'<a href="/product/show/{number}"><bdi>Λάδι, ελιά</bdi></a>'
        in house("admin").get("/deal/list/").text
    )


def test_words_of_several_choices_are_read_in_the_readers_language(house, deal):
    page = house("admin").get("/deal/list/?_l=", headers={"Accept-Language": "en"}).text
    assert re.search(r'class="pill[^"]*"><bdi>Lower price</bdi>', page)


def test_history_shows_titles(house, deal, session):
    update_record(
        session, session.workspace.schema.entities["deal"], deal.id, {"products": deal.products[:1]}
    )
    session.commit()
    page = house("manager").get(f"/deal/show/{deal.id}").text
    assert titles_in(page) == (True, False)


def test_exports_hold_titles_that_an_import_reads_again(house, deal, session, engine):
    entity = session.workspace.schema.entities["deal"]
    assert next(export_rows(session, entity, ListQuery(), ["products"])) == ["Λάδι, ελιά; Κρυφό"]
    session.actor = find_actor(engine, session.workspace, "manager")
    assert next(export_rows(session, entity, ListQuery(), ["products"])) == ["Λάδι, ελιά"]


def test_many_rows_ask_once(house, session, engine):
    products = [make_product(session).id for _ in range(6)]
    for size in range(1, 6):
        make_deal(session, products=products[:size])
    session.commit()
    entity = session.workspace.schema.entities["deal"]
    with statements(engine) as noted:
        rows = list(export_rows(session, entity, ListQuery(), ["products"]))
    assert len(rows) == 5
    assert sum("FROM product" in " ".join(text.split()) for text in noted) == 1


def test_rest_answers_numbers_with_titles_and_takes_them_back(house, deal):
    browser = house("manager")
    found = browser.get(f"/api/v1/deal/{deal.id}").json["result"]["products"]
    seen, hidden = map(int, deal.products)
    assert found == [{"id": seen, "title": "Λάδι, ελιά", "name": "Λάδι, ελιά"}, {"id": hidden}]
    headers = {"X-CSRFToken": browser.token("/profile/")}
    answer = browser.put(f"/api/v1/deal/{deal.id}", json={"products": found, "name": "Same"}, headers=headers)
    assert answer.status_code == 200
    assert answer.json["result"]["products"] == found


def test_what_one_may_not_see_stays_but_is_never_added(house, deal, session, engine):
    more, hidden = make_product(session), int(deal.products[1])
    other = make_deal(session, products=[more.id])
    session.commit()
    entity = session.workspace.schema.entities["deal"]
    session.actor = find_actor(engine, session.workspace, "manager")
    changed = update_record(session, entity, deal.id, {"products": [*deal.products, more.id]})
    assert changed.products == (*deal.products, str(more.id))
    with pytest.raises(RecordError) as refused:
        update_record(session, entity, other.id, {"products": [more.id, hidden]})
    assert [problem.code for problem in refused.value.problems] == ["record.no_such_reference"]


def test_a_refused_form_keeps_the_titles(house, deal):
    browser = house("admin")
    page = f"/deal/edit/{deal.id}"
    data = {"name": "", "products": [*deal.products, ""]}
    answer = browser.submit(page, data)
    assert answer.status_code == 422
    assert titles_in(answer.text) == (True, True)
