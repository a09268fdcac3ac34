"""Rights on every surface: every role, every entity, own and others' records, hidden fields, and every route.

What a role should see is worked out in Python from its YAML; what it does see comes from the pages, the API, the
look-ups and the exports, which all go through SQL. The two must agree.
"""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from crm.conditions import evaluate
from crm.entities.model import Entity
from crm.permissions.rows import parse_trusted, scope_of
from crm.web.entity.cells import view_name
from crm.web.serving.session import TOKEN_PATHS
from tests import factories
from tests.factories import user_id

ON_BOTH = pytest.mark.both_databases("who sees what is decided in SQL")
ROLES = (
    "sales",
    "service",
    "marketing",
    "accountant",
    "cashier",
    "manager",
    "external_agent",
    "viewer",
    "configurator",
)
MAKERS = {
    "customer": factories.make_customer,
    "contact": factories.make_contact,
    "deal": factories.make_deal,
    "complaint": factories.make_complaint,
    "contract": factories.make_contract,
    "activity": factories.make_activity,
    "product": factories.make_product,
    "purchase": factories.make_purchase,
    "campaign": factories.make_campaign,
}
FORBIDDEN = (403, 404)


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    """Each shipped role; its user has the same name."""
    return request.param


@pytest.fixture
def records(session: Any, role: str) -> dict[str, list[int]]:
    """Two records of every entity: around a customer of the role's user, and around somebody else's."""
    found: dict[str, list[int]] = {name: [] for name in MAKERS}
    for owner in (user_id(session, role), user_id(session, "admin")):
        customer = factories.make_customer(session, owner=owner, do_not_contact=False, credit_limit="77777")
        found["customer"].append(customer.id)
        for name, make in MAKERS.items():
            if name != "customer":
                ties = links(session.workspace.schema.entities[name], customer.id, owner)
                found[name].append(make(session, **ties).id)
    session.commit()
    return found


def links(entity: Entity, customer_id: int, owner: int) -> dict[str, Any]:
    """Return what ties a record to a customer and an owner, as far as its entity has such fields."""
    values: dict[str, Any] = {}
    for name, field in entity.fields.items():
        if field.type == "reference" and field.options["to"] == "customer":
            values[name] = customer_id
        elif field.type == "user":
            values[name] = owner
    return values


@pytest.fixture
def visible(session_as: Any, session: Any, role: str, records: dict[str, list[int]]) -> dict[str, set[int]]:
    """The records of each entity the role should see, worked out in Python."""
    actor_session = session_as(role)
    actor = actor_session.actor
    found: dict[str, set[int]] = {}
    for name, ids in records.items():
        entity = actor_session.workspace.schema.entities[name]
        found[name] = {record_id for record_id in ids if should_see(actor_session, actor, entity, record_id)}
    actor_session.rollback()
    session.rollback()
    return found


def should_see(session: Any, actor: Any, entity: Entity, record_id: int) -> bool:
    """Return whether one of the actor's roles opens a record, by the Python reading of its conditions."""
    rights = actor.rights(entity.name)
    if "read" not in rights.can:
        return False
    if rights.rows["read"] is None:
        return True
    with session.as_system():
        record = session.get(session.workspace.models[entity.name], record_id)
        trees = [parse_trusted(session.workspace, entity, way) for way in rights.rows["read"]]
        return any(evaluate(tree, record, scope_of(session)) for tree in trees)


@ON_BOTH
def test_lists_show_exactly_what_the_role_should_see(client, session_as, role, records, visible):
    browser, schema = client(role), session_as(role).workspace.schema
    for name in MAKERS:
        answer = browser.get(f"/api/v1/{name}/?q=(page_size:100)")
        if "read" not in rights_of(schema, role, name)["can"]:
            assert answer.status_code == 403, name
            assert browser.get(f"/{name}/list/").status_code in (302, 403), name
            continue
        assert set(answer.json["ids"]) & set(records[name]) == visible[name], name
        assert browser.get(f"/{name}/list/").status_code == 200, name


def rights_of(schema: Any, role: str, entity: str) -> dict[str, Any]:
    """Return what a role's document says about an entity."""
    document = next(found for found in schema.documents if found.kind == "role" and found.name == role)
    return {"can": [], "hidden": [], **(document.body.get("entities") or {}).get(entity, {})}


@ON_BOTH
def test_pages_and_verbs_refuse_records_out_of_reach_and_change_nothing(
    client, session, role, records, visible
):
    browser = client(role)
    token = browser.token("/profile/")
    for name, ids in records.items():
        for record_id in set(ids) - visible[name]:
            for path in (f"/{name}/show/{record_id}", f"/{name}/edit/{record_id}"):
                assert browser.get(path).status_code in (302, *FORBIDDEN), path
            for path in (
                f"/{name}/edit/{record_id}",
                f"/{name}/delete/{record_id}",
                f"/{name}/set/{record_id}/owner",
            ):
                answer = browser.post(path, data={"csrf_token": token, "value": "1", "name": "Taken"})
                assert answer.status_code in (302, *FORBIDDEN), path
            api = f"/api/v1/{name}/{record_id}"
            headers = {"X-CSRFToken": token}
            assert browser.get(api).status_code in FORBIDDEN
            assert browser.put(api, json={"owner": 1}, headers=headers).status_code in FORBIDDEN
            assert browser.delete(api, headers=headers).status_code in FORBIDDEN
        cls = session.workspace.models[name]
        assert all(session.get(cls, record_id).row_version == 1 for record_id in ids), name
        session.rollback()


@ON_BOTH
def test_exports_hold_what_the_role_should_see_without_hidden_fields(
    client, session_as, role, records, visible
):
    browser, workspace = client(role), session_as(role).workspace
    for name in MAKERS:
        rights = rights_of(workspace.schema, role, name)
        answer = browser.get(f"/export/{name}?format=csv")
        if not {"read", "export"} <= set(rights["can"]):
            assert answer.status_code == 403, name
            continue
        rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert {int(row[0]) for row in rows[1:]} & set(records[name]) == visible[name], name
        entity = workspace.schema.entities[name]
        hidden = {entity.fields[field].label.get("en") for field in rights["hidden"]}
        assert not hidden & set(rows[0]), name


@ON_BOTH
def test_lookups_offer_only_what_the_role_should_see(client, session_as, role, records, visible):
    browser, workspace = client(role), session_as(role).workspace
    for name, entity in workspace.schema.entities.items():
        if name not in MAKERS:
            continue
        for field in entity.fields.values():
            target = field.options.get("to")
            if field.type != "reference" or target not in MAKERS:
                continue
            answer = browser.get(f"/lookup/{name}/{field.name}?q=")
            offered = {int(row["value"]) for row in answer.json} if answer.status_code == 200 else set()
            assert offered & set(records[target]) <= visible[target], (name, field.name)


@ON_BOTH
def test_hidden_fields_stay_hidden_in_api_pages_filters_and_orders(
    client, session_as, role, records, visible
):
    browser, workspace = client(role), session_as(role).workspace
    for name in MAKERS:
        rights = rights_of(workspace.schema, role, name)
        if "read" not in rights["can"]:
            continue
        for field in rights["hidden"]:
            rows = browser.get(f"/api/v1/{name}/?q=(page_size:100)").json["result"]
            assert all(field not in row for row in rows)
            for asked in (
                f"(columns:!({field}))",
                f"(order_column:{field})",
                f"(filters:!((col:{field},opr:eq,value:'1')))",
            ):
                assert browser.get(f"/api/v1/{name}/?q={asked}").status_code == 400, (name, field, asked)
            plain = browser.get(f"/{name}/list/").text
            assert f'data-filter="{field}"' not in plain
            filtered = browser.get(f"/{name}/list/?_flt_0_{field}=1")
            assert filtered.status_code == 200 and "be applied" in filtered.text, (name, field)
            assert "data-label" not in filtered.text, (name, field)
            ordered = browser.get(f"/{name}/list/?_oc_{view_name(name)}={field}&_od_{view_name(name)}=asc")
            assert ordered.status_code == 200 and "There is no field" in ordered.text, (name, field)
        for record_id in visible[name]:
            shown = browser.get(f"/api/v1/{name}/{record_id}").json["result"]
            assert not set(rights["hidden"]) & set(shown), name
            form = browser.get(f"/{name}/edit/{record_id}").text
            assert not any(f'name="{field}"' in form for field in rights["hidden"]), name
    for record_id in visible["customer"]:
        if "credit_limit" in rights_of(workspace.schema, role, "customer")["hidden"]:
            assert "77,777" not in browser.get(f"/customer/show/{record_id}").text


@ON_BOTH
def test_reports_are_open_as_declared_and_count_only_own_records(client, session_as, role, records, visible):
    browser, workspace = client(role), session_as(role).workspace
    document = next(
        found for found in workspace.schema.documents if found.kind == "role" and found.name == role
    )
    allowed = document.body.get("reports") or []
    for name, report in workspace.schema.parts["report"].items():
        is_open = (name in allowed or "all" in allowed) and "read" in rights_of(
            workspace.schema, role, report.entity
        )["can"]
        answer = browser.get(f"/api/v1/report/{name}")
        expected = (200, 400) if is_open else (403, 404)
        assert answer.status_code in expected, (name, role, answer.text)
        if answer.status_code == 200 and report.entity in MAKERS:
            counts = [
                place
                for place, measure in enumerate(report.measures)
                if measure.kind == "count" and not measure.lines
            ]
            for place in counts:
                total = sum(row[len(report.groups) + place] for row in answer.json["rows"])
                assert total <= len(visible[report.entity]), name


PUBLIC = {
    "health", "static", "appbuilder.static", "AuthDBView.login", "AuthDBView.logout", "LocaleView.index",
    "SecurityApi.login", "SecurityApi.refresh", "HomeView.index", "UtilView.back",
    "CalendarFeedView.feed",
}  # fmt: skip
CONFIGURATION = {  # open to roles with `admin: true`, and to Admin
    "AdminConditionsView",
    "DraftView",
    "DraftsApi",
    "RevisionView",
    "RuleApi",
    "RulesView",
    "RunsView",
    "TryView",
    "SchemaApi",
    "SchemaDocumentsView",
    "RolesView",
    "SchemaAroundView",
    "SchemaEntitiesView",
    "SchemaFieldsView",
    "SchemaFormulaView",
    "SchemaLabelsView",
    "SchemaLayoutView",
    "SchemaNewView",
    "SchemaPreviewView",
    "SchemaUploadView",
    "SegmentEditorView",
    "WebhooksView",
    "WhyView",
}
ADMIN = CONFIGURATION | {
    "UserDBModelView", "RoleModelView", "UserGroupModelView", "ResetPasswordView", "LeavingView",
}  # fmt: skip
OWN = {
    "ReportsView", "DashboardView", "ExportView", "ReportApi", "SegmentApi", "SegmentsView", "LookupView",
    "SearchView", "SearchApi",
    "SavedViewsView", "ProfileView", "NotificationsView", "ImportView", "ImportApi", "OpenApi", "MenuApi",
    "ConditionsView", "MyDayView", "CalendarView", "ResetMyPasswordView", "UserInfoEditView",
    "JobApi", "JobView", "BinView", "HooksView",
    "FilesView", "FilesApi", "ViewAsView", "ApprovalsView", "ApprovalApi",
}  # fmt: skip


def test_every_route_is_in_the_table(app):
    entities = app.extensions["crm_workspace"].schema.entities
    of_entities = {view_name(name) for name in entities} | {view_name(name)[:-4] + "Api" for name in entities}
    unknown = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in PUBLIC and rule.endpoint.split(".")[0] not in ADMIN | OWN | of_entities
    ]
    assert unknown == []


def test_a_stranger_gets_into_nothing(app, client):
    browser = client()
    for rule, path in concrete_paths(app):
        if rule.endpoint in PUBLIC:
            continue
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            answer = browser.open(path, method=method)
            assert answer.status_code in (302, 400, 401, 403, 404), (method, path, answer.status_code)
            assert answer.status_code != 302 or "/login" in answer.location, (method, path, answer.location)


def test_administration_is_closed_to_every_other_role(app, client, role):
    browser = client(role)
    for rule, path in concrete_paths(app):
        view = rule.endpoint.split(".")[0]
        if view not in ADMIN or rule.endpoint == "UserDBModelView.userinfo":
            continue
        if role == "configurator" and view in CONFIGURATION:
            continue
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            answer = browser.open(path, method=method)
            assert answer.status_code in (302, 400, 403, 404, 405), (method, path, answer.status_code)


def test_no_address_changes_anything_by_following_a_link(app, client, session):
    for make in MAKERS.values():
        make(session)
    session.commit()
    browser = client("admin")
    before = _dump(session)
    for rule, path in concrete_paths(app):
        if "GET" in rule.methods and rule.endpoint not in ("AuthDBView.logout", "LocaleView.index"):
            assert browser.get(path).status_code < 500, path
    assert _dump(session) == before


def test_no_other_site_makes_a_browser_change_anything(app, client, session):
    for make in MAKERS.values():
        make(session)
    session.commit()
    browser, before = client("admin"), _dump(session)
    for rule, path in concrete_paths(app):
        for method in sorted(rule.methods - {"GET", "HEAD", "OPTIONS"}):
            if path not in TOKEN_PATHS:
                answer = browser.open(
                    path, method=method, data={"action": "delete", "rowid": "1", "name": "x"}
                )
                assert answer.status_code in (400, 401), (method, path, answer.status_code)
    assert _dump(session) == before


def _dump(session: Any) -> dict[str, int]:
    session.rollback()
    versions = {}
    for name in MAKERS:
        cls = session.workspace.models[name]
        versions[name] = sorted((row.id, row.row_version) for row in session.query(cls).all())
    session.rollback()
    return versions


def concrete_paths(app: Any) -> list[tuple[Any, str]]:
    """Return every route with an address that fits it."""
    adapter = app.url_map.bind("localhost")
    values = {
        "pk": "1", "name": "deals_by_stage", "entity": "deal", "field": "customer", "batch_id": 1, "run_id": 1,
        "notification_id": 1,
        "draft_id": 1, "number": 1, "view_id": 1,
        "version": "v1", "filename": "css/crm.css", "locale": "en", "deed": "apply",
    }  # fmt: skip
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.endswith("static"):
            continue
        arguments = {name: values.get(name, "1") for name in rule.arguments}
        found.append(
            (
                rule,
                adapter.build(
                    rule.endpoint, arguments, method=next(iter(rule.methods - {"HEAD", "OPTIONS"}))
                ),
            )
        )
    return found
