"""Amounts of two currencies are neither added nor compared: a formula or summary that would is refused."""

from __future__ import annotations

import pytest

from crm.conditions import parse_conditions, parse_formula
from crm.entities.load import build_schema
from crm.messages import render
from tests.crm.web.house import documents_of

BILL = """
entity: bill
label: Bill
fields:
  name: {type: text}
  currency: {type: choice, choices: [EUR, RON]}
  amount: {type: money, currency_field: currency}
  paid: {type: money, currency_field: currency}
  fee: {type: money, currency: EUR}
  toll: {type: money, currency: RON}
  usual: {type: money}
  rate: {type: percent}
  customer: {type: reference, to: payer, inverse: {name: bills, label: Bills}}
"""
PAYER = """
entity: payer
label: Payer
fields:
  name: {type: text}
  currency: {type: choice, choices: [EUR, RON]}
  limit: {type: money, currency_field: currency}
"""
MIXED, CHILDREN, OTHER = (
    "conditions.mixed_currencies",
    "conditions.mixed_children",
    "conditions.other_currency",
)


def problems_of(entity: str, field: str) -> list[str]:
    """Return the codes of what is wrong with one more field."""
    text = {"bill": BILL, "payer": PAYER} | {
        entity: {"bill": BILL, "payer": PAYER}[entity] + f"  made: {field}\n"
    }
    found = build_schema(documents_of({f"entities/{name}.yaml": body for name, body in text.items()}), 1)[1]
    assert all(render(problem, language) for problem in found for language in ("en", "el", "ro", "he"))
    return [problem.code for problem in found]


@pytest.mark.parametrize(
    ("formula", "more", "code"),
    [
        ("amount + fee", "of: money, currency_field: currency", MIXED),
        ("fee - toll", "of: money, currency: EUR", MIXED),
        ("min(amount, customer.limit)", "of: money, currency_field: currency", MIXED),
        ("if(rate > 1, fee, toll)", "of: decimal", MIXED),
        ("if(fee > toll, 1, 2)", "of: integer", MIXED),
        ("amount / fee", "of: percent", MIXED),
        ("amount * rate", "of: money", OTHER),
        ("toll * 2", "of: money", OTHER),
        ("amount + paid", "of: money, currency: EUR", OTHER),
        ("amount - paid * rate", "of: money, currency_field: currency", None),
        ("amount / paid", "of: percent", None),
        ("fee + usual", "of: money", None),
        ("toll * 2", "of: money, currency: RON", None),
        ("amount + 5", "of: decimal", None),
        ("round(coalesce(amount, 0))", "of: money, currency_field: currency", None),
    ],
)
def test_a_formula_keeps_to_one_currency(formula, more, code) -> None:
    found = problems_of("bill", f'{{type: formula, formula: "{formula}", {more}}}')
    assert found == ([code] if code else [])


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("of: sum, over: bills.amount", CHILDREN),
        ("of: avg, over: bills.amount, result: money", CHILDREN),
        ("of: max, over: bills.amount, result: money, currency_field: currency", CHILDREN),
        ("of: sum, over: bills.amount, result: money, where: [{field: currency, is: RON}]", OTHER),
        ("of: sum, over: bills.toll, result: money", OTHER),
        ("of: last, over: bills.amount, result: money", OTHER),
        ("of: count, over: bills", None),
        ("of: sum, over: bills.fee, result: money", None),
        (
            "of: sum, over: bills.amount, result: money, currency: RON, where: [{field: currency, is: RON}]",
            None,
        ),
        (
            "of: sum, over: bills.amount, where: [{field: rate, above: 1}, {field: currency, is_one_of: [RON]}]",
            None,
        ),
        ("of: sum, over: bills.amount, where: [{field: currency, is_one_of: [RON, EUR]}]", CHILDREN),
    ],
)
def test_a_summary_adds_one_currency_only(keys, code) -> None:
    found = problems_of("payer", f"{{type: summary, {keys}}}")
    assert [one for one in found if one != "conditions.in_formula"] == ([code] if code else [])


def test_a_condition_and_a_formula_that_stand_alone_do_not_mix_either() -> None:
    schema, _problems = build_schema(
        documents_of({"entities/bill.yaml": BILL, "entities/payer.yaml": PAYER}), 1
    )
    payer, bill = schema.entities["payer"], schema.entities["bill"]
    for line in (
        {"sum_of": "bills.amount", "above": 5},
        {"any": [{"formula": "sum_of(bills.amount) > 5"}]},
        {"any_of": "bills", "where": [{"field": "amount", "above": "= fee"}]},
    ):
        assert parse_conditions([line], payer, schema)[1], line
    good = {"sum_of": "bills.amount", "where": [{"field": "currency", "is": "EUR"}], "above": 5}
    assert not parse_conditions([good, {"sum_of": "bills.fee", "above": 5}], payer, schema)[1]
    assert (
        parse_formula("amount + toll", bill, schema)[1] and not parse_formula("amount + 1", bill, schema)[1]
    )
    assert not parse_conditions([{"field": "amount", "above": 100}], bill, schema)[1]
