"""What a configurator publishes reads and writes only what they may read or write themselves.

They see all of the products but the cost, of campaigns everything, of customers and complaints nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest

from app import wire
from config import ROOT
from crm.database import open_session
from crm.drafts.service import open_draft, publish_draft, save_document, take_over
from crm.entities.identity import Identities, assign_identities
from crm.entities.load import build_schema, documents_from_json, load_documents
from crm.entities.model import Document, Schema
from crm.errors import SchemaError
from crm.messages import render
from crm.permissions.grants import excess_of
from crm.permissions.model import Actor
from crm.revisions.publish import diff_schema, publish_schema, rollback_schema
from crm.revisions.rename import rename_document
from crm.revisions.workspace import get_workspace
from tests.conftest import find_actor
from tests.crm.permissions.test_grants import WHO, Change, publish, role
from tests.crm.revisions.publishing import rename_field
from tests.factories import make_customer

wire()

HIDDEN, RECORDS, WRITES, ACTS = "grants.reads", "grants.reads_records", "grants.writes", "grants.acts"
COSTLY = [{"field": "cost", "above": 100}]


@pytest.fixture
def database_kind() -> str:
    """One kind of database: documents are compared, no records."""
    return "sqlite"


def hide(known):
    """Hide the cost of products from configurators, and leave an administrator's rules about it."""
    known["role", WHO]["entities"]["product"]["hidden"] = ["cost"]
    rule(known, "costly", [{"set_field": {"field": "sold", "to": False}}], "if", COSTLY)
    rule(known, "asleep", [notice("{name} costs {cost}")], "enabled", False)


@pytest.fixture
def closed(engine):
    """The database after that."""
    assert publish(engine, hide, "admin") == []
    return engine


class Live(NamedTuple):
    """A schema that is live, and its identities."""

    schema: Schema
    identities: Identities


def changed(documents: Iterable[Document], change: Change) -> list[Document]:
    """Return documents with a change."""
    known = {(found.kind, found.name): copy.deepcopy(dict(found.body)) for found in documents}
    change(known)
    return documents_from_json(known.values())


def built(documents: list[Document], before: Identities) -> Live:
    """Return the schema of documents that have no problems."""
    identities = assign_identities(documents, before)
    schema, problems = build_schema(documents, 1, identities)
    assert [render(problem, "en") for problem in problems] == []
    return Live(schema, identities)


@pytest.fixture(scope="module")
def live() -> Live:
    """The shipped documents after that."""
    return built(changed(load_documents(ROOT / "schemas")[0], hide), Identities())


def judged(live: Live, change: Change) -> list[str]:
    """Return the codes of what stands against it that a configurator publishes the live documents with a change."""
    after = built(changed(live.schema.documents, change), live.identities).schema
    problems = excess_of(Actor("user", WHO, 1, (live.schema.parts["role"][WHO],)), live.schema, after)
    assert all(render(problem, "he") for problem in problems)
    assert excess_of(Actor("user", "admin", 2, (), is_admin=True), live.schema, after) == []
    return [problem.code for problem in problems]


def rule(known, name: str, steps: list, key: str = "label", value: Any = "Mine", entity: str = "product"):
    body = {"rule": name, "label": "Mine", "entity": entity, "enabled": True, "when": "record_saved"}
    known["rule", name] = {**body, key: value, "then": steps}


def notice(text: str, to: Any = None) -> dict:
    return {"notify": {"to": to or {"role": WHO}, "text": {"en": text}}}


def mail(to: str, template: str) -> dict:
    return {"send_email": {"to": to, "template": template}}


def template(known, name: str, text: str):
    known["template", name] = {
        "template": name,
        "entity": "product",
        "subject": "Hello",
        "body": {"en": text},
    }


def product(known) -> dict:
    return known["entity", "product"]


def add_field(known, entity: str, **body: Any):
    known["entity", entity]["fields"]["mine"] = body


def set_key(known, entity: str, field: str, **keys: Any):
    known["entity", entity]["fields"][field].update(keys)


def check(known, entity: str, lines: list):
    known["entity", entity].setdefault("checks", []).append({"when": lines, "message": "No."})


def report(known, entity: str = "product", **keys: Any):
    known["report", "mine"] = {"report": "mine", "entity": entity, "measures": {"n": {"count": True}}, **keys}


def made(**values: Any) -> dict:
    return {"create_record": {"entity": "product", "values": {"code": "X", "name": "X", **values}}}


DOORS: dict[str, tuple[Change, str]] = {
    "a notice that says it": (lambda known: rule(known, "mine", [notice("{name}: {cost}")]), HIDDEN),
    "a notice in one language only": (
        lambda known: rule(known, "mine", [{"notify": {"to": "created_by", "text": {"he": "{cost}"}}}]),
        HIDDEN,
    ),
    "a notice calculated from it": (lambda known: rule(known, "mine", [notice("{margin}")]), HIDDEN),
    "a template": (lambda known: template(known, "mine", "It costs {cost}."), HIDDEN),
    "a value that copies it": (
        lambda known: rule(known, "mine", [{"set_field": {"field": "stock", "to": "= cost"}}]),
        HIDDEN,
    ),
    "a new record that copies it": (lambda known: rule(known, "mine", [made(price="= cost")]), HIDDEN),
    "a text that copies it": (lambda known: rule(known, "mine", [made(description="{cost}")]), HIDDEN),
    "a rule's condition": (
        lambda known: rule(known, "mine", [{"set_field": {"field": "sold", "to": False}}], "if", COSTLY),
        HIDDEN,
    ),
    "a rule's trigger": (
        lambda known: rule(known, "mine", [notice("Look")], "when", {"changed": ["cost"]}),
        HIDDEN,
    ),
    "a branch of a rule": (
        lambda known: rule(known, "mine", [{"choose": [{"if": COSTLY, "then": [notice("Dear")]}]}]),
        HIDDEN,
    ),
    "a rule that goes on after waiting": (
        lambda known: rule(known, "mine", [{"wait": {"for": "1 hour", "and_then_only_if": COSTLY}}, notice("!")]),
        HIDDEN,
    ),
    "a rule by way of a segment": (
        lambda known: (
            known.update({("segment", "mine"): {"segment": "mine", "entity": "product", "if": COSTLY}}),
            rule(known, "mine", [notice("Look")], "if", [{"in_segment": "mine"}]),
        ),
        HIDDEN,
    ),
    "a rule that woke up": (lambda known: known["rule", "asleep"].update(enabled=True), HIDDEN),
    "another line of a condition": (
        lambda known: known["rule", "costly"].update({"if": [{"field": "cost", "above": 50}]}),
        HIDDEN,
    ),
    "one more step after a condition": (
        lambda known: known["rule", "costly"]["then"].append(notice("It costs much")),
        HIDDEN,
    ),
    "a check": (lambda known: check(known, "product", COSTLY), HIDDEN),
    "another check": (
        lambda known: product(known)["checks"][0].update(when=[{"formula": "price < cost * 2"}]),
        HIDDEN,
    ),
    "a condition that shows": (lambda known: set_key(known, "product", "stock", show_if=COSTLY), HIDDEN),
    "a condition that asks": (lambda known: set_key(known, "product", "stock", required_if=COSTLY), HIDDEN),
    "a condition that closes": (lambda known: set_key(known, "product", "stock", read_only_if=COSTLY), HIDDEN),
    "a duplicate": (lambda known: product(known)["same_if"].append(["cost"]), HIDDEN),
    "a title": (lambda known: product(known).update(title="{name} {cost}"), HIDDEN),
    "a formula": (lambda known: add_field(known, "product", type="formula", of="money", formula="cost"), HIDDEN),
    "another formula": (lambda known: set_key(known, "product", "price", default="= cost"), HIDDEN),
    "what may be chosen": (
        lambda known: add_field(known, "product", type="reference", to="product", only=COSTLY),
        HIDDEN,
    ),
    "what may be chosen elsewhere": (
        lambda known: add_field(known, "campaign", type="reference", to="product", only=COSTLY),
        HIDDEN,
    ),
    "a segment": (
        lambda known: known.update(
            {("segment", "mine"): {"segment": "mine", "entity": "product", "if": COSTLY}}
        ),
        HIDDEN,
    ),
    "a report's figures": (lambda known: report(known, measures={"total": {"sum": "cost"}}), HIDDEN),
    "a report's condition": (lambda known: report(known, **{"if": COSTLY}), HIDDEN),
    "a report's groups": (lambda known: report(known, group_by=["margin"]), HIDDEN),
    "a figure of a dashboard": (
        lambda known: known["dashboard", "home"]["cards"].append(
            {"kpi": {"entity": "product", "measure": {"sum": "cost"}}}
        ),
        HIDDEN,
    ),
    "a role's records": (
        lambda known: role(known, "mine", product={"can": ["read"], "records": COSTLY, "hidden": ["cost"]}),
        HIDDEN,
    ),
    "a rule about records out of sight": (
        lambda known: rule(known, "mine", [notice("New")], entity="customer"),
        RECORDS,
    ),
    "a summary over records out of sight": (
        lambda known: add_field(
            known, "campaign", type="summary", of="money", over="customers.credit_limit"
        ),
        RECORDS,
    ),
    "a count of records out of sight": (
        lambda known: add_field(
            known, "campaign", type="formula", of="integer", formula="count_of(customers)"
        ),
        RECORDS,
    ),
    "a check on records out of sight": (
        lambda known: check(
            known, "campaign", [{"any_of": "customers", "where": [{"field": "credit_limit", "above": 9}]}]
        ),
        RECORDS,
    ),
    "another address": (
        lambda known: known["rule", "confirm_complaint"]["then"][0]["send_email"].update(to="me@example.com"),
        RECORDS,
    ),
    "a template that says more": (
        lambda known: known["template", "complaint_received"]["body"].update(en="{customer.credit_limit}"),
        RECORDS,
    ),
    "a title that mails say": (
        lambda known: known["entity", "complaint"].update(title="{number} {description}"),
        RECORDS,
    ),
    "a field nobody may write": (
        lambda known: rule(known, "mine", [{"set_field": {"field": "cost", "to": 5}}]),
        WRITES,
    ),
    "records nobody may make": (
        lambda known: rule(known, "mine", [{"create_record": {"entity": "customer", "values": {"name": "X"}}}]),
        ACTS,
    ),
    "records nobody may change": (
        lambda known: rule(known, "mine", [{"set_field": {"field": "name", "to": "X"}}], entity="campaign"),
        ACTS,
    ),
    "records nobody may delete": (
        lambda known: rule(known, "mine", [{"delete_record": {}}], entity="campaign"),
        ACTS,
    ),
    "records nobody may delete, in one word": (
        lambda known: rule(known, "mine", ["delete_record"], entity="campaign"),
        ACTS,
    ),
    "records nobody may delete, in a branch": (
        lambda known: rule(
            known, "mine", [{"choose": [{"else": ["delete_record"]}]}], entity="campaign"
        ),
        ACTS,
    ),
    "records that go with others": (
        lambda known: set_key(known, "purchase", "product", on_delete="cascade"),
        ACTS,
    ),
    "a field that is emptied with others": (
        lambda known: set_key(known, "purchase", "product", on_delete="clear"),
        ACTS,
    ),
    "records given to others": (
        lambda known: known["rule", "assign_new_complaint"]["then"][0]["assign"].update(among={"role": WHO}),
        ACTS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DOORS, ids=lambda case: case.replace(" ", "-"))
def test_a_side_door_is_closed_to_a_configurator(live, case):
    change, code = DOORS[case]
    assert code in judged(live, change)


def add_machinery(known):
    """Do to what one may not see everything that shows nothing of it: its readers see it by their own rights."""
    check(known, "customer", [{"field": "credit_limit", "above": 9}])
    known["entity", "contact"].update(title="{name} {email}", same_if=[["email"]])
    set_key(known, "customer", "phone", show_if=[{"field": "credit_limit", "above": 9}])
    add_field(known, "customer", type="formula", of="money", formula="credit_limit * 2")
    add_field(known, "deal", type="summary", of="money", over="activities.minutes")
    report(known, "customer", measures={"total": {"sum": "credit_limit"}})
    known["segment", "mine"] = {
        "segment": "mine",
        "entity": "customer",
        "if": [{"field": "credit_limit", "above": 1}],
    }


def reword(known):
    texts = known["template", "complaint_received"]["body"]
    known["template", "complaint_received"]["body"] = {key: f"Hello! {text}" for key, text in texts.items()}


def shape(known):
    customer = known["entity", "customer"]
    set_key(known, "customer", "credit_limit", label={"en": "Limit"}, help="How much.", required=True)
    customer["list"]["columns"].append("credit_limit")
    product(known)["list"]["columns"].append("cost")
    product(known)["list"]["sort"] = ["cost"]
    add_field(known, "customer", type="choice", choices={"a": {"label": "A"}, "b": {"label": "B"}})
    add_field(known, "deal", type="reference", to="customer", on_delete="clear")
    known["rule", "escalate_old_complaint"].update(label="Louder", priority=3)


FREE: dict[str, Change] = {
    "labels, layouts, lists, choices, fields": shape,
    "what its readers see by their own rights": add_machinery,
    "other words around the same placeholders": reword,
    "a line less": lambda known: known["rule", "escalate_old_complaint"]["if"].pop(),
    "a step less": lambda known: known["rule", "escalate_old_complaint"]["then"].pop(),
    "steps in another order": lambda known: known["rule", "escalate_old_complaint"]["then"].reverse(),
    "a placeholder less": lambda known: known["template", "welcome"]["body"].update(en="Dear {name}"),
    "a rule less": lambda known: known.pop(("rule", "birthday")),
    "a rule that sleeps": lambda known: known["rule", "birthday"].update(enabled=False),
    "a rule under another name": lambda known: known.update(
        {("rule", "day"): {**known.pop(("rule", "birthday")), "rule": "day"}}
    ),
    "a rule over what one sees": lambda known: rule(
        known, "mine", [notice("{name} costs {price}"), made(price="= price", stock=3)]
    ),
    "a rule over a new field": lambda known: (
        add_field(known, "product", type="text"),
        rule(known, "mine", [notice("{mine}"), {"set_field": {"field": "mine", "to": "x"}}]),
    ),
    "a rule over a new entity": lambda known: (
        known.update({("entity", "boat"): {"entity": "boat", "label": "Boat", "fields": {"name": {"type": "text"}}}}),
        rule(known, "mine", [notice("{name}")], entity="boat"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FREE, ids=lambda case: case.replace(" ", "-"))
def test_a_configurator_shapes_freely(live, case):
    assert judged(live, FREE[case]) == []


def renamed(rename: Any, *names: str) -> Change:
    def change(known):
        documents = rename(documents_from_json(known.values()), *names)
        known.clear()
        known.update({(found.kind, found.name): dict(found.body) for found in documents})

    return change


@pytest.mark.parametrize(
    "change",
    [
        renamed(rename_field, "customer", "email", "address_of_mail"),
        renamed(rename_field, "customer", "name", "called"),
        renamed(rename_field, "product", "cost", "price_we_pay"),
        renamed(rename_field, "complaint", "customer", "of_whom"),
        renamed(rename_document, "entity", "complaint", "trouble"),
        renamed(rename_document, "entity", "product", "thing"),
        renamed(rename_document, "template", "complaint_received", "received"),
        renamed(rename_document, "segment", "champions", "best"),
    ],
)
def test_other_names_are_free(live, change):
    assert judged(live, change) == []


def test_the_sentence_names_document_field_and_place_and_says_what_to_do(closed):
    with pytest.raises(SchemaError) as caught:
        known = changed(get_workspace(closed).schema.documents, DOORS["a branch of a rule"][0])
        publish_schema(closed, known, "", WHO)
    [problem] = caught.value.problems
    assert render(problem, "en") == (
        "“Mine” would read “Cost” (Products, then.1.choose.1.if.1.field), which is hidden from you. "
        "Ask someone who can see it to take over the draft and publish it."
    )
    assert problem.file == "rules/mine.yaml"


def test_going_back_opens_no_side_door(closed):
    assert publish(closed, DOORS["a template"][0], "admin") == []
    number = get_workspace(closed).number
    assert publish(closed, lambda known: known.pop(("template", "mine")), "admin") == []
    with pytest.raises(SchemaError):
        rollback_schema(closed, number, WHO)
    assert rollback_schema(closed, number, "admin") == number + 2


def test_a_role_under_another_name_is_another_role(live):
    """Somebody may hold the name."""
    assert "grants.deed" in judged(live, renamed(rename_document, "role", "service", "helpers"))


def test_going_back_uncovers_nothing_that_was_removed_meanwhile(engine):
    open_to_all = get_workspace(engine).number
    assert publish(engine, hide, "admin") == []
    hidden = get_workspace(engine).number

    def remove(known):
        del known["rule", "costly"], known["rule", "asleep"]
        body = product(known)
        del body["fields"]["cost"], body["fields"]["margin"], body["checks"]
        body["list"]["columns"].remove("margin")
        body["form"][1]["fields"] = ["price"]
        for found in known.values():
            rights = found.get("entities", {}).get("product", {}) if "role" in found else {}
            rights["hidden"] = [name for name in rights.get("hidden", ()) if name not in ("cost", "margin")]
            rights if rights["hidden"] else rights.pop("hidden")

    assert publish(engine, remove) == []
    with pytest.raises(SchemaError) as caught:
        rollback_schema(engine, open_to_all, WHO)
    assert {problem.code for problem in caught.value.problems} == {"grants.field"}
    assert rollback_schema(engine, hidden, WHO) == hidden + 2


def test_a_refusal_tells_its_publisher_no_values_he_may_not_read(engine, session):
    for _twice in range(2):
        make_customer(session, city="Serres")
    session.commit()
    for key, value in (("unique", True), ("type", "integer")):
        change = lambda known, key=key, value=value: set_key(known, "customer", "city", **{key: value})  # noqa: E731
        documents = changed(get_workspace(engine).schema.documents, change)
        for who, is_told in ((WHO, False), ("admin", True)):
            with pytest.raises(SchemaError) as caught:
                publish_schema(engine, documents, "", who)
            [problem] = caught.value.problems
            assert ("Serres" in render(problem, "en")) == is_told
            found = diff_schema(engine, documents, who)["problems"]
            assert "Serres" not in str([render(problem, "en") for problem in found]) or is_told


def test_somebody_who_may_takes_over_the_draft(closed):
    workspace = get_workspace(closed)
    known = changed(get_workspace(closed).schema.documents, DOORS["a template"][0])
    body = next(found.body for found in known if (found.kind, found.name) == ("template", "mine"))
    with open_session(closed, workspace, find_actor(closed, workspace, WHO)) as mine:
        draft = save_document(mine, open_draft(mine), "template", "mine", body)
        mine.commit()
        with pytest.raises(SchemaError):
            publish_draft(mine, draft, "")
    with open_session(closed, workspace, find_actor(closed, workspace, "admin")) as admin:
        taken = take_over(admin, draft)
        admin.commit()
        assert publish_draft(admin, taken, "") == workspace.number + 1
