"""A role may not give what its giver lacks, by whatever door the documents come."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role, assoc_permissionview_role

from crm.entities.load import documents_from_json
from crm.errors import SchemaError
from crm.messages import render
from crm.permissions.grants import exceeds
from crm.permissions.model import Actor, EntityRights
from crm.permissions.model import Role as DeclaredRole
from crm.revisions.publish import publish_schema, rollback_schema
from crm.revisions.workspace import get_workspace
from crm.texts import Text
from tests.conftest import find_actor

WHO = "configurator"  # may configure; of the records it sees products, campaigns and competitors
Change = Callable[[dict[tuple[str, str], dict]], None]


def publish(engine, change: Change, who: str = WHO) -> list[str]:
    """Publish the live documents with a change; return the codes of what stood against it."""
    workspace = get_workspace(engine)
    bodies = [copy.deepcopy(dict(document.body)) for document in workspace.schema.documents]
    known = {(next(iter(body)), body[next(iter(body))]): body for body in bodies}
    change(known)
    try:
        publish_schema(engine, documents_from_json(known.values()), "", who)
    except SchemaError as error:
        assert all(render(problem, "he") for problem in error.problems)
        return sorted({problem.code for problem in error.problems})
    return []


def role(known, name, **entities):
    known["role", name] = {"role": name, "label": name, "entities": entities, "reports": [], "admin": False}


def rights_of(known, name, entity):
    return known["role", name]["entities"][entity]


LOUD = {"any_of": "customers", "where": [{"field": "credit_limit", "above": 5}]}
REFUSED: dict[str, tuple[Change, str]] = {
    "a right on an entity": (lambda known: role(known, "mine", customer={"can": ["read"]}), "grants.deed"),
    "a right for another role": (
        lambda known: rights_of(known, "viewer", "customer")["can"].append("delete"),
        "grants.deed",
    ),
    "a right for one's own role": (
        lambda known: known["role", WHO]["entities"].update(deal={"can": ["read"]}),
        "grants.deed",
    ),
    "a right it lacks on an entity it reads": (
        lambda known: role(known, "mine", campaign={"can": ["read", "delete"]}),
        "grants.deed",
    ),
    "more records": (lambda known: rights_of(known, "sales", "customer").pop("records"), "grants.records"),
    "other records": (
        lambda known: rights_of(known, "sales", "deal").update(records=[{"field": "stage", "is": "won"}]),
        "grants.records",
    ),
    "a hidden field": (lambda known: rights_of(known, "sales", "customer").pop("hidden"), "grants.field"),
    "a field that was read only": (
        lambda known: rights_of(known, "sales", "customer").pop("read_only"),
        "grants.write",
    ),
    "a report": (lambda known: known["role", WHO]["reports"].append("deals_by_stage"), "grants.report"),
    "every report": (lambda known: known["role", WHO]["reports"].append("all"), "grants.report"),
    "records chosen by what is hidden": (
        lambda known: role(known, "mine", campaign={"can": ["read"], "records": [LOUD]}),
        "grants.reads_records",
    ),
}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.replace(" ", "-"))
def test_a_configurator_cannot_give(engine, case):
    change, code = REFUSED[case]
    assert publish(engine, change) == [code]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.replace(" ", "-"))
def test_an_administrator_and_the_owner_of_the_machine_can(engine, case):
    assert publish(engine, REFUSED[case][0], "admin") == []


def test_a_name_nobody_has_gives_nothing(engine):
    assert publish(engine, REFUSED["a hidden field"][0], "ghost") == ["grants.field"]
    assert publish(engine, REFUSED["a hidden field"][0], "") == []


def test_one_may_give_what_one_has_and_take_what_others_have(engine):
    def change(known):
        role(
            known,
            "stock",
            product={"can": ["read", "update"], "hidden": ["cost"]},
            campaign={"can": ["read"]},
        )
        rights_of(known, "sales", "customer")["hidden"].append("notes")
        rights_of(known, "sales", "deal")["records"].append({"field": "stage", "is": "won"})
        rights_of(known, "manager", "deal")["can"].remove("delete")
        del known["role", "cashier"]

    assert publish(engine, change) == []


def test_what_is_new_is_free(engine):
    def change(known):
        known["entity", "boat"] = {"entity": "boat", "label": "Boat", "fields": {"name": {"type": "text"}}}
        known["entity", "customer"]["fields"]["boats"] = {"type": "integer"}
        role(known, "sailor", boat={"can": ["read", "create"]})

    assert publish(engine, change) == []


def test_a_segment_does_not_widen_a_role(engine):
    def narrow(known):
        known["segment", "own"] = {
            "segment": "own",
            "entity": "customer",
            "if": [{"field": "owner", "is": "me"}],
        }
        rights_of(known, "viewer", "customer")["records"] = [{"in_segment": "own"}]

    def widen(known):
        known["segment", "own"]["if"] = [{"field": "name", "is_empty": False}]

    assert publish(engine, narrow, "admin") == []
    assert publish(engine, widen) == ["grants.records"]


def test_a_formula_does_not_widen_a_role(engine):
    def narrow(known):
        fields = known["entity", "deal"]["fields"]
        fields["open_to_all"] = {"type": "formula", "of": "boolean", "formula": "amount < 0"}
        rights_of(known, "viewer", "deal")["records"] = [{"field": "open_to_all", "is": True}]

    def widen(known):
        known["entity", "deal"]["fields"]["open_to_all"]["formula"] = "amount >= 0"

    assert publish(engine, narrow, "admin") == []
    assert publish(engine, widen) == ["grants.records"]


def test_a_new_name_does_not_uncover_a_field(engine):
    def rename(known, hidden):
        fields = known["entity", "product"]["fields"]
        known["entity", "product"]["fields"] = {
            ("price_we_pay" if name == "cost" else name): (
                {**body, "was": "cost"} if name == "cost" else body
            )
            for name, body in fields.items()
            if name != "margin"
        }
        for body in known.values():
            for rights in body.get("entities", {}).values() if "role" in body else ():
                if "cost" in rights.get("hidden", ()):
                    others = [name for name in rights["hidden"] if name not in ("cost", "margin")]
                    rights["hidden"] = [*others, *hidden]

    def hide_from_configurator(known):
        known["role", WHO]["entities"]["product"]["hidden"] = ["cost", "margin"]

    assert publish(engine, hide_from_configurator, "admin") == []
    found = publish(engine, lambda known: rename(known, []))
    assert "grants.field" in found or found == ["conditions.unknown_field"] or "schema.unknown_field" in found


def test_going_back_to_a_revision_is_judged_too(engine):
    number = get_workspace(engine).number
    hide = lambda known: rights_of(known, "viewer", "deal")["hidden"].append("amount")  # noqa: E731
    assert publish(engine, hide, "admin") == []
    with pytest.raises(SchemaError) as caught:
        rollback_schema(engine, number, WHO)
    assert {problem.code for problem in caught.value.problems} == {"grants.field"}
    assert rollback_schema(engine, number, "admin") == number + 2


def test_it_is_refused_over_rest(client, session):
    documents = [copy.deepcopy(dict(found.body)) for found in session.workspace.schema.documents]
    own = next(body for body in documents if body.get("role") == WHO)
    own["entities"]["customer"] = {"can": ["read"]}
    session.close()
    browser = client(WHO)
    headers = {"X-CSRFToken": browser.token("/profile/")}
    sent = json.dumps({"documents": documents})
    answer = browser.post("/api/v1/schema/publish", data=sent, headers=headers)
    assert answer.status_code == 422 and "which you don" in answer.text


def test_a_role_that_goes_opens_nothing_any_more(engine):
    assert publish(engine, lambda known: known.pop(("role", WHO)), "admin") == []
    with engine.connect() as connection:
        link = assoc_permissionview_role
        held = sa.select(sa.func.count()).select_from(link).join(Role, Role.id == link.c.role_id)
        assert connection.scalar(held.where(Role.name == WHO)) == 0


def test_a_role_that_opens_more_is_told_from_one_that_does_not(engine, workspace):
    actor = find_actor(engine, workspace, WHO)
    roles = workspace.schema.parts["role"]
    assert [name for name, found in roles.items() if not exceeds(actor, found, workspace.schema)] == [WHO]
    small = DeclaredRole(
        "small", Text("S"), {"product": EntityRights(frozenset({"read"}), (), frozenset({"cost"}))}
    )
    assert not exceeds(actor, small, workspace.schema)
    assert exceeds(Actor("user", "x", 1, (small,)), roles[WHO], workspace.schema)
