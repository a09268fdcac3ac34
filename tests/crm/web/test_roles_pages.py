"""Roles in the web: edited in the draft, published with it, looked at as."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from crm.revisions.workspace import get_workspace
from crm.web.conditions.builder import Editor, draw_conditions
from crm.web.entity.cells import view_name
from crm.web.roles.form import read_role, role_page
from tests.crm.web.form_reader import form_of
from tests.factories import make_customer, user_id
from tests.test_permission_matrix import concrete_paths


@pytest.fixture(autouse=True)
def _in_a_request(request):
    """Draw pieces of pages without a browser."""
    if "client" in request.fixturenames or "looking" in request.fixturenames:
        yield
        return
    with request.getfixturevalue("app").test_request_context():
        yield


@pytest.fixture
def bodies(workspace):
    """Every shipped role's document."""
    return {found.name: dict(found.body) for found in workspace.schema.documents if found.kind == "role"}


def editors(schema):
    return lambda entity: Editor(schema, entity, "en", f"records_{entity.name}")


def sent_form(body, schema):
    """Return what a browser sends when the form of a role is saved untouched."""
    page, form = role_page(body, schema, "en", editors(schema)), MultiDict()
    for code, text in page.labels:
        form.add(f"label-{code}", text)
    for row in page.entities:
        for name, value in form_of(str(row.conditions)).items(multi=True):
            form.add(name, value)
        for deed in row.can:
            form.add(f"can-{row.name}", deed)
        for field in row.fields:
            if field.hidden:
                form.add(f"hidden-{row.name}", field.name)
            if field.read_only:
                form.add(f"read_only-{row.name}", field.name)
    for name in [
        *(name for name, _label, chosen in page.reports if chosen),
        *(["all"] if page.all_reports else []),
    ]:
        form.add("report", name)
    if page.admin:
        form.add("admin", "true")
    return form


def test_an_untouched_form_changes_nothing(workspace, bodies):
    for body in bodies.values():
        sent = read_role(sent_form(body, workspace.schema), body, workspace.schema, editors(workspace.schema))
        assert sent.problems == [] and sent.body == body
        assert list(sent.body) == list(body) and list(sent.body["entities"]) == list(body["entities"])


def test_ticks_and_conditions_become_the_document(workspace, bodies):
    form = sent_form(bodies["viewer"], workspace.schema)
    form.add("can-deal", "update")
    form.add("read_only-deal", "amount")
    lines = [{"field": "owner", "is": "me"}]
    drawn = draw_conditions(editors(workspace.schema)(workspace.schema.entities["deal"]), lines)
    for name, value in form_of(str(drawn)).items(multi=True):
        if name != "records_deal":
            form.add(name, value)
    form["label-he"] = "צופה"
    sent = read_role(form, bodies["viewer"], workspace.schema, editors(workspace.schema))
    assert sent.problems == []
    deal = sent.body["entities"]["deal"]
    assert deal["can"] == ["read", "update"] and deal["read_only"] == ["amount"]
    assert deal["records"] == [{"field": "owner", "is": "me"}] and sent.body["label"]["he"] == "צופה"


def test_an_entity_without_a_right_is_left_out(workspace, bodies):
    form = sent_form(bodies["viewer"], workspace.schema)
    form.poplist("can-deal")
    assert (
        "deal"
        not in read_role(form, bodies["viewer"], workspace.schema, editors(workspace.schema)).body["entities"]
    )


def test_conditions_that_make_no_sense_come_back_as_they_were_left(client):
    browser = client("admin")
    page = form_of(browser.get("/admin/roles/sales/").text)
    page.setlist("records_deal/0.p", ["closes_on"])
    answer = browser.submit("/admin/roles/sales/", page.to_dict(flat=False), page="/profile/")
    assert answer.status_code == 422 and "error-summary" in answer.text
    assert form_of(answer.text).getlist("records_deal/0.p") == ["closes_on"]


def test_a_button_of_the_editor_draws_the_form_again_without_javascript(client):
    browser = client("admin")
    page = form_of(browser.get("/admin/roles/sales/").text)
    page["_conditions"] = "add:records_deal"
    answer = browser.submit("/admin/roles/sales/", page.to_dict(flat=False), page="/profile/")
    assert answer.status_code == 200 and "error-summary" not in answer.text
    assert 'id="entity-deal" open' in answer.text


def save(browser, name, **values):
    return browser.submit(f"/admin/roles/{name}/", {"label-en": "X", **values})


def test_a_role_is_made_edited_and_published_with_the_draft(client, session_as, engine, workspace):
    browser = client("admin")
    made = browser.submit("/admin/roles/", {"name": "trainee", "label": "Trainee"})
    assert made.status_code == 302 and made.location.endswith("/admin/roles/trainee/")
    assert save(browser, "trainee", **{"can-deal": ["read"], "hidden-deal": ["amount"]}).status_code == 302
    page = browser.get("/admin/roles/").text
    assert "New in the draft" in page
    from crm.drafts.service import find_draft, publish_draft

    session = session_as("admin")
    publish_draft(session, find_draft(session), "test")
    role = get_workspace(engine).schema.parts["role"]["trainee"]
    assert role.entities["deal"].can == {"read"} and role.entities["deal"].hidden == {"amount"}


def test_what_a_configurator_may_not_give_is_said_on_the_page(client):
    browser = client("configurator")
    assert save(browser, "configurator", **{"can-customer": ["read"], "admin": "true"}).status_code == 302
    assert "which you don" in browser.get("/admin/roles/configurator/").text


def test_a_role_goes_by_the_draft(client):
    browser = client("admin")
    answer = browser.post(
        "/admin/roles/viewer/delete", data={"csrf_token": browser.token("/profile/")}, follow_redirects=True
    )
    assert answer.status_code == 200 and "The role will be removed" in answer.text
    assert browser.get("/admin/roles/viewer/").status_code == 404


@pytest.mark.parametrize(
    ("name", "status"),
    [("viewer", 422), ("No!", 422), ("", 422), ("admin_", 422), ("x" * 60, 422), ("new_one", 302)],
)
def test_a_new_role_needs_a_name_of_its_own(client, name, status):
    assert client("admin").submit("/admin/roles/", {"name": name, "label": "<b>X"}).status_code == status


def test_the_page_says_who_holds_the_role(client):
    page = client("admin").get("/admin/roles/sales/").text
    assert "Sales Tester" in page and 'name="hidden-customer" value="credit_limit"' in page


# Looking as a role


@pytest.fixture
def looking(client):
    """An administrator who looks as sales."""
    browser = client("admin")
    token = browser.token("/profile/")
    assert browser.post("/admin/roles/sales/view", data={"csrf_token": token}).location == "/"
    return browser


@pytest.fixture
def customers(session):
    """A customer of the administrator and one of somebody else."""
    own = make_customer(session, name="Mine Ltd", owner=user_id(session, "admin"), credit_limit="77777").id
    other = make_customer(session, name="Other Ltd", owner=user_id(session, "service")).id
    session.commit()
    session.close()
    return own, other


def test_who_looks_as_a_role_sees_what_the_role_would_show_him(customers, looking):
    own, other = customers
    page = looking.get(f"/customer/show/{own}")
    assert page.status_code == 200 and "77,777" not in page.text and "Mine Ltd" in page.text
    assert looking.get(f"/customer/show/{other}").status_code == 404
    assert looking.get("/api/v1/customer/").json["ids"] == [own]
    assert looking.get("/users/list/").status_code in (302, 403)
    assert looking.get("/admin/roles/").status_code in (302, 403)
    assert "Preview as the role" in looking.get("/customer/list/").text
    assert "/users/list/" not in looking.get("/customer/list/").text


def test_who_looks_changes_nothing(customers, looking, session):
    own, _other = customers
    token = looking.token("/profile/")
    for path in (
        f"/customer/edit/{own}",
        f"/customer/delete/{own}",
        "/customer/add",
        "/profile/",
        "/admin/roles/",
    ):
        answer = looking.post(path, data={"csrf_token": token, "name": "Taken"})
        assert answer.status_code == 403 and "This is a preview" in answer.text, path
    answer = looking.put(f"/api/v1/customer/{own}", json={"name": "Taken"}, headers={"X-CSRFToken": token})
    assert answer.status_code == 403
    assert session.get(session.workspace.models["customer"], own).name == "Mine Ltd"


def test_what_only_asks_works_while_one_looks(customers, looking):
    own, _other = customers
    token, line = looking.token("/profile/"), {"if.n": "1", "if.0.kind": "field", "if.0.field": "name"}
    for path in (
        "/customer/filter",
        "/conditions/customer?name=if",
        "/customer/add?_refresh=1",
        f"/customer/edit/{own}?_refresh=1",
    ):
        answer = looking.post(path, data={"csrf_token": token, "name": "Typed", **line})
        assert answer.status_code in (200, 302, 422) and "This is a preview" not in answer.text, path
        assert "77,777" not in answer.text
    assert (
        "Typed" in looking.post("/customer/add?_refresh=1", data={"csrf_token": token, "name": "Typed"}).text
    )


def rows_of(engine):
    """Return everything the database holds."""
    tables = sa.inspect(engine).get_table_names()
    with engine.connect() as connection:
        every = sa.literal_column("*")
        read = {
            name: connection.execute(sa.select(every).select_from(sa.table(name))).all() for name in tables
        }
    return {name: sorted(map(repr, rows)) for name, rows in read.items()}


def test_while_one_looks_every_posted_request_only_asks_or_is_refused(app, client, customers, engine):
    browser = client("admin")
    token = browser.token("/profile/")
    assert browser.post("/admin/roles/configurator/view", data={"csrf_token": token}).status_code == 302
    before, asking = rows_of(engine), set()
    for rule, path in concrete_paths(app):
        if rule.endpoint == "ViewAsView.stop":
            continue
        for method in sorted(rule.methods - {"GET", "HEAD", "OPTIONS"}):
            for query in ("", "?_refresh=1"):
                answer = browser.open(path + query, method=method, headers={"X-CSRFToken": token}, data={})
                if "This is a preview" not in answer.text:
                    asking.add((rule.endpoint, query))
    assert rows_of(engine) == before
    assert {endpoint for endpoint, query in asking if not query} == {
        *(
            f"{view_name(name)}.{asked}"
            for name in app.extensions["crm_workspace"].schema.entities
            for asked in ("filter", "bulk")  # what begins a change of many asks first
        ),
        "ConditionsView.check",
        "AdminConditionsView.check",
        "SchemaApi.check",
        "SchemaApi.diff",
        "SchemaFormulaView.formula",
        "SchemaPreviewView.preview",
        "RuleApi.try_one",
    }
    redrawn = {endpoint.split(".")[1] for endpoint, query in asking if query}
    assert redrawn == {"filter", "check", "diff", "try_one", "add", "edit", "formula", "preview", "bulk"}


def test_one_stops_looking_and_is_oneself_again(customers, looking, caplog):
    _own, other = customers
    stopped = looking.submit("/admin/view-as/stop", {}, page="/profile/")
    assert stopped.location == "/admin/roles/"
    assert looking.get(f"/customer/show/{other}").status_code == 200
    assert "Preview as the role" not in looking.get("/customer/list/").text
    assert any("no longer looks as" in record.getMessage() for record in caplog.records)


def test_a_configurator_looks_as_no_role_that_opens_more(client):
    browser = client("configurator")
    token = browser.token("/profile/")
    for name in ("sales", "manager", "viewer", "accountant"):
        assert browser.post(f"/admin/roles/{name}/view", data={"csrf_token": token}).status_code == 403
    assert browser.get("/customer/list/").status_code in (302, 403)
    assert browser.post("/admin/roles/configurator/view", data={"csrf_token": token}).status_code == 302
    assert client("sales").post("/admin/roles/viewer/view", data={}).status_code in (302, 400, 403)


def test_a_session_that_says_more_than_it_may_is_not_believed(client):
    browser = client("sales")
    with browser.session_transaction() as kept:
        kept["crm_view_as"] = "manager"
    assert "credit_limit" not in str(browser.get("/api/v1/customer/_info").json)
    with browser.session_transaction() as kept:
        assert "crm_view_as" not in kept
