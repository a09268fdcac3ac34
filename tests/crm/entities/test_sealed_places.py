"""No document, whoever publishes it, copies an encrypted field to where it is readable, or goes by what it holds."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from app import wire
from config import ROOT
from crm.entities.load import build_schema, documents_from_json, load_documents
from crm.messages import render

wire()

DOCUMENTS = load_documents(ROOT / "schemas")[0]
SEALED = {"secret": "text", "address_of_mail": "email", "day": "date", "sum": "decimal"}


def rule(known: dict, step: dict, entity: str = "customer", **keys: Any) -> None:
    known["rule", "mine"] = {"rule": "mine", "entity": entity, "when": "record_saved", **keys, "then": [step]}


def field(known: dict, entity: str, **body: Any) -> None:
    known["entity", entity]["fields"]["mine"] = body


def report(known: dict, entity: str, **keys: Any) -> None:
    known["report", "mine"] = {"report": "mine", "entity": entity, "measures": {"n": {"count": True}}, **keys}


def template(known: dict, **keys: Any) -> None:
    known["template", "mine"] = {"template": "mine", "subject": "Hello", "body": "Hello", **keys}


QUIET = {"set_field": {"field": "notes", "to": "x"}}
VALUES = ("= secret", "{secret}", '= concat("x", secret)', "= if(is_empty(secret), 1, 2)", "{name} {secret}")
COPIES = {
    **{f"a field set to {value}": lambda known, value=value: rule(known, {"set_field": {"field": "notes", "to": value}})
       for value in VALUES},
    **{f"a new record with {value}": lambda known, value=value: rule(
        known, {"create_record": {"entity": "activity", "values": {"kind": "task", "subject": value}}})
       for value in VALUES},
    "related records with it": lambda known: rule(
        known, {"update_related": {"through": "deals", "values": {"next_step": "= customer.secret"}}}),
    "a field of another record": lambda known: rule(
        known, {"set_field": {"field": "next_step", "to": "= customer.secret"}}, "deal"),
    "another sealed field": lambda known: rule(known, {"set_field": {"field": "secret", "to": "= address_of_mail"}}),
    "a notice": lambda known: rule(known, {"notify": {"to": "owner", "text": {"en": "x", "he": "{secret}"}}}),
    "a mail to it": lambda known: rule(known, {"send_email": {"to": "address_of_mail", "template": "welcome"}}),
    "a mail to it, by a way": lambda known: rule(
        known, {"send_email": {"to": ["customer.address_of_mail"], "template": "complaint_received"}}, "complaint"),
    "a template": lambda known: template(known, entity="customer", subject="{secret}"),
    "a template of any entity": lambda known: (
        template(known, body={"en": "{secret}"}),
        rule(known, {"choose": [{"if": [], "then": [{"send_email": {"to": "email", "template": "mine"}}]}]}),
    ),
    "a day before it": lambda known: rule(known, QUIET, when={"days_before": {"field": "day", "days": 3}}),
    "its day of every year": lambda known: rule(known, QUIET, when={"yearly_on": "day"}),
    "a formula": lambda known: field(known, "customer", type="formula", of="text", formula="secret"),
    "a formula elsewhere": lambda known: field(known, "deal", type="formula", of="text", formula="customer.secret"),
    "a formula whether it is filled": lambda known: field(
        known, "customer", type="formula", of="boolean", formula="is_empty(secret)"),
    "a summary": lambda known: field(known, "campaign", type="summary", of="decimal", over="customers.sum"),
    "a sum": lambda known: field(known, "campaign", type="formula", of="decimal", formula="sum_of(customers.sum)"),
    "a default": lambda known: field(known, "customer", type="text", default="= secret"),
    "a value to compare with": lambda known: rule(known, QUIET, **{"if": [{"field": "name", "is": "= secret"}]}),
    "a title": lambda known: known["entity", "customer"].update(title="{name} {secret}"),
    "an order": lambda known: known["entity", "customer"]["list"].update(sort=["secret"]),
    "a calendar": lambda known: known["entity", "customer"].update(calendar={"from": "day"}),
    "a figure": lambda known: report(known, "customer", measures={"total": {"sum": "sum"}}),
    "groups": lambda known: report(known, "deal", group_by=["customer.secret"]),
    "a figure of a dashboard": lambda known: known["dashboard", "home"]["cards"].append(
        {"kpi": {"entity": "customer", "measure": {"sum": "sum"}}}),
}  # fmt: skip


def sentences(change: Any) -> list[str]:
    """Return the problems of the shipped documents with sealed fields and a change."""
    bodies = [copy.deepcopy(dict(document.body)) for document in DOCUMENTS]
    known = {(next(iter(body)), body[next(iter(body))]): body for body in bodies}
    sealed = {name: {"type": kind, "encrypted": True} for name, kind in SEALED.items()}
    known["entity", "customer"]["fields"] |= sealed
    change(known)
    problems = build_schema(documents_from_json(known.values()), 1)[1]
    return [render(problem, "en") for problem in problems]


@pytest.mark.parametrize("case", COPIES, ids=lambda case: case.replace(" ", "-"))
def test_a_sealed_field_is_copied_nowhere(case):
    found = sentences(COPIES[case])
    assert found and all("is encrypted" in sentence for sentence in found)


def test_a_sealed_field_is_shown_compared_and_noticed():
    def use(known: dict) -> None:
        known["entity", "customer"]["list"]["columns"].append("secret")
        rule(known, QUIET, when={"changed": ["secret"]}, **{"if": [{"field": "secret", "is": "a"}]})

    assert sentences(use) == []
